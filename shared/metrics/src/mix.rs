//! Members of now by CRM status and by acquisition channel, in every cut.
//!
//! The CRM says what holds on the as-of day, so that only the periods that hold that day are published; an earlier state is had
//! by `--as-of`. A member whom the CRM does not know, or of whom it does not say, is `unknown`: unknown is not absent.

use std::collections::BTreeMap;

use crate::calendar::containing;
use crate::cell::Cell;
use crate::draft::Place;
use crate::inputs::Run;
use crate::records::Contact;
use crate::scope::{Cut, Scope};

/// The catalogue's words for CRM lifecycles.
fn status(lifecycle: Option<&str>) -> &'static str {
    match lifecycle {
        Some("subscriber" | "lead") => "lead",
        Some("marketing_qualified" | "sales_qualified") => "qualified",
        Some("opportunity") => "opportunity",
        Some("customer") => "customer",
        Some("churned") => "churned",
        _ => UNKNOWN,
    }
}

const UNKNOWN: &str = "unknown";

/// `crm_status_mix` and `lead_source_mix`: the members as `all`, the share of each group as item.
pub(crate) fn mixes(run: &Run<'_>, contacts: &[Contact], cells: &mut Vec<Cell>) {
    // One person may have several contacts: the first by source order speaks, as everywhere. Asked once a contact, not once a cut.
    let by_id = run.activity.by_id();
    let mut known: Vec<Option<&Contact>> = vec![None; run.activity.people.len()];
    for contact in contacts {
        let person = contact.who.person.as_deref();
        let Some(person) = person.and_then(|id| by_id.get(id)) else {
            continue;
        };
        let first = &mut known[*person as usize];
        if first
            .is_none_or(|first| (&contact.source, &contact.crm_id) < (&first.source, &first.crm_id))
        {
            *first = Some(contact);
        }
    }
    drop(by_id);
    for cut in Cut::all(run.activity) {
        let scope = Scope::members_only(run.activity, cut);
        let (mut by_status, mut by_source) = (BTreeMap::new(), BTreeMap::new());
        let mut n = 0_u64;
        let mut before = None;
        for stay in scope.spans.all() {
            if !(stay.from < run.now && run.now <= stay.to) || before == Some(stay.person) {
                continue;
            }
            before = Some(stay.person);
            n += 1;
            let contact = known[stay.person as usize];
            let lifecycle = contact.and_then(|contact| contact.lifecycle.as_deref());
            let source = contact.and_then(|contact| contact.lead_source.as_deref());
            *by_status.entry(status(lifecycle)).or_insert(0_u64) += 1;
            *by_source.entry(source.unwrap_or(UNKNOWN)).or_insert(0_u64) += 1;
        }
        let place = Place::of(&scope);
        let grains = ["month", "quarter", "year", "28d", "90d", "all"];
        for grain in grains {
            let span = containing(grain, run.as_of.day, run.as_of, &run.zone, run.fiscal);
            for (kpi, mix) in [
                ("crm_status_mix", &by_status),
                ("lead_source_mix", &by_source),
            ] {
                cells.push(place.cell(kpi, &span, "people").count(n as f64, n));
                for (item, hits) in mix {
                    let mut cell = place
                        .cell(kpi, &span, "share")
                        .share(*hits, n, *hits, "no members")
                        .item(item);
                    cell.groups = vec![*hits, n - hits];
                    cells.push(cell);
                }
            }
        }
    }
}
