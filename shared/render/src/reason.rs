//! Reasons in words: why a figure is missing, withheld or blocked, why an item or a row was not taken.
//!
//! Jobs write reasons as codes (`same_event`), as `needs: tickets`, or as an English sentence; what they write reads in both
//! languages.

use crate::label::{is_kpi, kpi_label};
use crate::language::Language;
use crate::need_table::NEEDS;
use crate::number;
use crate::reason_table::REASONS;
use crate::template;
use crate::word::{self, find};

/// A reason in words: a code, `needs: tickets`, several joined by `;`, one that belongs to a figure (`kpi: …`), or a sentence of
/// `template.rs`. What is not known stands as it was written, never hidden.
///
/// ```
/// use levier_render::{Language, reason};
/// assert_eq!(reason("no_rate", Language::English), "no exchange rate for that day");
/// ```
#[must_use]
pub fn reason(text: &str, language: Language) -> String {
    let text = text.trim();
    let said = known(text, language).or_else(|| crate::receipt::known(text, language));
    said.unwrap_or_else(|| {
        if text.contains(' ') {
            text.to_owned()
        } else {
            text.replace('_', " ")
        }
    })
}

/// The wording of a reason; `None` where nothing here knows it.
pub(crate) fn known(text: &str, language: Language) -> Option<String> {
    if let Some(said) = find(REASONS, text, language) {
        return Some(said);
    }
    // Before the templates, one of which would take its beginning for the name of a component.
    if let Some(lacks) = text.strip_prefix("not enough activity:") {
        let parts: Vec<String> = lacks
            .split(';')
            .map(|part| lack(part.trim(), language))
            .collect();
        return Some(format!(
            "{}{}",
            language.say("not enough activity: ", "pas assez d'activité : "),
            parts.join(", ")
        ));
    }
    if text.contains("; ") {
        let parts: Option<Vec<String>> = text
            .split("; ")
            .map(|part| known(part.trim(), language))
            .collect();
        if let Some(parts) = parts {
            return Some(parts.join(&language.say("; ", " ; ")));
        }
    }
    let inner = |hole: &str| inside(hole, language);
    if let Some(said) = template::read(text, language, &inner) {
        return Some(said);
    }
    if let Some(needed) = text.strip_prefix("needs:") {
        return needs(needed.trim(), language);
    }
    if let Some(rest) = text.strip_prefix("without: ") {
        return Some(format!(
            "{}{}",
            language.say("without: ", "sans : "),
            inside(rest, language)
        ));
    }
    if text.contains("; ") {
        // What one part says is not lost because another is not known.
        let parts: Vec<&str> = text.split("; ").map(str::trim).collect();
        let any = parts.iter().any(|part| known(part, language).is_some());
        let read = |part: &&str| reason(part, language);
        return any.then(|| {
            let read: Vec<String> = parts.iter().map(read).collect();
            read.join(&language.say("; ", " ; "))
        });
    }
    if let Some((gate, said)) = text.split_once(": ")
        && let Some(said) = measured(said, language)
    {
        return Some(format!(
            "{}{}{said}",
            word::gate(gate, language),
            language.say(": ", " : ")
        ));
    }
    let (about, why) = text.split_once(": ")?;
    let why = known(why, language)?;
    Some(format!(
        "{}{}{why}",
        inside(about, language),
        language.say(": ", " : ")
    ))
}

/// What stands inside of a sentence: a reason, a KPI, an item, a day, or itself.
fn inside(text: &str, language: Language) -> String {
    if let Some(said) = known(text, language) {
        return said;
    }
    if is_kpi(text) {
        return kpi_label(text, language);
    }
    if text.contains('T') && text.ends_with('Z') {
        return number::instant(text, language);
    }
    if text.parse::<f64>().is_ok() {
        return if language == Language::French {
            text.replace('.', ",")
        } else {
            text.to_owned()
        };
    }
    word::component_or_item(text, language).unwrap_or_else(|| number::period(text, language))
}

/// `needs:` and what.
fn needs(needed: &str, language: Language) -> Option<String> {
    let parts: Vec<String> = match find(NEEDS, needed, language) {
        Some(said) => vec![said],
        None => needed
            .split([',', '+'])
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| find(NEEDS, part, language))
            .collect::<Option<_>>()?,
    };
    Some(format!(
        "{}{}",
        language.say("needs ", "il faut "),
        parts.join(&language.say(" and ", " et "))
    ))
}

/// What a gate needs, in words.
pub(crate) fn needed(text: &str, language: Language) -> String {
    known(text, language).unwrap_or_else(|| {
        let plain = text
            .replace(">=", "≥")
            .replace("<=", "≤")
            .replace("< ", "<")
            .replace('<', "<\u{a0}");
        if language == Language::French {
            plain.replace('.', ",")
        } else {
            plain
        }
    })
}

/// What a gate measured and needed.
fn measured(said: &str, language: Language) -> Option<String> {
    let needed = |text: &str| needed(text, language);
    if let Some(rest) = said.strip_prefix("could not be checked, needed ") {
        return Some(language.say(
            &format!("could not be checked, needed {}", needed(rest)),
            &format!("n'a pu être vérifié, il faut {}", needed(rest)),
        ));
    }
    let (measured, rest) = said.strip_prefix("measured ")?.split_once(", needed ")?;
    let measured = inside(measured, language);
    Some(language.say(
        &format!("measured {measured}, needed {}", needed(rest)),
        &format!("mesuré {measured}, il faut {}", needed(rest)),
    ))
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
                "not enough activity: threads: fewer than 20; newcomers: fewer than 15",
                "not enough activity: fewer than 20 threads, fewer than 15 newcomers",
                "pas assez d\u{2019}activité\u{202f}: moins de 20 fils, moins de 15 nouveaux auteurs",
            ),
            (
                "not enough activity: newcomer_retention cannot be measured",
                "not enough activity: the return of newcomers cannot be measured",
                "pas assez d\u{2019}activité\u{202f}: le retour des nouveaux n\u{2019}est pas mesurable",
            ),
            (
                "not enough activity: threads: fewer than 20; responsiveness cannot be measured; less than 70 % of the weight can be measured",
                "not enough activity: fewer than 20 threads, responsiveness cannot be measured, less than 70% of the weight can be measured",
                "pas assez d\u{2019}activité\u{202f}: moins de 20 fils, la réactivité n\u{2019}est pas mesurable, moins de 70\u{202f}% du poids est mesurable",
            ),
            (
                "newcomer_retention is withheld: too few people, here or in what could be subtracted; less than 70 % of the weight may be told",
                "Newcomers who return: withheld, too few people here or in what could be deduced; less than 70% of the weight may be told without exposing someone",
                "Retour des nouveaux\u{202f}: masqué, trop peu de personnes ici ou dans ce qu\u{2019}on pourrait en déduire\u{202f}; moins de 70\u{202f}% du poids est publiable sans exposer quelqu\u{2019}un",
            ),
            (
                "suspended: source team is silent since 2026-03-01T10:00:00Z; source own is silent since 2026-03-02T10:00:00Z; check their webhooks",
                "suspended: source team is silent since 1 March 2026, 10:00 UTC; source own is silent since 2 March 2026, 10:00 UTC; check their webhooks",
                "suspendu\u{202f}: la source team est silencieuse depuis le 1er mars 2026 à 10:00 UTC\u{202f}; la source own est silencieuse depuis le 2 mars 2026 à 10:00 UTC\u{202f}; vérifiez leurs webhooks",
            ),
            (
                "the interval of the difference holds 0: not announced; spread is not compared: it is not told on both days",
                "the interval of the difference holds 0: not announced; Spread of voices: not compared, as it is not told on both days",
                "l\u{2019}intervalle de l\u{2019}évolution contient 0\u{202f}: non annoncée\u{202f}; Partage de la parole\u{202f}: hors comparaison, faute d\u{2019}être connu aux deux dates",
            ),
            (
                "without: content_value: needs: roi.levers.content_value",
                "without: Content value: needs what a content is worth (roi.levers.content_value in levier.toml)",
                "sans\u{202f}: Valeur des contenus\u{202f}: il faut ce que vaut un contenu (roi.levers.content_value dans levier.toml)",
            ),
            (
                "size: measured 24, needed >= 100; skew: measured 2.5, needed >= 355 customers (355 x skewness squared)",
                "sample size: measured 24, needed ≥ 100; a few very large customers: measured 2.5, needed 355 customers or more (355 × skewness²)",
                "taille de l\u{2019}échantillon\u{202f}: mesuré 24, il faut ≥ 100\u{202f}; quelques très gros clients\u{202f}: mesuré 2,5, il faut 355 clients ou plus (355 × asymétrie²)",
            ),
            (
                "not attributable; 3 whole months on each side of the launch",
                "not attributable; 3 whole months on each side of the launch",
                "non attribuable\u{202f}; 3 mois complets de part et d\u{2019}autre du lancement",
            ),
            (
                "silent since 2026-03-01T10:00:00Z, usual silence up to 72 h",
                "silent since 1 March 2026, 10:00 UTC, usual silence up to 72 h",
                "silencieuse depuis le 1er mars 2026 à 10:00 UTC, silence habituel jusqu\u{2019}à 72 h",
            ),
            (
                "no_rule; source team is silent since 2026-03-01T10:00:00Z; source own is silent since 2026-03-02T10:00:00Z",
                "no mapping rule; source team is silent since 1 March 2026, 10:00 UTC; source own is silent since 2 March 2026, 10:00 UTC",
                "aucune règle de correspondance\u{202f}; la source team est silencieuse depuis le 1er mars 2026 à 10:00 UTC\u{202f}; la source own est silencieuse depuis le 2 mars 2026 à 10:00 UTC",
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
