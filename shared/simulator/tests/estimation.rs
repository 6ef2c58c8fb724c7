//! The truth is what a right estimator finds, and the raw gap is not.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use jiff::civil::date;
use levier_simulator::{Company, CompanyOptions, PanelRow, Scale, Story};

/// An estimate and its standard error.
struct Estimate {
    value: f64,
    error: f64,
}

impl Estimate {
    fn covers(&self, truth: f64) -> bool {
        (self.value - truth).abs() <= 1.96 * self.error
    }
}

fn company(story: Story, seed: u64) -> Company {
    let options = CompanyOptions::new(Scale::Small).story(story);
    Company::with_options(options, seed, date(2026, 11, 1))
}

/// Revenue in euros per customer and month, with the month of joining (an index into the window).
fn panel(company: &Company) -> Vec<(Option<usize>, Vec<f64>)> {
    let first = company.first_month().index();
    let rows: Vec<PanelRow> = company.panel().collect();
    rows.chunks(24)
        .map(|months| {
            let joined = months[0]
                .first_treated
                .map(|month| (month.index() - first) as usize);
            let revenue = months
                .iter()
                .map(|row| row.revenue_minor as f64 / 100.0)
                .collect();
            (joined, revenue)
        })
        .collect()
}

/// Difference-in-differences by cohort against those who never join, the month before joining as base, all cells (g, t ≥ g)
/// weighted by the size of the cohort. Given the cohorts it is linear in the customers' revenue, hence its error.
fn did(panel: &[(Option<usize>, Vec<f64>)]) -> Estimate {
    let months = panel[0].1.len();
    let mut size = vec![0.0; months];
    for (joined, _) in panel {
        if let Some(joined) = joined {
            size[*joined] += 1.0;
        }
    }
    let cells: f64 = (0..months).map(|g| size[g] * (months - g) as f64).sum();
    let gain = |revenue: &[f64], g: usize| -> f64 {
        revenue[g..].iter().map(|y| y - revenue[g - 1]).sum()
    };
    let control = |revenue: &[f64]| -> f64 {
        (0..months)
            .filter(|g| size[*g] > 0.0)
            .map(|g| size[g] * gain(revenue, g))
            .sum()
    };
    let moments = |draws: &[f64]| {
        let n = draws.len() as f64;
        let mean = draws.iter().sum::<f64>() / n;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (n, mean, variance)
    };
    let never: Vec<f64> = panel
        .iter()
        .filter(|row| row.0.is_none())
        .map(|row| control(&row.1))
        .collect();
    let (n, mean, variance) = moments(&never);
    let (mut value, mut square) = (-mean / cells, variance / n / cells / cells);
    for g in (0..months).filter(|g| size[*g] > 1.0) {
        let cohort: Vec<f64> = panel
            .iter()
            .filter(|row| row.0 == Some(g))
            .map(|row| gain(&row.1, g))
            .collect();
        let (n, mean, variance) = moments(&cohort);
        value += n * mean / cells;
        square += n * variance / cells / cells;
    }
    Estimate {
        value,
        error: square.sqrt(),
    }
}

/// Members' against non-members' revenue per customer-month, membership varying in time.
fn raw_gap(panel: &[(Option<usize>, Vec<f64>)]) -> f64 {
    let (mut member, mut other) = ((0.0, 0.0), (0.0, 0.0));
    for (joined, revenue) in panel {
        for (month, y) in revenue.iter().enumerate() {
            let side = if joined.is_some_and(|joined| joined <= month) {
                &mut member
            } else {
                &mut other
            };
            side.0 += y;
            side.1 += 1.0;
        }
    }
    member.0 / member.1 - other.0 / other.1
}

#[test]
fn the_raw_gap_is_at_least_twice_the_truth_on_every_seed() {
    for seed in 0..12 {
        let company = company(Story::Plain, seed);
        let truth = &company.truth;
        let gap = raw_gap(&panel(&company));
        assert!(
            gap >= 2.0 * truth.revenue_per_customer,
            "seed {seed}: {gap}"
        );
        assert!((gap - truth.raw_gap).abs() < 3.0, "seed {seed}: {gap}");
        assert_eq!(truth.by_tenure[0].revenue_per_customer, 0.0);
        assert!(
            truth
                .by_tenure
                .windows(2)
                .all(|pair| pair[0].revenue_per_customer < pair[1].revenue_per_customer)
        );
    }
}

#[test]
fn difference_in_differences_covers_the_truth_at_the_nominal_rate_and_is_unbiased() {
    let seeds = 60;
    let mut covered = 0;
    let (mut bias, mut errors) = (0.0, 0.0);
    for seed in 0..seeds {
        let company = company(Story::Plain, 1_000 + seed);
        let estimate = did(&panel(&company));
        let truth = company.truth.revenue_per_customer;
        covered += u32::from(estimate.covers(truth));
        bias += (estimate.value - truth) / seeds as f64;
        errors += estimate.error / seeds as f64;
    }
    // Of 60 intervals at 95 %, fewer than 53 cover the truth once in a hundred times.
    assert!((53..=60).contains(&covered), "{covered} of {seeds}");
    assert!(
        bias.abs() < 3.5 * errors / (seeds as f64).sqrt(),
        "mean error {bias}, standard error {errors}"
    );
    println!("covered {covered} of {seeds}, mean error {bias:.3}, standard error {errors:.3}");
}

/// Mean over seeds of estimate, truth and raw gap.
fn averages(story: Story, seeds: u64) -> (f64, f64, f64, f64) {
    let mut sums = (0.0, 0.0, 0.0, 0.0);
    for seed in 0..seeds {
        let company = company(story, 500 + seed);
        let panel = panel(&company);
        let estimate = did(&panel);
        let n = seeds as f64;
        sums.0 += estimate.value / n;
        sums.1 += company.truth.revenue_per_customer / n;
        sums.2 += raw_gap(&panel) / n;
        sums.3 += estimate.error / n;
    }
    sums
}

#[test]
fn stories_make_the_estimates_go_wrong_as_they_say() {
    let seeds = 12;
    let of = |story| averages(story, seeds);
    let tell = |name: &str, (did, truth, raw, error): (f64, f64, f64, f64)| {
        println!("{name}: did {did:.2} truth {truth:.2} raw {raw:.2} error {error:.2}");
    };
    let off = of(Story::EffectOff);
    tell("effect off", off);
    assert_eq!(off.1, 0.0);
    assert!(off.0.abs() < off.3 && off.2 > 5.0);
    let trend = of(Story::SelectionOnTrend);
    tell("selection on trend", trend);
    assert!(trend.0 > trend.1 + 2.0);
    let price = of(Story::PriceRise);
    tell("price rise", price);
    assert!(price.0 > price.1 + 0.4);
    let reverse = of(Story::ReverseCausality);
    tell("reverse causality", reverse);
    assert!(reverse.0 > reverse.1 + 1.0);
    let immortal = of(Story::ImmortalTime);
    tell("immortal time", immortal);
    assert_eq!(immortal.1, 0.0);
}

#[test]
fn who_ever_joined_seems_to_stay_longer_only_because_joining_took_surviving() {
    let company = company(Story::ImmortalTime, 3);
    let rows: Vec<PanelRow> = company.panel().collect();
    let share = |ever: bool| {
        let last: Vec<&PanelRow> = rows
            .iter()
            .skip(23)
            .step_by(24)
            .filter(|row| row.first_treated.is_some() == ever)
            .collect();
        last.iter().filter(|row| row.active).count() as f64 / last.len() as f64
    };
    assert!(share(true) > share(false) + 0.15);
    assert_eq!(company.truth.customer_retention_12_months, 0.0);
}

#[test]
fn the_same_seed_is_the_same_company_and_another_is_not() {
    let rows = |seed| company(Story::Plain, seed).panel().collect::<Vec<_>>();
    assert_eq!(rows(4), rows(4));
    assert_ne!(rows(4), rows(5));
    assert_eq!(
        company(Story::Plain, 4).truth,
        company(Story::Plain, 4).truth
    );
}
