//! People stay private: e-mail and phone become keyed hashes at the first parse.
//!
//! A plain hash of an e-mail can be undone by hashing every e-mail one knows; a keyed one cannot, without the workspace's key.
//! Normalisation comes first so that the same address always gives the same key: trim, NFC, lower case; `+tag` and dots stay,
//! because two such addresses can be two people.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;
use unicode_normalization::UnicodeNormalization;

/// Key in `attributes` (of a `people` record or of an event) that says `"true"` where the e-mail behind `email_key` is a role
/// address. Once hashed nobody can tell any more, so whoever hashes leaves the mark ([`is_role_address`]).
pub const EMAIL_ROLE: &str = "email_role";

/// Key in `attributes` of a `people` record on its way: the domain of the e-mail where it is a company's (never a free-mail one),
/// by which people roll up to accounts. Between reader and import it is a keyed hash, kept beside the rows and not in them;
/// between `join` and identity it is the domain again, for those that an account declares.
pub const EMAIL_DOMAIN: &str = "email_domain";

/// The workspace's hashing key. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct HashKey(Hmac<Sha256>);

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(…)")
    }
}

impl HashKey {
    /// Takes the key's bytes.
    ///
    /// # Errors
    /// [`WeakKey`] under 16 bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, WeakKey> {
        let bytes = bytes.into();
        if bytes.len() < 16 {
            Err(WeakKey)
        } else {
            // HMAC takes keys of any length; the error type exists only for fixed-length MACs. Keyed once, because that costs as
            // much as hashing an address does.
            Hmac::<Sha256>::new_from_slice(&bytes)
                .map(Self)
                .map_err(|_| WeakKey)
        }
    }

    fn digest(&self, kind: &str, text: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(kind.as_bytes());
        mac.update(b":");
        mac.update(text.as_bytes());
        let mut digits = vec![0; 32];
        // Neither can fail: the lengths agree, and hex digits are UTF-8.
        let _ = hex::encode_to_slice(&mac.finalize().into_bytes()[..16], &mut digits);
        String::from_utf8(digits).unwrap_or_default()
    }

    /// The key of an e-mail address, or `None` where the text is no address.
    #[must_use]
    pub fn email(&self, raw: &str) -> Option<String> {
        normalise_email(raw).map(|email| self.normalised_email(&email))
    }

    /// The key of an address that [`normalise_email`] gave.
    #[must_use]
    pub fn normalised_email(&self, email: &str) -> String {
        self.digest("email", email)
    }

    /// The key of a phone number (E.164 after reading it with `country` as default), or `None` where it is no valid number.
    #[must_use]
    pub fn phone(&self, raw: &str, country: &str) -> Option<String> {
        normalise_phone(raw, country).map(|phone| self.digest("phone", &phone))
    }

    /// The key of an id that is an address or a phone number, or `None` where it is neither.
    ///
    /// Only a number written as one (`+33…`) counts: digits alone are ids.
    #[must_use]
    pub fn reach(&self, id: &str, country: &str) -> Option<Reach> {
        // Most ids hold neither mark: what costs is not tried on them.
        let email = id.contains('@').then(|| self.email(id)).flatten();
        let phone = || {
            id.starts_with('+')
                .then(|| self.phone(id, country))
                .flatten()
        };
        email
            .map(Reach::Email)
            .or_else(|| phone().map(Reach::Phone))
    }

    /// A reference (a channel, a thread, a message, an id) that may lie in the lake: an address becomes its key, wherever it stands
    /// in the text, so that what refers to it still meets and nobody's address is told.
    #[must_use]
    pub fn conceal(&self, text: &str, country: &str) -> String {
        match self.reach(text, country) {
            Some(Reach::Email(key) | Reach::Phone(key)) => return key,
            None if !text.contains('@') && !text.contains("%40") => return text.to_owned(),
            None => {}
        }
        let ends =
            |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | '<' | '>' | '"');
        text.split_inclusive(ends)
            .map(|piece| {
                let word = piece.trim_end_matches(ends);
                // In an address of a page the sign is written `%40`.
                match self.email(&word.replace("%40", "@")) {
                    Some(key) => format!("{key}{}", &piece[word.len()..]),
                    None => piece.to_owned(),
                }
            })
            .collect()
    }

    /// The key of a company's domain: what is kept of the part after the `@`, so that people roll up to the account whose domain
    /// it is and a family's own domain stays unsaid.
    #[must_use]
    pub fn domain(&self, domain: &str) -> String {
        self.digest("domain", domain)
    }

    /// The key of any other text that would name a person (an owner, an author).
    #[must_use]
    pub fn name(&self, raw: &str) -> Option<String> {
        let name: String = raw.trim().nfc().collect::<String>().to_lowercase();
        (!name.is_empty()).then(|| self.digest("name", &name))
    }
}

/// What an id that reaches somebody becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The key of an e-mail address.
    Email(String),
    /// The key of a phone number.
    Phone(String),
}

/// The key is too short to protect anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "hash_key has fewer than 16 bytes; set workspace.hash_key to a reference to at least 16 random bytes"
)]
pub struct WeakKey;

/// Trims, composes (NFC) and lower-cases an address; `None` where it has no plausible syntax.
#[must_use]
pub fn normalise_email(raw: &str) -> Option<String> {
    let mut address = raw.trim();
    while let Some(rest) = address.strip_prefix("mailto:") {
        address = rest;
    }
    let email: String = if address.is_ascii() {
        address.to_ascii_lowercase()
    } else {
        address.nfc().collect::<String>().to_lowercase()
    };
    let at = email.bytes().rposition(|byte| byte == b'@')?;
    let (local, domain) = (&email[..at], &email[at + 1..]);
    let forbidden = if email.is_ascii() {
        email
            .bytes()
            .any(|b| b <= b' ' || matches!(b, 0x7F | b',' | b';' | b'<' | b'>' | b'"'))
    } else {
        email.chars().any(|c| {
            c.is_whitespace() || c.is_control() || matches!(c, ',' | ';' | '<' | '>' | '"')
        })
    };
    let plausible = !local.is_empty()
        && local.len() <= 64
        && !local.contains('@')
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !forbidden;
    plausible.then_some(email)
}

/// Reads a phone number with `country` (ISO 3166 alpha-2) as default and gives it in E.164; `None` where it is not valid.
#[must_use]
pub fn normalise_phone(raw: &str, country: &str) -> Option<String> {
    let text = raw.trim().trim_start_matches('\'');
    // Nothing that long is a number, and the parser's time grows with its input.
    if text.is_empty() || text.len() > 40 {
        return None;
    }
    let number = phonenumber::parse(country.parse().ok(), text).ok()?;
    phonenumber::is_valid(&number)
        .then(|| number.format().mode(phonenumber::Mode::E164).to_string())
}

/// Whether the address belongs to a role (contact@, info@), which several people read.
#[must_use]
pub fn is_role_address(email: &str) -> bool {
    const ROLES: &[&str] = &[
        "abuse",
        "accueil",
        "achats",
        "admin",
        "administration",
        "association",
        "bonjour",
        "bureau",
        "commande",
        "commandes",
        "commercial",
        "communication",
        "compta",
        "comptabilite",
        "contact",
        "direction",
        "donotreply",
        "equipe",
        "facturation",
        "factures",
        "hello",
        "help",
        "info",
        "infos",
        "information",
        "mail",
        "marketing",
        "newsletter",
        "no-reply",
        "noreply",
        "office",
        "postmaster",
        "rh",
        "sales",
        "sav",
        "secretariat",
        "service",
        "serviceclient",
        "service-client",
        "support",
        "team",
        "webmaster",
    ];
    let local = email.split('@').next().unwrap_or_default();
    let local = local.split('+').next().unwrap_or_default();
    ROLES.contains(&local)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reaches_somebody_only_where_it_is_written_so() {
        let key = HashKey::new(*b"0123456789abcdef").unwrap();
        let email = |raw: &str| key.email(raw).map(Reach::Email);
        let phone = |raw: &str| key.phone(raw, "FR").map(Reach::Phone);
        for (case, id, want) in [
            ("address", "Lea@Exemple.fr", email("lea@exemple.fr")),
            ("number", "+33 6 12 34 56 78", phone("0612345678")),
            (
                "an address that begins like one",
                "+33x@exemple.fr",
                email("+33x@exemple.fr"),
            ),
            ("digits alone", "0612345678", None),
            ("no number", "+12", None),
            ("a name on a network", "@marque", None),
            ("id", "U000001XG", None),
        ] {
            assert_eq!(key.reach(id, "FR"), want, "{case}");
        }
    }

    #[test]
    fn one_address_has_one_key_however_it_is_written() {
        let key = HashKey::new(*b"0123456789abcdef").unwrap();
        let plain = key.email("helene@exemple.fr").unwrap();
        for (case, raw, same) in [
            ("case and spaces", "  Helene@Exemple.FR ", true),
            (
                "composed accents are another address",
                "hélène@exemple.fr",
                false,
            ),
            ("a tag is another address", "helene+x@exemple.fr", false),
        ] {
            assert_eq!(key.email(raw).unwrap() == plain, same, "{case}");
        }
        assert_eq!(
            key.email("e\u{301}@exemple.fr"),
            key.email("é@exemple.fr"),
            "NFC"
        );
        assert_eq!(key.email("pas une adresse"), None);
        assert_ne!(
            HashKey::new(*b"fedcba9876543210")
                .unwrap()
                .email("helene@exemple.fr")
                .unwrap(),
            plain
        );
    }

    #[test]
    fn references_keep_no_address() {
        let key = HashKey::new(*b"0123456789abcdef").unwrap();
        let ana = key.email("ana@acme.fr").unwrap();
        let call = key.phone("+33612345678", "FR").unwrap();
        for (text, want) in [
            ("ana@acme.fr", ana.clone()),
            ("+33612345678", call),
            ("Re: <Ana@acme.fr> (2)", format!("Re: <{ana}> (2)")),
            ("C024BE91L", "C024BE91L".to_owned()),
            ("0612345678", "0612345678".to_owned()),
            ("@ana", "@ana".to_owned()),
        ] {
            assert_eq!(key.conceal(text, "FR"), want, "{text}");
        }
        let page = key.conceal("https://x.fr/u?email=ana%40acme.fr", "FR");
        assert!(!page.contains("ana"), "{page}");
    }

    #[test]
    fn phones_are_compared_in_e164() {
        for (case, raw, want) in [
            ("national form", "06 12 34 56 78", Some("+33612345678")),
            (
                "international form",
                "+33 6 12 34 56 78",
                Some("+33612345678"),
            ),
            (
                "apostrophe of a spreadsheet",
                "'+33612345678",
                Some("+33612345678"),
            ),
            ("too short", "12", None),
            ("words", "inconnu", None),
        ] {
            assert_eq!(normalise_phone(raw, "FR").as_deref(), want, "{case}");
        }
    }

    #[test]
    fn short_keys_are_refused() {
        assert!(matches!(HashKey::new(*b"short"), Err(WeakKey)));
        assert_eq!(
            format!("{:?}", HashKey::new(*b"0123456789abcdef").unwrap()),
            "HashKey(…)"
        );
    }
}
