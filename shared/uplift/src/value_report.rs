//! Lifetime value and kept revenue: what rests on more than one month at a time.

use levier_domain::table::Status;
use levier_stats::Estimate;
use levier_stats::gates::{self, Verdict};
use levier_stats::ratio::contrast;
use serde_json::json;

use crate::accumulator::Partial;
use crate::gate::Check;
use crate::lifetime::{DISCOUNT, HORIZON, SEEN};
use crate::plan::Plan;
use crate::report::absent;
use crate::rung::Rung;
use crate::staggered::Staggered;

const KPI: &str = "lifetime_value";

/// Raw, modelled like with like, and what was realised in the first months since joining.
pub(crate) fn lifetime(
    plan: &Plan,
    partial: &Partial,
    realised: Option<(&Rung, &Staggered)>,
) -> Vec<Rung> {
    let unit = format!("{}/customer", plan.currency);
    let Some(margin) = plan.margin else {
        return vec![absent(KPI, &unit, "needs: commerce.margin".to_owned())];
    };
    let contracts = plan.revenue_from == "subscriptions";
    let scale = margin / plan.minor_per_major;
    let model = |matched: bool| {
        let mut rung = Rung {
            kpi: KPI.to_owned(),
            unit: unit.clone(),
            method: match (matched, contracts) {
                (false, _) => "naive",
                (true, true) => "sbg",
                (true, false) => "bg_nbd_gamma_gamma",
            },
            grade: if matched { "C" } else { "D" },
            headline: matched,
            extra: vec![
                ("horizon_months", json!(HORIZON)),
                ("discount_a_year", json!(DISCOUNT)),
                ("margin", json!(margin)),
                ("months_seen", json!(SEEN)),
            ],
            ..Rung::default()
        };
        match partial.lifetime.finish(contracts, matched) {
            Ok(found) => {
                rung.estimate = Some(found.difference.scaled(scale));
                let (member, other) = (found.member * scale, found.other * scale);
                rung.member_level = Some(member);
                if matched {
                    rung.counterfactual = Some(other);
                } else {
                    rung.non_member_level = Some(other);
                }
                rung.relative = rung.estimate.and_then(|e| Rung::relative_to(&e, other));
                (rung.members, rung.non_members) = (found.members, found.others);
                let size = gates::size(found.members, found.others);
                rung.checks
                    .push(Check::new("size", &size, ">= 100 on either side"));
                rung.checks.extend(found.misfit.map(calibration));
            }
            Err(error) => rung.failure = Some((Status::CannotSay, crate::gate::failure(&error))),
        }
        rung
    };
    let mut rungs = vec![model(false), model(true)];
    if let Some((did, found)) = realised {
        for (months, sum) in &found.cumulative {
            rungs.push(Rung {
                kpi: KPI.to_owned(),
                unit: unit.clone(),
                method: if *months == 6 {
                    "realised_6_months"
                } else {
                    "realised_12_months"
                },
                grade: did.grade,
                estimate: Some(sum.scaled(margin)),
                members: found.members,
                non_members: found.controls,
                checks: did.checks.clone(),
                note: Some(format!(
                    "margin gained in the first {months} months since joining, not modelled"
                )),
                extra: vec![("horizon_months", json!(months)), ("margin", json!(margin))],
                ..Rung::default()
            });
        }
    }
    let level = |method: &str| {
        rungs
            .iter()
            .find(|rung| rung.method == method)
            .and_then(|rung| rung.non_member_level)
    };
    let raw_level = level("naive");
    let raw = rungs[0].estimate;
    let adjusted: Vec<Estimate> = rungs[1..].iter().filter_map(|rung| rung.estimate).collect();
    rungs[1].non_member_level = raw_level;
    if rungs[1].failure.is_none() {
        let agreement = crate::gate::agreement(&adjusted, raw.as_ref());
        rungs[1].checks.push(agreement);
    }
    rungs
}

/// Does the model of buying foresee as many purchases as were made?
fn calibration(misfit: f64) -> Check {
    Check {
        gate: "calibration",
        verdict: match misfit.abs() {
            off if off < 0.10 => Verdict::Pass,
            off if off <= 0.25 => Verdict::Warn,
            _ => Verdict::Block,
        },
        measured: Some(misfit),
        needed: "purchases foreseen within 10 % of those made".to_owned(),
    }
}

/// Recurring revenue now over that of a year ago, of those who paid then.
pub(crate) fn kept_revenue(partial: &Partial) -> Rung {
    const NRR: &str = "net_revenue_retention";
    let [others, members] = &partial.kept_revenue;
    if others.units() + members.units() == 0 {
        let why = "needs: subscriptions that ran a year before the end".to_owned();
        return Rung {
            method: "naive",
            ..absent(NRR, "share", why)
        };
    }
    let mut rung = Rung {
        kpi: NRR.to_owned(),
        method: "naive",
        grade: "D",
        unit: "share".to_owned(),
        members: members.units(),
        non_members: others.units(),
        headline: true,
        note: Some(
            "customers of a year ago by what they were then: described, not adjusted".to_owned(),
        ),
        ..Rung::default()
    };
    match contrast(members, others) {
        Ok(found) => {
            rung.estimate = Some(found.difference);
            rung.relative = found.relative;
            (rung.member_level, rung.non_member_level) = (Some(found.treated), Some(found.control));
        }
        Err(error) => rung.failure = Some((Status::CannotSay, crate::gate::failure(&error))),
    }
    rung
}
