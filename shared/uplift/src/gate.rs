//! Gates as they are published: what was checked, what was measured, what is needed, and what they do to a rung.

use levier_stats::Estimate;
use levier_stats::gates::{Finding, Verdict};
use serde_json::{Value as Json, json};

/// One check of one rung.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub gate: &'static str,
    pub verdict: Verdict,
    pub measured: Option<f64>,
    pub needed: String,
    pub suffices: Option<u64>,
}

impl Check {
    pub(crate) fn new(gate: &'static str, finding: &Finding, needed: impl Into<String>) -> Self {
        Self {
            gate,
            verdict: finding.verdict,
            measured: finding.measured,
            needed: needed.into(),
            suffices: finding.suffices,
        }
    }

    pub(crate) fn json(&self) -> Json {
        let result = match self.verdict {
            Verdict::Pass => "pass",
            Verdict::Warn => "warn",
            Verdict::Block => "block",
        };
        json!({"gate": self.gate, "result": result, "measured": self.measured, "needed": self.needed})
    }

    /// `size: measured 24, needed >= 100`.
    pub(crate) fn sentence(&self) -> String {
        match self.measured {
            Some(measured) => format!(
                "{}: measured {}, needed {}",
                self.gate,
                short(measured),
                self.needed
            ),
            None => format!(
                "{}: could not be checked, needed {}",
                self.gate, self.needed
            ),
        }
    }
}

fn short(x: f64) -> String {
    if x.fract() == 0.0 {
        format!("{x:.0}")
    } else {
        format!("{x:.3}")
    }
}

/// Drift before joining: not told from none passes, under 1 % blocks. `measured` is the drift in units per month.
pub(crate) fn drift(drift: Option<&Estimate>) -> Check {
    let p = drift.and_then(|e| e.p_value);
    Check {
        gate: "trend_before",
        verdict: match p {
            Some(p) if p < 0.01 => Verdict::Block,
            Some(p) if p < 0.05 => Verdict::Warn,
            Some(_) => Verdict::Pass,
            None => Verdict::Warn,
        },
        measured: drift.map(|e| e.value),
        needed: "no steady drift before joining (p >= 0.05)".to_owned(),
        suffices: None,
    }
}

/// A jump in the month of joining that is gone in the next two says that a purchase triggered the join.
pub(crate) fn join_month(spike: Option<&Estimate>) -> Option<Check> {
    let spike = spike?;
    let z = spike.value / spike.standard_error?;
    Some(Check {
        gate: "join_month",
        verdict: match z {
            z if z > 2.576 => Verdict::Block,
            z if z > 1.96 => Verdict::Warn,
            _ => Verdict::Pass,
        },
        measured: Some(spike.value),
        needed: "no jump in the month of joining alone".to_owned(),
        suffices: None,
    })
}

/// Do the rungs agree in sign? Two adjusted rungs of opposite sign whose intervals both leave 0 out block; opposite point
/// estimates warn. The raw gap may point the other way, because of who joins: that warns and never blocks.
pub(crate) fn agreement(adjusted: &[Estimate], raw: Option<&Estimate>) -> Check {
    let established = |sign: f64| {
        adjusted
            .iter()
            .any(|e| e.excludes_zero() && e.value * sign > 0.0)
    };
    let all: Vec<&Estimate> = adjusted.iter().chain(raw).collect();
    let up = all.iter().filter(|e| e.value > 0.0).count();
    let down = all.iter().filter(|e| e.value < 0.0).count();
    Check {
        gate: "sign_agreement",
        verdict: if established(1.0) && established(-1.0) {
            Verdict::Block
        } else if up > 0 && down > 0 {
            Verdict::Warn
        } else {
            Verdict::Pass
        },
        measured: Some(up.max(down) as f64),
        needed: format!("{} of {} methods with the same sign", all.len(), all.len()),
        suffices: None,
    }
}
