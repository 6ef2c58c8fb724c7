//! Reading payloads without trusting them: every look into a JSON value can come back empty, none can panic.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use levier_domain::item::Item;
use serde_json::Value;

/// Looks into a JSON value by JSON pointer (`/event/user/id`).
pub(crate) trait Read {
    /// The value there, null being absence.
    fn get_at(&self, pointer: &str) -> Option<&Value>;

    /// A text that is not empty.
    fn str(&self, pointer: &str) -> Option<&str> {
        self.get_at(pointer)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    }

    /// An id: a text that is not empty, or a whole number.
    fn id(&self, pointer: &str) -> Option<String> {
        match self.get_at(pointer)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
            _ => None,
        }
    }

    /// A flag; absent is false.
    fn flag(&self, pointer: &str) -> bool {
        self.get_at(pointer).and_then(Value::as_bool) == Some(true)
    }

    /// A whole number.
    fn integer(&self, pointer: &str) -> Option<i64> {
        self.get_at(pointer).and_then(Value::as_i64)
    }

    /// The elements of a list; none where there is no list.
    fn list(&self, pointer: &str) -> &[Value] {
        self.get_at(pointer)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    /// An instant, as [`instant`] reads it.
    fn time(&self, pointer: &str) -> Option<Timestamp> {
        self.get_at(pointer).and_then(instant)
    }
}

impl Read for Value {
    fn get_at(&self, pointer: &str) -> Option<&Value> {
        self.pointer(pointer).filter(|value| !value.is_null())
    }
}

/// Reads an instant: RFC 3339, or Unix seconds, milliseconds or microseconds by size, as a number or as digits.
pub(crate) fn instant(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => instant_text(text),
        Value::Number(number) => {
            if let Some(whole) = number.as_i64() {
                unix(whole)
            } else {
                unix_fraction(number.as_f64()?)
            }
        }
        _ => None,
    }
}

/// The same from a text.
pub(crate) fn instant_text(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(whole) = text.parse::<i64>() {
        return unix(whole);
    }
    slack_time(text)
}

/// Unix time by size: seconds under 10¹¹ (year 5138), milliseconds under 10¹⁴, microseconds under 10¹⁷.
pub(crate) fn unix(whole: i64) -> Option<Timestamp> {
    match whole.unsigned_abs() {
        0..100_000_000_000 => Timestamp::from_second(whole).ok(),
        100_000_000_000..100_000_000_000_000 => Timestamp::from_millisecond(whole).ok(),
        100_000_000_000_000..100_000_000_000_000_000 => Timestamp::from_microsecond(whole).ok(),
        _ => None,
    }
}

fn unix_fraction(seconds: f64) -> Option<Timestamp> {
    if !seconds.is_finite() {
        return None;
    }
    if seconds.abs() < 1e11 {
        Timestamp::from_microsecond((seconds * 1e6).round() as i64).ok()
    } else {
        unix(seconds.round() as i64)
    }
}

/// Slack's `1355517523.000005`: seconds and microseconds, read without a float.
pub(crate) fn slack_time(ts: &str) -> Option<Timestamp> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if seconds.is_empty() || seconds.len() > 11 || fraction.len() > 9 {
        return None;
    }
    if !digits(seconds) || !digits(fraction) {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let seconds: i64 = seconds.parse().ok()?;
    Timestamp::from_microsecond(seconds.checked_mul(1_000_000)?.checked_add(micros)?).ok()
}

/// The value, or a quarantined item that names the field; never the value.
pub(crate) fn need<T>(value: Option<T>, field: &str) -> Result<T, Item> {
    value.ok_or_else(|| Item::quarantined(format!("{field} is missing or unreadable")))
}

/// One item from a reading that may have stopped early.
pub(crate) fn settle(reading: Result<Item, Item>) -> Item {
    reading.unwrap_or_else(|item| item)
}

/// The body as JSON, or the one quarantined item that it becomes.
pub(crate) fn json(body: &[u8]) -> Result<Value, Vec<Item>> {
    serde_json::from_slice(body).map_err(|_| vec![Item::quarantined("not_json")])
}

/// A type that this platform has, or may come to have, and that nothing counts.
pub(crate) fn unknown_type() -> Item {
    Item::ignored("unknown_type")
}

/// A text without its HTML tags and the commonest entities; for language and sentiment only.
pub(crate) fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => {
                inside = true;
                text.push(' ');
            }
            '>' if inside => inside = false,
            c if !inside => text.push(c),
            _ => {}
        }
    }
    let text = text
        .replace("&nbsp;", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Decodes standard Base64.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn instants_are_read_by_form_and_size() {
        let want: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        for (case, value) in [
            ("RFC 3339", json!("2026-03-01T11:00:00+01:00")),
            ("seconds", json!(1_772_359_200)),
            ("milliseconds", json!(1_772_359_200_000_i64)),
            ("microseconds", json!(1_772_359_200_000_000_i64)),
            ("digits in a text", json!("1772359200")),
            ("Slack", json!("1772359200.000000")),
            ("fraction", json!(1_772_359_200.0)),
        ] {
            assert_eq!(instant(&value), Some(want), "{case}");
        }
        for value in [
            json!("hier"),
            json!(true),
            json!(1e300),
            json!(i64::MAX),
            json!(""),
            json!("2026-03-01"),
        ] {
            assert_eq!(instant(&value), None, "{value}");
        }
    }

    #[test]
    fn tags_are_taken_out() {
        assert_eq!(
            without_tags("<p>Bonjour <a href=\"x\">Zoé</a>&nbsp;!</p>\n<p>A &amp; B</p>"),
            "Bonjour Zoé ! A & B"
        );
    }
}
