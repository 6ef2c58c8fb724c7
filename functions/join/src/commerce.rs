//! What persons bought, subscribed to and asked, in the reporting currency, by month.
//!
//! Revenue is what was paid, less refunds, less the tax that belongs to what is left, on the day of the order: a late refund
//! restates history, and the as-of day says what was known. Cancelled, pending and test orders are none.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use jiff::Timestamp;
use jiff::civil::Date;
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::money::{Currency, share};
use levier_domain::record::Record;
use levier_identity::Resolution;
use levier_lake::{Lake, LakeError};
use rustc_hash::FxHashMap;

use crate::held::{Holding, held, versions};
use crate::money::Rates;
use crate::months::{Months, PersonMonths};

/// Units of [`Bought::handle_nanos`] in a minute: integers, so that a sum does not depend on its order.
const NANOS: f64 = 1e9;

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

/// One subscription version: what was due between two instants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Due {
    /// From.
    pub from: Timestamp,
    /// Until, open while it runs.
    pub until: Option<Timestamp>,
    /// What is due every interval, for one, in minor units of its currency.
    amount_minor: i64,
    currency: Currency,
    /// Months of an interval.
    months: f64,
    quantity: f64,
}

impl Due {
    /// What it brings per month, in whole minor units of the reporting currency, at the rate of a day: years are twelfths,
    /// quarters thirds, weeks × 52 ÷ 12. `None` without a rate on or before the day.
    #[must_use]
    pub fn monthly_minor(&self, rates: &Rates, day: Date) -> Option<i64> {
        let amount = rates.convert_of(self.amount_minor, self.currency, day)?;
        Some((amount as f64 / self.months * self.quantity).round() as i64)
    }
}

/// Months of an interval that a subscription is due for.
fn months_of(interval: &str) -> f64 {
    match interval {
        "year" => 12.0,
        "quarter" => 3.0,
        "week" => 12.0 / 52.0,
        _ => 1.0,
    }
}

/// Whether a row is something paid: an order or an invoice.
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
    /// `orders`, `invoices`, `subscriptions` or `none`.
    pub revenue_from: &'static str,
}

impl Ledgers {
    /// Finds the rows that hold at `until`, of `holdings`; `paid` gives the number of those of an entity that bring revenue, for
    /// a single test order does not make a company of subscriptions a shop.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn find(
        lake: &Lake,
        mut holdings: BTreeMap<Entity, Holding>,
        paid: &BTreeMap<Entity, u64>,
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
            revenue_from: if any(Entity::Orders) {
                "orders"
            } else if any(Entity::Invoices) {
                "invoices"
            } else if any(Entity::Subscriptions) {
                "subscriptions"
            } else {
                "none"
            },
        })
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
            rates: &self.rates,
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
        let mut ledgers: Vec<(&Holding, Vec<&str>, Take<'_, &W>)> = vec![
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
        ];
        if self.revenue_from == "invoices" {
            ledgers.push((
                &self.invoices,
                paid(&["paid_at", "issued_at"]),
                Reader::invoice,
            ));
        }
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
}

impl Commerce {
    fn merge(&mut self, part: Part) {
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
}

struct Reader<'a, W> {
    who: &'a Resolution,
    rates: &'a Rates,
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

    fn convert(&self, row: &Record, column: &str, at: Timestamp) -> Option<i64> {
        match row.get(column).as_integer() {
            None => Some(0),
            Some(minor) => self.rates.convert(
                minor,
                row.get("currency").as_text()?,
                self.zone.to_datetime(at).date(),
            ),
        }
    }

    fn order(&mut self, row: &Record) {
        let Some(at) = row.get("ordered_at").as_instant() else {
            return;
        };
        if !matches!(
            row.get("status").as_text(),
            Some("paid" | "refunded" | "partially_refunded")
        ) {
            return self.leave_out(Entity::Orders, "not paid (pending, cancelled or test)");
        }
        let Some(person) = self.person(row) else {
            return self.leave_out(
                Entity::Orders,
                "no person (neither id nor e-mail leads to one)",
            );
        };
        self.customer(person, at);
        let amounts = (
            self.convert(row, "amount_minor", at),
            self.convert(row, "refunded_amount_minor", at),
            self.convert(row, "tax_minor", at),
        );
        let (Some(amount), Some(refunded), Some(tax)) = amounts else {
            return self.leave_out(
                Entity::Orders,
                "no exchange rate on or before the day; drop a rates file",
            );
        };
        let net = amount - refunded;
        let bought = Bought {
            orders: 1,
            revenue_minor: net - share(tax, net, amount),
            refunds_minor: refunded,
            ..Bought::default()
        };
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
        self.customer(person, at);
        let amounts = (
            self.convert(row, "amount_minor", at),
            self.convert(row, "refunded_amount_minor", at),
            self.convert(row, "tax_minor", at),
        );
        let (Some(amount), Some(refunded), Some(tax)) = amounts else {
            return self.leave_out(
                Entity::Invoices,
                "no exchange rate on or before the day; drop a rates file",
            );
        };
        let net = amount - refunded;
        let bought = Bought {
            revenue_minor: net - share(tax, net, amount),
            refunds_minor: refunded,
            ..Bought::default()
        };
        self.add(person, at, bought);
    }

    fn subscription(&mut self, versions: &[Record]) {
        for (position, row) in versions.iter().enumerate() {
            let Some(started) = row.get("started_at").as_instant() else {
                continue;
            };
            let Some(person) = self.person(row) else {
                self.leave_out(Entity::Subscriptions, "no person");
                continue;
            };
            // A version holds from its modification until the next one's; the first also covers what went before.
            let from = if position == 0 {
                started
            } else {
                row.updated_at().unwrap_or(started).max(started)
            };
            let next = versions.get(position + 1).and_then(Record::updated_at);
            let paying = row
                .get("trial_end")
                .as_instant()
                .map_or(from, |end| end.max(from));
            let ended = [row.get("ended_at").as_instant(), next]
                .into_iter()
                .flatten()
                .min();
            let ended = match row.get("status").as_text() {
                Some("cancelled" | "ended") => {
                    ended.or_else(|| row.get("cancelled_at").as_instant())
                }
                _ => ended,
            };
            if matches!(row.get("status").as_text(), Some("paused" | "trialing"))
                || ended.is_some_and(|ended| ended <= paying)
            {
                continue;
            }
            // Whoever has a contract is a customer, whether or not its money can be told.
            self.customer(person, paying);
            if self.convert(row, "amount_minor", paying).is_none() {
                self.leave_out(
                    Entity::Subscriptions,
                    "no exchange rate on or before the day; drop a rates file",
                );
            }
            let currency = row.get("currency").as_text().map(Currency::parse);
            if let Some(Ok(currency)) = currency
                && (self.wanted)(person)
            {
                let due = Due {
                    from: paying,
                    until: ended,
                    amount_minor: row.get("amount_minor").as_integer().unwrap_or(0),
                    currency,
                    months: months_of(row.get("interval").as_text().unwrap_or("month")),
                    quantity: row.get("quantity").as_number().unwrap_or(1.0),
                };
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
