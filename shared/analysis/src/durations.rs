//! Time until an event: curves, tests, restricted means, Cox.

use crate::Named;
use crate::answer::{Answer, label, number};
use crate::error::AnalysisError;
use crate::request::Request;
use crate::rows::{Rows, need_one, number_units};
use crate::table::Table;
use levier_stats::Estimate;
use levier_stats::cox::{Intervals, Ties, fit};
use levier_stats::survival::{Curve, Lifetimes};
use serde_json::{Value, json};

type Groups = Vec<(Option<String>, Lifetimes)>;

fn lifetimes<'a>(table: &'a Table, request: &Request) -> Result<(Rows<'a>, Groups), AnalysisError> {
    let duration = request.need("duration", &request.duration)?;
    let event = request.need("event", &request.event)?;
    let labels: Vec<&str> = request.group.as_deref().into_iter().collect();
    let mut rows = Rows::complete(table, &[duration, event], &labels)?;
    let cells = table.cells(duration)?;
    rows.leave_out(
        |i| matches!(cells[i], crate::table::Cell::Number(x) if x < 0.0),
        &format!("`{duration}` is negative"),
    )?;
    let (durations, events) = (rows.numbers(duration)?, rows.flags(event)?);
    let names: Vec<Option<String>> = match &request.group {
        Some(g) => rows.labels(g)?.into_iter().map(Some).collect(),
        None => vec![None; durations.len()],
    };
    let mut distinct = names.clone();
    // Numbers first, by size, then text: comparing both as it comes would be no order.
    let as_number = |n: &Option<String>| n.as_deref().and_then(|n| n.parse::<f64>().ok());
    distinct.sort_by(|a, b| match (as_number(a), as_number(b)) {
        (Some(x), Some(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
        (x, y) => y.is_some().cmp(&x.is_some()).then_with(|| a.cmp(b)),
    });
    distinct.dedup();
    let mut groups: Groups = distinct
        .into_iter()
        .map(|n| (n, Lifetimes::default()))
        .collect();
    for ((duration, event), name) in durations.iter().zip(&events).zip(&names) {
        if let Some((_, life)) = groups.iter_mut().find(|(n, _)| n == name) {
            life.update(*duration, *event).named(request)?;
        }
    }
    Ok((rows, groups))
}

fn about(group: &Option<String>, more: &[(&'static str, Value)]) -> Vec<(&'static str, Value)> {
    let mut keys: Vec<(&'static str, Value)> = group.iter().map(|g| ("group", label(g))).collect();
    keys.extend(more.iter().cloned());
    keys
}

fn counts(groups: &Groups) -> Value {
    groups
        .iter()
        .map(|(g, l)| json!({"group": g.as_deref().map(label), "n": l.n(), "events": l.events()}))
        .collect()
}

fn curves(
    groups: &Groups,
    request: &Request,
) -> Result<Vec<(Option<String>, Curve)>, AnalysisError> {
    groups
        .iter()
        .map(|(g, l)| Ok((g.clone(), l.finish().named(request)?)))
        .collect()
}

/// Kaplan–Meier.
pub fn kaplan_meier(table: &Table, request: &Request) -> Result<Value, AnalysisError> {
    let (rows, groups) = lifetimes(table, request)?;
    let mut answer = Answer::new(&request.method, rows.n(), rows.left_out.clone());
    for (group, curve) in curves(&groups, request)? {
        for s in curve.steps.iter().filter(|s| s.events > 0) {
            answer.push(&about(&group, &[("time", number(s.time))]), &s.survival);
        }
        match curve.median() {
            Some(m) => answer.push(&about(&group, &[("term", json!("median"))]), &m),
            None => {
                answer.push_unknown(&about(&group, &[("term", json!("median"))]));
                let of_group = group.as_ref().map_or(String::new(), |g| format!(" of {g}"));
                answer.warnings.push(format!(
                    "survival{of_group} does not fall to one half: the median is unknown"
                ));
            }
        }
        if let Some(h) = request.horizon {
            let there = about(
                &group,
                &[("term", json!("survival")), ("horizon", number(h))],
            );
            match curve.at(h) {
                Some(e) => {
                    answer.push(&there, &e);
                    if groups.len() == 1 {
                        answer.estimate_about(&[("horizon", number(h))], &e);
                    }
                }
                None => {
                    answer.push_unknown(&there);
                    answer.warnings.push(format!(
                        "nobody was watched until {h} (the last at {}): survival there is unknown",
                        curve.follow_up()
                    ));
                }
            }
        }
    }
    answer.note("groups", counts(&groups));
    Ok(answer.finish())
}

/// Log-rank.
pub fn log_rank(table: &Table, request: &Request) -> Result<Value, AnalysisError> {
    request.need("group", &request.group)?;
    let (rows, groups) = lifetimes(table, request)?;
    let all: Vec<Lifetimes> = groups.iter().map(|(_, l)| l.clone()).collect();
    let (statistic, df, p) = levier_stats::survival::log_rank(&all).named(request)?;
    let mut answer = Answer::new(&request.method, rows.n(), rows.left_out.clone());
    answer.estimate(&Estimate {
        p_value: Some(p),
        ..Estimate::bare(statistic)
    });
    answer.note("df", json!(df));
    answer.note("groups", counts(&groups));
    Ok(answer.finish())
}

/// Restricted mean survival time.
pub fn restricted_mean(table: &Table, request: &Request) -> Result<Value, AnalysisError> {
    let Some(horizon) = request.horizon else {
        return Err(AnalysisError::MissingFlag {
            method: request.method.clone(),
            flag: "horizon",
        });
    };
    let (rows, groups) = lifetimes(table, request)?;
    let mut answer = Answer::new(&request.method, rows.n(), rows.left_out.clone());
    let mut means = Vec::new();
    for (group, curve) in curves(&groups, request)? {
        let mean = curve.restricted_mean(horizon).named(request)?;
        answer.push(&about(&group, &[("horizon", number(horizon))]), &mean);
        if horizon > curve.follow_up() && curve.steps.last().is_some_and(|s| s.survival.value > 0.0)
        {
            answer.warnings.push(format!(
                "nobody was watched until {horizon}: the curve is carried on flat from {}",
                curve.follow_up()
            ));
        }
        means.push((group, mean));
    }
    match means.as_slice() {
        [(_, only)] => answer.estimate_about(&[("horizon", number(horizon))], only),
        [(a, first), (b, second)] => {
            let error = first
                .standard_error
                .zip(second.standard_error)
                .map(|(x, y)| (x * x + y * y).sqrt());
            let gap = second.value - first.value;
            let difference =
                error.map_or_else(|| Estimate::bare(gap), |s| Estimate::normal(gap, s));
            let term = format!(
                "{} - {}",
                b.as_deref().unwrap_or_default(),
                a.as_deref().unwrap_or_default()
            );
            answer.estimate_about(
                &[("term", json!(term)), ("horizon", number(horizon))],
                &difference,
            );
        }
        _ => {}
    }
    answer.note("groups", counts(&groups));
    Ok(answer.finish())
}

/// Cox regression on durations or on (start, stop] intervals.
pub fn cox(table: &Table, request: &Request) -> Result<Value, AnalysisError> {
    let event = request.need("event", &request.event)?;
    request.need("covariates", &request.covariates)?;
    let ties = Request::choose(
        "ties",
        &request.ties,
        &[("efron", Ties::Efron), ("breslow", Ties::Breslow)],
    )?;
    let intervals = request.start.is_some() || request.stop.is_some();
    let stop = if intervals {
        request.need("stop", &request.stop)?
    } else {
        request.need("duration", &request.duration)?
    };
    let names = request.covariate_names();
    let mut needed = vec![event, stop];
    let start = if intervals {
        Some(request.need("start", &request.start)?)
    } else {
        None
    };
    needed.extend(start);
    needed.extend(names.iter().map(String::as_str));
    let labels: Vec<&str> = request.unit.as_deref().into_iter().collect();
    let mut rows = Rows::complete(table, &needed, &labels)?;
    let number_at = |c: &crate::table::Cell| {
        if let crate::table::Cell::Number(x) = c {
            *x
        } else {
            f64::NAN
        }
    };
    let ends = table.cells(stop)?;
    match start {
        Some(start) => {
            let begins = table.cells(start)?;
            rows.leave_out(
                |i| number_at(&ends[i]) <= number_at(&begins[i]),
                "the interval has no length",
            )?;
        }
        None => rows.leave_out(
            |i| number_at(&ends[i]) < 0.0,
            &format!("`{stop}` is negative"),
        )?,
    }
    let (stops, events) = (rows.numbers(stop)?, rows.flags(event)?);
    let starts = match start {
        Some(start) => rows.numbers(start)?,
        None => vec![0.0; stops.len()],
    };
    let mut answer = Answer::new(&request.method, rows.n(), rows.left_out.clone());
    let covariates = rows.covariates(&names, &mut answer.warnings)?;
    need_one(&covariates)?;
    let views = covariates.iter().map(|(_, x)| x.as_slice()).collect();
    let done = fit(
        &Intervals {
            start: &starts,
            stop: &stops,
            event: &events,
            covariates: views,
        },
        ties,
    )
    .named(request)?;
    for ((name, _), c) in covariates.iter().zip(&done.coefficients) {
        answer.push(&[("term", json!(name))], c);
    }
    if let [only] = done.coefficients.as_slice() {
        answer.estimate(only);
    }
    answer.note("log_likelihood", json!(done.log_likelihood));
    answer.note("null_log_likelihood", json!(done.null_log_likelihood));
    answer.note("events", json!(done.events));
    answer.note("passes", json!(done.passes));
    if let Some(unit) = &request.unit {
        let (unit, units) = number_units(&rows.labels(unit)?);
        answer.note("units", json!(units.len()));
        answer
            .warnings
            .extend(histories(&unit, units.len(), [&starts, &stops], &events));
    }
    if done.events < 10 * covariates.len() as u64 {
        answer.warnings.push(format!(
            "{} events for {} covariates: fewer than 10 each",
            done.events,
            covariates.len()
        ));
    }
    Ok(answer.finish())
}

/// What is odd about the intervals of a unit: it lives twice at once, or goes on after its event.
fn histories(
    units: &[usize],
    count: usize,
    [starts, stops]: [&[f64]; 2],
    events: &[bool],
) -> Vec<String> {
    let mut lives: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (row, unit) in units.iter().enumerate() {
        lives[*unit].push(row);
    }
    let (mut twice, mut after) = (0, 0);
    for life in &mut lives {
        life.sort_by(|a, b| {
            starts[*a]
                .total_cmp(&starts[*b])
                .then(stops[*a].total_cmp(&stops[*b]))
        });
        let pairs = || life.windows(2).map(|pair| (pair[0], pair[1]));
        twice += usize::from(pairs().any(|(a, b)| starts[b] < stops[a]));
        after += usize::from(pairs().any(|(a, _)| events[a]));
    }
    let mut said = Vec::new();
    if twice > 0 {
        said.push(format!(
            "{twice} units have intervals that overlap or repeat: they are at risk twice at once"
        ));
    }
    if after > 0 {
        said.push(format!(
            "{after} units go on after their event: an event ends a unit's last interval, unless it may happen again"
        ));
    }
    said
}
