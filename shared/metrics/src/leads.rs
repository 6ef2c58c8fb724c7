//! Community-qualified leads: leads who contributed enough, by a declared rule; the list for sales, and what becomes of them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use levier_domain::config::Config;
use levier_domain::table::{Row, Status};

use crate::activity::Activity;
use crate::calendar::{containing, midnight};
use crate::cell::Cell;
use crate::draft::Place;
use crate::inputs::Run;
use crate::records::{Contact, Records};

/// Times of contributions by resolved person, ascending.
fn contributions(activity: &Activity, now: i64) -> BTreeMap<&str, Vec<i64>> {
    let mut times: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for entry in activity
        .entries
        .iter()
        .filter(|e| e.at < now && e.kind().is_contribution())
    {
        if let Some(person) = activity.member_of(entry.actor) {
            let person = &activity.people[person as usize];
            if person.resolved {
                times.entry(&person.id).or_default().push(entry.at);
            }
        }
    }
    times
}

/// When the rule was first met: the last of `least` contributions within `window`.
fn met(times: &[i64], least: usize, window: i64) -> Option<i64> {
    let least = least.max(1);
    times
        .windows(least)
        .find(|w| w[least - 1] - w[0] <= window)
        .map(|w| w[least - 1])
}

fn window_of(config: &Config) -> i64 {
    i64::from(config.qualified_leads.window_days) * 86_400_000_000
}

/// The list for the sales team: leads of today who meet the rule now, by CRM id, most active first.
///
/// A lead has one of the rule's lifecycles and is not yet a customer; the contributions are those of the window that ends with
/// the as-of day. The rows carry CRM ids, no handles, and are for those who see the CRM.
#[must_use]
pub fn community_qualified_leads(
    activity: &Activity,
    records: &Records,
    as_of: Date,
    config: &Config,
) -> Vec<Row> {
    let zone = config.workspace.zone();
    let now = midnight(as_of.tomorrow().unwrap_or(as_of), &zone);
    let rule = &config.qualified_leads;
    let since = now - window_of(config);
    let times = contributions(activity, now);
    let customers = records.customers();
    let mut list: Vec<(usize, &Contact)> = records
        .people
        .iter()
        .flatten()
        .filter(|contact| {
            contact
                .lifecycle
                .as_ref()
                .is_some_and(|l| rule.lifecycles.contains(l))
        })
        .filter(|contact| {
            contact
                .customer_since(&customers)
                .is_none_or(|at| at >= now)
        })
        .filter_map(|contact| {
            let times = times.get(contact.who.person.as_deref()?)?;
            let recent = times.len() - times.partition_point(|at| *at < since);
            (recent >= rule.min_contributions as usize && recent > 0).then_some((recent, contact))
        })
        .collect();
    list.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.crm_id.cmp(&b.1.crm_id)));
    list.into_iter()
        .map(|(n, contact)| {
            let mut row = Row::new(Status::Ok);
            row.as_of = Some(as_of);
            row.period = Some("now".to_owned());
            row.community = Some("all".to_owned());
            row.segment = contact.who.segment.clone();
            row.kpi = Some("community_qualified_leads".to_owned());
            row.value = Some(n as f64);
            row.unit = Some("contributions".to_owned());
            row.with("crm_id", contact.crm_id.clone())
                .with("lifecycle", contact.lifecycle.clone())
        })
        .collect()
}

/// Conversion of leads that met the rule before becoming customers, beside that of the others.
pub(crate) fn conversion(run: &Run<'_>, records: &Records, cells: &mut Vec<Cell>) {
    let span = containing("all", run.as_of, run.as_of, &run.zone, 1);
    let cell = |item: &str| {
        Place::everywhere()
            .cell("community_qualified_leads", &span, "share")
            .item(item)
    };
    let customers = records.customers();
    let converts = |people: &[Contact]| {
        people
            .iter()
            .any(|contact| contact.customer_since(&customers).is_some())
    };
    let Some(people) = records.people.as_deref().filter(|p| converts(p)) else {
        cells.push(
            cell("conversion").missing("needs: became_customer_at of people, deals or orders"),
        );
        return;
    };
    let times = contributions(run.activity, run.now);
    let least = run.config.qualified_leads.min_contributions as usize;
    let mut arms = [(0_u64, 0_u64); 2];
    for contact in people {
        let customer = contact
            .customer_since(&customers)
            .filter(|at| *at < run.now);
        let met = contact
            .who
            .person
            .as_deref()
            .and_then(|person| times.get(person))
            .and_then(|times| met(times, least, window_of(run.config)))
            .is_some_and(|at| customer.is_none_or(|customer| at < customer));
        let arm = &mut arms[usize::from(!met)];
        arm.0 += u64::from(customer.is_some());
        arm.1 += 1;
    }
    for ((hits, n), item) in arms
        .into_iter()
        .zip(["conversion", "conversion_of_other_leads"])
    {
        cells.push(
            cell(item)
                .share_of_people(hits, n, "no such leads")
                .note("raw comparison: not attributable"),
        );
    }
}
