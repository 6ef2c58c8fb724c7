//! The retention heat map: join months down, months since joining across. A real table, so that it reads without colour.

use std::collections::{BTreeMap, BTreeSet};

use levier_domain::table::{Row, Status, TableName};
use levier_domain::time::Month;
use maud::{Markup, html};

use crate::language::Language;
use crate::number::{self, Unit, count};
use crate::page::{card, downloads};
use crate::tables::{Tables, figure, value};
use crate::word;

const MEASURES: [&str; 7] = [
    "active",
    "still_active",
    "member_retention",
    "retention",
    "retained",
    "member",
    "still_member",
];

/// Months since joining, from `age_months`, from a period `M3`, or from the distance between cohort and period.
fn age(row: &Row) -> Option<i64> {
    if let Some(age) = figure(row, "age_months") {
        return Some(age as i64);
    }
    if let Some(distance) = row
        .period
        .as_deref()
        .and_then(|period| period.strip_prefix('M')?.parse().ok())
    {
        return Some(distance);
    }
    let joined: Month = row.text("cohort")?.parse().ok()?;
    let period: Month = row.period.as_deref()?.parse().ok()?;
    Some(i64::from(period.index() - joined.index()))
}

/// The card of the heat map.
pub(crate) fn heat_map(tables: &Tables, language: Language) -> Markup {
    let title = language.say(
        "Who stays, by month of joining",
        "Qui reste, selon le mois d'adhésion",
    );
    let rows = tables.whole(TableName::Cohorts);
    let measures: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row.text("measure"))
        .filter(|measure| !measure.starts_with("att"))
        .collect();
    let measure = MEASURES
        .iter()
        .copied()
        .find(|measure| measures.contains(measure))
        .or_else(|| measures.first().copied());
    let mut grid: BTreeMap<&str, BTreeMap<i64, &Row>> = BTreeMap::new();
    for row in rows
        .iter()
        .copied()
        .filter(|row| row.text("measure") == measure && row.text("measure").is_some())
    {
        if let (Some(cohort), Some(age)) = (row.text("cohort"), age(row)) {
            grid.entry(cohort).or_default().insert(age, row);
        }
    }
    let ages: BTreeSet<i64> = grid
        .values()
        .flat_map(|line| line.keys().copied())
        .collect();
    let recent: Vec<(&&str, &BTreeMap<i64, &Row>)> = grid
        .iter()
        .rev()
        .take(18)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    let what = match measure {
        Some("member" | "still_member") => language.say(
            "Share of each month's joiners who are still members.",
            "Part des adhérents de chaque mois encore membres.",
        ),
        _ => language.say(
            "Share of each month's joiners still active.",
            "Part des adhérents de chaque mois encore actifs.",
        ),
    };
    let body = html! {
        @if grid.is_empty() {
            (tables.nothing(TableName::Cohorts, language, &language.say("No cohort yet: it takes members with a date of joining.", "Pas encore de cohorte : il faut des membres avec une date d'adhésion.")))
        } @else {
            p.sub { (what) }
            div.scroll tabindex="0" { table.heat {
                thead { tr {
                    th scope="col" { (language.say("Joined in", "Adhésion")) }
                    th scope="col" { "n" }
                    @for age in &ages { th scope="col" { (language.say(&format!("{age} m"), &format!("{age} m"))) } }
                } }
                tbody { @for (cohort, line) in &recent { tr {
                    th scope="row" { (number::short_period(cohort, language)) }
                    td.void { @if let Some(n) = line.values().find_map(|row| figure(row, "at_risk").map(|n| n as u64).or(row.n)) { (count(n, language)) } }
                    @for age in &ages { (cell(line.get(age).copied(), language)) }
                } } }
            } }
            ul.legend {
                @for (step, bound) in [0, 20, 40, 60, 80].iter().enumerate() { li { i class={ "h" (step + usize::from(step > 0)) } {} "≥ " (Unit::share().level(f64::from(*bound) / 100.0, 0, language)) } }
                li { "· " (language.say("not reached yet", "pas encore atteint")) }
                li { "– " (language.say("withheld: too few people", "masqué : trop peu de personnes")) }
            }
        }
        (downloads(tables.links(), TableName::Cohorts, language))
    };
    card(tables.links(), language, "cohorts", "", &title, &body)
}

fn cell(row: Option<&Row>, language: Language) -> Markup {
    let Some(row) = row else {
        return html! { td.void { "·" } };
    };
    match value(row) {
        Some(share) => {
            // Six tones for five bands: the second is kept for what is small but not nothing.
            let step = match share {
                share if share >= 0.8 => 5,
                share if share >= 0.6 => 4,
                share if share >= 0.4 => 3,
                share if share >= 0.2 => 2,
                _ => 0,
            };
            html! { td class={ "h" (step) } { (Unit::share().level(share, 0, language)) } }
        }
        None => {
            let sign = if row.status == Status::Suppressed {
                "–"
            } else {
                "?"
            };
            html! { td.void title=(word::absence(row, language)) { (sign) span.skip { (word::absence(row, language)) } } }
        }
    }
}
