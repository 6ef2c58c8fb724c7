//! Whom the domain of an e-mail tells: the account that somebody works for, and who is staff. Of a domain only a keyed hash was
//! kept, which means something here where an account of the CRM or `[staff] domains` declares the domain, and nothing else.

use std::collections::{HashMap, HashSet};

use levier_domain::entity::Entity;
use levier_domain::event::{Event, attribute};
use levier_domain::private::EMAIL_DOMAIN;
use levier_domain::record::{Record, Value};
use levier_identity::normalise_domain;
use levier_lake::{LakeError, domains, keys};
use levier_runtime::Dependencies;

/// Declared domains, and the e-mails of them.
#[derive(Default)]
pub struct Domains {
    /// Domains by the keys of e-mails.
    of_email: HashMap<String, String>,
    staff: HashSet<String>,
}

impl Domains {
    /// Reads `domains/` for the domains that `accounts` and the configuration declare.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn load(deps: &Dependencies, accounts: &[Record]) -> Result<Self, LakeError> {
        let staff: HashSet<String> = deps
            .config
            .staff
            .domains
            .iter()
            .filter_map(|domain| normalise_domain(domain.trim().trim_start_matches('@')))
            .collect();
        let declared: HashMap<String, String> = accounts
            .iter()
            .filter_map(|account| account.get("domain").as_text())
            .filter_map(normalise_domain)
            .chain(staff.iter().cloned())
            .map(|domain| (deps.hash_key.domain(&domain), domain))
            .collect();
        let mut found = Self {
            of_email: HashMap::new(),
            staff,
        };
        if declared.is_empty() {
            return Ok(found);
        }
        let objects = deps.lake.list(keys::DOMAINS).await?;
        let all: Vec<String> = objects.into_iter().map(|object| object.key).collect();
        for chunk in all.chunks(16) {
            for (key, bytes) in deps.lake.get_all(chunk).await? {
                domains::decode(&key, bytes, |email, hash| {
                    if let Some(domain) = declared.get(hash) {
                        found.of_email.insert(email.to_owned(), domain.clone());
                    }
                })?;
            }
        }
        Ok(found)
    }

    fn of(&self, email_key: Option<&str>) -> Option<&String> {
        if self.of_email.is_empty() {
            return None;
        }
        self.of_email.get(email_key?)
    }

    /// A row of people with the domain of its e-mail, where that is declared.
    #[must_use]
    pub fn told(&self, record: &Record) -> Option<Record> {
        if record.entity != Entity::People {
            return None;
        }
        let domain = self.of(record.get("email_key").as_text())?;
        let mut told = record.clone();
        let mut map = match record.get("attributes") {
            Value::Attributes(map) => map.clone(),
            _ => std::collections::BTreeMap::new(),
        };
        map.insert(EMAIL_DOMAIN.to_owned(), domain.clone());
        told.set("attributes", Value::Attributes(map));
        Some(told)
    }

    /// Whether the e-mail of a row is of a domain of staff.
    #[must_use]
    pub fn is_staff_row(&self, record: &Record) -> bool {
        self.of(record.get("email_key").as_text())
            .is_some_and(|domain| self.staff.contains(domain))
    }

    /// Whether the e-mail that came with an event is of a domain of staff. What a machine posts says nothing of who it is.
    #[must_use]
    pub fn is_staff_event(&self, event: &Event) -> bool {
        if self.staff.is_empty() || event.is_bot {
            return false;
        }
        let email = event.attributes.get(attribute::EMAIL_KEY);
        self.of(email.map(String::as_str))
            .is_some_and(|domain| self.staff.contains(domain))
    }
}
