//! The lists that somebody works from: questions without an answer, newcomers to welcome, champions, leads for sales.

use levier_domain::table::{Row, TableName};
use maud::{Markup, html};
use serde_json::Value as Json;

use crate::language::Language;
use crate::number::{self, count, duration};
use crate::page::{card, downloads};
use crate::tables::{Tables, figure};
use crate::word;

/// Longest list on the page; the rest is in the table.
const SHOWN: usize = 25;

fn of<'a>(tables: &'a Tables, kpi: &str) -> Vec<&'a Row> {
    tables
        .rows(TableName::Champions)
        .iter()
        .filter(|row| row.kpi.as_deref() == Some(kpi))
        .collect()
}

fn whole(row: &Row, column: &str, language: Language) -> String {
    figure(row, column)
        .map(|n| count(n.max(0.0) as u64, language))
        .unwrap_or_default()
}

fn handle(row: &Row) -> Markup {
    html! {
        (row.text("handle").unwrap_or("?"))
        @if let Some(platform) = row.text("platform").filter(|platform| !platform.is_empty()) { " " small.sub { (platform) } }
    }
}

fn more(hidden: usize, language: Language) -> Markup {
    html! {
        @if hidden > 0 {
            p.sub { (language.say(&format!("and {hidden} more, in the table"), &format!("et {hidden} de plus, dans la table"))) }
        }
    }
}

/// Questions that nobody has answered, the oldest first.
pub(crate) fn questions(tables: &Tables, language: Language) -> Markup {
    let say = |english: &str, french: &str| language.say(english, french);
    let title = say("Questions without an answer", "Les questions sans réponse");
    let mut rows = of(tables, "unanswered_questions");
    rows.sort_by(|a, b| {
        b.value
            .unwrap_or(0.0)
            .total_cmp(&a.value.unwrap_or(0.0))
            .then(a.text("question").cmp(&b.text("question")))
    });
    let body = html! {
        @if rows.is_empty() {
            (tables.nothing(TableName::Champions, language, &say("No question waits for an answer.", "Aucune question n'attend de réponse.")))
        } @else {
            div.scroll tabindex="0" { table.stackable {
                caption.hidden { (title) }
                thead { tr {
                    th scope="col" { (say("Asked by", "Posée par")) }
                    th scope="col" { (say("Where", "Où")) }
                    th scope="col" { (say("When", "Quand")) }
                    th.num scope="col" { (say("Waiting for", "Attend depuis")) }
                } }
                tbody { @for row in rows.iter().take(SHOWN) {
                    tr {
                        th.name scope="row" { (handle(row)) }
                        td data-l=(say("Where", "Où")) { (row.text("channel").unwrap_or_default()) }
                        td.why data-l=(say("When", "Quand")) { @if let Some(at) = row.text("asked_at") { (number::instant(at, language)) } }
                        td.num data-l=(say("Waiting for", "Attend depuis")) { @if let Some(hours) = row.value { (duration(hours * 3600.0, language)) } }
                    }
                } }
            } }
            (more(rows.len().saturating_sub(SHOWN), language))
        }
        (downloads(tables.links(), TableName::Champions, language))
    };
    card(tables.links(), language, "questions", "", &title, &body)
}

/// Newcomers of two weeks to whom nobody has spoken.
pub(crate) fn newcomers(tables: &Tables, language: Language) -> Markup {
    let say = |english: &str, french: &str| language.say(english, french);
    let title = say("Newcomers to welcome", "Les nouveaux à accueillir");
    let rows = of(tables, "newcomers_to_welcome");
    let body = html! {
        @if rows.is_empty() {
            (tables.nothing(TableName::Champions, language, &say("Every newcomer of the last two weeks was welcomed.", "Tous les nouveaux des deux dernières semaines ont été accueillis.")))
        } @else {
            div.scroll tabindex="0" { table.stackable {
                caption.hidden { (title) }
                thead { tr {
                    th scope="col" { (say("Member", "Membre")) }
                    th scope="col" { (say("Joined", "Arrivée")) }
                    th.num scope="col" { (say("Messages so far", "Messages à ce jour")) }
                } }
                tbody { @for row in rows.iter().take(SHOWN) {
                    tr {
                        th.name scope="row" { (handle(row)) }
                        td.why data-l=(say("Joined", "Arrivée")) { @if let Some(at) = row.text("joined_at") { (number::instant(at, language)) } }
                        td.num data-l=(say("Messages so far", "Messages à ce jour")) { (count(row.value.unwrap_or(0.0).max(0.0) as u64, language)) }
                    }
                } }
            } }
            (more(rows.len().saturating_sub(SHOWN), language))
        }
        (downloads(tables.links(), TableName::Champions, language))
    };
    card(tables.links(), language, "newcomers", "", &title, &body)
}

/// Who helps, on which rule, rising or fading.
pub(crate) fn champions(tables: &Tables, language: Language) -> Markup {
    let say = |english: &str, french: &str| language.say(english, french);
    let title = say("Champions", "Les ambassadeurs");
    let mut rows = of(tables, "champions");
    rows.sort_by(|a, b| {
        (a.community.as_deref(), figure(a, "rank").map(f64::to_bits))
            .cmp(&(b.community.as_deref(), figure(b, "rank").map(f64::to_bits)))
    });
    let former = of(tables, "former_champions").len();
    let body = html! {
        @if rows.is_empty() {
            (tables.nothing(TableName::Champions, language, &say("Nobody helps steadily yet: it takes answers in six of twelve weeks.", "Personne n'aide encore régulièrement : il faut des réponses sur six semaines parmi douze.")))
        } @else {
            div.scroll tabindex="0" { table.stackable {
                caption.hidden { (title) }
                thead { tr {
                    th scope="col" { (say("Member", "Membre")) }
                    th scope="col" { (say("Why", "Pourquoi")) }
                    th.num scope="col" { (say("Weeks of 12", "Semaines sur 12")) }
                    th.num scope="col" { (say("Answers", "Réponses")) }
                    th.num scope="col" { (say("Accepted", "Acceptées")) }
                    th scope="col" { (say("Trend", "Tendance")) }
                } }
                tbody { @for row in rows.iter().take(SHOWN) {
                    tr {
                        th.name scope="row" { (handle(row)) @if row.own.get("new") == Some(&Json::Bool(true)) { " " span.chip { (say("new", "nouveau")) } } }
                        td.why data-l=(say("Why", "Pourquoi")) { (word::rule(row.text("rule").unwrap_or_default(), language)) }
                        td.num data-l=(say("Weeks of 12", "Semaines sur 12")) { (whole(row, "weeks", language)) }
                        td.num data-l=(say("Answers", "Réponses")) { (whole(row, "answers", language)) }
                        td.num data-l=(say("Accepted", "Acceptées")) { (whole(row, "accepted", language)) }
                        td data-l=(say("Trend", "Tendance")) { (word::trend(row.text("trend").unwrap_or_default(), language)) }
                    }
                } }
            } }
            (more(rows.len().saturating_sub(SHOWN), language))
            @if former > 0 {
                p.sub { (say(
                    &format!("{former} helped twelve weeks ago and no longer do: thank them before they are gone."),
                    &format!("{former} aidaient il y a douze semaines et n'aident plus : remerciez-les avant qu'ils ne partent."),
                )) }
            }
        }
        (downloads(tables.links(), TableName::Champions, language))
    };
    card(tables.links(), language, "champions", "", &title, &body)
}

/// Leads for the sales team, by CRM id.
pub(crate) fn leads(tables: &Tables, language: Language) -> Markup {
    let say = |english: &str, french: &str| language.say(english, french);
    let title = say(
        "Community-qualified leads",
        "Les leads qualifiés par la communauté",
    );
    let mut rows: Vec<&Row> = tables.rows(TableName::Leads).iter().collect();
    rows.sort_by(|a, b| {
        b.value
            .unwrap_or(0.0)
            .total_cmp(&a.value.unwrap_or(0.0))
            .then(a.text("crm_id").cmp(&b.text("crm_id")))
    });
    let body = html! {
        p.sub { (say(
            "By CRM id: look them up there. Who is on the list follows the rule of [qualified_leads].",
            "Par identifiant CRM : à retrouver dans le CRM. La liste suit la règle de [qualified_leads].",
        )) }
        @if rows.is_empty() {
            (tables.nothing(TableName::Leads, language, &say("No lead meets the rule today.", "Aucun lead ne remplit la règle aujourd'hui.")))
        } @else {
            div.scroll tabindex="0" { table.stackable {
                caption.hidden { (title) }
                thead { tr {
                    th scope="col" { (say("CRM id", "Identifiant CRM")) }
                    th scope="col" { (say("Status", "Statut")) }
                    th.num scope="col" { (say("Contributions", "Contributions")) }
                    th scope="col" { (say("Last one", "La dernière")) }
                } }
                tbody { @for row in rows.iter().take(SHOWN) {
                    tr {
                        th.name scope="row" { (row.text("crm_id").unwrap_or("?")) }
                        td data-l=(say("Status", "Statut")) {
                            (word::lifecycle(row.text("lifecycle").unwrap_or_default(), language))
                            @if row.own.get("opted_out") == Some(&Json::Bool(true)) { " · " (say("does not want to be written to", "ne souhaite pas être sollicité")) }
                        }
                        td.num data-l=(say("Contributions", "Contributions")) { (count(row.value.unwrap_or(0.0).max(0.0) as u64, language)) }
                        td.why data-l=(say("Last one", "La dernière")) { @if let Some(at) = row.text("last_contribution_at") { (number::instant(at, language)) } }
                    }
                } }
            } }
            (more(rows.len().saturating_sub(SHOWN), language))
        }
        (downloads(tables.links(), TableName::Leads, language))
    };
    card(tables.links(), language, "leads", "", &title, &body)
}
