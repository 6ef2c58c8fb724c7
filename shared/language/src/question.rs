//! Whether the author asks something, in French or English, with or without a question mark.
//!
//! A sentence that ends with a question mark asks, unless it stands in quotation marks (somebody else asks) or has no word. In
//! chats the mark is often left out: set phrases tell then. `how to …` and `comment …` alone do not, since guides are called so.

use std::collections::HashMap;
use std::sync::OnceLock;

/// Phrases that ask wherever they stand.
const ANYWHERE: &[&str] = &[
    "anyone know",
    "anybody know",
    "anyone here know",
    "can anyone",
    "can anybody",
    "can someone",
    "could anyone",
    "could someone",
    "does anyone",
    "does anybody",
    "does someone",
    "has anyone",
    "has anybody",
    "is there a way",
    "is there any way",
    "i was wondering if",
    "i was wondering how",
    "i'm wondering if",
    "i'm wondering how",
    "est-ce que",
    "est-ce qu'",
    "est-ce possible",
    "j'aimerais savoir",
    "je voudrais savoir",
    "quelqu'un a déjà",
    "quelqu'un a deja",
    "quelqu'un aurait",
    "quelqu'un connaît",
    "quelqu'un connait",
    "quelqu'un peut",
    "quelqu'un pourrait",
    "quelqu'un sait",
    "quelqu'un saurait",
    "savez-vous",
    "sais-tu si",
    "y a-t-il",
    "y aurait-il",
    "y a t-il",
    "y a t il",
];

/// Phrases that ask where a clause begins.
const OPENING: &[&str] = &[
    "any idea how",
    "any idea if",
    "any idea what",
    "any idea why",
    "any ideas how",
    "any ideas why",
    "how can i",
    "how can we",
    "how do i",
    "how do we",
    "how do you",
    "how does one",
    "how should i",
    "what is the best way",
    "what's the best way",
    "where can i",
    "where do i",
    "which one should i",
    "why can't i",
    "why do i",
    "why does",
    "why is it",
    "avez-vous",
    "as-tu",
    "auriez-vous",
    "comment dois-je",
    "comment faire pour",
    "comment faites-vous",
    "comment fait-on",
    "comment peut-on",
    "comment puis-je",
    "comment je fais pour",
    "où puis-je",
    "où peut-on",
    "où trouver",
    "peut-on",
    "pourquoi est-ce",
    "pourquoi n'",
    "pouvez-vous",
    "pourriez-vous",
    "puis-je",
    "qu'est-ce que",
    "qu'est-ce qui",
    "quel est le meilleur",
    "quelle est la meilleure",
    "qui peut me",
    "qui sait",
];

const GREETINGS: &[&str] = &[
    "hello",
    "hi",
    "hey",
    "all",
    "everyone",
    "there",
    "guys",
    "team",
    "folks",
    "bonjour",
    "bonsoir",
    "salut",
    "coucou",
    "à",
    "tous",
    "toutes",
    "et",
    "tout",
    "le",
    "monde",
    "la",
    "l'équipe",
    "please",
    "stp",
    "svp",
    "so",
    "du",
    "coup",
    "alors",
];

/// The text without what stands in quotation marks on one line.
fn unquoted(prose: &str) -> String {
    let mut out = String::with_capacity(prose.len());
    let mut rest = prose;
    while let Some(at) = rest.find(['"', '«', '“']) {
        out.push_str(&rest[..at]);
        let open = rest[at..].chars().next().unwrap_or('"');
        let close = match open {
            '«' => '»',
            '“' => '”',
            other => other,
        };
        let body = &rest[at + open.len_utf8()..];
        match body.find([close, '\n']) {
            Some(end) if body[end..].starts_with(close) => rest = &body[end + close.len_utf8()..],
            // A lone mark: inches, or a quotation that is never closed.
            _ => rest = body,
        }
    }
    out.push_str(rest);
    out
}

pub(crate) fn asks(prose: &str) -> bool {
    let text = unquoted(prose);
    has_marked_sentence(&text) || has_phrase(&text)
}

fn has_marked_sentence(text: &str) -> bool {
    let mut has_word = false;
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        match c {
            '?' | '？' | '⁇' | '⁉' => {
                // A mark within a word (`x?y`, `?.`) ends nothing.
                let ends = letters.peek().is_none_or(|&next| {
                    next.is_whitespace()
                        || !(next.is_alphanumeric() || matches!(next, '=' | '.' | ':' | '/' | '_'))
                });
                if has_word && ends {
                    return true;
                }
            }
            '.' | '!' | '\n' => has_word = false,
            c if c.is_alphabetic() => has_word = true,
            _ => {}
        }
    }
    false
}

/// Phrases by their first word, with whether they must open the clause: most words begin none, so that most texts cost one
/// look-up a word.
fn phrases() -> &'static HashMap<&'static str, Vec<(&'static str, bool)>> {
    static PHRASES: OnceLock<HashMap<&'static str, Vec<(&'static str, bool)>>> = OnceLock::new();
    PHRASES.get_or_init(|| {
        let mut by_first: HashMap<&'static str, Vec<(&'static str, bool)>> = HashMap::new();
        for (list, opens) in [(ANYWHERE, false), (OPENING, true)] {
            for phrase in list {
                let first = phrase.split(' ').next().unwrap_or(phrase);
                by_first.entry(first).or_default().push((phrase, opens));
            }
        }
        by_first
    })
}

fn has_phrase(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower
        .split(['.', '!', '?', '\n', ',', ';', ':', '…', '(', ')'])
        .any(|clause| {
            let words: Vec<&str> = clause.split_whitespace().collect();
            let greeted = words
                .iter()
                .take_while(|word| GREETINGS.contains(word))
                .count();
            words.iter().enumerate().any(|(at, word)| {
                phrases().get(word).is_some_and(|known| {
                    known.iter().any(|(phrase, opens)| {
                        (!opens || at == greeted) && begins(&words[at..], phrase)
                    })
                })
            })
        })
}

/// Whether the words begin with the phrase; its last word may be an elision that the next one continues.
fn begins(words: &[&str], phrase: &str) -> bool {
    let mut words = words.iter();
    phrase.split(' ').all(|wanted| {
        words.next().is_some_and(|word| {
            *word == wanted || (wanted.ends_with('\'') && word.starts_with(wanted))
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::read;

    #[test]
    fn questions() {
        for (text, want) in [
            ("Comment exporter mes factures ?", true),
            ("Comment exporter mes factures ? Merci d'avance !", true),
            ("Bonjour, est-ce que quelqu'un a la réponse", true),
            ("Salut à tous, quelqu'un sait où trouver le guide", true),
            ("Bonjour, comment faire pour changer d'adresse", true),
            ("y a-t-il un moyen d'exporter", true),
            ("How do I export my invoices", true),
            ("Hi all, does anyone know the limit", true),
            ("is there a way to sort this", true),
            ("What is this?", true),
            ("Vraiment ?!", true),
            ("Elle m'a demandé « tu viens ? » et je suis venue", false),
            ("He asked \"are you ok?\" and left.", false),
            ("voir https://exemple.fr/recherche?q=prix", false),
            ("> tu viens ?\nJe suis venue.", false),
            ("`a ? b : c`", false),
            ("Je ne sais pas comment faire", false),
            ("I know how to do it", false),
            ("How to export invoices: a guide", false),
            ("?", false),
            ("Super merci", false),
            ("", false),
        ] {
            assert_eq!(read(text).is_question, want, "{text}");
        }
    }
}
