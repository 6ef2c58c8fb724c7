//! `uplift`: cohort uplift from the facts, bucket by bucket, then the tables `uplift`, `tenure` and `cohorts`.
//!
//! Facts are read one bucket at a time into sufficient statistics, which are merged in bucket order: the same bits whatever the
//! number of threads or shards. The estimators and gates are `levier_uplift`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use levier_domain::entity::Entity;
use levier_domain::fact::Fact;
use levier_domain::table::{Row, TableName};
use levier_domain::time::{Month, start_of_day};
use levier_join::{Known, held};
use levier_lake::{facts, keys};
use levier_results::{Run, RunId};
use levier_runtime::{Dependencies, Invocation, JobError, Outcome, as_of};
use levier_uplift::{Accumulator, Assignment, Caps, Group, Plan, UpliftInput};
use sha2::{Digest, Sha256};

/// Runs the uplift job for one as-of day.
///
/// # Errors
/// [`JobError::Input`] when the facts are of another day; [`JobError`] when storage fails.
pub async fn uplift(
    deps: &Dependencies,
    invocation: &Invocation,
    now: Timestamp,
) -> Result<Outcome, JobError> {
    let mut outcome = Outcome::new("uplift");
    let day = as_of(invocation, now, &deps.zone);
    let manifest = levier_join::manifest_of(&deps.lake, day).await?;
    let until = start_of_day(day.tomorrow().unwrap_or(day), &deps.zone);
    let assignments = assignments(deps, until).await?;
    let mut input = UpliftInput::new(&deps.config, day, manifest.first, manifest.last);
    input.revenue_from = &manifest.revenue_from;
    input.assignments = &assignments;
    let buckets = buckets(deps).await?;

    // A first pass for the cap of winsorised revenue, a second for everything else.
    let mut caps = Caps::default();
    for months in buckets.values() {
        each_person(deps, months, |facts| caps.update_person(facts)).await?;
    }
    input.cap_minor = caps.cap_minor();
    let plan = Plan::new(&input);
    let mut whole = Accumulator::new(&plan);
    for months in buckets.values() {
        let mut part = Accumulator::new(&plan);
        let read = each_person(deps, months, |facts| part.update_person(facts)).await?;
        outcome.count("facts", read);
        whole
            .merge(&part)
            .map_err(|error| JobError::Input(error.to_string()))?;
    }
    let tables: BTreeMap<TableName, Vec<Row>> = whole.finish().into_iter().collect();
    for (table, rows) in &tables {
        outcome.count(&format!("{table}_rows"), rows.len() as u64);
    }
    let json = serde_json::to_vec(&tables).map_err(|error| JobError::Input(error.to_string()))?;
    let mut digest = Sha256::new();
    digest.update(&manifest.digest);
    digest.update(json);
    let run = Run {
        job: "uplift",
        id: RunId::new("uplift", day, &hex::encode(digest.finalize())),
        as_of: day,
        tables,
    };
    run.publish(&deps.lake, &deps.results).await?;
    outcome.run_id = Some(run.id.as_str().to_owned());
    Ok(outcome)
}

/// Files of facts, by bucket, each with its month.
type Buckets = BTreeMap<usize, Vec<(Month, String)>>;

async fn buckets(deps: &Dependencies) -> Result<Buckets, JobError> {
    let mut buckets = Buckets::new();
    for object in deps.lake.list(keys::FACTS).await? {
        if let Some((month, bucket)) = keys::parse_facts_key(&object.key) {
            buckets.entry(bucket).or_default().push((month, object.key));
        }
    }
    Ok(buckets)
}

/// Hands over the months of every person of a bucket, persons in order; gives the number of facts.
async fn each_person(
    deps: &Dependencies,
    months: &[(Month, String)],
    mut take: impl FnMut(&[Fact]),
) -> Result<u64, JobError> {
    let names: Vec<String> = months.iter().map(|(_, key)| key.clone()).collect();
    let mut all: Vec<Fact> = Vec::new();
    for ((month, _), (key, bytes)) in months.iter().zip(deps.lake.get_all(&names).await?) {
        all.extend(facts::decode(&key, month.index(), bytes)?);
    }
    all.sort_by(|a, b| (&a.person, a.month).cmp(&(&b.person, b.month)));
    for person in all.chunk_by(|a, b| a.person == b.person) {
        take(person);
    }
    Ok(all.len() as u64)
}

async fn assignments(deps: &Dependencies, until: Timestamp) -> Result<Vec<Assignment>, JobError> {
    let rows = held(&deps.lake, Entity::Assignments, until).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let known = Known::load(&deps.lake).await?;
    let drawn = rows.iter().filter_map(|row| {
        Some(Assignment {
            person: known.of_row(row)?.to_owned(),
            group: match row.get("group").as_text()? {
                "invited" => Group::Invited,
                _ => Group::HeldOut,
            },
            month: Month::at(row.get("assigned_at").as_instant()?, &deps.zone).index(),
        })
    });
    Ok(drawn.collect())
}
