//! Which columns that no layout knows may be kept: those whose values are of a closed kind, so that nobody's name, number or words
//! come in with them.
//!
//! Numbers, days, yes and no are of a closed kind; so is a word that recurs among few others. What the first rows of a file do not
//! show to recur is left out of the rest too: a name that comes late is not told from a new word.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::dates::{self, Order};
use crate::number;
use crate::private::{looks_like_a_person, looks_private, private_header, reaches_someone};
use crate::rows::Row;

/// Different words of one column, at most.
const MOST_WORDS: usize = 200;
/// A word recurs if so many rows hold it, and a column of words is closed if so many rows come to each.
const RECURS: u64 = 3;
/// Of ten filled cells so many must be of a closed kind.
const CLOSED: u64 = 8;

/// Words that a kept column may hold, beside numbers, days, yes and no; by key of the attribute.
pub(crate) type Vocabulary = HashMap<String, HashSet<String>>;

/// What the cells of one attribute are.
#[derive(Default)]
struct Cells {
    filled: u64,
    values: u64,
    people: u64,
    words: HashMap<String, u64>,
    worded: u64,
}

impl Cells {
    fn see(&mut self, text: &str, country: &str) {
        self.filled += 1;
        self.people += u64::from(looks_like_a_person(text));
        if looks_private(text, country) {
            return;
        }
        if is_value(text) {
            self.values += 1;
        } else {
            self.worded += 1;
            if let Some(n) = self.words.get_mut(text) {
                *n += 1;
            } else if self.words.len() <= MOST_WORDS {
                self.words.insert(text.to_owned(), 1);
            }
        }
    }

    /// The words that may be kept, or `None` where the column may not.
    fn settle(self) -> Option<HashSet<String>> {
        let different = self.words.len();
        let few = different <= MOST_WORDS && different as u64 * RECURS <= self.worded;
        let recurring: HashMap<String, u64> = self
            .words
            .into_iter()
            .filter(|(_, n)| few && *n >= RECURS)
            .collect();
        let closed = self.values + recurring.values().sum::<u64>();
        let named = self.people * 2 > self.filled;
        (self.filled > 0 && !named && closed * 10 >= self.filled * CLOSED)
            .then(|| recurring.into_keys().collect())
    }
}

/// What the first rows of a file show of its attributes.
pub(crate) struct Closed<'a> {
    columns: &'a [(usize, String)],
    /// Cell that holds an object of attributes.
    object: Option<usize>,
    country: &'a str,
    seen: BTreeMap<String, Cells>,
}

impl<'a> Closed<'a> {
    pub(crate) fn new(
        columns: &'a [(usize, String)],
        object: Option<usize>,
        country: &'a str,
    ) -> Self {
        Self {
            columns,
            object,
            country,
            seen: BTreeMap::new(),
        }
    }

    /// Whether there is nothing to look at.
    pub(crate) fn is_idle(&self) -> bool {
        self.columns.is_empty() && self.object.is_none()
    }

    pub(crate) fn see(&mut self, row: &Row) {
        if row.fault.is_some() {
            return;
        }
        for (cell, key) in self.columns {
            let text = row.cell(*cell).trim();
            if !text.is_empty() {
                self.cell(key, text);
            }
        }
        if let Some(at) = self.object {
            for (key, text) in object(row.cell(at)).unwrap_or_default() {
                if !private_header(&key) {
                    self.cell(&key, text.trim());
                }
            }
        }
    }

    fn cell(&mut self, key: &str, text: &str) {
        if !self.seen.contains_key(key) {
            self.seen.insert(key.to_owned(), Cells::default());
        }
        if let Some(cells) = self.seen.get_mut(key) {
            cells.see(text, self.country);
        }
    }

    /// The columns that may be kept, with their words; and those that hold something and may not.
    pub(crate) fn settle(self) -> (Vocabulary, Vec<String>) {
        let (mut kept, mut left) = (Vocabulary::new(), Vec::new());
        for (key, cells) in self.seen {
            match cells.settle() {
                Some(words) => {
                    kept.insert(key, words);
                }
                None => left.push(key),
            }
        }
        (kept, left)
    }
}

/// Whether a value of an attribute may be kept.
pub(crate) fn keeps(vocabulary: &Vocabulary, key: &str, text: &str, country: &str) -> bool {
    vocabulary.get(key).is_some_and(|words| {
        words.contains(text) || is_value(text) && !looks_private(text, country)
    })
}

/// A number, a day, yes or no.
fn is_value(text: &str) -> bool {
    const FLAGS: &[&str] = &["true", "false", "yes", "no", "oui", "non", "vrai", "faux"];
    if !text.starts_with(|c: char| c.is_alphabetic()) {
        let day = |order| dates::parse(text, Some(order)).is_ok();
        let number = !reaches_someone(text) && number::number(text, None).is_some();
        return number || day(Order::DayFirst) || day(Order::MonthFirst);
    }
    FLAGS.contains(&text.to_lowercase().as_str())
}

/// An object of attributes as written in one cell: keys and texts; `None` where it is no object.
pub(crate) fn object(cell: &str) -> Option<Vec<(String, String)>> {
    let Ok(serde_json::Value::Object(map)) = serde_json::from_str(cell) else {
        return None;
    };
    let pairs = map.into_iter().filter_map(|(key, value)| match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some((key, text)),
        other => Some((key, other.to_string())),
    });
    Some(pairs.collect())
}
