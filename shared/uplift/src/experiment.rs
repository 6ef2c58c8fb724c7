//! Randomised invitations: grade A.

use levier_domain::table::Status;
use levier_stats::difference::{complier_effect, welch};
use levier_stats::gates;
use levier_stats::srm::sample_ratio;
use serde_json::json;

use crate::accumulator::Partial;
use crate::gate::Check;
use crate::kpi::Kpi;
use crate::plan::{Group, Plan};
use crate::rung::Rung;

/// Intention to treat and the effect on those who joined because they were invited.
pub(crate) fn experiment(plan: &Plan, partial: &Partial, kpi: &Kpi) -> Vec<Rung> {
    let arm = |invited: bool| partial.drawn.get(&(invited, kpi.series));
    let (Some(invited), Some(held_out)) = (arm(true), arm(false)) else {
        return Vec::new();
    };
    let (n1, n0) = (invited.n(), held_out.n());
    let assigned = |group: Group| {
        plan.assignments
            .values()
            .filter(|(drawn, _)| *drawn == group)
            .count() as f64
    };
    // Against the planned share where it is known, else against what was assigned: a loss on one side breaks the draw.
    let weights = match plan.invited_share {
        Some(share) => [share, 1.0 - share],
        None => [assigned(Group::Invited), assigned(Group::HeldOut)],
    };
    let mut checks = vec![Check::new(
        "size",
        &gates::size(n1, n0),
        ">= 100 on either side",
    )];
    let ratio = sample_ratio(&[n1, n0], &weights).map_or_else(
        |_| gates::unknown(gates::Gate::SampleRatio, 0.001),
        |(_, p)| gates::sample_ratio(p),
    );
    checks.push(Check::new("sample_ratio", &ratio, "p >= 0.001"));
    let base = || Rung {
        kpi: kpi.id.to_owned(),
        unit: kpi.unit(plan),
        grade: "A",
        members: n1,
        non_members: n0,
        checks: checks.clone(),
        ..Rung::default()
    };
    let mut itt = Rung {
        method: "itt",
        ..base()
    };
    match invited
        .finish(0)
        .and_then(|a| held_out.finish(0).and_then(|b| welch(&a, &b)))
    {
        Ok(contrast) => {
            itt.estimate = Some(contrast.difference);
            itt.relative = contrast.relative;
            itt.member_level = Some(contrast.treated);
            itt.non_member_level = Some(contrast.control);
            itt.counterfactual = Some(contrast.control);
        }
        Err(error) => itt.failure = Some((Status::CannotSay, crate::gate::failure(&error))),
    }
    let mut cace = Rung {
        method: "cace",
        ..base()
    };
    match complier_effect(invited, held_out) {
        Ok(effect) => {
            cace.estimate = Some(effect);
            let uptake = invited.mean(1).unwrap_or(0.0) - held_out.mean(1).unwrap_or(0.0);
            cace.extra.push(("uptake", json!(uptake)));
        }
        Err(error) => cace.failure = Some((Status::CannotSay, crate::gate::failure(&error))),
    }
    vec![itt, cace]
}
