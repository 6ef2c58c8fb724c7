//! What the community costs, in the reporting currency.

use std::collections::BTreeMap;

use levier_domain::money::Currency;
use levier_domain::record::Record;
use levier_domain::time::Month;
use levier_join::Rates;
use levier_roi::Cost;

/// Costs in minor units of the reporting currency, and how many rows are in none of them, by reason.
pub fn costs(
    rows: &[Record],
    rates: &[Record],
    currency: Currency,
) -> (Vec<Cost>, BTreeMap<String, u64>) {
    let rates = Rates::new(rates, currency);
    let mut costs = Vec::new();
    let mut left_out: BTreeMap<String, u64> = BTreeMap::new();
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
                *left_out
                    .entry(format!(
                        "no exchange rate for {code} on or before {}",
                        month.first_day()
                    ))
                    .or_default() += 1
            }
        }
    }
    (costs, left_out)
}
