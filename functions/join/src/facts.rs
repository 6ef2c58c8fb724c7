//! One row per person and month, from the person's first trace to the as-of month.
//!
//! Persons are taken in groups of whole buckets, so that what they bought fits in memory however many there are; within a bucket
//! month after month, each person's running sums beside, so that one file is in the making at a time.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::Date;
use levier_domain::fact::Fact;
use levier_domain::time::{Month, start_of_day};
use levier_identity::{Membership, PersonMembership, Resolution};
use levier_lake::columns::refill;
use levier_lake::facts::Writer;
use levier_lake::{Lake, LakeError, keys};
use levier_runtime::Dependencies;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::activity::Counts;
use crate::commerce::{Bought, Commerce, Ledgers};
use crate::contracts::Due;
use crate::manifest::{MANIFEST, Manifest};
use crate::money::Rates;
use crate::months::{Cell, PersonMonths};
use crate::profiles::{Known, Profiles};

/// Months of history kept: five years.
const MONTHS_KEPT: i32 = 60;
/// Persons whose commerce is in memory at once.
const PERSONS_AT_ONCE: usize = 1_000_000;
/// Buckets encoded at once; more than one only where there are processors for it.
const BUCKETS_AT_ONCE: usize = 2;

/// Everything that the rows are made of, but commerce.
pub struct Facts<'a> {
    /// Who is who.
    pub who: &'a Resolution,
    /// Who was a member when.
    pub membership: &'a Membership,
    /// When accounts that stand for themselves were members, by position.
    pub companies: &'a BTreeMap<u32, PersonMembership>,
    /// What persons did.
    pub activity: &'a PersonMonths<Counts>,
    /// What the CRM says of them.
    pub profiles: &'a Profiles,
    /// What subscriptions in other currencies are worth.
    pub rates: &'a Rates,
    /// The zone of months.
    pub zone: &'a jiff::tz::TimeZone,
    /// The first instant after the as-of day: what begins or ends later has not yet.
    pub until: Timestamp,
    /// The month of the as-of day.
    pub last: Month,
}

/// What else is known once the facts are written.
pub struct Written {
    /// The manifest.
    pub manifest: Manifest,
    /// By person: first instant as a customer, in microseconds; `i64::MAX` for those who never were.
    pub customer_since: Vec<i64>,
    /// Rows that are in no fact, by entity and reason.
    pub left_out: BTreeMap<(levier_domain::entity::Entity, &'static str), u64>,
    /// Orders of several systems, where there are several.
    pub orders: u64,
    /// How many of them two systems tell.
    pub told_twice: u64,
}

/// A month and when it ends.
#[derive(Clone, Copy)]
struct Here {
    month: i32,
    /// Its last instant, or that of the as-of day where it still runs.
    last_instant: Timestamp,
    /// The local day of that instant, whose rates hold.
    last_day: Date,
}

/// One person on the way through the months.
struct Line<'a> {
    id: &'a str,
    account: Option<&'a str>,
    membership: Option<&'a PersonMembership>,
    profile: Known<'a>,
    dues: &'a [(u32, Due)],
    bought: &'a [Cell<Bought>],
    active: &'a [Cell<Counts>],
    is_staff: bool,
    first: i32,
    joined: Option<i32>,
    left: Option<i32>,
    customer_since: Option<i32>,
    prior_orders: u32,
    prior_revenue: i64,
    last_order: Option<i32>,
}

/// The sum of `month`, if the next cell is of it; moves on.
fn next<T: Copy + Default>(cells: &mut &[Cell<T>], month: i32) -> T {
    match cells.split_first() {
        Some((cell, rest)) if cell.month == month => {
            *cells = rest;
            cell.sum
        }
        _ => T::default(),
    }
}

impl<'a> Facts<'a> {
    /// Writes every bucket of every month, then the manifest, then removes what an earlier run left over.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn write(
        &self,
        deps: &Dependencies,
        ledgers: &Ledgers,
        as_of: Date,
    ) -> Result<Written, LakeError> {
        let lake = &deps.lake;
        let persons = self.who.somebodies();
        let n = persons.len();
        // Enough buckets that each holds about `persons_per_bucket`, a power of two.
        let buckets = n
            .div_ceil(deps.config.join.persons_per_bucket.max(1))
            .max(1)
            .next_power_of_two();
        let bucket_of = |person: u32| levier_lake::facts::bucket(self.who.id(person), buckets);
        let mut by_bucket: Vec<Vec<u32>> = vec![Vec::new(); buckets];
        for person in persons {
            by_bucket[bucket_of(person)].push(person);
        }
        by_bucket
            .par_iter_mut()
            .for_each(|persons| persons.sort_unstable_by_key(|person| self.who.id(*person)));
        let groups = n.div_ceil(PERSONS_AT_ONCE).clamp(1, buckets);
        let mut group_of = vec![u16::MAX; self.who.positions()];
        for (bucket, persons) in by_bucket.iter().enumerate() {
            for person in persons {
                group_of[*person as usize] = (bucket * groups / buckets) as u16;
            }
        }
        let mut digests: BTreeMap<String, [u8; 32]> = BTreeMap::new();
        let (mut rows, mut first) = (0, self.last.index());
        let (mut customer_since, mut left_out) = (Vec::new(), BTreeMap::new());
        let (mut orders, mut told_twice) = (0, 0);
        for group in 0..groups {
            let mut commerce = ledgers
                .read(lake, self.who, self.zone, |person| {
                    usize::from(group_of[person as usize]) == group
                })
                .await?;
            let mine: Vec<usize> = (0..buckets)
                .filter(|bucket| bucket * groups / buckets == group)
                .collect();
            for some in mine.chunks(BUCKETS_AT_ONCE) {
                let encoded = some
                    .par_iter()
                    .map(|bucket| self.bucket(*bucket, &by_bucket[*bucket], &commerce, ledgers))
                    .collect::<Result<Vec<_>, _>>()?;
                for file in encoded.into_iter().flatten() {
                    rows += file.rows;
                    first = first.min(file.month);
                    let key = keys::facts(Month::from_index(file.month), file.bucket);
                    digests.insert(key.clone(), Sha256::digest(&file.bytes).into());
                    put_if_new(lake, &key, file.bytes).await?;
                }
            }
            let (all, twice) = commerce.told_twice();
            orders += all;
            told_twice += twice;
            customer_since = commerce.customer_since;
            left_out = commerce.left_out;
        }
        let mut digest = Sha256::new();
        for (key, part) in &digests {
            digest.update(key.as_bytes());
            digest.update(part);
        }
        let manifest = Manifest {
            as_of,
            first: Month::from_index(first),
            last: self.last,
            buckets,
            persons: n as u64,
            rows,
            revenue_from: ledgers.revenue_from.to_owned(),
            digest: hex::encode(digest.finalize()),
        };
        for object in lake.list(keys::FACTS).await? {
            if keys::parse_facts_key(&object.key).is_some() && !digests.contains_key(&object.key) {
                lake.delete(&object.key).await?;
            }
        }
        lake.put_json(MANIFEST, &manifest).await?;
        Ok(Written {
            manifest,
            customer_since,
            left_out,
            orders,
            told_twice,
        })
    }

    fn line(&self, person: u32, commerce: &'a Commerce) -> Line<'a> {
        let id = self.who.id(person);
        let profile = self.profiles.of(person);
        let membership = self
            .membership
            .get(id)
            .or_else(|| self.companies.get(&person));
        let bought = commerce.bought.of(person);
        let active = self.activity.of(person);
        let month_of = |at| Month::at(at, self.zone).index();
        let joined = membership
            .and_then(PersonMembership::first_join)
            .map(month_of);
        let customer_since = Some(commerce.customer_since[person as usize])
            .filter(|since| *since != i64::MAX)
            .and_then(|since| Timestamp::from_microsecond(since).ok())
            .map(month_of);
        let starts = [
            profile.created,
            joined,
            customer_since,
            bought.first().map(|cell| cell.month),
            active.first().map(|cell| cell.month),
        ];
        Line {
            id,
            account: self.who.account_of_person(person),
            membership,
            profile,
            dues: commerce.dues(person),
            bought,
            active,
            is_staff: self.membership.is_staff(id),
            first: starts.into_iter().flatten().min().unwrap_or(i32::MAX),
            joined,
            left: membership
                .and_then(PersonMembership::left_for_good)
                .map(month_of),
            customer_since,
            prior_orders: 0,
            prior_revenue: 0,
            last_order: None,
        }
    }

    fn bucket(
        &self,
        bucket: usize,
        persons: &[u32],
        commerce: &'a Commerce,
        ledgers: &Ledgers,
    ) -> Result<Vec<File>, LakeError> {
        let mut lines: Vec<Line<'_>> = persons
            .iter()
            .map(|person| self.line(*person, commerce))
            .filter(|line| line.first != i32::MAX)
            .collect();
        let Some(first) = lines.iter().map(|line| line.first).min() else {
            return Ok(Vec::new());
        };
        let mut files = Vec::new();
        let mut fact = Fact::default();
        for month in first..=self.last.index() {
            let end = start_of_day(Month::from_index(month).end_day(), self.zone).min(self.until);
            let last_instant = end
                .checked_sub(jiff::SignedDuration::from_micros(1))
                .unwrap_or(end);
            let here = Here {
                month,
                last_instant,
                last_day: self.zone.to_datetime(last_instant).date(),
            };
            let kept = month > self.last.index() - MONTHS_KEPT;
            let mut writer = Writer::default();
            for line in lines.iter_mut().filter(|line| line.first <= month) {
                let bought = next(&mut line.bought, month);
                let counts = next(&mut line.active, month);
                let mrr: i64 = line
                    .dues
                    .iter()
                    .filter(|(_, due)| {
                        due.from <= here.last_instant
                            && due.until.is_none_or(|until| until > here.last_instant)
                    })
                    .filter_map(|(_, due)| due.monthly_minor(self.rates, here.last_day))
                    .sum();
                if kept {
                    fill(&mut fact, line, here, &bought, &counts);
                    fact.mrr_minor = mrr;
                    fact.subscribed = mrr > 0;
                    if ledgers.revenue_from == "subscriptions" {
                        fact.revenue_minor = mrr;
                    }
                    writer.push(&fact);
                }
                line.prior_orders += bought.orders;
                line.prior_revenue += bought.revenue_minor;
                if bought.orders > 0 {
                    line.last_order = Some(month);
                }
            }
            if !writer.is_empty() {
                let rows = writer.len() as u64;
                let key = keys::facts(Month::from_index(month), bucket);
                files.push(File {
                    month,
                    bucket,
                    rows,
                    bytes: Bytes::from(writer.finish(&key)?),
                });
            }
        }
        Ok(files)
    }
}

/// Fills everything but what subscriptions say.
fn fill(fact: &mut Fact, line: &Line<'_>, here: Here, bought: &Bought, counts: &Counts) {
    let member = !line.is_staff
        && line
            .membership
            .is_some_and(|membership| membership.is_member_at(here.last_instant));
    let (mut communities, mut platforms) = (Vec::new(), Vec::new());
    if member && let Some(membership) = line.membership {
        for (community, platform, interval) in membership.stays() {
            if interval.holds(here.last_instant) {
                communities.push(community);
                platforms.push(platform);
            }
        }
        for list in [&mut communities, &mut platforms] {
            list.sort_unstable();
            list.dedup();
        }
    }
    let profile = line.profile;
    fact.person.clear();
    fact.person.push_str(line.id);
    fact.month = here.month;
    refill(&mut fact.account, line.account);
    fact.is_staff = line.is_staff;
    fact.member = member;
    fact.joined_month = line.joined.filter(|_| !line.is_staff);
    fact.tenure_months = line
        .joined
        .filter(|joined| !line.is_staff && *joined <= here.month)
        .map(|joined| here.month - joined);
    fact.left_month = line.left;
    fact.communities = communities.join(",");
    fact.platforms = platforms.join(",");
    fact.messages_public = counts.messages_public;
    fact.messages_private = counts.messages_private;
    fact.reactions = counts.reactions;
    fact.lives = counts.lives;
    fact.other_contributions = counts.other;
    fact.reads = counts.reads;
    fact.customer_since = line.customer_since;
    fact.orders = bought.orders;
    fact.revenue_minor = bought.revenue_minor;
    fact.refunds_minor = bought.refunds_minor;
    fact.tickets = bought.tickets;
    fact.handle_minutes = bought.handle_minutes();
    fact.prior_orders = line.prior_orders;
    fact.prior_revenue_minor = line.prior_revenue;
    fact.months_since_order = line.last_order.map(|last| here.month - last);
    refill(&mut fact.segment, profile.segment);
    refill(&mut fact.country, profile.country);
    refill(&mut fact.lead_source, profile.lead_source);
    refill(&mut fact.plan, profile.plan);
    refill(&mut fact.lifecycle, profile.lifecycle);
}

/// A finished file of facts.
struct File {
    month: i32,
    bucket: usize,
    rows: u64,
    bytes: Bytes,
}

async fn put_if_new(lake: &Lake, key: &str, bytes: Bytes) -> Result<(), LakeError> {
    // Reading first keeps a night without news from rewriting the history.
    if lake
        .head(key)
        .await?
        .is_some_and(|object| object.size == bytes.len() as u64)
        && lake.get(key).await?.as_ref() == Some(&bytes)
    {
        return Ok(());
    }
    lake.put(key, bytes).await
}
