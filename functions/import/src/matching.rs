//! By what the rows of a file can be matched with people: its part in the match waterfall, known before anything is joined.

use levier_domain::entity::Entity;
use levier_domain::receipt::Matching;
use levier_domain::record::{Record, Value};

/// Counts the identifiers of typed rows of one entity.
pub struct Counter {
    person_id: Option<usize>,
    email: Option<usize>,
    phone: Option<usize>,
    account_id: Option<usize>,
    /// Contacts are known by an id, which matches them with no handle.
    contacts: bool,
    sums: Matching,
}

impl Counter {
    /// Nothing counted yet.
    pub fn new(entity: Entity) -> Self {
        Self {
            person_id: entity
                .lake_position("person_id")
                .filter(|_| entity != Entity::People),
            email: entity.lake_position("email_key"),
            phone: entity.lake_position("phone_key"),
            account_id: entity
                .lake_position("account_id")
                .filter(|_| entity != Entity::Accounts),
            contacts: entity == Entity::People,
            sums: Matching::default(),
        }
    }

    /// Counts one row.
    pub fn add(&mut self, record: &Record) {
        let has = |position: Option<usize>| {
            u64::from(position.is_some_and(|at| !matches!(record.values[at], Value::Null)))
        };
        let (person, email, phone, account) = (
            has(self.person_id),
            has(self.email),
            has(self.phone),
            has(self.account_id),
        );
        let named = if self.contacts {
            email + phone
        } else {
            person + email + phone + account
        };
        self.sums.rows += 1;
        self.sums.person_id += person;
        self.sums.email += email;
        self.sums.phone += phone;
        self.sums.account_id += account;
        self.sums.none += u64::from(named == 0);
    }

    /// Adds what was counted of other rows of the file.
    pub fn absorb(&mut self, other: &Self) {
        let (own, other) = (&mut self.sums, &other.sums);
        own.rows += other.rows;
        own.person_id += other.person_id;
        own.email += other.email;
        own.phone += other.phone;
        own.account_id += other.account_id;
        own.none += other.none;
    }

    /// The sums; `None` where the entity is about nobody.
    pub fn sums(&self) -> Option<Matching> {
        let about_somebody = self.person_id.or(self.email).or(self.account_id).is_some();
        about_somebody.then_some(self.sums)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn counted(entity: Entity, rows: &[&[&str]]) -> Option<Matching> {
        let mut counter = Counter::new(entity);
        for filled in rows {
            let mut record = Record::new(entity);
            for column in *filled {
                record.set(column, Value::Text("x".to_owned()));
            }
            counter.add(&record);
        }
        counter.sums()
    }

    #[test]
    fn rows_count_by_each_identifier_and_by_none() {
        let orders = counted(
            Entity::Orders,
            &[
                &["order_id", "person_id", "email_key"],
                &["order_id", "email_key"],
                &["order_id"],
            ],
        );
        let people = counted(
            Entity::People,
            &[
                &["person_id", "email_key", "phone_key"],
                &["person_id", "account_id"],
            ],
        );
        for (case, found, wanted) in [
            (
                "orders",
                orders,
                Some(Matching {
                    rows: 3,
                    person_id: 1,
                    email: 2,
                    none: 1,
                    ..Matching::default()
                }),
            ),
            (
                "a contact without address or number matches no handle",
                people,
                Some(Matching {
                    rows: 2,
                    person_id: 0,
                    email: 1,
                    phone: 1,
                    account_id: 1,
                    none: 1,
                }),
            ),
            ("rates", counted(Entity::Rates, &[&["currency"]]), None),
            (
                "accounts",
                counted(Entity::Accounts, &[&["account_id"]]),
                None,
            ),
        ] {
            assert_eq!(found, wanted, "{case}");
        }
    }
}
