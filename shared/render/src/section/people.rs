//! Members over time: the figures of the last whole period, and two trends.

use levier_domain::table::{Row, Status, TableName};
use maud::{Markup, html};

use crate::chart::{TrendPoint, both, trend};
use crate::label::kpi_label;
use crate::language::Language;
use crate::number::{self, Unit};
use crate::page::{card, downloads, nothing};
use crate::tables::{Tables, undivided, value};
use crate::word;

/// The monthly series of a KPI for members (or for everybody), in order of months.
pub(crate) fn series<'a>(rows: &[&'a Row], kpi: &str) -> Vec<&'a Row> {
    let of_kpi: Vec<&Row> = rows
        .iter()
        .copied()
        .filter(|row| row.kpi.as_deref() == Some(kpi) && undivided(row, "item"))
        .filter(|row| row.text("grain").is_none_or(|grain| grain == "month"))
        .filter(|row| {
            row.text("side")
                .is_none_or(|side| matches!(side, "all" | "" | "members" | "member"))
        })
        .collect();
    let side = |row: &Row| row.text("side").unwrap_or_default().to_owned();
    let first = of_kpi.iter().map(|row| side(row)).min();
    let mut chosen: Vec<&Row> = of_kpi
        .into_iter()
        .filter(|row| Some(side(row)) == first)
        .collect();
    chosen.sort_by(|a, b| a.period.cmp(&b.period));
    chosen
}

/// The last row that speaks of a whole period, else the last one.
pub(crate) fn last_whole<'a>(series: &[&'a Row]) -> Option<&'a Row> {
    series
        .iter()
        .rev()
        .copied()
        .find(|row| row.status != Status::Partial)
        .or_else(|| series.last().copied())
}

/// A KPI's figure as a page shows it.
pub(crate) fn shown(row: &Row, language: Language) -> Option<String> {
    let figure = value(row)?;
    let unit = Unit::read(row.unit.as_deref());
    Some(unit.level(figure, unit.decimals(figure), language))
}

const TILES: [&str; 8] = [
    "members",
    "active_members",
    "registrations",
    "engagement_rate",
    "messages",
    "peer_answer_share",
    "time_to_first_answer",
    "unanswered_share_72h",
];

/// The card of members over time.
pub(crate) fn people(tables: &Tables, language: Language) -> Markup {
    let rows = tables.whole(TableName::Kpis);
    let title = language.say("The members", "Les membres");
    let tiles: Vec<(&str, &Row)> = TILES
        .iter()
        .filter_map(|kpi| Some((*kpi, last_whole(&series(&rows, kpi))?)))
        .collect();
    let body = html! {
        @if tiles.is_empty() {
            (tables.nothing(TableName::Kpis, language, &language.say("No figure yet: it takes community events or a member roster.", "Aucun chiffre encore : il faut des événements de la communauté ou une liste des membres.")))
        } @else {
            dl.tiles {
                @for (kpi, row) in &tiles {
                    div.tile id={ "kpi-" (kpi) } {
                        dt { (kpi_label(kpi, language)) }
                        @match shown(row, language) {
                            Some(said) => { dd { (said) small { (row.period.as_deref().map(|period| number::period(period, language)).unwrap_or_default()) @if row.status == Status::Partial { " · " (word::status(row.status, language)) } } } }
                            None => { dd.words { (word::absence(row, language)) } }
                        }
                    }
                }
            }
            div.pair {
                @for kpi in ["active_members", "registrations"] { (figure_of(&rows, kpi, language)) }
            }
        }
        (downloads(tables.links(), TableName::Kpis, language))
    };
    card(tables.links(), language, "members", "", &title, &body)
}

fn figure_of(rows: &[&Row], kpi: &str, language: Language) -> Markup {
    let series = series(rows, kpi);
    let recent = &series[series.len().saturating_sub(24)..];
    let points: Vec<TrendPoint> = recent
        .iter()
        .map(|row| TrendPoint::of(row, language))
        .collect();
    let label = kpi_label(kpi, language);
    let unit = Unit::read(recent.first().and_then(|row| row.unit.as_deref()));
    html! {
        figure {
            h3 { (label) }
            @if points.iter().filter(|point| point.value.is_some()).count() < 2 {
                (nothing(&recent.last().map_or_else(|| word::status(Status::Missing, language), |row| word::absence(row, language))))
            } @else {
                (both(|width| trend(&points, &unit, language, width, &label, &language.say("By month; the running month is hollow", "Par mois ; le mois en cours est évidé"))))
                details {
                    summary { (language.say("Table", "Tableau")) }
                    div.scroll tabindex="0" { table {
                        thead { tr { th scope="col" { (language.say("Month", "Mois")) } th.num scope="col" { (label) } } }
                        tbody { @for row in recent { tr {
                            th scope="row" { (number::period(row.period.as_deref().unwrap_or_default(), language)) @if row.status == Status::Partial { " (" (word::status(row.status, language)) ")" } }
                            @match shown(row, language) { Some(said) => { td.num { (said) } } None => { td.why { (word::absence(row, language)) } } }
                        } } }
                    } }
                }
            }
        }
    }
}
