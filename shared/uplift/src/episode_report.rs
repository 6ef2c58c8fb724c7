//! The ladder of what CRM rows say: shares, scores, days and costs of members and of others.
//!
//! Raw arms are grade D; within quarter and segment (Mantel–Haenszel for shares, weighted to the members for scores) grade C.
//! Nothing here is observed before joining on the same units, so that no rung is higher.

use std::collections::{BTreeMap, BTreeSet};

use levier_domain::table::Status;
use levier_stats::difference::{Contrast, clustered_rows, relative_normal, welch};
use levier_stats::gates;
use levier_stats::moments::Moments;
use levier_stats::propensity::Estimand;
use levier_stats::proportion::{Share, Stratum, mantel_haenszel, risk_difference};
use levier_stats::stratified::combine;
use levier_stats::{Estimate, StatsError};
use serde_json::json;

use crate::accumulator::Partial;
use crate::arms::Arms;
use crate::deal_report::{contracts_signed, sales_cycle, unmatched_deals};
use crate::episode::{Ending, Episode, Episodes, What};
use crate::gate::Check;
use crate::plan::Plan;
use crate::report::absent;
use crate::rung::Rung;
use crate::spend_report::{acquisition_cost, campaigns};

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

pub(crate) fn missing(kpi: &str, unit: &str, needs: &str) -> Rung {
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
