//! One rung of the ladder and the row that it becomes.

use levier_domain::table::{Row, Status};
use levier_stats::Estimate;
use levier_stats::evalue::{e_value, risk_ratio_from_difference};
use levier_stats::gates::Verdict;
use levier_stats::power::sample_for_half_width;
use serde_json::{Value as Json, json};

use crate::gate::Check;
use crate::plan::{Plan, Slice};
use crate::remedy::remedy;

/// Why a small cell is withheld, in the words that pages know.
pub(crate) const TOO_FEW: &str = "fewer people than min_cell, here or in what could be subtracted";

/// Share of false ones among the effects that are called established.
const FALSE_DISCOVERIES: f64 = 0.05;

/// KPI, method, months since joining and month of joining of a rung.
pub(crate) type Place = (String, &'static str, Option<String>, Option<String>);

/// One method's answer to one question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rung {
    pub kpi: String,
    pub method: &'static str,
    /// Months since joining that the rung is about; all of them when absent.
    pub tenure_band: Option<String>,
    /// Month of joining that the rung is about; all of them when absent.
    pub cohort: Option<String>,
    /// The grade if no gate blocks.
    pub grade: &'static str,
    pub unit: String,
    pub estimate: Option<Estimate>,
    pub relative: Option<Estimate>,
    pub member_level: Option<f64>,
    pub non_member_level: Option<f64>,
    pub counterfactual: Option<f64>,
    pub members: u64,
    pub non_members: u64,
    pub events: Option<[u64; 2]>,
    pub checks: Vec<Check>,
    pub placebo: Option<Estimate>,
    pub breakdown: Option<f64>,
    pub e_value: Option<f64>,
    pub winsorised: Option<Estimate>,
    /// What qualifies the figure.
    pub note: Option<String>,
    /// Why there is no figure, with its status.
    pub failure: Option<(Status, String)>,
    pub headline: bool,
    pub q_value: Option<f64>,
    pub extra: Vec<(&'static str, Json)>,
}

impl Rung {
    pub(crate) fn verdict(&self) -> Verdict {
        self.checks
            .iter()
            .map(|check| check.verdict)
            .max()
            .unwrap_or(Verdict::Pass)
    }

    /// Whether the figure may be said.
    pub(crate) fn stands(&self) -> bool {
        self.failure.is_none() && self.estimate.is_some() && self.verdict() != Verdict::Block
    }

    /// What the rung is about, the same in every slice.
    pub(crate) fn place(&self) -> Place {
        (
            self.kpi.clone(),
            self.method,
            self.tenure_band.clone(),
            self.cohort.clone(),
        )
    }

    /// Whether its row says how many it is about.
    pub(crate) fn is_counted(&self, plan: &Plan) -> bool {
        self.failure.is_none() && self.estimate.is_some() && !self.is_suppressed(plan)
    }

    pub(crate) fn is_suppressed(&self, plan: &Plan) -> bool {
        (self.members > 0 && self.members < plan.min_cell)
            || (self.non_members > 0 && self.non_members < plan.min_cell)
    }

    /// Relative lift of an effect with the level it is relative to taken as known.
    pub(crate) fn relative_to(estimate: &Estimate, level: f64) -> Option<Estimate> {
        (level > 0.0).then(|| estimate.scaled(1.0 / level))
    }

    /// E-value of an effect on a mean, over the standard deviation between customers.
    pub(crate) fn e_value_of(estimate: &Estimate, deviation: Option<f64>) -> Option<f64> {
        let ratio = risk_ratio_from_difference(estimate.value, deviation?).ok()?;
        e_value(ratio).ok()
    }

    /// The row of the table `uplift`.
    pub(crate) fn row(&self, plan: &Plan, slice: &Slice, hidden: bool) -> Row {
        let mut row = Row::new(Status::Ok);
        row.as_of = Some(plan.as_of);
        row.period = Some("all".to_owned());
        row.community = Some(slice.community().to_owned());
        row.segment = Some(slice.segment().to_owned());
        row.kpi = Some(self.kpi.clone());
        row.unit = Some(self.unit.clone());
        row = row
            .with("method", self.method)
            .with("headline", self.headline)
            .with("cohort", self.cohort.as_deref().unwrap_or("all"))
            .with("tenure_band", self.tenure_band.as_deref().unwrap_or("all"))
            .with("platform", slice.platform())
            .with(
                "window",
                format!("{}/{}", plan.first_month(), plan.last_month()),
            );
        if hidden || self.is_suppressed(plan) {
            row.status = Status::Suppressed;
            row.reason = Some(TOO_FEW.to_owned());
            return row.with("grade", "none").with("verdict", "cannot_say");
        }
        if let Some((status, why)) = &self.failure {
            row.status = *status;
            row.reason = Some(why.clone());
            row = row
                .with("grade", "none")
                .with("verdict", "cannot_say")
                .with("gates", self.gates());
            return self.suffices(row);
        }
        let Some(estimate) = self.estimate else {
            row.status = Status::CannotSay;
            row.reason = Some("no estimate".to_owned());
            return row.with("grade", "none").with("verdict", "cannot_say");
        };
        row.n = Some(self.members + self.non_members);
        let stands = self.stands();
        if stands {
            (row.value, row.lower, row.upper) =
                (Some(estimate.value), estimate.lower, estimate.upper);
            row.reason.clone_from(&self.note);
        } else {
            row.status = Status::CannotSay;
            let blocking: Vec<String> = self
                .checks
                .iter()
                .filter(|check| check.verdict == Verdict::Block)
                .map(Check::sentence)
                .collect();
            row.reason = Some(blocking.join("; "));
            // Kept for whoever checks the gate; no euro rests on it.
            row = row
                .with("blocked_value", estimate.value)
                .with("blocked_lower", estimate.lower)
                .with("blocked_upper", estimate.upper);
        }
        // One question of many is established only where it is among those of which one in twenty is false.
        let found = estimate.excludes_zero() && self.q_value.is_none_or(|q| q <= FALSE_DISCOVERIES);
        let verdict = match (stands, self.grade, found) {
            (false, ..) => "cannot_say",
            (true, "D", _) | (true, _, false) => "not_established",
            (true, _, true) => "established",
        };
        let end =
            |e: &Option<Estimate>, pick: fn(&Estimate) -> Option<f64>| e.as_ref().and_then(pick);
        row = row
            .with("grade", if stands { self.grade } else { "none" })
            .with("verdict", verdict)
            .with("relative", end(&self.relative, |e| Some(e.value)))
            .with("relative_lower", end(&self.relative, |e| e.lower))
            .with("relative_upper", end(&self.relative, |e| e.upper))
            .with("member_level", self.member_level)
            .with("non_member_level", self.non_member_level)
            .with("counterfactual_level", self.counterfactual)
            .with("n_members", self.members)
            .with("n_non_members", self.non_members)
            .with("events_members", self.events.map(|e| e[0]))
            .with("events_non_members", self.events.map(|e| e[1]))
            .with("standard_error", estimate.standard_error)
            .with("p_value", estimate.p_value)
            .with("q_value", self.q_value)
            .with("gates", self.gates())
            .with("placebo", end(&self.placebo, |e| Some(e.value)))
            .with("placebo_lower", end(&self.placebo, |e| e.lower))
            .with("placebo_upper", end(&self.placebo, |e| e.upper))
            .with("e_value", self.e_value)
            .with("breakdown", self.breakdown)
            .with("winsorised", end(&self.winsorised, |e| Some(e.value)))
            .with("winsorised_lower", end(&self.winsorised, |e| e.lower))
            .with("winsorised_upper", end(&self.winsorised, |e| e.upper));
        for (name, value) in &self.extra {
            row = row.with(name, value.clone());
        }
        self.suffices(row)
    }

    fn gates(&self) -> Json {
        Json::Array(self.checks.iter().map(Check::json).collect())
    }

    /// What would lift the gates that block; else the sample that would narrow the interval to half of the effect.
    fn suffices(&self, row: Row) -> Row {
        let customers = self.members + self.non_members;
        let found = remedy(&self.checks, customers);
        let by_width = self.estimate.filter(|e| !e.excludes_zero()).and_then(|e| {
            let half = e.upper? - e.value;
            sample_for_half_width(customers, half, e.value.abs())
        });
        let sample = match found.said {
            Some(_) => found.customers,
            None => by_width.filter(|_| self.failure.is_none()),
        };
        row.with("sample_that_would_suffice", json!(sample))
            .with("would_suffice", json!(found.said))
    }
}
