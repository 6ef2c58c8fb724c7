//! Staggered joins: rows of unit and time into a balanced panel, and its effects out again.

use crate::answer::{Answer, number};
use crate::error::AnalysisError;
use crate::request::Request;
use crate::rows::{Rows, number_units};
use crate::table::{Cell, Table};
use crate::{Named, SEED};
use levier_stats::did::rows::{Panel, estimate};
use levier_stats::did::{Aggregation, Control, Effects, Options, periods_compared};
use levier_stats::influence::Adjustment;
use levier_stats::sup_t::draws;
use serde_json::{Value, json};

/// Callaway–Sant'Anna.
pub fn did(table: &Table, request: &Request) -> Result<Value, AnalysisError> {
    let unit = request.need("unit", &request.unit)?;
    let time = request.need("time", &request.time)?;
    let outcome = request.need("outcome", &request.outcome)?;
    let first = request.need("first-treated", &request.first_treated)?;
    let options = Options {
        estimator: Request::choose(
            "estimator",
            &request.estimator,
            &[
                ("dr", Adjustment::DoublyRobust),
                ("reg", Adjustment::Regression),
                ("ipw", Adjustment::Weighting),
            ],
        )?,
        control: Request::choose(
            "control",
            &request.control,
            &[("never", Control::Never), ("not-yet", Control::NotYet)],
        )?,
        anticipation: request.anticipation.unwrap_or(0.0),
        ..Options::default()
    };
    let aggregation = match &request.aggregate {
        None => None,
        given => Some(Request::choose(
            "aggregate",
            given,
            &[
                ("simple", Aggregation::Simple),
                ("dynamic", Aggregation::Dynamic),
                ("group", Aggregation::Group),
                ("calendar", Aggregation::Calendar),
            ],
        )?),
    };
    let names = request.covariate_names();
    let mut needed = vec![time, outcome];
    needed.extend(names.iter().map(String::as_str));
    let mut rows = Rows::complete(table, &needed, &[unit])?;
    let cells = table.cells(first)?;
    rows.leave_out(
        |i| cells[i] == Cell::NotANumber,
        &format!("`{first}` is not a number"),
    )?;
    let mut warnings = Vec::new();
    let (panel, compared) = balanced(
        &mut rows,
        [unit, time, outcome, first],
        &names,
        &options,
        &mut warnings,
    )?;
    let early: usize = panel
        .first_treated
        .iter()
        .filter(|g| **g <= panel.times[0] + options.anticipation)
        .count();
    rows.left_out
        .add("unit already treated in the first period", early * compared);
    let effects = estimate(&panel, &options).named(request)?;
    let mut answer = Answer::new(
        &request.method,
        (panel.first_treated.len() - early) * compared,
        rows.left_out.clone(),
    );
    answer.warnings = warnings;
    answer.warnings.extend(effects.warnings.iter().cloned());
    match aggregation {
        None => {
            for c in &effects.cells {
                answer.push(
                    &[("group", number(c.group)), ("time", number(c.time))],
                    &c.estimate,
                );
            }
        }
        Some(how) => {
            let done = effects.aggregate(how).named(request)?;
            answer.estimate(&done.overall);
            let key = match how {
                Aggregation::Dynamic => "event_time",
                Aggregation::Group => "group",
                _ => "time",
            };
            for (at, e) in &done.table {
                answer.push(&[(key, number(*at))], e);
            }
        }
    }
    pre_trend(&mut answer, &effects);
    answer.note("units", json!(effects.units));
    let never = effects.units - effects.cohorts.iter().map(|(_, n)| n).sum::<u64>();
    let mut cohorts: Vec<Value> = effects
        .cohorts
        .iter()
        .map(|(g, n)| json!({"group": number(*g), "units": n}))
        .collect();
    cohorts.push(json!({"group": "never", "units": never}));
    answer.note("cohorts", json!(cohorts));
    Ok(answer.finish())
}

fn pre_trend(answer: &mut Answer, effects: &Effects) {
    let draws = draws(effects.cells.len());
    let critical = effects.sup_t_critical(draws, SEED).ok();
    let found = match effects.pre_trend() {
        Ok(p) => json!({
            "statistic": p.statistic, "df": p.df, "p_value": p.p_value, "sup_t_critical": critical,
            "largest_t": p.sup_t, "detectable_drift": p.detectable_drift
        }),
        Err(e) => {
            answer
                .warnings
                .push(format!("no test of the trends before treatment: {e}"));
            json!({"statistic": null, "df": 0, "p_value": null, "sup_t_critical": critical})
        }
    };
    answer.note("pre_trend", found);
}

/// Units seen exactly once in every period that is compared, and how many periods those are.
fn balanced(
    rows: &mut Rows<'_>,
    [unit, time, outcome, first]: [&str; 4],
    covariates: &[String],
    options: &Options,
    warnings: &mut Vec<String>,
) -> Result<(Panel, usize), AnalysisError> {
    let (times, y) = (rows.numbers(time)?, rows.numbers(outcome)?);
    let (units, labels) = number_units(&rows.labels(unit)?);
    let firsts: Vec<f64> = rows
        .cells(first)?
        .into_iter()
        .map(|c| match c {
            Cell::Number(g) if g != 0.0 && g.is_finite() => g,
            _ => f64::INFINITY,
        })
        .collect();
    let x = rows.covariates(covariates, warnings)?;
    let mut periods = times.clone();
    periods.sort_by(f64::total_cmp);
    periods.dedup();
    let width = periods.len();
    let steps = || periods.windows(2).map(|pair| (pair[1] - pair[0], pair));
    let least = steps().map(|(step, _)| step).fold(f64::INFINITY, f64::min);
    if let Some((_, [before, after])) = steps().find(|(step, _)| *step > least * (1.0 + 1e-9)) {
        warnings.push(format!(
            "periods of `{time}` are not evenly spaced ({before} is followed by {after}): time since treatment is a difference of these numbers; number the periods 1, 2, 3…, `{first}` as well"
        ));
    }
    // Periods in which nobody is left untreated play no part, so a gap there costs no unit.
    let compared = periods_compared(&periods, &firsts, options);
    let mut at: Vec<Option<usize>> = vec![None; width * labels.len()];
    let mut joined: Vec<Option<f64>> = vec![None; labels.len()];
    for i in 0..times.len() {
        let u = units[i];
        let place = &mut at[u * width + periods.partition_point(|p| *p < times[i])];
        if place.is_some() {
            return Err(AnalysisError::Inconsistent(format!(
                "unit `{}` has two rows for {} {}; one row per unit and time is needed",
                labels[u], time, times[i]
            )));
        }
        *place = Some(i);
        match joined[u] {
            Some(g) if g != firsts[i] => {
                return Err(AnalysisError::Inconsistent(format!(
                    "unit `{}` has two values of `{first}`; first treatment is one date per unit",
                    labels[u]
                )));
            }
            _ => joined[u] = Some(firsts[i]),
        }
    }
    let mut panel = Panel {
        times: periods,
        covariates: vec![Vec::new(); x.len()],
        ..Panel::default()
    };
    let (mut partial, mut late) = (0, 0);
    for (u, places) in at.chunks(width).enumerate() {
        late += places[compared..].iter().flatten().count();
        let seen = places[..compared].iter().flatten().count();
        if seen < compared {
            partial += seen;
            continue;
        }
        panel.first_treated.push(joined[u].unwrap_or(f64::INFINITY));
        for place in places {
            panel.outcome.push(place.map_or(f64::NAN, |i| y[i]));
            for (column, (_, values)) in panel.covariates.iter_mut().zip(&x) {
                column.push(place.map_or(f64::NAN, |i| values[i]));
            }
        }
    }
    rows.left_out
        .add("unit not observed in every period", partial);
    rows.left_out
        .add("period in which nobody is left untreated", late);
    if panel.first_treated.is_empty() {
        return Err(AnalysisError::NoRows {
            reasons: vec!["no unit is observed in every period".into()],
        });
    }
    Ok((panel, compared))
}
