//! `levier up`: hooks, tables and dashboard on one port; S3 and DynamoDB endpoints; imports as files are dropped; jobs by the
//! clock.
//!
//! One job runs at a time, whoever asked for it: the scheduler, a dropped file, or another command through `/local/run`.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use levier_compact::Again;
use levier_lake::keys;
use levier_runtime::{Dependencies, Invocation, Outcome};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::sync::mpsc::unbounded_channel;

use crate::Failure;
use crate::arguments::{Shared, Up};
use crate::jobs;
use crate::live::Live;
use crate::schedule::Schedule;
use crate::workspace::{Ready, USED, WHO, Workspace, now};

/// How often the scheduler looks at the clock.
const TICK: Duration = Duration::from_secs(5);

#[derive(Clone)]
struct Local {
    live: Live,
    turn: Arc<Mutex<()>>,
}

#[derive(Deserialize)]
struct RunRequest {
    job: String,
    as_of: Option<jiff::civil::Date>,
    #[serde(default)]
    again: Again,
}

/// Serves until it is stopped.
pub async fn up(shared: &Shared, arguments: &Up) -> Result<ExitCode, Failure> {
    if let Some(ready) = crate::workspace::running(&shared.data).await {
        return Err(Failure::Failed(format!(
            "{} is in use by process {} at {}; stop it, or choose another folder with --data",
            shared.data.display(),
            ready.pid,
            ready.url
        )));
    }
    let (config, folder) = crate::workspace::read_config(shared)?;
    let workspace = Workspace::open_with(shared, config, folder, true).await?;
    if workspace.up.is_some() {
        return Err(Failure::Failed(format!(
            "{} is in use by another levier up",
            shared.data.display()
        )));
    }
    serve(shared, workspace, arguments.port, !arguments.no_schedule).await
}

/// Serves an open workspace until it is stopped.
pub async fn serve(
    shared: &Shared,
    workspace: Workspace,
    port: u16,
    scheduled: bool,
) -> Result<ExitCode, Failure> {
    let schedules = schedules(&workspace.deps)?;
    let listener = TcpListener::bind(("127.0.0.1", port))
        .await
        .map_err(|error| Failure::Failed(format!("cannot listen on 127.0.0.1:{port}: {error}; choose another --port, or 0 for a free one")))?;
    let address = listener.local_addr().map_err(Failure::failed)?;
    let Some(cloud) = &workspace.cloud else {
        return Err(Failure::Failed(
            "the stores are not in this process".to_owned(),
        ));
    };
    let ready = Ready {
        event: "ready".to_owned(),
        url: format!("http://{address}"),
        s3_url: cloud.s3_url().to_owned(),
        dynamodb_url: cloud.dynamodb_url().to_owned(),
        pid: std::process::id(),
    };
    let local = Local {
        live: Live::new(shared, workspace.deps.clone()),
        turn: Arc::new(Mutex::new(())),
    };
    let (sender, mut dropped) = unbounded_channel();
    cloud.on_put(keys::DROP, sender);
    let importer = local.clone();
    tokio::spawn(async move {
        // What was dropped while nobody listened comes first.
        for key in levier_import::waiting(&importer.live.served())
            .await
            .unwrap_or_default()
        {
            import(&importer, &key).await;
        }
        while let Some(key) = dropped.recv().await {
            import(&importer, &key).await;
        }
    });
    if scheduled {
        for (job, schedule) in schedules {
            tokio::spawn(by_the_clock(local.clone(), job, schedule));
        }
    }
    let live = local.live.clone();
    tokio::spawn(live.clone().watch());
    let who = ready.clone();
    let router = Router::new()
        .route("/local/run", post(run_job))
        .route(WHO, get(move || async move { axum::Json(who) }))
        .route(
            USED,
            get(|State(local): State<Local>| async move { axum::Json(local.live.used()) }),
        )
        .with_state(local)
        .fallback(move |request| {
            let live = live.clone();
            async move { live.answer(request).await }
        });
    // Listened for before anybody knows that there is something to stop.
    let stopped = stopped()?;
    let text = serde_json::to_string(&ready).map_err(Failure::failed)?;
    std::fs::write(shared.data.join("up.json"), &text)
        .map_err(|error| Failure::Failed(format!("up.json cannot be written: {error}")))?;
    say!("{text}");
    if !shared.json {
        say!("dashboard  {}/", ready.url);
        say!("hooks      {}/hooks/SOURCE", ready.url);
        say!("tables     {}/v1/tables", ready.url);
    }
    let served = axum::serve(listener, router)
        .with_graceful_shutdown(stopped)
        .await;
    let _ = std::fs::remove_file(shared.data.join("up.json"));
    workspace.close().await;
    served.map_err(Failure::failed)?;
    Ok(ExitCode::SUCCESS)
}

async fn import(local: &Local, key: &str) {
    let _turn = local.turn.lock().await;
    if let Err(error) = levier_import::import_object(&local.live.served(), key).await {
        tracing::error!(%error, "import failed; it is tried again when levier up starts and by the nightly run");
    }
}

async fn run_job(
    State(local): State<Local>,
    body: axum::Json<RunRequest>,
) -> Result<axum::Json<Vec<Outcome>>, (StatusCode, String)> {
    let _turn = local.turn.lock().await;
    let deps = local
        .live
        .deps()
        .map_err(|failure| (StatusCode::CONFLICT, failure.to_string()))?;
    jobs::begun(&deps, body.as_of, now())
        .map_err(|failure| (StatusCode::BAD_REQUEST, failure.to_string()))?;
    let ended = if body.again == Again::Nothing {
        jobs::execute(&deps, &body.job, body.as_of, now(), |_| {}).await
    } else {
        let invocation = Invocation {
            job: body.0.job,
            as_of: body.0.as_of,
            buckets: None,
        };
        levier_compact::compact_again(&deps, &body.0.again, &invocation, now())
            .await
            .map(|outcome| vec![outcome])
    };
    ended
        .map(axum::Json)
        .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))
}

fn schedules(deps: &Dependencies) -> Result<Vec<(&'static str, Schedule)>, Failure> {
    let schedules = &deps.config.schedules;
    let mut all = Vec::new();
    for (key, job, text) in [
        ("compact", "compact", &schedules.compact),
        ("nightly", "nightly", &schedules.nightly),
        ("snapshot", "snapshot", &schedules.snapshot),
        ("alert", "alert", &schedules.alert),
        ("pull", "pull", &schedules.pull),
    ] {
        if job == "pull" && !levier_pull::has_work(deps) {
            continue;
        }
        all.push((
            job,
            Schedule::parse(text).map_err(|problem| {
                Failure::Usage(format!("levier.toml: `schedules.{key}`: {problem}"))
            })?,
        ));
    }
    Ok(all)
}

async fn by_the_clock(local: Local, job: &'static str, schedule: Schedule) {
    let mut next = schedule.next(now(), &local.live.served().zone);
    loop {
        tokio::time::sleep(TICK).await;
        let Some(due) = next else { return };
        if now() < due {
            continue;
        }
        // Pulling may take its quarter of an hour, and touches nothing but landing and its own cursors: nobody waits for it.
        let turn = match job {
            "pull" => None,
            _ => Some(local.turn.lock().await),
        };
        if let Err(error) = jobs::execute(&local.live.served(), job, None, now(), |_| {}).await {
            tracing::error!(job, %error, "a scheduled job failed; it runs again at its next time");
        }
        drop(turn);
        next = schedule.next(now(), &local.live.served().zone);
    }
}

/// Ends when the process is asked to; the signals are caught from the call on.
fn stopped() -> Result<impl Future<Output = ()>, Failure> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(Failure::failed)?;
        Ok(async move {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
