//! Costs, gains, return and payback, from the most prudent to the most hopeful reading.

use levier_domain::table::{Row, Status, TableName};
use levier_domain::time::Month;
use maud::{Markup, html};

use crate::chart::{Rung, both, intervals};
use crate::language::Language;
use crate::number::{self, Unit};
use crate::page::{card, downloads, nothing};
use crate::tables::{Tables, figure, interval, value};
use crate::word;

const SCENARIOS: [&str; 3] = ["conservative", "central", "optimistic"];
const TOTALS: [&str; 4] = ["costs", "gains", "roi", "payback_month"];

/// The card of the return.
pub(crate) fn roi(tables: &Tables, language: Language) -> Markup {
    let title = language.say("Return on investment", "Retour sur investissement");
    let rows = latest(tables);
    let find = |item: &str, scenario: &str| {
        rows.iter().copied().find(|row| {
            row.text("item").or(row.kpi.as_deref()) == Some(item)
                && row.text("scenario").is_none_or(|held| held == scenario)
        })
    };
    let rungs: Vec<Rung> = SCENARIOS
        .iter()
        .filter_map(|scenario| {
            let row = find("roi", scenario)?;
            let figure = value(row)?;
            Some(Rung {
                label: word::item(scenario, language),
                said: signed_percent(figure, language),
                short: signed_percent(figure, language),
                value: figure,
                interval: interval(row),
                tone: if *scenario == "central" {
                    "green"
                } else {
                    "muted"
                },
            })
        })
        .collect();
    let absent = SCENARIOS.iter().find_map(|scenario| find("roi", scenario));
    let body = html! {
        @if rows.is_empty() {
            (tables.nothing(TableName::Roi, language, &language.say("Not computed: drop the community's costs (file “costs”) and state the margin.", "Pas calculé : déposez les coûts de la communauté (fichier « costs ») et indiquez la marge.")))
        } @else {
            p.sub { (language.say("Prudent: lower bounds and measured gains only. An assumed gain never enters it.", "Prudent : bornes basses et gains mesurés seulement. Un gain supposé n'y entre jamais.")) }
            @if let Some(window) = absent.and_then(|row| row.text("window")) {
                p.sub { (language.say("Costs and gains of ", "Coûts et gains de ")) (number::period(window, language)) "." }
            }
            @if let Some(row) = find("costs", "central").filter(|row| row.status == Status::Partial) {
                (nothing(&word::absence(row, language)))
            }
            @if rungs.is_empty() {
                @if let Some(row) = absent { (nothing(&word::absence(row, language))) }
            } @else {
                figure { (both(|width| intervals(&rungs, &Unit::share(), language, width, &title))) }
            }
            dl.tiles {
                @for item in ["costs", "gains", "payback_month"] {
                    @if let Some(row) = find(item, "central") {
                        div.tile {
                            dt { (word::item(item, language)) }
                            @match said(row, language) { Some(said) => { dd { (said) } } None => { dd.words { (word::absence(row, language)) } } }
                        }
                    }
                }
            }
            (levers(&rows, language))
        }
        (downloads(tables.links(), TableName::Roi, language))
    };
    card(tables.links(), language, "roi", "", &title, &body)
}

/// The rows of the whole time, or of the last period where there are none.
fn latest(tables: &Tables) -> Vec<&Row> {
    let mut rows = tables.whole(TableName::Roi);
    let period = if rows.iter().any(|row| row.period.as_deref() == Some("all")) {
        Some("all".to_owned())
    } else {
        rows.iter().filter_map(|row| row.period.clone()).max()
    };
    rows.retain(|row| row.period == period || row.text("item") == Some("payback_month"));
    rows
}

/// The rows of one figure of the return: its total in each scenario, then its parts in the central one.
pub(crate) fn overall<'a>(tables: &'a Tables, id: &str) -> Vec<&'a Row> {
    let place = |row: &Row| {
        let scenario = row.text("scenario").unwrap_or("central");
        let total = row.text("item").is_none_or(|item| TOTALS.contains(&item));
        let scenario = SCENARIOS.iter().position(|known| *known == scenario);
        match (total, scenario) {
            (true, Some(scenario)) => Some((0, scenario)),
            (false, Some(1)) => Some((1, figure(row, "order").unwrap_or(0.0) as usize)),
            _ => None,
        }
    };
    let mut rows = latest(tables);
    rows.retain(|row| row.kpi.as_deref() == Some(id) && place(row).is_some());
    rows.sort_by_key(|row| place(row));
    rows
}

fn signed_percent(value: f64, language: Language) -> String {
    let sign = if value > 0.0 { "+" } else { "" };
    format!("{sign}{}", Unit::share().level(value, 0, language))
}

/// An ROI row's figure in words; a payback is a month or a number of months.
pub(crate) fn said(row: &Row, language: Language) -> Option<String> {
    let item = row.text("item").or(row.kpi.as_deref()).unwrap_or_default();
    if item == "payback_month" {
        let named = row
            .text("month")
            .or(row.text("payback_month"))
            .filter(|month| month.parse::<Month>().is_ok());
        if let Some(month) = named {
            return Some(number::period(month, language));
        }
        let months = value(row)?;
        if months >= 190_000.0 {
            let name = format!(
                "{:04}-{:02}",
                (months / 100.0) as i32,
                (months % 100.0) as i32
            );
            return Some(number::period(&name, language));
        }
        let months_said = number::number(months, 0, language);
        return Some(language.say(
            &format!("month {months_said}"),
            &format!("mois {months_said}"),
        ));
    }
    let figure = value(row)?;
    if item == "roi" {
        return Some(signed_percent(figure, language));
    }
    let unit = Unit::read(row.unit.as_deref());
    Some(unit.level(figure, unit.decimals(figure), language))
}

fn levers(rows: &[&Row], language: Language) -> Markup {
    let mut parts: Vec<&Row> = rows
        .iter()
        .copied()
        .filter(|row| row.text("item").is_some_and(|item| !TOTALS.contains(&item)))
        .filter(|row| {
            row.text("scenario")
                .is_none_or(|scenario| scenario == "central")
        })
        .collect();
    parts.sort_by(|a, b| {
        figure(a, "order")
            .unwrap_or(0.0)
            .total_cmp(&figure(b, "order").unwrap_or(0.0))
    });
    html! {
        @if !parts.is_empty() {
            div.scroll tabindex="0" { table.stackable {
                thead { tr { th scope="col" { (language.say("Lever or cost", "Levier ou coût")) } th scope="col" { (language.say("Basis", "Fondement")) } th.num scope="col" { (language.say("Central", "Central")) } th.num scope="col" { (language.say("Range", "Fourchette")) } } }
                tbody { @for row in &parts { tr {
                    th.name scope="row" { (word::item(row.text("item").unwrap_or_default(), language)) }
                    td { @if let Some(basis) = row.text("basis") { span class={ "chip " (if basis == "measured" { "good" } else { "warn" }) } { (word::item(basis, language)) } } }
                    @match said(row, language) {
                        Some(said) => {
                            @let unit = Unit::read(row.unit.as_deref());
                            td.num data-l=(language.say("Central", "Central")) { (said) }
                            td.num data-l=(language.say("Range", "Fourchette")) { @if let Some((lower, upper)) = interval(row) {
                                (number::interval(&unit.bare(lower, unit.decimals(lower), language), &unit.bare(upper, unit.decimals(upper), language), language))
                            } }
                        }
                        None => { td.why colspan="2" { (word::absence(row, language)) } }
                    }
                } } }
            } }
        }
    }
}
