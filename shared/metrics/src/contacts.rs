//! KPIs about leads: how many were qualified, and what share of those created became customers.
//!
//! The unit is the person: of several contacts of one person, in one CRM or in two, the earliest dates hold. Staff are no leads.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use levier_stats::survival::Lifetimes;
use rustc_hash::FxHashMap;

use crate::calendar::Span;
use crate::cell::Cell;
use crate::crm::{Crm, DAY};
use crate::draft::Place;
use crate::part::{Item, Part, people_of};
use crate::records::{Records, Who};

/// Said where neither the CRM nor any purchase could tell of a conversion.
pub(crate) const UNTOLD: &str = "needs: people with became_customer_at, or people + deals";

/// Said of contacts whose CRM calls them customers and does not say since when.
pub(crate) fn undated(contacts: usize) -> String {
    format!("{contacts} customers are left out: nothing says since when they are")
}

/// One person of the CRM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// Who.
    pub who: Who,
    /// When first created (µs).
    pub created_at: Option<i64>,
    /// When first qualified (µs).
    pub qualified_at: Option<i64>,
    /// Since when a customer (µs), as of the run.
    pub customer: Option<i64>,
    /// Whether the CRM calls them a customer, of today or of once.
    called_customer: bool,
}

impl Lead {
    /// Whether they are known to be a customer, and not since when: neither a conversion nor a lead that waits.
    #[must_use]
    pub fn undated(&self) -> bool {
        self.called_customer && self.customer.is_none()
    }

    /// Whether they were a customer before the CRM knew them: there was nothing to convert.
    #[must_use]
    pub fn bought_before(&self) -> bool {
        let bought = self.customer.zip(self.created_at);
        bought.is_some_and(|(customer, created)| customer < created)
    }
}

impl Records {
    /// The people of the CRM, staff left out, in the order of their contacts; customers as of `now` (µs).
    #[must_use]
    pub fn leads(&self, now: i64) -> Vec<Lead> {
        let customers = self.customers();
        let mut known: FxHashMap<Arc<str>, usize> = FxHashMap::default();
        let mut leads: Vec<Lead> = Vec::new();
        for contact in self.people.iter().flatten() {
            if self.membership.is_staff(&contact.who) {
                continue;
            }
            let lead = Lead {
                who: contact.who.clone(),
                created_at: contact.created_at,
                qualified_at: contact.qualified_at,
                customer: contact.customer_since(&customers).filter(|at| *at < now),
                called_customer: matches!(
                    contact.lifecycle.as_deref(),
                    Some("customer" | "churned")
                ),
            };
            match contact.who.person.clone().map(|id| known.entry(id)) {
                Some(Entry::Occupied(place)) => {
                    let first = &mut leads[*place.get()];
                    let earlier =
                        |a: Option<i64>, b: Option<i64>| [a, b].into_iter().flatten().min();
                    first.created_at = earlier(first.created_at, lead.created_at);
                    first.qualified_at = earlier(first.qualified_at, lead.qualified_at);
                    first.customer = earlier(first.customer, lead.customer);
                    first.called_customer |= lead.called_customer;
                    continue;
                }
                Some(Entry::Vacant(place)) => {
                    place.insert(leads.len());
                }
                None => {}
            }
            leads.push(lead);
        }
        leads
    }

    /// Whether anything could tell that a lead became a customer.
    #[must_use]
    pub fn tell_customers(&self) -> bool {
        fn any<T>(rows: &Option<Vec<T>>) -> bool {
            rows.as_ref().is_some_and(|rows| !rows.is_empty())
        }
        any(&self.deals)
            || any(&self.orders)
            || any(&self.subscriptions)
            || !self.first_orders.is_empty()
            || self
                .people
                .iter()
                .flatten()
                .any(|contact| contact.became_customer_at.is_some())
    }
}

impl Crm<'_> {
    /// `conversion_rate`, `qualified_leads` and `community_qualified_leads`.
    pub(crate) fn leads(&self, leads: &[Lead], cells: &mut Vec<Cell>) {
        if self.records.tell_customers() {
            self.parts(
                leads,
                |lead| &lead.who,
                |lead| lead.created_at.filter(|_| !lead.bought_before()),
                |lead| lead.created_at.unwrap_or(0),
                |part| cells.push(self.converted(part)),
            );
        } else {
            self.missing(cells, &["conversion_rate"], UNTOLD);
        }
        self.parts(
            leads,
            |lead| &lead.who,
            |lead| lead.qualified_at,
            |lead| lead.qualified_at.unwrap_or(0),
            |part| {
                let n = people_of(&part.rows);
                cells.push(
                    part.cell("qualified_leads", "people")
                        .flow(part.rows.len() as u64, n),
                );
                if part.side == "member" {
                    let mut cell = part
                        .cell("community_qualified_leads", "people")
                        .flow(part.rows.len() as u64, n);
                    cell.key.side = "all";
                    cells.push(cell);
                }
            },
        );
        if leads.iter().all(|lead| lead.qualified_at.is_none()) {
            self.missing(cells, &["qualified_leads"], "needs: qualified_at of people");
        }
    }

    /// One minus Kaplan–Meier survival as a lead at the end of the window, of the leads created in the period.
    fn converted(&self, part: &Part<'_, '_, Lead>) -> Cell {
        let window = f64::from(self.config.commerce.conversion_days);
        let (left_out, leads): (Vec<_>, Vec<Item<'_, Lead>>) =
            part.rows.iter().copied().partition(|lead| lead.undated());
        let mut lives = Lifetimes::default();
        let mut converted = 0;
        for lead in &leads {
            let created = lead.created_at.unwrap_or(self.now);
            let days = (lead.customer.unwrap_or(self.now) - created).max(0) as f64 / DAY;
            converted += u64::from(lead.customer.is_some() && days <= window);
            // Days are not negative and finite: the update cannot fail.
            let _ = lives.update(days, lead.customer.is_some());
        }
        let n = people_of(&leads);
        let cell = part
            .cell("conversion_rate", "share")
            .groups(&[converted, n.saturating_sub(converted)]);
        let curve = lives.finish().ok();
        let cell = match curve.and_then(|curve| curve.at(window)) {
            _ if part.rows.is_empty() => cell.missing("no lead was created in the period"),
            _ if leads.is_empty() => return cell.missing(&undated(left_out.len())),
            Some(survival) => {
                let mut cell = cell.count(1.0 - survival.value, n);
                cell.interval = survival
                    .upper
                    .zip(survival.lower)
                    .map(|(u, l)| (1.0 - u, 1.0 - l));
                cell.numerator = Some(converted as f64);
                cell.denominator = Some(leads.len() as f64);
                cell
            }
            None if n < self.config.privacy.min_cell => cell.count(0.0, n),
            None => cell.cannot_say("the conversion window is not over for any of these leads"),
        };
        if left_out.is_empty() {
            cell
        } else {
            cell.note(&undated(left_out.len()))
        }
    }

    /// Deals won for every hundred leads created in the period.
    pub(crate) fn per_hundred(
        &self,
        leads: &[Lead],
        span: &Span,
        (won, winners): (u64, u64),
        cells: &mut Vec<Cell>,
    ) {
        if self.records.people.is_none() {
            return;
        }
        let inside = |at: i64| (span.from..span.to).contains(&at);
        let created = leads.iter().filter_map(|lead| lead.created_at);
        let leads = created.filter(|at| inside(*at)).count() as u64;
        let mut cell = Place::everywhere()
            .cell("contracts_signed", span, "deals/100 leads")
            .ratio(
                won as f64,
                leads as f64,
                leads,
                "no lead was created in the period",
            )
            .groups(&[winners])
            .item("per_100_leads");
        cell.value = cell.value.map(|value| value * 100.0);
        cells.push(cell);
    }
}
