//! `levier demo`: a made-up company's community through the real pipeline, the truth printed beside the estimate.
//!
//! Small: every webhook is signed as its platform signs and goes through `receive`, every export is dropped and imported. Medium
//! and large put the same company's events and typed rows into the lake in its own formats, since landing millions of
//! deliveries one by one on one disk measures the disk.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{SignedDuration, Timestamp};
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::event::Event;
use levier_domain::receipt::Receipt;
use levier_domain::record::{Record, Value};
use levier_domain::table::{Row, TableName};
use levier_domain::time::start_of_day;
use levier_lake::index::Entry;
use levier_lake::{ByteStream, events, index, keys, records};
use levier_report::Filter;
use levier_runtime::Dependencies;
use levier_simulator::{Company, SimulatedDelivery};
use serde_json::{Value as Json, json};

use crate::Failure;
use crate::arguments::{Demo, Scale, Shared};
use crate::output;
use crate::simulate::this_month;
use crate::workspace::Workspace;

/// Marks a folder that only a demo has used, and that the next demo may therefore clear.
const MARK: &str = "demo.json";
/// What a demo clears before it begins, and then writes.
const FOLDERS: &[&str] = &["s3", "s3-attributes", "secrets"];
const FILES: &[&str] = &[
    "dynamodb.sqlite",
    "dynamodb.sqlite-wal",
    "dynamodb.sqlite-shm",
    "levier.toml",
];
/// Deliveries under way at once.
const AT_ONCE: usize = 64;
/// Typed rows of one object.
const PART_ROWS: usize = 500_000;

/// Runs the demo.
pub async fn demo(shared: &Shared, arguments: &Demo) -> Result<ExitCode, Failure> {
    let begun = Instant::now();
    let company = Company::new(
        arguments.scale.into(),
        arguments.seed,
        this_month(arguments.end),
    );
    let workspace = prepare(shared, &company).await?;
    let deps = workspace.deps.clone();
    let as_of = company.end().yesterday().map_err(Failure::failed)?;
    // The files come at the end of the last day, and the night after it: the day is over, and with it its month.
    let now = start_of_day(company.end(), &deps.zone);
    let dropped = now
        .checked_sub(SignedDuration::from_secs(1))
        .map_err(Failure::failed)?;
    let steps = Steps { quiet: shared.json };
    match arguments.scale {
        Scale::Small => {
            deliver(&deps, &company, &steps).await?;
            drop_exports(&deps, &company, dropped, &steps).await?;
        }
        Scale::Medium | Scale::Large => write_lake(&deps, &company, dropped, &steps).await?,
    }
    crate::jobs::execute(&deps, "nightly", Some(as_of), now, |job| {
        steps.say(&format!("run {job}"))
    })
    .await
    .map_err(Failure::failed)?;
    steps.say("run snapshot");
    crate::jobs::execute(&deps, "snapshot", Some(as_of), now, |_| {})
        .await
        .map_err(Failure::failed)?;
    let answer = answer(&deps, &company, begun.elapsed()).await?;
    if shared.json {
        output::json(&answer);
    } else {
        print_answer(&answer, &company);
    }
    if arguments.no_serve {
        workspace.close().await;
        return Ok(ExitCode::SUCCESS);
    }
    crate::up::serve(shared, workspace, arguments.port, false).await
}

/// What is being done, for a person who watches.
struct Steps {
    quiet: bool,
}

impl Steps {
    fn say(&self, what: &str) {
        if !self.quiet {
            eprintln!("· {what}");
        }
    }

    fn bar(&self, length: u64, what: &'static str) -> ProgressBar {
        if self.quiet {
            return ProgressBar::hidden();
        }
        self.say(what);
        let bar = ProgressBar::new(length);
        if let Ok(style) = ProgressStyle::with_template("  {bar:40} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        bar
    }
}

async fn prepare(shared: &Shared, company: &Company) -> Result<Workspace, Failure> {
    let failed = |error: std::io::Error| {
        Failure::Failed(format!(
            "{} cannot be prepared: {error}",
            shared.data.display()
        ))
    };
    if let Some(ready) = crate::workspace::running(&shared.data).await {
        return Err(Failure::Failed(format!(
            "a levier up (process {}) works in {}; stop it or choose another --data",
            ready.pid,
            shared.data.display()
        )));
    }
    // What is cleared or replaced below may be somebody's: a workspace, or the secrets and configuration of one to come.
    let used = FOLDERS
        .iter()
        .chain(FILES)
        .find(|name| shared.data.join(name).exists());
    if let Some(name) = used
        && !shared.data.join(MARK).exists()
    {
        return Err(Failure::Usage(format!(
            "{} is no demo's: {name} in it would be replaced; choose another folder with --data",
            shared.data.display()
        )));
    }
    for name in FOLDERS {
        match std::fs::remove_dir_all(shared.data.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
    }
    for name in FILES {
        match std::fs::remove_file(shared.data.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
    }
    std::fs::create_dir_all(shared.data.join("secrets")).map_err(failed)?;
    std::fs::write(shared.data.join(MARK), "{}\n").map_err(failed)?;
    let text = company.configuration();
    std::fs::write(shared.data.join("levier.toml"), &text).map_err(failed)?;
    for (name, secret) in company.secrets() {
        std::fs::write(shared.data.join("secrets").join(name), secret).map_err(failed)?;
    }
    let config = Config::parse(&text).map_err(|error| Failure::Failed(error.to_string()))?;
    Workspace::open_with(shared, config, shared.data.clone(), false).await
}

async fn deliver(deps: &Dependencies, company: &Company, steps: &Steps) -> Result<(), Failure> {
    let total: u64 = company
        .expected_deliveries()
        .values()
        .map(|expected| expected.deliveries)
        .sum();
    let bar = steps.bar(total, "receive signed webhooks");
    let mut answers =
        futures::stream::iter(company.deliveries().map(|delivery| one(deps, delivery)))
            .buffer_unordered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        answer?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

async fn one(deps: &Dependencies, delivery: SimulatedDelivery) -> Result<(), Failure> {
    let source = deps.sources.get(&delivery.source).ok_or_else(|| {
        Failure::Failed(format!(
            "the made-up company has no source `{}`",
            delivery.source
        ))
    })?;
    let mut request = crate::send::sign(
        deps,
        source,
        &delivery.body,
        delivery.received_at,
        &delivery.delivery_id,
    )?;
    for (name, value) in delivery.headers {
        // What the platform says of the event goes before what signing would assume.
        let name = name.to_ascii_lowercase();
        request.headers.retain(|(known, _)| *known != name);
        request.headers.push((name, value));
    }
    let reply = levier_receive::receive(deps, &request, delivery.received_at).await;
    if reply.status >= 300 {
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        return Err(Failure::Failed(format!(
            "a delivery of {} was answered {}: {body}",
            delivery.source, reply.status
        )));
    }
    Ok(())
}

async fn drop_exports(
    deps: &Dependencies,
    company: &Company,
    now: Timestamp,
    steps: &Steps,
) -> Result<(), Failure> {
    steps.say("import dropped exports");
    for (position, file) in company.files().enumerate() {
        let bytes = file.bytes().map_err(Failure::failed)?;
        let key = format!("{}demo-{position:02}/{}", keys::DROP, file.name);
        deps.lake
            .drop_file(&key, ByteStream::from(bytes), Some(now))
            .await
            .map_err(Failure::failed)?;
        let receipts: Vec<Receipt> = levier_import::import_object(deps, &key)
            .await
            .map_err(Failure::failed)?;
        for receipt in receipts {
            let rows = receipt.rows;
            steps.say(&format!(
                "  {}: {} rows, {} refused, {} dropped",
                receipt.file, rows.read, rows.refused, rows.dropped
            ));
        }
    }
    Ok(())
}

/// The same company in the lake's own formats.
async fn write_lake(
    deps: &Dependencies,
    company: &Company,
    now: Timestamp,
    steps: &Steps,
) -> Result<(), Failure> {
    steps.say("write events into the lake");
    let mut day: Vec<Event> = Vec::new();
    for event in company.events(&deps.hash_key) {
        if day.first().is_some_and(|first| {
            keys::event_day(first.occurred_at) != keys::event_day(event.occurred_at)
        }) {
            write_day(deps, std::mem::take(&mut day)).await?;
        }
        day.push(event);
    }
    write_day(deps, day).await?;
    steps.say("write typed rows into the lake");
    for entity in Entity::ALL.iter().copied() {
        let (mut part, mut rows) = (0, Vec::new());
        for mut record in company.records(entity, &deps.hash_key) {
            record.set("import_id", Value::Text("simulated".to_owned()));
            // Known before the as-of day ends: what is dropped at its very end belongs to the next.
            record.set("known_from", Value::Instant(now));
            rows.push(record);
            if rows.len() == PART_ROWS {
                write_part(deps, entity, part, &std::mem::take(&mut rows)).await?;
                part += 1;
            }
        }
        if !rows.is_empty() {
            write_part(deps, entity, part, &rows).await?;
        }
    }
    Ok(())
}

async fn write_day(deps: &Dependencies, day: Vec<Event>) -> Result<(), Failure> {
    let Some(first) = day.first() else {
        return Ok(());
    };
    let key = keys::events(keys::event_day(first.occurred_at));
    let bytes = events::encode(&key, &events::merge(day)).map_err(Failure::failed)?;
    deps.lake.put(&key, bytes).await.map_err(Failure::failed)
}

async fn write_part(
    deps: &Dependencies,
    entity: Entity,
    part: usize,
    rows: &[Record],
) -> Result<(), Failure> {
    let key = keys::crm(entity, "simulated", part);
    deps.lake
        .put(
            &key,
            records::encode(&key, entity, rows).map_err(Failure::failed)?,
        )
        .await
        .map_err(Failure::failed)?;
    let entries: Vec<Entry> = rows
        .iter()
        .map(|record| Entry {
            key: record.key_hash(),
            content: record.content_hash(),
            updated_at: record
                .updated_at()
                .map_or(i64::MIN, Timestamp::as_microsecond),
            known_from: record
                .get("known_from")
                .as_instant()
                .map_or(0, Timestamp::as_microsecond),
        })
        .collect();
    let key = keys::index(entity, "simulated", part);
    deps.lake
        .put(
            &key,
            index::encode(&key, "levier", &entries).map_err(Failure::failed)?,
        )
        .await
        .map_err(Failure::failed)
}

fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row.text(column).unwrap_or("")
}

async fn answer(
    deps: &Dependencies,
    company: &Company,
    elapsed: Duration,
) -> Result<Json, Failure> {
    let filter = Filter {
        kpi: Some("revenue_per_customer".to_owned()),
        ..Filter::default()
    };
    let rows = levier_report::rows(&deps.results, TableName::Uplift, &filter)
        .await
        .map_err(Failure::failed)?;
    let whole = |row: &&Row| {
        row.community.as_deref() == Some("all")
            && row.segment.as_deref() == Some("all")
            && ["cohort", "tenure_band", "platform"]
                .iter()
                .all(|column| matches!(text(row, column), "" | "all"))
    };
    let rows: Vec<&Row> = rows.iter().filter(whole).collect();
    let raw = rows.iter().find(|row| text(row, "method") == "naive");
    let headline = rows
        .iter()
        .find(|row| row.own.get("headline") == Some(&Json::Bool(true)));
    let interval =
        |row: &&&Row| json!({"value": row.value, "lower": row.lower, "upper": row.upper});
    let estimate = headline.as_ref().map(|row| {
        json!({
            "value": row.value, "lower": row.lower, "upper": row.upper,
            "grade": row.own.get("grade"), "method": row.own.get("method"), "reason": row.reason,
        })
    });
    Ok(json!({
        "kpi": "revenue_per_customer",
        "unit": format!("{}/customer/month", deps.config.workspace.currency),
        "truth": company.truth.revenue_per_customer,
        "raw": raw.as_ref().map(interval),
        "estimate": estimate,
        "elapsed_s": (elapsed.as_secs_f64() * 10.0).round() / 10.0,
    }))
}

fn print_answer(answer: &Json, company: &Company) {
    let money = |value: &Json| {
        value
            .as_f64()
            .map_or_else(|| "unknown".to_owned(), |value| format!("{value:.2} €"))
    };
    let (raw, estimate) = (&answer["raw"], &answer["estimate"]);
    say!();
    say!(
        "Revenue per customer and month, members against non-members ({} customers, {} members)",
        company.truth.customers,
        company.truth.members
    );
    say!(
        "  raw gap        {}  [{}, {}]   who the members already were is in it",
        money(&raw["value"]),
        money(&raw["lower"]),
        money(&raw["upper"])
    );
    say!(
        "  like for like  {}  [{}, {}]   grade {}, {}",
        money(&estimate["value"]),
        money(&estimate["lower"]),
        money(&estimate["upper"]),
        estimate["grade"].as_str().unwrap_or("none"),
        estimate["method"].as_str().unwrap_or("no method")
    );
    say!(
        "  truth          {}   known only because the company is made up",
        money(&answer["truth"])
    );
    say!("  {} s", answer["elapsed_s"]);
}
