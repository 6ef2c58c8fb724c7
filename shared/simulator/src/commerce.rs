//! What one customer buys, month by month, under the law of [`crate::model`].

use rand_chacha::ChaCha8Rng;

use crate::calendar::{Calendar, MONTHS};
use crate::model::{JOINING, Model, OPENING_ORDERS, ORDER_TRIES};
use crate::options::Story;
use crate::people::{Person, Standing, join_hazard};
use crate::random::{Purpose, below, binomial, normal, stream, uniform};

/// Share of a gross order that is left after refunds, in expectation: 4 % are refunded whole, 2 % by half.
const KEPT: f64 = 1.0 - 0.04 - 0.02 * 0.5;
/// Spread of the logarithm of an order's amount.
const SPREAD: f64 = 0.35;

/// What became of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrderStatus {
    Paid,
    Refunded,
    PartiallyRefunded,
}

/// One purchase; amounts in euro cents.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub customer: u32,
    /// Ordinal among the customer's orders.
    pub ordinal: u32,
    pub month: usize,
    /// Microseconds since the epoch.
    pub at: i64,
    /// Without tax, before refunds.
    pub net: i64,
    pub tax: i64,
    /// Of the total.
    pub refunded: i64,
    pub refunded_at: Option<i64>,
    pub status: OrderStatus,
    pub items: u32,
    pub promo: bool,
}

impl Order {
    pub(crate) fn total(&self) -> i64 {
        self.net + self.tax
    }

    /// Net of refunds, without tax: what the truth is about.
    pub(crate) fn revenue(&self) -> i64 {
        match self.status {
            OrderStatus::Paid => self.net,
            OrderStatus::Refunded => 0,
            OrderStatus::PartiallyRefunded => {
                self.net - (self.net * self.refunded + self.total() / 2) / self.total().max(1)
            }
        }
    }
}

/// A customer's life with the company.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    /// The person, with the join that really happened.
    pub person: Person,
    pub orders: Vec<Order>,
    /// First month as a customer.
    pub start: Option<usize>,
    /// First month in which no customer any more, and the instant of the end.
    pub ended: Option<(usize, i64)>,
}

/// Lives a customer's months in order.
pub(crate) fn live(
    seed: u64,
    story: Story,
    model: &Model,
    calendar: &Calendar,
    mut person: Person,
) -> Life {
    let start = match person.standing {
        Standing::Customer => Some(0),
        Standing::Lead { entry, .. } => entry,
        Standing::Outsider | Standing::Staff => None,
    };
    let mut rng = stream(seed, Purpose::Commerce, u64::from(person.number));
    let mut orders: Vec<Order> = Vec::new();
    let mut ended = None;
    let triggered = story == Story::ReverseCausality && person.standing == Standing::Customer;
    if triggered {
        person.stay_out();
    }
    for month in start.unwrap_or(MONTHS)..MONTHS {
        let age = month - start.unwrap_or(month);
        let tenure = person.tenure(month);
        if uniform(&mut rng) < model.hazard_at(person.level, age, tenure) {
            let day = calendar.days_of(month).start + below(&mut rng, 4) as usize;
            ended = Some((month, calendar.micros(day, 36_000.0)));
            break;
        }
        let price = model.price(month);
        let expected =
            model.while_alive(person.level, age, month, tenure) + model.bonus(month, tenure);
        let tries = f64::from(ORDER_TRIES);
        let p = (expected / price / (tries * model.basket)).clamp(0.0, 1.0);
        let mut count = binomial(&mut rng, ORDER_TRIES, p);
        if age == 0 {
            count += OPENING_ORDERS;
        }
        for _ in 0..count {
            let ordinal = orders.len() as u32;
            let customer = (person.number, tenure.is_some());
            orders.push(order(&mut rng, model, calendar, customer, ordinal, month));
        }
        if triggered
            && person.joined.is_none()
            && JOINING.contains(&month)
            && let Some(last) = orders.last()
            && last.month == month
            && uniform(&mut rng) < 1.5 * join_hazard(person.affinity)
        {
            let at = last.at + 1_800_000_000 + below(&mut rng, 1_800_000_000) as i64;
            person.join_at(&mut rng, calendar, at);
        }
    }
    if model.alive_to_join
        && !triggered
        && let (Some((month, _)), Some(joined)) = (ended, person.joined)
        && person.standing == Standing::Customer
        && joined >= month
    {
        person.stay_out();
    }
    Life {
        person,
        orders,
        start,
        ended,
    }
}

fn order(
    rng: &mut ChaCha8Rng,
    model: &Model,
    calendar: &Calendar,
    (customer, member): (u32, bool),
    ordinal: u32,
    month: usize,
) -> Order {
    let days = calendar.days_of(month);
    let day = days.start + below(rng, days.len() as u64) as usize;
    let at = calendar.micros(day, 8.0f64.mul_add(3_600.0, 50_400.0 * uniform(rng)));
    let mean = model.basket * model.price(month) / KEPT;
    let gross = mean * SPREAD.mul_add(normal(rng), -SPREAD * SPREAD / 2.0).exp();
    let net = ((gross * 100.0).round() as i64).max(1);
    let tax = (net * 20 + 50) / 100;
    let total = net + tax;
    let fate = uniform(rng);
    let (status, refunded) = match fate {
        _ if fate < 0.04 => (OrderStatus::Refunded, total),
        _ if fate < 0.06 => (OrderStatus::PartiallyRefunded, total / 2),
        _ => (OrderStatus::Paid, 0),
    };
    let delay = (2.0f64.mul_add(86_400e6, 7.0 * 86_400e6 * uniform(rng))) as i64;
    let promo = uniform(rng) < 0.08 && member;
    Order {
        customer,
        ordinal,
        month,
        at,
        net,
        tax,
        refunded,
        refunded_at: (refunded > 0).then(|| (at + delay).min(calendar.end_micros() - 1_000_000)),
        status,
        items: 1 + u32::from(uniform(rng) < 0.3),
        promo,
    }
}
