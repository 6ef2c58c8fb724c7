//! What contracts were due for, and when: of each contract every version that was ever known, one after the other.
//!
//! A version holds until the next one does, by its modification time or else by its drop: at no instant are two of them due.
//!
//! ```text
//! dropped in May   10 € a month, active, since January           10 € from January
//! dropped in July  30 € a month, active, no modification time    30 € from July
//! ```

use jiff::Timestamp;
use jiff::civil::Date;
use levier_domain::money::Currency;
use levier_domain::record::Record;

use crate::money::Rates;

/// One subscription version: what was due between two instants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Due {
    /// From.
    pub from: Timestamp,
    /// Until, open while it runs.
    pub until: Option<Timestamp>,
    /// What is due every interval, for one, in minor units of its currency.
    pub amount_minor: i64,
    currency: Currency,
    /// Months of an interval.
    months: f64,
    quantity: f64,
}

impl Due {
    /// What a version is due for; `None` in a currency that is none.
    #[must_use]
    pub fn of(paid: &Paid<'_>) -> Option<Self> {
        let row = paid.row;
        Some(Self {
            from: paid.from,
            until: paid.until,
            amount_minor: row.get("amount_minor").as_integer().unwrap_or(0),
            currency: Currency::parse(row.get("currency").as_text()?).ok()?,
            months: months_of(row.get("interval").as_text().unwrap_or("month")),
            quantity: row.get("quantity").as_number().unwrap_or(1.0),
        })
    }

    /// What it brings per month, in whole minor units of the reporting currency, at the rate of a day: years are twelfths,
    /// quarters thirds, weeks × 52 ÷ 12. `None` without a rate on or before the day.
    #[must_use]
    pub fn monthly_minor(&self, rates: &Rates, day: Date) -> Option<i64> {
        let amount = rates.convert_of(self.amount_minor, self.currency, day)?;
        Some((amount as f64 / self.months * self.quantity).round() as i64)
    }
}

/// Months of an interval that a subscription is due for.
fn months_of(interval: &str) -> f64 {
    match interval {
        "year" => 12.0,
        "quarter" => 3.0,
        "week" => 12.0 / 52.0,
        _ => 1.0,
    }
}

/// A version that was paid for.
#[derive(Clone, Copy, Debug)]
pub struct Paid<'a> {
    /// What it says.
    pub row: &'a Record,
    /// Since when it is paid for.
    pub from: Timestamp,
    /// Until when, open while it runs.
    pub until: Option<Timestamp>,
}

/// When the versions of one contract, by age, were paid for; trials and pauses are not.
pub fn paid(versions: &[Record]) -> impl Iterator<Item = Paid<'_>> {
    versions.iter().enumerate().filter_map(|(position, row)| {
        let at = |column: &str| row.get(column).as_instant();
        let started = at("started_at")?;
        // The first version also covers what went before.
        let holds = if position == 0 {
            started
        } else {
            row.holds_from().unwrap_or(started).max(started)
        };
        let later = &versions[position + 1..];
        let next = later.first().and_then(Record::holds_from);
        // A later version may say that the contract had ended by then.
        let told = later
            .iter()
            .filter_map(Record::contract_end)
            .filter(|end| *end >= holds);
        let until = row.contract_end().into_iter().chain(next).chain(told).min();
        let from = at("trial_end").map_or(holds, |end| end.max(holds));
        let tried = matches!(row.get("status").as_text(), Some("paused" | "trialing"));
        (!tried && until.is_none_or(|until| until > from)).then_some(Paid { row, from, until })
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use levier_domain::entity::Entity;
    use levier_domain::record::Value;

    fn version(cells: &[(&str, &str)]) -> Record {
        let mut row = Record::new(Entity::Subscriptions);
        for (column, text) in cells {
            let value = text.parse().map_or_else(
                |_| Value::Text((*text).to_owned()),
                |day: Date| {
                    Value::Instant(day.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp())
                },
            );
            assert!(row.set(column, value), "{column}");
        }
        row
    }

    fn spans(versions: &[&[(&str, &str)]]) -> Vec<(String, String)> {
        let rows: Vec<Record> = versions.iter().map(|cells| version(cells)).collect();
        let day = |at: Timestamp| at.to_string()[..10].to_owned();
        paid(&rows)
            .map(|paid| {
                (
                    day(paid.from),
                    paid.until.map_or_else(|| "open".to_owned(), day),
                )
            })
            .collect()
    }

    #[test]
    fn one_version_is_due_at_a_time() {
        let january = ("started_at", "2026-01-01");
        for (name, versions, expected) in [
            (
                "two drops without a modification time",
                vec![
                    vec![january, ("status", "active"), ("known_from", "2026-05-01")],
                    vec![january, ("status", "active"), ("known_from", "2026-07-01")],
                ],
                vec![("2026-01-01", "2026-07-01"), ("2026-07-01", "open")],
            ),
            (
                "a plan that changed",
                vec![
                    vec![
                        january,
                        ("updated_at", "2026-01-01"),
                        ("known_from", "2026-07-01"),
                    ],
                    vec![
                        january,
                        ("updated_at", "2026-03-01"),
                        ("known_from", "2026-07-01"),
                    ],
                ],
                vec![("2026-01-01", "2026-03-01"), ("2026-03-01", "open")],
            ),
            (
                "an end told later than it was",
                vec![
                    vec![january, ("status", "active"), ("known_from", "2026-05-01")],
                    vec![
                        january,
                        ("status", "cancelled"),
                        ("ended_at", "2026-06-10"),
                        ("known_from", "2026-07-01"),
                    ],
                ],
                vec![("2026-01-01", "2026-06-10")],
            ),
            (
                "an end, and a new beginning",
                vec![
                    vec![january, ("updated_at", "2026-01-01")],
                    vec![
                        january,
                        ("status", "cancelled"),
                        ("ended_at", "2026-02-01"),
                        ("updated_at", "2026-02-02"),
                    ],
                    vec![january, ("status", "active"), ("updated_at", "2026-04-01")],
                ],
                vec![("2026-01-01", "2026-02-01"), ("2026-04-01", "open")],
            ),
            (
                "over, and no date says since when",
                vec![vec![
                    january,
                    ("status", "ended"),
                    ("current_period_end", "2026-04-01"),
                    ("updated_at", "2026-04-02"),
                ]],
                vec![("2026-01-01", "2026-04-01")],
            ),
            (
                "over, and nothing but its modification is dated",
                vec![vec![
                    january,
                    ("status", "cancelled"),
                    ("updated_at", "2026-04-02"),
                ]],
                vec![("2026-01-01", "2026-04-02")],
            ),
            (
                "a trial that was not kept",
                vec![vec![
                    january,
                    ("status", "ended"),
                    ("trial_end", "2026-01-31"),
                    ("ended_at", "2026-01-20"),
                ]],
                vec![],
            ),
        ] {
            let rows: Vec<&[(&str, &str)]> = versions.iter().map(Vec::as_slice).collect();
            let expected: Vec<(String, String)> = expected
                .into_iter()
                .map(|(from, until)| (from.to_owned(), until.to_owned()))
                .collect();
            assert_eq!(spans(&rows), expected, "{name}");
        }
    }
}
