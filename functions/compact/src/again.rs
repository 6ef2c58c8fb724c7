//! Reading again: what stands in quarantine, or everything since a day, after a mapping was mended.
//!
//! Quarantined deliveries are read again as they are. Reading from a day on first takes back what the deliveries of those days
//! brought, so that the end is the same as if the mapping had been right from the start. An event that other deliveries brought
//! too was merged with theirs; those are read again with it, and where their raw bytes have expired the event stays as it is.
//!
//! What is to be taken back is written down as a plan before anything is: a run that was killed is finished by the next one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use levier_domain::entity::Entity;
use levier_lake::brought::{self, Brought, Id};
use levier_lake::ledger::{self, DayOfLanding, Read};
use levier_lake::{Lake, LakeError, events, keys};
use levier_runtime::{Dependencies, JobError, Outcome};
use serde::{Deserialize, Serialize};

use crate::counts::Totals;
use crate::days;

/// What is read although a ledger names it already.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// Nothing: only what is new.
    #[default]
    Nothing,
    /// Deliveries of which some item could not be read.
    Quarantined {
        /// Only of this source.
        source: Option<String>,
    },
    /// Every delivery received on that day (UTC) or later.
    Since {
        /// The day.
        from: Date,
        /// Only of this source.
        source: Option<String>,
    },
}

/// Reasons for which a delivery waits for something that comes by itself.
const WAITING: &[&str] = &["token_keys_not_fetched"];

impl Again {
    /// Whether a delivery that was read into `before` is read again.
    pub(crate) fn wants(&self, source: &str, before: &Read, keys_came: bool) -> bool {
        if before.quarantined.is_empty() {
            return false;
        }
        let waiting = keys_came
            && before
                .quarantined
                .keys()
                .any(|reason| WAITING.contains(&reason.as_str()));
        match self {
            Self::Quarantined { source: None } => true,
            Self::Quarantined { source: Some(only) } => only == source || waiting,
            Self::Nothing | Self::Since { .. } => waiting,
        }
    }
}

const PLAN: &str = "ledger/again.json";

/// What is taken back.
#[derive(Default, Serialize, Deserialize)]
struct Plan {
    /// Days of landing (`landing/{source}/{date}/`).
    days: BTreeSet<String>,
    /// Imports whose events are merged again.
    staged: BTreeSet<String>,
    /// Events that go, in hex, by day.
    events: BTreeMap<Date, Vec<String>>,
}

/// `{source}`, `{date}` of `landing/{source}/{date}/`.
fn source_and_day(prefix: &str) -> Option<(&str, Date)> {
    let rest = prefix.strip_prefix(keys::LANDING)?;
    let (source, day) = rest.trim_end_matches('/').split_once('/')?;
    Some((source, day.parse().ok()?))
}

/// Plans to read again from a day on.
pub(crate) async fn plan(
    deps: &Dependencies,
    from: Date,
    only: Option<&str>,
    outcome: &mut Outcome,
) -> Result<(), JobError> {
    let lake = &deps.lake;
    let mut landed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for object in lake.list(keys::LANDING).await? {
        if let Some((prefix, rest)) = crate::day_and_rest(&object.key) {
            landed.entry(prefix).or_default().insert(rest.to_owned());
        }
    }
    let mut read: BTreeMap<String, bool> = BTreeMap::new();
    for object in lake.list(ledger::LANDED).await? {
        let Some(rest) = object.key.strip_prefix(ledger::LANDED) else {
            continue;
        };
        let prefix = format!("{}{}/", keys::LANDING, rest.trim_end_matches(".json"));
        let Some(held) = lake.get_json::<DayOfLanding>(&object.key).await? else {
            continue;
        };
        // A day can only be taken back whole.
        let whole = landed.get(&prefix).is_some_and(|there| {
            held.deliveries
                .keys()
                .all(|delivery| there.contains(delivery))
        });
        read.insert(prefix, whole);
    }
    let mut plan = Plan::default();
    for (prefix, whole) in &read {
        let wanted = source_and_day(prefix)
            .is_some_and(|(source, day)| day >= from && only.is_none_or(|only| only == source));
        if wanted && *whole {
            plan.days.insert(prefix.clone());
        } else if wanted {
            outcome.warnings.push(format!(
                "{prefix} was read before and its raw bytes have expired since: its events stay as they are"
            ));
        }
    }
    outcome.count("days_read_again", plan.days.len() as u64);
    let (going, staged) = going(deps, &read, &mut plan.days).await?;
    plan.staged = staged;
    plan.events = going
        .into_iter()
        .map(|(day, ids)| (day, ids.into_iter().map(hex::encode).collect()))
        .collect();
    lake.put_json(PLAN, &plan).await?;
    Ok(())
}

/// The events that go, and the imports that brought some of them too. Days of landing that did are added to `days`.
async fn going(
    deps: &Dependencies,
    read: &BTreeMap<String, bool>,
    days: &mut BTreeSet<String>,
) -> Result<(Brought, BTreeSet<String>), JobError> {
    let lake = &deps.lake;
    // Only sources of one platform and community can bring one event.
    let place = |prefix: &str| {
        let (source, _) = source_and_day(prefix)?;
        let source = deps.sources.get(source)?;
        Some((source.platform().to_owned(), source.community().to_owned()))
    };
    let mut going = Brought::new();
    let mut places = BTreeSet::new();
    let mut fresh: Vec<String> = days.iter().cloned().collect();
    while !fresh.is_empty() {
        for prefix in std::mem::take(&mut fresh) {
            places.insert(place(&prefix));
            add(&mut going, brought_by(lake, &prefix).await?);
        }
        for (prefix, whole) in read {
            let related = places.contains(&place(prefix)) || places.contains(&None);
            if days.contains(prefix) || !related {
                continue;
            }
            let theirs = brought_by(lake, prefix).await?;
            if *whole && meets(&going, &theirs) {
                days.insert(prefix.clone());
                fresh.push(prefix.clone());
            }
        }
    }
    // What expired deliveries brought too stays.
    for (prefix, whole) in read {
        if !whole && !days.contains(prefix) {
            for (day, theirs) in brought_by(lake, prefix).await? {
                if let Some(ours) = going.get_mut(&day) {
                    ours.retain(|id| !theirs.contains(id));
                }
            }
        }
    }
    let mut staged = BTreeSet::new();
    for object in lake.list(keys::STAGED).await? {
        let Some(bytes) = lake.get(&object.key).await? else {
            continue;
        };
        let theirs = brought::of(&events::decode(&object.key, bytes)?);
        if meets(&going, &theirs) {
            staged.insert(crate::import_of(&object.key).to_owned());
        }
    }
    Ok((going, staged))
}

async fn brought_by(lake: &Lake, prefix: &str) -> Result<Brought, LakeError> {
    let key = ledger::brought_key(prefix);
    match lake.get(&key).await? {
        Some(bytes) => brought::decode(&key, bytes),
        None => Ok(Brought::new()),
    }
}

fn add(sum: &mut Brought, part: Brought) {
    for (day, ids) in part {
        sum.entry(day).or_default().extend(ids);
    }
}

fn meets(a: &Brought, b: &Brought) -> bool {
    b.iter()
        .any(|(day, ids)| a.get(day).is_some_and(|of_day| !of_day.is_disjoint(ids)))
}

/// Takes back what a plan says, if there is one; each step can be done twice, the plan goes last.
pub(crate) async fn carry_out(lake: &Lake) -> Result<(), JobError> {
    let Some(plan) = lake.get_json::<Plan>(PLAN).await? else {
        return Ok(());
    };
    let mut going = Brought::new();
    for (day, ids) in plan.events {
        let ids = ids.iter().filter_map(|digits| {
            let mut id: Id = [0; 16];
            hex::decode_to_slice(digits, &mut id).ok().map(|()| id)
        });
        going.insert(day, ids.collect());
    }
    days::take_back(lake, &going).await?;
    let mut totals = Totals::load(lake).await?;
    let mut sources = BTreeSet::new();
    for prefix in &plan.days {
        let Some((source, day)) = source_and_day(prefix) else {
            continue;
        };
        let stem = format!("hook-{source}-{day}");
        for entity in Entity::ALL {
            lake.delete(&keys::crm(*entity, &stem, 0)).await?;
        }
        let copies = format!("{}{source}/{day}/", keys::QUARANTINE);
        for copy in lake.list(&copies).await? {
            lake.delete(&copy.key).await?;
        }
        totals.forget(source, &day.to_string());
        sources.insert(source.to_owned());
    }
    for source in sources {
        totals.save(lake, &source).await?;
    }
    for import_id in &plan.staged {
        lake.delete(&ledger::staged_key(import_id)).await?;
    }
    for prefix in &plan.days {
        lake.delete(&ledger::brought_key(prefix)).await?;
        lake.delete(&ledger::day_of_landing_key(prefix)).await?;
    }
    lake.delete(PLAN).await?;
    Ok(())
}
