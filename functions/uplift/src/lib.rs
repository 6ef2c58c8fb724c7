//! `uplift`: cohort uplift from the facts, bucket by bucket, then the tables `uplift`, `tenure` and `cohorts`.
//!
//! Facts are read one bucket at a time into sufficient statistics, which are merged in bucket order: the same bits whatever the
//! number of threads or shards. The estimators and gates are `levier_uplift`.

mod episodes;
pub mod people;
mod standing;

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use levier_domain::entity::Entity;
use levier_domain::table::{Row, TableName};
use levier_domain::time::{Month, start_of_day};
use levier_join::{Known, held};
use levier_lake::{LakeError, keys};
use levier_results::{Run, RunId};
use levier_runtime::{Dependencies, Invocation, JobError, Outcome, as_of};
use levier_uplift::{Accumulator, Assignment, Group, Plan, Preview, UpliftInput};

use crate::episodes::Waiting;
use crate::people::{MonthFile, each_person};

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
    let known = Known::load(&deps.lake).await?;
    let (waiting, mut standing) =
        Waiting::read(&deps.lake, &known, &deps.config, &deps.zone, until).await?;
    let mut assignments = assignments(deps, &known, until).await?;
    // Who is who is forgotten before the facts are read: both at once would be the most that this job ever holds.
    let accounts: Vec<Option<String>> = assignments
        .iter()
        .map(|drawn| known.account(&drawn.person).map(str::to_owned))
        .collect();
    drop(known);
    let buckets = buckets(deps).await?;

    // A first pass for what has to be settled beforehand, a second for everything else.
    let mut preview = Preview::default();
    let nobody_yet = standing.clone();
    let parts = in_order(deps, &buckets, true, move |files| {
        let (mut part, mut learnt) = (Preview::default(), nobody_yet.clone());
        each_person(files, |person| {
            part.update(person);
            learnt.learn(person);
        })?;
        Ok((part, learnt))
    });
    futures::pin_mut!(parts);
    while let Some((part, learnt)) = parts.try_next().await? {
        preview.merge(&part);
        standing.merge(learnt);
    }
    if preview.by_account() {
        // A draw of a person is a draw of its account.
        for (drawn, account) in assignments.iter_mut().zip(accounts) {
            if let Some(account) = account {
                drawn.person = account;
            }
        }
    }
    let mut input = UpliftInput::new(&deps.config, day, manifest.first, manifest.last);
    input.revenue_from = &manifest.revenue_from;
    input.assignments = &assignments;
    input.preview = Some(&preview);
    let plan = Plan::new(&input);
    let mut whole = Accumulator::new(&plan);
    let shared = plan.clone();
    let parts = in_order(deps, &buckets, false, move |files| {
        let mut part = Accumulator::new(&shared);
        let facts = each_person(files, |person| part.update(person))?;
        Ok((part, facts))
    });
    futures::pin_mut!(parts);
    while let Some((part, facts)) = parts.try_next().await? {
        outcome.count("facts", facts);
        whole
            .merge(&part)
            .map_err(|error| JobError::Input(error.to_string()))?;
    }
    let episodes = waiting.finish(&standing);
    let mut tables: BTreeMap<TableName, Vec<Row>> =
        whole.finish_with(&episodes).into_iter().collect();
    // What euros will be multiplied with says what it was computed from: a snapshot of other inputs is refused.
    let tenure = tables.entry(TableName::Tenure).or_default();
    if let Some(total) = tenure.iter_mut().find(|row| {
        row.text("measure") == Some("member_months") && row.period.as_deref() == Some("all")
    }) {
        let settings = levier_uplift::settings_digest(&deps.config);
        for (column, digest) in [("facts", &manifest.digest), ("settings", &settings)] {
            total.own.insert(column.to_owned(), digest.as_str().into());
        }
    }
    for (table, rows) in &tables {
        outcome.count(&format!("{table}_rows"), rows.len() as u64);
    }
    let run = Run {
        job: "uplift",
        id: RunId::of_tables("uplift", day, &manifest.digest, &tables)?,
        as_of: day,
        tables,
    };
    outcome.run_id = Some(run.publish(&deps.lake, &deps.results).await?);
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

/// Works on every bucket, as many at once as there are processors, and gives the results in the order of buckets: the bits
/// do not depend on how many there are.
fn in_order<'a, T: Send + 'static>(
    deps: &'a Dependencies,
    buckets: &'a Buckets,
    preview: bool,
    work: impl Fn(&mut [MonthFile]) -> Result<T, LakeError> + Send + Sync + 'static,
) -> impl futures::Stream<Item = Result<T, JobError>> + 'a {
    let work = Arc::new(work);
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    futures::stream::iter(buckets.values())
        .map(move |months| {
            let work = Arc::clone(&work);
            async move {
                let names: Vec<String> = months.iter().map(|(_, key)| key.clone()).collect();
                let bytes = deps.lake.get_all(&names).await?;
                let months: Vec<i32> = months.iter().map(|(month, _)| month.index()).collect();
                let done = tokio::task::spawn_blocking(move || {
                    let mut files = months
                        .into_iter()
                        .zip(bytes)
                        .map(|(month, (key, bytes))| MonthFile::open(month, key, bytes, preview))
                        .collect::<Result<Vec<_>, _>>()?;
                    work(&mut files)
                });
                match done.await {
                    Ok(found) => Ok(found?),
                    Err(error) => Err(JobError::Input(format!(
                        "a bucket of facts could not be worked on: {error}; run `uplift` again"
                    ))),
                }
            }
        })
        .buffered(at_once)
}

async fn assignments(
    deps: &Dependencies,
    known: &Known,
    until: Timestamp,
) -> Result<Vec<Assignment>, JobError> {
    let rows = held(&deps.lake, Entity::Assignments, until).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
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
