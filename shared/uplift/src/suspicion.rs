//! Signs that no method over the same data can mend: survivors only, and trends that depend on the level.

use levier_stats::did::shards::PanelMoments;
use levier_stats::gates::Verdict;

use crate::adjusted::form;
use crate::gate::Check;

/// Where members ought to have been lost and none were, those who left may have been deleted from the CRM with their orders:
/// what remains are survivors. `expected` is what the non-members' monthly risk would have taken from the members.
pub(crate) fn survivors(expected: f64, lost: u64) -> Option<Check> {
    (expected >= 10.0).then(|| {
        let share = lost as f64 / expected;
        Check {
            gate: "survivors",
            verdict: if share < 0.2 { Verdict::Block } else { Verdict::Pass },
            measured: Some(share),
            needed: ">= 0.2 of the losses expected among members: check that former customers were not deleted".to_owned(),
        }
    })
}

/// Do good customers drift away from poor ones even when nobody joins? Then so would members, who were better before.
///
/// Among the never-joined of the opening wave: the change between a middle and a late span, regressed on the level in an early
/// span of other months, so that regression to the mean plays no part. A price rise gives a positive slope. The slope, freed
/// from the noise of the early level, times the members' lead gives the bias; `measured` is that bias in units of the KPI.
pub(crate) fn trend_by_level(panel: &PanelMoments, standard_error: Option<f64>) -> Option<Check> {
    let never = &panel
        .blocks()
        .iter()
        .find(|block| block.first_treated.is_none())?
        .moments;
    let length = panel.times().len();
    let early = length / 4;
    if never.n() < 50 || early < 2 {
        return None;
    }
    let span = |from: usize, until: usize, weight: f64| -> Vec<f64> {
        (0..length)
            .map(|at| {
                if at >= from && at < until {
                    weight / (until - from) as f64
                } else {
                    0.0
                }
            })
            .collect()
    };
    let level = span(0, early, 1.0);
    let later = span(early, length, 1.0);
    let spread = form(never, &level, &level);
    let signal = form(never, &level, &later);
    if spread <= 0.0 || signal <= 0.0 {
        return None;
    }
    let mean = |moments: &levier_stats::moments::Moments| {
        (0..early).filter_map(|at| moments.mean(at)).sum::<f64>() / early as f64
    };
    let (mut lead, mut members) = (0.0, 0.0);
    for block in panel.blocks().iter().filter(|block| {
        block
            .first_treated
            .is_some_and(|joined| joined >= panel.times()[early])
    }) {
        let n = block.moments.n() as f64;
        members += n;
        lead += n * (mean(&block.moments) - mean(never));
    }
    if members <= 0.0 {
        return None;
    }
    let rest = length - early;
    let (mut worst, mut bias) = (0.0_f64, 0.0);
    for cut in [early + rest / 3, early + rest / 2, early + rest * 2 / 3] {
        let change: Vec<f64> = span(cut, length, 1.0)
            .iter()
            .zip(span(early, cut, 1.0))
            .map(|(late, middle)| late - middle)
            .collect();
        let joint = form(never, &level, &change);
        let residual =
            (form(never, &change, &change) - joint * joint / spread) / (never.n() - 2) as f64;
        let z = joint / (residual.max(f64::MIN_POSITIVE) * spread).sqrt();
        if z.abs() > worst.abs() {
            (worst, bias) = (z, joint / signal * lead / members);
        }
    }
    // Three looks, and good customers vary more than poor ones: 3.6 keeps false alarms rare. Whoever was lost early has both a
    // low early level and nothing left to lose, which alone makes the slope negative: there only a glaring one counts.
    let doubtful = !(-6.0..=3.6).contains(&worst);
    let matters = standard_error.is_none_or(|error| bias.abs() > 0.5 * error);
    Some(Check {
        gate: "trend_by_level",
        verdict: match (doubtful, matters) {
            (true, true) => Verdict::Block,
            (true, false) => Verdict::Warn,
            (false, _) => Verdict::Pass,
        },
        measured: Some(bias),
        needed: "good and poor customers who never joined develop alike (as they do not after a price rise)".to_owned(),
    })
}
