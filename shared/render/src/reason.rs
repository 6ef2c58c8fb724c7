//! Reasons in words: why a figure is missing, withheld or blocked, why an item or a row was not taken.
//!
//! Jobs write reasons as codes (`same_event`), as `needs: tickets`, or as an English sentence. What is listed here reads in
//! both languages; what is not stands as it was written, never hidden.

use crate::language::Language;
use crate::word::{Entry, find};

const NEEDS: &[Entry] = &[
    ("content views", "content views", "des vues de contenus"),
    ("lives", "live events", "des lives"),
    ("notifications", "notifications", "des notifications"),
    (
        "badges or points",
        "badges or points",
        "des badges ou des points",
    ),
    (
        "messages in a language that can be scored",
        "messages in a language that can be scored",
        "des messages dans une langue que l'on sait noter",
    ),
    (
        "activity of this kind in the window",
        "activity of this kind in the window",
        "une activité de ce genre dans la période",
    ),
    (
        "channel tags (off_product_channels of a community)",
        "channel tags (off_product_channels of a community)",
        "l'étiquetage des canaux (off_product_channels d'une communauté)",
    ),
    (
        "channels tagged off_product",
        "channels tagged off_product",
        "des canaux étiquetés off_product",
    ),
    (
        "events",
        "community events",
        "des événements de la communauté",
    ),
    ("roster", "a member roster", "une liste des membres"),
    ("members", "a member roster", "une liste des membres"),
    ("people", "CRM contacts", "les contacts du CRM"),
    ("accounts", "CRM accounts", "les comptes du CRM"),
    ("deals", "CRM deals", "les affaires du CRM"),
    ("orders", "orders", "les commandes"),
    ("subscriptions", "subscriptions", "les abonnements"),
    ("invoices", "invoices", "les factures"),
    ("tickets", "support tickets", "les tickets du support"),
    ("surveys", "survey answers", "des réponses à des enquêtes"),
    ("spend", "advertising spend", "les dépenses d'acquisition"),
    ("costs", "community costs", "les coûts de la communauté"),
    ("web_traffic", "web traffic", "le trafic du site"),
    (
        "mentions",
        "social mentions",
        "les mentions sur les réseaux",
    ),
    ("customers", "customers", "des clients"),
    (
        "assignments",
        "randomised invitations",
        "des invitations tirées au sort",
    ),
    ("rates", "exchange rates", "des taux de change"),
    ("channel tags", "channel tags", "l'étiquetage des canaux"),
    (
        "activity",
        "community history",
        "l'historique de la communauté",
    ),
];

const REASONS: &[Entry] = &[
    (
        "no threads in the period",
        "no threads in the period",
        "aucun fil dans la période",
    ),
    (
        "no questions in the period",
        "no questions in the period",
        "aucune question dans la période",
    ),
    (
        "no contributions",
        "no contributions",
        "aucune contribution",
    ),
    (
        "fewer than half of the questions were answered so far",
        "fewer than half of the questions were answered so far",
        "moins de la moitié des questions ont reçu une réponse à ce jour",
    ),
    (
        "nobody left: joins, without denominator",
        "nobody left: joins, without denominator",
        "personne n'est parti : arrivées, sans dénominateur",
    ),
    (
        "nothing was delivered in the period",
        "nothing was delivered in the period",
        "rien n'a été distribué dans la période",
    ),
    (
        "nothing was published",
        "nothing was published",
        "rien n'a été publié",
    ),
    (
        "fewer people than min_cell, here or in what could be subtracted",
        "too few people, here or in what could be subtracted",
        "trop peu de personnes, ici ou dans ce qu'on pourrait en déduire",
    ),
    ("its weight is 0", "its weight is 0", "son poids est nul"),
    (
        "measured on one side only",
        "measured on one side only",
        "mesuré d'un seul côté",
    ),
    (
        "no delivery yet",
        "no delivery yet",
        "aucun envoi pour l'instant",
    ),
    (
        "suspended: a source of this community is silent",
        "suspended: a source of this community is silent",
        "suspendu : une source de cette communauté est silencieuse",
    ),
    (
        "less than 70 % of the weight can be measured",
        "less than 70% of the weight can be measured",
        "moins de 70 % du poids est mesurable",
    ),
    (
        "responsiveness cannot be measured",
        "responsiveness cannot be measured",
        "la réactivité n'est pas mesurable",
    ),
    (
        "newcomer_retention cannot be measured",
        "the return of newcomers cannot be measured",
        "le retour des nouveaux n'est pas mesurable",
    ),
    ("same_event", "the same event again", "le même événement"),
    ("same_body", "the same delivery again", "le même envoi"),
    ("same_row", "the same row again", "la même ligne"),
    (
        "no_rule",
        "no mapping rule",
        "aucune règle de correspondance",
    ),
    (
        "no_record",
        "no record in it",
        "aucun enregistrement dedans",
    ),
    ("empty", "empty", "vide"),
    ("ping", "connection test", "test de connexion"),
    ("system_message", "system message", "message du système"),
    ("total", "totals", "totaux"),
    ("footer", "footers", "pieds de page"),
    ("preamble", "preambles", "préambules"),
    ("blank", "blank lines", "lignes vides"),
    ("repeated_header", "repeated headers", "en-têtes répétés"),
    ("deleted", "deletions", "suppressions"),
    (
        "not_enough_activity",
        "not enough activity",
        "pas assez d'activité",
    ),
    (
        "not enough activity",
        "not enough activity",
        "pas assez d'activité",
    ),
    (
        "min_cell",
        "too few people to publish without exposing someone",
        "trop peu de personnes pour publier sans exposer quelqu'un",
    ),
    (
        "min_cell_complement",
        "withheld so that a neighbour cannot be deduced",
        "masqué pour qu'une cellule voisine ne puisse être déduite",
    ),
    (
        "complement",
        "withheld so that a neighbour cannot be deduced",
        "masqué pour qu'une cellule voisine ne puisse être déduite",
    ),
    (
        "running_period",
        "the period is not over",
        "la période n'est pas terminée",
    ),
    (
        "period_running",
        "the period is not over",
        "la période n'est pas terminée",
    ),
    (
        "zero_baseline",
        "the comparison level is zero",
        "le niveau de comparaison est nul",
    ),
    (
        "no_denominator",
        "nothing to divide by",
        "rien par quoi diviser",
    ),
    (
        "no_members",
        "there are no members yet",
        "il n'y a pas encore de membres",
    ),
    (
        "no_customers",
        "there are no customers yet",
        "il n'y a pas encore de clients",
    ),
    (
        "no_non_members",
        "there is no one to compare with",
        "il n'y a personne à qui comparer",
    ),
    (
        "no_comparison",
        "there is no one to compare with",
        "il n'y a personne à qui comparer",
    ),
    (
        "rungs_disagree",
        "the methods disagree on the sign",
        "les méthodes ne s'accordent pas sur le signe",
    ),
    (
        "signs_disagree",
        "the methods disagree on the sign",
        "les méthodes ne s'accordent pas sur le signe",
    ),
    (
        "source_quiet",
        "a source has gone quiet",
        "une source s'est tue",
    ),
    (
        "no_rate",
        "no exchange rate for that day",
        "pas de taux de change à cette date",
    ),
    (
        "not_converged",
        "the fit did not converge",
        "l'ajustement n'a pas convergé",
    ),
    (
        "no_costs",
        "costs have not been dropped yet",
        "les coûts n'ont pas encore été déposés",
    ),
    ("not_reached", "not reached yet", "pas encore atteint"),
    (
        "unknown_actor",
        "author unknown to the CRM",
        "auteur inconnu du CRM",
    ),
    ("not_in_crm", "not in the CRM", "absent du CRM"),
    (
        "not_identified",
        "no identifier in common",
        "aucun identifiant commun",
    ),
    (
        "no_identifier",
        "no identifier in common",
        "aucun identifiant commun",
    ),
    ("not_customer", "not a customer", "pas client"),
    ("not_a_customer", "not a customer", "pas client"),
    ("staff", "staff", "personnel de l'entreprise"),
    ("bot", "bot", "robot"),
    (
        "unmapped",
        "no mapping rule",
        "aucune règle de correspondance",
    ),
    ("redelivery", "sent twice", "envoyé deux fois"),
    (
        "not_json",
        "the body is not JSON",
        "le corps n'est pas du JSON",
    ),
    (
        "unknown_kind",
        "event type that nothing reads",
        "type d'événement que rien ne lit",
    ),
    (
        "unknown_type",
        "event type that nothing reads",
        "type d'événement que rien ne lit",
    ),
    (
        "too_short_history",
        "the history is too short",
        "l'historique est trop court",
    ),
];

/// A reason: a code, `needs: tickets`, or a sentence that stands as it is.
pub(crate) fn reason(text: &str, language: Language) -> String {
    let text = text.trim();
    if let Some(needed) = text
        .strip_prefix("needs:")
        .or_else(|| text.strip_prefix("needs "))
    {
        let parts: Vec<String> = needed
            .split([',', '+'])
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| find(NEEDS, part, language).unwrap_or_else(|| part.replace('_', " ")))
            .collect();
        return format!(
            "{}{}",
            language.say("needs ", "il faut "),
            parts.join(&language.say(" and ", " et "))
        );
    }
    if let Some(said) = find(REASONS, text, language) {
        return said;
    }
    if let Some((since, hours)) = text
        .strip_prefix("silent since ")
        .and_then(|rest| rest.split_once(", usual silence up to "))
    {
        let day = since.split('T').next().unwrap_or(since);
        return language.say(
            &format!("silent since {day}, usual silence up to {hours}"),
            &format!("silencieuse depuis le {day}, silence habituel jusqu'à {hours}"),
        );
    }
    if let Some((before, after)) = text.rsplit_once("; source ") {
        let after = reason(&format!("source {after}"), language);
        return format!("{}; {after}", reason(before, language));
    }
    if let Some((source, since)) = text
        .strip_prefix("source ")
        .and_then(|rest| rest.split_once(" is silent since "))
    {
        let day = since.split('T').next().unwrap_or(since);
        return language.say(
            &format!("source {source} is silent since {day}"),
            &format!("la source {source} est silencieuse depuis le {day}"),
        );
    }
    if let Some(lacks) = text.strip_prefix("not enough activity:") {
        let parts: Vec<String> = lacks
            .split(';')
            .map(|part| lack(part.trim(), language))
            .collect();
        return format!(
            "{}{}",
            language.say("not enough activity: ", "pas assez d'activité : "),
            parts.join(", ")
        );
    }
    if text.contains(' ') {
        text.to_owned()
    } else {
        text.replace('_', " ")
    }
}

/// `threads: fewer than 20` reads `fewer than 20 threads`.
fn lack(part: &str, language: Language) -> String {
    let Some((what, least)) = part.split_once(": fewer than ") else {
        return reason(part, language);
    };
    let what = match what {
        "threads" => language.say("threads", "fils"),
        "newcomers" => language.say("newcomers", "nouveaux auteurs"),
        "active authors" => language.say("active authors", "auteurs actifs"),
        other => other.to_owned(),
    };
    language.say(
        &format!("fewer than {least} {what}"),
        &format!("moins de {least} {what}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_read_in_both_languages() {
        for (text, english, french) in [
            (
                "needs: tickets + events",
                "needs support tickets and community events",
                "il faut les tickets du support et des événements de la communauté",
            ),
            (
                "silent since 2026-03-01T10:00:00Z, usual silence up to 72 h",
                "silent since 2026-03-01, usual silence up to 72 h",
                "silencieuse depuis le 2026-03-01, silence habituel jusqu’à 72 h",
            ),
            (
                "no_rule; source team is silent since 2026-03-01T10:00:00Z",
                "no mapping rule; source team is silent since 2026-03-01",
                "aucune règle de correspondance; la source team est silencieuse depuis le 2026-03-01",
            ),
            (
                "not enough activity: threads: fewer than 20; newcomers: fewer than 15",
                "not enough activity: fewer than 20 threads, fewer than 15 newcomers",
                "pas assez d\u{2019}activité\u{202f}: moins de 20 fils, moins de 15 nouveaux auteurs",
            ),
            ("same_event", "the same event again", "le même événement"),
            ("something_new", "something new", "something new"),
            (
                "A sentence of its own.",
                "A sentence of its own.",
                "A sentence of its own.",
            ),
        ] {
            assert_eq!(reason(text, Language::English), english);
            assert_eq!(reason(text, Language::French), french);
        }
    }
}
