//! What the community costs, in the reporting currency.

use std::collections::BTreeMap;

use levier_domain::money::Currency;
use levier_domain::record::Record;
use levier_domain::time::Month;
use levier_join::Rates;
use levier_roi::{Cost, Unpriced};

/// What was read of the export.
#[derive(Debug, Default, PartialEq)]
pub struct Read {
    /// In minor units of the reporting currency.
    pub costs: Vec<Cost>,
    /// Costs without an exchange rate.
    pub unpriced: Vec<Unpriced>,
    /// How many rows are in no sum, by reason.
    pub left_out: BTreeMap<String, u64>,
}

/// Costs in the reporting currency, and what has no place in it.
pub fn costs(rows: &[Record], rates: &[Record], currency: Currency) -> Read {
    let rates = Rates::new(rates, currency);
    let Read {
        mut costs,
        mut unpriced,
        mut left_out,
    } = Read::default();
    for row in rows {
        let month = row
            .get("month")
            .as_text()
            .and_then(|month| month.parse::<Month>().ok());
        let amount = row
            .get("amount_minor")
            .as_integer()
            .zip(row.get("currency").as_text());
        let (Some(month), Some((minor, code))) = (month, amount) else {
            *left_out.entry("no month or amount".to_owned()).or_default() += 1;
            continue;
        };
        match rates.convert(minor, code, month.first_day()) {
            Some(amount_minor) => {
                let category = row.get("category").as_text().unwrap_or("other").to_owned();
                costs.push(Cost {
                    month,
                    category,
                    amount_minor,
                });
            }
            None => {
                unpriced.push(Unpriced {
                    month,
                    currency: code.to_owned(),
                    amount: in_full(minor, code),
                });
                *left_out
                    .entry(format!(
                        "no exchange rate for {code} on or before {}",
                        month.first_day()
                    ))
                    .or_default() += 1;
            }
        }
    }
    // A set, not a sequence.
    unpriced
        .sort_by(|a, b| (a.month, &a.currency, &a.amount).cmp(&(b.month, &b.currency, &b.amount)));
    Read {
        costs,
        unpriced,
        left_out,
    }
}

/// `50000.00`; minor units where the currency is not known.
fn in_full(minor: i64, code: &str) -> String {
    Currency::parse(code).map_or_else(
        |_| minor.to_string(),
        |currency| {
            let per_major = currency.minor_per_major();
            let digits = per_major.checked_ilog10().unwrap_or(0) as usize;
            let sign = if minor < 0 { "-" } else { "" };
            let (whole, rest) = (minor.abs() / per_major, minor.abs() % per_major);
            if digits == 0 {
                format!("{sign}{whole}")
            } else {
                format!("{sign}{whole}.{rest:0digits$}")
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_in_full() {
        for (minor, code, said) in [
            (5_000_000, "USD", "50000.00"),
            (-105, "EUR", "-1.05"),
            (700, "JPY", "700"),
        ] {
            assert_eq!(in_full(minor, code), said);
        }
    }
}
