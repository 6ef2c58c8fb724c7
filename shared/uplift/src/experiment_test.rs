//! Randomised invitations, winsorising, and what the plan settles.

use levier_domain::config::Config;
use levier_domain::fact::Fact;
use levier_domain::table::Status;
use levier_domain::time::Month;
use levier_simulator::Story;
use levier_stats::bootstrap::unit_hash;

use crate::company::{company, facts, gathered};
use crate::revenue_test::row;
use crate::{Assignment, Group, Plan, Preview, UpliftInput};

#[test]
fn a_fair_draw_is_grade_a_and_a_broken_one_is_blocked() {
    let company = company(Story::EffectOff, 1_000, 2);
    let config = Config::default();
    let persons = facts(&company);
    let assignments: Vec<Assignment> = persons
        .iter()
        .map(|facts| Assignment {
            person: facts[0].person.clone(),
            group: if unit_hash(facts[0].person.as_bytes()) % 1_000 < 500 {
                Group::Invited
            } else {
                Group::HeldOut
            },
            month: company.first_month().index() + 3,
        })
        .collect();
    for (case, share, status) in [
        ("fair", 0.5, Status::Ok),
        ("broken", 0.9, Status::CannotSay),
    ] {
        let last = Month::of(company.end()).plus(-1);
        let plan = Plan::new(&UpliftInput {
            assignments: &assignments,
            invited_share: Some(share),
            ..UpliftInput::new(
                &config,
                company.end().yesterday().unwrap(),
                company.first_month().plus(-1),
                last,
            )
        });
        let tables = gathered(&plan, &persons).finish();
        let itt = row(&tables, "revenue_per_customer", "itt").unwrap();
        assert_eq!(itt.status, status, "{case}: {itt:?}");
        assert_eq!(
            itt.text("grade"),
            Some(if status == Status::Ok { "A" } else { "none" }),
            "{case}"
        );
        assert_eq!(
            itt.reason
                .as_deref()
                .is_some_and(|reason| reason.contains("sample_ratio")),
            status != Status::Ok,
            "{case}"
        );
    }
}

#[test]
fn the_cap_lies_just_above_the_99th_percentile() {
    let mut preview = Preview::default();
    for n in 1..=1_000_i64 {
        preview.update_person(&[Fact {
            revenue_minor: n * 100,
            ..Fact::default()
        }]);
    }
    let cap = preview.cap_minor().unwrap();
    assert!((99_000..=100_000).contains(&cap), "{cap}");
    assert_eq!(Preview::default().cap_minor(), None);
}

#[test]
fn winsorised_stands_beside_plain() {
    let company = company(Story::Plain, 1_000, 4);
    let persons = facts(&company);
    let mut preview = Preview::default();
    persons
        .iter()
        .for_each(|facts| preview.update_person(facts));
    let config = Config::default();
    let last = Month::of(company.end()).plus(-1);
    let plan = Plan::new(&UpliftInput {
        preview: Some(&preview),
        ..UpliftInput::new(
            &config,
            company.end().yesterday().unwrap(),
            company.first_month().plus(-1),
            last,
        )
    });
    let tables = gathered(&plan, &persons).finish();
    let did = row(&tables, "revenue_per_customer", "did").unwrap();
    let figure = |name: &str| did.own.get(name).and_then(serde_json::Value::as_f64);
    let plain = did.value.or(figure("blocked_value")).unwrap();
    assert!(
        (figure("winsorised").unwrap() - plain).abs() < 0.3 * plain.abs(),
        "{did:?}"
    );
}

#[test]
fn a_month_that_still_runs_is_left_out() {
    let config = Config::default();
    let month = |text: &str| text.parse::<Month>().unwrap();
    for (case, as_of, last, first) in [
        (
            "on the last day",
            jiff::civil::date(2026, 10, 31),
            "2026-10",
            "2024-11",
        ),
        (
            "in the middle",
            jiff::civil::date(2026, 10, 15),
            "2026-09",
            "2024-10",
        ),
    ] {
        let plan = Plan::new(&UpliftInput::new(
            &config,
            as_of,
            month("2020-01"),
            month("2026-10"),
        ));
        assert_eq!(
            (plan.last_month(), plan.first_month()),
            (month(last), month(first)),
            "{case}"
        );
    }
}

#[test]
fn customers_acquired_half_way_do_not_break_the_panel() {
    let company = company(Story::Plain, 600, 9);
    let mut persons = facts(&company);
    // Every fifth customer is one only from some later month on.
    for (at, facts) in persons.iter_mut().enumerate().filter(|(at, _)| at % 5 == 0) {
        let since = facts[0].month + 4 + (at % 9) as i32;
        facts.retain(|fact| fact.month >= since);
        facts
            .iter_mut()
            .for_each(|fact| fact.customer_since = Some(since));
    }
    let plan = crate::company::plan(&company, &Config::default());
    let tables = gathered(&plan, &persons).finish();
    let did = row(&tables, "revenue_per_customer", "did").unwrap();
    let left = did.own.get("left_out").unwrap();
    assert!(
        left.get("joined_before_customer").is_some() || left.get("small_wave_of_entry").is_some(),
        "{left}"
    );
    assert!(did.n.is_some_and(|n| n <= 600), "{did:?}");
}
