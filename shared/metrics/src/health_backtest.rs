//! Does the health score foretell anything? Its weights are an opinion until, over enough history, the score at a month's end says
//! more of who is still active three months later than the mere size of the community does.
//!
//! For every community and whole month *t* with a score: the outcome is the share of the members active in the 30 days before the
//! end of *t* who are active again in the 30 days before the end of *t* + 3. Two one-variable regressions foretell it, one from the
//! score and one from ln(monthly actives); each month is foretold by a regression that has not seen it nor the months whose windows
//! overlap its own: a score looks back 60 days, so that the one of *t* + 4 has seen the outcome of *t* (with 30 communities or more:
//! that has not seen its community). Skill is `1 − MSE / MSE of the mean`; what is published is the skill of the score less that of
//! the size. Its interval (90 %) is that of the mean difference of squared errors after Diebold and Mariano 1995, with Bartlett
//! weights over the overlap, and the small-sample factor and Student quantile (months − 1 degrees of freedom) of Harvey, Leybourne
//! and Newbold 1997; with 30 communities or more, clustered by community and normal. The score is the one that is published: what is
//! not told is not in it, and a month in which a source was silent has neither a score nor an outcome.

use levier_domain::config::Config;
use levier_domain::table::{Row, Status};
use levier_domain::time::Month;
use levier_stats::estimate::student_quantile;
use rayon::prelude::*;

use crate::activity::Activity;
use crate::calendar::AsOf;
use crate::health::{combine, last_day, last_month, measure, refusal};
use crate::health_parts::{Parts, Scan};
use crate::health_told::{Silence, Told, suspended};

/// Months from the score to the outcome.
const HORIZON: i32 = 3;
/// Months that two pairs must be apart for neither to have seen the other: the outcome is three months on, and the score looks back
/// into the month before its own.
const APART: i32 = HORIZON + 2;
/// Months with a score, or communities, that are enough to judge by.
const ENOUGH: (usize, usize) = (24, 30);
/// The 95 % quantile of the standard normal distribution: ends of a 90 % interval.
const Z90: f64 = 1.644_853_626_951_472_7;

/// Said where there is too little history.
pub const TOO_SHORT: &str = "needs: 24 months with a score, or 30 communities with one";
/// Said where every month or community ended alike, so that there is nothing to foretell.
pub const NOTHING_VARIES: &str = "score, size or outcome did not vary: nothing to foretell";

/// One month of one community.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pair {
    community: usize,
    month: i32,
    score: f64,
    size: f64,
    outcome: f64,
}

/// The row `health_backtest` of the table `health`: whether the score foretells more than size, or what it would take to know.
#[must_use]
pub(crate) fn backtest(
    activity: &Activity,
    as_of: AsOf,
    config: &Config,
    told: &Told<'_>,
    silent: &[Silence],
) -> Row {
    let mut row = Row::new(Status::CannotSay);
    row.as_of = Some(as_of.day);
    row.period = Some("all".to_owned());
    row.community = Some("all".to_owned());
    row.segment = Some("all".to_owned());
    row.kpi = Some("health_backtest".to_owned());
    row.unit = Some("share".to_owned());
    let row = row
        .with("component", "score")
        .with("platform", "all")
        .with("outcome", "active_again")
        .with("horizon_months", HORIZON);
    let Gathered {
        pairs,
        months,
        scored,
    } = gather(activity, as_of, config, told, silent);
    let communities = distinct(pairs.iter().map(|pair| pair.community));
    if months < ENOUGH.0 && communities < ENOUGH.1 {
        // Enough communities whose outcomes are still to come are not enough yet.
        let so_far = if scored < ENOUGH.1 {
            scored
        } else {
            communities
        };
        return too_short(row, months, so_far);
    }
    judge(row, &pairs, communities)
}

fn too_short(mut row: Row, months: usize, communities: usize) -> Row {
    row.reason = Some(TOO_SHORT.to_owned());
    row.with("months", months).with("communities", communities)
}

fn distinct<T: Ord>(values: impl Iterator<Item = T>) -> usize {
    values.collect::<std::collections::BTreeSet<T>>().len()
}

/// Whole months since the first event.
pub(crate) fn months_there(activity: &Activity, as_of: AsOf, config: &Config) -> i32 {
    let zone = config.workspace.zone();
    activity.entries.first().map_or(0, |entry| {
        let first = Month::of(crate::inputs::day_of(entry.at, &zone));
        (last_month(as_of, &zone).index() - first.index() + 1).max(0)
    })
}

/// What there is to judge by.
struct Gathered {
    /// Every month with a score and an outcome.
    pairs: Vec<Pair>,
    /// Months with a score in any community.
    months: usize,
    /// Communities with a score in any month.
    scored: usize,
}

fn gather(
    activity: &Activity,
    as_of: AsOf,
    config: &Config,
    told: &Told<'_>,
    silent: &[Silence],
) -> Gathered {
    let zone = config.workspace.zone();
    let last = last_month(as_of, &zone);
    let span = months_there(activity, as_of, config);
    let mut pairs = Vec::new();
    let (mut months, mut communities) = (
        std::collections::BTreeSet::new(),
        std::collections::BTreeSet::new(),
    );
    for (community, name) in activity.communities.iter().enumerate() {
        let place = u16::try_from(community).ok();
        let scan = Scan::new(activity, place, &zone);
        // Months know nothing of one another.
        let course: Vec<(i32, Option<f64>, Vec<u32>)> = (0..span)
            .into_par_iter()
            .rev()
            .filter_map(|back| {
                let month = last.plus(-back);
                let end = last_day(month)?;
                if suspended(silent, Some(name), end, &zone).is_some() {
                    return None;
                }
                let parts = Parts {
                    errors: config.sentiment,
                    ..scan.parts(end)
                };
                let weights = told.weights(&parts, place, end);
                let score = combine(measure(&parts, &weights, &|_| 1), &config.health)
                    .filter(|score| refusal(&parts, &config.health, Some(score)).is_none())
                    .filter(|_| parts.monthly.len() as u64 >= config.privacy.min_cell)
                    .map(|score| score.value);
                Some((month.index(), score, parts.monthly))
            })
            .collect();
        for (month, _, _) in course.iter().filter(|(_, score, _)| score.is_some()) {
            months.insert(*month);
            communities.insert(community);
        }
        for (at, (month, score, active)) in course.iter().enumerate() {
            let later = course
                .get(at + HORIZON as usize)
                .filter(|later| later.0 == month + HORIZON);
            let (Some(score), Some((_, _, later))) = (score, later) else {
                continue;
            };
            let again = active
                .iter()
                .filter(|person| later.binary_search(person).is_ok())
                .count();
            pairs.push(Pair {
                community,
                month: *month,
                score: *score,
                size: (active.len() as f64).ln(),
                outcome: again as f64 / active.len() as f64,
            });
        }
    }
    Gathered {
        pairs,
        months: months.len(),
        scored: communities.len(),
    }
}

/// Least squares `y = a + b x`; `None` where x does not vary.
fn line(points: &[(f64, f64)]) -> Option<(f64, f64)> {
    let n = points.len() as f64;
    let (mx, my) = (
        points.iter().map(|p| p.0).sum::<f64>() / n,
        points.iter().map(|p| p.1).sum::<f64>() / n,
    );
    let xx: f64 = points.iter().map(|p| (p.0 - mx).powi(2)).sum();
    let xy: f64 = points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum();
    (points.len() > 2 && xx > 0.0).then(|| (my - xy / xx * mx, xy / xx))
}

fn correlation(points: &[(f64, f64)]) -> Option<f64> {
    let n = points.len() as f64;
    let (mx, my) = (
        points.iter().map(|p| p.0).sum::<f64>() / n,
        points.iter().map(|p| p.1).sum::<f64>() / n,
    );
    let sum = |f: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>();
    let (xx, yy) = (sum(&|p| (p.0 - mx).powi(2)), sum(&|p| (p.1 - my).powi(2)));
    (xx > 0.0 && yy > 0.0).then(|| sum(&|p| (p.0 - mx) * (p.1 - my)) / (xx * yy).sqrt())
}

/// The pairs that have seen nothing of one.
fn unseen<'p>(pairs: &'p [Pair], pair: &Pair, by_community: bool) -> Vec<&'p Pair> {
    pairs
        .iter()
        .filter(|other| {
            if by_community {
                other.community != pair.community
            } else {
                (other.month - pair.month).abs() >= APART
            }
        })
        .collect()
}

fn judge(mut row: Row, pairs: &[Pair], communities: usize) -> Row {
    let by_community = communities >= ENOUGH.1;
    // Squared errors of score, size and mean, each from what has not seen the pair.
    let mut errors: Vec<(Pair, [f64; 3])> = Vec::new();
    for pair in pairs {
        let rest = unseen(pairs, pair, by_community);
        let points = |x: fn(&Pair) -> f64| -> Vec<(f64, f64)> {
            rest.iter().map(|pair| (x(pair), pair.outcome)).collect()
        };
        let (Some(score), Some(size)) = (line(&points(|p| p.score)), line(&points(|p| p.size)))
        else {
            continue;
        };
        let mean = rest.iter().map(|pair| pair.outcome).sum::<f64>() / rest.len() as f64;
        let error = |foretold: f64| (pair.outcome - foretold).powi(2);
        errors.push((
            *pair,
            [
                error(score.0 + score.1 * pair.score),
                error(size.0 + size.1 * pair.size),
                error(mean),
            ],
        ));
    }
    let n = errors.len() as f64;
    let mean = |at: usize| errors.iter().map(|(_, e)| e[at]).sum::<f64>() / n;
    row = row
        .with("pairs", errors.len())
        .with(
            "months",
            distinct(errors.iter().map(|(pair, _)| pair.month)),
        )
        .with("communities", communities);
    if errors.len() < 3 || mean(2) <= 0.0 {
        row.reason = Some(NOTHING_VARIES.to_owned());
        return row;
    }
    let base = mean(2);
    let (skill_score, skill_size) = (1.0 - mean(0) / base, 1.0 - mean(1) / base);
    let differences: Vec<(Pair, f64)> = errors
        .iter()
        .map(|(pair, e)| (*pair, e[1] - e[0]))
        .collect();
    let half = half_width(&differences, by_community);
    let value = skill_score - skill_size;
    row.value = Some(value);
    row.lower = half.map(|half| value - half / base);
    row.upper = half.map(|half| value + half / base);
    row.status = Status::Ok;
    let verdict = match (row.lower, row.upper) {
        (Some(lower), _) if lower > 0.0 => "better",
        (_, Some(upper)) if upper < 0.0 => "worse",
        _ => "undecided",
    };
    let of = |x: fn(&Pair) -> f64| -> Vec<(f64, f64)> {
        pairs.iter().map(|pair| (x(pair), pair.outcome)).collect()
    };
    row.with("verdict", verdict)
        .with("skill_score", skill_score)
        .with("skill_log_mau", skill_size)
        .with("correlation_score", correlation(&of(|p| p.score)))
        .with("correlation_log_mau", correlation(&of(|p| p.size)))
}

/// Half of the 90 % interval of the mean difference of squared errors; `None` where it cannot be told.
fn half_width(differences: &[(Pair, f64)], by_community: bool) -> Option<f64> {
    let n = differences.len() as f64;
    let mean = differences.iter().map(|d| d.1).sum::<f64>() / n;
    let mut variance = 0.0;
    let mut factor = 1.0;
    let mut z = Z90;
    if by_community {
        let mut sums: std::collections::BTreeMap<usize, f64> = std::collections::BTreeMap::new();
        for (pair, d) in differences {
            *sums.entry(pair.community).or_default() += d - mean;
        }
        let g = sums.len() as f64;
        variance += sums.values().map(|sum| sum * sum).sum::<f64>();
        factor = g / (g - 1.0);
    } else {
        for (a, da) in differences {
            for (b, db) in differences {
                // Communities of one company share their months.
                let lag = f64::from((a.month - b.month).abs());
                let weight = 1.0 - lag / f64::from(HORIZON + 1);
                if weight > 0.0 {
                    variance += weight * (da - mean) * (db - mean);
                }
            }
        }
        let h = f64::from(HORIZON);
        let months = distinct(differences.iter().map(|d| d.0.month)) as f64;
        let small = (months + 1.0 - 2.0 * h + h * (h - 1.0) / months) / months;
        if small <= 0.0 {
            return None;
        }
        factor /= small;
        z = student_quantile(0.95, months - 1.0)?;
    }
    (variance > 0.0).then(|| z * (variance * factor).sqrt() / n)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn pairs(communities: usize, months: i32, outcome: impl Fn(f64, f64, f64) -> f64) -> Vec<Pair> {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut all = Vec::new();
        for community in 0..communities {
            for month in 0..months {
                let (score, size) = (
                    random.random_range(20.0..80.0),
                    random.random_range(3.0..8.0),
                );
                let noise = random.random_range(-0.05..0.05);
                all.push(Pair {
                    community,
                    month,
                    score,
                    size,
                    outcome: outcome(score, size, noise),
                });
            }
        }
        all
    }

    /// A score of t + 4 looks back into t + 3, which is the outcome of t: neither may teach what foretells the other.
    #[test]
    fn what_foretells_a_month_has_not_seen_it() {
        let base = pairs(1, 36, |score, _, e| 0.2 + score / 200.0 + e);
        let of = |pairs: &[Pair]| {
            let errors = unseen(pairs, &pairs[20], false);
            errors.iter().map(|pair| pair.month).collect::<Vec<_>>()
        };
        let months = of(&base);
        assert!(months.contains(&15) && months.contains(&25));
        assert!(!(16..=24).any(|month| months.contains(&month)));
    }

    /// Few months have wider ends than the normal ones: 1.697 = t(30, 0.95) to 1.645.
    #[test]
    fn the_small_sample_factor_goes_with_student() {
        let pairs = pairs(1, 31, |_, _, e| e);
        let differences: Vec<(Pair, f64)> = pairs.iter().map(|p| (*p, p.outcome)).collect();
        let n = differences.len() as f64;
        let mean = differences.iter().map(|d| d.1).sum::<f64>() / n;
        let mut variance = 0.0;
        for (a, x) in &differences {
            for (b, y) in &differences {
                let weight = 1.0 - f64::from((a.month - b.month).abs()) / 4.0;
                variance += weight.max(0.0) * (x - mean) * (y - mean);
            }
        }
        let small = (31.0 + 1.0 - 6.0 + 6.0 / 31.0) / 31.0;
        let want = 1.697_260_887 * (variance / small).sqrt() / n;
        let got = half_width(&differences, false).unwrap();
        assert!((got / want - 1.0).abs() < 1e-8, "{got} is not {want}");
    }

    fn verdict(pairs: &[Pair], communities: usize) -> String {
        let row = judge(Row::new(Status::CannotSay), pairs, communities);
        row.text("verdict").unwrap_or("none").to_owned()
    }

    #[test]
    fn what_foretells_is_told_from_what_does_not() {
        for (case, communities, months) in [("one community", 1, 36), ("thirty", 30, 4)] {
            let score = pairs(communities, months, |score, _, e| 0.2 + score / 200.0 + e);
            let size = pairs(communities, months, |_, size, e| 0.2 + size / 15.0 + e);
            let neither = pairs(communities, months, |_, _, e| 0.5 + e);
            assert_eq!(verdict(&score, communities), "better", "{case}");
            assert_eq!(verdict(&size, communities), "worse", "{case}");
            assert_eq!(verdict(&neither, communities), "undecided", "{case}");
        }
        let constant = pairs(1, 36, |_, _, _| 0.5);
        let row = judge(Row::new(Status::CannotSay), &constant, 1);
        assert_eq!(
            (row.status, row.reason.as_deref()),
            (Status::CannotSay, Some(NOTHING_VARIES))
        );
    }

    /// A score that foretells exactly leaves no error, and so has all the skill there is.
    #[test]
    fn skill_is_one_less_the_share_of_error() {
        let exact = pairs(1, 40, |score, _, _| score / 100.0);
        let row = judge(Row::new(Status::CannotSay), &exact, 1);
        let skill = row.own["skill_score"].as_f64().unwrap();
        assert!((skill - 1.0).abs() < 1e-9, "{skill}");
        assert!((row.own["correlation_score"].as_f64().unwrap() - 1.0).abs() < 1e-9);
        assert!(row.own["skill_log_mau"].as_f64().unwrap() < 0.3);
    }

    #[test]
    fn too_little_history_says_what_it_takes() {
        let activity = crate::ActivityBuilder::new(&Config::default()).finish();
        let config = Config::default();
        let as_of = jiff::civil::date(2026, 3, 1).into();
        let told = Told::of(
            &activity,
            as_of,
            &config,
            &std::collections::BTreeSet::new(),
        );
        let row = backtest(&activity, as_of, &config, &told, &[]);
        assert_eq!(row.status, Status::CannotSay);
        assert_eq!(row.reason.as_deref(), Some(TOO_SHORT));
        assert_eq!(row.own["months"], 0);
    }
}
