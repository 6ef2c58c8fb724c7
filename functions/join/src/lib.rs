//! `join`: who is who, then person-month facts.
//!
//! Reads the events and the CRM rows that were known on the as-of day, resolves identities, and writes one row per person and
//! month, bucketed by a hash of the person. Everything downstream that speaks of customers reads only these facts.
//!
//! Money is converted here, at the rate of the day of the order; what has no rate is left out and counted. Membership is what it
//! was in each month, never what it is today.

mod activity;
mod commerce;
mod contracts;
mod domains;
mod facts;
mod held;
mod identities;
mod known;
mod manifest;
mod money;
mod months;
mod profiles;
mod shops;
mod waterfall;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::event::{Event, attribute};
use levier_domain::private::EMAIL_ROLE;
use levier_domain::record::Record;
use levier_domain::table::TableName;
use levier_domain::time::{Month, start_of_day};
use levier_identity::{
    Evidence, Membership, MembershipEvidence, Options, PersonMembership, Resolution, resolve,
};
use levier_lake::{events, keys};
use levier_results::{Run, RunId};
use levier_runtime::{Dependencies, Invocation, JobError, Outcome, as_of};

pub use crate::commerce::{counts, is_paid};
pub use crate::held::{Holding, held};
pub use crate::known::{Known, own_account};
pub use crate::manifest::{MANIFEST, Manifest, manifest_of};
pub use crate::money::Rates;

use crate::activity::Activities;
use crate::commerce::Ledgers;
use crate::domains::Domains;
use crate::facts::Facts;
use crate::months::Months;
use crate::profiles::Profiles;

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

    let accounts = held(&deps.lake, Entity::Accounts, until).await?;
    let domains = Domains::load(deps, &accounts).await?;
    let mut told = Told::default();
    let mut holdings = BTreeMap::new();
    let mut paid = BTreeMap::new();
    for entity in Entity::ALL
        .iter()
        .copied()
        .filter(|entity| *entity != Entity::Activity)
    {
        let holding = Holding::find(&deps.lake, entity, until).await?;
        let n = holding
            .gather(
                &deps.lake,
                &evidence_columns(entity),
                Told::default,
                |part, record| part.row(record, &domains, &deps.config),
                |part| told.merge(part),
            )
            .await?;
        outcome.count("crm_rows", n);
        paid.insert(entity, std::mem::take(&mut told.paid));
        holdings.insert(entity, holding);
    }
    let mut take = |entity: Entity| {
        let nobody = || JobError::Input("people and accounts were not looked for".to_owned());
        holdings.remove(&entity).ok_or_else(nobody)
    };
    let (people, accounts) = (take(Entity::People)?, take(Entity::Accounts)?);
    let shops: Vec<String> = std::mem::take(&mut told.shops).into_iter().collect();
    let ledgers = Ledgers::find(&deps.lake, holdings, (&paid, shops), &deps.config, until).await?;

    outcome.count(
        "events",
        read_events(deps, until, &domains, &mut told).await?,
    );
    let Told {
        evidence,
        membership,
        activities,
        ..
    } = told;

    let who = resolve(
        evidence,
        &Options {
            join: deps.config.join,
        },
    );
    let membership = membership.finish(&who, &deps.config.staff);
    let declared = [&people, &accounts];
    let profiles = Profiles::read(&deps.lake, declared, &who, &deps.zone).await?;
    let companies = companies(&who, &membership);
    let activity = activities.by_person(&who);
    let facts = Facts {
        who: &who,
        membership: &membership,
        companies: &companies,
        activity: &activity,
        profiles: &profiles,
        rates: ledgers.rates(),
        zone: &deps.zone,
        until,
        last: Month::of(day),
    };
    let written = facts.write(deps, &ledgers, day).await?;
    for ((entity, reason), n) in &written.left_out {
        outcome.warnings.push(format!(
            "{n} rows left out of the facts: {entity}: {reason}"
        ));
    }
    // A chance meeting now and then says nothing; every tenth order does.
    if written.told_twice >= 3 && written.told_twice * 10 >= written.orders {
        outcome.warnings.push(format!(
            "{} of {} orders are told by two of {}: one person, day and amount; if they are the same sales, name in commerce.orders_from the sources that count",
            written.told_twice,
            written.orders,
            ledgers.shops().join(", "),
        ));
    }
    let manifest = &written.manifest;
    outcome.count("persons", manifest.persons);
    outcome.count("facts", manifest.rows);
    identities::write(&deps.lake, &who, &membership).await?;

    let rows = waterfall::rows(&who, &membership, &activities, &written, &deps.zone, day);
    let tables = BTreeMap::from([(TableName::Waterfall, rows)]);
    let run = Run {
        job: "join",
        id: RunId::new("join", day, &manifest.digest),
        as_of: day,
        tables,
    };
    outcome.run_id = Some(run.publish(&deps.lake, &deps.results).await?);
    Ok(outcome)
}

/// When the people of each account that stands for itself were members, by position.
fn companies(who: &Resolution, membership: &Membership) -> BTreeMap<u32, PersonMembership> {
    let mut people: BTreeMap<u32, Vec<&PersonMembership>> = BTreeMap::new();
    for (account, person) in who.billed_members() {
        let member = membership.get(who.id(person));
        people.entry(account).or_default().extend(member);
    }
    let together = |(account, people): (u32, Vec<&PersonMembership>)| {
        let one = PersonMembership::together(who.id(account), people.into_iter())?;
        Some((account, one))
    };
    people.into_iter().filter_map(together).collect()
}

/// The columns that identity and membership read of an entity.
fn evidence_columns(entity: Entity) -> Vec<&'static str> {
    match entity {
        Entity::People => vec![
            "source",
            "person_id",
            "email_key",
            "phone_key",
            "account_id",
            "created_at",
            "attributes",
        ],
        Entity::Orders
        | Entity::Deals
        | Entity::Subscriptions
        | Entity::Invoices
        | Entity::Tickets
        | Entity::Surveys => vec!["source", "person_id", "email_key", "account_id", "status"],
        _ => Vec::new(),
    }
}

/// What [`join`] reads of an event.
const WANTED: events::Wanted = events::Wanted {
    columns: &[
        "platform",
        "community",
        "actor",
        "target",
        "visibility",
        "is_bot",
        "is_staff",
        "attributes",
    ],
    attributes: Some(&[
        attribute::EMAIL_KEY,
        attribute::PHONE_KEY,
        attribute::EXTERNAL_ID,
        EMAIL_ROLE,
    ]),
};

/// What some events and rows say of identity, membership and activity.
#[derive(Default)]
struct Told {
    evidence: Evidence,
    membership: MembershipEvidence,
    activities: Activities,
    /// Rows of something paid.
    paid: u64,
    /// Sources of orders that count.
    shops: BTreeSet<String>,
}

impl Told {
    fn row(&mut self, record: &Record, domains: &Domains, config: &Config) {
        let source = record.get("source").as_text().unwrap_or_default();
        if counts(record, config) {
            self.paid += u64::from(is_paid(record));
            if record.entity == Entity::Orders && !self.shops.contains(source) {
                self.shops.insert(source.to_owned());
            }
        }
        let told = domains.told(record);
        let handle = self.evidence.add_record(told.as_ref().unwrap_or(record));
        if let Some(handle) = handle {
            self.membership.add_roster(record, handle);
            if domains.is_staff_row(record) {
                let community = record.get("community").as_text().unwrap_or_default();
                self.membership.employ(community, handle);
            }
        }
    }

    fn event(&mut self, event: &Event, domains: &Domains, months: &mut Months<'_>) {
        let actor = self.evidence.add_event(event);
        if let Some(actor) = actor {
            self.membership.add_event(event, actor);
            if domains.is_staff_event(event) {
                self.membership.employ(&event.community, actor);
            }
        }
        self.activities.add(event, actor, months);
    }

    fn merge(&mut self, other: Self) {
        let renumbered = self.evidence.merge(other.evidence);
        self.membership.merge(other.membership, &renumbered);
        self.activities.merge(other.activities, &renumbered);
        self.paid += other.paid;
        self.shops.extend(other.shops);
    }
}

/// Reads every event before `until`, days side by side, and gives their number.
async fn read_events(
    deps: &Dependencies,
    until: Timestamp,
    domains: &Domains,
    told: &mut Told,
) -> Result<u64, levier_lake::LakeError> {
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
    let read = |_, key: &str, bytes| {
        let (mut n, mut day) = (0, Told::default());
        let mut months = Months::new(&deps.zone);
        events::visit(key, bytes, &WANTED, |event| {
            if event.occurred_at < until {
                day.event(event, domains, &mut months);
                n += 1;
            }
        })?;
        Ok((n, day))
    };
    let mut all = 0;
    deps.lake
        .side_by_side(days, read, |(n, day)| {
            all += n;
            told.merge(day);
        })
        .await?;
    Ok(all)
}
