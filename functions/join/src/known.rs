//! Who is who, read back: what `join` wrote for the jobs after it.
//!
//! Millions of handles, records and addresses are kept as text in one arena each, found by their hash, and their persons as
//! numbers: a fraction of what a map of strings would take. What signed sources name needs no hash against strangers.

use std::hash::BuildHasher;

use hashbrown::HashTable;
use levier_domain::record::Record;
use levier_lake::columns::{self, Column};
use levier_lake::{Lake, LakeError, keys};
use rustc_hash::{FxBuildHasher, FxHashSet};

/// Different texts, one after the other, each with a number.
#[derive(Clone, Debug, Default)]
struct Texts {
    text: String,
    ends: Vec<usize>,
    numbers: HashTable<u32>,
}

impl Texts {
    fn get(&self, number: u32) -> &str {
        slice(&self.text, &self.ends, number)
    }

    /// The number of a text, which it is given if it has none.
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.find(text) {
            return number;
        }
        let number = self.ends.len() as u32;
        self.text.push_str(text);
        self.ends.push(self.text.len());
        let (held, ends) = (&self.text, &self.ends);
        let hash = |number: &u32| FxBuildHasher.hash_one(slice(held, ends, *number));
        self.numbers.insert_unique(hash(&number), number, hash);
        number
    }

    fn find(&self, wanted: &str) -> Option<u32> {
        let hash = FxBuildHasher.hash_one(wanted);
        let number = self
            .numbers
            .find(hash, |number| self.get(*number) == wanted);
        number.copied()
    }
}

fn slice<'a>(text: &'a str, ends: &[usize], number: u32) -> &'a str {
    let at = number as usize;
    let from = if at == 0 { 0 } else { ends[at - 1] };
    &text[from..ends[at]]
}

/// A text to a number.
#[derive(Clone, Debug, Default)]
struct Names {
    names: Texts,
    values: Vec<u32>,
}

impl Names {
    /// Says what a name stands for; the last word counts.
    fn set(&mut self, name: &str, value: u32) {
        let number = self.names.number(name) as usize;
        if number == self.values.len() {
            self.values.push(value);
        } else {
            self.values[number] = value;
        }
    }

    fn get(&self, name: &str) -> Option<u32> {
        self.names
            .find(name)
            .map(|number| self.values[number as usize])
    }
}

/// The identities of the last join.
#[derive(Clone, Debug, Default)]
pub struct Known {
    persons: Texts,
    accounts: Texts,
    handles: Names,
    records: Names,
    emails: Names,
    /// Account of each person, where there is one.
    employers: Vec<Option<u32>>,
    /// Persons who are staff, by number.
    staff: FxHashSet<u32>,
}

/// Joins the parts of a name; no part holds the separator but the last, which may.
fn joined(parts: [&str; 2], place: &mut String) {
    place.clear();
    place.push_str(parts[0]);
    place.push('\0');
    place.push_str(parts[1]);
}

impl Known {
    /// Reads `identity/`.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn load(lake: &Lake) -> Result<Self, LakeError> {
        let mut known = Self::default();
        let Self {
            persons,
            accounts,
            handles,
            records,
            emails,
            employers,
            staff,
        } = &mut known;
        let mut place = String::new();
        for (names, file, first, second) in [
            (handles, "handles", "platform", Some("handle")),
            (records, "records", "source", Some("id")),
            (emails, "emails", "email_key", None),
        ] {
            let columns = [first, second.unwrap_or(first), "person"];
            each(lake, file, columns, |[a, b, person]| {
                let person = persons.number(person);
                if second.is_some() {
                    joined([a, b], &mut place);
                    names.set(&place, person);
                } else {
                    names.set(a, person);
                }
            })
            .await?;
        }
        each(
            lake,
            "accounts",
            ["person", "account"],
            |[person, account]| {
                let person = persons.number(person) as usize;
                if employers.len() <= person {
                    employers.resize(person + 1, None);
                }
                employers[person] = Some(accounts.number(account));
            },
        )
        .await?;
        each(lake, "staff", ["person"], |[person]| {
            staff.insert(persons.number(person));
        })
        .await?;
        employers.resize(persons.ends.len(), None);
        Ok(known)
    }

    /// The person behind a handle.
    #[must_use]
    pub fn of_handle(&self, platform: &str, handle: &str) -> Option<&str> {
        let mut name = String::with_capacity(platform.len() + handle.len() + 1);
        joined([platform, handle], &mut name);
        self.handles
            .get(&name)
            .map(|person| self.persons.get(person))
    }

    /// The person whom a CRM row is about: by the native id, else by e-mail.
    #[must_use]
    pub fn of_row(&self, row: &Record) -> Option<&str> {
        let text = |name: &str| row.get(name).as_text();
        let by_id = || {
            let mut name = String::new();
            joined([text("source")?, text("person_id")?], &mut name);
            self.records.get(&name)
        };
        by_id()
            .or_else(|| self.emails.get(text("email_key")?))
            .map(|person| self.persons.get(person))
    }

    /// The account of a person.
    #[must_use]
    pub fn account(&self, person: &str) -> Option<&str> {
        let account = self.employers[self.persons.find(person)? as usize]?;
        Some(self.accounts.get(account))
    }

    /// Whether a person is staff: by configuration, roster, domain or the platform's word.
    #[must_use]
    pub fn is_staff(&self, person: &str) -> bool {
        self.persons
            .find(person)
            .is_some_and(|number| self.staff.contains(&number))
    }

    /// Everybody who is staff.
    pub fn staff(&self) -> impl Iterator<Item = &str> {
        self.staff.iter().map(|number| self.persons.get(*number))
    }

    /// Every person that belongs to an account, with it.
    pub fn accounts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.employers
            .iter()
            .enumerate()
            .filter_map(|(person, account)| {
                let account = self.accounts.get((*account)?);
                Some((self.persons.get(person as u32), account))
            })
    }
}

/// The account that a row names itself, as the identity graph writes it: what has no person still has a customer.
#[must_use]
pub fn own_account(row: &Record) -> Option<String> {
    let text = |name: &str| row.get(name).as_text().filter(|text| !text.is_empty());
    Some(format!("{}:{}", text("source")?, text("account_id")?))
}

async fn each<const N: usize>(
    lake: &Lake,
    name: &str,
    header: [&str; N],
    mut take: impl FnMut([&str; N]),
) -> Result<(), LakeError> {
    let key = format!("{}{name}.parquet", keys::IDENTITY);
    let Some(bytes) = lake.get(&key).await? else {
        return Ok(());
    };
    for batch in columns::batches(&key, bytes, &header)? {
        let batch = batch?;
        let views = header.map(|column| Column::of(&batch, column));
        for row in 0..batch.num_rows() {
            take(std::array::from_fn(|position| {
                views[position].text(row).unwrap_or_default()
            }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_wherever_they_stood_and_the_last_word_counts() {
        let mut names = Names::default();
        for (value, name) in ["slack\0U2", "", "discord\0é", "slack\0U1", "slack\0U2"]
            .into_iter()
            .enumerate()
        {
            names.set(name, value as u32);
        }
        assert_eq!(names.values.len(), 4, "each once");
        assert_eq!(names.get("slack\0U2"), Some(4));
        assert_eq!(names.get(""), Some(1));
        assert_eq!(names.get("discord\0é"), Some(2));
        assert_eq!(names.get("slack\0U3"), None);
        assert_eq!(Names::default().get(""), None);
    }
}
