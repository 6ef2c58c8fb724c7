//! CDNOW and the subscribers of Fader and Hardie.

use super::{answers, close, f, numbers, table};
use crate::bgnbd::{BgNbd, Histories, History};
use crate::gammagamma::Values;
use crate::sbg::Sbg;

#[test]
fn cdnow_purchases() {
    let Some(a) = answers("ltv.json") else { return };
    let a = &a["bgnbd"];
    let t = table("cdnow_summary.csv");
    let (x, tx, age) = (
        numbers(&t, "frequency"),
        numbers(&t, "recency"),
        numbers(&t, "T"),
    );
    let history = |i: usize| History {
        frequency: x[i],
        recency: tx[i],
        age: age[i],
    };
    let mut all = Histories::default();
    (0..x.len()).for_each(|i| all.update(&history(i)).unwrap());
    let m = all.finish().unwrap();
    close("log-likelihood", m.log_likelihood, f(&a["log_lik"]), 1e-9);
    let se = m.standard_errors.unwrap();
    for (name, ours, error) in [
        ("r", m.r, se[0]),
        ("alpha", m.alpha, se[1]),
        ("a", m.a, se[2]),
        ("b", m.b, se[3]),
    ] {
        close(name, ours, f(&a["params"][name]), 1e-4);
        close(name, error, f(&a["se"][name]), 1e-2);
    }
    let published = BgNbd::with(0.243, 4.414, 0.793, 2.426);
    let example = History {
        frequency: 2.0,
        recency: 30.43,
        age: 38.86,
    };
    close(
        "example",
        published.expected(&example, 39.0).unwrap(),
        f(&a["excel_example"]["E_Y_at_published_params"]),
        1e-9,
    );
    close(
        "alive",
        published.alive(&example).unwrap(),
        f(&a["excel_example"]["p_alive_at_published"]),
        1e-9,
    );
    let at: f64 = (0..x.len())
        .map(|i| published.log_likelihood_of(&history(i)))
        .sum();
    close(
        "log-likelihood there",
        at,
        f(&a["log_lik_at_published"]),
        1e-9,
    );
    for c in a["customers"].as_array().unwrap() {
        let h = History {
            frequency: f(&c["x"]),
            recency: f(&c["t_x"]),
            age: f(&c["T"]),
        };
        close("alive", m.alive(&h).unwrap(), f(&c["p_alive"]), 1e-4);
        close(
            "39 weeks",
            m.expected(&h, 39.0).unwrap(),
            f(&c["exp_39w"]),
            1e-4,
        );
        close(
            "52 weeks",
            m.expected(&h, 52.0).unwrap(),
            f(&c["exp_52w"]),
            1e-4,
        );
    }
    let mean = (0..x.len())
        .map(|i| m.alive(&history(i)).unwrap())
        .sum::<f64>()
        / x.len() as f64;
    close("mean alive", mean, f(&a["mean_p_alive"]), 1e-4);
    assert!(m.expected_new(39.0).unwrap() > 0.5);
}

#[test]
fn cdnow_values() {
    let Some(a) = answers("ltv.json") else { return };
    let a = &a["gamma_gamma"];
    let t = table("cdnow_summary_with_value.csv");
    let (x, z) = (numbers(&t, "x"), numbers(&t, "zbar"));
    let mut all = Values::default();
    (0..x.len()).for_each(|i| {
        all.update(x[i], z[i]).unwrap();
    });
    assert_eq!(all.n() as f64, f(&a["n"]));
    let m = all.finish().unwrap();
    close("log-likelihood", m.log_likelihood, f(&a["log_lik"]), 1e-9);
    let se = m.standard_errors.unwrap();
    for (name, ours, error) in [("p", m.p, se[0]), ("q", m.q, se[1]), ("v", m.v, se[2])] {
        close(name, ours, f(&a["params"][name]), 1e-4);
        close(name, error, f(&a["se"][name]), 1e-2);
    }
    close(
        "mean",
        m.population_mean().unwrap(),
        f(&a["population_mean"]),
        1e-4,
    );
    for (i, theirs) in a["lifetimes_first10_E_M"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
    {
        close("customer", m.expected(x[i], z[i]).unwrap(), f(theirs), 1e-4);
    }
}

#[test]
fn subscribers() {
    let Some(a) = answers("ltv.json") else { return };
    let a = &a["sbg"]["fits"]["high_end"];
    let mut survivors = vec![1000.0];
    survivors.extend(
        a["actual_pct_1..12"]
            .as_array()
            .unwrap()
            .iter()
            .take(7)
            .map(|v| (f(v) * 10.0).round()),
    );
    let m = Sbg::fit(&survivors).unwrap();
    close("alpha", m.alpha, f(&a["alpha"]), 1e-4);
    close("beta", m.beta, f(&a["beta"]), 1e-4);
    close("log-likelihood", m.log_likelihood, f(&a["log_lik"]), 1e-9);
    for t in 0..=12 {
        close(
            "survival",
            m.survival(t),
            f(&a["S_t_0..12"][t as usize]),
            1e-5,
        );
    }
    close(
        "retention",
        m.retention(3),
        f(&a["retention_r_t_1..12"][2]),
        1e-5,
    );
    close(
        "lifetime",
        m.discounted_lifetime(0.1).unwrap(),
        f(&a["DEL_new_customer_incl_t0_10pct"]),
        1e-5,
    );
    for n in 1..=5 {
        let ours = m.discounted_residual_lifetime(n, 0.1).unwrap();
        close(
            "residual",
            ours,
            f(&a["DERL_10pct_n1..5"][n as usize - 1]),
            1e-5,
        );
    }
}
