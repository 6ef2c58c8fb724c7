//! The pages that somebody works from: the lists, and the alerts.

use levier_domain::table::TableName;
use maud::html;

use crate::language::Language;
use crate::page::{Place, downloads, page};
use crate::section::{alerts, lists};
use crate::tables::Tables;

/// Questions, newcomers, champions and leads.
#[must_use]
pub fn lists_page(tables: &Tables, language: Language) -> String {
    let title = language.say("To do", "À faire");
    let body = html! {
        h1 { (title) }
        p.lede { (language.say(
            "Who waits for an answer or a welcome, who helps, and who could become a customer. Members by the handle they chose, leads by CRM id.",
            "Qui attend une réponse ou un accueil, qui aide, et qui pourrait devenir client. Les membres par leur pseudonyme, les leads par identifiant CRM.",
        )) }
        div.grid {
            (lists::newcomers(tables, language))
            (lists::leads(tables, language))
            (lists::questions(tables, language))
            (lists::champions(tables, language))
        }
    };
    page(tables.links(), language, Place::Lists, &title, &body)
}

/// Everything that is watched, what is on first.
#[must_use]
pub fn alerts_page(tables: &Tables, language: Language) -> String {
    let title = language.say("Alerts", "Les alertes");
    let body = html! {
        h1 { (title) }
        p.lede { (language.say(
            "Limits that you set on any figure, changes of the health score that chance does not explain, sources that fell silent. An alert is sent once when it fires and once when it is over.",
            "Les limites que vous fixez à n'importe quel indicateur, les évolutions du score de santé que le hasard n'explique pas, les sources devenues silencieuses. Une alerte part une fois quand elle se déclenche et une fois quand elle se termine.",
        )) }
        section.card { (alerts::alerts(tables, language)) (downloads(tables.links(), TableName::Alerts, language)) }
        p.sub { (language.say("Limits are set in levier.toml, under [alerts.NAME]; where they are sent under [notify.NAME].", "Les limites se règlent dans levier.toml, sous [alerts.NOM] ; les destinataires sous [notify.NOM].")) }
    };
    page(tables.links(), language, Place::Alerts, &title, &body)
}
