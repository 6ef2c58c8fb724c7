//! The periods of every grain up to an as-of day, in the workspace's zone and fiscal year.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use levier_domain::time::{Grain, Month, Period, start_of_day};

use crate::cell::Name;

/// The day whose knowledge counts, and until when it is known: a day that still runs is known until now, any other to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// The day.
    pub day: Date,
    /// The first instant that is not known yet (µs), where that comes before the end of the day.
    until: i64,
}

impl From<Date> for AsOf {
    /// A day that is over.
    fn from(day: Date) -> Self {
        Self::at(day, i64::MAX)
    }
}

impl AsOf {
    /// A day of which nothing is known from `now` on (µs).
    #[must_use]
    pub fn at(day: Date, now: i64) -> Self {
        Self { day, until: now }
    }

    /// A day that is known until an instant, or to its end.
    #[must_use]
    pub fn known(day: Date, until: Option<Timestamp>) -> Self {
        Self::at(day, until.map_or(i64::MAX, Timestamp::as_microsecond))
    }

    /// The first instant that is not known yet (µs).
    #[must_use]
    pub fn now(&self, zone: &TimeZone) -> i64 {
        midnight(self.day.tomorrow().unwrap_or(self.day), zone).min(self.until)
    }

    /// Whether the time before a day is over.
    #[must_use]
    pub fn is_past(&self, end: Date, zone: &TimeZone) -> bool {
        end <= self.day.tomorrow().unwrap_or(self.day) && midnight(end, zone) <= self.until
    }

    /// The last day that is over.
    #[must_use]
    pub fn last_whole_day(&self, zone: &TimeZone) -> Date {
        let whole = self.is_past(self.day.tomorrow().unwrap_or(self.day), zone);
        if whole {
            self.day
        } else {
            self.day.yesterday().unwrap_or(self.day)
        }
    }
}

/// One period of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Column `grain`.
    pub grain: &'static str,
    /// Column `period`.
    pub name: Name,
    /// First day.
    pub start: Date,
    /// First day after it.
    pub end: Date,
    /// Its first instant (µs).
    pub from: i64,
    /// The first instant after it, or the first that is not known yet where it still runs (µs).
    pub to: i64,
    /// Whether it still runs.
    pub partial: bool,
}

/// Grains, longest series last.
pub const GRAINS: [&str; 8] = [
    "day", "week", "month", "quarter", "year", "28d", "90d", "all",
];

/// The first instant of a local day, in microseconds.
#[must_use]
pub fn midnight(date: Date, zone: &TimeZone) -> i64 {
    start_of_day(date, zone).as_microsecond()
}

fn span(
    grain: &'static str,
    name: String,
    start: Date,
    end: Date,
    as_of: AsOf,
    zone: &TimeZone,
) -> Span {
    // Windows that end with the day end with what is known of it.
    let rolling = matches!(grain, "28d" | "90d" | "all");
    Span {
        grain,
        name: Arc::from(name.as_str()),
        start,
        end,
        from: midnight(start, zone),
        to: midnight(end, zone).min(as_of.now(zone)),
        partial: !rolling && !as_of.is_past(end, zone),
    }
}

/// The period of a grain that holds `date`; years and quarters follow the fiscal year.
///
/// A fiscal year that does not begin in January is named after the calendar year in which it ends: `FY2026`, `FY2026-Q1`.
#[must_use]
pub fn containing(
    grain: &'static str,
    date: Date,
    as_of: AsOf,
    zone: &TimeZone,
    fiscal_start: u8,
) -> Span {
    let shift = i32::from(fiscal_start.clamp(1, 12)) - 1;
    let month = Month::of(date).index();
    let year_start = (month - shift).div_euclid(12) * 12 + shift;
    let whole = |kind| {
        let period = Period::containing(kind, date);
        (period.to_string(), period.start, period.end)
    };
    let (name, start, end) = match grain {
        "day" => whole(Grain::Day),
        "week" => whole(Grain::Week),
        "quarter" if shift > 0 => {
            let first = (month - shift).div_euclid(3) * 3 + shift;
            let name = format!(
                "FY{}-Q{}",
                year_start.div_euclid(12) + 1,
                (first - year_start) / 3 + 1
            );
            (
                name,
                Month::from_index(first).first_day(),
                Month::from_index(first + 3).first_day(),
            )
        }
        "year" if shift > 0 => (
            format!("FY{}", year_start.div_euclid(12) + 1),
            Month::from_index(year_start).first_day(),
            Month::from_index(year_start + 12).first_day(),
        ),
        "quarter" => whole(Grain::Quarter),
        "year" => whole(Grain::Year),
        "28d" => whole(Grain::Rolling28),
        "90d" => whole(Grain::Rolling90),
        "all" => whole(Grain::All),
        _ => whole(Grain::Month),
    };
    span(grain, name, start, end, as_of, zone)
}

/// All periods of a grain from the one that holds `first` to the one that holds `as_of`; of rolling ones, the last.
#[must_use]
pub fn spans(
    grain: &'static str,
    first: Date,
    as_of: AsOf,
    zone: &TimeZone,
    fiscal_start: u8,
) -> Vec<Span> {
    let mut spans = Vec::new();
    if matches!(grain, "28d" | "90d" | "all") {
        spans.push(containing(grain, as_of.day, as_of, zone, fiscal_start));
        return spans;
    }
    let mut day = first.min(as_of.day);
    while day <= as_of.day {
        let span = containing(grain, day, as_of, zone, fiscal_start);
        day = span.end;
        spans.push(span);
    }
    spans
}
