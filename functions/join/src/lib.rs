//! `join`: who is who, then person-month facts.
//!
//! Reads the events and the CRM rows that were known on the as-of day, resolves identities, and writes one row per person and
//! month, bucketed by a hash of the person. Everything downstream that speaks of customers reads only these facts.
//!
//! Money is converted here, at the rate of the day of the order; what has no rate is left out and counted. Membership is what it
//! was in each month, never what it is today.

mod activity;
mod commerce;
mod domains;
mod facts;
mod held;
mod known;
mod manifest;
mod money;
mod waterfall;

use std::collections::BTreeMap;

use jiff::Timestamp;
use levier_domain::entity::Entity;
use levier_domain::table::TableName;
use levier_domain::time::{Month, start_of_day};
use levier_identity::{Evidence, MembershipEvidence, Options, resolve};
use levier_lake::{events, keys};
use levier_results::{Run, RunId};
use levier_runtime::{Dependencies, Invocation, JobError, Outcome, as_of};

pub use crate::held::held;
pub use crate::known::Known;
pub use crate::manifest::{MANIFEST, Manifest, manifest_of};
pub use crate::money::Rates;

use crate::activity::Activities;
use crate::commerce::Commerce;
use crate::domains::Domains;

/// Runs the join for one as-of day.
///
/// # Errors
/// [`JobError`]; facts written so far are replaced by the next run.
pub async fn join(
    deps: &Dependencies,
    invocation: &Invocation,
    now: Timestamp,
) -> Result<Outcome, JobError> {
    let mut outcome = Outcome::new("join");
    let day = as_of(invocation, now, &deps.zone);
    let until = start_of_day(day.tomorrow().unwrap_or(day), &deps.zone);

    let mut evidence = Evidence::new();
    let mut membership = MembershipEvidence::new();
    let mut rows = BTreeMap::new();
    for entity in Entity::ALL
        .iter()
        .copied()
        .filter(|entity| *entity != Entity::Activity)
    {
        let held = held(&deps.lake, entity, until).await?;
        let domains = match entity {
            Entity::People => {
                let accounts = held::held(&deps.lake, Entity::Accounts, until).await?;
                Domains::load(&deps.lake, &deps.hash_key, &accounts).await?
            }
            _ => Domains::default(),
        };
        for record in &held {
            evidence.add_record(domains.told(record).as_ref().unwrap_or(record));
            membership.add_record(record);
        }
        outcome.count("crm_rows", held.len() as u64);
        rows.insert(entity, held);
    }
    let days: Vec<String> = deps
        .lake
        .list(keys::EVENTS)
        .await?
        .into_iter()
        .filter(|object| {
            keys::day_of_events_key(&object.key).is_some_and(|date| date <= keys::event_day(until))
        })
        .map(|object| object.key)
        .collect();
    let mut activities = Activities::default();
    for chunk in days.chunks(64) {
        for (key, bytes) in deps.lake.get_all(chunk).await? {
            for event in events::decode(&key, bytes)?
                .iter()
                .filter(|event| event.occurred_at < until)
            {
                evidence.add_event(event);
                membership.add_event(event);
                activities.add(event, &deps.zone);
                outcome.count("events", 1);
            }
        }
    }
    let who = resolve(
        evidence,
        &Options {
            join: deps.config.join,
        },
    );
    let membership = membership.finish(&who, &deps.config.staff);
    let versions = held::versions(&deps.lake, Entity::Subscriptions, until).await?;
    let commerce = Commerce::read(&rows, &versions, &who, &deps.config, &deps.zone);
    for (reason, n) in &commerce.left_out {
        outcome
            .warnings
            .push(format!("{n} rows left out of the facts: {reason}"));
    }
    let facts = facts::Facts::new(
        &who,
        &membership,
        &activities,
        &commerce,
        &rows,
        deps,
        Month::of(day),
    );
    let manifest = facts.write(deps, day).await?;
    outcome.count("persons", manifest.persons);
    outcome.count("facts", manifest.rows);
    write_identity(deps, &who).await?;

    let rows = waterfall::rows(&who, &membership, &activities, &commerce, &facts, day);
    let tables = BTreeMap::from([(TableName::Waterfall, rows)]);
    let run = Run {
        job: "join",
        id: RunId::new("join", day, &manifest.digest),
        as_of: day,
        tables,
    };
    run.publish(&deps.lake, &deps.results).await?;
    outcome.run_id = Some(run.id.as_str().to_owned());
    Ok(outcome)
}

/// What was merged, on which rule, and what waits for a person: for `levier identity` and for the health job.
async fn write_identity(
    deps: &Dependencies,
    who: &levier_identity::Resolution,
) -> Result<(), JobError> {
    use levier_domain::entity::LakeKind;
    use levier_lake::columns::{self, Builder};
    let table = |name: &str,
                 header: &[&str],
                 rows: Vec<Vec<String>>|
     -> Result<(String, Vec<u8>), levier_lake::LakeError> {
        let key = format!("{}{name}.parquet", keys::IDENTITY);
        let schema = columns::schema(header.iter().map(|column| (*column, LakeKind::Text)));
        let mut builders: Vec<Builder> = header
            .iter()
            .map(|_| Builder::new(LakeKind::Text))
            .collect();
        for row in &rows {
            for (builder, cell) in builders.iter_mut().zip(row) {
                if let Builder::Text(builder) = builder {
                    builder.append_value(cell);
                }
            }
        }
        let batch = columns::batch(&key, &schema, &mut builders)?;
        let bytes = columns::write(&key, &schema, &[batch])?;
        Ok((key, bytes))
    };
    let handles = who
        .handles()
        .map(|(platform, handle, person)| {
            vec![platform.to_owned(), handle.to_owned(), person.to_owned()]
        })
        .collect();
    let records = who
        .records()
        .map(|(source, id, person)| vec![source.to_owned(), id.to_owned(), person.to_owned()])
        .collect();
    let emails = who
        .nodes()
        .filter_map(|(node, person)| match node {
            levier_identity::Node::Email(key) => Some(vec![key.into_owned(), person.to_owned()]),
            _ => None,
        })
        .collect();
    let accounts = who
        .accounts()
        .map(|(person, account)| vec![person.to_owned(), account.to_owned()])
        .collect();
    let links = who
        .links()
        .map(|link| {
            vec![
                link.from.to_string(),
                link.to.to_string(),
                link.rule.as_str().to_owned(),
            ]
        })
        .collect();
    let conflicts = who
        .conflicts()
        .map(|conflict| {
            let link = conflict.link;
            vec![
                link.from.to_string(),
                link.to.to_string(),
                link.rule.as_str().to_owned(),
                conflict.refusal.as_str().to_owned(),
            ]
        })
        .collect();
    let review = who
        .review()
        .map(|pair| {
            vec![
                pair.a.to_string(),
                pair.b.to_string(),
                pair.doubt.as_str().to_owned(),
            ]
        })
        .collect();
    for (key, bytes) in [
        table("handles", &["platform", "handle", "person"], handles)?,
        table("records", &["source", "id", "person"], records)?,
        table("emails", &["email_key", "person"], emails)?,
        table("accounts", &["person", "account"], accounts)?,
        table("links", &["from", "to", "rule"], links)?,
        table("conflicts", &["from", "to", "rule", "refusal"], conflicts)?,
        table("review", &["a", "b", "doubt"], review)?,
    ] {
        deps.lake.put(&key, bytes).await?;
    }
    Ok(())
}
