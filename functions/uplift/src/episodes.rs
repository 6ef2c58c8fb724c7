//! From CRM rows to the episodes that facts do not carry.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::record::Record;
use levier_domain::time::Month;
use levier_join::{Holding, Known, held};
use levier_lake::{Lake, LakeError, keys};
use levier_metrics::{Deal, Spend, Subscription, Survey, Who};
use levier_stats::bootstrap::unit_hash;
use levier_uplift::{Audience, Ending, Episode, Episodes, Person, What};

/// Microseconds of a day of 24 hours.
const DAY: i64 = 86_400_000_000;
/// Most bytes of `crm/people/` that are read for conversion: leads are few beside customers, and memory has a ceiling.
const MOST_PEOPLE_BYTES: u64 = 96 << 20;

/// Membership and segment of those whom CRM rows name, learnt in the first pass over facts.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Persons whom some row names.
    wanted: Arc<HashSet<String>>,
    people: HashMap<String, Member>,
    accounts: HashMap<String, i32>,
}

#[derive(Clone, Debug)]
struct Member {
    joined: Option<i32>,
    segment: String,
    is_staff: bool,
}

impl Standing {
    /// Takes note of one person, if some row names it, and of the first join of each account.
    pub fn learn(&mut self, person: &Person<'_>) {
        if let (Some(account), Some(joined)) = (person.account, person.joined_month)
            && !person.is_staff
        {
            self.employ(account, joined);
        }
        if self.wanted.contains(person.id) {
            let member = Member {
                joined: person.joined_month,
                segment: person.traits[0].to_owned(),
                is_staff: person.is_staff,
            };
            self.people.insert(person.id.to_owned(), member);
        }
    }

    fn employ(&mut self, account: &str, joined: i32) {
        match self.accounts.get_mut(account) {
            Some(first) => *first = (*first).min(joined),
            None => {
                self.accounts.insert(account.to_owned(), joined);
            }
        }
    }

    /// Joins what another bucket has learnt: each person is in one bucket.
    pub fn merge(&mut self, other: Self) {
        for (account, joined) in other.accounts {
            self.employ(&account, joined);
        }
        self.people.extend(other.people);
    }
}

/// CRM rows read, waiting to learn who was a member when.
#[derive(Debug, Default)]
pub struct Waiting {
    found: Episodes,
    rows: Vec<(Who, i64, What)>,
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
            let person = known.of_row(row).map(str::to_owned);
            let account = person.as_deref().and_then(|person| known.account(person));
            Who {
                account: account.map(str::to_owned),
                person,
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
        let wanted = waiting
            .rows
            .iter()
            .filter_map(|(who, _, _)| who.person.clone())
            .collect();
        let standing = Standing {
            wanted: Arc::new(wanted),
            ..Standing::default()
        };
        Ok((waiting, standing))
    }

    fn take(&mut self, row: &Record, who: Who, config: &Config, zone: &TimeZone, now: i64) {
        match row.entity {
            Entity::Deals => {
                let Some(deal) = Deal::from_record(row, who).filter(|deal| deal.created_at < now)
                else {
                    return;
                };
                let ending = match deal.status.as_str() {
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
                self.rows.push((deal.who, deal.created_at, what));
            }
            Entity::Surveys => {
                let Some(answer) =
                    Survey::from_record(row, who).filter(|answer| answer.answered_at < now)
                else {
                    return;
                };
                let score = answer.score.filter(|score| (0.0..=10.0).contains(score));
                let what = match (answer.kind.as_str(), score) {
                    ("nps", Some(score)) => What::Recommend {
                        score: score.round() as u8,
                    },
                    ("csat", Some(score)) => What::Satisfaction {
                        satisfied: score >= 4.0,
                    },
                    _ => return,
                };
                self.rows.push((answer.who, answer.answered_at, what));
            }
            Entity::Subscriptions => {
                if let Some(contract) =
                    Subscription::from_record(row, who).filter(|c| c.interval == "year")
                {
                    self.found.has_subscriptions = true;
                    self.renewals(&contract, zone, now);
                }
            }
            Entity::Spend => {
                if let Some(spend) = Spend::from_record(row, who) {
                    let audience = match spend.audience.as_deref() {
                        Some("members") => &mut self.found.members,
                        Some("others") => &mut self.found.others,
                        _ => return,
                    };
                    add(audience, &spend, config.workspace.currency.code());
                }
            }
            Entity::People => self.lead(row, who, now),
            _ => {}
        }
    }

    fn lead(&mut self, row: &Record, who: Who, now: i64) {
        let at = |name: &str| row.get(name).as_instant().map(|at| at.as_microsecond());
        let window = i64::from(self.found.conversion_days) * DAY;
        let Some(created) = at("created_at").filter(|created| created + window < now) else {
            return;
        };
        self.found.has_leads = true;
        let converted = at("became_customer_at").is_some_and(|at| at <= created + window);
        self.rows.push((who, created, What::Lead { converted }));
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
            self.rows
                .push((contract.who.clone(), due, What::Renewal { renewed }));
            if !renewed {
                break;
            }
        }
    }

    /// Sides the rows, now that it is known who joined when.
    #[must_use]
    pub fn finish(self, standing: &Standing, zone: &TimeZone) -> Episodes {
        let mut found = self.found;
        for (who, at, what) in self.rows {
            let Ok(at) = Timestamp::from_microsecond(at) else {
                continue;
            };
            let month = Month::at(at, zone).index();
            let member = who
                .person
                .as_ref()
                .and_then(|person| standing.people.get(person));
            let Some(member) = member else {
                found.unmatched += 1;
                continue;
            };
            if member.is_staff {
                continue;
            }
            let account = who.account.as_ref();
            let joined = account
                .and_then(|account| standing.accounts.get(account).copied())
                .into_iter()
                .chain(member.joined)
                .min();
            if joined == Some(month) {
                found.in_join_month += 1;
                continue;
            }
            let unit = who.unit().unwrap_or_default();
            found.list.push(Episode {
                what,
                month,
                member: joined.is_some_and(|joined| joined < month),
                segment: member.segment.clone(),
                unit: unit_hash(unit.as_bytes()),
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
    if spend.purpose.as_deref() == Some("customer_acquisition") && spend.currency == currency {
        audience.acquisition_minor += spend.amount_minor;
    }
}
