//! The ladder of what CRM rows say: shares, scores, days and costs of members and of others.
//!
//! Raw arms are grade D; within quarter and segment (Mantel–Haenszel for shares, weighted to the members for scores) grade C.
//! Nothing here is observed before joining on the same units, so that no rung is higher.

use std::collections::{BTreeMap, BTreeSet};

use levier_domain::table::Status;
use levier_stats::difference::{Contrast, clustered_rows, relative_normal, welch};
use levier_stats::fieller::{FiellerInterval, fieller};
use levier_stats::gates;
use levier_stats::moments::Moments;
use levier_stats::propensity::Estimand;
use levier_stats::proportion::{Share, Stratum, mantel_haenszel, risk_difference};
use levier_stats::stratified::combine;
use levier_stats::survival::{Competing, Ending as Course};
use levier_stats::{Estimate, StatsError};
use serde_json::json;

use crate::accumulator::Partial;
use crate::arms::Arms;
use crate::episode::{Campaigns, Ending, Episode, Episodes, What};
use crate::gate::Check;
use crate::plan::Plan;
use crate::report::absent;
use crate::rung::Rung;

/// Days over which the time to a contract is averaged.
const CYCLE_DAYS: f64 = 180.0;
/// Groups of the jackknife of restricted means.
const GROUPS: u64 = 10;

/// One observation: side, stratum, unit, value.
struct Seen {
    member: bool,
    stratum: (i32, String),
    unit: u64,
    value: f64,
}

fn seen(episodes: &[Episode], value: impl Fn(&What) -> Option<f64>) -> Vec<Seen> {
    episodes
        .iter()
        .filter_map(|episode| {
            Some(Seen {
                member: episode.member,
                stratum: (episode.month.div_euclid(3), episode.segment.clone()),
                unit: episode.unit,
                value: value(&episode.what)?,
            })
        })
        .collect()
}

/// Every rung that rests on CRM rows, by KPI.
pub(crate) fn ladders(
    plan: &Plan,
    partial: &Partial,
    episodes: &Episodes,
    arms: Option<&Arms>,
) -> Vec<Vec<Rung>> {
    let mut list: Vec<Episode> = episodes
        .list
        .iter()
        .filter(|episode| episode.month >= plan.first && episode.month <= plan.last)
        .cloned()
        .collect();
    list.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let yes = |hit: bool| Some(f64::from(u8::from(hit)));
    let conversion = seen(&list, |what| match what {
        What::Lead { converted } => yes(*converted),
        _ => None,
    });
    let closing = seen(&list, |what| match what {
        What::Deal {
            ending: Ending::Open,
            ..
        } => None,
        What::Deal { ending, .. } => yes(*ending == Ending::Won),
        _ => None,
    });
    let satisfaction = seen(&list, |what| match what {
        What::Satisfaction { satisfied } => yes(*satisfied),
        _ => None,
    });
    let renewal = seen(&list, |what| match what {
        What::Renewal { renewed } => yes(*renewed),
        _ => None,
    });
    let recommend = seen(&list, |what| match what {
        What::Recommend { score } => Some(match score {
            0..=6 => -100.0,
            7..=8 => 0.0,
            _ => 100.0,
        }),
        _ => None,
    });
    let share =
        |kpi, rows: &[Seen], present, needs| ladder(episodes, kpi, "share", rows, present, needs);
    vec![
        converted(
            share(
                "conversion_rate",
                &conversion,
                episodes.has_leads && episodes.tells_customers,
                if episodes.tells_customers {
                    "people with created_at, seen for the conversion window"
                } else {
                    "orders, deals, subscriptions or became_customer_at"
                },
            ),
            episodes,
        ),
        match unmatched_deals("closing_rate", "share", episodes) {
            Some(rung) => vec![rung],
            None => share("closing_rate", &closing, episodes.has_deals, "deals"),
        },
        share(
            "satisfaction",
            &satisfaction,
            episodes.has_surveys,
            "surveys",
        ),
        share(
            "renewal_rate",
            &renewal,
            episodes.has_subscriptions,
            "yearly subscriptions that came due",
        ),
        ladder(
            episodes,
            "nps",
            "points",
            &recommend,
            episodes.has_surveys,
            "surveys",
        ),
        vec![sales_cycle(episodes, &list)],
        vec![contracts_signed(episodes, &list, arms)],
        vec![acquisition_cost(plan, partial, episodes)],
        vec![campaigns(plan, episodes)],
    ]
}

/// Says how many customers are left out of the rate.
fn converted(mut rungs: Vec<Rung>, episodes: &Episodes) -> Vec<Rung> {
    let left = episodes.undated_customers;
    if left > 0 {
        for rung in rungs.iter_mut().filter(|rung| rung.failure.is_none()) {
            let why = format!("{left} customers are left out: nothing says since when they are");
            rung.note = Some(match rung.note.take() {
                Some(note) => format!("{note}; {why}"),
                None => why,
            });
        }
    }
    rungs
}

fn missing(kpi: &str, unit: &str, needs: &str) -> Rung {
    Rung {
        method: "naive",
        ..absent(kpi, unit, format!("needs: {needs}"))
    }
}

/// Raw and stratified, of shares (values 0 and 1) or scores.
fn ladder(
    episodes: &Episodes,
    kpi: &str,
    unit: &str,
    rows: &[Seen],
    present: bool,
    needs: &str,
) -> Vec<Rung> {
    if !present || rows.is_empty() {
        return vec![missing(kpi, unit, needs)];
    }
    let is_share = unit == "share";
    let mut sides = [Moments::new(1), Moments::new(1)];
    for row in rows {
        sides[usize::from(row.member)].update(&[row.value]);
    }
    let units: BTreeSet<u64> = rows.iter().map(|row| row.unit).collect();
    let distinct = |member: bool| {
        let of_side = rows.iter().filter(|row| row.member == member);
        of_side.map(|row| row.unit).collect::<BTreeSet<u64>>().len() as u64
    };
    let (members, others) = (distinct(true), distinct(false));
    let hits = |side: usize| {
        let n = sides[side].n();
        Share {
            hits: (sides[side].mean(0).unwrap_or(0.0) * n as f64).round() as u64,
            n,
        }
    };
    let mut checks = vec![Check::new(
        "size",
        &gates::size(members, others),
        ">= 100 on either side",
    )];
    if is_share {
        checks.push(Check::new(
            "successes",
            &gates::events(hits(1).hits, hits(0).hits),
            ">= 20 successes on either side",
        ));
    }
    let base = || Rung {
        kpi: kpi.to_owned(),
        unit: unit.to_owned(),
        members,
        non_members: others,
        events: is_share.then(|| [hits(1).hits, hits(0).hits]),
        extra: vec![
            ("answers_members", json!(sides[1].n())),
            ("answers_non_members", json!(sides[0].n())),
            ("in_join_month", json!(episodes.in_join_month)),
            ("unmatched", json!(episodes.unmatched)),
        ],
        ..Rung::default()
    };
    let mut naive = Rung {
        method: "naive",
        grade: "D",
        ..base()
    };
    let clustered = units.len() < rows.len();
    let raw = if clustered {
        let values: Vec<f64> = rows.iter().map(|row| row.value).collect();
        let member: Vec<bool> = rows.iter().map(|row| row.member).collect();
        let places: BTreeMap<u64, usize> = units
            .iter()
            .enumerate()
            .map(|(at, unit)| (*unit, at))
            .collect();
        let unit: Vec<usize> = rows
            .iter()
            .filter_map(|row| places.get(&row.unit).copied())
            .collect();
        clustered_rows(&values, &member, &unit)
    } else if is_share {
        risk_difference(hits(1), hits(0)).and_then(|difference| {
            let (a, b) = (hits(1).value()?, hits(0).value()?);
            let spread = |p: f64, n: u64| p * (1.0 - p) / n as f64;
            Ok(Contrast {
                treated: a,
                control: b,
                difference,
                relative: relative_normal(a, spread(a, hits(1).n), b, spread(b, hits(0).n), 0.0),
                degrees_of_freedom: None,
            })
        })
    } else {
        sides[1]
            .finish(0)
            .and_then(|a| sides[0].finish(0).and_then(|b| welch(&a, &b)))
    };
    let mut raw_level = None;
    match raw {
        Ok(contrast) => {
            raw_level = Some(contrast.control);
            naive.estimate = Some(contrast.difference);
            // A lift of a score that may be negative has no meaning.
            naive.relative = contrast.relative.filter(|_| is_share);
            naive.member_level = Some(contrast.treated);
            naive.non_member_level = raw_level;
        }
        Err(error) => naive.failure = Some((Status::CannotSay, crate::gate::failure(&error))),
    }
    let mut rung = Rung {
        method: "stratified",
        grade: "C",
        headline: true,
        non_member_level: raw_level,
        note: (kpi == "nps" || kpi == "satisfaction").then(|| {
            "those who answered: answering is taken to depend on nothing but quarter and segment".to_owned()
        }),
        ..base()
    };
    let mut strata: BTreeMap<&(i32, String), [Moments; 2]> = BTreeMap::new();
    for row in rows {
        strata
            .entry(&row.stratum)
            .or_insert_with(|| [Moments::new(1), Moments::new(1)])[usize::from(row.member)]
        .update(&[row.value]);
    }
    let off: u64 = strata
        .values()
        .filter(|[others, _]| others.n() == 0)
        .map(|[_, members]| members.n())
        .sum();
    let overlap = gates::overlap(off as f64 / sides[1].n().max(1) as f64);
    checks.push(Check::new(
        "overlap",
        &overlap,
        "< 0.05 of members without like",
    ));
    rung.checks = checks;
    let adjusted = if is_share {
        share_within(&strata)
    } else {
        score_within(&strata)
    };
    // Whoever answers three times says one thing thrice.
    let adjusted = match adjusted {
        Ok((difference, level)) if clustered => within_units(rows, &strata, is_share)
            .map(|error| (Estimate::normal(difference.value, error), level)),
        other => other,
    };
    match adjusted {
        Ok((difference, level)) => {
            rung.estimate = Some(difference);
            rung.member_level = Some(level);
            rung.counterfactual = Some(level - difference.value);
            if is_share {
                rung.relative = Rung::relative_to(&difference, level - difference.value);
            }
            rung.checks.push(crate::gate::agreement(
                &[difference],
                naive.estimate.as_ref(),
            ));
        }
        Err(error) => rung.failure = Some((Status::CannotSay, crate::gate::failure(&error))),
    }
    if clustered {
        rung.note = Some(match rung.note {
            Some(note) => format!(
                "{note}; units with several rows count once for each, and are no several units"
            ),
            None => {
                "units with several rows count once for each, and are no several units".to_owned()
            }
        });
    }
    vec![naive, rung]
}

type Strata<'a> = BTreeMap<&'a (i32, String), [Moments; 2]>;

fn share_within(strata: &Strata<'_>) -> Result<(Estimate, f64), StatsError> {
    let share = |m: &Moments| Share {
        hits: (m.mean(0).unwrap_or(0.0) * m.n() as f64).round() as u64,
        n: m.n(),
    };
    let tables: Vec<Stratum> = strata
        .values()
        .map(|[others, members]| Stratum {
            treated: share(members),
            control: share(others),
        })
        .collect();
    let found = mantel_haenszel(&tables)?;
    let usable = tables
        .iter()
        .filter(|table| table.treated.n > 0 && table.control.n > 0);
    let (hits, n) = usable.fold((0, 0), |(hits, n), table| {
        (hits + table.treated.hits, n + table.treated.n)
    });
    Ok((found.risk_difference, hits as f64 / n.max(1) as f64))
}

fn score_within(strata: &Strata<'_>) -> Result<(Estimate, f64), StatsError> {
    let pairs: Vec<(Moments, Moments)> = strata
        .values()
        .filter(|[others, members]| others.n() > 1 && members.n() > 1)
        .map(|[others, members]| (members.clone(), others.clone()))
        .collect();
    let (contrast, _) = combine(&pairs, Estimand::Att)?;
    Ok((contrast.difference, contrast.treated))
}

/// Standard error of a difference within strata, clustered by unit: the parts that a unit has in it, over all strata, are one.
fn within_units(rows: &[Seen], strata: &Strata<'_>, is_share: bool) -> Result<f64, StatsError> {
    let weight = |[others, members]: &[Moments; 2]| {
        let (a, b) = (members.n() as f64, others.n() as f64);
        match is_share {
            true if a > 0.0 && b > 0.0 => a * b / (a + b),
            false if a > 1.0 && b > 1.0 => a,
            _ => 0.0,
        }
    };
    let all: f64 = strata.values().map(weight).sum();
    let mut parts: BTreeMap<u64, f64> = BTreeMap::new();
    let mut used = 0_u64;
    for row in rows {
        let Some(sides) = strata.get(&row.stratum) else {
            continue;
        };
        let (share, own) = (weight(sides) / all, &sides[usize::from(row.member)]);
        if share > 0.0 {
            let part = share * (row.value - own.mean(0).unwrap_or(0.0)) / own.n() as f64;
            *parts.entry(row.unit).or_default() += if row.member { part } else { -part };
            used += 1;
        }
    }
    let units = parts.len() as f64;
    if units < 2.0 || used < 3 {
        return Err(StatsError::too_few("difference within strata", used, 3));
    }
    // As of any clustered difference.
    let factor = units / (units - 1.0) * (used as f64 - 1.0) / (used as f64 - 2.0);
    Ok((factor * parts.values().map(|part| part * part).sum::<f64>()).sqrt())
}

/// Mean days from creation to a contract, of the opportunities that are won within [`CYCLE_DAYS`]: lost ones compete, open ones are
/// censored. How many are won is another KPI, and not in it.
fn sales_cycle(episodes: &Episodes, list: &[Episode]) -> Rung {
    const KPI: &str = "sales_cycle_days";
    let all: Vec<(bool, u64, Option<u32>, Ending)> = list
        .iter()
        .filter_map(|episode| match episode.what {
            What::Deal { days, ending } => Some((episode.member, episode.unit, days, ending)),
            _ => None,
        })
        .collect();
    if let Some(rung) = unmatched_deals(KPI, "days", episodes) {
        return rung;
    }
    if !episodes.has_deals || all.is_empty() {
        return missing(KPI, "days", "deals");
    }
    let deals: Vec<(bool, u64, u32, Ending)> = all
        .iter()
        .filter_map(|(side, unit, days, ending)| Some((*side, *unit, (*days)?, *ending)))
        .collect();
    let undated = (all.len() - deals.len()) as u64;
    let mean = |member: bool, without: Option<u64>| -> Result<f64, StatsError> {
        let mut course = Competing::default();
        for (side, unit, days, ending) in &deals {
            if *side == member && Some(unit % GROUPS) != without {
                let ending = match ending {
                    Ending::Won => Course::Event,
                    Ending::Lost => Course::Competitor,
                    Ending::Open => Course::Censored,
                };
                course.update(f64::from(*days), ending)?;
            }
        }
        course.mean_time_to_event(CYCLE_DAYS)
    };
    let count = |member: bool, won: bool| {
        deals
            .iter()
            .filter(|deal| deal.0 == member && (!won || deal.3 == Ending::Won))
            .count() as u64
    };
    let gap =
        |without: Option<u64>| Ok::<f64, StatsError>(mean(true, without)? - mean(false, without)?);
    let mut rung = Rung {
        kpi: KPI.to_owned(),
        method: "naive",
        grade: "D",
        unit: "days".to_owned(),
        members: count(true, false),
        non_members: count(false, false),
        events: Some([count(true, true), count(false, true)]),
        headline: true,
        note: Some(format!(
            "mean days to a contract of the opportunities won within {CYCLE_DAYS:.0} days: lost ones compete, open ones are censored"
        )),
        extra: vec![("ended_without_a_date", json!(undated))],
        ..Rung::default()
    };
    if undated > 0 && (count(true, true) == 0 || count(false, true) == 0) {
        rung.failure = Some((
            Status::CannotSay,
            format!(
                "{undated} opportunities ended, and nobody says when: fill the date of closing"
            ),
        ));
        return rung;
    }
    let found = (|| {
        let (member, other) = (mean(true, None)?, mean(false, None)?);
        let left_out = (0..GROUPS)
            .map(|group| gap(Some(group)))
            .collect::<Result<Vec<f64>, StatsError>>()?;
        let groups = GROUPS as f64;
        let centre = left_out.iter().sum::<f64>() / groups;
        let variance =
            (groups - 1.0) / groups * left_out.iter().map(|x| (x - centre).powi(2)).sum::<f64>();
        Ok::<_, StatsError>((
            member,
            other,
            Estimate::student(member - other, variance.sqrt(), groups - 1.0),
        ))
    })();
    match found {
        Ok((member, other, difference)) => {
            rung.estimate = Some(difference);
            (rung.member_level, rung.non_member_level) = (Some(member), Some(other));
            rung.relative = Rung::relative_to(&difference, other);
        }
        Err(error) => rung.failure = Some((Status::CannotSay, crate::gate::failure(&error))),
    }
    rung
}

/// Where most opportunities are of nobody known, what the others say is no figure of the company.
fn unmatched_deals(kpi: &str, unit: &str, episodes: &Episodes) -> Option<Rung> {
    let (lost, all) = (episodes.unmatched_deals, episodes.deals);
    (all > 0 && 2 * lost > all).then(|| {
        let why = format!(
            "{lost} of {all} opportunities name nobody and no account that is known: check their person_id and account_id"
        );
        Rung {
            method: "naive",
            failure: Some((Status::CannotSay, why)),
            ..absent(kpi, unit, String::new())
        }
    })
}

/// Won deals per 100 customers and year, over the customer-months of either side.
fn contracts_signed(episodes: &Episodes, list: &[Episode], arms: Option<&Arms>) -> Rung {
    const KPI: &str = "contracts_signed";
    const UNIT: &str = "deals/100 customers/year";
    let won = |member: bool| {
        let of_side = list.iter().filter(|episode| {
            episode.member == member
                && matches!(
                    episode.what,
                    What::Deal {
                        ending: Ending::Won,
                        ..
                    }
                )
        });
        of_side.count() as f64
    };
    if let Some(rung) = unmatched_deals(KPI, UNIT, episodes) {
        return rung;
    }
    let Some(arms) = arms.filter(|_| episodes.has_deals) else {
        return missing(KPI, UNIT, "deals, and customers");
    };
    let years = [
        arms.non_member_months() / 1_200.0,
        arms.member_months() / 1_200.0,
    ];
    let mut rung = Rung {
        kpi: KPI.to_owned(),
        method: "naive",
        grade: "D",
        unit: UNIT.to_owned(),
        members: arms.members,
        non_members: arms.non_members,
        events: Some([won(true) as u64, won(false) as u64]),
        headline: true,
        ..Rung::default()
    };
    if years[0] <= 0.0 || years[1] <= 0.0 {
        rung.failure = Some((
            Status::CannotSay,
            "one side has no customer-months".to_owned(),
        ));
        return rung;
    }
    let (a, b) = (won(true) / years[1], won(false) / years[0]);
    // Counts of rare events vary as their mean.
    let (va, vb) = (
        won(true) / (years[1] * years[1]),
        won(false) / (years[0] * years[0]),
    );
    rung.estimate = Some(Estimate::normal(a - b, (va + vb).sqrt()));
    rung.relative = relative_normal(a, va, b, vb, 0.0);
    (rung.member_level, rung.non_member_level) = (Some(a), Some(b));
    rung
}

/// Acquisition spend over new customers, of those who were members before they bought and of others.
fn acquisition_cost(plan: &Plan, partial: &Partial, episodes: &Episodes) -> Rung {
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
fn campaigns(plan: &Plan, episodes: &Episodes) -> Rung {
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
