//! Before and after the launch: means of whole months, and an interrupted time series beside them.
//!
//! The model is `y = a + b·t + c·after + d·(t − launch)·after + e`, ordinary least squares, with Newey–West errors (Bartlett
//! weights, lag `⌊0.75·n^⅓⌋`, factor `n/(n − 4)`): *c* is the change of level, *d* that of slope per month. Only published
//! figures enter, so that nothing hidden can be recovered. A change is never attributable by itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use levier_domain::table::Status;
use levier_domain::time::Month;

use crate::calendar::Span;
use crate::cell::{Cell, Key};
use crate::draft::Place;
use crate::numbers::Z95;

/// Most months on each side.
const MOST: i32 = 12;
/// Fewest months on each side.
const FEWEST: usize = 3;
/// Fewest months on each side for the model.
const FEWEST_MODEL: usize = 4;

/// An interrupted time series, estimated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interrupted {
    /// Change of level at the launch, with its standard error.
    pub level: (f64, f64),
    /// Change of slope per month, with its standard error.
    pub slope: (f64, f64),
}

/// Solves `A·x = b` for every column of `b`; `None` if singular. Small and dense: elimination with pivots.
fn solve(mut a: [[f64; 4]; 4], mut b: [[f64; 4]; 4]) -> Option<[[f64; 4]; 4]> {
    for pivot in 0..4 {
        let best = (pivot..4).max_by(|x, y| a[*x][pivot].abs().total_cmp(&a[*y][pivot].abs()))?;
        if a[best][pivot].abs() < 1e-9 {
            return None;
        }
        a.swap(pivot, best);
        b.swap(pivot, best);
        for row in 0..4 {
            if row == pivot {
                continue;
            }
            let factor = a[row][pivot] / a[pivot][pivot];
            for column in 0..4 {
                a[row][column] -= factor * a[pivot][column];
                b[row][column] -= factor * b[pivot][column];
            }
        }
    }
    for row in 0..4 {
        for value in &mut b[row] {
            *value /= a[row][row];
        }
    }
    Some(b)
}

/// Estimates level and slope change of `(month, value)` sorted by month, `launch` being the first month after.
#[must_use]
pub fn interrupted(series: &[(i32, f64)], launch: i32) -> Option<Interrupted> {
    let n = series.len();
    if n < 6 {
        return None;
    }
    let design: Vec<[f64; 4]> = series
        .iter()
        .map(|(month, _)| {
            let t = f64::from(month - launch);
            let after = if *month >= launch { 1.0 } else { 0.0 };
            [1.0, t, after, t * after]
        })
        .collect();
    let mut gram = [[0.0; 4]; 4];
    let mut moment = [0.0; 4];
    for (x, (_, y)) in design.iter().zip(series) {
        for i in 0..4 {
            moment[i] += x[i] * y;
            for j in 0..4 {
                gram[i][j] += x[i] * x[j];
            }
        }
    }
    let mut identity = [[0.0; 4]; 4];
    for (i, row) in identity.iter_mut().enumerate() {
        row[i] = 1.0;
    }
    let inverse = solve(gram, identity)?;
    let beta: Vec<f64> = inverse
        .iter()
        .map(|row| row.iter().zip(moment).map(|(a, b)| a * b).sum())
        .collect();
    let scores: Vec<[f64; 4]> = design
        .iter()
        .zip(series)
        .map(|(x, (_, y))| {
            let residual = y - x.iter().zip(&beta).map(|(a, b)| a * b).sum::<f64>();
            x.map(|value| value * residual)
        })
        .collect();
    let lag = (0.75 * (n as f64).cbrt()).floor() as usize;
    let mut meat = [[0.0; 4]; 4];
    for distance in 0..=lag {
        let weight = 1.0 - distance as f64 / (lag as f64 + 1.0);
        for t in distance..n {
            for i in 0..4 {
                for j in 0..4 {
                    let product = scores[t][i] * scores[t - distance][j];
                    let mirrored = scores[t][j] * scores[t - distance][i];
                    meat[i][j] += if distance == 0 {
                        product
                    } else {
                        weight * (product + mirrored)
                    };
                }
            }
        }
    }
    let small = n as f64 / (n as f64 - 4.0);
    let error = |k: usize| {
        let mut variance = 0.0;
        for i in 0..4 {
            for j in 0..4 {
                variance += inverse[k][i] * meat[i][j] * inverse[j][k];
            }
        }
        (variance.max(0.0) * small).sqrt()
    };
    Some(Interrupted {
        level: (beta[2], error(2)),
        slope: (beta[3], error(3)),
    })
}

/// Series by key (period emptied): whole months of the whole company and of every community, both sides together.
pub(crate) fn series(cells: &[Cell]) -> BTreeMap<Key, BTreeMap<i32, f64>> {
    let mut series: BTreeMap<Key, BTreeMap<i32, f64>> = BTreeMap::new();
    for cell in cells {
        let key = &cell.key;
        let whole = cell.status == Status::Ok
            && key.grain == "month"
            && key.side == "all"
            && [&key.segment, &key.platform, &key.channel]
                .iter()
                .all(|name| &***name == "all");
        if let Some(value) = cell.value.filter(|_| whole) {
            let key = Key {
                period: Arc::from(""),
                ..key.clone()
            };
            series
                .entry(key)
                .or_default()
                .insert(Month::of(cell.start).index(), value);
        }
    }
    series
}

/// Cells of `before_after`, one set per series of `all`, from cells that were already suppressed. The first month of a series is left
/// out: data may begin in the middle of it, and half a month is no lower month.
pub(crate) fn before_after(cells: &mut Vec<Cell>, launch: Option<Date>, now: &Span) {
    let empty = |reason: &str| {
        Place::everywhere()
            .cell("before_after", now, "")
            .missing(reason)
            .impersonal()
    };
    let Some(launch) = launch else {
        cells.push(empty("needs: a launch date or a first join"));
        return;
    };
    // The month of the launch is neither before nor after, unless it opens on its first day.
    let month = Month::of(launch).index();
    let first_after = if launch == Month::of(launch).first_day() {
        month
    } else {
        month + 1
    };
    let mut made = Vec::new();
    for (key, values) in series(cells) {
        if &*key.community != "all" {
            continue;
        }
        let first = values.keys().next().copied().unwrap_or(month);
        let before: Vec<(i32, f64)> = values
            .range((month - MOST).max(first + 1).min(month)..month)
            .map(|(m, v)| (*m, *v))
            .collect();
        let after: Vec<(i32, f64)> = values
            .range(first_after..first_after + MOST)
            .map(|(m, v)| (*m, *v))
            .collect();
        let k = before.len().min(after.len());
        if k < FEWEST {
            continue;
        }
        let (before, after) = (&before[before.len() - k..], &after[..k]);
        let mean =
            |rows: &[(i32, f64)]| rows.iter().map(|row| row.1).sum::<f64>() / rows.len() as f64;
        let name = if &*key.item == "all" {
            key.kpi.to_owned()
        } else {
            format!("{}.{}", key.kpi, key.item)
        };
        let note = format!("not attributable; {k} whole months on each side of the launch");
        let cell = |what: &str, value: f64| {
            Place::everywhere()
                .cell("before_after", now, "change")
                .impersonal()
                .count(value, 0)
                .item(&format!("{name}.{what}"))
                .note(&note)
        };
        let mut change = cell("mean", mean(after) - mean(before));
        change.numerator = Some(mean(after));
        change.denominator = Some(mean(before));
        change.status = Status::Ok;
        made.push(change);
        let joined: Vec<(i32, f64)> = before.iter().chain(after).copied().collect();
        if k >= FEWEST_MODEL
            && let Some(model) = interrupted(&joined, first_after)
        {
            for (what, (value, error)) in [("level", model.level), ("slope", model.slope)] {
                let mut cell = cell(what, value);
                cell.status = Status::Ok;
                cell.interval = (error > 0.0).then_some((value - Z95 * error, value + Z95 * error));
                made.push(cell);
            }
        }
    }
    if made.is_empty() {
        made.push(empty(
            "needs: three whole months of a series on each side of the launch",
        ));
    }
    cells.extend(made);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_step_and_a_bend_are_found_to_the_digit() {
        let series: Vec<(i32, f64)> = (0..20)
            .map(|t| {
                let after = if t >= 10 {
                    5.0 + 0.5 * f64::from(t - 10)
                } else {
                    0.0
                };
                (t, 100.0 + 2.0 * f64::from(t) + after)
            })
            .collect();
        let found = interrupted(&series, 10).unwrap();
        assert!(
            (found.level.0 - 5.0).abs() < 1e-9 && (found.slope.0 - 0.5).abs() < 1e-9,
            "{found:?}"
        );
        assert!(found.level.1 < 1e-6);
    }

    #[test]
    fn too_short_a_series_says_nothing() {
        assert_eq!(interrupted(&[(0, 1.0), (1, 2.0), (2, 3.0)], 1), None);
    }
}
