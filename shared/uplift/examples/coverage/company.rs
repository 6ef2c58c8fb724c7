//! Facts of the made-up company, for tests: what the join would write of its panel.

use std::collections::BTreeMap;

use levier_domain::config::Config;
use levier_domain::fact::Fact;
use levier_domain::time::Month;
use levier_simulator::{Company, CompanyOptions, Scale, Story};

use levier_uplift::{Accumulator, Plan, UpliftInput};

/// A company of a story and a number of customers.
pub fn company(story: Story, customers: u32, seed: u64) -> Company {
    let options = CompanyOptions {
        customers: Some(customers),
        ..CompanyOptions::new(Scale::Small)
    };
    Company::with_options(options.story(story), seed, jiff::civil::date(2026, 11, 1))
}

/// Facts by person, the opening month included.
pub fn facts(company: &Company) -> Vec<Vec<Fact>> {
    let since = company.first_month().index() - 1;
    let mut persons: BTreeMap<u32, Vec<Fact>> = BTreeMap::new();
    for row in company.panel() {
        let facts = persons.entry(row.customer).or_default();
        let joined = row.first_treated.map(|month| month.index());
        let fact = |month: i32| Fact {
            person: format!("p{:07}", row.customer),
            month,
            member: row.member,
            joined_month: joined,
            tenure_months: joined
                .filter(|joined| *joined <= month)
                .map(|joined| month - joined),
            customer_since: Some(since),
            segment: Some(
                if row.customer % 3 == 0 {
                    "pro"
                } else {
                    "private"
                }
                .to_owned(),
            ),
            ..Fact::default()
        };
        if facts.is_empty() {
            facts.push(Fact {
                orders: 1,
                revenue_minor: 4_000,
                member: false,
                ..fact(since)
            });
        }
        let previous = &facts[facts.len() - 1];
        let next = Fact {
            orders: row.orders,
            revenue_minor: row.revenue_minor,
            tickets: row.tickets,
            prior_orders: previous.prior_orders + previous.orders,
            prior_revenue_minor: previous.prior_revenue_minor + previous.revenue_minor,
            months_since_order: Some(if previous.orders > 0 {
                1
            } else {
                previous.months_since_order.map_or(1, |n| n + 1)
            }),
            ..fact(row.month.index())
        };
        facts.push(next);
    }
    if company.options().story == Story::Survivorship {
        // Members who cease to be customers are erased from the CRM, with their orders.
        let gone = |row: &levier_simulator::PanelRow| row.first_treated.is_some() && !row.active;
        for row in company.panel().filter(gone) {
            persons.remove(&row.customer);
        }
    }
    persons.into_values().collect()
}

pub fn plan(company: &Company, config: &Config) -> Plan {
    let end = company.end();
    let last = Month::of(end).plus(-1);
    let input = UpliftInput::new(
        config,
        end.yesterday().unwrap_or(end),
        company.first_month().plus(-1),
        last,
    );
    Plan::new(&input)
}

pub fn gathered(plan: &Plan, persons: &[Vec<Fact>]) -> Accumulator {
    let mut accumulator = Accumulator::new(plan);
    for person in persons {
        accumulator.update_person(person);
    }
    accumulator
}
