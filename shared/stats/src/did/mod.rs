//! Difference-in-differences with staggered joins (Callaway and Sant'Anna 2021).
//!
//! For a cohort `g` (those first treated in period `g`) and a period `t`: how did its outcome change since the last period
//! before treatment, beyond the change among those not (yet) treated? Two-way fixed effects answer another question when
//! joins are staggered: early joiners serve as controls for late ones.
//!
//! Two doors, the same numbers: [`rows`] takes a table of units × periods (with covariates), [`shards`] takes mergeable
//! moments per cohort. Both give [`Effects`], from which [`aggregate`] makes the summaries.

pub mod aggregate;
pub mod effects;
pub mod rows;
pub mod shards;

pub use aggregate::{Aggregate, Aggregation};
pub use effects::{Cell, Effects, PreTrend};

use crate::error::StatsError;
use crate::influence::Adjustment;
use serde::{Deserialize, Serialize};

/// Who a cohort is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Control {
    /// Those never treated.
    Never,
    /// Those not treated by then, the never treated included.
    NotYet,
}

/// Which period the change is measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BasePeriod {
    /// Before treatment: the previous period; after: the last period before treatment.
    Varying,
    /// Always the last period before treatment.
    Universal,
}

/// What is settled before the estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// Nuisance models (matter only with covariates).
    pub estimator: Adjustment,
    /// Comparison group.
    pub control: Control,
    /// Base period.
    pub base: BasePeriod,
    /// Periods before treatment in which an effect may already show.
    pub anticipation: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            estimator: Adjustment::DoublyRobust,
            control: Control::Never,
            base: BasePeriod::Varying,
            anticipation: 0.0,
        }
    }
}

/// How a cohort takes part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Role {
    /// First treated in this period.
    Treated(f64),
    /// Not treated in the window.
    Never,
    /// Left out: treated before anything was seen of it.
    AlreadyTreated,
}

/// One comparison to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Cohort.
    pub group: f64,
    /// Position of the period.
    pub time: usize,
    /// Position of the base period.
    pub base: usize,
    /// First treatment later than this makes a unit a control (infinite: only the never treated).
    pub controls_after: f64,
}

/// Periods, roles and comparisons.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Periods kept, ascending.
    pub times: Vec<f64>,
    /// Role of each cohort, in the order given.
    pub roles: Vec<Role>,
    /// What to compute.
    pub comparisons: Vec<Comparison>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// How many of the ascending `times` are compared, counted from the first.
///
/// All of them when somebody is never treated in the window. Otherwise the last cohort serves as control, and periods from the
/// first in which it may show an effect have none.
pub fn periods_compared(times: &[f64], firsts: &[f64], options: &Options) -> usize {
    let last = times.last().copied().unwrap_or(f64::NEG_INFINITY);
    if options.control == Control::Never || firsts.iter().any(|g| *g > last) {
        return times.len();
    }
    let latest = firsts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    times.partition_point(|t| *t < latest - options.anticipation)
}

/// Decides roles and comparisons for cohorts first treated in `firsts` (infinite: never).
pub fn plan(times: &[f64], firsts: &[f64], options: &Options) -> Result<Plan, StatsError> {
    if times.len() < 2 {
        return Err(StatsError::too_few("periods", times.len() as u64, 2));
    }
    if times.iter().any(|t| !t.is_finite()) || times.windows(2).any(|w| w[0] >= w[1]) {
        return Err(StatsError::invalid(
            "periods",
            "must be finite and ascending",
        ));
    }
    if !(options.anticipation.is_finite() && options.anticipation >= 0.0) {
        return Err(StatsError::invalid(
            "anticipation",
            "must be 0 or more periods",
        ));
    }
    if firsts.iter().any(|g| g.is_nan()) {
        return Err(StatsError::invalid(
            "first treated",
            "is not a number; use infinity for never",
        ));
    }
    let mut times = times.to_vec();
    let mut warnings = Vec::new();
    let early = times[0] + options.anticipation;
    let last = times[times.len() - 1];
    let role = |g: f64| {
        if g <= early {
            Role::AlreadyTreated
        } else if g > last {
            Role::Never
        } else {
            Role::Treated(g)
        }
    };
    let mut roles: Vec<Role> = firsts.iter().map(|&g| role(g)).collect();
    if !roles.contains(&Role::Never) {
        if options.control == Control::Never {
            return Err(StatsError::empty(
                "the never-treated group: use the not-yet-treated as controls; it",
            ));
        }
        let latest = firsts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        times.truncate(periods_compared(&times, firsts, options));
        if times.len() < 2 {
            return Err(StatsError::too_few(
                "periods before the last cohort joins",
                times.len() as u64,
                2,
            ));
        }
        // A cohort that joins after the last period kept is no control for ever: it may already anticipate in those periods.
        for (r, g) in roles.iter_mut().zip(firsts) {
            if *g == latest {
                *r = Role::Never;
            }
        }
        warnings.push(format!("nobody is never treated: cohort {latest} serves as control, periods from its join on are not used"));
    }
    let mut groups: Vec<f64> = roles
        .iter()
        .filter_map(|r| {
            if let Role::Treated(g) = r {
                Some(*g)
            } else {
                None
            }
        })
        .collect();
    groups.sort_by(f64::total_cmp);
    groups.dedup();
    if groups.is_empty() {
        return Err(StatsError::empty(
            "no cohort is first treated inside the window: the treated arm",
        ));
    }
    let mut comparisons = Vec::new();
    for &group in &groups {
        let before = times.iter().rposition(|t| t + options.anticipation < group);
        for time in 0..times.len() {
            let base = match options.base {
                BasePeriod::Universal => before,
                BasePeriod::Varying if time == 0 => continue,
                BasePeriod::Varying if group <= times[time] => before,
                BasePeriod::Varying => Some(time - 1),
            };
            let Some(base) = base else { continue };
            let controls_after = match options.control {
                Control::Never => f64::INFINITY,
                Control::NotYet => times[time.max(base)] + options.anticipation,
            };
            comparisons.push(Comparison {
                group,
                time,
                base,
                controls_after,
            });
        }
    }
    Ok(Plan {
        times,
        roles,
        comparisons,
        warnings,
    })
}

impl Comparison {
    /// Whether a cohort with this role is a control here.
    pub fn is_control(&self, role: Role) -> bool {
        match role {
            Role::Never => true,
            Role::Treated(g) => g != self.group && g > self.controls_after,
            Role::AlreadyTreated => false,
        }
    }
}
