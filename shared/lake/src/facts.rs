//! Person-months as Parquet: `facts/month=…/bucket=…/`, sorted by person.

use std::sync::Arc;

use arrow::datatypes::Schema;
use bytes::Bytes;
use sha2::{Digest, Sha256};

use levier_domain::entity::LakeKind;
use levier_domain::fact::Fact;

use crate::columns::{self, Builder, Column};
use crate::store::LakeError;

/// The columns of `facts/`, in order, with their units. Months are counted from year 0 (`year × 12 + month − 1`); money is in
/// minor units of the reporting currency.
pub const COLUMNS: &[(&str, LakeKind, &str)] = &[
    (
        "person",
        LakeKind::Text,
        "person id of identity/, or the account (`source:account_id`) that a row names without naming a person",
    ),
    ("account", LakeKind::Text, "account of the person"),
    (
        "is_staff",
        LakeKind::Boolean,
        "staff or bot: in no comparison",
    ),
    (
        "member",
        LakeKind::Boolean,
        "member at the end of the month",
    ),
    (
        "joined_month",
        LakeKind::Integer,
        "month of the first join, as of the run",
    ),
    (
        "tenure_months",
        LakeKind::Integer,
        "months since the first join, 0 in its month",
    ),
    ("left_month", LakeKind::Integer, "month of the last leave"),
    (
        "communities",
        LakeKind::Text,
        "communities of which a member, comma-separated",
    ),
    (
        "platforms",
        LakeKind::Text,
        "platforms on which a member, comma-separated",
    ),
    (
        "messages_public",
        LakeKind::Integer,
        "public messages and replies",
    ),
    (
        "messages_private",
        LakeKind::Integer,
        "messages in closed channels and direct ones",
    ),
    ("reactions", LakeKind::Integer, "reactions given"),
    ("lives", LakeKind::Integer, "lives attended"),
    (
        "other_contributions",
        LakeKind::Integer,
        "content, survey and poll answers",
    ),
    ("reads", LakeKind::Integer, "opens, clicks and views"),
    (
        "customer_since",
        LakeKind::Integer,
        "month of the first paid order, won deal or subscription",
    ),
    ("orders", LakeKind::Integer, "paid orders"),
    (
        "revenue_minor",
        LakeKind::Integer,
        "net of refunds, without tax, minor units",
    ),
    ("refunds_minor", LakeKind::Integer, "refunds, minor units"),
    (
        "mrr_minor",
        LakeKind::Integer,
        "monthly recurring revenue at the end of the month, minor units",
    ),
    (
        "subscribed",
        LakeKind::Boolean,
        "a subscription is active at the end of the month",
    ),
    ("tickets", LakeKind::Integer, "tickets opened"),
    (
        "handle_minutes",
        LakeKind::Number,
        "minutes of handling of tickets solved",
    ),
    (
        "prior_orders",
        LakeKind::Integer,
        "paid orders before the month",
    ),
    (
        "prior_revenue_minor",
        LakeKind::Integer,
        "revenue before the month, minor units",
    ),
    (
        "months_since_order",
        LakeKind::Integer,
        "months since the last paid order before the month",
    ),
    ("segment", LakeKind::Text, "CRM segment"),
    ("country", LakeKind::Text, "CRM country"),
    ("lead_source", LakeKind::Text, "CRM lead source"),
    ("plan", LakeKind::Text, "CRM plan"),
    ("lifecycle", LakeKind::Text, "CRM lifecycle as of the run"),
];

/// The Arrow schema of `facts/` (the month stands in the path).
#[must_use]
pub fn schema() -> Arc<Schema> {
    columns::schema(COLUMNS.iter().map(|(name, kind, _)| (*name, *kind)))
}

/// The bucket of a person: a hash, so that buckets are even whatever the ids look like. `buckets` is a power of two.
#[must_use]
pub fn bucket(person: &str, buckets: usize) -> usize {
    let digest = Sha256::digest(person.as_bytes());
    let number = u64::from_le_bytes([
        digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
    ]);
    usize::try_from(number % (buckets.max(1) as u64)).unwrap_or(0)
}

/// Collects facts of one month and bucket into a Parquet file, column by column.
pub struct Writer {
    builders: Vec<Builder>,
    rows: usize,
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            builders: COLUMNS
                .iter()
                .map(|(_, kind, _)| Builder::new(*kind))
                .collect(),
            rows: 0,
        }
    }
}

impl Writer {
    /// Adds a fact; the caller keeps them sorted by person.
    pub fn push(&mut self, fact: &Fact) {
        let month = |value: Option<i32>| value.map(i64::from);
        let mut cells = self.builders.iter_mut();
        let mut next = |cell: Cell<'_>| {
            if let Some(builder) = cells.next() {
                cell.append(builder);
            }
        };
        next(Cell::Text(Some(&fact.person)));
        next(Cell::Text(fact.account.as_deref()));
        next(Cell::Boolean(fact.is_staff));
        next(Cell::Boolean(fact.member));
        next(Cell::Integer(month(fact.joined_month)));
        next(Cell::Integer(month(fact.tenure_months)));
        next(Cell::Integer(month(fact.left_month)));
        next(Cell::Text(Some(&fact.communities)));
        next(Cell::Text(Some(&fact.platforms)));
        next(Cell::Integer(Some(fact.messages_public.into())));
        next(Cell::Integer(Some(fact.messages_private.into())));
        next(Cell::Integer(Some(fact.reactions.into())));
        next(Cell::Integer(Some(fact.lives.into())));
        next(Cell::Integer(Some(fact.other_contributions.into())));
        next(Cell::Integer(Some(fact.reads.into())));
        next(Cell::Integer(month(fact.customer_since)));
        next(Cell::Integer(Some(fact.orders.into())));
        next(Cell::Integer(Some(fact.revenue_minor)));
        next(Cell::Integer(Some(fact.refunds_minor)));
        next(Cell::Integer(Some(fact.mrr_minor)));
        next(Cell::Boolean(fact.subscribed));
        next(Cell::Integer(Some(fact.tickets.into())));
        next(Cell::Number(fact.handle_minutes));
        next(Cell::Integer(Some(fact.prior_orders.into())));
        next(Cell::Integer(Some(fact.prior_revenue_minor)));
        next(Cell::Integer(month(fact.months_since_order)));
        next(Cell::Text(fact.segment.as_deref()));
        next(Cell::Text(fact.country.as_deref()));
        next(Cell::Text(fact.lead_source.as_deref()));
        next(Cell::Text(fact.plan.as_deref()));
        next(Cell::Text(fact.lifecycle.as_deref()));
        self.rows += 1;
    }

    /// How many were added.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether none was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The Parquet file.
    ///
    /// # Errors
    /// [`LakeError::Content`].
    pub fn finish(mut self, key: &str) -> Result<Vec<u8>, LakeError> {
        let batch = columns::batch("facts", &schema(), &mut self.builders)?;
        columns::write(key, &schema(), &[batch])
    }
}

enum Cell<'a> {
    Text(Option<&'a str>),
    Integer(Option<i64>),
    Number(f64),
    Boolean(bool),
}

impl Cell<'_> {
    fn append(self, builder: &mut Builder) {
        match (self, builder) {
            (Self::Text(text), Builder::Text(builder)) => builder.append_option(text),
            (Self::Integer(integer), Builder::Integer(builder)) => builder.append_option(integer),
            (Self::Number(number), Builder::Number(builder)) => builder.append_value(number),
            (Self::Boolean(flag), Builder::Boolean(builder)) => builder.append_value(flag),
            // The order of cells is that of COLUMNS; a mismatch shows as columns of unequal length, which Arrow refuses.
            _ => {}
        }
    }
}

/// A Parquet file of facts of one month, in the order given.
///
/// # Errors
/// [`LakeError::Content`].
pub fn encode(key: &str, facts: &[Fact]) -> Result<Vec<u8>, LakeError> {
    let mut writer = Writer::default();
    for fact in facts {
        writer.push(fact);
    }
    writer.finish(key)
}

/// The facts of a Parquet file of the month `month`.
///
/// # Errors
/// [`LakeError::Content`].
pub fn decode(key: &str, month: i32, bytes: Bytes) -> Result<Vec<Fact>, LakeError> {
    let mut facts = Vec::new();
    visit(key, month, bytes, &[], |fact| facts.push(fact.clone()))?;
    Ok(facts)
}

/// Hands over the facts of a Parquet file of the month `month` one by one, filling one fact again and again: only the named
/// columns when `wanted` is not empty, the rest stays as it is by default. `person` is always read.
///
/// # Errors
/// [`LakeError::Content`].
pub fn visit(
    key: &str,
    month: i32,
    bytes: Bytes,
    wanted: &[&str],
    mut take: impl FnMut(&Fact),
) -> Result<(), LakeError> {
    let mut fact = Fact {
        month,
        ..Fact::default()
    };
    let mut wanted = wanted.to_vec();
    if !wanted.is_empty() && !wanted.contains(&"person") {
        wanted.push("person");
    }
    for batch in columns::batches(key, bytes, &wanted)? {
        let batch = batch?;
        let views: Vec<Column<'_>> = COLUMNS
            .iter()
            .map(|(name, _, _)| Column::of(&batch, name))
            .collect();
        for row in 0..batch.num_rows() {
            let whole = |at: usize| views[at].integer(row);
            let count = |at: usize| whole(at).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
            let months = |at: usize| whole(at).and_then(|n| i32::try_from(n).ok());
            let flag = |at: usize| views[at].boolean(row).unwrap_or(false);
            for (place, at) in [
                (&mut fact.person, 0),
                (&mut fact.communities, 7),
                (&mut fact.platforms, 8),
            ] {
                place.clear();
                place.push_str(views[at].text(row).unwrap_or_default());
            }
            if fact.person.is_empty() {
                return Err(LakeError::content(
                    key,
                    "facts",
                    format!("row {row} has no person"),
                ));
            }
            for (place, at) in [
                (&mut fact.account, 1),
                (&mut fact.segment, 26),
                (&mut fact.country, 27),
                (&mut fact.lead_source, 28),
                (&mut fact.plan, 29),
                (&mut fact.lifecycle, 30),
            ] {
                columns::refill(place, views[at].text(row));
            }
            fact.is_staff = flag(2);
            fact.member = flag(3);
            fact.joined_month = months(4);
            fact.tenure_months = months(5);
            fact.left_month = months(6);
            fact.messages_public = count(9);
            fact.messages_private = count(10);
            fact.reactions = count(11);
            fact.lives = count(12);
            fact.other_contributions = count(13);
            fact.reads = count(14);
            fact.customer_since = months(15);
            fact.orders = count(16);
            fact.revenue_minor = whole(17).unwrap_or(0);
            fact.refunds_minor = whole(18).unwrap_or(0);
            fact.mrr_minor = whole(19).unwrap_or(0);
            fact.subscribed = flag(20);
            fact.tickets = count(21);
            fact.handle_minutes = views[22].number(row).unwrap_or(0.0);
            fact.prior_orders = count(23);
            fact.prior_revenue_minor = whole(24).unwrap_or(0);
            fact.months_since_order = months(25);
            take(&fact);
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn facts_read_back() {
        let fact = Fact {
            person: "p1".to_owned(),
            month: 24_300,
            joined_month: Some(24_298),
            tenure_months: Some(2),
            revenue_minor: -1200,
            handle_minutes: 7.5,
            lifecycle: Some("customer".to_owned()),
            subscribed: true,
            ..Fact::default()
        };
        let facts = vec![
            fact,
            Fact {
                person: "p2".to_owned(),
                month: 24_300,
                ..Fact::default()
            },
        ];
        let bytes = Bytes::from(encode("k", &facts).unwrap());
        assert_eq!(decode("k", 24_300, bytes.clone()).unwrap(), facts);
        let mut read = Vec::new();
        visit(
            "k",
            24_300,
            bytes,
            &["revenue_minor", "subscribed"],
            |fact| {
                read.push((
                    fact.person.clone(),
                    fact.revenue_minor,
                    fact.subscribed,
                    fact.lifecycle.clone(),
                ));
            },
        )
        .unwrap();
        let asked = [
            ("p1".to_owned(), -1200, true, None),
            ("p2".to_owned(), 0, false, None),
        ];
        assert_eq!(read, asked, "what was not asked for is not read");
    }

    #[test]
    fn buckets_are_even() {
        let mut counts = [0; 8];
        for i in 0..8_000 {
            counts[bucket(&format!("person-{i}"), 8)] += 1;
        }
        assert!(
            counts.iter().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
    }
}
