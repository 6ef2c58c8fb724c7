//! When jobs run: EventBridge schedule expressions (`rate(…)`, `cron(…)`), as the SAM template gives them to the scheduler.
//!
//! Of `cron` the six fields are read with numbers, lists, ranges, steps, `*` and `?`; names of months and days are not.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// A parsed schedule expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Every so often.
    Rate(SignedDuration),
    /// At the minutes that all five sets allow: minute, hour, day of month, month, day of week (1 is Sunday).
    Cron([Vec<u8>; 5]),
}

impl Schedule {
    /// Reads an expression.
    ///
    /// # Errors
    /// A sentence that says what could be written.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no schedule; write rate(15 minutes) or cron(0 3 * * ? *)");
        let inside = |name: &str| {
            text.trim()
                .strip_prefix(name)?
                .strip_prefix('(')?
                .strip_suffix(')')
        };
        if let Some(rate) = inside("rate") {
            let (number, unit) = rate.split_once(' ').ok_or_else(wrong)?;
            let number: i64 = number.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?;
            let minutes = match unit.trim_end_matches('s') {
                "minute" => 1,
                "hour" => 60,
                "day" => 24 * 60,
                _ => return Err(wrong()),
            };
            return Ok(Self::Rate(SignedDuration::from_mins(number * minutes)));
        }
        let fields: Vec<&str> = inside("cron")
            .ok_or_else(wrong)?
            .split_whitespace()
            .collect();
        let [minute, hour, day, month, weekday, _year] = fields[..] else {
            return Err(wrong());
        };
        let set = |field: &str, from: u8, to: u8| numbers(field, from, to).ok_or_else(wrong);
        Ok(Self::Cron([
            set(minute, 0, 59)?,
            set(hour, 0, 23)?,
            set(day, 1, 31)?,
            set(month, 1, 12)?,
            set(weekday, 1, 7)?,
        ]))
    }

    /// The first instant after `after` at which it fires; `None` where it never does.
    #[must_use]
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self {
            Self::Rate(every) => after.checked_add(*every).ok(),
            Self::Cron(sets) => {
                let mut at: DateTime = zone
                    .to_datetime(after)
                    .with()
                    .second(0)
                    .subsec_nanosecond(0)
                    .build()
                    .ok()?;
                // Four years hold every combination of month, day and weekday that exists.
                let last = at.saturating_add(jiff::Span::new().years(4));
                loop {
                    at = at.saturating_add(jiff::Span::new().minutes(1));
                    if at > last {
                        return None;
                    }
                    let fits = |set: usize, value: i8| {
                        u8::try_from(value).is_ok_and(|value| sets[set].contains(&value))
                    };
                    if !fits(3, at.month())
                        || !fits(2, at.day())
                        || !fits(4, at.weekday().to_sunday_one_offset())
                    {
                        at = at
                            .date()
                            .tomorrow()
                            .ok()?
                            .at(0, 0, 0, 0)
                            .saturating_sub(jiff::Span::new().minutes(1));
                        continue;
                    }
                    if fits(1, at.hour()) && fits(0, at.minute()) {
                        let fires = zone.to_ambiguous_timestamp(at).compatible().ok()?;
                        if fires > after {
                            return Some(fires);
                        }
                    }
                }
            }
        }
    }
}

fn numbers(field: &str, from: u8, to: u8) -> Option<Vec<u8>> {
    let mut all = Vec::new();
    for part in field.split(',') {
        let (range, step) = part.split_once('/').map_or((part, 1), |(range, step)| {
            (range, step.parse::<u8>().unwrap_or(0))
        });
        if step == 0 {
            return None;
        }
        let (low, high) = match range {
            "*" | "?" => (from, to),
            _ => match range.split_once('-') {
                Some((low, high)) => (low.parse().ok()?, high.parse().ok()?),
                None => {
                    let one: u8 = range.parse().ok()?;
                    (one, if part.contains('/') { to } else { one })
                }
            },
        };
        if low < from || high > to || low > high {
            return None;
        }
        all.extend((low..=high).step_by(usize::from(step)));
    }
    Some(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn expressions_fire_when_they_say() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        for (case, text, after, want) in [
            (
                "rate",
                "rate(15 minutes)",
                "2026-03-01T10:00:00Z",
                "2026-03-01T10:15:00Z",
            ),
            (
                "night, local time",
                "cron(0 3 * * ? *)",
                "2026-03-01T10:00:00Z",
                "2026-03-02T02:00:00Z",
            ),
            (
                "the night without three o'clock's hour before it",
                "cron(0 3 * * ? *)",
                "2026-03-28T12:00:00Z",
                "2026-03-29T01:00:00Z",
            ),
            (
                "second of the month",
                "cron(0 5 2 * ? *)",
                "2026-03-02T10:00:00Z",
                "2026-04-02T03:00:00Z",
            ),
            (
                "weekdays",
                "cron(30 8 ? * 2-6 *)",
                "2026-03-06T12:00:00Z",
                "2026-03-09T07:30:00Z",
            ),
            (
                "steps",
                "cron(0/20 * * * ? *)",
                "2026-03-06T12:01:00Z",
                "2026-03-06T12:20:00Z",
            ),
        ] {
            let next = Schedule::parse(text)
                .unwrap()
                .next(after.parse().unwrap(), &paris)
                .unwrap();
            assert_eq!(next, want.parse::<Timestamp>().unwrap(), "{case}");
        }
        for wrong in [
            "",
            "rate(0 minutes)",
            "cron(61 3 * * ? *)",
            "cron(0 3 * *)",
            "every day",
        ] {
            assert!(Schedule::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            Schedule::parse("cron(0 0 31 2 ? *)")
                .unwrap()
                .next(Timestamp::UNIX_EPOCH, &paris),
            None
        );
    }
}
