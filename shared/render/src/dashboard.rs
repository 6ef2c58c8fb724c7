//! The dashboard: what the community is worth, how sure that is, and what it rests on, on one page.

use maud::html;

use crate::language::Language;
use crate::number;
use crate::page::{Place, page};
use crate::section::{alerts, cohorts, health, people, pipeline, roi, uplift};
use crate::tables::Tables;

/// The whole page. A part without rows says what is missing; nothing unknown is shown as zero.
#[must_use]
pub fn dashboard(tables: &Tables, workspace_name: &str, language: Language) -> String {
    let name = workspace_name.trim();
    let title = match (name.is_empty(), language) {
        (true, _) => language.say("What the community is worth", "Ce que vaut la communauté"),
        (false, Language::English) => format!("{name}: what the community is worth"),
        (false, Language::French) => format!("{name}\u{202f}: ce que vaut la communauté"),
    };
    let body = html! {
        h1 { (title) }
        p.lede {
            (language.say(
                "Members compared with what the same customers would have done otherwise.",
                "Les membres comparés à ce que les mêmes clients auraient fait autrement.",
            ))
            @if let Some(as_of) = tables.as_of() {
                " " (language.say("As of", "Situation au")) " " (number::date(as_of, language)) "."
            }
        }
        (uplift::hero(tables, language))
        div.grid {
            div.column.wide7 { (uplift::payoff(tables, language)) (roi::roi(tables, language)) (cohorts::heat_map(tables, language)) }
            (health::health(tables, language))
            (alerts::alerts_card(tables, language))
            (people::people(tables, language))
            (pipeline::waterfall(tables, language))
            (uplift::others(tables, language))
            (pipeline::imports_card(tables, language))
            (pipeline::sources_card(tables, language))
        }
    };
    page(tables.links(), language, Place::Dashboard, &title, &body)
}
