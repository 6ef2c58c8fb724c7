//! Conversion to the reporting currency at the last rate on or before the day.

use std::collections::BTreeMap;

use jiff::civil::Date;
use levier_domain::money::{Currency, Money};
use levier_domain::record::Record;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

/// The dated rates of a workspace.
#[derive(Clone, Debug)]
pub struct Rates {
    reporting: Currency,
    by_currency: BTreeMap<String, BTreeMap<Date, Decimal>>,
}

impl Rates {
    /// Reads the rows of `rates`.
    #[must_use]
    pub fn new(rows: &[Record], reporting: Currency) -> Self {
        let mut by_currency: BTreeMap<String, BTreeMap<Date, Decimal>> = BTreeMap::new();
        for row in rows {
            let rate = row.get("rate").as_number().and_then(Decimal::from_f64);
            if let (Some(date), Some(currency), Some(rate)) = (
                row.get("date").as_date(),
                row.get("currency").as_text(),
                rate,
            ) {
                by_currency
                    .entry(currency.to_owned())
                    .or_default()
                    .insert(date, rate);
            }
        }
        Self {
            reporting,
            by_currency,
        }
    }

    /// `minor` units of `currency` on `day`, in minor units of the reporting currency; `None` without a rate.
    #[must_use]
    pub fn convert(&self, minor: i64, currency: &str, day: Date) -> Option<i64> {
        self.convert_of(minor, Currency::parse(currency).ok()?, day)
    }

    /// [`Rates::convert`] of a currency that is known.
    #[must_use]
    pub fn convert_of(&self, minor: i64, currency: Currency, day: Date) -> Option<i64> {
        if currency == self.reporting {
            return Some(minor);
        }
        let (_, rate) = self
            .by_currency
            .get(currency.code())?
            .range(..=day)
            .next_back()?;
        Money::from_minor(minor, currency)
            .convert(*rate, self.reporting)
            .ok()
            .map(Money::minor)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use levier_domain::entity::Entity;
    use levier_domain::record::Value;

    #[test]
    fn the_last_rate_on_or_before_the_day_holds() {
        let rate = |date: &str, rate: f64| {
            let mut row = Record::new(Entity::Rates);
            row.set("date", Value::Date(date.parse().unwrap()));
            row.set("currency", Value::Text("USD".to_owned()));
            row.set("rate", Value::Number(rate));
            row
        };
        let rates = Rates::new(
            &[rate("2026-01-01", 0.9), rate("2026-02-01", 0.8)],
            Currency::EUR,
        );
        let on = |day: &str| rates.convert(1000, "USD", day.parse().unwrap());
        assert_eq!(
            on("2025-12-31"),
            None,
            "before the first rate nothing is guessed"
        );
        assert_eq!(on("2026-01-31"), Some(900));
        assert_eq!(on("2026-02-01"), Some(800));
        assert_eq!(
            rates.convert(1000, "GBP", "2026-02-01".parse().unwrap()),
            None
        );
        assert_eq!(
            rates.convert(1000, "EUR", "2020-02-01".parse().unwrap()),
            Some(1000)
        );
    }
}
