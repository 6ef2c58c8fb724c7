//! What receipts say, in both languages: the reader of exports writes English sentences, which are read here and said again.

use levier_domain::receipt::Refusal;

use crate::language::Language;
use crate::receipt_file_table::FILES;
use crate::receipt_row_table::ROWS;
use crate::template::holes;

/// A sentence of a receipt for a reader of `language`. What stands in its holes is a name, a number or a sentence itself; what is
/// not known stands as it was written.
///
/// ```
/// use levier_render::{Language, receipt_sentence};
/// let said = receipt_sentence("column `plan` is new", Language::French);
/// assert_eq!(said, "la colonne `plan` est nouvelle");
/// ```
#[must_use]
pub fn receipt_sentence(text: &str, language: Language) -> String {
    known(text, language).unwrap_or_else(|| text.to_owned())
}

/// Why a row was refused, after the place where it stands, for a reader of `language`.
#[must_use]
pub fn refusal_sentence(refusal: &Refusal, language: Language) -> String {
    let line = language.say("line", "ligne");
    let column = if refusal.column.is_empty() {
        String::new()
    } else {
        format!(", {}", refusal.column)
    };
    format!(
        "{line} {}{column}{}{}{}{}",
        refusal.line,
        language.say(": ", " : "),
        receipt_sentence(&refusal.reason, language),
        language.say("; ", " ; "),
        receipt_sentence(&refusal.hint, language),
    )
}

/// The same, where it is known.
pub(crate) fn known(text: &str, language: Language) -> Option<String> {
    ROWS.iter().chain(FILES).find_map(|(written, french)| {
        let found = holes(written, text)?;
        let template = language.say(written, french);
        // Names that hold braces of their own are not taken for holes.
        let mut parts = template.split("{}");
        let mut said = parts.next().unwrap_or_default().to_owned();
        for (hole, part) in found.into_iter().zip(parts) {
            said.push_str(&receipt_sentence(hole, language));
            said.push_str(part);
        }
        Some(said)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_receipt_says_reads_in_both_languages() {
        for (text, french) in [
            (
                "is no amount (text with digits)",
                "n’est pas un montant (du texte avec des chiffres)",
            ),
            (
                "In the column `ordered_at` day and month cannot be told apart (line 2: both are 12 or less, and so in every row). Which comes first? Say `date_order = \"dmy\"` or `\"mdy\"` in a sidecar file, or export dates as YYYY-MM-DD.",
                "Dans la colonne `ordered_at`, le jour et le mois ne peuvent être distingués (ligne 2\u{202f}: les deux valent 12 ou moins, comme sur toutes les lignes). Lequel vient en premier\u{202f}? Dire `date_order = \"dmy\"` ou `\"mdy\"` dans un fichier d’accompagnement, ou exporter les dates en AAAA-MM-JJ.",
            ),
            (
                "The file cannot be read: the JSON array has no closing bracket. It is damaged or was cut off; export it again.",
                "Le fichier est illisible\u{202f}: le tableau JSON n’a pas de crochet fermant. Il est abîmé ou a été coupé\u{202f}; l’exporter de nouveau.",
            ),
            (
                "6 of 7 headers on line 1 are those of levier-orders (entity declared)",
                "6 en-têtes sur 7 de la ligne 1 sont ceux de levier-orders (entité déclarée)",
            ),
            ("column `{}` is new", "la colonne `{}` est nouvelle"),
            (
                "column `a` was text and is number now",
                "la colonne `a` contenait du texte et contient maintenant des nombres",
            ),
            ("A sentence of its own.", "A sentence of its own."),
        ] {
            assert_eq!(receipt_sentence(text, Language::English), text);
            assert_eq!(receipt_sentence(text, Language::French), french);
        }
    }

    #[test]
    fn a_refusal_is_one_sentence_with_its_place() {
        let refusal = Refusal {
            line: 7,
            column: "Montant".to_owned(),
            reason: "is no amount (text)".to_owned(),
            hint: "write digits with one decimal mark".to_owned(),
        };
        assert_eq!(
            refusal_sentence(&refusal, Language::English),
            "line 7, Montant: is no amount (text); write digits with one decimal mark"
        );
        let french = refusal_sentence(&refusal, Language::French);
        assert!(
            french.starts_with(
                "ligne 7, Montant\u{202f}: n\u{2019}est pas un montant (du texte)\u{202f}; "
            ),
            "{french}"
        );
        assert!(!french.contains("write"), "{french}");
    }

    #[test]
    fn both_languages_have_the_same_holes() {
        for (written, french) in ROWS.iter().chain(FILES) {
            let n = |text: &str| text.matches("{}").count();
            assert_eq!(n(written), n(french), "{written}");
        }
    }
}
