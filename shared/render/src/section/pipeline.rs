//! What came in and what was lost: the waterfall, the imports, the sources.

use std::collections::BTreeMap;

use levier_domain::table::{Row, Status, TableName};
use maud::{Markup, html};

use crate::language::Language;
use crate::number::{self, count, duration};
use crate::page::{card, downloads};
use crate::tables::{Tables, figure};
use crate::word;

/// A count that stands in the row itself or among its own columns.
fn counted(row: &Row, column: &str) -> Option<u64> {
    match (column, row.n) {
        ("n", Some(n)) => Some(n),
        _ => figure(row, column)
            .filter(|value| *value >= 0.0)
            .map(|value| value as u64),
    }
}

/// The state that the row names, else what its status says.
fn state_code(row: &Row) -> &str {
    for column in ["status", "state", "import_status", "source_status"] {
        if let Some(state) = row.text(column) {
            return state;
        }
    }
    row.status.as_str()
}

fn state_chip(code: &str, language: Language) -> Markup {
    let class = match code {
        "ok" | "imported" => "good",
        "unchanged" => "",
        "refused" | "error" | "quarantined" => "bad",
        _ => "warn",
    };
    html! { span class={ "chip " (class) } { (word::state(code, language)) } }
}

#[derive(Default)]
struct Stage<'a> {
    order: usize,
    kept: u64,
    lost: BTreeMap<(&'a str, &'a str), u64>,
}

/// The card of the waterfall: per stage, what went on and what did not, with reasons.
pub(crate) fn waterfall(tables: &Tables, language: Language) -> Markup {
    let title = language.say("What was lost on the way", "Ce qui s'est perdu en chemin");
    let mut stages: BTreeMap<&str, Stage<'_>> = BTreeMap::new();
    for (order, row) in tables.rows(TableName::Waterfall).iter().enumerate() {
        let (Some(stage), Some(outcome), Some(n)) =
            (row.text("stage"), row.text("outcome"), counted(row, "n"))
        else {
            continue;
        };
        let held = stages.entry(stage).or_insert_with(|| Stage {
            order,
            ..Stage::default()
        });
        match outcome {
            "received" => {}
            "accepted" | "kept" => held.kept += n,
            _ => {
                let why = row
                    .reason
                    .as_deref()
                    .or_else(|| row.text("reason"))
                    .unwrap_or_default();
                *held.lost.entry((outcome, why)).or_default() += n;
            }
        }
    }
    const ORDER: [&str; 13] = [
        "receive",
        "delivery",
        "ingest",
        "compact",
        "event",
        "import",
        "file",
        "actor",
        "identified",
        "in_crm",
        "crm",
        "customer",
        "cohort",
    ];
    let mut ordered: Vec<(&str, Stage<'_>)> = stages.into_iter().collect();
    ordered.sort_by_key(|(name, stage)| {
        (
            ORDER.iter().position(|known| known == name).unwrap_or(99),
            stage.order,
        )
    });
    let body = html! {
        @if ordered.is_empty() {
            (tables.nothing(TableName::Waterfall, language, &language.say("Nothing has come in yet.", "Rien n'est encore arrivé.")))
        } @else {
            p.sub { (language.say("Every delivery and every row is counted, from the door to the comparison.", "Chaque envoi et chaque ligne sont comptés, de la porte à la comparaison.")) }
            ol.flow { @for (name, stage) in &ordered { (one_stage(name, stage, language)) } }
            ul.legend {
                li { i style="background:var(--green)" {} (language.say("kept", "gardé")) }
                li { i style="background:var(--muted)" {} (language.say("duplicate or ignored", "doublon ou ignoré")) }
                li { i style="background:var(--clay)" {} (language.say("lost", "perdu")) }
                li { i style="background:var(--gold)" {} (language.say("in quarantine, can be replayed", "en quarantaine, rejouable")) }
            }
        }
        (downloads(tables.links(), TableName::Waterfall, language))
    };
    card(
        tables.links(),
        language,
        "waterfall",
        "wide5",
        &title,
        &body,
    )
}

fn one_stage(name: &str, stage: &Stage<'_>, language: Language) -> Markup {
    let total = stage.kept + stage.lost.values().sum::<u64>();
    let width = |n: u64| {
        if total == 0 {
            "0".to_owned()
        } else {
            format!("{:.2}", n as f64 / total as f64 * 100.0)
        }
    };
    let of = |tone: &str| -> u64 {
        stage
            .lost
            .iter()
            .filter(|((outcome, _), _)| tone_of(outcome) == tone)
            .map(|(_, n)| n)
            .sum()
    };
    let mut reasons: Vec<(&(&str, &str), &u64)> =
        stage.lost.iter().filter(|(_, n)| **n > 0).collect();
    reasons.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    html! {
        li {
            // Of what is left out of the facts only that much is counted: what went on is in the stages after it.
            div.line { strong { (word::stage(name, language)) } span { @if name == "fact" { (count(total, language)) } @else { (language.say(
                &format!("{} of {}", count(stage.kept, language), count(total, language)),
                &format!("{} sur {}", count(stage.kept, language), count(total, language)),
            )) } } }
            div.stack aria-hidden="true" {
                @if stage.kept > 0 { i style={ "width:" (width(stage.kept)) "%" } {} }
                @for tone in ["rest", "lost", "wait"] { @if of(tone) > 0 { i.(tone) style={ "width:" (width(of(tone))) "%" } {} } }
            }
            @if !reasons.is_empty() {
                small {
                    @for (index, ((outcome, why), n)) in reasons.iter().take(5).enumerate() {
                        @if index > 0 { " · " }
                        (count(**n, language)) " " (word::outcome(outcome, language))
                        @if !why.is_empty() { " (" (set_aside(name, why, language)) ")" }
                    }
                    @if reasons.len() > 5 { " · …" }
                }
            }
        }
    }
}

/// Why something did not go on. A row of a file is refused for a column, which is named as the file names it.
fn set_aside(stage: &str, why: &str, language: Language) -> String {
    match crate::reason::known(why, language) {
        None if matches!(stage, "file" | "import") => {
            language.say(&format!("column “{why}”"), &format!("colonne « {why} »"))
        }
        _ => crate::reason::reason(why, language),
    }
}

fn tone_of(outcome: &str) -> &'static str {
    match outcome {
        "duplicate" | "ignored" => "rest",
        "quarantined" => "wait",
        _ => "lost",
    }
}

/// The imports, latest last in the table and first on the page; `limit` cuts the list.
pub(crate) fn imports(tables: &Tables, language: Language, limit: Option<usize>) -> Markup {
    let rows = tables.rows(TableName::Imports);
    let mut shown: Vec<&Row> = rows.iter().collect();
    shown.sort_by(|a, b| {
        b.text("dropped_at")
            .cmp(&a.text("dropped_at"))
            .then(a.text("file").cmp(&b.text("file")))
    });
    let hidden = limit.map_or(0, |limit| shown.len().saturating_sub(limit));
    shown.truncate(limit.unwrap_or(usize::MAX));
    let say = |english: &str, french: &str| language.say(english, french);
    html! {
        @if shown.is_empty() {
            (tables.nothing(TableName::Imports, language, &say("No file has been dropped yet.", "Aucun fichier n'a encore été déposé.")))
        } @else {
            div.scroll tabindex="0" { table.stackable {
                thead { tr {
                    th scope="col" { (say("File", "Fichier")) }
                    th scope="col" { (say("State", "État")) }
                    th.num scope="col" { (say("Read", "Lues")) }
                    th.num scope="col" { (say("New", "Nouvelles")) }
                    th.num scope="col" { (say("Changed", "Modifiées")) }
                    th.num scope="col" { (say("Refused", "Refusées")) }
                    th scope="col" { (say("Why, and when", "Pourquoi, et quand")) }
                } }
                tbody { @for row in &shown {
                    @let file = row.text("file").unwrap_or("?");
                    @let number = |column: &str| counted(row, column).map(|n| count(n, language)).unwrap_or_default();
                    tr {
                        th.name scope="row" {
                            @match row.text("import_id") {
                                Some(id) if id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') && !id.is_empty() => {
                                    a href=(tables.links().page(&format!("/imports/{id}"), language)) { (file) }
                                }
                                _ => { (file) }
                            }
                        }
                        td { (state_chip(state_code(row), language)) }
                        td.num data-l=(say("Read", "Lues")) { (number("rows_read")) }
                        td.num data-l=(say("New", "Nouvelles")) { (number("rows_new")) }
                        td.num data-l=(say("Changed", "Modifiées")) { (number("rows_changed")) }
                        td.num data-l=(say("Refused", "Refusées")) { (number("rows_refused")) }
                        td.why {
                            @if let Some(reason) = row.reason.as_deref().filter(|reason| !reason.is_empty()) { (crate::reason::reason(reason, language)) " " }
                            @if let Some(dropped) = row.text("dropped_at") { (number::instant(dropped, language)) }
                        }
                    }
                } }
            } }
            @if hidden > 0 { p.sub { a href=(tables.links().page("/imports", language)) { (say(&format!("{hidden} more"), &format!("{hidden} de plus"))) } } }
        }
    }
}

/// The sources with what they delivered and what they cannot tell.
pub(crate) fn sources(tables: &Tables, language: Language, whole: bool) -> Markup {
    let rows = tables.rows(TableName::Sources);
    let say = |english: &str, french: &str| language.say(english, french);
    html! {
        @if rows.is_empty() {
            (tables.nothing(TableName::Sources, language, &say("No source has delivered anything yet.", "Aucune source n'a encore rien envoyé.")))
        } @else {
            div.scroll tabindex="0" { table.stackable {
                thead { tr {
                    th scope="col" { (say("Source", "Source")) }
                    th scope="col" { (say("State", "État")) }
                    @if whole { th.num scope="col" { (say("Deliveries", "Envois")) } th.num scope="col" { (say("Items", "Éléments")) } }
                    th.num scope="col" { (say("Accepted", "Acceptés")) }
                    @if whole { th.num scope="col" { (say("Duplicates", "Doublons")) } th.num scope="col" { (say("Ignored", "Ignorés")) } }
                    th.num scope="col" { (say("Quarantine", "Quarantaine")) }
                    th scope="col" { (say("Last seen", "Dernier envoi")) }
                    @if whole { th scope="col" { (say("What it cannot tell", "Ce qu'elle ne dit pas")) } }
                } }
                tbody { @for row in rows {
                    @let number = |column: &str| counted(row, column).map(|n| count(n, language)).unwrap_or_default();
                    tr {
                        th.name scope="row" { (row.text("source").unwrap_or("?")) @if let Some(platform) = row.text("platform") { br; small.sub { (platform) } } }
                        td {
                            (state_chip(state_code(row), language))
                            @if counted(row, "quarantined").unwrap_or(0) > 0 { " " (state_chip("quarantined", language)) }
                            @match row.status {
                                Status::Quiet => { @if let Some(last) = row.text("last_received_at") { br; small.sub { (say("since ", "depuis le ")) " " (number::instant(last, language)) } } }
                                Status::Never => {}
                                _ => { @if let Some(reason) = row.reason.as_deref() { br; small.sub { (crate::reason::reason(reason, language)) } } }
                            }
                        }
                        @if whole {
                            td.num data-l=(say("Deliveries", "Envois")) { (number("deliveries")) }
                            td.num data-l=(say("Items", "Éléments")) { (number("received")) }
                        }
                        td.num data-l=(say("Accepted", "Acceptés")) { (number("accepted")) }
                        @if whole {
                            td.num data-l=(say("Duplicates", "Doublons")) { (number("duplicate")) }
                            td.num data-l=(say("Ignored", "Ignorés")) { (number("ignored")) }
                        }
                        td.num data-l=(say("Quarantine", "Quarantaine")) { (number("quarantined")) }
                        td.why {
                            @match row.text("last_received_at") { Some(last) => { (number::instant(last, language)) } None => { (say("never", "jamais")) } }
                            @if let Some(lag) = figure(row, "lag_seconds") { br; (say("lag", "retard")) " " (duration(lag, language)) }
                        }
                        @if whole { td.why { (word::cell(row.own.get(&format!("blind_spots_{}", language.code())).or_else(|| row.own.get("blind_spots")), language)) } }
                    }
                } }
            } }
        }
    }
}

/// The dashboard's card of imports.
pub(crate) fn imports_card(tables: &Tables, language: Language) -> Markup {
    let body = html! { (imports(tables, language, Some(8))) (downloads(tables.links(), TableName::Imports, language)) };
    card(
        tables.links(),
        language,
        "imports",
        "",
        &language.say(
            "Files dropped, and what they refused",
            "Les fichiers déposés, et ce qu'ils ont fait refuser",
        ),
        &body,
    )
}

/// The dashboard's card of sources.
pub(crate) fn sources_card(tables: &Tables, language: Language) -> Markup {
    let body = html! { (sources(tables, language, false)) (downloads(tables.links(), TableName::Sources, language)) };
    card(
        tables.links(),
        language,
        "sources",
        "",
        &language.say("Sources", "Les sources"),
        &body,
    )
}
