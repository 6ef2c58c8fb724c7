//! Customer value and corrections: BG/NBD, Gamma-Gamma, sBG, Benjamini–Hochberg.

use crate::Named;
use crate::answer::{Answer, label, number};
use crate::error::AnalysisError;
use crate::request::Request;
use crate::rows::Rows;
use crate::table::{Cell, Table};
use levier_stats::Estimate;
use levier_stats::bgnbd::{Histories, History};
use levier_stats::gammagamma::Values;
use levier_stats::moments::Moments;
use levier_stats::sbg::Sbg;
use serde_json::{Value, json};

fn parameters(answer: &mut Answer, names: &[&str], values: &[f64], errors: Option<&[f64]>) {
    for (i, (name, value)) in names.iter().zip(values).enumerate() {
        let e = errors.map_or_else(
            || Estimate::bare(*value),
            |s| Estimate {
                p_value: None,
                ..Estimate::normal(*value, s[i])
            },
        );
        answer.push(&[("term", json!(name))], &e);
    }
    for ((name, value), error) in names.iter().zip(values).zip(errors.into_iter().flatten()) {
        if error > value {
            answer.warnings.push(format!(
                "`{name}` is hardly known: its standard error exceeds it; read what is expected of customers, not the parameter"
            ));
        }
    }
    if errors.is_none() {
        answer
            .warnings
            .push("the likelihood is flat at its maximum: no standard errors".into());
    }
}

/// BG/NBD.
pub fn bg_nbd(table: &Table, request: &Request) -> Result<Value, AnalysisError> {
    let names = [
        request.need("frequency", &request.frequency)?,
        request.need("recency", &request.recency)?,
        request.need("age", &request.age)?,
    ];
    let labels: Vec<&str> = request.unit.as_deref().into_iter().collect();
    let mut rows = Rows::complete(table, &names, &labels)?;
    let all: Vec<Vec<Cell>> = names
        .iter()
        .map(|n| table.cells(n))
        .collect::<Result<_, _>>()?;
    let bad = |i: usize| {
        let at = |j: usize| {
            if let Cell::Number(x) = all[j][i] {
                x
            } else {
                f64::NAN
            }
        };
        History {
            frequency: at(0),
            recency: at(1),
            age: at(2),
        }
        .check()
        .err()
        .map(|e| e.to_string())
    };
    for reason in (0..table.rows())
        .filter_map(bad)
        .collect::<std::collections::BTreeSet<String>>()
    {
        rows.leave_out(|i| bad(i).as_deref() == Some(&reason), &reason)?;
    }
    let (x, tx, age) = (
        rows.numbers(names[0])?,
        rows.numbers(names[1])?,
        rows.numbers(names[2])?,
    );
    let history = |i: usize| History {
        frequency: x[i],
        recency: tx[i],
        age: age[i],
    };
    let mut histories = Histories::default();
    for i in 0..x.len() {
        histories.update(&history(i)).named(request)?;
    }
    let m = histories.finish().named(request)?;
    let mut answer = Answer::new(&request.method, rows.n(), rows.left_out.clone());
    parameters(
        &mut answer,
        &["r", "alpha", "a", "b"],
        &[m.r, m.alpha, m.a, m.b],
        m.standard_errors.as_ref().map(|s| &s[..]),
    );
    if let Some(h) = request.horizon {
        let value = m.expected_new(h).named(request)?;
        answer.push(
            &[
                ("term", json!("expected_transactions_new_customer")),
                ("horizon", number(h)),
            ],
            &Estimate::bare(value),
        );
    }
    if let Some(unit) = &request.unit {
        for (i, name) in rows.labels(unit)?.iter().enumerate() {
            if let Some(h) = request.horizon {
                let value = m.expected(&history(i), h).named(request)?;
                let about = [
                    ("term", json!("expected_transactions")),
                    ("unit", label(name)),
                    ("horizon", number(h)),
                ];
                answer.push(&about, &Estimate::bare(value));
            }
            let value = m.alive(&history(i)).named(request)?;
            answer.push(
                &[("term", json!("p_alive")), ("unit", label(name))],
                &Estimate::bare(value),
            );
        }
        if request.horizon.is_none() {
            answer
                .warnings
                .push("without --horizon there are no expected transactions".into());
        }
    }
    answer.note("log_likelihood", json!(m.log_likelihood));
    Ok(answer.finish())
}

/// Gamma-Gamma.
pub fn gamma_gamma(table: &Table, request: &Request) -> Result<Value, AnalysisError> {
    let frequency = request.need("frequency", &request.frequency)?;
    let value = request.need("value", &request.value)?;
    let labels: Vec<&str> = request.unit.as_deref().into_iter().collect();
    let mut rows = Rows::complete(table, &[frequency], &labels)?;
    let (counts, worth) = (table.cells(frequency)?, table.cells(value)?);
    let repeats = |i: usize| matches!(counts[i], Cell::Number(x) if x > 0.0);
    rows.leave_out(
        |i| matches!(counts[i], Cell::Number(x) if x < 0.0),
        &format!("`{frequency}` is negative"),
    )?;
    rows.leave_out(
        |i| repeats(i) && !matches!(worth[i], Cell::Number(z) if z > 0.0 && z.is_finite()),
        &format!("`{value}` is missing or not positive although there are repeats"),
    )?;
    let x = rows.numbers(frequency)?;
    let z: Vec<f64> = rows
        .cells(value)?
        .into_iter()
        .map(|c| if let Cell::Number(v) = c { v } else { 0.0 })
        .collect();
    let mut fit = Values::default();
    let mut together = Moments::new(2);
    for (x, z) in x.iter().zip(&z) {
        if fit
            .update(*x, if *x == 0.0 { 0.0 } else { *z })
            .named(request)?
        {
            together.update(&[*x, *z]);
        }
    }
    let m = fit.finish().named(request)?;
    let mut left_out = rows.left_out.clone();
    left_out.add(
        "no repeat purchase: not part of the fit",
        rows.n() - fit.n() as usize,
    );
    let mut answer = Answer::new(&request.method, fit.n() as usize, left_out);
    parameters(
        &mut answer,
        &["p", "q", "v"],
        &[m.p, m.q, m.v],
        m.standard_errors.as_ref().map(|s| &s[..]),
    );
    match m.population_mean() {
        Ok(mean) => answer.push(&[("term", json!("population_mean"))], &Estimate::bare(mean)),
        Err(e) => answer.warnings.push(e.to_string()),
    }
    if let Some(unit) = &request.unit {
        for (i, name) in rows.labels(unit)?.iter().enumerate() {
            let about = [("term", json!("expected_value")), ("unit", label(name))];
            // Where the mean is infinite (said above) the customer's value is unknown, not the whole answer.
            match m.expected(x[i], z[i]) {
                Ok(value) => answer.push(&about, &Estimate::bare(value)),
                Err(_) => answer.push_unknown(&about),
            }
        }
    }
    answer.note("log_likelihood", json!(m.log_likelihood));
    let spread = together
        .variance(0)
        .zip(together.variance(1))
        .map(|(a, b)| (a * b).sqrt());
    if let (Some(c), Some(s)) = (together.covariance(0, 1), spread.filter(|s| *s > 0.0)) {
        answer.note("frequency_value_correlation", json!(c / s));
    }
    Ok(answer.finish())
}

/// sBG.
pub fn sbg(table: &Table, request: &Request) -> Result<Value, AnalysisError> {
    let survivors = request.need("survivors", &request.survivors)?;
    let mut cells = table.cells(survivors)?;
    let blank = cells
        .iter()
        .rev()
        .take_while(|c| **c == Cell::Missing)
        .count();
    cells.truncate(cells.len() - blank);
    let counts: Vec<f64> = cells
        .iter()
        .enumerate()
        .map(|(i, c)| match c {
            Cell::Number(x) => Ok(*x),
            _ => Err(AnalysisError::Inconsistent(format!(
                "`{survivors}` has no number in row {}; every period is needed",
                i + 1
            ))),
        })
        .collect::<Result<_, _>>()?;
    let m = Sbg::fit(&counts).named(request)?;
    let mut left_out = crate::rows::LeftOut::default();
    left_out.add(format!("`{survivors}` is missing"), blank);
    let mut answer = Answer::new(&request.method, counts.len(), left_out);
    parameters(
        &mut answer,
        &["alpha", "beta"],
        &[m.alpha, m.beta],
        m.standard_errors.as_ref().map(|s| &s[..]),
    );
    if let Some(h) = request.horizon {
        if !(1.0..=100_000.0).contains(&h) {
            return Err(AnalysisError::BadValue {
                flag: "horizon",
                value: h.to_string(),
                wanted: "a number of periods from 1 to 100000",
            });
        }
        for t in 1..=(h as u32) {
            answer.push(
                &[("term", json!("survival")), ("horizon", json!(t))],
                &Estimate::bare(m.survival(t)),
            );
        }
    }
    answer.note("log_likelihood", json!(m.log_likelihood));
    Ok(answer.finish())
}

/// Benjamini–Hochberg.
pub fn benjamini_hochberg(table: &Table, request: &Request) -> Result<Value, AnalysisError> {
    let column = request.need("p-value", &request.p_value)?;
    let rows = Rows::complete(table, &[column], &[])?;
    let p = rows.numbers(column)?;
    let adjusted = levier_stats::multiplicity::benjamini_hochberg(
        &p.iter().copied().map(Some).collect::<Vec<_>>(),
    )
    .named(request)?;
    let mut answer = Answer::new(&request.method, rows.n(), rows.left_out.clone());
    for (q, p) in adjusted.iter().zip(&p) {
        let Some(q) = q else { continue };
        answer.push(
            &[],
            &Estimate {
                p_value: Some(*p),
                ..Estimate::bare(*q)
            },
        );
    }
    let rejected = adjusted.iter().flatten().filter(|q| **q <= 0.05).count();
    answer.note("rejected_at_0.05", json!(rejected));
    Ok(answer.finish())
}
