//! Which attributes of a sender's own form or mapping may enter an event.
//!
//! Senders put anything here. What names a person, reaches one or quotes one must not lie in the lake, so an attribute is kept
//! only where it is short and plain: one word, a number or a flag, under a key that is not a person's. What refers to something
//! (a message, a subject, who invited) is kept with its addresses turned into keys.

use std::collections::BTreeMap;
use std::net::IpAddr;

use levier_domain::event::attribute;
use levier_domain::private::{EMAIL_ROLE, normalise_email};
use serde_json::Value;

use crate::platform::Origin;

/// Longest value kept, and most words in one.
const LONGEST: usize = 256;
const MOST_WORDS: usize = 8;

/// Keys that only compaction and the setters of an event fill.
const OURS: &[&str] = &[
    attribute::EMAIL_KEY,
    attribute::PHONE_KEY,
    attribute::EXTERNAL_ID,
    attribute::WORDS,
    EMAIL_ROLE,
];

/// Keys whose value refers to something.
const REFERENCES: &[&str] = &[
    attribute::MESSAGE,
    attribute::SUBJECT,
    attribute::INVITED_BY,
];

/// Keys of no person whose value may have several words.
const SEVERAL_WORDS: &[&str] = &[attribute::TAGS, attribute::SCORE, "reaction", "survey"];

/// Whom a sender may call by an id or by a name: `author`, `author_name`.
const HOLDERS: &[&str] = &[
    "agent",
    "assignee",
    "auteur",
    "author",
    "client",
    "contact",
    "creator",
    "customer",
    "from",
    "guest",
    "host",
    "lead",
    "member",
    "membre",
    "owner",
    "person",
    "player",
    "recipient",
    "sender",
    "user",
    "utilisateur",
];

/// What is always a person's own, or what somebody wrote. Keys are compared without signs and in lower case.
const PERSONAL: &[&str] = &[
    "address",
    "adresse",
    "bic",
    "birthdate",
    "body",
    "courriel",
    "displayname",
    "familyname",
    "firstname",
    "fullname",
    "givenname",
    "iban",
    "ip",
    "ipaddress",
    "lastname",
    "maidenname",
    "messagetext",
    "middlename",
    "mobile",
    "name",
    "nickname",
    "nom",
    "nomcomplet",
    "nomdefamille",
    "phone",
    "prenom",
    "prénom",
    "pseudo",
    "realname",
    "surname",
    "tel",
    "telephone",
    "text",
    "texte",
    "téléphone",
];

/// The attributes that may enter an event.
pub(crate) fn kept(value: Option<&Value>, origin: &Origin<'_>) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for (key, value) in value.and_then(Value::as_object).into_iter().flatten() {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            _ => continue,
        };
        if text.is_empty() || OURS.contains(&key.as_str()) || is_prose(&text) {
            continue;
        }
        if REFERENCES.contains(&key.as_str()) {
            kept.insert(key.clone(), origin.conceal(&text));
        } else if !is_personal(key, &text) && !reaches_someone(&text) {
            kept.insert(key.clone(), text);
        }
    }
    kept
}

fn is_prose(text: &str) -> bool {
    text.len() > LONGEST || text.split_whitespace().nth(MOST_WORDS).is_some()
}

/// Whether a value is somebody's or could quote somebody, by its key.
fn is_personal(key: &str, text: &str) -> bool {
    if SEVERAL_WORDS.contains(&key) {
        return false;
    }
    let key: String = key
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let holder = HOLDERS
        .iter()
        .find_map(|holder| key.strip_prefix(holder))
        .is_some_and(|rest| matches!(rest, "" | "name" | "nom" | "login" | "handle" | "label"));
    let line = ["phone", "mobile", "gsm", "fax"]
        .iter()
        .any(|word| key.contains(word))
        || key.starts_with("tel");
    PERSONAL.contains(&key.as_str())
        || key.ends_with("mail")
        || (holder && !names_no_one(text))
        || (line && text.bytes().filter(u8::is_ascii_digit).count() >= 6)
        || text.contains(char::is_whitespace)
}

/// Whether it is an id rather than a name: no spaces, with a digit.
fn names_no_one(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':'))
}

/// Whether a value holds an address, is a telephone or account number, or a page that may be somebody's. Digits alone are an id
/// unless they begin with the 0 of a national number; a date is a date.
fn reaches_someone(text: &str) -> bool {
    let plain = text.replace("%40", "@");
    let words = || plain.split(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';'));
    if text.contains("://") || words().any(|word| normalise_email(word).is_some()) {
        return true;
    }
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let only_number = text
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '.' | '-' | '(' | ')' | '/'));
    let written_as_number = (digits >= 8 && (text.starts_with('+') || text.contains([' ', '('])))
        || (digits >= 9 && text.starts_with('0'));
    let phone = only_number && written_as_number && digits <= 15;
    phone || text.parse::<IpAddr>().is_ok() || is_iban(text)
}

/// ISO 13616: two letters, two digits, and a remainder of 1.
fn is_iban(text: &str) -> bool {
    let plain: Vec<u8> = text
        .bytes()
        .filter(|b| *b != b' ')
        .map(|b| b.to_ascii_uppercase())
        .collect();
    if !(15..=34).contains(&plain.len()) || !plain.iter().all(u8::is_ascii_alphanumeric) {
        return false;
    }
    let (head, rest) = plain.split_at(4);
    if !head[..2].iter().all(u8::is_ascii_uppercase) || !head[2..].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let remainder = rest.iter().chain(head).fold(0_u32, |sum, byte| {
        if byte.is_ascii_digit() {
            (sum * 10 + u32::from(byte - b'0')) % 97
        } else {
            (sum * 100 + u32::from(byte - b'A') + 10) % 97
        }
    });
    remainder == 1
}
