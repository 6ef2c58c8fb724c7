//! By how much the score moved in thirty days, and what moved it.
//!
//! Two scores that are made of different components are two indices, whose difference says nothing. Both days are therefore
//! scored again on the components that are measured and told on both: `change = score(now) − score(before)` over these. If they
//! hold less than 70 % of the weight, nothing can be said; what is left out is named.

use levier_domain::config::HealthWeights;
use levier_domain::table::{Row, Status};

use crate::health::{Measured, NEEDED, Score, combine, ninety};
use crate::health_parts::Component;

/// Said where the scores have too little in common.
const DIFFERENT: &str = "less than 70 % of the weight is told on both days";

/// Both days, scored on what they have in common.
pub(crate) struct Compared {
    now: Score,
    before: Score,
    /// Components of one day alone.
    left_out: Vec<Component>,
}

/// The components of the one that the other has too.
fn shared(one: &[Measured], other: &[Measured]) -> Vec<Measured> {
    let has = |wanted: &&Measured| other.iter().any(|c| c.component == wanted.component);
    one.iter().filter(has).copied().collect()
}

/// Scores both days on what they have in common; `None` where that is nothing.
pub(crate) fn compare(
    now: &[Measured],
    before: &[Measured],
    weights: &HealthWeights,
) -> Option<Compared> {
    let (here, there) = (shared(now, before), shared(before, now));
    let alone = |c: &&Measured| !here.iter().any(|h| h.component == c.component);
    let mut left_out: Vec<Component> = now
        .iter()
        .chain(before)
        .filter(alone)
        .map(|c| c.component)
        .collect();
    left_out.sort_unstable();
    Some(Compared {
        now: combine(here, weights)?,
        before: combine(there, weights)?,
        left_out,
    })
}

impl Compared {
    /// Points that the score rose by.
    pub fn difference(&self) -> f64 {
        self.now.value - self.before.value
    }

    /// The rows of the change: the score's first, then those of its components, whose points add up to it.
    pub fn rows(&self, replicates: Vec<f64>, row: impl Fn(Status, &str) -> Row) -> Vec<Row> {
        let mut said: Vec<String> = self
            .left_out
            .iter()
            .map(|component| {
                format!(
                    "{} is not compared: it is not told on both days",
                    component.name()
                )
            })
            .collect();
        if self.now.coverage < NEEDED {
            said.insert(0, DIFFERENT.to_owned());
            let mut top = row(Status::CannotSay, "score");
            top.unit = Some("points".to_owned());
            top.reason = Some(said.join("; "));
            return vec![top];
        }
        let interval = ninety(replicates);
        let announced = interval.is_some_and(|(lower, upper)| lower > 0.0 || upper < 0.0);
        if !announced {
            said.insert(
                0,
                "the interval of the difference holds 0: not announced".to_owned(),
            );
        }
        let mut top = row(Status::Ok, "score");
        top.value = Some(self.difference());
        top.lower = interval.map(|i| i.0);
        top.upper = interval.map(|i| i.1);
        top.unit = Some("points".to_owned());
        top.reason = (!said.is_empty()).then(|| said.join("; "));
        let mut rows = vec![
            top.with("announced", announced)
                .with("before", self.before.value)
                .with("now", self.now.value)
                .with("coverage", self.now.coverage),
        ];
        // Logarithms add up exactly; times the logarithmic mean of both scores, so do points.
        let logs = (self.now.value / self.before.value).ln();
        let mean = if logs.abs() < 1e-12 {
            self.now.value
        } else {
            self.difference() / logs
        };
        let total: f64 = self.now.components.iter().map(|c| c.weight).sum();
        // Both lists are in the order of the components.
        for (now, before) in self.now.components.iter().zip(&self.before.components) {
            let log = (now.contribution() - before.contribution()) / total;
            let mut row = row(Status::Ok, now.component.name());
            row.value = Some(log);
            row.unit = Some("log points".to_owned());
            rows.push(row.with("points", mean * log));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(component: Component) -> Measured {
        Measured {
            component,
            raw: 0.3,
            normalised: 0.3,
            weight: 0.2,
        }
    }

    #[test]
    fn too_little_in_common_says_nothing() {
        let weights = HealthWeights {
            responsiveness: 0.2,
            newcomer_retention: 0.2,
            stickiness: 0.2,
            reciprocity: 0.2,
            spread: 0.2,
            growth: 0.0,
            sentiment: 0.0,
        };
        let all: Vec<Measured> = Component::ALL[..5].iter().copied().map(measured).collect();
        let rows = |now: &[Measured], before: &[Measured]| {
            let compared = compare(now, before, &weights);
            compared.map_or_else(Vec::new, |compared| {
                compared.rows(vec![0.0; 20], |status, _| Row::new(status))
            })
        };
        // Four of five each, three in common: 60 %.
        let few = rows(&all[..4], &[&all[..3], &all[4..]].concat());
        assert_eq!(
            (few.len(), few[0].status, few[0].value),
            (1, Status::CannotSay, None)
        );
        let reason = few[0].reason.clone().unwrap_or_default();
        assert!(
            reason.starts_with(DIFFERENT)
                && reason.contains("reciprocity is not compared")
                && reason.contains("spread is not compared"),
            "{reason}"
        );
        let enough = rows(&all, &all[..4]);
        assert_eq!((enough.len(), enough[0].status), (5, Status::Ok));
        assert!(rows(&all[..2], &all[2..]).is_empty(), "nothing in common");
    }
}
