//! Amounts and numbers as people and systems write them: decimal comma or dot, thousands as space, no-break space,
//! narrow no-break space, apostrophe, dot or comma, a currency sign or code around them.
//!
//! A file writes its amounts one way. The marks of all its amounts are gathered first ([`Marks`]); a file that uses both
//! marks for decimals is refused whole, and what could be thousands or decimals is read by the mark that the rest proves.

use std::str::FromStr;

use levier_domain::money::{Currency, Money, MoneyError};
use rust_decimal::Decimal;

/// Which mark stands before the decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Dot,
    Comma,
}

impl Mark {
    fn byte(self) -> u8 {
        match self {
            Self::Dot => b'.',
            Self::Comma => b',',
        }
    }
}

/// Where the marks of a file were proven, by line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) dot: Option<u64>,
    pub(crate) comma: Option<u64>,
    /// A cell that could be thousands or decimals (`1,234`).
    pub(crate) open: Option<u64>,
}

impl Marks {
    /// Takes one more cell into account.
    pub(crate) fn see(&mut self, cell: &str, line: u64) {
        // Most cells say what an earlier one has said already, or nothing.
        if self.dot.is_some() && is_plain(cell.as_bytes()) {
            return;
        }
        match evidence(cell) {
            Some(Evidence::Proven(Mark::Dot)) => {
                self.dot.get_or_insert(line);
            }
            Some(Evidence::Proven(Mark::Comma)) => {
                self.comma.get_or_insert(line);
            }
            Some(Evidence::Open) => {
                self.open.get_or_insert(line);
            }
            None => {}
        }
    }

    /// Adds what other rows of the file prove.
    pub(crate) fn absorb(&mut self, other: &Self) {
        for (own, line) in [
            (&mut self.dot, other.dot),
            (&mut self.comma, other.comma),
            (&mut self.open, other.open),
        ] {
            *own = first(*own, line);
        }
    }

    /// The mark of the file, or the two lines that contradict one another.
    pub(crate) fn settle(&self) -> Result<Option<Mark>, (u64, u64)> {
        match (self.dot, self.comma) {
            (Some(dot), Some(comma)) => Err((dot, comma)),
            (Some(_), None) => Ok(Some(Mark::Dot)),
            (None, Some(_)) => Ok(Some(Mark::Comma)),
            (None, None) => Ok(None),
        }
    }
}

/// The earlier of two lines.
pub(crate) fn first(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

enum Evidence {
    Proven(Mark),
    Open,
}

/// Digits with two decimals after a dot, or none at all: neither can speak for a comma.
fn is_plain(bytes: &[u8]) -> bool {
    let whole = match bytes {
        [whole @ .., b'.', a, b] if a.is_ascii_digit() && b.is_ascii_digit() => whole,
        whole => whole,
    };
    bytes.len() < 16 && whole.iter().all(u8::is_ascii_digit)
}

fn evidence(cell: &str) -> Option<Evidence> {
    // The common plain number has no mark at all or a dot before two decimals: decide without a copy.
    let bytes = cell.as_bytes();
    let at = bytes.iter().position(|b| matches!(b, b'.' | b','))?;
    let (whole, decimals) = (&bytes[..at], &bytes[at + 1..]);
    if bytes[at] == b'.'
        && !whole.is_empty()
        && decimals.len() != 3
        && bytes.len() <= LONGEST
        && whole.iter().chain(decimals).all(u8::is_ascii_digit)
    {
        return Some(Evidence::Proven(Mark::Dot));
    }
    let mut stripped = Stripped::default();
    let core = stripped.take(cell)?.core();
    let dots = memchr::memchr_iter(b'.', core).count();
    let commas = memchr::memchr_iter(b',', core).count();
    let last = core.iter().rposition(|b| matches!(b, b'.' | b','))?;
    let first = core.iter().position(|b| matches!(b, b'.' | b','))?;
    let mark = if core[last] == b'.' {
        Mark::Dot
    } else {
        Mark::Comma
    };
    let other = if mark == Mark::Dot {
        Mark::Comma
    } else {
        Mark::Dot
    };
    let tail = core.len() - last - 1;
    match (dots, commas) {
        (1.., 1..) => Some(Evidence::Proven(mark)),
        (2.., 0) | (0, 2..) => Some(Evidence::Proven(other)),
        _ if tail != 3 || first > 3 || first == 0 || core[0] == b'0' || stripped.spaced => {
            Some(Evidence::Proven(mark))
        }
        _ => Some(Evidence::Open),
    }
}

/// Digits and marks of a number, at most.
const LONGEST: usize = 48;

/// A number without what stands around it.
pub(crate) struct Stripped {
    buffer: [u8; LONGEST],
    length: usize,
    negative: bool,
    spaced: bool,
    /// Currency found in the cell.
    pub(crate) currency: Option<Currency>,
    /// A dollar is written, and not whose.
    dollar: bool,
}

impl Default for Stripped {
    fn default() -> Self {
        Self {
            buffer: [0; LONGEST],
            length: 0,
            negative: false,
            spaced: false,
            currency: None,
            dollar: false,
        }
    }
}

impl Stripped {
    fn core(&self) -> &[u8] {
        &self.buffer[..self.length]
    }

    /// Keeps digits and marks; `None` when anything else stands there.
    pub(crate) fn take(&mut self, cell: &str) -> Option<&Self> {
        let mut text = cell.trim().trim_start_matches('\'');
        if let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
            self.negative = true;
            text = inner;
        }
        let (mut rest, mut word) = (text, String::new());
        if rest
            .bytes()
            .any(|b| !matches!(b, b'0'..=b'9' | b'.' | b',' | b'-' | b'+' | b' ' | b'\''))
        {
            let head = rest
                .find(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+' | '−'))?;
            let (before, tail) = rest.split_at(head);
            let end = tail.rfind(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','))?;
            let (number, after) = tail.split_at(end + 1);
            word.push_str(before.trim());
            if !after.trim().is_empty() {
                if !word.is_empty() {
                    return None;
                }
                word.push_str(after.trim());
            }
            rest = number;
        }
        if !word.is_empty() {
            match currency_of(&word)? {
                Written::Currency(currency) => self.currency = Some(currency),
                Written::Dollar => self.dollar = true,
            }
        }
        let mut digits = 0;
        for c in rest.trim().chars() {
            let byte = match c {
                '0'..='9' => {
                    digits += 1;
                    c as u8
                }
                '.' | ',' => c as u8,
                '-' | '−' if self.length == 0 && !self.negative => {
                    self.negative = true;
                    continue;
                }
                '+' if self.length == 0 => continue,
                ' ' | '\u{A0}' | '\u{202F}' | '\u{2009}' | '\'' | '’' => {
                    self.spaced |= self.length > 0;
                    continue;
                }
                _ => return None,
            };
            if self.length == self.buffer.len() {
                return None;
            }
            self.buffer[self.length] = byte;
            self.length += 1;
        }
        (digits > 0).then_some(self)
    }

    /// The number with `mark` before its decimals; the other mark must stand between groups of three.
    pub(crate) fn read(&self, mark: Mark) -> Option<Decimal> {
        let core = self.core();
        let thousands = if mark == Mark::Dot { b',' } else { b'.' };
        let decimal_at = memchr::memchr(mark.byte(), core);
        let whole = &core[..decimal_at.unwrap_or(core.len())];
        let decimals = decimal_at.map_or(&[][..], |at| &core[at + 1..]);
        if decimals.iter().any(|b| !b.is_ascii_digit()) {
            return None;
        }
        let mut plain = [0_u8; 52];
        let mut n = 0;
        let mut put = |byte: u8| {
            plain[n] = byte;
            n += 1;
        };
        if self.negative {
            put(b'-');
        }
        let mut group = 0;
        let mut grouped = false;
        for &byte in whole {
            if byte == thousands {
                if group == 0 || group > 3 || (grouped && group != 3) {
                    return None;
                }
                grouped = true;
                group = 0;
            } else if byte.is_ascii_digit() {
                group += 1;
                put(byte);
            } else {
                return None;
            }
        }
        if grouped && group != 3 {
            return None;
        }
        if whole.is_empty() {
            put(b'0');
        }
        if !decimals.is_empty() {
            put(b'.');
            decimals.iter().copied().for_each(&mut put);
        }
        std::str::from_utf8(&plain[..n])
            .ok()
            .and_then(|text| Decimal::from_str(text).ok())
    }
}

/// What stands beside the digits.
enum Written {
    Currency(Currency),
    Dollar,
}

fn currency_of(word: &str) -> Option<Written> {
    // `12,50 € TTC`: the amount that was paid, as amounts are anyway.
    let word = word.trim().trim_end_matches("TTC").trim_end();
    let code = match word {
        "€" | "¤" | "euro" | "euros" | "Euro" | "Euros" => "EUR",
        "$" => return Some(Written::Dollar),
        "US$" => "USD",
        "£" => "GBP",
        "¥" => "JPY",
        "CA$" => "CAD",
        "A$" => "AUD",
        "Fr." => "CHF",
        "zł" => "PLN",
        _ if word.len() == 3 && word.bytes().all(|b| b.is_ascii_alphabetic()) => word,
        _ => return None,
    };
    Currency::parse(code).ok().map(Written::Currency)
}

/// Whether amounts in the currency are written with a `$`.
fn is_dollar(currency: Currency) -> bool {
    #[rustfmt::skip]
    const DOLLARS: &[&str] = &[
        "USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "BBD", "BSD", "BZD", "BMD", "BND", "KYD", "FJD", "GYD", "JMD", "LRD", "NAD",
        "SBD", "SRD", "TTD", "XCD", "MXN", "ARS", "CLP", "COP", "UYU",
    ];
    DOLLARS.contains(&currency.code())
}

/// A dash where an amount would stand, alone or beside a currency: how spreadsheets write nought.
fn is_dash(cell: &str) -> bool {
    let mut words = cell.split_whitespace();
    let (one, other) = (words.next().unwrap_or_default(), words.next());
    let dash = |word: &str| matches!(word, "-" | "–" | "—" | "−");
    let currency = |word: &str| currency_of(word).is_some();
    words.next().is_none()
        && match other {
            None => dash(one.trim_matches(['€', '$', '£'])),
            Some(other) => dash(one) && currency(other) || currency(one) && dash(other),
        }
}

/// A number, its decimals after `mark` (a dot when the file proves nothing).
pub(crate) fn number(cell: &str, mark: Option<Mark>) -> Option<Decimal> {
    let mut stripped = Stripped::default();
    let core = stripped.take(cell.trim_end_matches('%'))?;
    core.read(mark.unwrap_or_else(|| only_mark(cell)))
}

/// Whether a number could be thousands or decimals by itself (`1,234`).
pub(crate) fn is_open(cell: &str) -> bool {
    matches!(evidence(cell.trim_end_matches('%')), Some(Evidence::Open))
}

/// A number of a column that counts: what could be thousands or decimals is thousands there.
pub(crate) fn count(cell: &str, mark: Option<Mark>) -> Option<Decimal> {
    let mark = match is_open(cell) {
        true if cell.contains(',') => Some(Mark::Dot),
        true => Some(Mark::Comma),
        false => mark,
    };
    number(cell, mark)
}

/// Without proof from the file, the only mark in a cell stands before decimals.
fn only_mark(cell: &str) -> Mark {
    if cell.contains(',') && !cell.contains('.') {
        Mark::Comma
    } else {
        Mark::Dot
    }
}

/// Why a cell is no amount.
pub(crate) enum NoMoney {
    NotANumber,
    /// Thousands or decimals, and nothing tells which.
    Open,
    OtherCurrency(Currency),
    Money(MoneyError),
}

/// An amount in `currency`; the fast path reads `1234` and `1234.50` without a decimal in between.
pub(crate) fn money(cell: &str, mark: Option<Mark>, currency: Currency) -> Result<i64, NoMoney> {
    if mark != Some(Mark::Comma)
        && let Some(minor) = plain_minor(cell.as_bytes(), currency.decimals())
    {
        return Ok(minor);
    }
    if is_dash(cell) {
        return Ok(0);
    }
    let mut stripped = Stripped::default();
    let core = stripped.take(cell).ok_or(NoMoney::NotANumber)?;
    if let Some(own) = core.currency
        && own != currency
    {
        return Err(NoMoney::OtherCurrency(own));
    }
    if core.dollar
        && !is_dollar(currency)
        && let Ok(own) = Currency::parse("USD")
    {
        return Err(NoMoney::OtherCurrency(own));
    }
    if mark.is_none() && currency.decimals() > 2 && is_open(cell) {
        return Err(NoMoney::Open);
    }
    let decimal = core
        .read(mark.unwrap_or_else(|| only_mark(cell)))
        .ok_or(NoMoney::NotANumber)?;
    Money::from_decimal(decimal, currency)
        .map(Money::minor)
        .map_err(NoMoney::Money)
}

/// An amount or number as one may write it anew: without thousands, with the mark `written` before its decimals, its currency
/// kept.
pub(crate) fn plain(cell: &str, mark: Option<Mark>, written: Option<Mark>) -> Option<String> {
    let mut stripped = Stripped::default();
    let core = stripped.take(cell)?;
    let decimal = core.read(mark.unwrap_or_else(|| only_mark(cell)))?;
    let mut text = decimal.to_string();
    if written == Some(Mark::Comma) {
        text = text.replace('.', ",");
    }
    if let Some(currency) = core.currency {
        text.push(' ');
        text.push_str(currency.code());
    } else if core.dollar {
        text.push_str(" $");
    }
    Some(text)
}

/// The currency that stands in a cell (`12,50 €`), if any; a `$` is the one of `own` where that is a dollar.
pub(crate) fn currency_in(cell: &str, own: Currency) -> Option<Currency> {
    if cell
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',' | b'-' | b' '))
    {
        return None;
    }
    let mut stripped = Stripped::default();
    stripped.take(cell)?;
    if stripped.dollar {
        return if is_dollar(own) {
            Some(own)
        } else {
            Currency::parse("USD").ok()
        };
    }
    stripped.currency
}

fn plain_minor(bytes: &[u8], decimals: u32) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 15 {
        return None;
    }
    let mut minor: i64 = 0;
    let mut after: Option<u32> = None;
    for &byte in bytes {
        match byte {
            b'0'..=b'9' => {
                if let Some(n) = after.as_mut() {
                    *n += 1;
                    if *n > decimals {
                        return None;
                    }
                }
                minor = minor * 10 + i64::from(byte - b'0');
            }
            b'.' if after.is_none() => after = Some(0),
            _ => return None,
        }
    }
    if after == Some(0) || bytes[0] == b'.' {
        return None;
    }
    let missing = decimals - after.unwrap_or(0);
    minor.checked_mul(10_i64.checked_pow(missing)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_their_file_writes_them() {
        use Mark::{Comma, Dot};
        for (case, cell, mark, want) in [
            ("plain", "1234.50", Some(Dot), Some(123_450)),
            ("whole", "12", None, Some(1200)),
            ("one decimal", "12.5", None, Some(1250)),
            ("decimal comma", "12,50", Some(Comma), Some(1250)),
            ("thousands as space", "1 234,50", Some(Comma), Some(123_450)),
            (
                "no-break space",
                "1\u{A0}234,50 €",
                Some(Comma),
                Some(123_450),
            ),
            (
                "narrow no-break space",
                "1\u{202F}234,50",
                Some(Comma),
                Some(123_450),
            ),
            ("thousands as dot", "1.234,50", Some(Comma), Some(123_450)),
            ("thousands as comma", "1,234.50", Some(Dot), Some(123_450)),
            ("thousands only", "1,234", Some(Dot), Some(123_400)),
            ("comma only, no proof", "1,234", None, None),
            ("negative", "-3,20", Some(Comma), Some(-320)),
            ("in brackets", "(3.20)", Some(Dot), Some(-320)),
            ("code", "EUR 3.20", Some(Dot), Some(320)),
            ("other currency", "3.20 USD", Some(Dot), None),
            ("wrong groups", "12,34.50", Some(Dot), None),
            ("too fine", "0.333", Some(Dot), None),
            ("words", "gratuit", None, None),
            ("empty", "", None, None),
            ("scientific", "1.5E+3", None, None),
            ("nought of a spreadsheet", "-\u{A0}  €", None, Some(0)),
            ("nought without a currency", " - ", None, Some(0)),
            ("all taxes included", "12,50 € TTC", Some(Comma), Some(1250)),
            ("in words", "12,50 euros", Some(Comma), Some(1250)),
            ("without taxes", "12,50 € HT", Some(Comma), None),
            ("dollars where euros are told", "$3.20", Some(Dot), None),
        ] {
            assert_eq!(money(cell, mark, Currency::EUR).ok(), want, "{case}");
        }
    }

    #[test]
    fn a_dollar_is_that_of_its_row() {
        let cad = Currency::parse("CAD").unwrap();
        assert_eq!(money("$3.20", Some(Mark::Dot), cad).ok(), Some(320));
        assert_eq!(currency_in("$3.20", cad), Some(cad));
        let usd = Currency::parse("USD").ok();
        assert_eq!(currency_in("$3.20", Currency::EUR), usd);
        assert_eq!(currency_in("US$3.20", cad), usd);
    }

    #[test]
    fn what_counts_has_thousands_and_no_decimals() {
        for (cell, mark, want) in [
            ("1,234", None, "1234"),
            ("12.345", None, "12345"),
            ("1 234", None, "1234"),
            ("900", None, "900"),
            ("12.5", Some(Mark::Dot), "12.5"),
            ("1,234", Some(Mark::Comma), "1234"),
        ] {
            assert_eq!(count(cell, mark).unwrap().to_string(), want, "{cell}");
        }
    }

    #[test]
    fn marks_are_proven_by_what_only_one_reading_allows() {
        for (case, cells, want) in [
            ("dot", &["12.50", "1,234"][..], Ok(Some(Mark::Dot))),
            ("comma", &["12,5"], Ok(Some(Mark::Comma))),
            ("both", &["12,50", "12.50"], Err((2, 1))),
            ("open", &["1,234", "5"], Ok(None)),
            ("thousands twice", &["1.234.567"], Ok(Some(Mark::Comma))),
            ("leading zero", &["0,123"], Ok(Some(Mark::Comma))),
            ("both in one", &["1.234,50"], Ok(Some(Mark::Comma))),
        ] {
            let mut marks = Marks::default();
            for (at, cell) in cells.iter().enumerate() {
                marks.see(cell, at as u64 + 1);
            }
            assert_eq!(marks.settle(), want, "{case}");
        }
    }
}
