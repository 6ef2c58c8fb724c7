//! CRM records in the few typed columns that KPIs read.
//!
//! The caller resolves the person behind a record (identity graph) and says their segment; membership at the time of the event
//! comes from [`Membership`], so that what happened before joining stays on the non-member side.

use std::sync::Arc;

use jiff::civil::Date;
use levier_domain::entity::Entity;
use levier_domain::money::share;
use levier_domain::record::{Record, Value};
use levier_domain::time::Month;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::activity::Activity;

/// Words that many records share, kept once each: a person stands in a contact, in each of their tickets, and among the members.
#[derive(Clone, Debug, Default)]
pub struct Words(FxHashSet<Arc<str>>);

impl Words {
    /// The shared word.
    pub fn of(&mut self, text: &str) -> Arc<str> {
        if let Some(word) = self.0.get(text) {
            return Arc::clone(word);
        }
        let word: Arc<str> = Arc::from(text);
        self.0.insert(Arc::clone(&word));
        word
    }
}

/// The spans of one person, nearly always one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Spans {
    first: (i64, i64),
    later: Vec<(i64, i64)>,
}

/// Who was a member when: person → spans `[joined, left)` in microseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    people: FxHashMap<Arc<str>, Spans>,
    accounts: FxHashMap<Arc<str>, i64>,
    staff: FxHashSet<Arc<str>>,
}

impl Membership {
    /// That of the resolved people of an activity.
    #[must_use]
    pub fn of(activity: &Activity, words: &mut Words) -> Self {
        let mut membership = Self::default();
        for stay in &activity.stays {
            let person = &activity.people[stay.person as usize];
            if person.resolved {
                membership.insert(words.of(&person.id), stay.from, stay.to);
            }
        }
        for person in activity.people.iter().filter(|p| p.staff && p.resolved) {
            membership.staff(&person.id, words);
        }
        membership
    }

    /// Says that a person is staff: never a member, nor a lead.
    pub fn staff(&mut self, person: &str, words: &mut Words) {
        self.staff.insert(words.of(person));
    }

    /// Whether a record is about staff.
    #[must_use]
    pub fn is_staff(&self, who: &Who) -> bool {
        who.person
            .as_ref()
            .is_some_and(|person| self.staff.contains(person))
    }

    /// Adds a span of one person; those of one person come in the order of time.
    pub(crate) fn insert(&mut self, person: Arc<str>, joined: i64, left: i64) {
        self.people
            .entry(person)
            .and_modify(|spans| spans.later.push((joined, left)))
            .or_insert_with(|| Spans {
                first: (joined, left),
                later: Vec::new(),
            });
    }

    /// Says to which account a person belongs: an account is a member from the first join of any of its people.
    pub fn employ(&mut self, person: &str, account: &str, words: &mut Words) {
        if let Some(spans) = self.people.get(person) {
            let joined = spans.first.0;
            let first = self.accounts.entry(words.of(account)).or_insert(joined);
            *first = (*first).min(joined);
        }
    }

    /// Whether the person, or else the account, was a member at `t`.
    #[must_use]
    pub fn member_at(&self, who: &Who, t: i64) -> bool {
        let within = |(from, to): &(i64, i64)| *from <= t && t < *to;
        let person = who
            .person
            .as_ref()
            .and_then(|person| self.people.get(person));
        person.is_some_and(|spans| within(&spans.first) || spans.later.iter().any(within))
            || who
                .account
                .as_ref()
                .and_then(|a| self.accounts.get(a))
                .is_some_and(|first| *first <= t)
    }
}

/// Whom a record is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Who {
    /// Resolved person.
    pub person: Option<Arc<str>>,
    /// Account.
    pub account: Option<Arc<str>>,
    /// CRM segment.
    pub segment: Option<Arc<str>>,
}

impl Who {
    /// What tells one human from another: the person, else the account that stands for whoever acted for it.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        self.person.as_deref().or(self.account.as_deref())
    }
}

/// How many people stand behind records, each told by what names them; what names nobody counts as one each.
pub(crate) fn people<U: Ord>(units: impl Iterator<Item = Option<U>>) -> u64 {
    let mut unnamed = 0;
    let mut named: Vec<U> = units
        .filter_map(|unit| {
            unnamed += u64::from(unit.is_none());
            unit
        })
        .collect();
    named.sort_unstable();
    named.dedup();
    named.len() as u64 + unnamed
}

macro_rules! table {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $kind:ty = $read:expr,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, PartialOrd)]
        pub struct $name {
            /// Whom it is about.
            pub who: Who,
            $($(#[$doc])* pub $field: $kind,)*
        }

        impl $name {
            /// Reads the columns; `None` where a required one is absent.
            #[must_use]
            pub fn from_record(record: &Record, who: Who, words: &mut Words) -> Option<Self> {
                Some(Self { who, $($field: ($read)(record, words)?,)* })
            }
        }
    };
}

fn instant(column: &'static str) -> impl Fn(&Record, &mut Words) -> Option<Option<i64>> {
    move |record, _| Some(record.get(column).as_instant().map(|t| t.as_microsecond()))
}

fn instant_required(column: &'static str) -> impl Fn(&Record, &mut Words) -> Option<i64> {
    move |record, _| record.get(column).as_instant().map(|t| t.as_microsecond())
}

fn word(column: &'static str) -> impl Fn(&Record, &mut Words) -> Option<Option<Arc<str>>> {
    move |record, words| Some(record.get(column).as_text().map(|text| words.of(text)))
}

fn word_required(column: &'static str) -> impl Fn(&Record, &mut Words) -> Option<Arc<str>> {
    move |record, words| record.get(column).as_text().map(|text| words.of(text))
}

/// A text that no other record has.
fn own_text(column: &'static str) -> impl Fn(&Record, &mut Words) -> Option<Box<str>> {
    move |record, _| record.get(column).as_text().map(Box::from)
}

fn number(column: &'static str) -> impl Fn(&Record, &mut Words) -> Option<Option<f64>> {
    move |record, _| Some(record.get(column).as_number())
}

fn whole(column: &'static str) -> impl Fn(&Record, &mut Words) -> Option<i64> {
    move |record, _| Some(record.get(column).as_integer().unwrap_or(0))
}

fn day(column: &'static str) -> impl Fn(&Record, &mut Words) -> Option<Date> {
    move |record, _| match record.get(column) {
        Value::Date(date) => Some(*date),
        Value::Text(text) => text
            .parse()
            .ok()
            .or_else(|| text.parse::<Month>().ok().map(Month::first_day)),
        _ => None,
    }
}

table! {
    /// An opportunity.
    Deal {
        /// When it was opened.
        created_at: i64 = instant_required("created_at"),
        /// When it was won or lost.
        closed_at: Option<i64> = instant("closed_at"),
        /// `open`, `won`, `lost`.
        status: Arc<str> = word_required("status"),
        /// Who sells.
        owner: Option<Arc<str>> = word("owner_id"),
    }
}

table! {
    /// An answer to a survey.
    Survey {
        /// When.
        answered_at: i64 = instant_required("answered_at"),
        /// `nps`, `csat`, `awareness_aided`, `awareness_unaided`, `heard_about`.
        kind: Arc<str> = word_required("kind"),
        /// The score.
        score: Option<f64> = number("score"),
        /// The answer.
        answer: Option<Arc<str>> = word("answer"),
    }
}

table! {
    /// A support request.
    Ticket {
        /// When it was opened.
        created_at: i64 = instant_required("created_at"),
        /// When it was solved.
        solved_at: Option<i64> = instant("solved_at"),
        /// Minutes of handling.
        handle_minutes: Option<f64> = number("handle_minutes"),
        /// Who handled it.
        agent: Option<Arc<str>> = word("agent_id"),
    }
}

table! {
    /// A contact or lead.
    Contact {
        /// The system that keeps it.
        source: Option<Arc<str>> = word("source"),
        /// CRM id.
        crm_id: Box<str> = own_text("person_id"),
        /// When it was created.
        created_at: Option<i64> = instant("created_at"),
        /// Lifecycle.
        lifecycle: Option<Arc<str>> = word("lifecycle"),
        /// Acquisition channel.
        lead_source: Option<Arc<str>> = word("lead_source"),
        /// When it was qualified.
        qualified_at: Option<i64> = instant("qualified_at"),
        /// When it became a customer.
        became_customer_at: Option<i64> = instant("became_customer_at"),
        /// Whether it does not want to be written to.
        opted_out: Option<bool> = |record: &Record, _: &mut Words| Some(record.get("opted_out").as_boolean()),
    }
}

table! {
    /// A purchase.
    Order {
        /// When.
        ordered_at: i64 = instant_required("ordered_at"),
        /// Status.
        status: Arc<str> = word_required("status"),
        /// Paid, in minor units.
        amount_minor: i64 = whole("amount_minor"),
        /// Refunded, in minor units.
        refunded_minor: i64 = |record: &Record, _: &mut Words| record.refunded_minor(),
        /// Tax in it, in minor units.
        tax_minor: i64 = whole("tax_minor"),
        /// Currency.
        currency: Arc<str> = word_required("currency"),
        /// Promo code.
        promo_code: Option<Arc<str>> = word("promo_code"),
    }
}

table! {
    /// A recurring contract.
    Subscription {
        /// When it began.
        started_at: i64 = instant_required("started_at"),
        /// When it ended, as far as is told.
        ended_at: Option<i64> = |record: &Record, _: &mut Words| Some(record.contract_end().map(jiff::Timestamp::as_microsecond)),
        /// End of the trial.
        trial_end: Option<i64> = instant("trial_end"),
        /// `trialing`, `active`, `past_due`, `paused`, `cancelled`, `ended`.
        status: Option<Arc<str>> = word("status"),
        /// `month`, `quarter`, `year`, `week`.
        interval: Arc<str> = word_required("interval"),
    }
}

table! {
    /// Advertising and acquisition spend.
    Spend {
        /// Day.
        date: Date = day("date"),
        /// `members`, `others`, `all`.
        audience: Option<Arc<str>> = word("audience"),
        /// `customer_acquisition`, `member_acquisition`.
        purpose: Option<Arc<str>> = word("purpose"),
        /// Minor units.
        amount_minor: i64 = whole("amount_minor"),
        /// Currency.
        currency: Arc<str> = word_required("currency"),
        /// Shown.
        impressions: Option<f64> = number("impressions"),
        /// Followed.
        clicks: Option<f64> = number("clicks"),
    }
}

table! {
    /// Visits of a day.
    Traffic {
        /// Day.
        date: Date = day("date"),
        /// Channel.
        channel: Arc<str> = word_required("channel"),
        /// Visits.
        visits: f64 = |record: &Record, _: &mut Words| record.get("visits").as_number(),
    }
}

table! {
    /// A mention on another network.
    Mention {
        /// When it was seen.
        seen_at: i64 = instant_required("seen_at"),
        /// `brand`, `community`, `competitor`, `market`.
        about: Arc<str> = word_required("about"),
    }
}

impl Contact {
    /// When the lead became a customer, as the CRM says or as purchases, deals and contracts tell, whichever is earlier.
    #[must_use]
    pub fn customer_since(&self, customers: &Customers<'_>) -> Option<i64> {
        [self.became_customer_at, customers.since(&self.who)]
            .into_iter()
            .flatten()
            .min()
    }
}

impl Subscription {
    /// Since when it was paid for; never where it ended by the end of its trial, or has only been tried or paused.
    #[must_use]
    pub fn paid_since(&self) -> Option<i64> {
        let tried = matches!(self.status.as_deref(), Some("trialing" | "paused"));
        let paying = self.trial_end.unwrap_or(self.started_at);
        let paying = paying.max(self.started_at);
        (!tried && self.ended_at.is_none_or(|end| end > paying)).then_some(paying)
    }
}

impl Order {
    /// Whether it was paid (also if refunded later) and is no test.
    #[must_use]
    pub fn paid(&self) -> bool {
        matches!(&*self.status, "paid" | "partially_refunded" | "refunded")
    }

    /// What is left after refunds, without the tax that belongs to it, in minor units.
    #[must_use]
    pub fn net_minor(&self) -> i64 {
        let left = self.amount_minor - self.refunded_minor;
        left - share(self.tax_minor, left, self.amount_minor)
    }
}

/// First instants (µs) as a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Customers<'a> {
    people: FxHashMap<&'a str, i64>,
    accounts: FxHashMap<&'a str, i64>,
}

impl<'a> Customers<'a> {
    fn bought(&mut self, who: &'a Who, at: i64) {
        let slot = match (&who.person, &who.account) {
            (Some(person), _) => self.people.entry(person).or_insert(at),
            (None, Some(account)) => self.accounts.entry(account).or_insert(at),
            (None, None) => return,
        };
        *slot = at.min(*slot);
    }

    /// Since when the person is one, or else the account by what names no person.
    #[must_use]
    pub fn since(&self, who: &Who) -> Option<i64> {
        let of = |map: &FxHashMap<&str, i64>, id: &Option<Arc<str>>| {
            id.as_deref().and_then(|id| map.get(id)).copied()
        };
        [
            of(&self.people, &who.person),
            of(&self.accounts, &who.account),
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

/// All records of a run; `None` where none of the entity was ever imported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    /// Opportunities.
    pub deals: Option<Vec<Deal>>,
    /// Survey answers.
    pub surveys: Option<Vec<Survey>>,
    /// Support requests.
    pub tickets: Option<Vec<Ticket>>,
    /// Contacts and leads.
    pub people: Option<Vec<Contact>>,
    /// Purchases.
    pub orders: Option<Vec<Order>>,
    /// Contracts.
    pub subscriptions: Option<Vec<Subscription>>,
    /// Spend.
    pub spend: Option<Vec<Spend>>,
    /// Visits.
    pub web_traffic: Option<Vec<Traffic>>,
    /// Mentions.
    pub mentions: Option<Vec<Mention>>,
    /// Who was a member when.
    pub membership: Membership,
    /// First paid orders by person (µs), of orders that are not among `orders`.
    pub first_orders: FxHashMap<Arc<str>, i64>,
}

impl Records {
    /// Takes one record; what no KPI reads is passed over. Returns whether it was taken.
    pub fn push(&mut self, record: &Record, who: Who, words: &mut Words) -> bool {
        fn put<T>(list: &mut Option<Vec<T>>, row: Option<T>) -> bool {
            let list = list.get_or_insert_with(Vec::new);
            let taken = row.is_some();
            list.extend(row);
            taken
        }
        match record.entity {
            Entity::Deals => put(&mut self.deals, Deal::from_record(record, who, words)),
            Entity::Surveys => put(&mut self.surveys, Survey::from_record(record, who, words)),
            Entity::Tickets => put(&mut self.tickets, Ticket::from_record(record, who, words)),
            Entity::People => put(&mut self.people, Contact::from_record(record, who, words)),
            Entity::Orders => put(&mut self.orders, Order::from_record(record, who, words)),
            Entity::Subscriptions => put(
                &mut self.subscriptions,
                Subscription::from_record(record, who, words),
            ),
            Entity::Spend => put(&mut self.spend, Spend::from_record(record, who, words)),
            Entity::WebTraffic => put(
                &mut self.web_traffic,
                Traffic::from_record(record, who, words),
            ),
            Entity::Mentions => put(&mut self.mentions, Mention::from_record(record, who, words)),
            _ => false,
        }
    }

    /// Says that a person paid an order, of which no KPI reads more than that.
    pub fn bought(&mut self, person: &str, at: i64, words: &mut Words) {
        match self.first_orders.get_mut(person) {
            Some(first) => *first = at.min(*first),
            None => {
                self.first_orders.insert(words.of(person), at);
            }
        }
    }

    /// When each person became a customer, and each account of which only deals or contracts without a person tell: the first
    /// paid order, won deal or paying subscription.
    #[must_use]
    pub fn customers(&self) -> Customers<'_> {
        let mut customers = Customers::default();
        for (person, at) in &self.first_orders {
            customers.people.insert(person, *at);
        }
        for order in self.orders.iter().flatten().filter(|o| o.paid()) {
            customers.bought(&order.who, order.ordered_at);
        }
        for deal in self.deals.iter().flatten().filter(|d| &*d.status == "won") {
            customers.bought(&deal.who, deal.closed_at.unwrap_or(deal.created_at));
        }
        for contract in self.subscriptions.iter().flatten() {
            if let Some(paying) = contract.paid_since() {
                customers.bought(&contract.who, paying);
            }
        }
        customers
    }

    /// Puts the records in an order of their own, so that sums of decimals do not depend on the order of pushes.
    pub fn sort(&mut self) {
        fn sort<T: PartialOrd>(list: &mut Option<Vec<T>>) {
            if let Some(list) = list {
                // Rows that compare equal are equal. All are there now: what was kept ready for more is given back.
                list.sort_unstable_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
                list.shrink_to_fit();
            }
        }
        sort(&mut self.deals);
        sort(&mut self.surveys);
        sort(&mut self.tickets);
        sort(&mut self.people);
        sort(&mut self.orders);
        sort(&mut self.subscriptions);
        sort(&mut self.spend);
        sort(&mut self.web_traffic);
        sort(&mut self.mentions);
    }
}
