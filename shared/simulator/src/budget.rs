//! What is not about one customer: costs of the community, acquisition spend, visits.

use jiff::civil::Date;
use levier_domain::record::Value;

use crate::calendar::MONTHS;
use crate::company::Company;
use crate::random::{Purpose, poisson, stream, uniform};
use crate::rows::{Row, text};

impl Company {
    /// What the community costs, from two months before the launch on; scaled with the company.
    pub(crate) fn cost_rows(&self) -> impl Iterator<Item = Row> + '_ {
        let unit = f64::from(self.headcount().customers) / 2_000.0 * self.model.base / 40.0;
        let first = *crate::model::JOINING.start() - 2;
        (first..MONTHS).flat_map(move |month| {
            [
                ("platform", "Outils", 380.0),
                ("people", "Animation", 900.0),
                ("events", "Lives", 160.0),
                ("rewards", "Cadeaux", 90.0),
                ("content", "Vidéos", 120.0),
            ]
            .map(|(category, label, euros)| {
                vec![
                    text(self.calendar.month(month).to_string()),
                    text(category),
                    text(label),
                    Value::Integer((euros * unit * 100.0) as i64),
                    text("EUR"),
                    text("main"),
                ]
            })
        })
    }

    /// Acquisition spend by week.
    pub(crate) fn spend_rows(&self) -> impl Iterator<Item = Row> + '_ {
        let unit = f64::from(self.headcount().customers) / 2_000.0;
        (0..self.calendar.days()).step_by(7).flat_map(move |day| {
            let mut rng = stream(self.seed, Purpose::Files, day as u64);
            let date: Date = self.calendar.date(day);
            let launched = day >= self.calendar.days_of(*crate::model::JOINING.start()).start;
            let mut rows = Vec::new();
            for (channel, campaign, audience, purpose, euros) in [
                ("google", "Marque", "all", "customer_acquisition", 140.0),
                (
                    "meta",
                    "Découverte",
                    "others",
                    "customer_acquisition",
                    110.0,
                ),
                (
                    "newsletter",
                    "Cercle",
                    "members",
                    "member_acquisition",
                    25.0,
                ),
            ] {
                let factor = 0.8 + 0.4 * uniform(&mut rng);
                let clicks = poisson(&mut rng, 90.0 * unit.min(50.0));
                if audience == "members" && !launched {
                    continue;
                }
                rows.push(vec![
                    Value::Date(date),
                    text(channel),
                    text(campaign),
                    text(audience),
                    text(purpose),
                    Value::Integer((euros * unit * factor * 100.0) as i64),
                    text("EUR"),
                    Value::Number(f64::from(clicks * 40)),
                    Value::Number(f64::from(clicks)),
                    Value::Number(f64::from(clicks / 30)),
                ]);
            }
            rows
        })
    }

    /// Visits by day and channel; organic traffic rises a little after the launch.
    pub(crate) fn traffic_rows(&self) -> impl Iterator<Item = Row> + '_ {
        let launch = self.calendar.days_of(*crate::model::JOINING.start()).start;
        (0..self.calendar.days()).flat_map(move |day| {
            let mut rng = stream(self.seed, Purpose::Files, 1 << 32 | day as u64);
            ["organic", "direct", "branded", "community"]
                .into_iter()
                .filter_map(move |channel| {
                    let mean = match channel {
                        "organic" => 300.0 + if day >= launch { 25.0 } else { 0.0 },
                        "direct" => 120.0,
                        "branded" => 80.0,
                        _ => 40.0,
                    };
                    let visits = poisson(&mut rng, mean);
                    (channel != "community" || day >= launch).then(|| {
                        vec![
                            Value::Date(self.calendar.date(day)),
                            text(channel),
                            Value::Number(f64::from(visits)),
                            Value::Number(f64::from(visits * 4 / 5)),
                            Value::Number(f64::from(visits / 50)),
                        ]
                    })
                })
        })
    }
}
