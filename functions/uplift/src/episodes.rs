//! From CRM rows to the episodes that facts do not carry.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::record::Record;
use levier_domain::time::Month;
use levier_join::{Holding, Known, held};
use levier_lake::{Lake, LakeError, keys};
use levier_metrics::{Deal, Spend, Subscription, Survey, Who, Words};
use levier_stats::bootstrap::unit_hash;
use levier_uplift::{Audience, Ending, Episode, Episodes, Person, What};

/// Microseconds of a day of 24 hours.
const DAY: i64 = 86_400_000_000;
/// Most bytes of `crm/people/` that are read for conversion: leads are few beside customers, and memory has a ceiling.
const MOST_PEOPLE_BYTES: u64 = 96 << 20;

/// Names as numbers, in the order in which they are met.
#[derive(Debug, Default)]
struct Numbers(HashMap<String, u32>);

impl Numbers {
    fn of(&mut self, name: &str) -> u32 {
        if let Some(number) = self.0.get(name) {
            return *number;
        }
        let number = self.0.len() as u32;
        self.0.insert(name.to_owned(), number);
        number
    }
}

/// Membership and segment of those whom CRM rows name, learnt in the first pass over facts.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Persons and accounts that some row names.
    named: Arc<[Numbers; 2]>,
    people: HashMap<u32, Member>,
    accounts: HashMap<u32, i32>,
}

#[derive(Clone, Debug)]
struct Member {
    joined: Option<i32>,
    segment: Box<str>,
    is_staff: bool,
}

impl Standing {
    /// Takes note of one person, if some row names it, and of the first join of each account.
    pub fn learn(&mut self, person: &Person<'_>) {
        if let (Some(account), Some(joined)) = (person.account, person.joined_month)
            && !person.is_staff
            && let Some(number) = self.named[1].0.get(account)
        {
            self.employ(*number, joined);
        }
        if let Some(number) = self.named[0].0.get(person.id) {
            let member = Member {
                joined: person.joined_month,
                segment: person.traits[0].into(),
                is_staff: person.is_staff,
            };
            self.people.insert(*number, member);
        }
    }

    fn employ(&mut self, account: u32, joined: i32) {
        let first = self.accounts.entry(account).or_insert(joined);
        *first = (*first).min(joined);
    }

    /// Joins what another bucket has learnt: each person is in one bucket.
    pub fn merge(&mut self, other: Self) {
        for (account, joined) in other.accounts {
            self.employ(account, joined);
        }
        self.people.extend(other.people);
    }
}

/// CRM rows read, waiting to learn who was a member when.
#[derive(Debug, Default)]
pub struct Waiting {
    found: Episodes,
    rows: Vec<Begun>,
    /// Persons and accounts that rows name.
    named: [Numbers; 2],
    /// Statuses and the like.
    words: Words,
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
    pub async fn read(
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
                account: account.map(Arc::from),
                person: person.map(Arc::from),
                segment: None,
            }
        };
        for row in held(lake, Entity::Spend, until).await? {
            waiting.found.has_spend = true;
            waiting.take(&row, Who::default(), config, zone, now);
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
                    waiting.take(row, who(row), config, zone, now);
                })
                .await?;
            match entity {
                Entity::Deals => waiting.found.has_deals = read > 0,
                Entity::Surveys => waiting.found.has_surveys = read > 0,
                _ => {}
            }
        }
        let standing = Standing {
            named: Arc::new(std::mem::take(&mut waiting.named)),
            ..Standing::default()
        };
        Ok((waiting, standing))
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

    fn take(&mut self, row: &Record, who: Who, config: &Config, zone: &TimeZone, now: i64) {
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
                // Closed, but nobody knows when: the time to its end is unknown, that it ended is not.
                let days = (end.unwrap_or(now) - deal.created_at).max(0) / DAY;
                let what = What::Deal {
                    days: u32::try_from(days).unwrap_or(u32::MAX),
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
            Entity::Spend => {
                if let Some(spend) = Spend::from_record(row, who, &mut self.words) {
                    let audience = match spend.audience.as_deref() {
                        Some("members") => &mut self.found.members,
                        Some("others") => &mut self.found.others,
                        _ => return,
                    };
                    add(audience, &spend, config.workspace.currency.code());
                }
            }
            Entity::People => self.lead(row, &who, zone, now),
            _ => {}
        }
    }

    fn lead(&mut self, row: &Record, who: &Who, zone: &TimeZone, now: i64) {
        let at = |name: &str| row.get(name).as_instant().map(|at| at.as_microsecond());
        let window = i64::from(self.found.conversion_days) * DAY;
        let Some(created) = at("created_at").filter(|created| created + window < now) else {
            return;
        };
        self.found.has_leads = true;
        let converted = at("became_customer_at").is_some_and(|at| at <= created + window);
        self.begin(who, created, What::Lead { converted }, zone);
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

    /// Sides the rows, now that it is known who joined when.
    #[must_use]
    pub fn finish(self, standing: &Standing) -> Episodes {
        let mut found = self.found;
        for begun in self.rows {
            let member = begun.person.and_then(|person| standing.people.get(&person));
            let Some(member) = member else {
                found.unmatched += 1;
                continue;
            };
            if member.is_staff {
                continue;
            }
            let joined = begun
                .account
                .and_then(|account| standing.accounts.get(&account).copied())
                .into_iter()
                .chain(member.joined)
                .min();
            if joined == Some(begun.month) {
                found.in_join_month += 1;
                continue;
            }
            found.list.push(Episode {
                what: begun.what,
                month: begun.month,
                member: joined.is_some_and(|joined| joined < begun.month),
                segment: member.segment.to_string(),
                unit: begun.unit,
            });
        }
        found
    }
}

fn add(audience: &mut Audience, spend: &Spend, currency: &str) {
    if let (Some(impressions), Some(clicks)) = (spend.impressions, spend.clicks) {
        audience.impressions += impressions;
        audience.clicks += clicks;
    }
    // What would have to be converted is left to the KPIs, which know the rates.
    if spend.purpose.as_deref() == Some("customer_acquisition") && &*spend.currency == currency {
        audience.acquisition_minor += spend.amount_minor;
    }
}
