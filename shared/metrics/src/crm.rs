//! KPIs out of CRM records: deals, tickets, contracts; those of leads and surveys stand in `contacts` and `surveys`.
//!
//! A record is on the member side if its person (or, failing that, account) was a member when it began: an opportunity at its
//! creation, an answer when given, a ticket when opened. What has no person counts in `all` and on the non-member side only if
//! it names an account; unmatched people are not non-members.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use levier_domain::config::Config;
use levier_stats::survival::Lifetimes;

use crate::calendar::{AsOf, Span, spans};
use crate::cell::Cell;
use crate::contacts::Lead;
use crate::draft::Place;
use crate::inputs::{YEARS_KEPT, day_of};
use crate::numbers::quantile;
use crate::part::{Item, people_of};
use crate::records::{Deal, Records, Subscription, Ticket, Who};

/// Microseconds of a day of 24 hours.
pub(crate) const DAY: f64 = 86_400_000_000.0;

/// A run over records.
pub(crate) struct Crm<'a> {
    pub records: &'a Records,
    pub config: &'a Config,
    pub as_of: Date,
    pub zone: TimeZone,
    pub now: i64,
}

impl Crm<'_> {
    /// Periods of a series that begins with `first`.
    pub fn spans(&self, first: i64) -> Vec<Span> {
        // One record with a wrong date must not make a row for every week since then.
        let oldest = self
            .as_of
            .saturating_sub(jiff::Span::new().years(YEARS_KEPT));
        let first = day_of(first, &self.zone).max(oldest);
        ["week", "month", "quarter", "year", "28d", "90d"]
            .into_iter()
            .flat_map(|grain| {
                spans(
                    grain,
                    first,
                    AsOf::at(self.as_of, self.now),
                    &self.zone,
                    self.config.workspace.fiscal_year_start,
                )
            })
            .collect()
    }

    /// The running month, where something is said to be missing.
    pub fn running(&self) -> Vec<Span> {
        spans(
            "month",
            self.as_of,
            AsOf::at(self.as_of, self.now),
            &self.zone,
            1,
        )
    }

    pub(crate) fn missing(&self, cells: &mut Vec<Cell>, kpis: &[&'static str], needs: &str) {
        for span in self.running() {
            cells.extend(
                kpis.iter()
                    .map(|kpi| Place::everywhere().cell(kpi, &span, "").missing(needs)),
            );
        }
    }

    /// All cells.
    pub fn cells(&self, cells: &mut Vec<Cell>) {
        let leads = self.records.leads(self.now);
        match &self.records.deals {
            Some(deals) if !deals.is_empty() => self.deals(deals, &leads, cells),
            _ => self.missing(
                cells,
                &["closing_rate", "contracts_signed", "sales_cycle_days"],
                "needs: deals",
            ),
        }
        match &self.records.people {
            Some(people) if !people.is_empty() => self.leads(&leads, cells),
            _ => {
                self.missing(cells, &["conversion_rate"], "needs: people + deals");
                self.missing(cells, &["qualified_leads"], "needs: people");
            }
        }
        match &self.records.surveys {
            Some(surveys) if !surveys.is_empty() => self.surveys(surveys, &leads, cells),
            _ => self.missing(
                cells,
                &["satisfaction", "nps", "heard_about_us"],
                "needs: surveys",
            ),
        }
        match &self.records.tickets {
            Some(tickets) if !tickets.is_empty() => self.tickets(tickets, cells),
            _ => self.missing(
                cells,
                &["handle_time", "agent_productivity"],
                "needs: tickets",
            ),
        }
        match &self.records.subscriptions {
            Some(contracts) if contracts.iter().any(|c| &*c.interval == "year") => {
                self.renewals(contracts, cells)
            }
            _ => self.missing(cells, &["renewal_rate"], "needs: annual subscriptions"),
        }
    }

    fn deals(&self, deals: &[Deal], leads: &[Lead], cells: &mut Vec<Cell>) {
        let undated = deals
            .iter()
            .filter(|d| &*d.status == "won" && d.closed_at.is_none())
            .count();
        self.parts(
            deals,
            |d| &d.who,
            |d| d.closed_at.filter(|_| &*d.status != "open"),
            |d| d.created_at,
            |part| {
                let won: Vec<Item<'_, Deal>> = part
                    .rows
                    .iter()
                    .copied()
                    .filter(|d| &*d.status == "won")
                    .collect();
                let people = people_of(&part.rows);
                let winners = people_of(&won);
                let losers = people_of(part.rows.iter().filter(|d| &*d.status == "lost"));
                cells.push(
                    part.cell("closing_rate", "share")
                        .share(
                            won.len() as u64,
                            part.rows.len() as u64,
                            people,
                            "no deal was closed in the period",
                        )
                        .groups(&[winners, losers]),
                );
                let signed = part
                    .cell("contracts_signed", "deals")
                    .flow(won.len() as u64, winners);
                cells.push(if part.whole() && undated > 0 {
                    signed.note(&format!(
                        "{undated} deals won are in no period: no date of closing"
                    ))
                } else {
                    signed
                });
                if part.whole() {
                    self.per_rep(part.span, &won, winners, cells);
                    let won = (won.len() as u64, winners);
                    self.per_hundred(leads, part.span, won, cells);
                }
            },
        );
        self.parts(
            deals,
            |d| &d.who,
            |d| Some(d.created_at),
            |d| d.created_at,
            |part| {
                let mut lives = Lifetimes::default();
                for deal in &part.rows {
                    let end = deal
                        .closed_at
                        .filter(|at| *at < self.now && &*deal.status != "open")
                        .unwrap_or(self.now);
                    let days = (end - deal.created_at).max(0) as f64 / DAY;
                    // Days are not negative and finite: the update cannot fail.
                    let _ = lives.update(days, &*deal.status == "won" && end < self.now);
                }
                let people = people_of(&part.rows);
                let cell = part.cell("sales_cycle_days", "days");
                cells.push(match lives.finish().ok().and_then(|curve| curve.median()) {
                    _ if part.rows.is_empty() => cell.missing("no deal was opened in the period"),
                    Some(median) => {
                        let mut cell = cell.count(median.value, people);
                        cell.interval = median.lower.zip(median.upper);
                        cell
                    }
                    None if people < self.config.privacy.min_cell => cell.count(0.0, people),
                    None => cell.cannot_say("fewer than half of the deals were won so far"),
                });
            },
        );
    }

    fn per_rep(&self, span: &Span, won: &[Item<'_, Deal>], people: u64, cells: &mut Vec<Cell>) {
        let months = owner_months(
            won.iter()
                .filter_map(|d| Some((d.owner.as_deref()?, d.closed_at?))),
            &self.zone,
        );
        cells.push(
            Place::everywhere()
                .cell("agent_productivity", span, "deals/rep/month")
                .ratio(
                    won.iter().filter(|d| d.owner.is_some()).count() as f64,
                    months as f64,
                    people,
                    "no owner on the deals won",
                )
                .item("deals_won"),
        );
    }

    fn tickets(&self, tickets: &[Ticket], cells: &mut Vec<Cell>) {
        self.parts(
            tickets,
            |t| &t.who,
            |t| t.solved_at,
            |t| t.created_at,
            |part| {
                let mut timed: Vec<(f64, Item<'_, Ticket>)> = part
                    .rows
                    .iter()
                    .filter_map(|t| Some((t.handle_minutes.filter(|m| *m >= 0.0)?, *t)))
                    .collect();
                timed.sort_by(|a, b| a.0.total_cmp(&b.0));
                let minutes: Vec<f64> = timed.iter().map(|t| t.0).collect();
                let people = people_of(timed.iter().map(|t| &t.1));
                let nothing = "no solved ticket with a handle time in the period";
                cells.push(part.cell("handle_time", "minutes").ratio(
                    minutes.iter().sum(),
                    minutes.len() as f64,
                    people,
                    nothing,
                ));
                let cell = part.cell("handle_time", "minutes").item("median");
                cells.push(match quantile(&minutes, 0.5) {
                    Some(median) => cell.count(median, people),
                    None => cell.missing(nothing),
                });
                if part.whole() {
                    let months = owner_months(
                        part.rows
                            .iter()
                            .filter_map(|t| Some((t.agent.as_deref()?, t.solved_at?))),
                        &self.zone,
                    );
                    let handled = part.rows.iter().filter(|t| t.agent.is_some());
                    let handled: Vec<&Item<'_, Ticket>> = handled.collect();
                    let people = people_of(handled.iter().copied());
                    cells.push(
                        part.cell("agent_productivity", "tickets/agent/month")
                            .ratio(
                                handled.len() as f64,
                                months as f64,
                                people,
                                "no agent on the solved tickets",
                            )
                            .item("tickets_solved"),
                    );
                }
            },
        );
    }

    /// Annual contracts: an anniversary in the period is due; renewed if the contract did not end by it.
    fn renewals(&self, contracts: &[Subscription], cells: &mut Vec<Cell>) {
        struct Due {
            who: Who,
            at: i64,
            renewed: bool,
        }
        let mut dues = Vec::new();
        for contract in contracts.iter().filter(|c| &*c.interval == "year") {
            let start = day_of(contract.started_at, &self.zone);
            for year in 1..100 {
                let Ok(day) = start.checked_add(jiff::Span::new().years(year)) else {
                    break;
                };
                let at = crate::calendar::midnight(day, &self.zone);
                let end = contract.ended_at.unwrap_or(i64::MAX);
                // A contract that ended well before an anniversary was not due there any more; one that ended at it was.
                if at >= self.now || end < at - 31 * 86_400_000_000 {
                    break;
                }
                let renewed = end > at + 86_400_000_000;
                dues.push(Due {
                    who: contract.who.clone(),
                    at,
                    renewed,
                });
                if !renewed {
                    break;
                }
            }
        }
        self.parts(
            &dues,
            |d| &d.who,
            |d| Some(d.at),
            |d| d.at - 1,
            |part| {
                let (kept, lost): (Vec<Item<'_, Due>>, Vec<Item<'_, Due>>) =
                    part.rows.iter().copied().partition(|d| d.renewed);
                let people = people_of(&part.rows);
                cells.push(
                    part.cell("renewal_rate", "share")
                        .share(
                            kept.len() as u64,
                            part.rows.len() as u64,
                            people,
                            "no annual contract was due in the period",
                        )
                        .groups(&[people_of(&kept), people_of(&lost)]),
                );
            },
        );
    }
}

/// Distinct pairs of owner and month.
fn owner_months<'a>(worked: impl Iterator<Item = (&'a str, i64)>, zone: &TimeZone) -> u64 {
    worked
        .map(|(owner, at)| (owner, levier_domain::time::Month::of(day_of(at, zone))))
        .collect::<BTreeSet<_>>()
        .len() as u64
}
