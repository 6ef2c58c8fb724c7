//! The company's days: 25 whole months in its own time zone, the opening month (number 0) and the 24 of the window.

use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use levier_domain::time::{Month, start_of_day};

/// Months of the window in which the effect is measured.
pub(crate) const WINDOW: usize = 24;
/// Months in which there are data: the opening month and the window.
pub(crate) const MONTHS: usize = WINDOW + 1;

/// Days, months and instants of the history.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    first: Month,
    first_day: Date,
    zone: TimeZone,
    /// Local midnights in seconds since the epoch; one more than there are days.
    midnights: Vec<i64>,
    /// First day of each month, and one more.
    month_starts: Vec<usize>,
}

impl Calendar {
    /// The history that ends with the last whole month before `end`.
    pub(crate) fn ending(end: Date) -> Self {
        let zone = TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC);
        let first = Month::of(end).plus(-(MONTHS as i32));
        let first_day = first.first_day();
        let mut midnights = Vec::new();
        let mut month_starts = Vec::new();
        let mut date = first_day;
        let last = Month::of(end).first_day();
        loop {
            if date.day() == 1 {
                month_starts.push(midnights.len());
            }
            midnights.push(start_of_day(date, &zone).as_second());
            if date >= last {
                break;
            }
            date = date.saturating_add(Span::new().days(1));
        }
        Self {
            first,
            first_day,
            zone,
            midnights,
            month_starts,
        }
    }

    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub(crate) fn month(&self, number: usize) -> Month {
        self.first.plus(number as i32)
    }

    /// Numbers of the days of a month.
    pub(crate) fn days_of(&self, month: usize) -> Range<usize> {
        self.month_starts[month]..self.month_starts[month + 1]
    }

    pub(crate) fn days(&self) -> usize {
        self.midnights.len() - 1
    }

    pub(crate) fn date(&self, day: usize) -> Date {
        self.first_day.saturating_add(Span::new().days(day as i64))
    }

    /// First day after the history.
    pub(crate) fn end(&self) -> Date {
        self.date(self.days())
    }

    /// Microseconds since the epoch, `seconds` after local midnight.
    pub(crate) fn micros(&self, day: usize, seconds: f64) -> i64 {
        self.midnights[day] * 1_000_000 + (seconds * 1e6) as i64
    }

    /// Microseconds of the first instant after the history.
    pub(crate) fn end_micros(&self) -> i64 {
        self.micros(self.days(), 0.0)
    }

    /// Number of the month in which an instant lies.
    pub(crate) fn month_of(&self, micros: i64) -> usize {
        let day = self
            .midnights
            .partition_point(|start| start * 1_000_000 <= micros)
            .saturating_sub(1);
        self.month_starts
            .partition_point(|start| *start <= day)
            .saturating_sub(1)
    }
}

/// The instant of a number of microseconds; the epoch where there is none (never within the history).
pub(crate) fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_history_is_whole_months() {
        for end in [date(2026, 11, 1), date(2026, 11, 22)] {
            let calendar = Calendar::ending(end);
            assert_eq!(calendar.end(), date(2026, 11, 1));
            assert_eq!(calendar.month(0).to_string(), "2024-10");
            assert_eq!(calendar.month(WINDOW).to_string(), "2026-10");
            assert_eq!(calendar.days_of(WINDOW).end, calendar.days());
            for month in 0..MONTHS {
                for day in calendar.days_of(month) {
                    assert_eq!(calendar.month_of(calendar.micros(day, 0.0)), month);
                    assert_eq!(calendar.month_of(calendar.micros(day, 80_000.0)), month);
                }
            }
        }
    }
}
