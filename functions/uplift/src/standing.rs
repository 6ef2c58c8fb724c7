//! Membership and segment of those whom CRM rows name.

use std::collections::HashMap;
use std::sync::Arc;

use levier_uplift::Person;

/// Names as numbers, in the order in which they are met.
#[derive(Debug, Default)]
pub(crate) struct Numbers(HashMap<String, u32>);

impl Numbers {
    pub(crate) fn of(&mut self, name: &str) -> u32 {
        if let Some(number) = self.0.get(name) {
            return *number;
        }
        let number = self.0.len() as u32;
        self.0.insert(name.to_owned(), number);
        number
    }
}

/// What is learnt in the first pass over facts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing {
    /// Persons and accounts that some row names.
    named: Arc<[Numbers; 2]>,
    people: HashMap<u32, Member>,
    accounts: HashMap<u32, Member>,
}

/// A person, or an account by its people.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    pub joined: Option<i32>,
    pub segment: Box<str>,
    pub is_staff: bool,
}

impl Standing {
    pub(crate) fn of(named: [Numbers; 2]) -> Self {
        Self {
            named: Arc::new(named),
            ..Self::default()
        }
    }

    pub(crate) fn person(&self, number: Option<u32>) -> Option<&Member> {
        self.people.get(&number?)
    }

    pub(crate) fn account(&self, number: Option<u32>) -> Option<&Member> {
        self.accounts.get(&number?)
    }

    /// Takes note of one person, if some row names it, and of its account.
    pub(crate) fn learn(&mut self, person: &Person<'_>) {
        let member = Member {
            joined: person.joined_month,
            segment: person.traits[0].into(),
            is_staff: person.is_staff,
        };
        if let Some(account) = person.account
            && !person.is_staff
            && let Some(number) = self.named[1].0.get(account).copied()
        {
            self.employ(number, &member);
        }
        if let Some(number) = self.named[0].0.get(person.id) {
            self.people.insert(*number, member);
        }
    }

    /// An account joins with the first of its people, and is of the segment that comes first of those they are in: whatever the
    /// order in which they are met.
    fn employ(&mut self, account: u32, person: &Member) {
        let held = self
            .accounts
            .entry(account)
            .or_insert_with(|| person.clone());
        held.joined = held.joined.into_iter().chain(person.joined).min();
        if held.segment.is_empty() || (!person.segment.is_empty() && person.segment < held.segment)
        {
            held.segment.clone_from(&person.segment);
        }
    }

    /// Joins what another bucket has learnt: each person is in one bucket.
    pub(crate) fn merge(&mut self, other: Self) {
        for (account, member) in other.accounts {
            self.employ(account, &member);
        }
        self.people.extend(other.people);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_joins_with_the_first_of_its_people_in_any_order() {
        let mut numbers = [Numbers::default(), Numbers::default()];
        numbers[1].of("crm:a1");
        let people = [
            (Some(30), "b", false),
            (None, "", false),
            (Some(12), "a", false),
            (Some(3), "", true),
        ];
        let nobody = Standing::of(numbers);
        let learn = |order: [usize; 4]| {
            let mut standing = nobody.clone();
            for at in order {
                let (joined_month, segment, is_staff) = people[at];
                let mut part = nobody.clone();
                part.learn(&Person {
                    id: "p",
                    account: Some("crm:a1"),
                    joined_month,
                    traits: [segment, "", "", ""],
                    is_staff,
                    ..Person::default()
                });
                standing.merge(part);
            }
            standing.account(Some(0)).cloned()
        };
        let wanted = Member {
            joined: Some(12),
            segment: "a".into(),
            is_staff: false,
        };
        assert_eq!(learn([0, 1, 2, 3]), Some(wanted.clone()));
        assert_eq!(learn([3, 2, 1, 0]), Some(wanted));
        assert_eq!(nobody.account(Some(0)), None);
    }
}
