//! The truth: what the community is worth, computed exactly from the law, never from what was drawn.
//!
//! ```text
//! revenue_per_customer = Σ_i Σ_{t ≥ g_i} τ(a_i, g_i, t) / Σ_i Σ_{t ≥ g_i} 1
//! ```
//!
//! over the customers `i` of the opening who joined (month `g_i`) and the months `t` of the window: all cells (g, t) with t ≥ g,
//! weighted by the size of the cohort, which is the `simple` aggregate of Callaway and Sant'Anna. `τ` is in [`crate::model`]. It is
//! an expectation over purchases and departures, given who joined when.

use serde::{Deserialize, Serialize};

use crate::calendar::{MONTHS, WINDOW};
use crate::model::{EFFECT_FROM, Model, TICKETS_AVOIDED};
use crate::people::{Person, Standing};

/// What is true of a company, by construction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// Effect of membership on members, in euros per customer and month, net of refunds and without tax.
    pub revenue_per_customer: f64,
    /// The same by months since joining.
    pub by_tenure: Vec<TenureTruth>,
    /// The expected difference of members' and non-members' revenue per customer-month with time-varying membership: what the
    /// raw comparison converges to.
    pub raw_gap: f64,
    /// Gain in the share of customers at joining who still are customers twelve months later.
    pub customer_retention_12_months: f64,
    /// What membership multiplies the monthly hazard of leaving by from the fourth month.
    pub hazard_ratio: f64,
    /// Effect on tickets per customer and month.
    pub contact_rate: f64,
    /// Currency of the above.
    pub currency: String,
    /// Customers of the opening.
    pub customers: u64,
    /// Those among them who joined.
    pub members: u64,
    /// Months after joining, over all members: the weights' sum.
    pub member_months: u64,
    /// Months in the window.
    pub months: u64,
    /// The formula, in words.
    pub formula: String,
}

/// The truth within a band of tenure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenureTruth {
    /// First month since joining.
    pub from: u32,
    /// First month after the band; `None` for the last.
    pub until: Option<u32>,
    /// Euros per customer and month.
    pub revenue_per_customer: f64,
    /// Customer-months in the band.
    pub member_months: u64,
}

/// Bands of tenure of `uplift_by_tenure`.
const BANDS: [(u32, Option<u32>); 4] = [(0, Some(3)), (3, Some(6)), (6, Some(12)), (12, None)];

/// Sums over customers; [`Tally::finish`] divides.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    customers: u64,
    members: u64,
    bands: [(f64, u64); 4],
    member_revenue: f64,
    other_revenue: f64,
    other_months: u64,
    retained: f64,
    at_risk: f64,
    tickets: f64,
}

impl Tally {
    /// Adds one customer of the opening; others change nothing.
    pub(crate) fn add(&mut self, model: &Model, person: &Person) {
        if person.standing != Standing::Customer {
            return;
        }
        self.customers += 1;
        let level = person.level;
        let joined = person.joined.unwrap_or(MONTHS);
        let alive_at_join = if model.alive_to_join && joined < MONTHS {
            model.survival(level, joined)
        } else {
            1.0
        };
        for month in 1..joined {
            let expected = if model.alive_to_join && joined < MONTHS {
                model.while_alive(level, month, month, None)
            } else {
                model.survival(level, month) / alive_at_join
                    * model.while_alive(level, month, month, None)
            };
            self.other_revenue += expected;
            self.other_months += 1;
        }
        if joined >= MONTHS {
            return;
        }
        self.members += 1;
        let survivals = model.survivals(level, joined);
        for (tenure, (with, without)) in survivals.iter().enumerate() {
            let month = joined + tenure;
            let at = Some(tenure as i32);
            let base = model.while_alive(level, month, month, at);
            let treated = with * (base + model.bonus(month, at));
            let band = match tenure {
                0..3 => 0,
                3..6 => 1,
                6..12 => 2,
                _ => 3,
            };
            self.bands[band].0 += treated - without * base;
            self.bands[band].1 += 1;
            self.member_revenue += treated;
            if model.step > 0.0 && tenure as i32 >= EFFECT_FROM {
                self.tickets -= TICKETS_AVOIDED;
            }
        }
        if let (Some(year), Some(start)) = (survivals.get(12), survivals.first()) {
            self.retained += year.0 - year.1;
            self.at_risk += start.1;
        }
    }

    pub(crate) fn finish(self, model: &Model) -> Truth {
        let member_months: u64 = self.bands.iter().map(|band| band.1).sum();
        let total: f64 = self.bands.iter().map(|band| band.0).sum();
        let mean = |sum: f64, n: f64| if n > 0.0 { sum / n } else { 0.0 };
        let months = member_months as f64;
        Truth {
            revenue_per_customer: mean(total, months),
            by_tenure: BANDS
                .iter()
                .zip(self.bands)
                .map(|((from, until), (sum, n))| TenureTruth {
                    from: *from,
                    until: *until,
                    revenue_per_customer: mean(sum, n as f64),
                    member_months: n,
                })
                .collect(),
            raw_gap: mean(self.member_revenue, months)
                - mean(self.other_revenue, self.other_months as f64),
            customer_retention_12_months: mean(self.retained, self.at_risk),
            hazard_ratio: model.retention_ratio,
            contact_rate: mean(self.tickets, months),
            currency: "EUR".to_owned(),
            customers: self.customers,
            members: self.members,
            member_months,
            months: WINDOW as u64,
            formula: "mean over (member, month t >= joining month g) of S1(t)*(A(t)+b(t-g)) - S0(t)*A(t), \
                      expected values of the generating law"
                .to_owned(),
        }
    }
}
