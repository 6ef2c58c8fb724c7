//! The frame of every page: head, navigation, language switch, footer, one stylesheet inside the page.
//!
//! A page asks nothing of any other host and runs no script, so that it can be mailed, printed and kept.

use levier_domain::table::TableName;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::language::Language;
use crate::links::Links;
use crate::palette;

const STYLE: &str = include_str!("style.css");

/// Which entry of the navigation a page is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Dashboard,
    Kpis,
    Lists,
    Alerts,
    Digest,
    Sources,
    Imports,
    Elsewhere,
}

/// A whole page around `body`; `title` becomes the document's title, the body brings the one `h1`.
pub(crate) fn page(
    links: &Links,
    language: Language,
    place: Place,
    title: &str,
    body: &Markup,
) -> String {
    let other = language.other();
    let entries = [
        (
            Place::Dashboard,
            "/",
            language.say("Dashboard", "Tableau de bord"),
        ),
        (Place::Kpis, "/kpis", language.say("KPIs", "Indicateurs")),
        (Place::Lists, "/lists", language.say("To do", "À faire")),
        (Place::Alerts, "/alerts", language.say("Alerts", "Alertes")),
        (
            Place::Digest,
            "/digest",
            language.say("The week", "La semaine"),
        ),
        (
            Place::Sources,
            "/sources",
            language.say("Sources", "Sources"),
        ),
        (
            Place::Imports,
            "/imports",
            language.say("Imports", "Imports"),
        ),
    ];
    html! {
        (DOCTYPE)
        html lang=(language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) " · Levier" }
                link rel="icon" href="data:,";
                style { (PreEscaped(stylesheet())) }
            }
            body {
                a.skip href="#main" { (language.say("Skip to the figures", "Aller aux chiffres")) }
                div.top {
                    a.brand href=(links.page("/", language)) { (mark()) "Levier" }
                    nav aria-label=(language.say("Pages", "Pages")) {
                        @for (at, path, name) in &entries {
                            a href=(links.page(path, language)) aria-current=[(*at == place).then_some("page")] { (name) }
                        }
                    }
                    a.lang href=(links.page("", other)) hreflang=(other.code()) lang=(other.code()) {
                        (other.say("English", "Français"))
                    }
                }
                main id="main" { (body) }
                footer {
                    (language.say(
                        "Levier publishes what it can show and says what it cannot. A figure that is unknown is never shown as zero.",
                        "Levier publie ce qu'il peut montrer et dit ce qu'il ne peut pas. Un chiffre inconnu n'est jamais affiché comme un zéro.",
                    ))
                }
            }
        }
    }
    .into_string()
}

/// A lever on its pivot.
fn mark() -> Markup {
    html! {
        svg viewBox="0 0 26 26" aria-hidden="true" {
            path d="M13 13 L19 23 L7 23 Z" class="clay" {}
            path d="M2 17.5 L24 7.5" class="pen" {}
            circle cx="22" cy="5" r="3.4" class="green" {}
        }
    }
}

fn stylesheet() -> String {
    format!(
        ":root{{color-scheme:light dark;{}}}@media (prefers-color-scheme:dark){{:root{{{}}}}}@media print{{:root{{{}}}}}{STYLE}",
        palette::variables(false),
        palette::variables(true),
        palette::variables(false),
    )
}

/// A card with its heading, an address of its own and the same place in the other language.
pub(crate) fn card(
    links: &Links,
    language: Language,
    id: &str,
    class: &str,
    title: &str,
    body: &Markup,
) -> Markup {
    let other = language.other();
    html! {
        section class={ "card " (class) } id=(id) aria-labelledby={ (id) "-title" } {
            header {
                h2 id={ (id) "-title" } { (title) }
                a href={ (links.page("", other)) "#" (id) } hreflang=(other.code())
                    aria-label=(language.say("This part in French", "Cette partie en anglais")) { (other.code().to_uppercase()) }
            }
            (body)
        }
    }
}

/// What stands where a figure cannot.
pub(crate) fn nothing(text: &str) -> Markup {
    html! { p.absent { (text) } }
}

/// Links to the table behind a card.
pub(crate) fn downloads(links: &Links, table: TableName, language: Language) -> Markup {
    html! {
        p.down {
            (language.say(
                &format!("The rows behind this, table {table}: "),
                &format!("Les lignes derrière ces chiffres, table {table} : "),
            )) " "
            a href=(links.file(table, "csv", language)) { "CSV" } " · "
            a href=(links.file(table, "json", language)) { "JSON" }
        }
    }
}
