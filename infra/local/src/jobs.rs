//! Jobs: called as the scheduler calls them, in this process or in the running `up`, which does one thing at a time.

use std::process::ExitCode;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use levier_compact::Again;
use levier_import::Call;
use levier_runtime::{Dependencies, Invocation, JobError, Outcome};
use serde_json::{Value as Json, json};

use crate::Failure;
use crate::arguments::{Run, Shared};
use crate::output;
use crate::workspace::{Workspace, now};

/// Jobs of a night, in order.
const NIGHTLY: &[&str] = &[
    "pull", "import", "compact", "join", "health", "uplift", "alert",
];
/// Every name that `run` takes.
const NAMES: &[&str] = &[
    "pull", "import", "compact", "join", "health", "uplift", "alert", "snapshot", "nightly",
];

/// Runs one job, or the night.
pub async fn run(shared: &Shared, arguments: &Run) -> Result<ExitCode, Failure> {
    if !NAMES.contains(&arguments.job.as_str()) {
        return Err(Failure::Usage(format!(
            "there is no job `{}`; there are {}",
            arguments.job,
            NAMES.join(", ")
        )));
    }
    let workspace = Workspace::open(shared).await?;
    begun(&workspace.deps, arguments.as_of, now())?;
    let outcomes = match &workspace.up {
        Some(up) => remote(&up.url, &arguments.job, arguments.as_of).await,
        None => execute(
            &workspace.deps,
            &arguments.job,
            arguments.as_of,
            now(),
            |_| {},
        )
        .await
        .map_err(Failure::failed),
    };
    workspace.close().await;
    for outcome in outcomes? {
        if shared.json {
            output::json(&serde_json::to_value(&outcome).unwrap_or_default());
        } else {
            let counts: Vec<String> = outcome
                .counts
                .iter()
                .map(|(what, n)| format!("{n} {}", what.replace('_', " ")))
                .collect();
            say!(
                "{}: {}",
                outcome.job,
                if counts.is_empty() {
                    "done".to_owned()
                } else {
                    counts.join(", ")
                }
            );
            for warning in &outcome.warnings {
                say!("  {warning}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses a day that is far to come: until then its figures would be the newest, and hide those of every night. The end of the month
/// that runs may be asked for.
pub fn begun(deps: &Dependencies, as_of: Option<Date>, now: Timestamp) -> Result<(), Failure> {
    let today = now.to_zoned(deps.zone.clone()).date();
    let far = today.saturating_add(Span::new().days(31));
    match as_of.filter(|day| *day > far) {
        None => Ok(()),
        Some(day) => Err(Failure::Usage(format!(
            "{day} is more than a month to come, today is {today}: its figures would hide those of every night until then; give today or an earlier day"
        ))),
    }
}

async fn remote(url: &str, job: &str, as_of: Option<Date>) -> Result<Vec<Outcome>, Failure> {
    post(url, job, &json!({"job": job, "as_of": as_of})).await
}

async fn post(url: &str, job: &str, call: &Json) -> Result<Vec<Outcome>, Failure> {
    let failed = |error: reqwest::Error| {
        Failure::Failed(format!("the running levier up does not answer: {error}"))
    };
    let response = reqwest::Client::new()
        .post(format!("{url}/local/run"))
        .json(call)
        .send()
        .await
        .map_err(failed)?;
    let status = response.status();
    let text = response.text().await.map_err(failed)?;
    if !status.is_success() {
        return Err(Failure::Failed(format!("{job} failed: {text}")));
    }
    serde_json::from_str(&text).map_err(|error| {
        Failure::Failed(format!(
            "the running levier up answered something else: {error}"
        ))
    })
}

/// Compacts and reads again what `again` names, here or in the running `up`.
pub async fn again(workspace: &Workspace, again: &Again) -> Result<Outcome, Failure> {
    let outcomes = match &workspace.up {
        Some(up) => {
            post(
                &up.url,
                "compact",
                &json!({"job": "compact", "again": again}),
            )
            .await?
        }
        None => {
            let invocation = Invocation::default();
            vec![
                levier_compact::compact_again(&workspace.deps, again, &invocation, now())
                    .await
                    .map_err(Failure::failed)?,
            ]
        }
    };
    Ok(outcomes.into_iter().next().unwrap_or_default())
}

/// Runs one job, or the night, over open stores. Facts of another day are joined anew first.
pub async fn execute(
    deps: &Dependencies,
    job: &str,
    as_of: Option<Date>,
    now: Timestamp,
    mut starts: impl FnMut(&str),
) -> Result<Vec<Outcome>, JobError> {
    let names = if job == "nightly" {
        NIGHTLY
    } else {
        std::slice::from_ref(&job)
    };
    let mut outcomes = Vec::new();
    for name in names {
        if job == "nightly" && *name == "pull" && !levier_pull::has_work(deps) {
            continue;
        }
        let invocation = Invocation {
            job: (*name).to_owned(),
            as_of,
            buckets: None,
        };
        if matches!(*name, "health" | "uplift" | "snapshot")
            && !facts_fit(deps, &invocation, now).await?
        {
            starts("join");
            outcomes.push(levier_join::join(deps, &invocation, now).await?);
        }
        starts(name);
        outcomes.push(match *name {
            "pull" => {
                let pace = levier_pull::Ticking::free(deps.clock);
                levier_pull::pull(deps, &invocation, now, &pace).await?
            }
            "import" => levier_import::import(deps, &Call::Schedule(invocation)).await?,
            "compact" => levier_compact::compact(deps, &invocation, now).await?,
            "join" => levier_join::join(deps, &invocation, now).await?,
            "health" => levier_health::health(deps, &invocation, now).await?,
            "uplift" => levier_uplift_job::uplift(deps, &invocation, now).await?,
            "alert" => {
                let courier = levier_alert::Courier::connect(&deps.config).await;
                levier_alert::alert(deps, &courier, &invocation, now).await?
            }
            _ => levier_snapshot::snapshot(deps, &invocation, now).await?,
        });
    }
    if job == "nightly" {
        // By the clock of the disk, whatever day the night is about.
        let mut outcome = Outcome::new("expire");
        let expired = crate::expire::expire(deps, (deps.clock)()).await?;
        outcome.count("raw_objects", expired);
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

async fn facts_fit(
    deps: &Dependencies,
    invocation: &Invocation,
    now: Timestamp,
) -> Result<bool, JobError> {
    let manifest: Option<levier_join::Manifest> = deps.lake.get_json(levier_join::MANIFEST).await?;
    Ok(manifest.is_some_and(|manifest| {
        manifest.as_of == levier_runtime::as_of(invocation, now, &deps.zone)
    }))
}
