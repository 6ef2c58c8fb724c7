//! The rows behind a page, and which of them a chart speaks of.
//!
//! Pages show the whole company unless asked otherwise: `all` communities and segments where such rows exist, else the
//! first community by name. Choosing rows is all that happens here; no figure is derived from another.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use levier_domain::table::{Row, TableName};
use maud::{Markup, html};
use serde_json::Value as Json;

use crate::language::Language;
use crate::links::Links;
use crate::number;
use crate::page::nothing;

/// The result tables that a page reads.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    rows: BTreeMap<TableName, Vec<Row>>,
    running: Option<Date>,
    links: Links,
    /// Tables of which the community or segment that was asked for has nothing, and others have.
    elsewhere: BTreeSet<TableName>,
}

impl Tables {
    /// The rows of one run, by table; tables that are absent read as empty.
    #[must_use]
    pub fn new(rows: BTreeMap<TableName, Vec<Row>>) -> Self {
        Self {
            rows,
            ..Self::default()
        }
    }

    /// The same, narrowed to the community and the segment that a page was opened with. A row that names none is about them all
    /// the same.
    #[must_use]
    pub fn narrowed(mut self, links: Links) -> Self {
        let fits = |wanted: &Option<String>, held: &Option<String>| match wanted.as_deref() {
            None | Some("") => true,
            Some(wanted) => held.as_deref().is_none_or(|held| held == wanted),
        };
        for (table, rows) in &mut self.rows {
            let all = rows.len();
            rows.retain(|row| {
                fits(&links.community, &row.community) && fits(&links.segment, &row.segment)
            });
            if rows.is_empty() && all > 0 {
                self.elsewhere.insert(*table);
            }
        }
        self.links = links;
        self
    }

    /// Where the links of the page lead.
    pub(crate) fn links(&self) -> &Links {
        &self.links
    }

    /// Why a table has no row: that it has some of others, that it was not computed for the day, or `otherwise`, what it takes.
    pub(crate) fn why_nothing(
        &self,
        table: TableName,
        language: Language,
        otherwise: &str,
    ) -> String {
        if self.elsewhere.contains(&table) {
            let names: Vec<String> = [&self.links.community, &self.links.segment]
                .into_iter()
                .flatten()
                .map(|name| language.say(&format!("“{name}”"), &format!("« {name} »")))
                .collect();
            let names = names.join(", ");
            return language.say(
                &format!("There is nothing here of {names} alone."),
                &format!("Il n'y a rien ici de {names} à part."),
            );
        }
        match self.links.as_of {
            Some(day) if !self.rows.contains_key(&table) => {
                let job = match table {
                    TableName::Roi | TableName::Snapshots => "snapshot",
                    _ => "nightly",
                };
                let said = number::date(day, language);
                language.say(
                    &format!("Not computed as of {said}; levier run {job} --as-of {day} does."),
                    &format!(
                        "Pas calculé à la date du {said} ; levier run {job} --as-of {day} le fait."
                    ),
                )
            }
            _ => otherwise.to_owned(),
        }
    }

    /// What stands where a table has no row, with the way to the whole where that has some.
    pub(crate) fn nothing(&self, table: TableName, language: Language, otherwise: &str) -> Markup {
        let why = self.why_nothing(table, language, otherwise);
        if !self.elsewhere.contains(&table) {
            return nothing(&why);
        }
        html! {
            p.absent {
                (why) " "
                a href=(self.links.whole().page("", language)) { (language.say("See the whole", "Voir l'ensemble")) }
            }
        }
    }

    /// The same, computed on a day that still ran.
    #[must_use]
    pub fn running(mut self, day: Option<Date>) -> Self {
        self.running = day;
        self
    }

    /// Every row of a table.
    pub(crate) fn rows(&self, table: TableName) -> &[Row] {
        self.rows.get(&table).map_or(&[], Vec::as_slice)
    }

    /// The rows of a table that speak of the whole company, or of the one community or segment that it was narrowed to.
    pub(crate) fn whole(&self, table: TableName) -> Vec<&Row> {
        let mut rows = self.whole_of_bands(table);
        rows.retain(|row| undivided(row, "tenure_band"));
        rows
    }

    /// The same with the rows of each band of tenure.
    pub(crate) fn whole_of_bands(&self, table: TableName) -> Vec<&Row> {
        let rows = self.rows(table);
        let community = widest(rows.iter().filter_map(|row| row.community.as_deref()));
        let segment = widest(rows.iter().filter_map(|row| row.segment.as_deref()));
        let fits = |held: &Option<String>, chosen: Option<&str>| {
            held.is_none() || held.as_deref() == chosen
        };
        rows.iter()
            .filter(|row| fits(&row.community, community) && fits(&row.segment, segment))
            .filter(|row| {
                // An action names the channel to begin with; it is about the whole all the same.
                row.kpi.as_deref() == Some("health_action")
                    || ["platform", "channel"]
                        .iter()
                        .all(|column| undivided(row, column))
            })
            .collect()
    }

    /// The day that was asked for, else the newest that anything was computed for: a file belongs to the day of its drop, which is
    /// nobody's figure.
    #[must_use]
    pub fn as_of(&self) -> Option<Date> {
        if self.links.as_of.is_some() {
            return self.links.as_of;
        }
        self.rows
            .iter()
            .filter(|(table, _)| **table != TableName::Imports)
            .flat_map(|(_, rows)| rows)
            .filter_map(|row| row.as_of)
            .max()
    }

    /// The last day that was over when the rows were computed.
    #[must_use]
    pub fn last_whole_day(&self) -> Option<Date> {
        let day = self.as_of()?;
        if self.running == Some(day) {
            return day.yesterday().ok();
        }
        Some(day)
    }
}

/// `all` where it is among the names, else the first of them.
fn widest<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let names: BTreeSet<&str> = names.collect();
    if names.contains("all") {
        Some("all")
    } else {
        names.first().copied()
    }
}

/// Whether a row is not about one part of a dimension.
pub(crate) fn undivided(row: &Row, column: &str) -> bool {
    match row.own.get(column) {
        None | Some(Json::Null) => true,
        Some(Json::String(text)) => text.is_empty() || text == "all",
        Some(_) => false,
    }
}

/// One of the table's own columns as a finite number.
pub(crate) fn figure(row: &Row, column: &str) -> Option<f64> {
    row.own
        .get(column)
        .and_then(Json::as_f64)
        .filter(|value| value.is_finite())
}

/// A finite value, only when the status lets it be shown.
pub(crate) fn value(row: &Row) -> Option<f64> {
    use levier_domain::table::Status;
    row.value
        .filter(|value| value.is_finite() && matches!(row.status, Status::Ok | Status::Partial))
}

/// The interval, when both of its ends are known.
pub(crate) fn interval(row: &Row) -> Option<(f64, f64)> {
    let (lower, upper) = (row.lower?, row.upper?);
    (lower.is_finite() && upper.is_finite()).then_some((lower, upper))
}

/// The grade `A` to `D`, or `none`.
pub(crate) fn grade(row: &Row) -> &str {
    match row.text("grade") {
        Some(grade @ ("A" | "B" | "C" | "D")) => grade,
        _ => "none",
    }
}

/// Whether the row is the unadjusted comparison.
pub(crate) fn is_raw(row: &Row) -> bool {
    matches!(row.text("method"), Some("naive" | "raw" | "difference")) || grade(row) == "D"
}

/// The headline row of a KPI and its raw comparison, among rows of one scope; the last period wins.
pub(crate) fn headline<'a>(rows: &[&'a Row], kpi: &str) -> Option<(&'a Row, Option<&'a Row>)> {
    let mut of_kpi: Vec<&Row> = rows
        .iter()
        .copied()
        .filter(|row| row.kpi.as_deref() == Some(kpi) && undivided(row, "cohort"))
        .collect();
    of_kpi.sort_by(|a, b| b.period.cmp(&a.period));
    let raw = |period: &Option<String>| {
        of_kpi
            .iter()
            .copied()
            .find(|row| is_raw(row) && row.period == *period)
    };
    let chosen = of_kpi
        .iter()
        .copied()
        .find(|row| row.own.get("headline") == Some(&Json::Bool(true)))
        .or_else(|| of_kpi.iter().copied().find(|row| !is_raw(row)))
        .or_else(|| of_kpi.first().copied())?;
    let raw = raw(&chosen.period).filter(|raw| !std::ptr::eq(*raw, chosen));
    Some((chosen, raw))
}

/// The KPIs that have uplift rows, the ones that speak of money and loyalty first.
pub(crate) fn uplift_kpis(rows: &[&Row]) -> Vec<String> {
    const FIRST: [&str; 4] = [
        "revenue_per_customer",
        "customer_retention",
        "purchase_frequency",
        "average_order_value",
    ];
    let held: BTreeSet<&str> = rows.iter().filter_map(|row| row.kpi.as_deref()).collect();
    let mut ordered: Vec<String> = FIRST
        .iter()
        .filter(|kpi| held.contains(**kpi))
        .map(|kpi| (*kpi).to_owned())
        .collect();
    ordered.extend(
        held.iter()
            .filter(|kpi| !FIRST.contains(kpi))
            .map(|kpi| (*kpi).to_owned()),
    );
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;
    use levier_domain::table::Status;

    #[test]
    fn an_action_that_names_a_channel_is_about_the_whole() {
        let mut first = Row::new(Status::Ok).with("channel", "aide");
        first.kpi = Some("health_action".to_owned());
        let mut other = first.clone();
        other.kpi = Some("messages".to_owned());
        let tables = Tables::new(BTreeMap::from([(TableName::Health, vec![first, other])]));
        let whole = tables.whole(TableName::Health);
        assert_eq!(whole.len(), 1);
        assert_eq!(whole[0].kpi.as_deref(), Some("health_action"));
    }

    #[test]
    fn pages_speak_of_the_whole_or_of_what_they_were_narrowed_to() {
        let row = |community: &str, segment: &str| {
            let mut row = Row::new(Status::Ok);
            row.community = Some(community.to_owned());
            row.segment = Some(segment.to_owned());
            row
        };
        for (case, rows, want) in [
            (
                "whole",
                vec![row("all", "all"), row("a", "all"), row("all", "pro")],
                vec![("all", "all")],
            ),
            (
                "one community",
                vec![row("b", "all"), row("b", "pro")],
                vec![("b", "all")],
            ),
            (
                "one segment",
                vec![row("all", "pro"), row("a", "pro")],
                vec![("all", "pro")],
            ),
        ] {
            let tables = Tables::new(BTreeMap::from([(TableName::Kpis, rows)]));
            let whole = tables.whole(TableName::Kpis);
            let got: Vec<(&str, &str)> = whole
                .iter()
                .filter_map(|row| Some((row.community.as_deref()?, row.segment.as_deref()?)))
                .collect();
            assert_eq!(got, want, "{case}");
        }
    }

    #[test]
    fn a_narrowed_page_tells_what_others_have_from_what_nobody_has() {
        let mut row = Row::new(Status::Ok);
        row.community = Some("all".to_owned());
        let tables = Tables::new(BTreeMap::from([
            (TableName::Uplift, vec![row]),
            (TableName::Imports, vec![Row::new(Status::Imported)]),
            (TableName::Cohorts, Vec::new()),
        ]))
        .narrowed(Links {
            community: Some("main".to_owned()),
            as_of: "2026-03-31".parse().ok(),
            ..Links::default()
        });
        for (case, table, want) in [
            ("of others", TableName::Uplift, "nothing here of “main”"),
            ("of nobody", TableName::Cohorts, "none yet"),
            (
                "not of that day",
                TableName::Kpis,
                "levier run nightly --as-of 2026-03-31",
            ),
            (
                "sealed",
                TableName::Roi,
                "levier run snapshot --as-of 2026-03-31",
            ),
        ] {
            let said = tables
                .nothing(table, Language::English, "none yet")
                .into_string();
            assert!(said.contains(want), "{case}: {said}");
        }
        assert_eq!(
            tables.rows(TableName::Imports).len(),
            1,
            "files are of no community"
        );
        assert_eq!(tables.as_of(), "2026-03-31".parse().ok());
    }
}
