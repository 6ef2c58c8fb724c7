//! What persons bought, subscribed to and asked, in the reporting currency, by month.
//!
//! Revenue is what was paid, less refunds, less the tax that belongs to what is left, on the day of the order: a late refund
//! restates history, and the as-of day says what was known. Cancelled, pending and test orders are none.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use levier_domain::config::Config;
use levier_domain::entity::Entity;
use levier_domain::money::share;
use levier_domain::record::Record;
use levier_domain::time::Month;
use levier_identity::Resolution;

use crate::money::Rates;

/// One person in one month.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bought {
    /// Paid orders.
    pub orders: u32,
    /// Net revenue in minor units.
    pub revenue_minor: i64,
    /// Refunds in minor units.
    pub refunds_minor: i64,
    /// Tickets opened.
    pub tickets: u32,
    /// Minutes of handling of tickets solved.
    pub handle_minutes: f64,
}

/// One subscription version: what was due monthly between two instants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Due {
    /// From.
    pub from: Timestamp,
    /// Until, open while it runs.
    pub until: Option<Timestamp>,
    /// Monthly amount in minor units of the reporting currency.
    pub monthly_minor: i64,
}

/// All persons.
#[derive(Clone, Debug, Default)]
pub struct Commerce {
    /// Person → month index → what happened.
    pub by_person: HashMap<String, BTreeMap<i32, Bought>>,
    /// Person → subscriptions.
    pub subscriptions: HashMap<String, Vec<Due>>,
    /// Person → first instant as a customer.
    pub customer_since: HashMap<String, Timestamp>,
    /// What is in no fact, by reason.
    pub left_out: BTreeMap<String, u64>,
    /// `orders`, `invoices`, `subscriptions` or `none`.
    pub revenue_from: &'static str,
}

type Rows = BTreeMap<Entity, Vec<Record>>;

struct Reader<'a> {
    who: &'a Resolution,
    rates: Rates,
    zone: &'a TimeZone,
    out: Commerce,
}

impl Commerce {
    /// Reads orders, invoices, subscriptions, deals and tickets.
    #[must_use]
    pub fn read(
        rows: &Rows,
        versions: &[Vec<Record>],
        who: &Resolution,
        config: &Config,
        zone: &TimeZone,
    ) -> Self {
        let none = Vec::new();
        let of = |entity: Entity| rows.get(&entity).unwrap_or(&none).as_slice();
        let rates = Rates::new(of(Entity::Rates), config.workspace.currency);
        let mut reader = Reader {
            who,
            rates,
            zone,
            out: Self::default(),
        };
        reader.out.revenue_from = if !of(Entity::Orders).is_empty() {
            "orders"
        } else if !of(Entity::Invoices).is_empty() {
            "invoices"
        } else if !of(Entity::Subscriptions).is_empty() {
            "subscriptions"
        } else {
            "none"
        };
        for row in of(Entity::Orders) {
            reader.order(row);
        }
        if reader.out.revenue_from == "invoices" {
            for row in of(Entity::Invoices) {
                reader.invoice(row);
            }
        }
        for versions in versions {
            reader.subscription(versions);
        }
        for row in of(Entity::Deals) {
            reader.deal(row);
        }
        for row in of(Entity::Tickets) {
            reader.ticket(row);
        }
        reader.out
    }
}

impl Reader<'_> {
    fn person(&self, row: &Record) -> Option<String> {
        let text = |name: &str| row.get(name).as_text();
        self.who
            .person_of_row(
                text("source").unwrap_or_default(),
                text("person_id"),
                text("email_key"),
            )
            .map(str::to_owned)
    }

    fn leave_out(&mut self, entity: Entity, why: &str) {
        *self
            .out
            .left_out
            .entry(format!("{entity}: {why}"))
            .or_default() += 1;
    }

    fn month(&mut self, person: String, at: Timestamp) -> &mut Bought {
        let month = Month::at(at, self.zone).index();
        self.out
            .by_person
            .entry(person)
            .or_default()
            .entry(month)
            .or_default()
    }

    fn customer(&mut self, person: &str, since: Timestamp) {
        self.out
            .customer_since
            .entry(person.to_owned())
            .and_modify(|known| *known = since.min(*known))
            .or_insert(since);
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
        self.customer(&person, at);
        let net = amount - refunded;
        let month = self.month(person, at);
        month.orders += 1;
        month.revenue_minor += net - share(tax, net, amount);
        month.refunds_minor += refunded;
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
        self.customer(&person, at);
        let net = amount - refunded;
        let month = self.month(person, at);
        month.revenue_minor += net - share(tax, net, amount);
        month.refunds_minor += refunded;
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
            let Some(amount) = self.convert(row, "amount_minor", paying) else {
                self.leave_out(
                    Entity::Subscriptions,
                    "no exchange rate on or before the day; drop a rates file",
                );
                continue;
            };
            let quantity = row.get("quantity").as_number().unwrap_or(1.0);
            let monthly_minor = monthly(
                amount,
                quantity,
                row.get("interval").as_text().unwrap_or("month"),
            );
            self.customer(&person, paying);
            self.out.subscriptions.entry(person).or_default().push(Due {
                from: paying,
                until: ended,
                monthly_minor,
            });
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
            self.customer(&person, at);
        }
    }

    fn ticket(&mut self, row: &Record) {
        let Some(person) = self.person(row) else {
            return self.leave_out(Entity::Tickets, "no person");
        };
        if let Some(at) = row.get("created_at").as_instant() {
            self.month(person.clone(), at).tickets += 1;
        }
        if let (Some(at), Some(minutes)) = (
            row.get("solved_at").as_instant(),
            row.get("handle_minutes").as_number(),
        ) {
            self.month(person, at).handle_minutes += minutes;
        }
    }
}

/// What a subscription brings per month, in whole minor units: years are twelfths, quarters thirds, weeks × 52 ÷ 12.
fn monthly(amount: i64, quantity: f64, interval: &str) -> i64 {
    let per_month = match interval {
        "year" => amount as f64 / 12.0,
        "quarter" => amount as f64 / 3.0,
        "week" => amount as f64 * 52.0 / 12.0,
        _ => amount as f64,
    };
    (per_month * quantity).round() as i64
}
