//! What would name or reach somebody: headers that announce it, cells that look like it, phone numbers inside a text.
//!
//! A header that nobody foresaw may hold anything, so that the words here only add to what the values must prove
//! ([`crate::closed`]).

use std::ops::Range;

use levier_domain::private::normalise_phone;

use crate::dates::{self, Order};
use crate::dialect::token;

/// Words that announce a name, an address, a number, free text or a trait of a person, wherever they stand in a header.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "name", "nom", "noms", "prenom", "prenoms", "prénom", "prénoms", "firstname", "lastname", "surname", "fullname",
    "salutation", "civilite", "civilité", "email", "e-mail", "mail", "mel", "courriel", "phone", "mobile",
    "cellphone", "portable", "gsm", "fixe", "téléphone", "telephone", "tél", "tel", "fax", "whatsapp", "address", "adresse",
    "street", "rue", "zip", "postal", "postcode", "cp", "birth", "birthday", "dob", "naissance", "anniversaire", "né", "née", "age",
    "âge", "note", "notes", "comment", "comments", "commentaire", "commentaires", "description", "message", "body", "remarque",
    "remarques", "text", "texte", "password", "iban", "bic", "nir", "ssn", "ip", "latitude", "longitude", "twitter", "linkedin",
    "facebook", "instagram", "skype", "owner", "propriétaire", "proprietaire", "signature", "photo", "avatar", "gender", "sexe",
    "genre", "username", "login",
];

/// Words that announce a person unless the header asks for something about them ([`ABOUT`]).
#[rustfmt::skip]
const PEOPLE: &[&str] = &[
    "contact", "contacts", "client", "cliente", "customer", "person", "personne", "people", "lead", "prospect", "commercial",
    "commerciale", "responsable", "conseiller", "conseillère", "conseillere", "gérant", "gérante", "gerant", "gerante", "dirigeant",
    "dirigeante", "directeur", "directrice", "interlocuteur", "interlocutrice", "collaborateur", "collaboratrice", "parrain",
    "marraine", "filleul", "filleule", "tuteur", "tutrice", "mentor", "vendeur", "vendeuse", "apporteur", "référent", "référente",
    "referent", "referente", "assistant", "assistante", "chargé", "chargée", "gestionnaire", "utilisateur", "utilisatrice",
    "auteur", "author", "creator", "user", "assigned", "assignee", "assigné", "assigne", "manager", "supervisor", "seller", "rep",
    "representative", "représentant", "représentante", "representant", "sponsor", "referrer", "agent", "advisor", "adviser",
    "beneficiary", "bénéficiaire", "beneficiaire", "urgence", "emergency",
];

/// Words of headers that ask for something about a person.
#[rustfmt::skip]
const ABOUT: &[&str] = &[
    "type", "statut", "status", "stage", "phase", "étape", "etape", "source", "origine", "origin", "catégorie", "categorie",
    "category", "segment", "segmentation", "score", "scoring", "nombre", "nb", "number", "count", "total", "date", "niveau", "level",
    "canal", "channel", "secteur", "industry", "taille", "size", "pays", "country", "langue", "language", "id", "is", "has",
    "depuis", "since", "ancienneté", "valeur", "value", "ca",
];

/// The words of a header, cut at signs and where a capital follows a small letter (`contactName`), in small letters.
fn words(header: &str) -> Vec<String> {
    let mut cut = String::with_capacity(header.len() + 4);
    let mut small = false;
    for c in header.chars() {
        if small && c.is_uppercase() {
            cut.push(' ');
        }
        small = c.is_lowercase();
        cut.push(c);
    }
    token(&cut)
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .map(|word| word.trim_matches('-').to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Whether a header announces a person, how to reach one, or free text: such columns never become attributes.
pub(crate) fn private_header(header: &str) -> bool {
    let words = words(header);
    let private = |word: &str| WORDS.contains(&word);
    let person = |word: &str| PEOPLE.contains(&word);
    // `nomclient`, `contactmail`: two words written as one.
    let joined = |word: &str| {
        word.char_indices().skip(2).any(|(at, _)| {
            let (one, other) = word.split_at(at);
            (private(one) || private(other))
                && (private(one) || person(one))
                && (private(other) || person(other))
        })
    };
    if words.iter().any(|word| private(word) || joined(word)) {
        return true;
    }
    // `Créé par`, `Modified by`; not `Commandes par mois`.
    let done_by = words.windows(2).any(|pair| {
        matches!(pair[1].as_str(), "par" | "by")
            && (["é", "ée", "ed", "cree", "modifie"]
                .iter()
                .any(|end| pair[0].ends_with(end)))
    });
    let about = words.iter().any(|word| ABOUT.contains(&word.as_str()));
    done_by || (!about && words.iter().any(|word| person(word)))
}

/// Whether a cell of an unknown column looks like a person, a way to reach one, or free text.
pub(crate) fn looks_private(text: &str, country: &str) -> bool {
    reaches_someone(text)
        || text.len() > 80
        || text.contains('\n')
        || text.split_whitespace().count() > 8
        || looks_like_a_person(text)
        || !phones(text, country).is_empty()
}

/// Whether a cell looks like an address or a phone number, whatever the country.
pub(crate) fn reaches_someone(text: &str) -> bool {
    let mut digits = 0;
    let number = text.chars().all(|c| {
        digits += usize::from(c.is_ascii_digit());
        c.is_ascii_digit() || is_phone_mark(c)
    });
    (number && (9..=15).contains(&digits)) || text.contains('@')
}

/// Whether a text is two to four words with a capital each, as names of people are (and, alas, some stages of sales).
pub(crate) fn looks_like_a_person(text: &str) -> bool {
    const PARTICLES: &[&str] = &[
        "de", "du", "des", "la", "le", "van", "von", "der", "den", "di", "da", "el", "al", "ben",
        "bin", "dos",
    ];
    let mut capitals = 0;
    for word in text.split_whitespace() {
        if PARTICLES.contains(&word) {
            continue;
        }
        let name = word.starts_with(char::is_uppercase)
            && word
                .chars()
                .all(|c| c.is_alphabetic() || matches!(c, '-' | '\'' | '’' | '.' | ','));
        if !name {
            return false;
        }
        capitals += 1;
    }
    (2..=4).contains(&capitals)
}

fn is_phone_mark(c: char) -> bool {
    c.is_whitespace() && c != '\n'
        || matches!(c, '+' | '.' | '-' | '(' | ')' | '/' | '\'' | '\u{2011}')
}

/// Fewest and most digits of a phone number.
const DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// Digits alone, without the mark of a number (`+`, `0`, blanks), are a number only if they are so many.
const BARE: usize = 10;

/// Where phone numbers stand in a text: valid ones, read with `country` as default.
pub(crate) fn phones(text: &str, country: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if text.bytes().filter(u8::is_ascii_digit).count() < *DIGITS.start() {
        return found;
    }
    // Words of digits and marks that stand together; a word with a letter at either end is none.
    let mut run: Vec<Range<usize>> = Vec::new();
    let mut word: Option<(usize, bool)> = None;
    let mut previous = ' ';
    for (at, c) in text.char_indices().chain([(text.len(), '\n')]) {
        let blank = c.is_whitespace();
        if !blank && (c.is_ascii_digit() || is_phone_mark(c)) {
            word.get_or_insert((at, !previous.is_alphanumeric() && previous != '_'));
        } else {
            if let Some((from, sound)) = word.take()
                && sound
                && !c.is_alphanumeric()
                && c != '_'
            {
                run.push(from..at);
            }
            if !blank || c == '\n' {
                take_phones(text, country, &run, &mut found);
                run.clear();
            }
        }
        previous = c;
    }
    found
}

/// Takes the numbers out of words that stand together: the longest first, because two numbers may stand side by side.
fn take_phones(text: &str, country: &str, run: &[Range<usize>], found: &mut Vec<Range<usize>>) {
    let mut first = 0;
    while first < run.len() {
        let mut next = first + 1;
        for last in (first..run.len().min(first + DIGITS.end())).rev() {
            let whole = &text[run[first].start..run[last].end];
            let lead = whole.len() - whole.trim_start_matches(['.', '-', '/', '\'', ')']).len();
            let number = whole[lead..].trim_end_matches(|c: char| !c.is_ascii_digit() && c != ')');
            let dated = run[first..=last]
                .iter()
                .any(|word| is_day(&text[word.clone()]));
            if !dated && is_phone(number, country) {
                let from = run[first].start + lead;
                found.push(from..from + number.len());
                next = last + 1;
                break;
            }
        }
        first = next;
    }
}

fn is_day(word: &str) -> bool {
    [Order::DayFirst, Order::MonthFirst]
        .iter()
        .any(|order| dates::parse(word, Some(*order)).is_ok())
}

fn is_phone(number: &str, country: &str) -> bool {
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let bare = digits == number.len() && !number.starts_with('0');
    if !DIGITS.contains(&digits) || (bare && digits < BARE) {
        return false;
    }
    // `+33 (0)6 …`: the zero is not dialled.
    let plain: String = number
        .replace("(0)", "")
        .chars()
        .filter(|c| c.is_ascii_digit() || *c == '+')
        .collect();
    normalise_phone(&plain, country).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_announce_people_are_told() {
        for (header, want) in [
            ("First name", true),
            ("contactName", true),
            ("nomclient", true),
            ("Prénoms", true),
            ("Commercial", true),
            ("Responsable", true),
            ("Créé par l'utilisateur", true),
            ("Créé par", true),
            ("Modified By", true),
            ("Parrain", true),
            ("Portable", true),
            ("Assigned To", true),
            ("NIR", true),
            ("Collaborateur", true),
            ("Score", false),
            ("Type de contact", false),
            ("Nombre de commandes", false),
            ("Commandes par mois", false),
            ("Secteur", false),
            ("nomenclature", false),
        ] {
            assert_eq!(private_header(header), want, "{header}");
        }
    }

    #[test]
    fn people_and_what_reaches_them_are_told() {
        for (text, want) in [
            ("jean@exemple.fr", true),
            ("+33 6 12 34 56 78", true),
            ("0612345678", true),
            ("33612345678", true),
            ("06\u{A0}12\u{202F}34 56 78", true),
            ("06 12 34 56 78 (perso)", true),
            ("(+33)612345678", true),
            ("06/12/34/56/78", true),
            ("185057512345678", true),
            ("Marie Durand", true),
            ("Jean-Paul DE LA Tour", true),
            ("DURAND Marie", true),
            ("Premium", false),
            ("Grand compte", false),
            ("2026-01-01", false),
            ("12345", false),
        ] {
            assert_eq!(looks_private(text, "FR"), want, "{text}");
        }
    }

    #[test]
    fn phone_numbers_are_found_inside_a_text() {
        for (text, want) in [
            ("rappelez-moi au 06 12 34 56 78.", &["06 12 34 56 78"][..]),
            ("Litige 0612345678", &["0612345678"]),
            ("tel:+33612345678, merci", &["+33612345678"]),
            (
                "+33 (0)6 12 34 56 78 ou 0145678901",
                &["+33 (0)6 12 34 56 78", "0145678901"],
            ),
            (
                "06 12 34 56 78 07 81 23 45 67",
                &["06 12 34 56 78", "07 81 23 45 67"],
            ),
            ("commande 5550001234 du 01/02/2026", &[]),
            ("le 2026-01-02 10:30", &[]),
            ("id 550e8400-e29b-41d4-a716-446655440000", &[]),
            ("1 234 567,89 €", &[]),
            ("ref A0612345678B", &[]),
        ] {
            let found: Vec<&str> = phones(text, "FR").into_iter().map(|at| &text[at]).collect();
            assert_eq!(found, want, "{text}");
        }
    }
}
