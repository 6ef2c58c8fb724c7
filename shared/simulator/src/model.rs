//! The law that customers obey, and the exact expectation under it.
//!
//! A customer of level `a` (euros a month, net of refunds, without tax) is still one in month `t` with probability
//! `S0(t) = (a − d·t) / a`: the hazard `d / (a − d·(t − 1))` is lower for good customers. While alive the expected revenue of a month is
//! `a + s(t)·a/(a − d·t)`. Untreated, the two multiply to
//!
//! ```text
//! E[Y_t(0)] = a − d·t + s(t)
//! ```
//!
//! which is *additive* in person and month: trends are parallel in euros whatever the level, with zeros kept after the end, so that
//! difference-in-differences is valid although joining depends on the level. Joining depends on nothing else: not on recent
//! purchases, not on being alive (former customers may join too).
//!
//! Membership changes two things from tenure 3 on (`e` whole months since the month of joining): a bonus `b(e)` in euros a month,
//! the same for everybody alive, `step · min(e − 2, 10)`; and the hazard of leaving, multiplied by `r`. Hence the effect
//!
//! ```text
//! τ(a, g, t) = S1(t)·(A(t) + b(t − g)) − S0(t)·A(t)        A(t) = a + s(t)·a/(a − d·t)
//! S1(t) = S0(t) for t < g + 3, then S1(t) = S1(t − 1)·(1 − r·h(t))
//! ```

use crate::calendar::MONTHS;
use crate::options::{CompanyOptions, Scale, Story};

/// Expected orders in the opening month beside the regular ones: each customer is one from then on.
pub(crate) const OPENING_ORDERS: u32 = 1;
/// Tries of the binomial number of orders of one month.
pub(crate) const ORDER_TRIES: u32 = 3;
/// First and last month in which a customer can join.
pub(crate) const JOINING: std::ops::RangeInclusive<usize> = 5..=19;
/// First tenure with an effect.
pub(crate) const EFFECT_FROM: i32 = 3;
/// Month of the price rise.
const PRICE_RISE_MONTH: usize = 13;
/// Tickets of a customer and month.
pub(crate) const TICKETS: f64 = 0.08;
/// Tickets that membership avoids, per customer and month from tenure 3.
pub(crate) const TICKETS_AVOIDED: f64 = 0.02;

/// Parameters of the law, in euros.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    /// Mean level.
    pub base: f64,
    /// Mean order net of refunds, without tax.
    pub basket: f64,
    /// `d`.
    pub attrition: f64,
    /// Growth of the bonus per month of tenure.
    pub step: f64,
    /// `r`.
    pub retention_ratio: f64,
    /// Whether one must be alive to join.
    pub alive_to_join: bool,
    season: [f64; MONTHS],
    story: Story,
}

impl Model {
    pub(crate) fn new(options: &CompanyOptions, calendar_month: impl Fn(usize) -> i32) -> Self {
        let basket = 40.0;
        // Large has 15 million orders over 2 million customers and 24 months; Small buys more often, so that 2,000 are enough.
        let orders_per_month = match options.scale {
            Scale::Small => 1.0,
            Scale::Medium | Scale::Large => 0.3,
        };
        let base = basket * orders_per_month;
        let none = matches!(options.story, Story::EffectOff | Story::ImmortalTime);
        let immortal = options.story == Story::ImmortalTime;
        let season = std::array::from_fn(|month| {
            // Months of the year, January = 0: a quiet August, a busy November and December.
            base * match calendar_month(month).rem_euclid(12) {
                0 => 0.04,
                1 | 2 => -0.03,
                6 => -0.06,
                7 => -0.10,
                10 => 0.07,
                11 => 0.12,
                _ => 0.0,
            }
        });
        Self {
            base,
            basket,
            attrition: base * if immortal { 0.018 } else { 0.01 },
            step: if none {
                0.0
            } else {
                base * options.effect_per_month
            },
            retention_ratio: if none { 1.0 } else { options.retention_ratio },
            alive_to_join: matches!(options.story, Story::ImmortalTime | Story::ReverseCausality),
            season,
            story: options.story,
        }
    }

    /// `S0`: still a customer after `age` months, without the community.
    pub(crate) fn survival(&self, level: f64, age: usize) -> f64 {
        ((level - self.attrition * age as f64) / level).max(0.02)
    }

    /// Chance to leave at the start of month `age`, given that one had not left before.
    pub(crate) fn hazard(&self, level: f64, age: usize) -> f64 {
        match age.checked_sub(1) {
            Some(before) => 1.0 - self.survival(level, age) / self.survival(level, before),
            None => 0.0,
        }
    }

    /// The same for somebody of `tenure`.
    pub(crate) fn hazard_at(&self, level: f64, age: usize, tenure: Option<i32>) -> f64 {
        let hazard = self.hazard(level, age);
        if tenure.is_some_and(|tenure| tenure >= EFFECT_FROM) {
            hazard * self.retention_ratio
        } else {
            hazard
        }
    }

    /// `A`: expected revenue of a month while alive, without the community (the life event of one story included).
    pub(crate) fn while_alive(
        &self,
        level: f64,
        age: usize,
        month: usize,
        tenure: Option<i32>,
    ) -> f64 {
        let event = match tenure {
            Some(tenure) if self.story == Story::SelectionOnTrend => {
                0.03 * self.base * f64::from((tenure + 1).clamp(0, 10))
            }
            _ => 0.0,
        };
        let price = self.price(month);
        ((level + self.season[month] / self.survival(level, age)).max(0.0) + event) * price
    }

    /// `b`: what the community adds to a month while alive.
    pub(crate) fn bonus(&self, month: usize, tenure: Option<i32>) -> f64 {
        tenure.map_or(0.0, |tenure| {
            self.step * f64::from((tenure - EFFECT_FROM + 1).clamp(0, 10)) * self.price(month)
        })
    }

    /// Prices relative to those of the opening.
    pub(crate) fn price(&self, month: usize) -> f64 {
        if self.story == Story::PriceRise && month >= PRICE_RISE_MONTH {
            1.12
        } else {
            1.0
        }
    }

    /// Expected tickets of a month.
    pub(crate) fn tickets(&self, tenure: Option<i32>) -> f64 {
        let helped = self.step > 0.0 && tenure.is_some_and(|tenure| tenure >= EFFECT_FROM);
        TICKETS - if helped { TICKETS_AVOIDED } else { 0.0 }
    }

    /// Survival with and without the community from the month of joining to the last, as of the opening (or, where only those
    /// alive can join, as of joining).
    pub(crate) fn survivals(&self, level: f64, joined: usize) -> Vec<(f64, f64)> {
        let mut without = if self.alive_to_join {
            1.0
        } else {
            self.survival(level, joined)
        };
        let mut with = without;
        let mut both = vec![(with, without)];
        for month in joined + 1..MONTHS {
            let tenure = Some((month - joined) as i32);
            without *= 1.0 - self.hazard(level, month);
            with *= 1.0 - self.hazard_at(level, month, tenure);
            both.push((with, without));
        }
        both
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(story: Story) -> Model {
        Model::new(&CompanyOptions::new(Scale::Small).story(story), |month| {
            month as i32
        })
    }

    #[test]
    fn untreated_revenue_is_additive_in_person_and_month() {
        let model = model(Story::Plain);
        let expected = |level: f64, month: usize| {
            model.survival(level, month) * model.while_alive(level, month, month, None)
        };
        for month in 1..MONTHS {
            let low = expected(20.0, month) - expected(20.0, 0);
            let high = expected(80.0, month) - expected(80.0, 0);
            assert!(
                (low - high).abs() < 1e-9,
                "month {month}: {low} against {high}"
            );
        }
    }

    #[test]
    fn the_expected_number_of_orders_is_within_reach_of_the_binomial() {
        for story in [Story::Plain, Story::SelectionOnTrend, Story::PriceRise] {
            let model = model(story);
            for level in [0.5 * model.base, 2.0 * model.base] {
                for month in 0..MONTHS {
                    let tenure = Some(20);
                    let most =
                        model.while_alive(level, month, month, tenure) + model.bonus(month, tenure);
                    let p = most / model.price(month) / (f64::from(ORDER_TRIES) * model.basket);
                    assert!((0.0..=1.0).contains(&p), "{story:?} {level} {month}: {p}");
                }
            }
        }
    }

    #[test]
    fn the_effect_is_nil_for_three_months_and_then_grows() {
        let model = model(Story::Plain);
        let bonus = |tenure| model.bonus(10, Some(tenure));
        assert_eq!((bonus(0), bonus(2)), (0.0, 0.0));
        assert!(bonus(3) > 0.0 && bonus(4) > bonus(3));
        assert_eq!(bonus(12), bonus(20));
        let survivals = model.survivals(40.0, 10);
        assert_eq!(survivals[2].0, survivals[2].1);
        assert!(survivals[3].0 > survivals[3].1);
    }
}
