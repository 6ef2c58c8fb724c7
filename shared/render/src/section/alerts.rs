//! Alerts: what is beyond its limits, since when, and what is watched.

use levier_domain::table::{Row, TableName};
use maud::{Markup, html};

use crate::language::Language;
use crate::notice::{alert_figure, alert_rule, alert_since, alert_subject};
use crate::page::{card, downloads};
use crate::tables::Tables;

/// The state of an alert as a chip.
fn chip(row: &Row, language: Language) -> Markup {
    let firing = row.text("state") == Some("firing");
    let (class, text) = match (firing, row.text("severity")) {
        (true, Some("info")) => ("good", language.say("noted", "à noter")),
        (true, _) => ("bad", language.say("on", "en cours")),
        (false, _) => ("", language.say("clear", "rien à signaler")),
    };
    html! { span class={ "chip " (class) } { (text) } }
}

fn table(rows: &[&Row], language: Language) -> Markup {
    let say = |english: &str, french: &str| language.say(english, french);
    html! {
        div.scroll tabindex="0" { table.stackable {
            caption.hidden { (say("Alerts and their state", "Les alertes et leur état")) }
            thead { tr {
                th scope="col" { (say("Alert", "Alerte")) }
                th scope="col" { (say("State", "État")) }
                th scope="col" { (say("Figure", "Chiffre")) }
                th scope="col" { (say("Limit", "Limite")) }
                th scope="col" { (say("Since", "Depuis")) }
            } }
            tbody { @for row in rows {
                tr {
                    th.name scope="row" { (alert_subject(row, language)) br; small.sub { (row.text("alert").unwrap_or_default()) } }
                    td { (chip(row, language)) }
                    td.why data-l=(say("Figure", "Chiffre")) { (alert_figure(row, language)) }
                    td.why data-l=(say("Limit", "Limite")) { (alert_rule(row, language)) }
                    td.why data-l=(say("Since", "Depuis")) {
                        @if row.text("state") == Some("firing") { (alert_since(row, language)) }
                        @else if let Some(cleared) = row.text("cleared") { (say("over since ", "terminé : ")) " " (crate::number::period(cleared, language)) }
                    }
                }
            } }
        } }
    }
}

/// The dashboard's card: what is on, or that nothing is.
pub(crate) fn alerts_card(tables: &Tables, language: Language) -> Markup {
    let rows = tables.rows(TableName::Alerts);
    let firing: Vec<&Row> = rows
        .iter()
        .filter(|row| row.text("state") == Some("firing"))
        .collect();
    let title = language.say("Alerts", "Alertes");
    let body = html! {
        @if rows.is_empty() {
            (tables.nothing(TableName::Alerts, language, &language.say("No alert has been evaluated yet: it takes one night.", "Aucune alerte n'a encore été évaluée : il faut une nuit.")))
        } @else if firing.is_empty() {
            p { (language.say("No alert is on.", "Aucune alerte en cours.")) }
        } @else {
            (table(&firing, language))
        }
        p.sub { a href=(tables.links().page("/alerts", language)) { (language.say("Everything that is watched", "Tout ce qui est surveillé")) } }
        (downloads(tables.links(), TableName::Alerts, language))
    };
    card(tables.links(), language, "alerts", "", &title, &body)
}

/// All alerts, those that are on first.
pub(crate) fn alerts(tables: &Tables, language: Language) -> Markup {
    let mut rows: Vec<&Row> = tables.rows(TableName::Alerts).iter().collect();
    rows.sort_by_key(|row| (row.text("state") != Some("firing"), row.text("alert")));
    html! {
        @if rows.is_empty() {
            (tables.nothing(TableName::Alerts, language, &language.say("No alert has been evaluated yet: it takes one night.", "Aucune alerte n'a encore été évaluée : il faut une nuit.")))
        } @else {
            (table(&rows, language))
        }
    }
}
