//! What the whole ladder publishes: adjusted rungs, parts, accounts, CRM rows, and the words of what is missing.

use levier_domain::config::Config;
use levier_domain::fact::Fact;
use levier_domain::table::{Row, Status, TableName};
use levier_domain::time::Month;
use levier_simulator::Story;

use crate::company::{company, facts};
use crate::{
    Accumulator, Audience, Campaigns, Ending, Episode, Episodes, Plan, Preview, UpliftInput, What,
};

fn plan(config: &Config, persons: &[Vec<Fact>]) -> Plan {
    let mut preview = Preview::default();
    persons
        .iter()
        .for_each(|person| preview.update_person(person));
    let months = || persons.iter().flatten().map(|fact| fact.month);
    let (first, last) = (months().min().unwrap(), months().max().unwrap());
    let as_of = Month::from_index(last).end_day().yesterday().unwrap();
    Plan::new(&UpliftInput {
        preview: Some(&preview),
        ..UpliftInput::new(
            config,
            as_of,
            Month::from_index(first),
            Month::from_index(last),
        )
    })
}

fn uplift(config: &Config, persons: &[Vec<Fact>], episodes: &Episodes) -> Vec<Row> {
    let plan = plan(config, persons);
    let mut accumulator = Accumulator::new(&plan);
    persons
        .iter()
        .for_each(|person| accumulator.update_person(person));
    let tables = accumulator.finish_with(episodes);
    tables
        .into_iter()
        .find(|(name, _)| *name == TableName::Uplift)
        .unwrap()
        .1
}

fn find<'a>(rows: &'a [Row], kpi: &str, method: &str) -> &'a Row {
    rows.iter()
        .find(|row| {
            row.kpi.as_deref() == Some(kpi)
                && row.text("method") == Some(method)
                && row.segment.as_deref() == Some("all")
                && row.text("cohort") == Some("all")
                && row.text("tenure_band") == Some("all")
        })
        .unwrap_or_else(|| panic!("no row {kpi} {method}"))
}

fn config() -> Config {
    let mut config = Config::default();
    config.commerce.margin = Some(0.5);
    config
}

#[test]
fn adjustment_takes_most_of_the_selection_away() {
    let company = company(Story::EffectOff, 3_000, 5);
    let rows = uplift(&config(), &facts(&company), &Episodes::default());
    let of = |method: &str| find(&rows, "revenue_per_customer", method);
    let (naive, aipw) = (of("naive").value.unwrap(), of("aipw").value.unwrap());
    // Nothing is gained: what is left of the gap is what a few months of the past cannot tell.
    assert!(naive > 5.0, "{naive}");
    assert!(aipw.abs() < naive / 2.0, "{aipw} of {naive}");
    assert_eq!(of("aipw").text("grade"), Some("C"));
    for gate in ["balance", "overlap", "effective_controls", "largest_weight"] {
        assert!(of("aipw").own["gates"].to_string().contains(gate), "{gate}");
    }
}

#[test]
fn parts_of_the_effect_stand_under_the_gates_of_the_whole() {
    let company = company(Story::Plain, 2_500, 3);
    let rows = uplift(&config(), &facts(&company), &Episodes::default());
    let of_part = |column: &str| -> Vec<&Row> {
        rows.iter()
            .filter(|row| {
                row.kpi.as_deref() == Some("revenue_per_customer")
                    && row.text("method") == Some("did")
                    && row.text(column) != Some("all")
            })
            .collect()
    };
    let bands: Vec<&str> = of_part("tenure_band")
        .iter()
        .map(|row| row.text("tenure_band").unwrap())
        .collect();
    assert_eq!(bands, ["0-3", "3-6", "6-12", "12+"]);
    let effect = |band: usize| of_part("tenure_band")[band].value.unwrap();
    assert!(effect(3) > effect(1) + 3.0, "the pay-off grows with tenure");
    let cohorts = of_part("cohort");
    assert!(cohorts.len() > 5);
    for row in cohorts {
        let members = row.own["n_members"].as_u64().unwrap();
        assert_eq!(row.status == Status::Ok, members >= 30, "{row:?}");
        assert_eq!(row.own["q_value"].is_number(), row.status == Status::Ok);
    }
    for segment in ["pro", "private"] {
        let of_segment = rows.iter().find(|row| {
            row.segment.as_deref() == Some(segment) && row.text("method") == Some("did")
        });
        assert!(of_segment.unwrap().value.is_some(), "{segment}");
    }
}

#[test]
fn lifetime_value_stands_beside_what_was_realised() {
    let company = company(Story::Plain, 3_000, 6);
    let persons = facts(&company);
    let rows = uplift(&config(), &persons, &Episodes::default());
    let model = find(&rows, "lifetime_value", "bg_nbd_gamma_gamma");
    assert_eq!(model.own["headline"], true);
    let level = |name: &str| {
        model.own[name]
            .as_f64()
            .unwrap_or_else(|| panic!("{name}: {model:?}"))
    };
    assert!(
        level("member_level") > level("counterfactual_level"),
        "{model:?}"
    );
    let raw = find(&rows, "lifetime_value", "naive");
    assert!(
        raw.value.is_some() && model.value.is_some() && model.value < raw.value,
        "matching narrows the gap: {model:?} {raw:?}"
    );
    let year = find(&rows, "lifetime_value", "realised_12_months");
    // Half of the twelve months' effects: by month from the fourth on, 1.6 € more each (0.04 of 40 €).
    let expected: f64 = (0..12)
        .map(|e| 0.5 * 1.6 * f64::from((e - 2).clamp(0, 10)))
        .sum();
    assert!(
        (year.value.unwrap() / expected - 1.0).abs() < 0.4,
        "{year:?} against {expected}"
    );
    let without = uplift(&Config::default(), &persons, &Episodes::default());
    let missing = find(&without, "lifetime_value", "did");
    assert_eq!(
        (missing.status, missing.reason.as_deref()),
        (Status::Missing, Some("needs: commerce.margin"))
    );
}

#[test]
fn people_of_an_account_are_one_customer() {
    let company = company(Story::Plain, 2_000, 9);
    let mut persons = facts(&company);
    // Two neighbours are one company.
    for (at, person) in persons.iter_mut().enumerate() {
        for fact in person {
            fact.account = Some(format!("a{:05}", at / 2));
        }
    }
    let rows = uplift(&config(), &persons, &Episodes::default());
    let naive = find(&rows, "revenue_per_customer", "naive");
    assert_eq!(naive.own["customers"], 1_000);
    // An account is a member from the first join of any of its people.
    let first = |pair: &[Vec<Fact>]| {
        pair.iter()
            .filter_map(|person| person[0].joined_month)
            .min()
    };
    let joined = persons
        .chunks(2)
        .filter(|pair| first(pair).is_some())
        .count();
    let members = naive.own["n_members"].as_u64().unwrap();
    assert_eq!(members, joined as u64);
    // In any order, in any shards, to the bit.
    let plan = plan(&config(), &persons);
    let mut split = [Accumulator::new(&plan), Accumulator::new(&plan)];
    for (at, person) in persons.iter().enumerate().rev() {
        split[at % 2].update_person(person);
    }
    let [mut whole, other] = split;
    whole.merge(&other).unwrap();
    let again = &whole.finish()[0].1;
    let again = find(again, "revenue_per_customer", "did");
    assert_eq!(find(&rows, "revenue_per_customer", "did"), again);
}

/// One month of campaigns inside the window, and one long before it that counts for nothing.
fn campaigns(impressions: f64, clicks: f64) -> Campaigns {
    let month = "2026-03".parse::<Month>().unwrap().index();
    let audience = |impressions, clicks| Audience {
        impressions,
        clicks,
        ..Audience::default()
    };
    Campaigns(
        [
            (month, audience(impressions, clicks)),
            (month - 90, audience(9_000.0, 9_000.0)),
        ]
        .into(),
    )
}

fn episodes() -> Episodes {
    let month = "2026-03".parse::<Month>().unwrap().index();
    let mut list = Vec::new();
    for n in 0..1_200_u64 {
        let member = n % 3 == 0;
        let rich = n % 5 < 2 || (member && n % 7 == 0);
        // Members are richer, the rich close more often; joining adds a tenth to everybody.
        let luck = (n * 2_654_435_761 % 1_000) as f64 / 1_000.0;
        let chance = 0.25 + if rich { 0.3 } else { 0.0 } + if member { 0.1 } else { 0.0 };
        let deal = What::Deal {
            days: Some(20 + (n % 90) as u32),
            ending: if luck < chance {
                Ending::Won
            } else if n % 11 == 0 {
                Ending::Open
            } else {
                Ending::Lost
            },
        };
        let score = What::Recommend {
            score: ((n * 7) % 8 + u64::from(member) + u64::from(rich)) as u8,
        };
        for what in [deal, score] {
            list.push(Episode {
                what,
                month: month + (n % 4) as i32,
                member,
                segment: if rich { "rich" } else { "poor" }.to_owned(),
                unit: n,
            });
        }
    }
    Episodes {
        has_deals: true,
        has_surveys: true,
        has_spend: true,
        list,
        members: campaigns(1_000.0, 80.0),
        others: campaigns(4_000.0, 160.0),
        tells_customers: true,
        ..Episodes::default()
    }
}

#[test]
fn what_crm_rows_say_is_compared_within_quarter_and_segment() {
    let company = company(Story::Plain, 1_000, 1);
    let persons = facts(&company);
    let rows = uplift(&config(), &persons, &episodes());
    let (raw, like) = (
        find(&rows, "closing_rate", "naive"),
        find(&rows, "closing_rate", "stratified"),
    );
    assert!((like.value.unwrap() - 0.1).abs() < 0.07, "{like:?}");
    assert_eq!(
        (raw.text("grade"), like.text("grade")),
        (Some("D"), Some("C"))
    );
    let nps = find(&rows, "nps", "stratified");
    assert!(nps.value.unwrap() > 0.0 && nps.unit.as_deref() == Some("points"));
    assert!(nps.reason.as_deref().unwrap().contains("answered"));
    assert!(find(&rows, "sales_cycle_days", "naive").value.is_some());
    assert!(find(&rows, "contracts_signed", "naive").value.is_some());
    let clicks = find(&rows, "campaign_engagement", "naive");
    assert!((clicks.value.unwrap() - 0.04).abs() < 1e-12);
    for (kpi, reason) in [
        (
            "conversion_rate",
            "needs: people with created_at, seen for the conversion window",
        ),
        ("renewal_rate", "needs: yearly subscriptions that came due"),
        (
            "customer_acquisition_cost",
            "needs: spend with an audience of members and one of others",
        ),
        (
            "net_revenue_retention",
            "needs: subscriptions that ran a year before the end",
        ),
    ] {
        let row = find(&rows, kpi, "naive");
        assert_eq!(
            (row.status, row.reason.as_deref()),
            (Status::Missing, Some(reason)),
            "{kpi}"
        );
        assert_eq!(row.value, None, "{kpi}: unknown is not zero");
    }
    // A set, not a sequence.
    let mut turned = episodes();
    turned.list.reverse();
    assert_eq!(rows, uplift(&config(), &persons, &turned));
}

fn with(list: Vec<Episode>) -> Episodes {
    Episodes {
        list,
        has_deals: true,
        has_surveys: true,
        ..Episodes::default()
    }
}

#[test]
fn whoever_answers_three_times_says_one_thing_thrice() {
    let company = company(Story::Plain, 300, 1);
    let persons = facts(&company);
    let month = "2026-03".parse::<Month>().unwrap().index();
    let answers = |times: u64| {
        let of = |n: u64| Episode {
            what: What::Recommend {
                score: if n % 5 < 2 + n % 2 { 10 } else { 3 },
            },
            month,
            member: n % 2 == 1,
            segment: String::new(),
            unit: n,
        };
        with((0..400 * times).map(|at| of(at / times)).collect())
    };
    let error = |times: u64, method: &str| {
        let rows = uplift(&config(), &persons, &answers(times));
        find(&rows, "nps", method).own["standard_error"]
            .as_f64()
            .unwrap()
    };
    let (once, thrice) = (error(1, "stratified"), error(3, "stratified"));
    assert!((thrice / once - 1.0).abs() < 0.01, "{thrice} of {once}");
    assert!((thrice / error(3, "naive") - 1.0).abs() < 1e-9);
}

#[test]
fn the_sales_cycle_is_of_those_who_sign_and_says_who_has_no_date() {
    let company = company(Story::Plain, 300, 1);
    let persons = facts(&company);
    let month = "2026-03".parse::<Month>().unwrap().index();
    let deals = |dated: bool| {
        let of = |n: u64| {
            let member = n % 2 == 1;
            let won = n / 2 % 10 < if member { 6 } else { 3 };
            let days = if !won {
                70
            } else {
                30 + 30 * (n / 20 % 2) as u32
            };
            Episode {
                what: What::Deal {
                    days: (dated || !won).then_some(days),
                    ending: if won { Ending::Won } else { Ending::Lost },
                },
                month,
                member,
                segment: String::new(),
                unit: n,
            }
        };
        with((0..400).map(of).collect())
    };
    let rows = uplift(&config(), &persons, &deals(true));
    let row = find(&rows, "sales_cycle_days", "naive");
    // Both take 30 or 60 days; that members close twice as often is another figure.
    assert!(row.value.unwrap().abs() < 1e-9, "{row:?}");
    assert_eq!(row.own["member_level"].as_f64().map(f64::round), Some(45.0));
    let rows = uplift(&config(), &persons, &deals(false));
    let row = find(&rows, "sales_cycle_days", "naive");
    assert_eq!((row.status, row.value), (Status::CannotSay, None));
    assert!(row.reason.as_deref().unwrap().contains("date of closing"));
    assert!(find(&rows, "closing_rate", "naive").value.is_some());
    // Deals of nobody known make no zero.
    let unmatched = Episodes {
        deals: 400,
        unmatched_deals: 380,
        ..deals(true)
    };
    let rows = uplift(&config(), &persons, &unmatched);
    for kpi in ["contracts_signed", "closing_rate", "sales_cycle_days"] {
        let row = find(&rows, kpi, "naive");
        assert_eq!(row.status, Status::CannotSay, "{kpi}");
        assert!(
            row.reason.as_deref().unwrap().starts_with("380 of 400"),
            "{kpi}"
        );
    }
}
