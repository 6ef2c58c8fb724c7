//! Months, periods and their borders in the workspace's time zone.
//!
//! A period is a half-open span of local days `[start, end)`. Its borders in UTC follow the zone's own rules, so that the
//! day on which clocks change is 23 or 25 hours long and still one day.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A calendar month, counted so that arithmetic is subtraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// The month that holds `date`.
    #[must_use]
    pub fn of(date: Date) -> Self {
        Self(i32::from(date.year()) * 12 + i32::from(date.month()) - 1)
    }

    /// The month of an instant, as the workspace's calendar has it.
    #[must_use]
    pub fn at(instant: Timestamp, zone: &TimeZone) -> Self {
        Self::of(zone.to_datetime(instant).date())
    }

    /// Months since year 0; differences are numbers of months.
    #[must_use]
    pub fn index(self) -> i32 {
        self.0
    }

    /// The inverse of [`Month::index`].
    #[must_use]
    pub fn from_index(index: i32) -> Self {
        Self(index)
    }

    /// `n` months later (earlier when negative).
    #[must_use]
    pub fn plus(self, n: i32) -> Self {
        Self(self.0 + n)
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> Date {
        Date::constant(
            self.0.div_euclid(12) as i16,
            (self.0.rem_euclid(12) + 1) as i8,
            1,
        )
    }

    /// The first day of the next month.
    #[must_use]
    pub fn end_day(self) -> Date {
        self.plus(1).first_day()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}",
            self.0.div_euclid(12),
            self.0.rem_euclid(12) + 1
        )
    }
}

impl FromStr for Month {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError::NotAMonth(text.to_owned());
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        if year.len() != 4 || month.len() != 2 {
            return Err(wrong());
        }
        let year: i32 = year.parse().map_err(|_| wrong())?;
        let month: i32 = month.parse().map_err(|_| wrong())?;
        if !(1..=12).contains(&month) {
            return Err(wrong());
        }
        Ok(Self(year * 12 + month - 1))
    }
}

impl Serialize for Month {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// How long the periods of a series are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grain {
    /// Local calendar day, `2026-03-29`.
    Day,
    /// ISO week, `2026-W13`.
    Week,
    /// Calendar month, `2026-03`.
    Month,
    /// Quarter, `2026-Q1`.
    Quarter,
    /// Year, `2026`.
    Year,
    /// The 28 days that end with the as-of day, `28d`.
    Rolling28,
    /// The 90 days that end with the as-of day, `90d`.
    Rolling90,
    /// Everything up to the as-of day, `all`.
    All,
}

/// A span of local days `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// Which series it belongs to.
    pub grain: Grain,
    /// First day in it.
    pub start: Date,
    /// First day after it.
    pub end: Date,
}

impl Period {
    /// The period of `grain` that holds `date` (for rolling windows: that ends with it).
    #[must_use]
    pub fn containing(grain: Grain, date: Date) -> Self {
        let days = |n: i64| jiff::Span::new().days(n);
        let tomorrow = date.saturating_add(days(1));
        let (start, end) = match grain {
            Grain::Day => (date, tomorrow),
            Grain::Week => {
                let start =
                    date.saturating_sub(days(i64::from(date.weekday().to_monday_zero_offset())));
                (start, start.saturating_add(days(7)))
            }
            Grain::Month => (Month::of(date).first_day(), Month::of(date).end_day()),
            Grain::Quarter => {
                let first = Month::from_index(Month::of(date).index().div_euclid(3) * 3);
                (first.first_day(), first.plus(3).first_day())
            }
            Grain::Year => {
                let first = Month::from_index(Month::of(date).index().div_euclid(12) * 12);
                (first.first_day(), first.plus(12).first_day())
            }
            Grain::Rolling28 => (tomorrow.saturating_sub(days(28)), tomorrow),
            Grain::Rolling90 => (tomorrow.saturating_sub(days(90)), tomorrow),
            Grain::All => (Date::constant(1970, 1, 1), tomorrow),
        };
        Self { grain, start, end }
    }

    /// Its borders in UTC: an instant `t` is inside when `from <= t < to`.
    #[must_use]
    pub fn bounds(&self, zone: &TimeZone) -> (Timestamp, Timestamp) {
        (start_of_day(self.start, zone), start_of_day(self.end, zone))
    }

    /// Whether it still runs on `as_of` (its last day not being over).
    #[must_use]
    pub fn is_partial(&self, as_of: Date) -> bool {
        !matches!(self.grain, Grain::Rolling28 | Grain::Rolling90 | Grain::All)
            && self.end > as_of.tomorrow().unwrap_or(as_of)
    }

    /// The period just before it, of the same grain.
    #[must_use]
    pub fn previous(&self) -> Self {
        Self::containing(self.grain, self.start.yesterday().unwrap_or(self.start))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.grain {
            Grain::Day => write!(f, "{}", self.start),
            Grain::Week => {
                let week = self.start.iso_week_date();
                write!(f, "{:04}-W{:02}", week.year(), week.week())
            }
            Grain::Month => write!(f, "{}", Month::of(self.start)),
            Grain::Quarter => write!(
                f,
                "{:04}-Q{}",
                self.start.year(),
                (self.start.month() - 1) / 3 + 1
            ),
            Grain::Year => write!(f, "{:04}", self.start.year()),
            Grain::Rolling28 => f.write_str("28d"),
            Grain::Rolling90 => f.write_str("90d"),
            Grain::All => f.write_str("all"),
        }
    }
}

impl std::str::FromStr for Period {
    type Err = TimeError;

    /// Reads the name of a day, week, month, quarter or year; windows that end with the as-of day have no borders of their own.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let wrong = || TimeError::NotAPeriod(text.to_owned());
        let number = |digits: &str, length: usize| {
            (digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| digits.parse::<i16>().ok())
                .flatten()
        };
        let first = |year: i16, month: i16| Date::new(year, i8::try_from(month).ok()?, 1).ok();
        let of = |year: &str| number(year, 4);
        let found = match text.split_once('-') {
            None => of(text)
                .and_then(|year| first(year, 1))
                .map(|day| (Grain::Year, day)),
            Some((year, rest)) => of(year).and_then(|year| {
                if let Some(week) = rest.strip_prefix('W') {
                    let week = i8::try_from(number(week, 2)?).ok()?;
                    let monday =
                        jiff::civil::ISOWeekDate::new(year, week, jiff::civil::Weekday::Monday);
                    Some((Grain::Week, monday.ok()?.date()))
                } else if let Some(quarter) = rest.strip_prefix('Q') {
                    let quarter = number(quarter, 1).filter(|quarter| (1..=4).contains(quarter))?;
                    Some((Grain::Quarter, first(year, quarter * 3 - 2)?))
                } else if rest.len() == 2 {
                    Some((Grain::Month, first(year, number(rest, 2)?)?))
                } else {
                    (text.len() == 10).then_some(())?;
                    Some((Grain::Day, text.parse().ok()?))
                }
            }),
        };
        found
            .map(|(grain, day)| Self::containing(grain, day))
            .ok_or_else(wrong)
    }
}

/// Local midnight that opens `date` (the first instant of the day where midnight is skipped by a clock change).
#[must_use]
pub fn start_of_day(date: Date, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_zoned(date.at(0, 0, 0, 0))
        .compatible()
        .map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// Why a text is not a date or month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// Not `YYYY-MM`.
    #[error("`{0}` is not a month; write YYYY-MM")]
    NotAMonth(String),
    /// Not the name of a period.
    #[error(
        "`{0}` is no period; write a day (2026-03-29), week (2026-W13), month (2026-03), quarter (2026-Q1) or year (2026)"
    )]
    NotAPeriod(String),
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn periods_have_their_usual_names_and_borders() {
        let day = date(2026, 3, 29);
        for (grain, name, start, end) in [
            (Grain::Day, "2026-03-29", day, date(2026, 3, 30)),
            (
                Grain::Week,
                "2026-W13",
                date(2026, 3, 23),
                date(2026, 3, 30),
            ),
            (Grain::Month, "2026-03", date(2026, 3, 1), date(2026, 4, 1)),
            (
                Grain::Quarter,
                "2026-Q1",
                date(2026, 1, 1),
                date(2026, 4, 1),
            ),
            (Grain::Year, "2026", date(2026, 1, 1), date(2027, 1, 1)),
            (Grain::Rolling28, "28d", date(2026, 3, 2), date(2026, 3, 30)),
        ] {
            let period = Period::containing(grain, day);
            assert_eq!(
                (period.to_string().as_str(), period.start, period.end),
                (name, start, end),
                "{grain:?}"
            );
        }
    }

    /// Names are read as they are written; what names no stretch of the calendar is refused.
    #[test]
    fn names_of_periods_are_read_back() {
        for day in [date(2026, 3, 29), date(2024, 12, 30), date(2027, 1, 1)] {
            for grain in [
                Grain::Day,
                Grain::Week,
                Grain::Month,
                Grain::Quarter,
                Grain::Year,
            ] {
                let period = Period::containing(grain, day);
                assert_eq!(period.to_string().parse(), Ok(period), "{grain:?} of {day}");
            }
        }
        for text in [
            "",
            "28d",
            "all",
            "now",
            "M3",
            "26",
            "2026-",
            "2026-3",
            "2026-13",
            "2026-Q0",
            "2026-Q5",
            "2026-W00",
            "2026-W54",
            "2026-02-30",
            "2026-03-1",
            "2026-03-01T00",
            "+2026",
            "2026-+3",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_day_on_which_clocks_change_is_still_one_day() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        for (case, day, hours) in [
            ("spring", date(2026, 3, 29), 23),
            ("autumn", date(2026, 10, 25), 25),
            ("plain", date(2026, 6, 1), 24),
        ] {
            let (from, to) = Period::containing(Grain::Day, day).bounds(&paris);
            assert_eq!((to.as_second() - from.as_second()) / 3600, hours, "{case}");
        }
    }

    #[test]
    fn months_count_across_years() {
        let month: Month = "2025-12".parse().unwrap();
        assert_eq!(month.plus(1).to_string(), "2026-01");
        assert_eq!(month.end_day(), date(2026, 1, 1));
        assert!("2025-13".parse::<Month>().is_err());
    }
}
