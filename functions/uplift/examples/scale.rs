//! How fast the uplift job reads facts, and in how much memory.
//!
//! ```text
//! cargo run --release -p levier-uplift-job --example scale -- write DIR [CUSTOMERS]   facts of a made-up company
//! cargo run --release -p levier-uplift-job --example scale -- run DIR                 both passes and the report, one thread
//! ```
//!
//! `run` prints one JSON object: facts, seconds, facts a second, processor seconds, peak memory, and the effect on revenue with
//! its error, so that another pipeline over the same files can be held against it (`tests/benchmarks/uplift.py`).
#![allow(clippy::print_stdout, reason = "it is what the example is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use levier_domain::config::Config;
use levier_domain::fact::Fact;
use levier_domain::table::TableName;
use levier_domain::time::Month;
use levier_lake::{facts, keys};
use levier_simulator::{Company, CompanyOptions, Scale};
use levier_uplift::{Accumulator, Plan, Preview, UpliftInput};
use levier_uplift_job::people::{MonthFile, each_person};

/// Persons of a bucket.
const BUCKET: u32 = 25_000;
/// First day after the history.
const END: jiff::civil::Date = jiff::civil::date(2026, 11, 1);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", dir] => write(Path::new(dir), 200_000),
        ["write", dir, customers] => write(Path::new(dir), customers.parse()?),
        ["run", dir] => run(Path::new(dir)),
        _ => Err("usage: scale write DIR [CUSTOMERS] | scale run DIR".into()),
    }
}

fn write(dir: &Path, customers: u32) -> Result<(), Box<dyn Error>> {
    let options = CompanyOptions {
        customers: Some(customers),
        ..CompanyOptions::new(Scale::Large)
    };
    let company = Company::with_options(options, 1, END);
    let since = company.first_month().index() - 1;
    let mut months: BTreeMap<i32, Vec<Fact>> = BTreeMap::new();
    let mut person: Vec<Fact> = Vec::new();
    let mut panel = company.panel().peekable();
    while let Some(row) = panel.next() {
        let joined = row.first_treated.map(|month| month.index());
        let month = row.month.index();
        let fact = |month: i32| Fact {
            person: format!("{:08}-0000-4000-8000-000000000000", row.customer),
            month,
            member: row.member,
            joined_month: joined,
            tenure_months: joined
                .filter(|joined| *joined <= month)
                .map(|joined| month - joined),
            communities: if row.member {
                "club".to_owned()
            } else {
                String::new()
            },
            platforms: if row.member {
                "discourse".to_owned()
            } else {
                String::new()
            },
            customer_since: Some(since),
            segment: Some(["private", "pro", "school"][row.customer as usize % 3].to_owned()),
            country: Some(["FR", "BE"][row.customer as usize % 2].to_owned()),
            ..Fact::default()
        };
        if person.is_empty() {
            person.push(Fact {
                orders: 1,
                revenue_minor: 4_000,
                member: false,
                ..fact(since)
            });
        }
        let previous = &person[person.len() - 1];
        let next = Fact {
            orders: row.orders,
            revenue_minor: row.revenue_minor,
            tickets: row.tickets,
            prior_orders: previous.prior_orders + previous.orders,
            prior_revenue_minor: previous.prior_revenue_minor + previous.revenue_minor,
            months_since_order: Some(if previous.orders > 0 {
                1
            } else {
                previous.months_since_order.map_or(1, |n| n + 1)
            }),
            ..fact(month)
        };
        person.push(next);
        let customer = row.customer;
        let next_customer = panel.peek().map(|row| row.customer);
        if next_customer != Some(customer) {
            for fact in person.drain(..) {
                months.entry(fact.month).or_default().push(fact);
            }
            if next_customer.is_none_or(|next| next / BUCKET != customer / BUCKET) {
                for (month, facts) in std::mem::take(&mut months) {
                    let key = keys::facts(Month::from_index(month), (customer / BUCKET) as usize);
                    let path = dir.join(&key);
                    std::fs::create_dir_all(path.parent().unwrap_or(dir))?;
                    std::fs::write(path, facts::encode(&key, &facts)?)?;
                }
            }
        }
    }
    println!(
        "{}",
        serde_json::json!({"customers": customers, "true_effect": company.truth.revenue_per_customer})
    );
    Ok(())
}

/// Files by bucket, in order of months.
type Buckets = BTreeMap<usize, Vec<(Month, String, PathBuf)>>;

fn buckets(dir: &Path) -> Result<Buckets, Box<dyn Error>> {
    let mut found = Buckets::new();
    for month in std::fs::read_dir(dir.join("facts"))? {
        for bucket in std::fs::read_dir(month?.path())? {
            let path = bucket?.path().join("facts.parquet");
            let key = path.strip_prefix(dir)?.to_string_lossy().into_owned();
            if let Some((month, bucket)) = keys::parse_facts_key(&key) {
                found.entry(bucket).or_default().push((month, key, path));
            }
        }
    }
    found.values_mut().for_each(|files| files.sort());
    Ok(found)
}

fn open(
    files: &[(Month, String, PathBuf)],
    preview: bool,
) -> Result<Vec<MonthFile>, Box<dyn Error>> {
    files
        .iter()
        .map(|(month, key, path)| {
            let bytes = std::fs::read(path)?.into();
            Ok(MonthFile::open(month.index(), key.clone(), bytes, preview)?)
        })
        .collect()
}

fn run(dir: &Path) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let buckets = buckets(dir)?;
    let mut preview = Preview::default();
    for files in buckets.values() {
        each_person(&mut open(files, true)?, |person| preview.update(person))?;
    }
    let first_pass = started.elapsed();
    let months = || buckets.values().flatten().map(|(month, _, _)| *month);
    let (Some(first), Some(last)) = (months().min(), months().max()) else {
        return Err("no facts there: run `scale write DIR` first".into());
    };
    let config = Config::default();
    let input = UpliftInput {
        preview: Some(&preview),
        ..UpliftInput::new(&config, END.yesterday()?, first, last)
    };
    let plan = Plan::new(&input);
    let mut whole = Accumulator::new(&plan);
    let mut facts = 0;
    for files in buckets.values() {
        let mut part = Accumulator::new(&plan);
        facts += each_person(&mut open(files, false)?, |person| part.update(person))?;
        whole.merge(&part)?;
    }
    let second_pass = started.elapsed() - first_pass;
    let tables = whole.finish();
    let seconds = started.elapsed().as_secs_f64();
    let did = tables
        .iter()
        .filter(|(name, _)| *name == TableName::Uplift)
        .flat_map(|(_, rows)| rows)
        .find(|row| {
            row.kpi.as_deref() == Some("revenue_per_customer") && row.text("method") == Some("did")
        });
    let own = |name: &str| did.and_then(|row| row.own.get(name).cloned());
    println!(
        "{}",
        serde_json::json!({
            "facts": facts,
            "seconds": seconds,
            "first_pass_seconds": first_pass.as_secs_f64(),
            "second_pass_seconds": second_pass.as_secs_f64(),
            "facts_per_second": facts as f64 / seconds,
            "processor_seconds": processor_seconds(),
            "peak_memory_mb": peak_memory_mb(),
            "effect": did.and_then(|row| row.value.or_else(|| row.own.get("blocked_value")?.as_f64())),
            "standard_error": own("standard_error"),
        })
    );
    Ok(())
}

/// Processor time of this process, user and system, where the system tells; its clock ticks 100 times a second.
fn processor_seconds() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = status.rsplit_once(')')?;
    let ticks = |at: usize| fields.split_whitespace().nth(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

/// High-water mark of resident memory, where the system tells.
fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}
