//! What spend says: what a new customer costs, and how campaigns are followed.

use levier_domain::table::Status;
use levier_stats::Estimate;
use levier_stats::difference::relative_normal;
use levier_stats::fieller::{FiellerInterval, fieller};
use levier_stats::proportion::{Share, risk_difference};
use serde_json::json;

use crate::accumulator::Partial;
use crate::episode::{Campaigns, Episodes};
use crate::episode_report::missing;
use crate::plan::Plan;
use crate::report::absent;
use crate::rung::Rung;

/// Acquisition spend over new customers, of those who were members before they bought and of others.
pub(crate) fn acquisition_cost(plan: &Plan, partial: &Partial, episodes: &Episodes) -> Rung {
    const KPI: &str = "customer_acquisition_cost";
    let unit = format!("{}/customer", plan.currency);
    let new = [
        partial.counts.get("new_customers"),
        partial.counts.get("new_customers_members"),
    ];
    // Of the months in which the new customers were counted.
    let [others, members] =
        [&episodes.others, &episodes.members].map(|spend| spend.between(plan.first, plan.last));
    let spent = [
        plan.major(others.acquisition_minor),
        plan.major(members.acquisition_minor),
    ];
    let without_rate = others.without_rate + members.without_rate;
    if without_rate > 0 {
        let why = format!(
            "{without_rate} rows in another currency are left out: no exchange rate on or before their day"
        );
        return Rung {
            method: "naive",
            failure: Some((Status::CannotSay, why)),
            ..absent(KPI, &unit, String::new())
        };
    }
    if !episodes.has_spend || spent.iter().any(|amount| *amount <= 0.0) {
        return missing(
            KPI,
            &unit,
            "spend with an audience of members and one of others",
        );
    }
    let mut rung = Rung {
        kpi: KPI.to_owned(),
        method: "naive",
        grade: "D",
        unit,
        members: new[1],
        non_members: new[0],
        headline: true,
        note: Some("spend by declared audience over new customers: the rule of attribution is declared, not tested".to_owned()),
        ..Rung::default()
    };
    if new.contains(&0) {
        rung.failure = Some((
            Status::CannotSay,
            "one side has no new customers".to_owned(),
        ));
        return rung;
    }
    let cost = |side: usize| spent[side] / new[side] as f64;
    let variance = |side: usize| cost(side) * cost(side) / new[side] as f64;
    rung.estimate = Some(Estimate::normal(
        cost(1) - cost(0),
        (variance(0) + variance(1)).sqrt(),
    ));
    rung.relative = relative_normal(cost(1), variance(1), cost(0), variance(0), 0.0);
    (rung.member_level, rung.non_member_level) = (Some(cost(1)), Some(cost(0)));
    for (side, names) in [
        (1, ["member_level_lower", "member_level_upper"]),
        (0, ["non_member_level_lower", "non_member_level_upper"]),
    ] {
        let n = new[side] as f64;
        if let Ok(FiellerInterval::Bounded(lower, upper)) = fieller(spent[side], 0.0, n, n, 0.0) {
            rung.extra.push((names[0], json!(lower)));
            rung.extra.push((names[1], json!(upper)));
        }
    }
    rung
}

/// Click rate of campaigns to members and to others.
pub(crate) fn campaigns(plan: &Plan, episodes: &Episodes) -> Rung {
    const KPI: &str = "campaign_engagement";
    let share = |spend: &Campaigns| {
        let audience = spend.between(plan.first, plan.last);
        Share {
            hits: audience.clicks.max(0.0).round() as u64,
            n: audience.impressions.max(0.0).round() as u64,
        }
    };
    let (members, others) = (share(&episodes.members), share(&episodes.others));
    if !episodes.has_spend || members.n == 0 || others.n == 0 {
        return missing(
            KPI,
            "share",
            "spend with impressions and clicks, for members and for others",
        );
    }
    let mut rung = Rung {
        kpi: KPI.to_owned(),
        method: "naive",
        grade: "D",
        unit: "share".to_owned(),
        members: members.n,
        non_members: others.n,
        events: Some([members.hits, others.hits]),
        headline: true,
        note: Some("impressions, not people: the same person may be counted often".to_owned()),
        ..Rung::default()
    };
    match risk_difference(members, others) {
        Ok(difference) => {
            rung.estimate = Some(difference);
            rung.member_level = members.value().ok();
            rung.non_member_level = others.value().ok();
            rung.relative = rung
                .non_member_level
                .and_then(|level| Rung::relative_to(&difference, level));
        }
        Err(error) => rung.failure = Some((Status::CannotSay, crate::gate::failure(&error))),
    }
    rung
}
