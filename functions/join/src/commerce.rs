//! What persons bought, subscribed to and asked, in the reporting currency, by month.
//!
//! Revenue is what was paid, less refunds, less the tax that belongs to what is left, on the day of the order: a late refund
//! restates history, and the as-of day says what was known. Cancelled, pending and test orders are none.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use jiff::Timestamp;
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::money::share;
use levier_domain::record::Record;
use levier_identity::Resolution;
use levier_lake::{Lake, LakeError};
use rustc_hash::FxHashMap;

use crate::contracts::{self, Due};
use crate::held::{Holding, held, versions};
use crate::money::Rates;
use crate::months::{Months, PersonMonths};
use crate::shops::{Sale, told_twice};

/// Units of [`Bought::handle_nanos`] in a minute: integers, so that a sum does not depend on its order.
const NANOS: f64 = 1e9;

/// Why money is in no fact.
const NO_RATE: &str = "no exchange rate on or before the day; drop a rates file";
/// Why rows of something paid are no revenue.
const ELSEWHERE: &str = "revenue comes from rows of another kind; commerce.revenue_from chooses";

/// One person in one month.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bought {
    /// Paid orders.
    pub orders: u32,
    /// Tickets opened.
    pub tickets: u32,
    /// Net revenue in minor units.
    pub revenue_minor: i64,
    /// Refunds in minor units.
    pub refunds_minor: i64,
    /// Minutes of handling of tickets solved, × 10⁹.
    pub handle_nanos: i64,
}

impl Bought {
    /// Minutes of handling of tickets solved.
    #[must_use]
    pub fn handle_minutes(&self) -> f64 {
        self.handle_nanos as f64 / NANOS
    }
}

impl AddAssign for Bought {
    fn add_assign(&mut self, other: Self) {
        self.orders += other.orders;
        self.tickets += other.tickets;
        self.revenue_minor += other.revenue_minor;
        self.refunds_minor += other.refunds_minor;
        self.handle_nanos += other.handle_nanos;
    }
}

/// Whether a row counts: all do but orders of sources that the configuration leaves out.
#[must_use]
pub fn counts(row: &Record, config: &Config) -> bool {
    row.entity != Entity::Orders || counts_order(row, &config.commerce)
}

fn counts_order(order: &Record, config: &levier_domain::config::Commerce) -> bool {
    config.counts_orders_of(order.get("source").as_text().unwrap_or_default())
}

/// Whether a row is something paid: an order (also if refunded later) or an invoice.
#[must_use]
pub fn is_paid(row: &Record) -> bool {
    let status = row.get("status").as_text();
    match row.entity {
        Entity::Orders => matches!(status, Some("paid" | "refunded" | "partially_refunded")),
        Entity::Invoices => status == Some("paid"),
        Entity::Subscriptions => true,
        _ => false,
    }
}

/// Where the rows of commerce come from, found once and read once for every group of persons.
pub struct Ledgers {
    orders: Holding,
    invoices: Holding,
    deals: Holding,
    tickets: Holding,
    subscriptions: Vec<Vec<Record>>,
    rates: Rates,
    config: levier_domain::config::Commerce,
    /// Sources whose orders count.
    shops: Vec<String>,
    /// `orders`, `invoices`, `subscriptions` or `none`.
    pub revenue_from: &'static str,
}

impl Ledgers {
    /// Finds the rows that hold at `until`, of `holdings`; `paid` gives the number of those of an entity that bring revenue, for
    /// a single test order does not make a company of subscriptions a shop, and the sources whose orders count.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn find(
        lake: &Lake,
        mut holdings: BTreeMap<Entity, Holding>,
        (paid, shops): (&BTreeMap<Entity, u64>, Vec<String>),
        config: &Config,
        until: Timestamp,
    ) -> Result<Self, LakeError> {
        let mut take = |entity: Entity| {
            holdings
                .remove(&entity)
                .ok_or_else(|| LakeError::content(entity.as_str(), "rows", "not looked for"))
        };
        let any = |entity: Entity| paid.get(&entity).is_some_and(|n| *n > 0);
        Ok(Self {
            orders: take(Entity::Orders)?,
            invoices: take(Entity::Invoices)?,
            deals: take(Entity::Deals)?,
            tickets: take(Entity::Tickets)?,
            subscriptions: versions(lake, Entity::Subscriptions, until).await?,
            rates: Rates::new(
                &held(lake, Entity::Rates, until).await?,
                config.workspace.currency,
            ),
            config: config.commerce.clone(),
            shops,
            revenue_from: match config.commerce.revenue_from {
                Some(chosen) => chosen.as_str(),
                None if any(Entity::Orders) => "orders",
                None if any(Entity::Invoices) => "invoices",
                None if any(Entity::Subscriptions) => "subscriptions",
                None => "none",
            },
        })
    }

    /// The sources whose orders count.
    pub fn shops(&self) -> &[String] {
        &self.shops
    }

    /// What money in other currencies is worth.
    pub fn rates(&self) -> &Rates {
        &self.rates
    }

    /// What the persons for whom `wanted` holds did.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn read<W: Fn(u32) -> bool + Sync>(
        &self,
        lake: &Lake,
        who: &Resolution,
        zone: &jiff::tz::TimeZone,
        wanted: W,
    ) -> Result<Commerce, LakeError> {
        let reader = || Reader {
            who,
            ledgers: self,
            wanted: &wanted,
            zone,
            months: Months::new(zone),
            out: Part::default(),
        };
        const PAID: [&str; 6] = [
            "amount_minor",
            "refunded_amount_minor",
            "tax_minor",
            "currency",
            "status",
            "person_id",
        ];
        let with = |more: &[&'static str]| {
            let mut columns = vec!["source", "person_id", "email_key", "account_id"];
            columns.extend_from_slice(more);
            columns
        };
        let paid = |more: &[&'static str]| with(&[&PAID[..], more].concat());
        let mut out = Commerce {
            customer_since: vec![i64::MAX; who.positions()],
            ..Commerce::default()
        };
        let mut subscribed = reader();
        for versions in &self.subscriptions {
            subscribed.subscription(versions);
        }
        out.merge(subscribed.out);
        type Take<'r, W> = fn(&mut Reader<'r, W>, &Record);
        let ledgers: Vec<(&Holding, Vec<&str>, Take<'_, &W>)> = vec![
            (&self.orders, paid(&["ordered_at"]), Reader::order),
            (
                &self.deals,
                with(&["status", "closed_at", "created_at"]),
                Reader::deal,
            ),
            (
                &self.tickets,
                with(&["created_at", "solved_at", "handle_minutes"]),
                Reader::ticket,
            ),
            (
                &self.invoices,
                paid(&["paid_at", "issued_at"]),
                Reader::invoice,
            ),
        ];
        for (holding, columns, take) in ledgers {
            holding
                .gather(lake, &columns, reader, take, |part| out.merge(part.out))
                .await?;
        }
        out.bought.finish(who.positions());
        // Of one person by time, so that what is written does not depend on the order of reading.
        out.subscriptions
            .sort_by_key(|(person, due)| (*person, due.from, due.until, due.amount_minor));
        Ok(out)
    }
}

/// What some persons bought, subscribed to and asked.
#[derive(Clone, Debug, Default)]
pub struct Commerce {
    /// By person and month.
    pub bought: PersonMonths<Bought>,
    /// Person and what was due, sorted.
    subscriptions: Vec<(u32, Due)>,
    /// First instant as a customer, in microseconds; `i64::MAX` for those who never were.
    pub customer_since: Vec<i64>,
    /// What is in no fact of anybody, by entity and reason.
    pub left_out: BTreeMap<(Entity, &'static str), u64>,
    /// Orders, where several systems tell them.
    sales: Vec<Sale>,
}

impl Commerce {
    /// How many orders are there, and how many of them another system tells as well; none where there is one system.
    pub fn told_twice(&mut self) -> (u64, u64) {
        (self.sales.len() as u64, told_twice(&mut self.sales))
    }

    fn merge(&mut self, part: Part) {
        self.sales.extend(part.sales);
        self.bought.absorb(part.bought);
        self.subscriptions.extend(part.subscriptions);
        for (person, since) in part.customer_since {
            let known = &mut self.customer_since[person as usize];
            *known = (*known).min(since);
        }
        for (what, n) in part.left_out {
            *self.left_out.entry(what).or_default() += n;
        }
    }

    /// What was due of a person.
    pub fn dues(&self, person: u32) -> &[(u32, Due)] {
        let from = self.subscriptions.partition_point(|(of, _)| *of < person);
        let to = self.subscriptions.partition_point(|(of, _)| *of <= person);
        &self.subscriptions[from..to]
    }
}

/// What one file of rows says.
#[derive(Default)]
struct Part {
    bought: PersonMonths<Bought>,
    subscriptions: Vec<(u32, Due)>,
    customer_since: FxHashMap<u32, i64>,
    left_out: BTreeMap<(Entity, &'static str), u64>,
    sales: Vec<Sale>,
}

struct Reader<'a, W> {
    who: &'a Resolution,
    ledgers: &'a Ledgers,
    wanted: W,
    zone: &'a jiff::tz::TimeZone,
    months: Months<'a>,
    out: Part,
}

impl<W: Fn(u32) -> bool> Reader<'_, W> {
    fn person(&self, row: &Record) -> Option<u32> {
        let text = |name: &str| row.get(name).as_text();
        self.who.position_of_row(
            text("source").unwrap_or_default(),
            text("person_id"),
            text("email_key"),
            text("account_id"),
        )
    }

    fn leave_out(&mut self, entity: Entity, why: &'static str) {
        *self.out.left_out.entry((entity, why)).or_default() += 1;
    }

    fn add(&mut self, person: u32, at: Timestamp, bought: Bought) {
        if (self.wanted)(person) {
            self.out.bought.add(person, self.months.of(at), bought);
        }
    }

    fn customer(&mut self, person: u32, since: Timestamp) {
        let since = since.as_microsecond();
        let known = self.out.customer_since.entry(person).or_insert(since);
        *known = (*known).min(since);
    }

    fn convert(&self, row: &Record, minor: i64, at: Timestamp) -> Option<i64> {
        if minor == 0 {
            return Some(0);
        }
        let currency = row.get("currency").as_text()?;
        self.ledgers
            .rates
            .convert(minor, currency, self.zone.to_datetime(at).date())
    }

    /// What an order or an invoice brought, or why that is not known.
    fn paid(&self, row: &Record, at: Timestamp) -> Result<Bought, &'static str> {
        let Some(refunded) = row.refunded_minor() else {
            return Err("partly refunded, and how much is not said; export the refunded amount");
        };
        let whole = |column: &str| row.get(column).as_integer().unwrap_or(0);
        let amounts = (
            self.convert(row, whole("amount_minor"), at),
            self.convert(row, refunded, at),
            self.convert(row, whole("tax_minor"), at),
        );
        let (Some(amount), Some(refunded), Some(tax)) = amounts else {
            return Err(NO_RATE);
        };
        let net = amount - refunded;
        Ok(Bought {
            revenue_minor: net - share(tax, net, amount),
            refunds_minor: refunded,
            ..Bought::default()
        })
    }

    fn order(&mut self, row: &Record) {
        let Some(at) = row.get("ordered_at").as_instant() else {
            return;
        };
        if !is_paid(row) {
            return self.leave_out(Entity::Orders, "not paid (pending, cancelled or test)");
        }
        if !counts_order(row, &self.ledgers.config) {
            return self.leave_out(
                Entity::Orders,
                "of a source that commerce.orders_from does not name",
            );
        }
        let Some(person) = self.person(row) else {
            return self.leave_out(
                Entity::Orders,
                "no person (neither id nor e-mail leads to one)",
            );
        };
        if self.ledgers.revenue_from != "orders" {
            self.customer(person, at);
            return self.leave_out(Entity::Orders, ELSEWHERE);
        }
        if self.ledgers.shops.len() > 1 && (self.wanted)(person) {
            let source = row.get("source").as_text().unwrap_or_default();
            let shop = self.ledgers.shops.iter().position(|shop| shop == source);
            self.out.sales.push(Sale {
                person,
                day: self.zone.to_datetime(at).date(),
                amount_minor: row.get("amount_minor").as_integer().unwrap_or(0),
                shop: shop.unwrap_or(0) as u16,
            });
        }
        match self.paid(row, at) {
            Ok(bought) => self.bought(
                person,
                at,
                Bought {
                    orders: 1,
                    ..bought
                },
            ),
            Err(why) => self.leave_out(Entity::Orders, why),
        }
    }

    /// Whoever bought is a customer; of whom nothing but purchases of unknown worth is known would be one who spends nothing.
    fn bought(&mut self, person: u32, at: Timestamp, bought: Bought) {
        self.customer(person, at);
        self.add(person, at, bought);
    }

    fn invoice(&mut self, row: &Record) {
        let (Some(at), Some("paid")) = (
            row.get("paid_at")
                .as_instant()
                .or(row.get("issued_at").as_instant()),
            row.get("status").as_text(),
        ) else {
            return self.leave_out(Entity::Invoices, "not paid");
        };
        let Some(person) = self.person(row) else {
            return self.leave_out(Entity::Invoices, "no person");
        };
        if self.ledgers.revenue_from != "invoices" {
            self.customer(person, at);
            return self.leave_out(Entity::Invoices, ELSEWHERE);
        }
        match self.paid(row, at) {
            Ok(bought) => self.bought(person, at, bought),
            Err(why) => self.leave_out(Entity::Invoices, why),
        }
    }

    fn subscription(&mut self, versions: &[Record]) {
        for paid in contracts::paid(versions) {
            let row = paid.row;
            let Some(person) = self.person(row) else {
                self.leave_out(Entity::Subscriptions, "no person");
                continue;
            };
            // Whoever has a contract is a customer, whether or not its money can be told.
            self.customer(person, paid.from);
            let Some(due) = Due::of(&paid) else {
                continue;
            };
            if self.convert(row, due.amount_minor, paid.from).is_none() {
                self.leave_out(Entity::Subscriptions, NO_RATE);
            }
            if (self.wanted)(person) {
                self.out.subscriptions.push((person, due));
            }
        }
    }

    fn deal(&mut self, row: &Record) {
        if row.get("status").as_text() == Some("won")
            && let (Some(person), Some(at)) = (
                self.person(row),
                row.get("closed_at")
                    .as_instant()
                    .or(row.get("created_at").as_instant()),
            )
        {
            self.customer(person, at);
        }
    }

    fn ticket(&mut self, row: &Record) {
        let Some(person) = self.person(row) else {
            return self.leave_out(Entity::Tickets, "no person");
        };
        if let Some(at) = row.get("created_at").as_instant() {
            let bought = Bought {
                tickets: 1,
                ..Bought::default()
            };
            self.add(person, at, bought);
        }
        if let (Some(at), Some(minutes)) = (
            row.get("solved_at").as_instant(),
            row.get("handle_minutes").as_number(),
        ) {
            let bought = Bought {
                handle_nanos: (minutes * NANOS).round() as i64,
                ..Bought::default()
            };
            self.add(person, at, bought);
        }
    }
}
