//! What the cells of one file said beyond their values, as sentences for the receipt.

use std::collections::BTreeMap;

/// What one file's cells said beyond their values.
#[derive(Default)]
pub(crate) struct Notes {
    /// Field → raw value without a meaning → how often.
    unmapped: BTreeMap<&'static str, BTreeMap<String, u64>>,
    pub(crate) no_address: u64,
    pub(crate) no_phone: u64,
    pub(crate) several_ids: u64,
    pub(crate) default_currency: u64,
    pub(crate) private_attributes: u64,
}

const MOST_LISTED: usize = 20;

impl Notes {
    /// Sentences for the receipt.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (field, values) in &self.unmapped {
            let total: u64 = values.values().sum();
            let listed: Vec<String> = values
                .iter()
                .take(MOST_LISTED)
                .map(|(value, n)| format!("`{value}` ({n})"))
                .collect();
            let more = if values.len() > MOST_LISTED {
                " and others"
            } else {
                ""
            };
            out.push(format!(
                "{total} value(s) of {field} have no meaning in the tables: {}{more}; map them under [values.{field}] in a sidecar or dialect file",
                listed.join(", ")
            ));
        }
        for (n, what) in [
            (
                self.no_address,
                "cell(s) of an e-mail column hold no address and were left out",
            ),
            (
                self.no_phone,
                "cell(s) of a phone column hold no valid number and were left out",
            ),
            (
                self.several_ids,
                "cell(s) hold several ids; the first was read",
            ),
            (
                self.default_currency,
                "amount(s) had no currency of their own and were read in the workspace's",
            ),
            (
                self.private_attributes,
                "cell(s) of other columns look like an address, a number or free text and were left out",
            ),
        ] {
            if n > 0 {
                out.push(format!("{n} {what}"));
            }
        }
        out
    }

    /// Counts a value that no table gives a meaning.
    pub(crate) fn unmapped(&mut self, field: &'static str, raw: &str) {
        let values = self.unmapped.entry(field).or_default();
        // A value that could be a person's is not repeated.
        let shown = if raw.chars().count() > 60 || raw.contains('@') {
            "(long text)".to_owned()
        } else {
            raw.to_owned()
        };
        if values.len() < 200 || values.contains_key(&shown) {
            *values.entry(shown).or_default() += 1;
        } else {
            *values.entry("(other)".to_owned()).or_default() += 1;
        }
    }
}
