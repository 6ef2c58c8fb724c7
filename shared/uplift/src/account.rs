//! Accounts as units: the months of all people of a company, added up.
//!
//! Between companies the unit is the account: it is a member from the first join of any of its people, and its people's purchases
//! are one customer's. Whole numbers add up in any order, so that no spreading over shards changes a bit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::person::{Person, PersonMonth, TRAITS};

/// One account in the making.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    customer_since: Option<i32>,
    joined_month: Option<i32>,
    /// Who speaks for the account's traits: the first to join, then the least id.
    speaker: Option<(i32, String)>,
    traits: [String; TRAITS],
    communities: String,
    platforms: String,
    months: BTreeMap<i32, PersonMonth>,
}

/// Accounts by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Accounts(BTreeMap<String, Account>);

fn earliest(a: Option<i32>, b: Option<i32>) -> Option<i32> {
    a.into_iter().chain(b).min()
}

impl Account {
    fn speak(
        &mut self,
        rank: (i32, String),
        traits: [String; TRAITS],
        communities: String,
        platforms: String,
    ) {
        if self.speaker.as_ref().is_none_or(|held| rank < *held) {
            self.speaker = Some(rank);
            self.traits = traits;
            self.communities = communities;
            self.platforms = platforms;
        }
    }

    fn month(&mut self, month: &PersonMonth) {
        match self.months.get_mut(&month.month) {
            Some(held) => {
                held.orders += month.orders;
                held.tickets += month.tickets;
                held.subscribed |= month.subscribed;
                held.revenue_minor += month.revenue_minor;
                held.mrr_minor += month.mrr_minor;
                held.prior_orders += month.prior_orders;
                held.prior_revenue_minor += month.prior_revenue_minor;
                held.months_since_order =
                    earliest(held.months_since_order, month.months_since_order);
            }
            None => {
                self.months.insert(month.month, *month);
            }
        }
    }
}

impl Accounts {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, id: &str, person: &Person<'_>) {
        let account = match self.0.get_mut(id) {
            Some(held) => held,
            None => self.0.entry(id.to_owned()).or_default(),
        };
        account.customer_since = earliest(account.customer_since, person.customer_since);
        account.joined_month = earliest(account.joined_month, person.joined_month);
        account.speak(
            (
                person.joined_month.unwrap_or(i32::MAX),
                person.id.to_owned(),
            ),
            person.traits.map(str::to_owned),
            person.communities.to_owned(),
            person.platforms.to_owned(),
        );
        for month in person.months {
            account.month(month);
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (id, theirs) in &other.0 {
            let Some(account) = self.0.get_mut(id) else {
                self.0.insert(id.clone(), theirs.clone());
                continue;
            };
            account.customer_since = earliest(account.customer_since, theirs.customer_since);
            account.joined_month = earliest(account.joined_month, theirs.joined_month);
            if let Some(rank) = &theirs.speaker {
                account.speak(
                    rank.clone(),
                    theirs.traits.clone(),
                    theirs.communities.clone(),
                    theirs.platforms.clone(),
                );
            }
            for month in theirs.months.values() {
                account.month(month);
            }
        }
    }

    /// Hands over every account as if it were a person, in the order of ids.
    pub(crate) fn each(&self, mut take: impl FnMut(&Person<'_>)) {
        let mut months = Vec::new();
        for (id, account) in &self.0 {
            months.clear();
            months.extend(account.months.values().copied());
            take(&Person {
                id,
                account: Some(id),
                is_staff: false,
                joined_month: account.joined_month,
                customer_since: account.customer_since,
                traits: std::array::from_fn(|at| account.traits[at].as_str()),
                communities: &account.communities,
                platforms: &account.platforms,
                months: &months,
            });
        }
    }
}
