//! Gates as they are published: what was checked, what was measured, what is needed, and what they do to a rung.

use levier_stats::gates::{Finding, Verdict};
use levier_stats::{Estimate, StatsError};
use serde_json::{Value as Json, json};

/// One check of one rung.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub gate: &'static str,
    pub verdict: Verdict,
    pub measured: Option<f64>,
    pub needed: String,
}

impl Check {
    pub(crate) fn new(gate: &'static str, finding: &Finding, needed: impl Into<String>) -> Self {
        Self {
            gate,
            verdict: finding.verdict,
            measured: finding.measured,
            needed: needed.into(),
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
    }
}

/// A jump in the month of joining that is gone in the next two (`after` is their mean) says that a purchase triggered the join. A
/// jump over what stays is an effect that is strongest at first: it warns.
pub(crate) fn join_month(spike: Option<&Estimate>, after: f64) -> Option<Check> {
    let spike = spike?;
    let z = spike.value / spike.standard_error?;
    Some(Check {
        gate: "join_month",
        verdict: match z {
            z if z > 2.576 && spike.value > after => Verdict::Block,
            z if z > 1.96 => Verdict::Warn,
            _ => Verdict::Pass,
        },
        measured: Some(spike.value),
        needed: "no jump in the month of joining alone".to_owned(),
    })
}

/// Do the rungs agree in sign? Where one says that there is an effect, its interval leaving 0 out, and another points the other
/// way, nothing can be said; where none says so, that they differ warns. Only adjusted rungs that pass their own gates speak. The
/// raw gap may point the other way, because of who joins (Simpson): that warns and never blocks.
pub(crate) fn agreement(adjusted: &[Estimate], raw: Option<&Estimate>) -> Check {
    let against = |sign: f64| {
        adjusted
            .iter()
            .any(|e| e.excludes_zero() && e.value * sign > 0.0)
            && adjusted.iter().any(|e| e.value * sign < 0.0)
    };
    let all: Vec<&Estimate> = adjusted.iter().chain(raw).collect();
    let up = all.iter().filter(|e| e.value > 0.0).count();
    let down = all.iter().filter(|e| e.value < 0.0).count();
    Check {
        gate: "sign_agreement",
        verdict: if against(1.0) || against(-1.0) {
            Verdict::Block
        } else if up > 0 && down > 0 {
            Verdict::Warn
        } else {
            Verdict::Pass
        },
        measured: Some(up.max(down) as f64),
        needed: format!("{} of {} methods with the same sign", all.len(), all.len()),
    }
}

/// Why a comparison has no figure, for a reader who does not code arms.
pub(crate) fn failure(error: &StatsError) -> String {
    match error {
        StatsError::EmptyArm { .. } => "nobody on one side: it takes 30 customers who joined two months or more after their first purchase, and 30 who have not joined".to_owned(),
        other => other.to_string(),
    }
}
