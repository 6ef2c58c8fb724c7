//! Days and instants as systems write them: ISO, RFC 3339, day/month/year in either order, months in words, sheet serials.
//!
//! `03/04/2026` is the third of April or the fourth of March; nothing in the cell says which. The order is declared by the
//! dialect or the sidecar, or proven by another row of the same column (`25/04/2026`); else the column is not read.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use levier_domain::time::start_of_day;

use crate::number::first;

/// Which of day and month comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    DayFirst,
    MonthFirst,
}

impl Order {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "dmy" | "day-first" | "jma" => Some(Self::DayFirst),
            "mdy" | "month-first" => Some(Self::MonthFirst),
            _ => None,
        }
    }
}

/// What a column's cells prove about the order, by line.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Orders {
    pub(crate) day_first: Option<u64>,
    pub(crate) month_first: Option<u64>,
    pub(crate) open: Option<u64>,
}

impl Orders {
    pub(crate) fn see(&mut self, cell: &str, line: u64) {
        let bytes = cell.as_bytes();
        // `2026-…`: nothing to prove.
        if bytes.len() >= 8 && bytes[..4].iter().all(u8::is_ascii_digit) {
            return;
        }
        let Some((a, b, _, _)) = three_numbers(cell.trim()) else {
            return;
        };
        match (a > 12, b > 12) {
            (true, false) => {
                self.day_first.get_or_insert(line);
            }
            (false, true) => {
                self.month_first.get_or_insert(line);
            }
            (false, false) if a != b => {
                self.open.get_or_insert(line);
            }
            _ => {}
        }
    }

    /// Adds what other rows of the file prove.
    pub(crate) fn absorb(&mut self, other: &Self) {
        self.day_first = first(self.day_first, other.day_first);
        self.month_first = first(self.month_first, other.month_first);
        self.open = first(self.open, other.open);
    }

    /// `Ok(None)` where no cell needs an order.
    pub(crate) fn settle(&self) -> Result<Option<Order>, Unsettled> {
        match (self.day_first, self.month_first, self.open) {
            (Some(a), Some(b), _) => Err(Unsettled::Contradiction(a, b)),
            (Some(_), None, _) => Ok(Some(Order::DayFirst)),
            (None, Some(_), _) => Ok(Some(Order::MonthFirst)),
            (None, None, Some(line)) => Err(Unsettled::Open(line)),
            (None, None, None) => Ok(None),
        }
    }
}

/// Why a column's order is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsettled {
    Open(u64),
    Contradiction(u64, u64),
}

/// A cell that holds a time, before its zone is applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum When {
    Day(Date),
    Local(DateTime),
    Instant(Timestamp),
}

impl When {
    /// The instant, a local time or bare day being in `zone`.
    pub(crate) fn instant(self, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Instant(instant) => Some(instant),
            Self::Day(date) => Some(start_of_day(date, zone)),
            Self::Local(local) => zone
                .to_ambiguous_zoned(local)
                .compatible()
                .ok()
                .map(|zoned| zoned.timestamp()),
        }
    }

    /// As it may be written anew, year first.
    pub(crate) fn written(self) -> String {
        match self {
            Self::Day(date) => date.to_string(),
            Self::Local(local) => local.to_string(),
            Self::Instant(instant) => instant.to_string(),
        }
    }

    /// The calendar day, in `zone`.
    pub(crate) fn day(self, zone: &TimeZone) -> Date {
        match self {
            Self::Day(date) => date,
            Self::Local(local) => local.date(),
            Self::Instant(instant) => zone.to_datetime(instant).date(),
        }
    }
}

/// Why a cell is no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoDate {
    Shape,
    /// `25/25/2026`, `2026-02-30`, `13` where the month stands.
    NoSuchDay,
    TwoDigitYear,
    Number,
}

impl NoDate {
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Shape => "is no date",
            Self::NoSuchDay => "is a day that no calendar has",
            Self::TwoDigitYear => "has a year of two digits",
            Self::Number => "is a bare number where a date is expected",
        }
    }
}

/// Reads one cell.
pub(crate) fn parse(cell: &str, order: Option<Order>) -> Result<When, NoDate> {
    let text = cell.trim();
    let bytes = text.as_bytes();
    if bytes.len() >= 10
        && bytes[4] == b'-'
        && bytes[7] == b'-'
        && let (Some(year), Some(month), Some(day)) = (
            digits(&bytes[..4]),
            digits(&bytes[5..7]),
            digits(&bytes[8..10]),
        )
    {
        return with_time(date(year, month, day)?, &text[10..]);
    }
    // Web statistics write `20260102`; no other reading of eight digits has a plausible year in front.
    if bytes.len() == 8
        && let (Some(year), Some(month), Some(day)) = (
            digits(&bytes[..4]),
            digits(&bytes[4..6]),
            digits(&bytes[6..]),
        )
        && let Ok(date) = date(year, month, day)
    {
        return Ok(When::Day(date));
    }
    if bytes
        .iter()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))
        && bytes.iter().filter(|b| !b.is_ascii_digit()).count() < 2
    {
        return Err(NoDate::Number);
    }
    if bytes.len() >= 8
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && matches!(bytes[4], b'/' | b'.' | b'-')
        && let Some((year, month, day, rest)) = three_numbers(text)
    {
        return with_time(date(year, month, day)?, rest);
    }
    if let Some((a, b, year, rest)) = three_numbers(text) {
        if year < 100 {
            return Err(NoDate::TwoDigitYear);
        }
        let (day, month) = match order {
            Some(Order::DayFirst) => (a, b),
            Some(Order::MonthFirst) => (b, a),
            None if a == b => (a, b),
            None => return Err(NoDate::Shape),
        };
        return with_time(date(year, month, day)?, rest);
    }
    in_words(text)
}

fn digits(bytes: &[u8]) -> Option<u32> {
    let mut value = 0;
    for byte in bytes {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = value * 10 + u32::from(byte - b'0');
    }
    Some(value)
}

fn date(year: u32, month: u32, day: u32) -> Result<Date, NoDate> {
    if !(1900..=2200).contains(&year) || month > 12 || day > 31 {
        return Err(NoDate::NoSuchDay);
    }
    Date::new(year as i16, month as i8, day as i8).map_err(|_| NoDate::NoSuchDay)
}

/// `a/b/c` at the start of a text, and what follows.
fn three_numbers(text: &str) -> Option<(u32, u32, u32, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut numbers = [0_u32; 3];
    let mut mark = 0;
    for (index, number) in numbers.iter_mut().enumerate() {
        let from = at;
        while at < bytes.len() && bytes[at].is_ascii_digit() && at - from < 4 {
            at += 1;
        }
        *number = digits(&bytes[from..at]).filter(|_| at > from)?;
        if index < 2 {
            let separator = *bytes.get(at)?;
            if !matches!(separator, b'/' | b'.' | b'-') || (index == 1 && separator != mark) {
                return None;
            }
            mark = separator;
            at += 1;
        }
    }
    if bytes.get(at).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some((numbers[0], numbers[1], numbers[2], &text[at..]))
}

/// `T10:00:00Z` and `T10:00:00+02:00`, which most systems write.
fn rfc3339(date: Date, rest: &str) -> Option<When> {
    let bytes = rest.as_bytes();
    if bytes.len() < 10
        || bytes[0] != b'T'
        || bytes[3] != b':'
        || bytes[6] != b':'
        || !matches!(bytes[9], b'Z' | b'+' | b'-')
    {
        return None;
    }
    let [hour, minute, second] = [1, 4, 7].map(|at| digits(&bytes[at..at + 2]));
    let time = Time::new(hour? as i8, minute? as i8, second?.min(59) as i8, 0).ok()?;
    offset(&rest[9..])?
        .to_timestamp(date.to_datetime(time))
        .ok()
        .map(When::Instant)
}

fn with_time(date: Date, rest: &str) -> Result<When, NoDate> {
    if let Some(when) = rfc3339(date, rest) {
        return Ok(when);
    }
    let rest = rest.trim_start_matches(['T', 't', ' ', ',', '\u{A0}', '\u{202F}']);
    let rest = rest.strip_prefix("à ").unwrap_or(rest).trim();
    if rest.is_empty() {
        return Ok(When::Day(date));
    }
    let bytes = rest.as_bytes();
    let split = bytes
        .iter()
        .position(|b| !(b.is_ascii_digit() || matches!(b, b':' | b'.' | b'h')))
        .unwrap_or(bytes.len());
    let (clock, mut tail) = rest.split_at(split);
    let mut time = time(clock).ok_or(NoDate::Shape)?;
    tail = tail.trim_start_matches([' ', '\u{A0}', '\u{202F}']);
    let lower = tail.get(..2).map(str::to_ascii_lowercase);
    if matches!(lower.as_deref(), Some("am" | "pm")) {
        let hour = time.hour();
        let hour = match (lower.as_deref(), hour) {
            (_, 0) | (_, 13..) => return Err(NoDate::Shape),
            (Some("am"), 12) => 0,
            (Some("pm"), 12) => 12,
            (Some("pm"), h) => h + 12,
            (_, h) => h,
        };
        time = Time::new(hour, time.minute(), time.second(), time.subsec_nanosecond())
            .map_err(|_| NoDate::Shape)?;
        tail = tail[2..].trim();
    }
    let local = date.to_datetime(time);
    if tail.is_empty() {
        return Ok(When::Local(local));
    }
    let offset = offset(tail).ok_or(NoDate::Shape)?;
    offset
        .to_timestamp(local)
        .map(When::Instant)
        .map_err(|_| NoDate::NoSuchDay)
}

fn time(clock: &str) -> Option<Time> {
    let bytes = clock.as_bytes();
    let two = |at: usize| digits(bytes.get(at..at + 2)?);
    // `9:05` as well as `09:05`.
    if bytes.get(1).is_some_and(|b| matches!(b, b':' | b'h')) {
        return time(&format!("0{clock}"));
    }
    let hour = two(0)?;
    if !matches!(bytes.get(2), Some(b':' | b'h')) {
        return None;
    }
    let minute = two(3)?;
    let (mut second, mut nanos) = (0, 0_u32);
    if let Some(next) = bytes.get(5) {
        if *next != b':' {
            return None;
        }
        second = two(6)?;
        if let Some(point) = bytes.get(8) {
            if *point != b'.' {
                return None;
            }
            let fraction = &bytes[9..];
            if fraction.is_empty() || fraction.len() > 12 {
                return None;
            }
            let mut scale = 100_000_000;
            for byte in fraction {
                if !byte.is_ascii_digit() {
                    return None;
                }
                nanos += u32::from(byte - b'0') * scale;
                scale /= 10;
            }
        }
    }
    // A leap second is the second before it.
    let second = second.min(59);
    Time::new(hour as i8, minute as i8, second as i8, nanos as i32).ok()
}

fn offset(text: &str) -> Option<Offset> {
    let text = text
        .strip_prefix("UTC")
        .or_else(|| text.strip_prefix("GMT"))
        .or_else(|| text.strip_prefix(['Z', 'z']))
        .unwrap_or(text);
    // Data Loader writes `…Z-0300` when told to: the offset holds.
    if text.is_empty() {
        return Some(Offset::UTC);
    }
    let sign = match text.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let rest = &text.as_bytes()[1..];
    let (hours, minutes) = match rest.len() {
        2 => (digits(rest)?, 0),
        4 => (digits(&rest[..2])?, digits(&rest[2..])?),
        5 if rest[2] == b':' => (digits(&rest[..2])?, digits(&rest[3..])?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours as i32 * 3600 + minutes as i32 * 60)).ok()
}

const MONTHS: [&[&str]; 12] = [
    &["jan", "january", "janv", "janvier"],
    &["feb", "february", "fév", "févr", "février", "fevrier"],
    &["mar", "march", "mars"],
    &["apr", "april", "avr", "avril"],
    &["may", "mai"],
    &["jun", "june", "juin"],
    &["jul", "july", "juil", "juillet"],
    &["aug", "august", "août", "aout"],
    &["sep", "sept", "september", "septembre"],
    &["oct", "october", "octobre"],
    &["nov", "november", "novembre"],
    &["dec", "december", "déc", "décembre", "decembre"],
];

/// `22 novembre 2026`, `Nov 22, 2026 14:05`, `22-Nov-2026`.
fn in_words(text: &str) -> Result<When, NoDate> {
    if text.len() > 60 {
        return Err(NoDate::Shape);
    }
    let (mut day, mut month, mut year) = (None, None, None);
    let mut at = 0;
    while at < text.len() && (day.is_none() || month.is_none() || year.is_none()) {
        let rest = &text[at..];
        let skipped = rest.len()
            - rest
                .trim_start_matches([' ', ',', '-', '.', '/', '\u{A0}'])
                .len();
        let rest = &rest[skipped..];
        let end = rest
            .find([' ', ',', '-', '.', '/', '\u{A0}'])
            .unwrap_or(rest.len());
        let word = &rest[..end];
        at += skipped + end;
        if word.is_empty() {
            break;
        }
        let number = word.strip_suffix("er").unwrap_or(word).parse::<u32>().ok();
        match number {
            Some(n) if n > 31 && year.is_none() && word.len() == 4 => year = Some(n),
            Some(n) if n <= 31 && day.is_none() => day = Some(n),
            Some(_) => return Err(NoDate::Shape),
            None => {
                let lower = word.to_lowercase();
                let found = MONTHS
                    .iter()
                    .position(|names| names.contains(&lower.as_str()));
                match found {
                    Some(index) if month.is_none() => month = Some(index as u32 + 1),
                    // The name of a weekday may lead.
                    None if day.is_none() && month.is_none() && year.is_none() => {}
                    _ => return Err(NoDate::Shape),
                }
            }
        }
    }
    match (day, month, year) {
        (Some(day), Some(month), Some(year)) => {
            with_time(date(year, month, day)?, text.get(at..).unwrap_or(""))
        }
        _ => Err(NoDate::Shape),
    }
}

/// A sheet's serial number: days since 1899-12-30, or since 1904-01-01 where the workbook says so.
pub(crate) fn from_serial(serial: f64, epoch_1904: bool) -> Option<When> {
    if !(1.0..110_000.0).contains(&serial) {
        return None;
    }
    let base = if epoch_1904 {
        Date::constant(1904, 1, 1)
    } else {
        Date::constant(1899, 12, 30)
    };
    // Before March 1900 the 1900 system counts a 29 February that never was.
    if !epoch_1904 && serial < 61.0 {
        return None;
    }
    let days = serial.floor();
    let date = base.checked_add(jiff::Span::new().days(days as i64)).ok()?;
    let milliseconds = ((serial - days) * 86_400_000.0).round() as i64;
    if milliseconds == 0 {
        return Some(When::Day(date));
    }
    date.at(0, 0, 0, 0)
        .checked_add(jiff::Span::new().milliseconds(milliseconds))
        .ok()
        .map(When::Local)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
