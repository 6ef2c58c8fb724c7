//! Who is who, read back: what `join` wrote for the jobs after it.
//!
//! Millions of handles, records and addresses are kept as sorted text in one arena each, and their persons as numbers: a tenth of
//! what a map of strings would take.

use levier_domain::record::Record;
use levier_lake::columns::{self, Column};
use levier_lake::{Lake, LakeError, keys};

/// Texts in byte order, one after the other.
#[derive(Clone, Debug, Default)]
struct Texts {
    text: String,
    ends: Vec<usize>,
}

impl Texts {
    fn get(&self, at: usize) -> &str {
        let from = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[from..self.ends[at]]
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.ends.push(self.text.len());
    }

    /// Where `wanted` stands; the texts are sorted.
    fn find(&self, wanted: &str) -> Option<usize> {
        let (mut from, mut to) = (0, self.ends.len());
        while from < to {
            let middle = from + (to - from) / 2;
            match self.get(middle).cmp(wanted) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        None
    }

    /// The same texts in byte order, each once, and for each old position the new one.
    fn sorted(self) -> (Self, Vec<u32>) {
        let mut order: Vec<u32> = (0..self.ends.len() as u32).collect();
        let ascending = (1..self.ends.len()).all(|at| self.get(at - 1) < self.get(at));
        if ascending {
            return (self, order);
        }
        order.sort_unstable_by(|a, b| self.get(*a as usize).cmp(self.get(*b as usize)));
        let mut out = Self::default();
        let mut places = vec![0; order.len()];
        for old in order {
            let text = self.get(old as usize);
            if out.ends.is_empty() || out.get(out.ends.len() - 1) != text {
                out.push(text);
            }
            places[old as usize] = out.ends.len() as u32 - 1;
        }
        out.text.shrink_to_fit();
        out.ends.shrink_to_fit();
        (out, places)
    }
}

/// A text to a number.
#[derive(Clone, Debug, Default)]
struct Names {
    names: Texts,
    values: Vec<u32>,
}

impl Names {
    fn get(&self, name: &str) -> Option<u32> {
        self.names.find(name).map(|at| self.values[at])
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
        let mut persons = Texts::default();
        let mut all: Vec<(Texts, Vec<u32>)> = Vec::new();
        let mut place = String::new();
        for (name, first, second) in [
            ("handles", "platform", Some("handle")),
            ("records", "source", Some("id")),
            ("emails", "email_key", None),
        ] {
            let (mut names, mut of) = (Texts::default(), Vec::new());
            each(
                lake,
                name,
                [first, second.unwrap_or(first), "person"],
                |[a, b, person]| {
                    if second.is_some() {
                        joined([a, b], &mut place);
                        names.push(&place);
                    } else {
                        names.push(a);
                    }
                    of.push(persons.ends.len() as u32);
                    persons.push(person);
                },
            )
            .await?;
            all.push((names, of));
        }
        let mut employment = Vec::new();
        let mut accounts = Texts::default();
        each(
            lake,
            "accounts",
            ["person", "account"],
            |[person, account]| {
                employment.push((persons.ends.len() as u32, accounts.ends.len() as u32));
                persons.push(person);
                accounts.push(account);
            },
        )
        .await?;
        let (persons, person_at) = persons.sorted();
        let (accounts, account_at) = accounts.sorted();
        let mut employers = vec![None; persons.ends.len()];
        for (person, account) in employment {
            employers[person_at[person as usize] as usize] = Some(account_at[account as usize]);
        }
        let mut finished = all.into_iter().map(|(names, of)| {
            let (names, name_at) = names.sorted();
            let mut values = vec![0; names.ends.len()];
            for (position, person) in of.into_iter().enumerate() {
                values[name_at[position] as usize] = person_at[person as usize];
            }
            Names { names, values }
        });
        let mut next = || finished.next().unwrap_or_default();
        Ok(Self {
            handles: next(),
            records: next(),
            emails: next(),
            persons,
            accounts,
            employers,
        })
    }

    fn person(&self, position: u32) -> &str {
        self.persons.get(position as usize)
    }

    /// The person behind a handle.
    #[must_use]
    pub fn of_handle(&self, platform: &str, handle: &str) -> Option<&str> {
        let mut name = String::with_capacity(platform.len() + handle.len() + 1);
        joined([platform, handle], &mut name);
        self.handles.get(&name).map(|person| self.person(person))
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
            .map(|person| self.person(person))
    }

    /// The account of a person.
    #[must_use]
    pub fn account(&self, person: &str) -> Option<&str> {
        let account = self.employers[self.persons.find(person)?]?;
        Some(self.accounts.get(account as usize))
    }

    /// Every person that belongs to an account, with it.
    pub fn accounts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.employers
            .iter()
            .enumerate()
            .filter_map(|(person, account)| {
                Some((
                    self.persons.get(person),
                    self.accounts.get((*account)? as usize),
                ))
            })
    }
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
    fn texts_are_found_wherever_they_stood() {
        let mut texts = Texts::default();
        for text in ["slack\0U2", "", "discord\0é", "slack\0U1", "slack\0U2"] {
            texts.push(text);
        }
        let (sorted, places) = texts.clone().sorted();
        assert_eq!(sorted.ends.len(), 4, "each once");
        for (old, new) in places.iter().enumerate() {
            assert_eq!(texts.get(old), sorted.get(*new as usize));
            assert_eq!(sorted.find(texts.get(old)), Some(*new as usize));
        }
        assert_eq!(sorted.find("slack\0U3"), None);
        assert_eq!(Texts::default().find(""), None);
    }
}
