//! What single cells look like: ids that lost digits, text that names people, words for yes and no.

use crate::rows::Native;

/// The shape of a cell in words, never its value.
pub(crate) fn shape(cell: &str) -> String {
    let cell = cell.trim();
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    let letters = cell.chars().filter(|c| c.is_alphabetic()).count();
    match (digits, letters) {
        _ if cell.is_empty() => "nothing".to_owned(),
        (_, 0) if digits == cell.len() => format!("{digits} digits"),
        (0, _) if letters > 0 => "text".to_owned(),
        (_, 0) => "digits and signs".to_owned(),
        _ => "text with digits".to_owned(),
    }
}

/// Text without blanks around it; most cells have none, which their two ends tell.
pub(crate) fn trimmed(cell: &str) -> &str {
    match (cell.as_bytes().first(), cell.as_bytes().last()) {
        (Some(b'!'..=b'~'), Some(b'!'..=b'~')) => cell,
        _ => cell.trim(),
    }
}

/// Text without the apostrophe that spreadsheets put before digits and signs, or the formula `="00456"` that keeps noughts.
pub(crate) fn plain_text(cell: &str) -> &str {
    if let Some(inner) = cell
        .strip_prefix("=\"")
        .and_then(|rest| rest.strip_suffix('"'))
        && !inner.contains('"')
    {
        return inner;
    }
    match cell.strip_prefix('\'') {
        Some(rest)
            if rest.starts_with(|c: char| {
                c.is_ascii_digit() || matches!(c, '+' | '-' | '=' | '@')
            }) =>
        {
            rest
        }
        _ => cell,
    }
}

/// `5.55E+12`: a spreadsheet has cut the digits off.
pub(crate) fn is_scientific(id: &str, native: Native) -> bool {
    let Some(at) = memchr::memchr2(b'E', b'e', id.as_bytes()) else {
        return false;
    };
    let (mantissa, exponent) = (&id[..at], &id[at + 1..]);
    let signed = exponent.strip_prefix('+');
    // `12E4` may be a code; `1.23E5` is none.
    if signed.is_none() && native != Native::Number && !mantissa.contains(['.', ',']) {
        return false;
    }
    let digits = signed.unwrap_or(exponent);
    !mantissa.is_empty()
        && mantissa
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'-'))
        && mantissa.bytes().any(|b| b.is_ascii_digit())
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit())
}

/// An 18-character Salesforce id from its case-sensitive 15-character form; `None` where it is not of that form.
///
/// Each of three characters appended tells which of five letters are capitals, so that the id survives systems that fold case.
pub(crate) fn salesforce_18(id: &str) -> Option<String> {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    if id.len() != 15 || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let mut long = id.to_owned();
    for chunk in id.as_bytes().chunks(5) {
        let mut bits = 0;
        for (at, byte) in chunk.iter().enumerate() {
            if byte.is_ascii_uppercase() {
                bits |= 1 << at;
            }
        }
        long.push(char::from(ALPHABET[bits]));
    }
    Some(long)
}

/// Yes and no in the words of exports, EN and FR.
pub(crate) fn boolean(cell: &str) -> Option<bool> {
    match cell.to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "oui" | "o" | "vrai" | "x" => Some(true),
        "false" | "no" | "n" | "0" | "non" | "faux" => Some(false),
        // How often something was reopened says that it was.
        count if count.len() < 6 && count.bytes().all(|b| b.is_ascii_digit()) => Some(true),
        _ => None,
    }
}

/// Whether an owner's, agent's or author's cell is an id rather than a name: no spaces, no `@`, with a digit.
pub(crate) fn names_no_one(cell: &str) -> bool {
    cell.bytes().any(|b| b.is_ascii_digit())
        && cell
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn salesforce_ids_get_their_suffix() {
        for (case, short, long) in [
            ("account", "001x0000002xLCV", Some("001x0000002xLCVAA2")),
            ("long already", "001x0000002xLCVAA2", None),
            ("not an id", "jean dupont 123", None),
        ] {
            assert_eq!(salesforce_18(short).as_deref(), long, "{case}");
        }
    }

    #[test]
    fn scientific_notation_is_told_from_ids_that_hold_an_e() {
        for (id, native, want) in [
            ("5.55E+12", Native::Text, true),
            ("5,55E+12", Native::Text, true),
            ("5E+12", Native::Text, true),
            ("12E4", Native::Text, false),
            ("1.23E5", Native::Text, true),
            ("1e20", Native::Number, true),
            ("00E+A", Native::Text, false),
            ("abcE+1", Native::Text, false),
        ] {
            assert_eq!(is_scientific(id, native), want, "{id}");
        }
    }

    #[test]
    fn what_spreadsheets_put_around_a_text_is_taken_off() {
        for (cell, want) in [
            ("=\"00456\"", "00456"),
            ("'0612", "0612"),
            ("=A1", "=A1"),
            ("d'accord", "d'accord"),
        ] {
            assert_eq!(plain_text(cell), want);
        }
    }

    #[test]
    fn shapes_say_nothing_of_the_value() {
        for (cell, want) in [
            ("12345678", "8 digits"),
            ("Jean", "text"),
            ("06 12", "digits and signs"),
            ("a1", "text with digits"),
        ] {
            assert_eq!(shape(cell), want);
        }
    }
}
