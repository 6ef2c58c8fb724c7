//! Who is who, read back: what `join` wrote for the jobs after it.

use std::collections::{HashMap, HashSet};

use levier_domain::record::Record;
use levier_lake::columns::{self, Column};
use levier_lake::{Lake, LakeError, keys};

/// The identities of the last join.
#[derive(Clone, Debug, Default)]
pub struct Known {
    handles: HashMap<(String, String), String>,
    records: HashMap<(String, String), String>,
    emails: HashMap<String, String>,
    accounts: HashMap<String, String>,
}

impl Known {
    /// Reads `identity/`.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn load(lake: &Lake) -> Result<Self, LakeError> {
        let mut known = Self::default();
        each(
            lake,
            "handles",
            ["platform", "handle", "person"],
            |[platform, handle, person]| {
                known.handles.insert((platform, handle), person);
            },
        )
        .await?;
        each(
            lake,
            "records",
            ["source", "id", "person"],
            |[source, id, person]| {
                known.records.insert((source, id), person);
            },
        )
        .await?;
        each(
            lake,
            "emails",
            ["email_key", "person"],
            |[email, person]| {
                known.emails.insert(email, person);
            },
        )
        .await?;
        each(
            lake,
            "accounts",
            ["person", "account"],
            |[person, account]| {
                known.accounts.insert(person, account);
            },
        )
        .await?;
        Ok(known)
    }

    /// Reads of `identity/` only whom these rows are about, so that memory follows the rows and not the people.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn load_for(lake: &Lake, rows: &[Record]) -> Result<Self, LakeError> {
        let mut known = Self::default();
        let (mut ids, mut emails) = (HashSet::new(), HashSet::new());
        for row in rows {
            let text = |name: &str| row.get(name).as_text().map(str::to_owned);
            if let (Some(source), Some(id)) = (text("source"), text("person_id")) {
                ids.insert((source, id));
            }
            emails.extend(text("email_key"));
        }
        each(
            lake,
            "records",
            ["source", "id", "person"],
            |[source, id, person]| {
                let id = (source, id);
                if ids.contains(&id) {
                    known.records.insert(id, person);
                }
            },
        )
        .await?;
        each(lake, "emails", ["email_key", "person"], |[email, person]| {
            if emails.contains(&email) {
                known.emails.insert(email, person);
            }
        })
        .await?;
        let people: HashSet<String> = known
            .records
            .values()
            .chain(known.emails.values())
            .cloned()
            .collect();
        each(lake, "accounts", ["person", "account"], |[person, account]| {
            if people.contains(&person) {
                known.accounts.insert(person, account);
            }
        })
        .await?;
        Ok(known)
    }

    /// The person behind a handle.
    #[must_use]
    pub fn of_handle(&self, platform: &str, handle: &str) -> Option<&str> {
        self.handles
            .get(&(platform.to_owned(), handle.to_owned()))
            .map(String::as_str)
    }

    /// The person whom a CRM row is about: by the native id, else by e-mail.
    #[must_use]
    pub fn of_row(&self, row: &Record) -> Option<&str> {
        let text = |name: &str| row.get(name).as_text();
        let by_id = text("source")
            .zip(text("person_id"))
            .and_then(|(source, id)| self.records.get(&(source.to_owned(), id.to_owned())));
        by_id
            .or_else(|| self.emails.get(text("email_key")?))
            .map(String::as_str)
    }

    /// The account of a person.
    #[must_use]
    pub fn account(&self, person: &str) -> Option<&str> {
        self.accounts.get(person).map(String::as_str)
    }

    /// Every person that belongs to an account, with it.
    pub fn accounts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.accounts
            .iter()
            .map(|(person, account)| (person.as_str(), account.as_str()))
    }
}

async fn each<const N: usize>(
    lake: &Lake,
    name: &str,
    header: [&str; N],
    mut take: impl FnMut([String; N]),
) -> Result<(), LakeError> {
    let key = format!("{}{name}.parquet", keys::IDENTITY);
    let Some(bytes) = lake.get(&key).await? else {
        return Ok(());
    };
    for batch in columns::read(&key, bytes, &[])? {
        let views = header.map(|column| Column::of(&batch, column));
        for row in 0..batch.num_rows() {
            take(std::array::from_fn(|position| {
                views[position].text(row).unwrap_or_default().to_owned()
            }));
        }
    }
    Ok(())
}
