//! `health`: the KPIs, the health score, champions and join cohorts, from events, facts and CRM rows.
//!
//! Events become a compact form first, facts are read bucket by bucket into sums, and CRM rows into the few columns that a KPI
//! reads; the arithmetic is `levier_metrics`. Sources that fell silent suspend the score of their community, because a silent source
//! looks like a dying one, and mark its KPIs.

mod quiet;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use jiff::Timestamp;
use jiff::civil::Date;
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::event::attribute;
use levier_domain::record::{Record, Value};
use levier_domain::table::{Row, TableName};
use levier_domain::time::start_of_day;
use levier_join::{Holding, Known, Rates, counts, held, is_paid, own_account};
use levier_lake::{LakeError, events, facts, keys};
use levier_metrics::{
    ActivityBuilder, AsOf, Commerce, CommerceAccumulator, Inputs, Membership, Records, RosterLine,
    Who, Words,
};
use levier_results::{Run, RunId};
use levier_runtime::{Dependencies, Invocation, JobError, Outcome, as_of, until};
use rustc_hash::{FxHashMap, FxHashSet};

/// Seed of the bootstrap: fixed, so that a run can be repeated to the bit.
const SEED: u64 = 20_260_101;

/// What the KPIs read of an event.
const WANTED: events::Wanted = events::Wanted {
    columns: &[
        "event_id",
        "platform",
        "community",
        "actor",
        "target",
        "channel",
        "thread",
        "reply_to",
        "visibility",
        "sentiment",
        "is_question",
        "text_length",
        "is_bot",
        "is_staff",
        "attributes",
    ],
    attributes: Some(&[
        attribute::MESSAGE,
        attribute::SUBJECT,
        attribute::WORDS,
        attribute::INVITED_BY,
        attribute::SCORE,
    ]),
};

/// Runs the health job for one as-of day.
///
/// # Errors
/// [`JobError::Input`] when the facts are of another day; [`JobError`] when storage fails.
pub async fn health(
    deps: &Dependencies,
    invocation: &Invocation,
    now: Timestamp,
) -> Result<Outcome, JobError> {
    let mut outcome = Outcome::new("health");
    let day = as_of(invocation, now, &deps.zone);
    let manifest = levier_join::manifest_of(&deps.lake, day).await?;
    // Of a day that still runs there is nothing after now.
    let until = until(day, now, &deps.zone);
    let tables = tables(deps, AsOf::known(day, until), &mut outcome).await?;
    for (table, rows) in &tables {
        outcome.count(&format!("{table}_rows"), rows.len() as u64);
    }
    let run = Run {
        job: "health",
        id: RunId::of_tables("health", day, &manifest.digest, &tables)?,
        as_of: day,
        tables,
    };
    outcome.run_id = Some(run.publish_until(until, &deps.lake, &deps.results).await?);
    Ok(outcome)
}

/// What the run says. What it was computed from is forgotten with the return: publishing needs room too.
async fn tables(
    deps: &Dependencies,
    as_of: AsOf,
    outcome: &mut Outcome,
) -> Result<BTreeMap<TableName, Vec<Row>>, JobError> {
    let day = as_of.day;
    let known = Known::load(&deps.lake).await?;
    let (people, commerce) = read_facts(deps, as_of, outcome).await?;

    let until = start_of_day(day.tomorrow().unwrap_or(day), &deps.zone);
    let activity = read_activity(deps, &known, &people, as_of, until, outcome).await?;
    let mut words = Words::default();
    let mut membership = Membership::of(&activity, &mut words);
    for (person, account) in known.accounts() {
        membership.employ(person, account, &mut words);
    }
    for person in known.staff() {
        membership.staff(person, &mut words);
    }
    let mut records = Records {
        membership,
        ..Records::default()
    };
    let rates = Rates::new(
        &held(&deps.lake, Entity::Rates, until).await?,
        deps.config.workspace.currency,
    );
    for entity in Entity::ALL.iter().copied() {
        if matches!(
            entity,
            Entity::Activity | Entity::Links | Entity::Rates | Entity::Members
        ) {
            continue;
        }
        let mut first_order: Option<(Option<Timestamp>, Record)> = None;
        let holding = Holding::find(&deps.lake, entity, until).await?;
        holding
            .each(&deps.lake, &[], |row| {
                if !counts(row, &deps.config) {
                    return;
                }
                if entity == Entity::Orders && !has_code(row, &deps.config) {
                    // Sums of orders come from the facts; of orders without a community's code only the first says something.
                    let at = row.get("ordered_at").as_instant();
                    if first_order.as_ref().is_none_or(|(first, _)| at < *first) {
                        first_order = Some((at, row.clone()));
                    }
                    // The first purchase makes the customer.
                    if let (Some(at), Some(person)) = (at, known.of_row(row))
                        && is_paid(row)
                        && !known.is_staff(person)
                    {
                        records.bought(person, at.as_microsecond(), &mut words);
                    }
                    return;
                }
                let who = people.who(&known, row, &mut words);
                // Staff are customers in no figure: what they answer, buy or ask is left out, as in the facts.
                if entity != Entity::People && records.membership.is_staff(&who) {
                    return;
                }
                let converted = in_reporting_currency(row, &rates, deps);
                records.push(converted.as_ref().unwrap_or(row), who, &mut words);
            })
            .await?;
        if let Some((_, row)) = first_order {
            let who = people.who(&known, &row, &mut words);
            records.push(&row, who, &mut words);
        }
    }
    records.sort();
    drop((known, people, words));

    let quiet = quiet::quiet(deps).await?;
    let silent = quiet::silences(&quiet);
    let inputs = Inputs {
        activity: Some(&activity),
        commerce: Some(&commerce),
        records: Some(&records),
    };
    let mut tables: BTreeMap<TableName, Vec<Row>> = BTreeMap::new();
    let mut kpis = levier_metrics::kpis(&inputs, as_of, &deps.config);
    quiet::mark(&mut kpis, &quiet, day, deps);
    tables.insert(TableName::Kpis, kpis);
    tables.insert(
        TableName::Leads,
        levier_metrics::community_qualified_leads(&activity, &records, as_of, &deps.config),
    );
    drop((records, commerce));
    tables.insert(
        TableName::Health,
        levier_metrics::health_with(&activity, as_of, &deps.config, SEED, &silent),
    );
    tables.insert(
        TableName::Champions,
        levier_metrics::champions(&activity, as_of, &deps.config),
    );
    tables.insert(
        TableName::Cohorts,
        levier_metrics::cohorts(&activity, as_of, &deps.config),
    );
    Ok(tables)
}

/// Money of orders and spend at the rate of its day; what has no rate keeps its own currency, and is left out where it would count.
fn in_reporting_currency(row: &Record, rates: &Rates, deps: &Dependencies) -> Option<Record> {
    let reporting = deps.config.workspace.currency.code();
    let currency = row
        .get("currency")
        .as_text()
        .filter(|currency| *currency != reporting)?;
    let day = match row.entity {
        Entity::Orders => row
            .get("ordered_at")
            .as_instant()
            .map(|at| deps.zone.to_datetime(at).date()),
        Entity::Spend => row.get("date").as_date(),
        _ => None,
    }?;
    let mut converted = row.clone();
    for column in ["amount_minor", "refunded_amount_minor", "tax_minor"] {
        if let Some(minor) = row.get(column).as_integer() {
            converted.set(column, Value::Integer(rates.convert(minor, currency, day)?));
        }
    }
    converted.set("currency", Value::Text(reporting.to_owned()));
    Some(converted)
}

/// Whether an order was made with a promo code of a community.
fn has_code(order: &Record, config: &Config) -> bool {
    order.get("promo_code").as_text().is_some_and(|code| {
        let codes = &config.commerce.community_promo_codes;
        codes.iter().any(|known| known.eq_ignore_ascii_case(code))
    })
}

/// What the facts say of persons.
#[derive(Default)]
struct People {
    segment: FxHashMap<Box<str>, Arc<str>>,
    /// The words that segments are called by, once each.
    names: Words,
}

impl People {
    /// The columns of facts that [`People::learn`] reads.
    const COLUMNS: [&str; 2] = ["person", "segment"];

    /// Whom a row is about.
    fn who(&self, known: &Known, row: &Record, words: &mut Words) -> Who {
        let person = known.of_row(row);
        let account = person.and_then(|person| known.account(person));
        Who {
            segment: person
                .and_then(|person| self.segment.get(person))
                .map(Arc::clone),
            account: account
                .map(|account| words.of(account))
                .or_else(|| Some(words.of(&own_account(row)?))),
            person: person.map(|person| words.of(person)),
        }
    }

    fn learn(&mut self, fact: &levier_domain::fact::Fact) {
        let person = fact.person.as_str();
        if let Some(segment) = &fact.segment
            && !self.segment.contains_key(person)
        {
            self.segment.insert(person.into(), self.names.of(segment));
        }
    }

    /// Joins what another bucket has taught: each person is in one bucket.
    fn merge(&mut self, other: Self) {
        for (person, segment) in other.segment {
            let segment = self.names.of(&segment);
            self.segment.insert(person, segment);
        }
    }
}

/// Reads the facts, as many buckets at once as there are processors: a person is in one bucket, and the sums are whole numbers, so
/// that they come to the same in any order.
async fn read_facts(
    deps: &Dependencies,
    as_of: AsOf,
    outcome: &mut Outcome,
) -> Result<(People, Commerce), JobError> {
    // A month that ends with a day that still runs is not over.
    let day = as_of.last_whole_day(&deps.zone);
    let mut buckets: BTreeMap<usize, Vec<(i32, String)>> = BTreeMap::new();
    for object in deps.lake.list(keys::FACTS).await? {
        if let Some((month, bucket)) = keys::parse_facts_key(&object.key) {
            buckets
                .entry(bucket)
                .or_default()
                .push((month.index(), object.key));
        }
    }
    let mut reads = futures::stream::iter(buckets.into_values())
        .map(|months| read_bucket(deps, day, months))
        .buffered(at_once());
    let mut people = People::default();
    let mut commerce = CommerceAccumulator::new(&deps.config);
    while let Some(bucket) = reads.next().await {
        let (of_bucket, sums, read) = bucket?;
        people.merge(of_bucket);
        commerce.merge(sums);
        outcome.count("facts", read);
    }
    Ok((people, commerce.finish()))
}

/// All months of one bucket.
async fn read_bucket(
    deps: &Dependencies,
    day: Date,
    months: Vec<(i32, String)>,
) -> Result<(People, CommerceAccumulator, u64), JobError> {
    let names: Vec<String> = months.iter().map(|(_, key)| key.clone()).collect();
    let files = deps.lake.get_all(&names).await?;
    let mut people = People::default();
    let mut commerce = CommerceAccumulator::new(&deps.config).as_of(day);
    let read = tokio::task::spawn_blocking(move || {
        let mut read = 0;
        let wanted = [&levier_metrics::commerce::COLUMNS[..], &People::COLUMNS].concat();
        for ((month, _), (key, bytes)) in months.into_iter().zip(files) {
            facts::visit(&key, month, bytes, &wanted, |fact| {
                people.learn(fact);
                commerce.update(fact);
                read += 1;
            })?;
        }
        commerce.end_bucket();
        Ok((people, commerce, read))
    });
    read.await
        .map_err(|error| unread("a bucket of facts", &error))?
}

/// How many files are worked on side by side.
fn at_once() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A task of this job that did not end.
fn unread(what: &str, error: &tokio::task::JoinError) -> JobError {
    JobError::Input(format!(
        "{what} could not be read: {error}; run `health` again"
    ))
}

/// The events of one day before an instant.
fn read_day(
    key: &str,
    bytes: Bytes,
    config: &Config,
    until: Timestamp,
) -> Result<ActivityBuilder, LakeError> {
    let mut builder = ActivityBuilder::new(config);
    events::visit(key, bytes, &WANTED, |event| {
        if event.occurred_at < until {
            builder.push(event, None, false, None);
        }
    })?;
    Ok(builder)
}

async fn read_activity(
    deps: &Dependencies,
    known: &Known,
    people: &People,
    as_of: AsOf,
    until: Timestamp,
    outcome: &mut Outcome,
) -> Result<levier_metrics::Activity, JobError> {
    let mut builder = ActivityBuilder::new(&deps.config);
    let named = deps.config.staff.handles.iter();
    let staff: FxHashSet<(&str, &str)> = named.filter_map(|h| h.split_once(':')).collect();
    let who = |platform: &str, handle: &str| {
        let person = known.of_handle(platform, handle);
        let staff = person.is_some_and(|person| known.is_staff(person))
            || staff.contains(&(platform, handle));
        (
            person,
            staff,
            person
                .and_then(|person| people.segment.get(person))
                .map(|segment| &**segment),
        )
    };
    let now = Timestamp::from_microsecond(as_of.now(&deps.zone)).unwrap_or(until);
    let days: Vec<String> = deps
        .lake
        .list(keys::EVENTS)
        .await?
        .into_iter()
        .filter(|object| {
            keys::day_of_events_key(&object.key).is_some_and(|date| date <= keys::event_day(now))
        })
        .map(|object| object.key)
        .collect();
    // Days are read side by side and joined in their order: what is the same in any order stays the same.
    let read = |_, key: &str, bytes| read_day(key, bytes, &deps.config, now);
    let mut seen = 0;
    deps.lake
        .side_by_side(days, read, |day| {
            seen += day.len() as u64;
            builder.merge(day);
        })
        .await?;
    outcome.count("events", seen);
    builder.resolve(who);
    for row in held(&deps.lake, Entity::Members, until).await? {
        let text = |name: &str| row.get(name).as_text();
        let (Some(community), Some(platform), Some(handle)) =
            (text("community"), text("platform"), text("handle"))
        else {
            continue;
        };
        let platform = platform.trim().to_ascii_lowercase();
        let platform = platform.as_str();
        if text("role") == Some("bot") {
            builder.machine(platform, handle);
            continue;
        }
        let (person, staff, segment) = who(platform, handle);
        let is_staff = staff || text("role") == Some("staff");
        let line = RosterLine {
            community,
            platform,
            handle,
            joined_at: row.get("joined_at").as_instant(),
            left_at: row.get("left_at").as_instant(),
            seen_at: row.get("known_from").as_instant(),
            invited: text("invited_by").is_some_and(|by| !by.is_empty()),
        };
        builder.roster(&line, person, is_staff, segment);
    }
    Ok(builder.finish())
}
