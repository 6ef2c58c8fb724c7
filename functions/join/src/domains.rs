//! People roll up to accounts by the domain of their e-mail too, of which only a keyed hash was kept: a hash means something here
//! where an account of the CRM declares the domain, and nothing else.

use std::collections::HashMap;

use levier_domain::private::{EMAIL_DOMAIN, HashKey};
use levier_domain::record::{Record, Value};
use levier_identity::normalise_domain;
use levier_lake::{Lake, LakeError, domains, keys};

/// Domains of accounts, by the keys of e-mails of that domain.
#[derive(Default)]
pub struct Domains(HashMap<String, String>);

impl Domains {
    /// Reads `domains/` for the domains that `accounts` declare.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn load(
        lake: &Lake,
        hash_key: &HashKey,
        accounts: &[Record],
    ) -> Result<Self, LakeError> {
        let declared: HashMap<String, String> = accounts
            .iter()
            .filter_map(|account| account.get("domain").as_text())
            .filter_map(normalise_domain)
            .map(|domain| (hash_key.domain(&domain), domain))
            .collect();
        let mut known = HashMap::new();
        if declared.is_empty() {
            return Ok(Self(known));
        }
        let objects = lake.list(keys::DOMAINS).await?;
        let all: Vec<String> = objects.into_iter().map(|object| object.key).collect();
        for chunk in all.chunks(16) {
            for (key, bytes) in lake.get_all(chunk).await? {
                domains::decode(&key, bytes, |email, hash| {
                    if let Some(domain) = declared.get(hash) {
                        known.insert(email.to_owned(), domain.clone());
                    }
                })?;
            }
        }
        Ok(Self(known))
    }

    /// The record with the domain of its e-mail, where an account declares it.
    #[must_use]
    pub fn told(&self, record: &Record) -> Option<Record> {
        let domain = self.0.get(record.get("email_key").as_text()?)?;
        let mut told = record.clone();
        let mut map = match record.get("attributes") {
            Value::Attributes(map) => map.clone(),
            _ => std::collections::BTreeMap::new(),
        };
        map.insert(EMAIL_DOMAIN.to_owned(), domain.clone());
        told.set("attributes", Value::Attributes(map));
        Some(told)
    }
}
