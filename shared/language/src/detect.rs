//! French, English or neither.
//!
//! Function words decide first: they are what short messages are made of, they are cheap, and they tell French from Spanish where
//! letter statistics of ten words cannot. What they leave open goes to whatlang's trigrams, over all its languages so that a
//! text in another one is recognised as such, and is taken only where whatlang calls itself reliable.

use std::collections::HashMap;
use std::sync::OnceLock;

use whatlang::Lang;

/// Words weighed by how surely they tell: 2 alone suffices for a short message, 1 needs company.
const FRENCH: &[(&str, i32)] = &[
    ("ai", 1),
    ("alors", 2),
    ("au", 1),
    ("aussi", 2),
    ("aux", 1),
    ("avec", 2),
    ("avez", 2),
    ("avoir", 2),
    ("bien", 1),
    ("bonjour", 2),
    ("bonsoir", 2),
    ("bravo", 1),
    ("c'est", 3),
    ("ça", 2),
    ("cela", 2),
    ("ces", 1),
    ("cette", 2),
    ("chez", 2),
    ("comme", 2),
    ("comment", 1),
    ("coucou", 2),
    ("d'accord", 3),
    ("dans", 2),
    ("de", 1),
    ("depuis", 2),
    ("des", 1),
    ("donc", 2),
    ("du", 1),
    ("elle", 1),
    ("en", 1),
    ("encore", 2),
    ("est", 1),
    ("est-ce", 3),
    ("et", 1),
    ("être", 2),
    ("faire", 2),
    ("fait", 2),
    ("faut", 2),
    ("il", 1),
    ("ils", 2),
    ("j'ai", 3),
    ("j'adore", 3),
    ("j'aime", 3),
    ("je", 2),
    ("jamais", 2),
    ("l'on", 2),
    ("la", 1),
    ("le", 1),
    ("les", 1),
    ("leur", 2),
    ("mais", 1),
    ("même", 2),
    ("merci", 2),
    ("mes", 1),
    ("moi", 2),
    ("mon", 1),
    ("n'est", 3),
    ("ne", 1),
    ("nous", 2),
    ("nul", 2),
    ("on", 0),
    ("ont", 2),
    ("où", 2),
    ("ou", 1),
    ("oui", 2),
    ("par", 1),
    ("parce", 2),
    ("pas", 2),
    ("peu", 1),
    ("peut", 2),
    ("plus", 1),
    ("pour", 2),
    ("pourquoi", 2),
    ("qu'est-ce", 3),
    ("quand", 2),
    ("que", 1),
    ("quel", 2),
    ("quelle", 2),
    ("quelqu'un", 3),
    ("qui", 1),
    ("quoi", 2),
    ("sans", 2),
    ("salut", 2),
    ("sont", 2),
    ("suis", 2),
    ("sur", 1),
    ("toujours", 2),
    ("tous", 2),
    ("tout", 2),
    ("très", 2),
    ("trop", 2),
    ("tu", 1),
    ("un", 1),
    ("une", 1),
    ("va", 1),
    ("vos", 2),
    ("votre", 2),
    ("vous", 2),
    ("voici", 2),
    ("voilà", 2),
    ("y", 0),
];

const ENGLISH: &[(&str, i32)] = &[
    ("a", 0),
    ("about", 2),
    ("after", 2),
    ("all", 1),
    ("also", 1),
    ("am", 1),
    ("and", 2),
    ("any", 1),
    ("anyone", 2),
    ("are", 2),
    ("at", 1),
    ("awesome", 2),
    ("be", 1),
    ("because", 2),
    ("been", 2),
    ("but", 2),
    ("by", 1),
    ("can", 1),
    ("can't", 3),
    ("could", 2),
    ("did", 2),
    ("do", 1),
    ("does", 2),
    ("don't", 3),
    ("for", 2),
    ("from", 2),
    ("get", 1),
    ("good", 1),
    ("great", 2),
    ("had", 2),
    ("has", 2),
    ("have", 2),
    ("hello", 1),
    ("help", 1),
    ("here", 2),
    ("hey", 1),
    ("how", 2),
    ("i", 1),
    ("i'm", 3),
    ("i've", 3),
    ("if", 2),
    ("in", 1),
    ("into", 2),
    ("is", 1),
    ("isn't", 3),
    ("it", 2),
    ("it's", 3),
    ("its", 2),
    ("just", 2),
    ("know", 2),
    ("love", 2),
    ("me", 0),
    ("my", 2),
    ("no", 0),
    ("not", 2),
    ("of", 2),
    ("on", 0),
    ("or", 0),
    ("our", 2),
    ("out", 2),
    ("please", 2),
    ("really", 2),
    ("should", 2),
    ("so", 1),
    ("some", 2),
    ("someone", 2),
    ("thank", 2),
    ("thanks", 2),
    ("that", 2),
    ("that's", 3),
    ("the", 2),
    ("their", 2),
    ("then", 2),
    ("there", 2),
    ("they", 2),
    ("this", 2),
    ("to", 1),
    ("very", 2),
    ("was", 1),
    ("we", 1),
    ("were", 2),
    ("what", 2),
    ("when", 2),
    ("where", 2),
    ("which", 2),
    ("who", 2),
    ("why", 2),
    ("will", 1),
    ("with", 2),
    ("work", 1),
    ("works", 2),
    ("would", 2),
    ("yes", 2),
    ("you", 2),
    ("your", 2),
];

/// Words of the neighbours that French or English could be taken for: Spanish, Italian, Portuguese, Catalan, German, Dutch.
const OTHER: &[(&str, i32)] = &[
    ("aber", 2),
    ("al", 1),
    ("alguien", 2),
    ("allora", 2),
    ("als", 1),
    ("amb", 2),
    ("anche", 2),
    ("auch", 2),
    ("auf", 2),
    ("bei", 2),
    ("bin", 1),
    ("buenos", 2),
    ("che", 2),
    ("ciao", 2),
    ("com", 1),
    ("come", 0),
    ("como", 2),
    ("con", 2),
    ("da", 1),
    ("danke", 2),
    ("das", 2),
    ("de", 1),
    ("degli", 2),
    ("dei", 2),
    ("del", 2),
    ("della", 2),
    ("den", 1),
    ("der", 2),
    ("di", 2),
    ("die", 1),
    ("do", 0),
    ("e", 1),
    ("een", 2),
    ("ein", 2),
    ("eine", 2),
    ("el", 2),
    ("ella", 1),
    ("em", 1),
    ("en", 1),
    ("es", 1),
    ("está", 2),
    ("esto", 2),
    ("für", 2),
    ("gli", 2),
    ("gracias", 2),
    ("grazie", 2),
    ("hay", 1),
    ("het", 2),
    ("hola", 2),
    ("i", 0),
    ("ich", 2),
    ("ik", 2),
    ("il", 1),
    ("isso", 2),
    ("ist", 2),
    ("je", 0),
    ("kann", 2),
    ("la", 1),
    ("las", 2),
    ("le", 0),
    ("lo", 2),
    ("los", 2),
    ("maar", 2),
    ("mais", 0),
    ("mas", 1),
    ("más", 2),
    ("mein", 2),
    ("met", 1),
    ("mi", 1),
    ("mit", 2),
    ("molto", 2),
    ("muito", 2),
    ("muy", 2),
    ("nicht", 2),
    ("niet", 2),
    ("non", 0),
    ("não", 2),
    ("o", 1),
    ("obrigado", 2),
    ("oder", 2),
    ("para", 2),
    ("per", 1),
    ("però", 2),
    ("pero", 2),
    ("perché", 2),
    ("por", 2),
    ("porque", 2),
    ("que", 1),
    ("questo", 2),
    ("sehr", 2),
    ("si", 0),
    ("sich", 2),
    ("sie", 2),
    ("sind", 2),
    ("sono", 2),
    ("su", 1),
    ("también", 2),
    ("tu", 0),
    ("um", 1),
    ("una", 2),
    ("und", 2),
    ("uno", 2),
    ("van", 1),
    ("voor", 2),
    ("wie", 1),
    ("wir", 2),
    ("y", 1),
    ("yo", 1),
    ("zu", 2),
    ("één", 2),
];

/// Letters of a text beyond which more would not change the verdict.
const ENOUGH: usize = 1_000;
/// Fewest letters that trigrams can judge.
const FEWEST: usize = 24;

type Weights = HashMap<&'static str, [i32; 3]>;

fn weights() -> &'static Weights {
    static WEIGHTS: OnceLock<Weights> = OnceLock::new();
    WEIGHTS.get_or_init(|| {
        let mut all = Weights::new();
        for (place, list) in [FRENCH, ENGLISH, OTHER].into_iter().enumerate() {
            for &(word, weight) in list {
                all.entry(word).or_default()[place] = weight;
            }
        }
        all
    })
}

pub(crate) fn language(prose: &str, words: &[String]) -> Option<&'static str> {
    let mut score = [0; 3];
    for word in words.iter().take(200) {
        let known = weights().get(word.as_str()).copied().or_else(|| {
            // l'équipe, d'abord, qu'il, j'utilise: elision is French (Italian has it too, with other company).
            let (head, tail) = word.split_once('\'')?;
            (matches!(
                head,
                "l" | "d" | "j" | "n" | "s" | "c" | "m" | "t" | "qu" | "jusqu" | "lorsqu"
            ) && tail.chars().count() > 1)
                .then_some([
                    2,
                    0,
                    if matches!(head, "l" | "d" | "c") {
                        1
                    } else {
                        0
                    },
                ])
        });
        if let Some(known) = known {
            for (sum, weight) in score.iter_mut().zip(known) {
                *sum += weight;
            }
        }
    }
    let [french, english, other] = score;
    for (language, mine, rival) in [
        ("fr", french, english.max(other)),
        ("en", english, french.max(other)),
    ] {
        // Four points with twice the rival's, or for a message of a few words any sure word without a rival.
        if (mine >= 4 && mine >= 2 * rival) || (mine >= 2 && rival == 0 && words.len() <= 6) {
            return Some(language);
        }
    }
    if other >= 4 && other >= 2 * french.max(english) {
        return None;
    }
    let sample: String = prose.chars().take(ENOUGH).collect();
    if sample.chars().filter(|c| c.is_alphabetic()).count() < FEWEST {
        return None;
    }
    let info = whatlang::detect(&sample)?;
    match info.lang() {
        Lang::Fra if info.is_reliable() && french >= other => Some("fr"),
        Lang::Eng if info.is_reliable() && english >= other => Some("en"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prose::words;

    #[test]
    fn languages() {
        for (text, want) in [
            (
                "Bonjour à tous, je n'arrive pas à exporter mes factures depuis hier",
                Some("fr"),
            ),
            ("merci !", Some("fr")),
            ("super, merci beaucoup", Some("fr")),
            ("C'est nul", Some("fr")),
            ("J'utilise l'application tous les jours", Some("fr")),
            ("Thanks!", Some("en")),
            (
                "Does anyone know how to export invoices from the app?",
                Some("en"),
            ),
            ("this is great", Some("en")),
            ("I love it", Some("en")),
            ("ok", None),
            ("", None),
            ("12345 67890", None),
            (
                "Hola, ¿alguien sabe cómo exportar las facturas de la aplicación?",
                None,
            ),
            (
                "Guten Tag, ich kann meine Rechnungen nicht mehr exportieren",
                None,
            ),
            (
                "Ciao a tutti, non riesco a esportare le fatture da ieri",
                None,
            ),
            (
                "Olá, não consigo exportar as minhas faturas desde ontem",
                None,
            ),
            ("Добрый день, не могу выгрузить счета", None),
            ("請求書をエクスポートできません", None),
        ] {
            assert_eq!(language(text, &words(text)), want, "{text}");
        }
    }
}
