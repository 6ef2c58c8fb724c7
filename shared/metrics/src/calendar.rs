//! The periods of every grain up to an as-of day, in the workspace's zone and fiscal year.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use levier_domain::time::{Grain, Month, Period, start_of_day};

use crate::cell::Name;

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
    /// The first instant after it, or after the as-of day where it still runs (µs).
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
    as_of: Date,
    zone: &TimeZone,
) -> Span {
    let tomorrow = as_of.tomorrow().unwrap_or(as_of);
    Span {
        grain,
        name: Arc::from(name.as_str()),
        start,
        end,
        from: midnight(start, zone),
        to: midnight(end.min(tomorrow), zone),
        partial: end > tomorrow,
    }
}

/// The period of a grain that holds `date`; years and quarters follow the fiscal year.
///
/// A fiscal year that does not begin in January is named after the calendar year in which it ends: `FY2026`, `FY2026-Q1`.
#[must_use]
pub fn containing(
    grain: &'static str,
    date: Date,
    as_of: Date,
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
    as_of: Date,
    zone: &TimeZone,
    fiscal_start: u8,
) -> Vec<Span> {
    let mut spans = Vec::new();
    if matches!(grain, "28d" | "90d" | "all") {
        spans.push(containing(grain, as_of, as_of, zone, fiscal_start));
        return spans;
    }
    let mut day = first.min(as_of);
    while day <= as_of {
        let span = containing(grain, day, as_of, zone, fiscal_start);
        day = span.end;
        spans.push(span);
    }
    spans
}
