//! Difference of two means: Welch, and clustered by unit when a unit has several rows.
//!
//! Sources: Welch 1947; Liang and Zeger 1986 with the usual small-sample factor `G/(G−1)·(n−1)/(n−2)`.

use crate::error::{StatsError, finite};
use crate::estimate::Estimate;
use crate::moments::{Arm, Moments};
use serde::{Deserialize, Serialize};

/// Both levels, their gap, and the gap over the control level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contrast {
    /// Level of the treated.
    pub treated: f64,
    /// Level of the controls, or what the treated would have had.
    pub control: f64,
    /// `treated − control`.
    pub difference: Estimate,
    /// `(treated − control) / control`; `None` where the control level is 0.
    pub relative: Option<Estimate>,
    /// Degrees of freedom of the Student interval, where there is one.
    pub degrees_of_freedom: Option<f64>,
}

/// Variance of `m1/m0 − 1` by the delta method: `v1/m0² + m1²·v0/m0⁴ − 2·m1·c/m0³`.
///
/// `v1`, `v0` are variances of the two levels, `c` their covariance (0 for separate arms). `None` when `m0` is 0.
pub fn relative_variance(m1: f64, v1: f64, m0: f64, v0: f64, c: f64) -> Option<f64> {
    let v = v1 / (m0 * m0) + m1 * m1 * v0 / m0.powi(4) - 2.0 * m1 * c / m0.powi(3);
    (m0 != 0.0 && v.is_finite()).then_some(v.max(0.0))
}

/// Relative lift with a normal interval; `None` over a zero level.
pub fn relative_normal(m1: f64, v1: f64, m0: f64, v0: f64, c: f64) -> Option<Estimate> {
    relative_variance(m1, v1, m0, v0, c).map(|v| Estimate::normal((m1 - m0) / m0, v.sqrt()))
}

/// Welch's difference of means with Student's interval; the relative lift has the same degrees of freedom.
pub fn welch(treated: &Arm, control: &Arm) -> Result<Contrast, StatsError> {
    let (v1, v0) = (treated.variance_of_mean(), control.variance_of_mean());
    let df = welch_degrees(treated, control).ok_or(StatsError::NoVariance {
        what: "the outcome in both arms".into(),
    })?;
    let value = finite(treated.mean - control.mean, "difference of means")?;
    let relative = relative_variance(treated.mean, v1, control.mean, v0, 0.0)
        .map(|v| Estimate::student(value / control.mean, v.sqrt(), df));
    Ok(Contrast {
        treated: treated.mean,
        control: control.mean,
        difference: Estimate::student(value, (v1 + v0).sqrt(), df),
        relative,
        degrees_of_freedom: Some(df),
    })
}

/// Welch–Satterthwaite degrees of freedom; `None` when neither arm varies.
pub fn welch_degrees(treated: &Arm, control: &Arm) -> Option<f64> {
    let (v1, v0) = (treated.variance_of_mean(), control.variance_of_mean());
    let bottom = v1 * v1 / (treated.n - 1) as f64 + v0 * v0 / (control.n - 1) as f64;
    let df = (v1 + v0) * (v1 + v0) / bottom;
    df.is_finite().then_some(df)
}

/// Difference of row means when rows come in units (customers, accounts): sums per unit are all it needs.
///
/// Mergeable: per arm, moments of (rows, total) over units. A unit must lie whole in one shard and one arm; units with rows
/// in both arms go through [`clustered_rows`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClusteredDifference {
    treated: Moments,
    control: Moments,
}

impl Default for ClusteredDifference {
    fn default() -> Self {
        Self {
            treated: Moments::new(2),
            control: Moments::new(2),
        }
    }
}

impl ClusteredDifference {
    /// One unit: how many rows it has and what they add up to.
    pub fn update(&mut self, treated: bool, rows: f64, total: f64) {
        let side = if treated {
            &mut self.treated
        } else {
            &mut self.control
        };
        side.update(&[rows, total]);
    }

    /// Joins another shard's units.
    pub fn merge(&mut self, other: &Self) {
        self.treated.merge(&other.treated);
        self.control.merge(&other.control);
    }

    /// Difference of row means; standard error of OLS on the arm, clustered by unit.
    pub fn finish(&self) -> Result<Contrast, StatsError> {
        let units = self.treated.n() + self.control.n();
        let (m1, s1, n1) = mean_and_spread(&self.treated, "treated arm")?;
        let (m0, s0, n0) = mean_and_spread(&self.control, "control arm")?;
        let n = n1 + n0;
        if units < 3 || n <= 2.0 {
            return Err(StatsError::too_few("clustered difference", units, 3));
        }
        let factor = units as f64 / (units - 1) as f64 * (n - 1.0) / (n - 2.0);
        Ok(contrast(
            m1,
            factor * s1 / (n1 * n1),
            m0,
            factor * s0 / (n0 * n0),
            0.0,
        ))
    }
}

/// Mean over rows, `Σ_units (total − mean·rows)²`, rows.
fn mean_and_spread(m: &Moments, arm: &str) -> Result<(f64, f64, f64), StatsError> {
    let (Some(rows), Some(total)) = (m.mean(0), m.mean(1)) else {
        return Err(StatsError::empty(arm));
    };
    let n = rows * m.n() as f64;
    let mean = finite(total / rows, arm)?;
    // The residual sums to 0 over units, so the centred form is exact.
    let spread = m.cross(1, 1) - 2.0 * mean * m.cross(0, 1) + mean * mean * m.cross(0, 0);
    Ok((mean, spread.max(0.0), n))
}

fn contrast(m1: f64, v1: f64, m0: f64, v0: f64, c: f64) -> Contrast {
    Contrast {
        treated: m1,
        control: m0,
        difference: Estimate::normal(m1 - m0, (v1 + v0 - 2.0 * c).max(0.0).sqrt()),
        relative: relative_normal(m1, v1, m0, v0, c),
        degrees_of_freedom: None,
    }
}

/// The clustered difference from rows, units in any order, a unit's rows in either arm (members who joined half-way).
///
/// `units` names the unit of each row by number.
pub fn clustered_rows(
    outcome: &[f64],
    treated: &[bool],
    units: &[usize],
) -> Result<Contrast, StatsError> {
    crate::error::all_finite(outcome, "outcome")?;
    let count = units.iter().max().map_or(0, |m| m + 1);
    let n = [false, true].map(|arm| treated.iter().filter(|&&t| t == arm).count() as f64);
    if n[1] == 0.0 {
        return Err(StatsError::empty("treated arm"));
    }
    if n[0] == 0.0 {
        return Err(StatsError::empty("control arm"));
    }
    let mut sum = [0.0; 2];
    for (y, &t) in outcome.iter().zip(treated) {
        sum[usize::from(t)] += y;
    }
    let mean = [sum[0] / n[0], sum[1] / n[1]];
    let mut score = vec![[0.0; 2]; count];
    let mut seen = vec![false; count];
    for ((y, &t), &u) in outcome.iter().zip(treated).zip(units) {
        let a = usize::from(t);
        score[u][a] += y - mean[a];
        seen[u] = true;
    }
    let g = seen.iter().filter(|&&s| s).count() as f64;
    let rows = outcome.len() as f64;
    if g < 2.0 || rows <= 2.0 {
        return Err(StatsError::too_few("clustered difference", g as u64, 2));
    }
    let factor = g / (g - 1.0) * (rows - 1.0) / (rows - 2.0);
    let mut of_arm = [vec![false; count], vec![false; count]];
    for (&t, &u) in treated.iter().zip(units) {
        of_arm[usize::from(t)][u] = true;
    }
    // The residuals of an arm sum to 0: of one unit they say nothing about units.
    if of_arm
        .iter()
        .any(|seen| seen.iter().filter(|seen| **seen).count() < 2)
    {
        let gap = mean[1] - mean[0];
        return Ok(Contrast {
            treated: mean[1],
            control: mean[0],
            difference: Estimate::bare(gap),
            relative: (mean[0] != 0.0).then(|| Estimate::bare(gap / mean[0])),
            degrees_of_freedom: None,
        });
    }
    let (mut v1, mut v0, mut c) = (0.0, 0.0, 0.0);
    for s in &score {
        v1 += s[1] * s[1];
        v0 += s[0] * s[0];
        c += s[1] * s[0];
    }
    Ok(contrast(
        mean[1],
        factor * v1 / (n[1] * n[1]),
        mean[0],
        factor * v0 / (n[0] * n[0]),
        factor * c / (n[1] * n[0]),
    ))
}

/// Complier effect of a randomised offer: intention-to-treat over the difference in uptake (Wald; 2SLS without covariates).
///
/// Standard error from the residual `y − effect·uptake`, arms unequal, divisor `n − 1` per arm.
/// `arms` are moments of (outcome, uptake) of the invited and of the held out.
pub fn complier_effect(invited: &Moments, held_out: &Moments) -> Result<Estimate, StatsError> {
    let both = |m: &Moments, arm: &str| match (m.mean(0), m.mean(1), m.covariance(0, 1)) {
        (Some(y), Some(d), Some(c)) => Ok((
            y,
            d,
            m.cross(0, 0) / (m.n() - 1) as f64,
            m.cross(1, 1) / (m.n() - 1) as f64,
            c,
        )),
        _ => Err(StatsError::too_few(arm, m.n(), 2)),
    };
    let (y1, d1, vy1, vd1, c1) = both(invited, "invited arm")?;
    let (y0, d0, vy0, vd0, c0) = both(held_out, "held-out arm")?;
    let uptake = d1 - d0;
    if uptake == 0.0 {
        return Err(StatsError::ZeroBaseline {
            what: "the difference in uptake".into(),
        });
    }
    let effect = (y1 - y0) / uptake;
    let residual = |vy: f64, vd: f64, c: f64, n: u64| {
        (vy - 2.0 * effect * c + effect * effect * vd) / n as f64
    };
    let v = residual(vy1, vd1, c1, invited.n()) + residual(vy0, vd0, c0, held_out.n());
    Estimate::checked(effect, v.max(0.0).sqrt() / uptake.abs(), "complier effect")
}
