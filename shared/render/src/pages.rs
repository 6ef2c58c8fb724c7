//! The other pages: sources, imports, one receipt, and what went wrong.

use levier_domain::receipt::{ImportStatus, Matching, Receipt};
use levier_domain::table::TableName;
use maud::{Markup, html};

use crate::language::Language;
use crate::links::Links;
use crate::number::{Unit, count};
use crate::page::{Place, downloads, nothing, page};
use crate::receipt::receipt_sentence;
use crate::section::pipeline;
use crate::tables::Tables;

/// Every source, what it delivered and what its platform cannot tell.
#[must_use]
pub fn sources_page(tables: &Tables, language: Language) -> String {
    let title = language.say("Sources", "Les sources");
    let body = html! {
        h1 { (title) }
        p.lede { (language.say(
            "What each platform delivered. A quiet source does not lower the figures: what depends on it is marked.",
            "Ce que chaque plateforme a envoyé. Une source silencieuse ne fait pas baisser les chiffres : ce qui en dépend est signalé.",
        )) }
        section.card { (pipeline::sources(tables, language, true)) (downloads(tables.links(), TableName::Sources, language)) }
        div.grid { (pipeline::waterfall(tables, language)) }
    };
    page(tables.links(), language, Place::Sources, &title, &body)
}

/// Every dropped file and what became of it.
#[must_use]
pub fn imports_page(tables: &Tables, language: Language) -> String {
    let title = language.say("Files dropped", "Les fichiers déposés");
    let body = html! {
        h1 { (title) }
        p.lede { (language.say(
            "One receipt per file: what was read, what was refused and why.",
            "Un reçu par fichier : ce qui a été lu, ce qui a été refusé et pourquoi.",
        )) }
        section.card { (pipeline::imports(tables, language, None)) (downloads(tables.links(), TableName::Imports, language)) }
    };
    page(tables.links(), language, Place::Imports, &title, &body)
}

/// The receipt of one file, as the person who dropped it reads it.
#[must_use]
pub fn receipt_page(receipt: &Receipt, links: &Links, language: Language) -> String {
    let say = |english: &str, french: &str| language.say(english, french);
    let (class, verdict) = match receipt.status {
        ImportStatus::Imported if receipt.rows.refused > 0 => (
            "warn",
            say(
                "Imported, some rows refused",
                "Importé, des lignes refusées",
            ),
        ),
        ImportStatus::Imported => ("good", say("Imported", "Importé")),
        ImportStatus::Unchanged => (
            "",
            say(
                "Already known, nothing changed",
                "Déjà connu, rien n'a changé",
            ),
        ),
        ImportStatus::Refused => (
            "bad",
            say("Refused, nothing changed", "Refusé, rien n'a changé"),
        ),
    };
    let rows = receipt.rows;
    let counts = [
        (say("Rows read", "Lignes lues"), rows.read),
        (say("New", "Nouvelles"), rows.new),
        (say("Changed", "Modifiées"), rows.changed),
        (say("Unchanged", "Inchangées"), rows.unchanged),
        (say("Refused", "Refusées"), rows.refused),
        (say("Left out", "Écartées"), rows.dropped),
    ];
    let recognised_by = receipt
        .recognised_by
        .as_deref()
        .map(|by| receipt_sentence(by, language));
    let facts: Vec<(String, &str)> = [
        (say("Contents", "Contenu"), receipt.entity.as_deref()),
        (say("Read as", "Lu comme"), receipt.dialect.as_deref()),
        (say("Recognised by", "Reconnu à"), recognised_by.as_deref()),
        (say("Encoding", "Encodage"), receipt.encoding.as_deref()),
        (say("Delimiter", "Séparateur"), receipt.delimiter.as_deref()),
        (say("Sheet", "Feuille"), receipt.sheet.as_deref()),
        (
            say(
                "Rows to mend and drop again",
                "Lignes à corriger et redéposer",
            ),
            receipt.refused_file.as_deref(),
        ),
        (say("Import", "Import"), Some(receipt.import_id.as_str())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
    .collect();
    let title = format!("{} {}", say("Receipt:", "Reçu :"), receipt.file);
    let body = html! {
        h1 { (receipt.file) }
        p { span class={ "chip " (class) } { (verdict) } }
        @if let Some(reason) = &receipt.reason { p.say { (receipt_sentence(reason, language)) } }
        dl.tiles { @for (name, n) in &counts { div.tile { dt { (name) } dd { (count(*n, language)) } } } }
        section.card {
            table { tbody { @for (name, value) in &facts { tr { th.name scope="row" { (name) } td { (value) } } } } }
        }
        @if let Some(matching) = &receipt.matching { (matched(matching, language)) }
        (texts(&say("To know", "À savoir"), &receipt.warnings, language))
        (texts(&say("What differs from the last file of this kind", "Ce qui change depuis le dernier fichier de ce type"), &receipt.drift, language))
        @if !receipt.refused.is_empty() {
            section.card {
                h2 { (say("Refused rows", "Lignes refusées")) }
                div.scroll tabindex="0" { table.stackable {
                    thead { tr { th scope="col" { (say("Line", "Ligne")) } th scope="col" { (say("Column", "Colonne")) } th scope="col" { (say("What is wrong", "Ce qui ne va pas")) } th scope="col" { (say("What to do", "Que faire")) } } }
                    tbody { @for refusal in &receipt.refused { tr {
                        th scope="row" { (count(refusal.line, language)) }
                        td { (refusal.column) } td { (receipt_sentence(&refusal.reason, language)) } td.why { (receipt_sentence(&refusal.hint, language)) }
                    } } }
                } }
            }
        }
        @if !receipt.dropped.is_empty() {
            section.card {
                h2 { (say("Lines left out on purpose", "Lignes écartées à dessein")) }
                div.scroll tabindex="0" { table {
                    thead { tr { th scope="col" { (say("Line", "Ligne")) } th scope="col" { (say("Why", "Pourquoi")) } } }
                    tbody { @for line in &receipt.dropped { tr { th scope="row" { (count(line.line, language)) } td { (dropped(&line.why, language)) } } } }
                } }
            }
        }
        @let columns = &receipt.columns;
        @if !columns.mapped.is_empty() || !columns.ignored.is_empty() || !columns.missing.is_empty() {
            section.card {
                h2 { (say("Columns", "Colonnes")) }
                table {
                    thead { tr { th scope="col" { (say("In the file", "Dans le fichier")) } th scope="col" { (say("Read as", "Lue comme")) } } }
                    tbody { @for (header, field) in &columns.mapped { tr { th.name scope="row" { (header) } td { (field) } } } }
                }
                @if !columns.ignored.is_empty() { p { strong { (say("Not read: ", "Non lues : ")) " " } (columns.ignored.join(", ")) } }
                @if !columns.missing.is_empty() { p { strong { (say("Absent: ", "Absentes : ")) " " } (columns.missing.join(", ")) } }
            }
        }
    };
    page(links, language, Place::Imports, &title, &body)
}

/// By what the rows can be matched with people: the file's part in the match waterfall.
fn matched(matching: &Matching, language: Language) -> Markup {
    let say = |english: &str, french: &str| language.say(english, french);
    let share = |n: u64| match matching.rows {
        0 => String::new(),
        rows => Unit::share().level(n as f64 / rows as f64, 0, language),
    };
    let lines = [
        (
            say(
                "by the id of a CRM person",
                "par l'identifiant d'une personne du CRM",
            ),
            matching.person_id,
        ),
        (say("by e-mail", "par e-mail"), matching.email),
        (say("by phone", "par téléphone"), matching.phone),
        (say("by account", "par compte"), matching.account_id),
    ];
    html! {
        section.card {
            h2 { (say("By what the rows can be matched with people", "Par quoi les lignes peuvent être rapprochées de personnes")) }
            table { tbody {
                @for (name, n) in lines.iter().filter(|(_, n)| *n > 0) {
                    tr { th.name scope="row" { (name) } td.num { (count(*n, language)) } td.num { (share(*n)) } }
                }
                tr { th.name scope="row" { (say("by nothing: they stay out of the comparison until a link names them", "par rien : elles restent hors de la comparaison tant qu'aucun lien ne les nomme")) } td.num { (count(matching.none, language)) } td.num { (share(matching.none)) } }
            } }
        }
    }
}

fn dropped(why: &str, language: Language) -> String {
    match why {
        "total" => language.say("a total", "un total"),
        "footer" => language.say("a footer", "un pied de page"),
        "preamble" => language.say("a preamble", "un préambule"),
        "repeated_header" => language.say("the header again", "l'en-tête répété"),
        "blank" => language.say("a blank line", "une ligne vide"),
        "deleted" => language.say("a deletion", "une suppression"),
        other => crate::reason::reason(other, language),
    }
}

fn texts(title: &str, lines: &[String], language: Language) -> Markup {
    html! {
        @if !lines.is_empty() {
            section.card { h2 { (title) } ul { @for line in lines { li { (receipt_sentence(line, language)) } } } }
        }
    }
}

/// What went wrong, as a page: the HTML twin of `application/problem+json`.
#[must_use]
pub fn problem(
    status: u16,
    title: &str,
    detail: &str,
    links: &Links,
    language: Language,
) -> String {
    // Back from what cannot be had, to what can: with the key only.
    let links = &Links {
        key: links.key.clone(),
        ..Links::default()
    };
    let body = html! {
        h1 { (title) }
        @if detail.is_empty() { (nothing(title)) } @else { p.lede { (detail) } }
        p { span.chip.warn { "HTTP " (status) } }
        p { a href=(links.page("/", language)) { (language.say("Back to the dashboard", "Retour au tableau de bord")) } }
    };
    page(links, language, Place::Elsewhere, title, &body)
}
