//! How often the intervals hold the truth, and how often gates block, over many made-up companies.
//!
//! ```text
//! cargo run --release -p levier-uplift --example coverage -- [STORY] [SEEDS] [CUSTOMERS] [SILENCE]
//! ```
//!
//! `STORY` is one of the simulator's (`plain`, `effect-off`, `reverse-causality`, `selection-on-trend`, `immortal-time`,
//! `survivorship`, `price-rise`).
#![allow(clippy::print_stdout, reason = "it is what the example is for")]

mod company;

use levier_domain::config::Config;
use levier_domain::table::{Row, TableName};
use levier_simulator::Story;

#[derive(Default)]
struct Tally {
    n: u32,
    said: u32,
    held: u32,
    established: u32,
    sum: f64,
    squares: f64,
    errors: f64,
    truth: f64,
    gates: std::collections::BTreeMap<String, u32>,
}

impl Tally {
    fn add(&mut self, row: &Row, truth: f64) {
        let own = |name: &str| row.own.get(name).and_then(serde_json::Value::as_f64);
        let value = row.value.or(own("blocked_value"));
        let (lower, upper) = (
            row.lower.or(own("blocked_lower")),
            row.upper.or(own("blocked_upper")),
        );
        self.n += 1;
        self.truth += truth;
        self.said += u32::from(row.value.is_some());
        if let (Some(value), Some(lower), Some(upper)) = (value, lower, upper) {
            self.sum += value;
            self.squares += value * value;
            self.errors += (upper - lower) / 3.92;
            self.held += u32::from(lower <= truth && truth <= upper);
            self.established += u32::from(lower > 0.0 || upper < 0.0);
        }
        for gate in row
            .own
            .get("gates")
            .and_then(|gates| gates.as_array())
            .into_iter()
            .flatten()
        {
            if gate["result"] == "block" {
                *self
                    .gates
                    .entry(gate["gate"].as_str().unwrap_or("?").to_owned())
                    .or_default() += 1;
            }
        }
    }

    fn print(&self, name: &str) {
        let n = f64::from(self.n.max(1));
        let mean = self.sum / n;
        println!(
            "{name:48} truth {:9.4}  mean {mean:9.4}  sd {:8.4}  mean s.e. {:8.4}  covers {:5.3}  excludes 0 {:5.3}  said {:5.3}  blocked by {:?}",
            self.truth / n,
            (self.squares / n - mean * mean).max(0.0).sqrt(),
            self.errors / n,
            f64::from(self.held) / n,
            f64::from(self.established) / n,
            f64::from(self.said) / n,
            self.gates,
        );
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "plain".to_owned());
    let story: Story = serde_json::from_value(serde_json::json!(name)).unwrap_or_default();
    let mut number = |otherwise: u32| {
        arguments
            .next()
            .and_then(|n| n.parse().ok())
            .unwrap_or(otherwise)
    };
    let (seeds, customers, silence) = (number(200), number(2_000), number(12));
    let mut tallies: std::collections::BTreeMap<String, Tally> = std::collections::BTreeMap::new();
    for seed in 0..seeds {
        let company = company::company(story, customers, u64::from(seed));
        let mut config = Config::default();
        config.commerce.churn_after_months = silence;
        let plan = company::plan(&company, &config);
        let tables = company::gathered(&plan, &company::facts(&company)).finish();
        for row in tables
            .iter()
            .filter(|(name, _)| *name == TableName::Uplift)
            .flat_map(|(_, rows)| rows)
        {
            if row.text("cohort") != Some("all") {
                continue;
            }
            let truth = match row.kpi.as_deref() {
                Some("revenue_per_customer") => company.truth.revenue_per_customer,
                Some("customer_retention") => company.truth.customer_retention_12_months,
                Some("contact_rate") => company.truth.contact_rate,
                _ => continue,
            };
            let text = |column: &str| row.text(column).unwrap_or("-").to_owned();
            let key = format!(
                "{} {} {}",
                row.kpi.as_deref().unwrap_or("-"),
                text("method"),
                text("tenure_band")
            );
            tallies.entry(key).or_default().add(row, truth);
        }
    }
    println!(
        "story {name}, {seeds} seeds of {customers} customers, lost after {silence} months of silence"
    );
    for (key, tally) in &tallies {
        tally.print(key);
    }
}
