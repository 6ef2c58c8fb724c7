//! Customer lifetime value: BG/NBD × Gamma-Gamma without contracts, margin × restricted mean survival with them.
//!
//! Without contracts: months with a purchase are the events; the value is `margin × mean value of a buying month × discounted
//! expected buying months` over the horizon for a new customer, its first purchase included. With contracts: `margin × monthly
//! revenue per subscriber × restricted mean of the contract's length` over the horizon. 36 months, 10 % a year; with contracts no
//! longer than any was followed, for beyond that nobody knows how many last.

use levier_domain::time::Month;
use levier_stats::bgnbd::{Histories, History};
use levier_stats::gammagamma::Values;
use levier_stats::survival::Lifetimes;
use rayon::prelude::*;

use crate::business::Trade;
use crate::calendar::containing;
use crate::cell::Cell;
use crate::commerce::SIDES;
use crate::draft::Place;

/// Months looked ahead.
pub const HORIZON: u32 = 36;
/// Discount a year.
pub const DISCOUNT: f64 = 0.10;
/// Fewest customers for a model.
const LEAST: u64 = 100;

/// Cells of `lifetime_value`, as of now.
pub(crate) fn lifetime(trade: &Trade<'_>, cells: &mut Vec<Cell>) {
    let span = containing("all", trade.as_of.day, trade.as_of, &trade.zone, 1);
    let commerce = trade.commerce;
    let currency = trade.config.workspace.currency;
    // The search for a model is long, and sides know nothing of one another.
    let modelled = commerce.has_orders && trade.config.commerce.margin.is_some();
    let answers: Vec<Option<Answer>> = (0..SIDES.len() as u8)
        .into_par_iter()
        .map(|side| modelled.then(|| without_contract(trade, side)))
        .collect();
    for ((side, name), answer) in SIDES.iter().enumerate().zip(answers) {
        let cell = |item: &str| {
            Place::everywhere()
                .cell(
                    "lifetime_value",
                    &span,
                    &format!("{}/customer", currency.code()),
                )
                .side(name)
                .item(item)
        };
        let Some(margin) = trade.config.commerce.margin else {
            cells.push(cell("all").missing("needs: commerce.margin"));
            continue;
        };
        let note = format!("horizon {HORIZON} months, discounted 10 % a year, margin {margin}");
        let scale = margin / currency.minor_per_major() as f64;
        match answer {
            None => {}
            Some(Ok((value, n))) => {
                cells.push(cell("non_contractual").count(value * scale, n).note(&note))
            }
            Some(Err((reason, n))) => {
                cells.push(refused(cell("non_contractual"), &reason, n, trade));
            }
        }
        if commerce.has_subscriptions {
            cells.push(match with_contract(trade, side as u8) {
                Ok((value, n, HORIZON)) => {
                    cell("contractual").count(value * scale, n).note(&note)
                }
                Ok((value, n, months)) => {
                    cell("contractual").count(value * scale, n).note(&format!(
                        "horizon {months} months: no contract was followed for longer; discounted 10 % a year, margin {margin}"
                    ))
                }
                Err((reason, n)) => refused(cell("contractual"), &reason, n, trade),
            });
        }
    }
}

fn refused(cell: Cell, reason: &str, n: u64, trade: &Trade<'_>) -> Cell {
    if n < trade.config.privacy.min_cell {
        cell.count(0.0, n)
    } else {
        cell.cannot_say(reason)
    }
}

type Answer = Result<(f64, u64), (String, u64)>;

/// In minor units of revenue.
fn without_contract(trade: &Trade<'_>, side: u8) -> Answer {
    let mut histories = Histories::default();
    let mut values = Values::default();
    let mut n = 0;
    for ((_, repeats, recency, age), times) in trade
        .commerce
        .histories
        .range((side, 0, 0, 0)..(side + 1, 0, 0, 0))
    {
        n += times;
        let history = History {
            frequency: f64::from(*repeats),
            recency: f64::from(*recency),
            age: f64::from(*age),
        };
        histories
            .update_times(&history, *times)
            .map_err(|error| (error.to_string(), n))?;
    }
    if n < LEAST {
        return Err((
            format!("fewer than {LEAST} customers whose first purchase is in sight"),
            n,
        ));
    }
    for ((_, repeats, sum), times) in trade.commerce.values.range((side, 0, 0)..(side + 1, 0, 0)) {
        let repeats = f64::from(*repeats);
        values
            .update_times(repeats, *sum as f64 / repeats, *times)
            .map_err(|error| (error.to_string(), n))?;
    }
    let model = histories.finish().map_err(|error| (error.to_string(), n))?;
    let value = values
        .finish()
        .and_then(|model| model.population_mean())
        .map_err(|error| (error.to_string(), n))?;
    let mut purchases = 1.0;
    let mut before = 0.0;
    for month in 1..=HORIZON {
        let until = model
            .expected_new(f64::from(month))
            .map_err(|error| (error.to_string(), n))?;
        purchases += (until - before) / (1.0 + DISCOUNT).powf(f64::from(month) / 12.0);
        before = until;
    }
    Ok((purchases * value, n))
}

/// In minor units of revenue, with the number of contracts and the months looked ahead.
fn with_contract(trade: &Trade<'_>, side: u8) -> Result<(f64, u64, u32), (String, u64)> {
    let mut lives = Lifetimes::default();
    let mut n = 0;
    for ((_, months, ended), times) in trade
        .commerce
        .contracts
        .range((side, 0, false)..(side + 1, 0, false))
    {
        n += times;
        lives
            .update_times(f64::from(*months), *ended, *times)
            .map_err(|error| (error.to_string(), n))?;
    }
    if n < LEAST {
        return Err((
            format!("fewer than {LEAST} contracts whose beginning is in sight"),
            n,
        ));
    }
    let curve = lives.finish().map_err(|error| (error.to_string(), n))?;
    let last = trade.commerce.months.map_or(0, |m| m.1);
    let sums = trade.commerce.sums("month", Month::from_index(last), side);
    let Some(sums) = sums.filter(|sums| sums.subscribers > 0) else {
        return Err(("nobody subscribes now".to_owned(), n));
    };
    let arpa = sums.mrr as f64 / sums.subscribers as f64;
    // Where all have ended nothing is left to follow.
    let horizon = match curve.at(f64::from(HORIZON)) {
        Some(_) => HORIZON,
        None => (curve.follow_up() as u32).min(HORIZON),
    };
    let mut months = 0.0;
    let mut before = 0.0;
    for month in 1..=horizon {
        let until = curve
            .restricted_mean(f64::from(month))
            .map_err(|error| (error.to_string(), n))?
            .value;
        months += (until - before) / (1.0 + DISCOUNT).powf(f64::from(month) / 12.0);
        before = until;
    }
    Ok((arpa * months, n, horizon))
}
