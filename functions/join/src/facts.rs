//! One row per person and month, from the person's first trace to the as-of month.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use jiff::civil::Date;
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::fact::Fact;
use levier_domain::record::Record;
use levier_domain::time::{Month, start_of_day};
use levier_identity::{Membership, Resolution};
use levier_lake::{Lake, LakeError, keys};
use levier_runtime::Dependencies;
use sha2::{Digest, Sha256};

use crate::activity::{Activities, Counts};
use crate::commerce::{Bought, Commerce};
use crate::manifest::{MANIFEST, Manifest};

/// Months of history kept: five years.
const MONTHS_KEPT: i32 = 60;

/// What the CRM says of a person, from the alphabetically first source that says it.
#[derive(Clone, Debug, Default)]
struct Profile {
    segment: Option<String>,
    country: Option<String>,
    lead_source: Option<String>,
    plan: Option<String>,
    lifecycle: Option<String>,
    created: Option<i32>,
    is_staff: bool,
}

/// Everything that the rows are made of.
pub struct Facts<'a> {
    membership: &'a Membership,
    commerce: &'a Commerce,
    config: &'a Config,
    zone: &'a jiff::tz::TimeZone,
    persons: Vec<&'a str>,
    profiles: HashMap<&'a str, Profile>,
    accounts: HashMap<&'a str, &'a str>,
    activity: HashMap<&'a str, BTreeMap<i32, Counts>>,
    last: i32,
}

impl<'a> Facts<'a> {
    /// Gathers what is known of every person.
    pub fn new(
        who: &'a Resolution,
        membership: &'a Membership,
        activities: &Activities,
        commerce: &'a Commerce,
        rows: &BTreeMap<Entity, Vec<Record>>,
        deps: &'a Dependencies,
        last: Month,
    ) -> Self {
        let mut persons: Vec<&str> = who.nodes().map(|(_, person)| person).collect();
        persons.sort_unstable();
        persons.dedup();
        let mut profiles: HashMap<&str, Profile> = HashMap::new();
        for row in rows.get(&Entity::People).into_iter().flatten() {
            let text = |name: &str| row.get(name).as_text();
            let (Some(source), Some(id)) = (text("source"), text("person_id")) else {
                continue;
            };
            let Some(person) = who.person_of_record(source, id) else {
                continue;
            };
            let profile = profiles.entry(person).or_default();
            let fill = |slot: &mut Option<String>, name: &str| {
                if slot.is_none() {
                    *slot = row.get(name).as_text().map(str::to_owned);
                }
            };
            fill(&mut profile.segment, "segment");
            fill(&mut profile.country, "country");
            fill(&mut profile.lead_source, "lead_source");
            fill(&mut profile.plan, "plan");
            fill(&mut profile.lifecycle, "lifecycle");
            let created = row
                .get("created_at")
                .as_instant()
                .map(|at| Month::at(at, &deps.zone).index());
            profile.created = [profile.created, created].into_iter().flatten().min();
            profile.is_staff |= deps.config.staff.person_ids.iter().any(|staff| staff == id);
        }
        let mut activity: HashMap<&str, BTreeMap<i32, Counts>> = HashMap::new();
        for (platform, handles) in &activities.by_handle {
            for (handle, months) in handles {
                let Some(person) = who.person_of_handle(platform, handle) else {
                    continue;
                };
                let sum = activity.entry(person).or_default();
                for (month, counts) in months {
                    sum.entry(*month).or_default().add(counts);
                }
            }
        }
        let accounts = who.accounts().collect();
        Self {
            membership,
            commerce,
            config: &deps.config,
            zone: &deps.zone,
            persons,
            profiles,
            accounts,
            activity,
            last: last.index(),
        }
    }

    /// Number of buckets: enough that each holds about `persons_per_bucket`, a power of two.
    fn buckets(&self) -> usize {
        self.persons
            .len()
            .div_ceil(self.config.join.persons_per_bucket.max(1))
            .max(1)
            .next_power_of_two()
    }

    /// Writes every bucket of every month, then the manifest, then removes what an earlier run left over.
    pub async fn write(&self, deps: &Dependencies, as_of: Date) -> Result<Manifest, LakeError> {
        let lake = &deps.lake;
        let buckets = self.buckets();
        let mut by_bucket: Vec<Vec<&str>> = vec![Vec::new(); buckets];
        for person in &self.persons {
            by_bucket[levier_lake::facts::bucket(person, buckets)].push(person);
        }
        let mut digests: BTreeMap<String, [u8; 32]> = BTreeMap::new();
        let (mut rows, mut first) = (0, self.last);
        for (bucket, persons) in by_bucket.iter().enumerate() {
            let mut months: BTreeMap<i32, Vec<Fact>> = BTreeMap::new();
            for person in persons {
                for fact in self.person(person) {
                    months.entry(fact.month).or_default().push(fact);
                }
            }
            for (month, facts) in months {
                rows += facts.len() as u64;
                first = first.min(month);
                let key = keys::facts(Month::from_index(month), bucket);
                let bytes = Bytes::from(levier_lake::facts::encode(&key, &facts)?);
                digests.insert(key.clone(), Sha256::digest(&bytes).into());
                put_if_new(lake, &key, bytes).await?;
            }
        }
        let mut digest = Sha256::new();
        for (key, part) in &digests {
            digest.update(key.as_bytes());
            digest.update(part);
        }
        let manifest = Manifest {
            as_of,
            first: Month::from_index(first),
            last: Month::from_index(self.last),
            buckets,
            persons: self.persons.len() as u64,
            rows,
            revenue_from: self.commerce.revenue_from.to_owned(),
            digest: hex::encode(digest.finalize()),
        };
        for object in lake.list(keys::FACTS).await? {
            if keys::parse_facts_key(&object.key).is_some() && !digests.contains_key(&object.key) {
                lake.delete(&object.key).await?;
            }
        }
        lake.put_json(MANIFEST, &manifest).await?;
        Ok(manifest)
    }

    /// The persons of a handle or none; used by the waterfall.
    pub fn is_customer(&self, person: &str) -> bool {
        self.commerce.customer_since.contains_key(person)
    }

    /// Whether the person was a customer for a month or more before joining: without it there is nothing to compare with.
    pub fn has_history_before_joining(&self, person: &str) -> bool {
        let joined = self
            .membership
            .get(person)
            .and_then(|membership| membership.first_join());
        match (self.commerce.customer_since.get(person), joined) {
            (Some(since), Some(joined)) => {
                Month::at(*since, self.zone) < Month::at(joined, self.zone)
            }
            _ => false,
        }
    }

    fn person(&self, person: &str) -> Vec<Fact> {
        let empty = Profile::default();
        let profile = self.profiles.get(person).unwrap_or(&empty);
        let membership = self.membership.get(person);
        let nothing_bought = BTreeMap::new();
        let bought = self
            .commerce
            .by_person
            .get(person)
            .unwrap_or(&nothing_bought);
        let idle = BTreeMap::new();
        let active = self.activity.get(person).unwrap_or(&idle);
        let dues = self
            .commerce
            .subscriptions
            .get(person)
            .map_or(&[][..], Vec::as_slice);
        let month_of = |at| Month::at(at, self.zone).index();
        let joined = membership
            .and_then(|membership| membership.first_join())
            .map(month_of);
        let left = membership
            .and_then(|membership| membership.left_for_good())
            .map(month_of);
        let customer_since = self
            .commerce
            .customer_since
            .get(person)
            .map(|at| month_of(*at));
        let starts = [
            profile.created,
            joined,
            customer_since,
            bought.keys().next().copied(),
            active.keys().next().copied(),
        ];
        let Some(first) = starts.into_iter().flatten().min() else {
            return Vec::new();
        };
        let is_staff = self.membership.is_staff(person) || profile.is_staff;
        let (mut prior_orders, mut prior_revenue, mut last_order) = (0_u32, 0_i64, None::<i32>);
        let mut facts = Vec::new();
        for month in first..=self.last {
            let none = Bought::default();
            let here = bought.get(&month).unwrap_or(&none);
            let counts = active.get(&month).copied().unwrap_or_default();
            let end = start_of_day(Month::from_index(month).end_day(), self.zone);
            let last_instant = end
                .checked_sub(jiff::SignedDuration::from_micros(1))
                .unwrap_or(end);
            let mrr: i64 = dues
                .iter()
                .filter(|due| {
                    due.from <= last_instant && due.until.is_none_or(|until| until > last_instant)
                })
                .map(|due| due.monthly_minor)
                .sum();
            let member = !is_staff
                && membership.is_some_and(|membership| membership.is_member_at(last_instant));
            let (mut communities, mut platforms) = (Vec::new(), Vec::new());
            if member && let Some(membership) = membership {
                for (community, platform, interval) in membership.stays() {
                    if interval.holds(last_instant) {
                        communities.push(community);
                        platforms.push(platform);
                    }
                }
                for list in [&mut communities, &mut platforms] {
                    list.sort_unstable();
                    list.dedup();
                }
            }
            if month > self.last - MONTHS_KEPT {
                facts.push(Fact {
                    person: person.to_owned(),
                    month,
                    account: self
                        .accounts
                        .get(person)
                        .map(|account| (*account).to_owned()),
                    is_staff,
                    member,
                    joined_month: joined.filter(|_| !is_staff),
                    tenure_months: joined
                        .filter(|joined| !is_staff && *joined <= month)
                        .map(|joined| month - joined),
                    left_month: left,
                    communities: communities.join(","),
                    platforms: platforms.join(","),
                    messages_public: counts.messages_public,
                    messages_private: counts.messages_private,
                    reactions: counts.reactions,
                    lives: counts.lives,
                    other_contributions: counts.other,
                    reads: counts.reads,
                    customer_since,
                    orders: here.orders,
                    revenue_minor: if self.commerce.revenue_from == "subscriptions" {
                        mrr
                    } else {
                        here.revenue_minor
                    },
                    refunds_minor: here.refunds_minor,
                    mrr_minor: mrr,
                    subscribed: mrr > 0,
                    tickets: here.tickets,
                    handle_minutes: here.handle_minutes,
                    prior_orders,
                    prior_revenue_minor: prior_revenue,
                    months_since_order: last_order.map(|last| month - last),
                    segment: profile.segment.clone(),
                    country: profile.country.clone(),
                    lead_source: profile.lead_source.clone(),
                    plan: profile.plan.clone(),
                    lifecycle: profile.lifecycle.clone(),
                });
            }
            prior_orders += here.orders;
            prior_revenue += here.revenue_minor;
            if here.orders > 0 {
                last_order = Some(month);
            }
        }
        facts
    }
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
