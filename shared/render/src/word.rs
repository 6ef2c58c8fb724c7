//! Codes of the result tables in words: statuses, gates, methods, grades, health components, stages.
//!
//! A code that is not listed is shown as its own words, never hidden: the rooms that write rows may learn a new reason
//! before the pages do.

use levier_domain::table::{Row, Status};
use serde_json::Value as Json;

use crate::item_table::ITEMS;
use crate::label::{humanise, is_kpi, kpi_label};
use crate::language::Language;
use crate::number::{count, number};
use crate::reason::reason;
use crate::word_table::{GATES, METHODS};

/// A code with its English and its French wording.
pub(crate) type Entry = (&'static str, &'static str, &'static str);

/// The wording of a code, where the table has it.
pub(crate) fn find(table: &[Entry], code: &str, language: Language) -> Option<String> {
    table
        .iter()
        .find(|entry| entry.0 == code)
        .map(|(_, english, french)| language.say(english, french))
}

fn word(table: &[Entry], code: &str, language: Language) -> String {
    find(table, code, language).unwrap_or_else(|| humanise(code))
}

/// A status in words.
pub(crate) fn status(status: Status, language: Language) -> String {
    match status {
        Status::Ok => language.say("computed", "calculé"),
        Status::Partial => language.say("still running", "en cours"),
        Status::Missing => language.say("missing", "manquant"),
        Status::Suppressed => language.say("withheld", "masqué"),
        Status::CannotSay => language.say("cannot say", "impossible à dire"),
        other => state(other.as_str(), language),
    }
}

/// Why a row has no figure, in one line: its status, then its reason.
pub(crate) fn absence(row: &Row, language: Language) -> String {
    let status = status(row.status, language);
    match row
        .reason
        .as_deref()
        .map(str::trim)
        .filter(|reason| !reason.is_empty())
    {
        Some(why) => format!(
            "{status}{} {}",
            language.say(":", " :"),
            reason(why, language)
        ),
        None if row.status == Status::Suppressed => {
            format!(
                "{status}{} {}",
                language.say(":", " :"),
                reason("min_cell", language)
            )
        }
        None => status,
    }
}

/// The name of a method.
pub(crate) fn method(code: &str, language: Language) -> String {
    word(METHODS, code, language)
}

/// What a grade compares, in a few words.
pub(crate) fn grade(code: &str, language: Language) -> String {
    match code {
        "A" => language.say("randomised comparison", "comparaison tirée au sort"),
        "B" => language.say(
            "each member against their own past, checks passed",
            "chaque membre comparé à son propre passé, contrôles passés",
        ),
        "C" => language.say(
            "adjusted for what was known before joining",
            "ajusté de ce que l'on savait avant l'adhésion",
        ),
        "D" => language.say(
            "raw gap, proves nothing by itself",
            "écart brut, ne prouve rien à lui seul",
        ),
        _ => language.say("cannot say", "impossible à dire"),
    }
}

/// The name of a gate.
pub(crate) fn gate(code: &str, language: Language) -> String {
    word(GATES, code, language)
}

const COMPONENTS: &[Entry] = &[
    ("score", "Health score", "Score de santé"),
    ("responsiveness", "Responsiveness", "Réactivité"),
    (
        "newcomer_retention",
        "Newcomers who return",
        "Retour des nouveaux",
    ),
    ("stickiness", "Weekly habit", "Habitude hebdomadaire"),
    ("reciprocity", "Reciprocity", "Réciprocité"),
    ("spread", "Spread of voices", "Partage de la parole"),
    ("growth", "Growth", "Croissance"),
    ("sentiment", "Tone", "Tonalité"),
];

/// The name of a health component.
pub(crate) fn component(code: &str, language: Language) -> String {
    word(COMPONENTS, code, language)
}

const MEANINGS: &[Entry] = &[
    (
        "responsiveness",
        "threads answered by another member within 24 h",
        "fils qui reçoivent une réponse d'un autre membre en 24 h",
    ),
    (
        "newcomer_retention",
        "first-time posters active again in days 8 to 30",
        "nouveaux auteurs de retour entre le 8e et le 30e jour",
    ),
    (
        "stickiness",
        "weekly actives among monthly actives",
        "actifs de la semaine parmi les actifs du mois",
    ),
    (
        "reciprocity",
        "replies that go both ways",
        "réponses qui vont dans les deux sens",
    ),
    (
        "spread",
        "concentration of posts on a few authors (Gini)",
        "concentration des messages sur quelques auteurs (Gini)",
    ),
    (
        "growth",
        "change in monthly actives",
        "évolution des actifs du mois",
    ),
    (
        "sentiment",
        "positive minus negative messages",
        "messages positifs moins négatifs",
    ),
];

/// What a health component measures.
pub(crate) fn meaning(code: &str, language: Language) -> String {
    find(MEANINGS, code, language).unwrap_or_default()
}

const ACTIONS: &[Entry] = &[
    (
        "responsiveness",
        "Answer the open questions first: list those older than 24 h and ask two champions to take a turn.",
        "Répondre d'abord aux questions ouvertes : lister celles de plus de 24 h et demander à deux ambassadeurs de se relayer.",
    ),
    (
        "newcomer_retention",
        "Welcome each first post by name within a day, and give newcomers one easy thing to do in their second week.",
        "Saluer chaque premier message dans la journée et proposer aux nouveaux un geste simple dès la deuxième semaine.",
    ),
    (
        "stickiness",
        "Give the week a fixed appointment: one thread, same day, same host.",
        "Donner à la semaine un rendez-vous fixe : un fil, le même jour, le même animateur.",
    ),
    (
        "reciprocity",
        "Ask questions that members answer to one another rather than to the team.",
        "Poser des questions auxquelles les membres se répondent entre eux plutôt qu'à l'équipe.",
    ),
    (
        "spread",
        "Invite quiet members by name; let the most active host rather than answer.",
        "Solliciter nommément les membres discrets ; confier l'animation aux plus actifs plutôt que la réponse.",
    ),
    (
        "growth",
        "Look at where the last arrivals came from and reopen that door.",
        "Regarder d'où viennent les dernières arrivées et rouvrir cette porte.",
    ),
    (
        "sentiment",
        "Read the ten most negative threads before drawing a conclusion: the measure is rough.",
        "Lire les dix fils les plus négatifs avant de conclure : la mesure est grossière.",
    ),
];

/// What to do next: the advice of a code, of a code that names its component, or the code's own words.
pub(crate) fn action(code: &str, component: &str, language: Language) -> String {
    if let Some(said) = find(ACTIONS, code, language) {
        return said;
    }
    if code.contains(' ') {
        return code.to_owned();
    }
    find(ACTIONS, component, language).unwrap_or_else(|| humanise(code))
}

const STAGES: &[Entry] = &[
    ("receive", "Deliveries received", "Envois reçus"),
    ("delivery", "Deliveries received", "Envois reçus"),
    ("compact", "Events read", "Événements lus"),
    ("ingest", "Events read", "Événements lus"),
    ("event", "Events read", "Événements lus"),
    ("import", "Rows of files", "Lignes de fichiers"),
    ("file", "Rows of files", "Lignes de fichiers"),
    ("actor", "Authors", "Auteurs"),
    ("actors", "Authors", "Auteurs"),
    ("identified", "Identified people", "Personnes identifiées"),
    ("in_crm", "Found in the CRM", "Retrouvées dans le CRM"),
    ("crm", "Found in the CRM", "Retrouvées dans le CRM"),
    ("customer", "Customers", "Clients"),
    (
        "fact",
        "CRM rows that no figure counts",
        "Lignes du CRM qu'aucun chiffre ne compte",
    ),
    ("cohort", "In a comparison", "Dans une comparaison"),
    ("in_cohort", "In a comparison", "Dans une comparaison"),
];

/// The name of a stage of the waterfall.
pub(crate) fn stage(code: &str, language: Language) -> String {
    word(STAGES, code, language)
}

const OUTCOMES: &[Entry] = &[
    ("received", "received", "reçus"),
    ("accepted", "accepted", "acceptés"),
    ("duplicate", "duplicates", "doublons"),
    ("ignored", "ignored", "ignorés"),
    ("quarantined", "in quarantine", "en quarantaine"),
    ("kept", "kept", "gardés"),
    ("lost", "lost", "perdus"),
];

/// The name of an outcome of the waterfall.
pub(crate) fn outcome(code: &str, language: Language) -> String {
    word(OUTCOMES, code, language)
}

const STATES: &[Entry] = &[
    ("ok", "live", "en service"),
    ("quiet", "quiet", "silencieuse"),
    ("late", "late", "en retard"),
    (
        "quarantined",
        "quarantine to review",
        "quarantaine à revoir",
    ),
    ("waiting", "nothing received yet", "rien reçu encore"),
    ("never", "nothing received yet", "rien reçu encore"),
    ("error", "in error", "en erreur"),
    ("imported", "imported", "importé"),
    ("unchanged", "already known", "déjà connu"),
    ("refused", "refused", "refusé"),
];

/// The state of a source or an import.
pub(crate) fn state(code: &str, language: Language) -> String {
    word(STATES, code, language)
}

const RULES: &[Entry] = &[
    (
        "helped_6_of_12_weeks",
        "helped in 6 of the last 12 weeks",
        "a aidé 6 des 12 dernières semaines",
    ),
    (
        "accepted_answers_top_1_percent",
        "among the 1% with most accepted answers",
        "parmi les 1 % aux réponses les plus acceptées",
    ),
];

/// On which rule somebody is a champion.
pub(crate) fn rule(code: &str, language: Language) -> String {
    word(RULES, code, language)
}

const TRENDS: &[Entry] = &[
    ("rising", "rising", "en hausse"),
    ("fading", "fading", "en retrait"),
    ("steady", "steady", "stable"),
];

/// Where somebody's help is going.
pub(crate) fn trend(code: &str, language: Language) -> String {
    word(TRENDS, code, language)
}

const LIFECYCLES: &[Entry] = &[
    ("subscriber", "subscriber", "abonné"),
    ("lead", "lead", "lead"),
    (
        "marketing_qualified",
        "marketing qualified",
        "qualifié marketing",
    ),
    ("sales_qualified", "sales qualified", "qualifié commercial"),
    ("opportunity", "opportunity", "opportunité"),
    ("customer", "customer", "client"),
    ("qualified", "qualified", "qualifié"),
    ("evangelist", "evangelist", "ambassadeur"),
    ("churned", "churned", "perdu"),
    ("other", "other", "autre"),
];

/// A CRM lifecycle.
pub(crate) fn lifecycle(code: &str, language: Language) -> String {
    word(LIFECYCLES, code, language)
}

/// The name of an item: of a KPI's part, of the return, of a scenario, a basis or a side. One of several parts
/// (`organic_traffic.branded.slope`) is named by each of them. Ids that come from outside stand as they are.
pub(crate) fn item(code: &str, language: Language) -> String {
    known_item(code, language).unwrap_or_else(|| {
        if code.contains(|c: char| c.is_uppercase() || c.is_numeric() || c == ' ' || c == '-') {
            code.to_owned()
        } else {
            humanise(code)
        }
    })
}

/// The same, where the pages have words for it.
fn known_item(code: &str, language: Language) -> Option<String> {
    if let Some(said) = find(ITEMS, code, language).or_else(|| find(LIFECYCLES, code, language)) {
        return Some(said);
    }
    if is_kpi(code) || code == "feedback_threads" {
        return Some(kpi_label(code, language));
    }
    if let Some((first, rest)) = code.split_once('.') {
        let (first, rest) = (known_item(first, language)?, known_item(rest, language)?);
        return Some(format!("{first} · {rest}"));
    }
    // `active_3m` is of three months on.
    let (what, months) = months_on(code)?;
    let after = language.say(
        &format!(
            "after {months} {}",
            if months == 1 { "month" } else { "months" }
        ),
        &format!("après {months} mois"),
    );
    match what {
        "" => Some(after),
        "active" => Some(format!("{} {after}", language.say("active", "actifs"))),
        "member" => Some(format!(
            "{} {after}",
            language.say("still members", "encore membres")
        )),
        _ => None,
    }
}

/// Of an item that is so many months on, what it is about and how many.
pub(crate) fn months_on(code: &str) -> Option<(&str, u32)> {
    let (what, months) = code.rsplit_once('_').unwrap_or(("", code));
    Some((what, months.strip_suffix('m')?.parse().ok()?))
}

/// A band of months since joining: `3-6`, `12+`.
pub(crate) fn tenure_band(code: &str, language: Language) -> String {
    if let Some(least) = code.strip_suffix('+') {
        return language.say(
            &format!("from month {least} on"),
            &format!("à partir du mois {least}"),
        );
    }
    match code.split_once('-') {
        Some((first, after)) => language.say(
            &format!("months {first} to {after}"),
            &format!("mois {first} à {after}"),
        ),
        None => code.to_owned(),
    }
}

/// A health component or an item by its code, where either is known.
pub(crate) fn component_or_item(code: &str, language: Language) -> Option<String> {
    find(COMPONENTS, code, language).or_else(|| find(ITEMS, code, language))
}

/// A JSON cell as a reader sees it: numbers by locale, lists joined, nothing for null.
pub(crate) fn cell(value: Option<&Json>, language: Language) -> String {
    match value {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(Json::Bool(true)) => language.say("yes", "oui"),
        Some(Json::Bool(false)) => language.say("no", "non"),
        Some(Json::Number(value)) => match value.as_u64() {
            Some(whole) => count(whole, language),
            None => value.as_f64().map_or_else(String::new, |value| {
                let decimals = if value.fract() == 0.0 {
                    0
                } else {
                    crate::number::decimals_for(value).max(2)
                };
                number(value, decimals, language)
            }),
        },
        Some(Json::Array(items)) => {
            let parts: Vec<String> = items
                .iter()
                .map(|item| cell(Some(item), language))
                .collect();
            parts.join(" ; ").replace(" ;", &language.say(";", " ;"))
        }
        Some(other) => other.to_string(),
    }
}
