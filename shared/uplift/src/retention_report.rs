//! The ladder of customer retention: raw share, landmarks, hazard; and the hazard ratio by months since joining.

use levier_domain::table::{Row, Status};
use levier_stats::Estimate;
use levier_stats::evalue::{e_value, risk_ratio_from_hazard_ratio};
use levier_stats::gates;
use serde_json::json;

use crate::design;
use crate::gate::{self, Check};
use crate::plan::Plan;
use crate::retention::{HORIZON, LANDMARK_HORIZON, LANDMARKS, naive_horizon};
use crate::rung::{Rung, TOO_FEW};
use crate::series::Series;
use crate::suspicion;
use crate::view::View;

const KPI: &str = "customer_retention";

/// The rungs, and the rows of the table `tenure`.
pub(crate) fn ladder(plan: &Plan, view: &View) -> (Vec<Rung>, Vec<Row>) {
    let held = &view.retention;
    let [others, members] = held.people;
    let base = || Rung {
        kpi: KPI.to_owned(),
        unit: "share".to_owned(),
        ..Rung::default()
    };
    if others + members == 0 {
        let why = format!(
            "needs: orders or subscriptions over more than {} months, the silence after which a customer counts as lost",
            plan.silence
        );
        let failure = Some((Status::Missing, why));
        let rung = Rung {
            method: "hazard",
            grade: "none",
            failure,
            headline: true,
            ..base()
        };
        return (both(vec![rung]), Vec::new());
    }
    let mut naive = Rung {
        method: "naive",
        grade: "D",
        ..base()
    };
    match held.naive_difference() {
        Ok((difference, ever, never, counts)) => {
            naive.estimate = Some(difference);
            (naive.member_level, naive.non_member_level) = (Some(ever), Some(never));
            naive.relative = Rung::relative_to(&difference, never);
            (naive.non_members, naive.members) = (counts[0], counts[1]);
            naive
                .extra
                .push(("horizon_months", json!(naive_horizon(plan))));
            naive.note = Some(
                "members had to remain customers until they joined: the raw share flatters them"
                    .to_owned(),
            );
        }
        Err(error) => naive.failure = Some((Status::CannotSay, crate::gate::failure(&error))),
    }
    let (raw_level, raw) = (naive.non_member_level, naive.estimate);
    let mut rungs = vec![naive];
    for landmark in LANDMARKS {
        let mut rung = Rung {
            // Nobody's past is compared: a cross-check, and raw.
            method: "landmark",
            grade: "D",
            tenure_band: Some(landmark.to_string()),
            ..base()
        };
        match held.landmark_difference(landmark) {
            Ok((difference, member, other, counts)) => {
                rung.estimate = Some(difference);
                (rung.member_level, rung.counterfactual) = (Some(member), Some(other));
                rung.relative = Rung::relative_to(&difference, other);
                (rung.non_members, rung.members) = (counts[0], counts[1]);
                rung.checks.push(Check::new(
                    "size",
                    &gates::size(counts[1], counts[0]),
                    ">= 100 on either side",
                ));
                rung.extra.push(("horizon_months", json!(LANDMARK_HORIZON)));
                rung.extra.push(("landmark_months", json!(landmark)));
            }
            Err(error) => rung.failure = Some((Status::CannotSay, crate::gate::failure(&error))),
        }
        rungs.push(rung);
    }
    let mut rung = Rung {
        method: "hazard",
        grade: "B",
        members,
        non_members: others,
        non_member_level: raw_level,
        ..base()
    };
    let events = held.events();
    rung.events = Some([events[1], events[0]]);
    rung.checks = vec![
        Check::new(
            "size",
            &gates::size(members, others),
            ">= 100 on either side",
        ),
        Check::new(
            "losses",
            &gates::events(events[1], events[0]),
            ">= 20 customers lost on either side",
        ),
    ];
    rung.checks
        .extend(suspicion::survivors(held.expected_losses(), events[1]));
    let mut tenure = Vec::new();
    let opening = view.opening(plan, Series::Revenue);
    match held.hazard(opening.and_then(design::signal)) {
        Ok(found) => {
            let survival = found.survival;
            rung.estimate = Some(survival.difference);
            (rung.member_level, rung.counterfactual) =
                (Some(survival.member), Some(survival.non_member));
            rung.relative = Rung::relative_to(&survival.difference, survival.non_member);
            rung.extra.push(("horizon_months", json!(HORIZON)));
            rung.extra
                .push(("months_gained", json!(survival.months_gained.value)));
            rung.extra
                .push(("months_gained_lower", json!(survival.months_gained.lower)));
            rung.extra
                .push(("months_gained_upper", json!(survival.months_gained.upper)));
            rung.extra.push(("members_at_join", json!(found.at_join)));
            if let Some((_, ratio)) = found.ratios.last() {
                rung.e_value = risk_ratio_from_hazard_ratio(ratio.value.exp())
                    .and_then(e_value)
                    .ok();
            }
            let landmarks: Vec<Estimate> = rungs
                .iter()
                .filter(|rung| rung.method == "landmark" && rung.stands())
                .filter_map(|rung| rung.estimate)
                .chain([survival.difference])
                .collect();
            rung.checks.push(gate::agreement(&landmarks, raw.as_ref()));
            tenure = found
                .ratios
                .iter()
                .map(|(band, ratio)| ratio_row(plan, band, ratio, members))
                .collect();
        }
        Err(error) => rung.failure = Some((Status::CannotSay, crate::gate::failure(&error))),
    }
    rung.headline = true;
    rungs.push(rung);
    if let Some(wanted) = plan.headline.get(KPI)
        && rungs
            .iter()
            .any(|rung| rung.method == wanted && rung.tenure_band.is_none())
    {
        for rung in &mut rungs {
            rung.headline = rung.method == wanted && rung.tenure_band.is_none();
        }
    }
    (both(rungs), tenure)
}

/// Retention, and what it leaves: churn.
fn both(rungs: Vec<Rung>) -> Vec<Rung> {
    let churn: Vec<Rung> = rungs
        .iter()
        .filter(|rung| rung.headline || rung.method == "naive")
        .map(|rung| Rung {
            kpi: "churn_rate".to_owned(),
            estimate: rung.estimate.map(|estimate| estimate.scaled(-1.0)),
            relative: None,
            member_level: rung.member_level.map(|level| 1.0 - level),
            non_member_level: rung.non_member_level.map(|level| 1.0 - level),
            counterfactual: rung.counterfactual.map(|level| 1.0 - level),
            ..rung.clone()
        })
        .collect();
    rungs.into_iter().chain(churn).collect()
}

/// Monthly risk of leaving, as a member over as a non-member.
fn ratio_row(plan: &Plan, band: &str, log_ratio: &Estimate, members: u64) -> Row {
    let mut row = Row::new(Status::Ok);
    row.as_of = Some(plan.as_of);
    row.period = Some("all".to_owned());
    row.community = Some("all".to_owned());
    row.segment = Some("all".to_owned());
    row.kpi = Some(KPI.to_owned());
    row.unit = Some("ratio".to_owned());
    row = row
        .with("method", "hazard")
        .with("measure", "hazard_ratio")
        .with("tenure_band", band);
    if members < plan.min_cell {
        row.status = Status::Suppressed;
        row.reason = Some(TOO_FEW.to_owned());
    } else {
        row.n = Some(members);
        row.value = Some(log_ratio.value.exp());
        (row.lower, row.upper) = (log_ratio.lower.map(f64::exp), log_ratio.upper.map(f64::exp));
    }
    row
}
