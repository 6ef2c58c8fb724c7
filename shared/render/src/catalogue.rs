//! Every figure of the catalogue on one page: its last whole period, by part and by side, or why there is none.

use std::collections::{BTreeMap, BTreeSet};

use levier_domain::table::{Row, Status, TableName};
use maud::{Markup, html};

use crate::chart::{TrendPoint, both, trend};
use crate::label::{Family, KPIS, is_kpi, kpi_label};
use crate::language::Language;
use crate::number::{self, Unit, count};
use crate::page::{Place, card, downloads, page};
use crate::section::people::{last_whole, series, shown};
use crate::section::roi;
use crate::tables::{Tables, interval, undivided, value};
use crate::word;

/// Most lines of one figure; the rest is in its table, to which the page leads.
const LINES: usize = 12;

/// Grains in the order in which a page prefers them.
const GRAINS: [&str; 8] = [
    "month", "quarter", "year", "week", "day", "28d", "90d", "all",
];

/// Sides in the order in which a page names them.
const SIDES: [&str; 3] = ["all", "member", "non_member"];

/// Every KPI of the catalogue: its last figure, or why there is none.
#[must_use]
pub fn kpis_page(tables: &Tables, language: Language) -> String {
    let title = language.say("All the figures", "Tous les indicateurs");
    let rows = tables.whole(TableName::Kpis);
    let others: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row.kpi.as_deref())
        .filter(|id| !is_kpi(id))
        .collect();
    let family = |id: &str, title: &str, behind: &[TableName], lines: &Markup| {
        let body = html! {
            (table(lines, language))
            @for table in behind { (downloads(tables.links(), *table, language)) }
        };
        card(tables.links(), language, id, "", title, &body)
    };
    let body = html! {
        h1 { (title) }
        p.lede { (language.say(
            "Every figure of the catalogue, for the last whole month where it has one; each line names its period. What is missing says what it needs.",
            "Chaque indicateur du catalogue, pour le dernier mois complet quand il en a un ; chaque ligne nomme sa période. Ce qui manque dit ce qu'il lui faut.",
        )) }
        @for of in [Family::People, Family::Business] {
            (family(of.code(), &of.title(language), &[TableName::Kpis], &html! {
                @for (id, ..) in KPIS.iter().filter(|kpi| kpi.1 == of) { (kpi_lines(tables, &rows, id, language)) }
            }))
        }
        @if !others.is_empty() {
            (family("others", &language.say("Composed figures", "Indicateurs composés"), &[TableName::Kpis], &html! {
                @for id in &others { (kpi_lines(tables, &rows, id, language)) }
            }))
        }
        (family(Family::Return.code(), &Family::Return.title(language), &[TableName::Roi, TableName::Tenure], &html! {
            @for (id, ..) in KPIS.iter().filter(|kpi| kpi.1 == Family::Return) { (return_lines(tables, id, language)) }
        }))
    };
    page(tables.links(), language, Place::Kpis, &title, &body)
}

fn table(lines: &Markup, language: Language) -> Markup {
    html! {
        div.scroll tabindex="0" { table.stackable {
            thead { tr {
                th scope="col" { (language.say("Figure", "Indicateur")) }
                th.num scope="col" { (language.say("Value", "Valeur")) }
                th.num scope="col" { (language.say("95% interval", "Intervalle à 95 %")) }
                th.num scope="col" { "n" }
                th scope="col" { (language.say("Period", "Période")) }
            } }
            tbody { (lines) }
        } }
    }
}

fn rank(names: &[&str], name: &str) -> usize {
    names
        .iter()
        .position(|known| *known == name)
        .unwrap_or(names.len())
}

/// The rows of a KPI's parts and sides, each at its own last whole period of the grain that the page prefers.
fn parts<'a>(rows: &[&'a Row], id: &str, headline: Option<&Row>) -> Vec<&'a Row> {
    let mut by_part: BTreeMap<(&str, usize, &str), Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.kpi.as_deref() == Some(id)) {
        let item = match row.text("item") {
            Some(item) if !undivided(row, "item") => item,
            _ => "",
        };
        let side = row.text("side").unwrap_or("all");
        by_part
            .entry((item, rank(&SIDES, side), side))
            .or_default()
            .push(row);
    }
    let last = |mut rows: Vec<&'a Row>| {
        let grain = |row: &Row| rank(&GRAINS, row.text("grain").unwrap_or("month"));
        let first = rows.iter().map(|row| grain(row)).min();
        rows.retain(|row| Some(grain(row)) == first);
        // Within one grain the names of periods sort as their days do.
        rows.sort_by(|a, b| a.period.cmp(&b.period));
        last_whole(&rows)
    };
    let same = |row: &Row| {
        headline.is_some_and(|headline| {
            undivided(row, "item") && row.text("side") == headline.text("side")
        })
    };
    let mut parts: Vec<&Row> = by_part
        .into_values()
        .filter_map(last)
        .filter(|row| !same(row))
        .collect();
    // `1m` stands before `12m`.
    parts.sort_by_key(|row| word::months_on(row.text("item").unwrap_or_default()));
    parts
}

/// What a line is about, where it is not the whole: the part, the side, or both.
fn named(row: &Row, language: Language) -> String {
    let item = row.text("item").filter(|_| !undivided(row, "item"));
    let side = row.text("side").filter(|_| !undivided(row, "side"));
    let names: Vec<String> = [item, side]
        .into_iter()
        .flatten()
        .map(|code| word::item(code, language))
        .collect();
    if names.is_empty() {
        return language.say("all", "tous");
    }
    names.join(" · ")
}

fn kpi_lines(tables: &Tables, rows: &[&Row], id: &str, language: Language) -> Markup {
    let series = series(rows, id);
    let headline = last_whole(&series);
    let parts = parts(rows, id, headline);
    let hidden = parts.len().saturating_sub(LINES);
    html! {
        @if let Some(row) = headline {
            tr id=(id) {
                th.name scope="row" {
                    (kpi_label(id, language))
                    @if rows.iter().any(|other| other.kpi == row.kpi && other.text("side") != row.text("side")) {
                        @let side = row.text("side").unwrap_or_default();
                        @if side != "all" { " · " (word::item(side, language)) }
                    }
                    (history(&series, id, language))
                }
                (figures(row, shown(row, language), language))
            }
        } @else {
            (heading(id, language, parts.is_empty().then(|| language.say("not computed yet", "pas encore calculé"))))
        }
        @for row in parts.iter().take(LINES) {
            tr { td.name { (named(row, language)) } (figures(row, shown(row, language), language)) }
        }
        @if hidden > 0 {
            tr { td.why colspan="5" {
                (language.say(&format!("and {hidden} more: "), &format!("et {hidden} de plus : "))) " "
                a href=(tables.links().rows_of(TableName::Kpis, id, "csv", language)) { "CSV" } " · "
                a href=(tables.links().rows_of(TableName::Kpis, id, "json", language)) { "JSON" }
            } }
        }
    }
}

/// A figure's name without a figure: above its parts, or beside the words why there is none.
fn heading(id: &str, language: Language, why: Option<String>) -> Markup {
    html! {
        tr id=(id) {
            @match why {
                None => { th.name scope="row" colspan="5" { (kpi_label(id, language)) } }
                Some(why) => { th.name scope="row" { (kpi_label(id, language)) } td.why colspan="4" { (why) } }
            }
        }
    }
}

/// The figures of the return, which tables of their own hold.
fn return_lines(tables: &Tables, id: &str, language: Language) -> Markup {
    let (table, rows) = match id {
        "uplift_by_tenure" => (
            TableName::Tenure,
            tables
                .whole_of_bands(TableName::Tenure)
                .into_iter()
                .filter(|row| !undivided(row, "tenure_band"))
                .collect(),
        ),
        _ => (TableName::Roi, roi::overall(tables, id)),
    };
    if rows.is_empty() {
        let why = match id {
            "qualitative" => language.say(
                "this version does not gather them",
                "cette version ne les recueille pas",
            ),
            _ => tables.why_nothing(
                table,
                language,
                &language.say("not computed yet", "pas encore calculé"),
            ),
        };
        return heading(id, language, Some(why));
    }
    let name = |row: &Row| match table {
        TableName::Tenure => format!(
            "{} · {}",
            kpi_label(row.kpi.as_deref().unwrap_or_default(), language),
            word::tenure_band(row.text("tenure_band").unwrap_or_default(), language)
        ),
        _ => {
            let codes = [row.text("item"), row.text("scenario")];
            let names: Vec<String> = codes
                .into_iter()
                .flatten()
                .map(|code| word::item(code, language))
                .collect();
            names.join(" · ")
        }
    };
    html! {
        (heading(id, language, None))
        @for row in rows {
            @let said = if table == TableName::Tenure { effect(row, language) } else { roi::said(row, language) };
            tr { td.name { (name(row)) } (figures(row, said, language)) }
        }
    }
}

/// A difference, with its sign.
fn effect(row: &Row, language: Language) -> Option<String> {
    let unit = Unit::read(row.unit.as_deref());
    let effect = value(row)?;
    Some(unit.difference(effect, unit.decimals(effect.abs().max(1.0)), language))
}

fn figures(row: &Row, said: Option<String>, language: Language) -> Markup {
    let period = row
        .period
        .as_deref()
        .map(|period| number::period(period, language))
        .unwrap_or_default();
    let unit = Unit::read(row.unit.as_deref());
    html! {
        @match said {
            Some(said) => {
                td.num data-l=(language.say("Value", "Valeur")) { (said) }
                td.num data-l=(language.say("95% interval", "Intervalle à 95 %")) { @if let (Some((lower, upper)), Some(figure)) = (interval(row), value(row)) {
                    @let decimals = unit.decimals(figure);
                    (number::interval(&unit.bare(lower, decimals, language), &unit.bare(upper, decimals, language), language))
                } }
                td.num data-l="n" { @if let Some(n) = row.n { (count(n, language)) } }
                td data-l=(language.say("Period", "Période")) { (period) @if row.status == Status::Partial { " · " (word::status(row.status, language)) } }
            }
            None => { td.why colspan="3" { (word::absence(row, language)) } td { (period) } }
        }
    }
}

fn history(series: &[&Row], id: &str, language: Language) -> Markup {
    let points: Vec<TrendPoint> = series[series.len().saturating_sub(24)..]
        .iter()
        .map(|row| TrendPoint::of(row, language))
        .collect();
    let unit = Unit::read(series.first().and_then(|row| row.unit.as_deref()));
    let label = kpi_label(id, language);
    html! {
        @if points.iter().filter(|point| point.value.is_some()).count() > 2 {
            details { summary { (language.say("history", "historique")) }
                figure style="max-width:560px;font-weight:400" { (both(|width| trend(&points, &unit, language, width, &label, &language.say("By month", "Par mois")))) }
            }
        }
    }
}
