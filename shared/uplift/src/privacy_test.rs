//! What is published gives nobody away by subtraction.

use std::collections::BTreeMap;

use levier_domain::config::Config;
use levier_domain::fact::Fact;
use levier_domain::table::{Row, Status, TableName};
use levier_domain::time::Month;
use levier_simulator::Story;

use crate::company::{company, facts};
use crate::{Accumulator, Plan, UpliftInput};

type Tables = BTreeMap<TableName, Vec<Row>>;

fn tables(config: &Config, persons: &[Vec<Fact>]) -> Tables {
    let months = || persons.iter().flatten().map(|fact| fact.month);
    let (first, last) = (months().min().unwrap(), months().max().unwrap());
    let as_of = Month::from_index(last).end_day().yesterday().unwrap();
    let (first, last) = (Month::from_index(first), Month::from_index(last));
    let plan = Plan::new(&UpliftInput::new(config, as_of, first, last));
    let mut accumulator = Accumulator::new(&plan);
    for person in persons {
        accumulator.update_person(person);
    }
    accumulator.finish().into_iter().collect()
}

/// Customers of both sides by rung, of everybody (`all`) and of each segment that is shown.
fn shown(rows: &[Row]) -> BTreeMap<String, BTreeMap<String, [u64; 2]>> {
    let mut shown: BTreeMap<String, BTreeMap<String, [u64; 2]>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.own.contains_key("n_members")) {
        let own = |name: &str| row.own[name].to_string();
        let rung = ["method", "tenure_band", "cohort"].map(own).join(" ");
        let sides = ["n_members", "n_non_members"].map(|side| row.own[side].as_u64().unwrap());
        shown
            .entry(format!("{} {rung}", row.kpi.as_deref().unwrap()))
            .or_default()
            .insert(row.segment.clone().unwrap(), sides);
    }
    shown
}

#[test]
fn everybody_less_the_segments_that_are_shown_is_nobody_or_enough() {
    let company = company(Story::Plain, 1_200, 4);
    // In the company a third is pro, the others are private.
    for (case, rare) in [
        ("named nowhere", 1),
        ("three small ones", 3),
        ("none at all", 0),
    ] {
        let mut persons = facts(&company);
        for (n, fact) in persons
            .iter_mut()
            .take(3)
            .enumerate()
            .flat_map(|(n, facts)| facts.iter_mut().map(move |fact| (n, fact)))
        {
            fact.segment = (rare > 0).then(|| format!("rare{}", n % rare));
        }
        let mut config = Config::default();
        config.uplift.segments = ["pro", "private", "rare0", "rare1", "rare2"]
            .iter()
            .take(if rare == 3 { 5 } else { 2 })
            .map(|name| (*name).to_owned())
            .collect();
        let tables = tables(&config, &persons);
        let mut hidden = 0;
        for (rung, segments) in shown(&tables[&TableName::Uplift]) {
            let Some(all) = segments.get("all") else {
                continue;
            };
            for side in 0..2 {
                let parts: u64 = segments
                    .iter()
                    .filter(|(name, _)| *name != "all")
                    .map(|(_, sides)| sides[side])
                    .sum();
                let rest = all[side] - parts;
                assert!(
                    rest == 0 || rest >= 10,
                    "{case}: {rung} leaves {rest} of side {side}"
                );
            }
            hidden += usize::from(segments.len() < 3);
        }
        assert!(
            hidden > 0,
            "{case}: a segment must have been hidden beside them"
        );
    }
}

/// A company of `joiners` a month from the fourth of 24 months on, and as many who never join.
fn steady(joiners: impl Fn(i32) -> i32) -> Vec<Vec<Fact>> {
    let first = "2024-01".parse::<Month>().unwrap().index();
    let mut joined: Vec<Option<i32>> = (3..24)
        .flat_map(|month| vec![Some(first + month); joiners(month) as usize])
        .collect();
    joined.extend(vec![None; joined.len()]);
    let of = |(n, joined): (usize, Option<i32>)| {
        (first..first + 24)
            .map(|month| Fact {
                person: format!("p{n:05}"),
                month,
                joined_month: joined,
                customer_since: Some(first),
                orders: 1,
                revenue_minor: 5_000 + (n as i64 * 7_919 + i64::from(month) * 104_729) % 997,
                ..Fact::default()
            })
            .collect()
    };
    joined.into_iter().enumerate().map(of).collect()
}

#[test]
fn the_total_of_member_months_loses_nobody_and_names_nobody() {
    for (case, joiners) in [
        ("eight a month", (|_| 8) as fn(i32) -> i32),
        ("now many, now few", |month| {
            [20, 3, 30, 0, 12][month as usize % 5]
        }),
        (
            "a few in one month only",
            |month| if month == 9 { 4 } else { 25 },
        ),
    ] {
        let persons = steady(joiners);
        let truth: i32 = (3..24).map(|month| joiners(month) * (24 - month)).sum();
        let tables = tables(&Config::default(), &persons);
        let rows: Vec<&Row> = tables[&TableName::Tenure]
            .iter()
            .filter(|row| row.text("measure") == Some("member_months"))
            .collect();
        let total = rows.iter().find(|row| row.period.as_deref() == Some("all"));
        assert_eq!(total.unwrap().value, Some(f64::from(truth)), "{case}");
        let mut months: Vec<(String, f64)> = rows
            .iter()
            .filter(|row| !row.own.contains_key("event_time") && row.status == Status::Ok)
            .filter_map(|row| Some((row.period.clone()?, row.value?)))
            .filter(|(period, _)| period != "all")
            .collect();
        months.sort_by(|a, b| a.0.cmp(&b.0));
        assert!(months.len() > 5, "{case}: {months:?}");
        let mut held = 0.0;
        for (month, n) in &months {
            let more = n - held;
            assert!(
                more == 0.0 || more >= 10.0,
                "{case}: {more} joined by {month}"
            );
            held = *n;
        }
        for (month, n) in &months {
            let cells: f64 = rows
                .iter()
                .filter(|row| {
                    row.period.as_ref() == Some(month) && row.own.contains_key("event_time")
                })
                .filter_map(|row| row.value)
                .sum();
            let rest = n - cells;
            assert!(
                rest == 0.0 || rest >= 10.0,
                "{case}: {rest} withheld in {month}"
            );
        }
        // Cohorts that are shown leave nobody or enough of all who joined.
        let mut cohorts: BTreeMap<&str, u64> = BTreeMap::new();
        for row in tables[&TableName::Cohorts]
            .iter()
            .filter(|row| row.own.contains_key("joiners"))
        {
            cohorts.insert(
                row.text("cohort").unwrap(),
                row.own["joiners"].as_u64().unwrap(),
            );
        }
        let all = tables[&TableName::Uplift]
            .iter()
            .find(|row| row.text("method") == Some("did") && row.text("cohort") == Some("all"))
            .unwrap()
            .own["n_members"]
            .as_u64()
            .unwrap();
        let rest = all - cohorts.values().sum::<u64>();
        assert!(
            rest == 0 || rest >= 10,
            "{case}: {rest} of {all} in hidden cohorts"
        );
    }
}
