//! From CRM rows to the episodes that facts do not carry.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::record::Record;
use levier_domain::time::Month;
use levier_join::{Holding, Known, Rates, counts, held, is_paid, own_account};
use levier_lake::{Lake, LakeError, keys};
use levier_metrics::{Deal, Records, Spend, Subscription, Survey, Who, Words};
use levier_stats::bootstrap::unit_hash;
use levier_uplift::{Campaigns, Ending, Episode, Episodes, What};

use crate::standing::{Numbers, Standing};

/// Microseconds of a day of 24 hours.
const DAY: i64 = 86_400_000_000;
/// Most bytes of `crm/people/` that are read for conversion: leads are few beside customers, and memory has a ceiling.
const MOST_PEOPLE_BYTES: u64 = 96 << 20;

/// CRM rows read, waiting to learn who was a member when.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    found: Episodes,
    rows: Vec<Begun>,
    /// Persons and accounts that rows name.
    named: [Numbers; 2],
    /// Statuses and the like.
    words: Words,
    /// What tells since when leads are customers.
    records: Records,
}

/// An episode of a unit that is yet to be sided; small, for there may be millions.
#[derive(Debug)]
struct Begun {
    what: What,
    month: i32,
    person: Option<u32>,
    account: Option<u32>,
    unit: u64,
}

impl Waiting {
    /// Reads the rows that hold on a day, and who must be looked up.
    ///
    /// # Errors
    /// [`LakeError`].
    pub(crate) async fn read(
        lake: &Lake,
        known: &Known,
        config: &Config,
        zone: &TimeZone,
        until: Timestamp,
    ) -> Result<(Self, Standing), LakeError> {
        let mut waiting = Self::default();
        waiting.found.conversion_days = config.commerce.conversion_days;
        let now = until.as_microsecond();
        let who = |row: &Record| {
            let person = known.of_row(row);
            let account = person.and_then(|person| known.account(person));
            Who {
                account: account
                    .map(Arc::from)
                    .or_else(|| own_account(row).map(Arc::from)),
                person: person.map(Arc::from),
                segment: None,
            }
        };
        let rates = Rates::new(
            &held(lake, Entity::Rates, until).await?,
            config.workspace.currency,
        );
        for row in held(lake, Entity::Spend, until).await? {
            waiting.found.has_spend = true;
            waiting.spend(&row, &rates);
        }
        let bytes: u64 = lake
            .list(&format!("{}{}/", keys::CRM, Entity::People))
            .await?
            .iter()
            .map(|object| object.size)
            .sum();
        let mut entities = vec![Entity::Deals, Entity::Surveys, Entity::Subscriptions];
        if bytes <= MOST_PEOPLE_BYTES {
            entities.push(Entity::People);
        } else {
            tracing::warn!(bytes, "too many people to read for the conversion of leads");
        }
        for entity in entities {
            let read = Holding::find(lake, entity, until)
                .await?
                .each(lake, &[], |row| {
                    waiting.take(row, who(row), zone, now);
                })
                .await?;
            match entity {
                Entity::Deals => waiting.found.has_deals = read > 0,
                Entity::Surveys => waiting.found.has_surveys = read > 0,
                _ => {}
            }
        }
        waiting.orders(lake, known, config, until).await?;
        waiting.leads(zone, now);
        let standing = Standing::of(std::mem::take(&mut waiting.named));
        Ok((waiting, standing))
    }

    /// First orders of those who were leads.
    async fn orders(
        &mut self,
        lake: &Lake,
        known: &Known,
        config: &Config,
        until: Timestamp,
    ) -> Result<(), LakeError> {
        let people = self.records.people.iter().flatten();
        let leads: HashSet<Arc<str>> = people.filter_map(|lead| lead.who.person.clone()).collect();
        if leads.is_empty() {
            return Ok(());
        }
        let columns = ["source", "person_id", "email_key", "ordered_at", "status"];
        let (records, words) = (&mut self.records, &mut self.words);
        Holding::find(lake, Entity::Orders, until)
            .await?
            .each(lake, &columns, |row| {
                if let (Some(at), Some(person)) =
                    (row.get("ordered_at").as_instant(), known.of_row(row))
                    && is_paid(row)
                    && counts(row, config)
                    && leads.contains(person)
                {
                    records.bought(person, at.as_microsecond(), words);
                }
            })
            .await?;
        Ok(())
    }

    fn begin(&mut self, who: &Who, at: i64, what: What, zone: &TimeZone) {
        let Ok(at) = Timestamp::from_microsecond(at) else {
            return;
        };
        let number = |named: &mut Numbers, name: &Option<Arc<str>>| {
            name.as_deref().map(|name| named.of(name))
        };
        self.rows.push(Begun {
            what,
            month: Month::at(at, zone).index(),
            person: number(&mut self.named[0], &who.person),
            account: number(&mut self.named[1], &who.account),
            unit: unit_hash(who.unit().unwrap_or_default().as_bytes()),
        });
    }

    fn take(&mut self, row: &Record, who: Who, zone: &TimeZone, now: i64) {
        if matches!(
            row.entity,
            Entity::Deals | Entity::Subscriptions | Entity::People
        ) {
            self.records.push(row, who.clone(), &mut self.words);
        }
        match row.entity {
            Entity::Deals => {
                let deal = Deal::from_record(row, who, &mut self.words);
                let Some(deal) = deal.filter(|deal| deal.created_at < now) else {
                    return;
                };
                let ending = match &*deal.status {
                    "won" => Ending::Won,
                    "lost" => Ending::Lost,
                    _ => Ending::Open,
                };
                let end = deal
                    .closed_at
                    .filter(|at| *at < now && ending != Ending::Open);
                let watched = match (end, ending) {
                    (None, Ending::Open) => Some(now),
                    // Closed, but nobody knows when: the time to its end is unknown, that it ended is not.
                    (end, _) => end,
                };
                let days = watched.map(|end| (end - deal.created_at).max(0) / DAY);
                let what = What::Deal {
                    days: days.map(|days| u32::try_from(days).unwrap_or(u32::MAX)),
                    ending,
                };
                self.begin(&deal.who, deal.created_at, what, zone);
            }
            Entity::Surveys => {
                let answer = Survey::from_record(row, who, &mut self.words);
                let Some(answer) = answer.filter(|answer| answer.answered_at < now) else {
                    return;
                };
                let score = answer.score.filter(|score| (0.0..=10.0).contains(score));
                let what = match (&*answer.kind, score) {
                    ("nps", Some(score)) => What::Recommend {
                        score: score.round() as u8,
                    },
                    ("csat", Some(score)) => What::Satisfaction {
                        satisfied: score >= 4.0,
                    },
                    _ => return,
                };
                self.begin(&answer.who, answer.answered_at, what, zone);
            }
            Entity::Subscriptions => {
                let contract = Subscription::from_record(row, who, &mut self.words);
                if let Some(contract) = contract.filter(|c| &*c.interval == "year") {
                    self.found.has_subscriptions = true;
                    self.renewals(&contract, zone, now);
                }
            }
            _ => {}
        }
    }

    /// Leads that were watched for the whole window: customers by what the CRM says, an order, a won deal or a contract, as in the
    /// table `kpis`.
    fn leads(&mut self, zone: &TimeZone, now: i64) {
        let records = std::mem::take(&mut self.records);
        self.found.tells_customers = records.tell_customers();
        let window = i64::from(self.found.conversion_days) * DAY;
        for lead in records.leads(now) {
            let Some(created) = lead.created_at.filter(|created| created + window < now) else {
                continue;
            };
            self.found.has_leads = true;
            if lead.undated() {
                self.found.undated_customers += 1;
            } else if !lead.bought_before() {
                let converted = lead.customer.is_some_and(|at| at <= created + window);
                self.begin(&lead.who, created, What::Lead { converted }, zone);
            }
        }
    }

    /// Spend of one audience, in the month of its day and at the rate of it.
    fn spend(&mut self, row: &Record, rates: &Rates) {
        let Some(spend) = Spend::from_record(row, Who::default(), &mut self.words) else {
            return;
        };
        let Campaigns(months) = match spend.audience.as_deref() {
            Some("members") => &mut self.found.members,
            Some("others") => &mut self.found.others,
            _ => return,
        };
        let audience = months.entry(Month::of(spend.date).index()).or_default();
        if let (Some(impressions), Some(clicks)) = (spend.impressions, spend.clicks) {
            audience.impressions += impressions;
            audience.clicks += clicks;
        }
        if spend.purpose.as_deref() == Some("customer_acquisition") {
            match rates.convert(spend.amount_minor, &spend.currency, spend.date) {
                Some(minor) => audience.acquisition_minor += minor,
                None => audience.without_rate += 1,
            }
        }
    }

    /// An anniversary is due; renewed if the contract did not end by it, not due if it ended a month before.
    fn renewals(&mut self, contract: &Subscription, zone: &TimeZone, now: i64) {
        let Ok(start) = Timestamp::from_microsecond(contract.started_at) else {
            return;
        };
        let start = start.to_zoned(zone.clone());
        let end = contract.ended_at.unwrap_or(i64::MAX);
        for year in 1..100 {
            let Ok(due) = start.checked_add(Span::new().years(year)) else {
                break;
            };
            let due = due.timestamp().as_microsecond();
            if due >= now || end < due.saturating_sub(31 * DAY) {
                break;
            }
            let renewed = end > due.saturating_add(DAY);
            self.begin(&contract.who, due, What::Renewal { renewed }, zone);
            if !renewed {
                break;
            }
        }
    }

    /// Sides the rows, now that it is known who joined when. A row that names no known person is of its account.
    #[must_use]
    pub(crate) fn finish(self, standing: &Standing) -> Episodes {
        let mut found = self.found;
        for begun in self.rows {
            let person = standing.person(begun.person);
            let account = standing.account(begun.account);
            if person.is_some_and(|person| person.is_staff) {
                continue;
            }
            let is_deal = matches!(begun.what, What::Deal { .. });
            found.deals += u64::from(is_deal);
            let Some(speaks) = person.or(account) else {
                found.unmatched += 1;
                found.unmatched_deals += u64::from(is_deal);
                continue;
            };
            let joined = [person, account]
                .into_iter()
                .flatten()
                .filter_map(|member| member.joined)
                .min();
            if joined == Some(begun.month) {
                found.in_join_month += 1;
                continue;
            }
            found.list.push(Episode {
                what: begun.what,
                month: begun.month,
                member: joined.is_some_and(|joined| joined < begun.month),
                segment: speaks.segment.to_string(),
                unit: begun.unit,
            });
        }
        found
    }
}
