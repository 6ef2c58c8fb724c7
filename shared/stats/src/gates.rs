//! The gates between a number and the words around it: pure thresholds, each with what was measured and what would suffice.
//!
//! A gate never changes an estimate; it decides what may be said of it. Thresholds are those of the statistics document's
//! gate table.

use crate::estimate::Estimate;
use serde::{Deserialize, Serialize};

/// What a gate allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Nothing to object.
    Pass,
    /// May be said, with the warning beside it.
    Warn,
    /// The causal wording may not be used.
    Block,
}

/// Which check it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Units per arm.
    Size,
    /// Events per arm.
    Events,
    /// Joiners in a cohort × period cell.
    Cell,
    /// Units in a published cell.
    Privacy,
    /// Largest absolute standardised mean difference after adjustment.
    Balance,
    /// Share of the treated off support.
    Overlap,
    /// Effective sample size of the controls.
    EffectiveControls,
    /// Largest single weight.
    LargestWeight,
    /// Trends before treatment.
    PreTrend,
    /// Sample size beside skewness.
    Skew,
    /// "Effect" on the outcome before joining.
    Placebo,
    /// Arms of a randomised experiment in the planned proportion.
    SampleRatio,
}

/// One gate's finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The check.
    pub gate: Gate,
    /// What it allows.
    pub verdict: Verdict,
    /// What was measured; `None` when it could not be, which never passes.
    pub measured: Option<f64>,
    /// The bound for a pass.
    pub passes_at: f64,
    /// How many units (or events) would pass, where that is the remedy.
    pub suffices: Option<u64>,
}

fn finding(
    gate: Gate,
    verdict: Verdict,
    measured: f64,
    passes_at: f64,
    suffices: Option<u64>,
) -> Finding {
    if measured.is_finite() {
        Finding {
            gate,
            verdict,
            measured: Some(measured),
            passes_at,
            suffices: suffices.filter(|_| verdict != Verdict::Pass),
        }
    } else {
        unknown(gate, passes_at)
    }
}

/// A check that could not be made blocks: unknown is not a pass.
pub fn unknown(gate: Gate, passes_at: f64) -> Finding {
    Finding {
        gate,
        verdict: Verdict::Block,
        measured: None,
        passes_at,
        suffices: None,
    }
}

fn at_least(gate: Gate, measured: u64, pass: u64, block_below: u64) -> Finding {
    let verdict = if measured >= pass {
        Verdict::Pass
    } else if measured >= block_below {
        Verdict::Warn
    } else {
        Verdict::Block
    };
    finding(gate, verdict, measured as f64, pass as f64, Some(pass))
}

fn at_most(gate: Gate, measured: f64, pass_below: f64, block_above: f64) -> Finding {
    let verdict = if measured < pass_below {
        Verdict::Pass
    } else if measured <= block_above {
        Verdict::Warn
    } else {
        Verdict::Block
    };
    finding(gate, verdict, measured, pass_below, None)
}

/// Units in the smaller arm: 100 pass, under 30 block.
pub fn size(treated: u64, control: u64) -> Finding {
    at_least(Gate::Size, treated.min(control), 100, 30)
}

/// Events in the arm with fewer: 20 pass, under 10 block.
pub fn events(treated: u64, control: u64) -> Finding {
    at_least(Gate::Events, treated.min(control), 20, 10)
}

/// Joiners in a cohort cell: 20 pass, 5 to 20 are pooled (warn), fewer are hidden (block).
pub fn cell(joiners: u64) -> Finding {
    at_least(Gate::Cell, joiners, 20, 5)
}

/// Units in a published cell against the workspace's `min_cell` (10 by default): there is no warning in between.
pub fn privacy(units: u64, min_cell: u64) -> Finding {
    at_least(Gate::Privacy, units, min_cell, min_cell)
}

/// Largest |standardised mean difference| after adjustment: under 0.10 passes, over 0.25 blocks.
pub fn balance(largest_absolute: f64) -> Finding {
    at_most(Gate::Balance, largest_absolute.abs(), 0.10, 0.25)
}

/// Share of the treated off support: under 5 % passes, over 20 % blocks.
pub fn overlap(share_off_support: f64) -> Finding {
    at_most(Gate::Overlap, share_off_support, 0.05, 0.20)
}

/// Effective sample size of the controls: fewer than the treated blocks.
pub fn effective_controls(effective: f64, treated: u64) -> Finding {
    let verdict = if effective >= treated as f64 {
        Verdict::Pass
    } else {
        Verdict::Block
    };
    finding(
        Gate::EffectiveControls,
        verdict,
        effective,
        treated as f64,
        Some(treated),
    )
}

/// Largest share of weight on one control: under 5 % passes, over 10 % blocks.
pub fn largest_weight(share: f64) -> Finding {
    at_most(Gate::LargestWeight, share, 0.05, 0.10)
}

/// Effects before treatment against the simultaneous band: none outside passes, one warns, more are a drift and block.
///
/// `measured` is the number of crossings. Passing does not prove parallel trends: print the drift it could have seen.
pub fn pre_trend(before: &[Estimate], sup_t_critical: f64) -> Finding {
    let known: Vec<f64> = before
        .iter()
        .filter_map(|e| e.standard_error.map(|s| (e.value / s).abs()))
        .filter(|t| t.is_finite())
        .collect();
    if known.is_empty() || !sup_t_critical.is_finite() {
        return unknown(Gate::PreTrend, 0.0);
    }
    let crossings = known.iter().filter(|t| **t > sup_t_critical).count();
    let verdict = match crossings {
        0 => Verdict::Pass,
        1 => Verdict::Warn,
        _ => Verdict::Block,
    };
    finding(Gate::PreTrend, verdict, crossings as f64, 0.0, None)
}

/// Sample against skewness: `n ≥ 355·skew²` passes (Kohavi), else winsorise and show both.
pub fn skew(n: u64, skewness: f64) -> Finding {
    let needed = 355.0 * skewness * skewness;
    let verdict = if n as f64 >= needed {
        Verdict::Pass
    } else {
        Verdict::Warn
    };
    let suffices = needed.is_finite().then_some(needed.ceil() as u64);
    let mut found = finding(Gate::Skew, verdict, n as f64, needed, suffices);
    if !needed.is_finite() {
        found = unknown(Gate::Skew, 0.0);
    }
    found
}

/// The "effect" before joining: an interval that leaves 0 out blocks; an unknown interval blocks too.
pub fn placebo(before_joining: &Estimate) -> Finding {
    match (before_joining.lower, before_joining.upper) {
        (Some(_), Some(_)) => {
            let verdict = if before_joining.excludes_zero() {
                Verdict::Block
            } else {
                Verdict::Pass
            };
            finding(Gate::Placebo, verdict, before_joining.value, 0.0, None)
        }
        _ => unknown(Gate::Placebo, 0.0),
    }
}

/// Sample-ratio check of a randomised experiment: p under 0.001 blocks.
pub fn sample_ratio(p_value: f64) -> Finding {
    let verdict = if p_value < 0.001 {
        Verdict::Block
    } else {
        Verdict::Pass
    };
    finding(Gate::SampleRatio, verdict, p_value, 0.001, None)
}

/// The strictest verdict; with no findings at all nothing is known, which blocks.
pub fn worst(findings: &[Finding]) -> Verdict {
    findings
        .iter()
        .map(|f| f.verdict)
        .max()
        .unwrap_or(Verdict::Block)
}
