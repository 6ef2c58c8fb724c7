//! What the cells of one file said beyond their values, as sentences for the receipt.

use std::collections::{BTreeMap, HashMap};

use crate::cells::shape;
use crate::private::{looks_like_a_person, reaches_someone};

/// What the cells of a file, or of a stretch of it, said beyond their values.
#[derive(Default)]
pub(crate) struct Notes {
    /// Field → raw value without a meaning → which was the first of its kind, and how often.
    unmapped: BTreeMap<&'static str, HashMap<String, (usize, u64)>>,
    pub(crate) no_address: u64,
    pub(crate) no_phone: u64,
    pub(crate) several_ids: u64,
    pub(crate) several_addresses: u64,
    pub(crate) numbered_ids: u64,
    pub(crate) open_numbers: u64,
    pub(crate) spans: u64,
    pub(crate) default_currency: u64,
    pub(crate) private_attributes: u64,
}

const MOST_LISTED: usize = 20;
/// Values of one field that are told apart in one file.
const MOST_VALUES: usize = 200;
/// A value is repeated if so many rows hold it.
const SEVERAL: u64 = 3;
/// Values that are not told apart any more.
const OTHERS: &str = "(other)";
/// Texts longer than so many bytes.
const LONGEST: usize = 60;
const LONG: &str = "(long text)";

/// Whether a value could be a person's, or tell of one.
fn tells_of_someone(value: &str) -> bool {
    matches!(value, LONG | OTHERS) || reaches_someone(value) || looks_like_a_person(value)
}

impl Notes {
    /// Sentences for the receipt.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut out = Vec::new();
        for (field, values) in &self.unmapped {
            // A value that stands in a row or two may be what somebody wrote about somebody: its shape alone is told.
            let (repeated, withheld): (Vec<_>, Vec<_>) = values
                .iter()
                .map(|(value, (_, n))| (value.as_str(), *n))
                .partition(|(value, n)| *n >= SEVERAL && !tells_of_someone(value));
            let total = |values: &[(&str, u64)]| values.iter().map(|(_, n)| n).sum::<u64>();
            if !repeated.is_empty() {
                let sorted: BTreeMap<&str, u64> = repeated.iter().copied().collect();
                let listed: Vec<String> = sorted
                    .into_iter()
                    .take(MOST_LISTED)
                    .map(|(value, n)| format!("`{value}` ({n})"))
                    .collect();
                let more = if repeated.len() > MOST_LISTED {
                    " and others"
                } else {
                    ""
                };
                out.push(format!(
                    "{} value(s) of {field} have no meaning in the tables: {}{more}; map them under [values.{field}] in a sidecar or dialect file",
                    total(&repeated),
                    listed.join(", ")
                ));
            }
            if !withheld.is_empty() {
                let mut shapes: BTreeMap<String, u64> = BTreeMap::new();
                for (value, n) in &withheld {
                    *shapes.entry(shape(value)).or_default() += n;
                }
                let commonest = shapes.into_iter().max_by_key(|(_, n)| *n);
                out.push(format!(
                    "{} value(s) of {field} have no meaning in the tables and hardly recur, so that they are not repeated here ({}); map them under [values.{field}] in a sidecar or dialect file",
                    total(&withheld),
                    commonest.map_or_else(String::new, |(shape, _)| shape)
                ));
            }
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
                self.several_addresses,
                "cell(s) hold several addresses; the first was read",
            ),
            (
                self.numbered_ids,
                "id(s) end in `.0`, as a program that took them for numbers writes them; they were read without",
            ),
            (
                self.open_numbers,
                "number(s) could be thousands or decimals and were left empty: say `decimal = \".\"` or `\",\"` in a sidecar file",
            ),
            (
                self.spans,
                "row(s) span several days and count on their first; export the report by day",
            ),
            (
                self.default_currency,
                "amount(s) had no currency of their own and were read in the workspace's",
            ),
            (
                self.private_attributes,
                "cell(s) of other columns may name or reach somebody, or hold words that do not recur, and were left out",
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
        // A long text costs memory and is not repeated anyway.
        let raw = if raw.len() > LONGEST { LONG } else { raw };
        let values = self.unmapped.entry(field).or_default();
        if let Some((_, n)) = values.get_mut(raw) {
            *n += 1;
        } else {
            let place = values.len();
            values.insert(raw.to_owned(), (place, 1));
        }
    }

    /// Adds the notes of the stretch that follows, as if its cells had been seen one by one: the first values of a field are told
    /// apart, the others are not.
    pub(crate) fn absorb(&mut self, next: Self) {
        for (field, values) in next.unmapped {
            let mut values: Vec<(String, (usize, u64))> = values.into_iter().collect();
            values.sort_unstable_by_key(|(_, (place, _))| *place);
            let known = self.unmapped.entry(field).or_default();
            for (shown, (_, n)) in values {
                let shown = if known.len() < MOST_VALUES || known.contains_key(&shown) {
                    shown
                } else {
                    OTHERS.to_owned()
                };
                let place = known.len();
                known.entry(shown).or_insert((place, 0)).1 += n;
            }
        }
        self.no_address += next.no_address;
        self.no_phone += next.no_phone;
        self.several_ids += next.several_ids;
        self.several_addresses += next.several_addresses;
        self.numbered_ids += next.numbered_ids;
        self.open_numbers += next.open_numbers;
        self.spans += next.spans;
        self.default_currency += next.default_currency;
        self.private_attributes += next.private_attributes;
    }
}
