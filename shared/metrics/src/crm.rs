//! KPIs out of CRM records: deals, leads, surveys, tickets, contracts.
//!
//! A record is on the member side if its person (or, failing that, account) was a member when it began: an opportunity at its
//! creation, an answer when given, a ticket when opened. What has no person counts in `all` and on the non-member side only if
//! it names an account; unmatched people are not non-members.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use levier_domain::config::Config;
use levier_stats::nps::Nps;
use levier_stats::survival::Lifetimes;

use crate::calendar::{AsOf, Span, spans};
use crate::cell::Cell;
use crate::draft::Place;
use crate::inputs::day_of;
use crate::numbers::quantile;
use crate::part::{Item, customers_of};
use crate::records::{Contact, Deal, Records, Subscription, Survey, Ticket, Who};

/// Microseconds of a day of 24 hours.
const DAY: f64 = 86_400_000_000.0;

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
        let first = day_of(first, &self.zone);
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

    fn missing(&self, cells: &mut Vec<Cell>, kpis: &[&'static str], needs: &str) {
        for span in self.running() {
            cells.extend(
                kpis.iter()
                    .map(|kpi| Place::everywhere().cell(kpi, &span, "").missing(needs)),
            );
        }
    }

    /// All cells.
    pub fn cells(&self, cells: &mut Vec<Cell>) {
        match &self.records.deals {
            Some(deals) if !deals.is_empty() => self.deals(deals, cells),
            _ => self.missing(
                cells,
                &["closing_rate", "contracts_signed", "sales_cycle_days"],
                "needs: deals",
            ),
        }
        match &self.records.people {
            Some(people) if !people.is_empty() => self.people(people, cells),
            _ => self.missing(
                cells,
                &["conversion_rate", "qualified_leads"],
                "needs: people",
            ),
        }
        match &self.records.surveys {
            Some(surveys) if !surveys.is_empty() => self.surveys(surveys, cells),
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

    fn deals(&self, deals: &[Deal], cells: &mut Vec<Cell>) {
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
                let people = customers_of(&part.rows);
                let winners = customers_of(&won);
                let losers = customers_of(part.rows.iter().filter(|d| &*d.status == "lost"));
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
                cells.push(
                    part.cell("contracts_signed", "deals")
                        .flow(won.len() as u64, winners),
                );
                if part.whole() {
                    self.per_rep(part.span, &won, winners, cells);
                    self.per_hundred(part.span, won.len() as u64, winners, cells);
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
                let people = customers_of(&part.rows);
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

    fn per_hundred(&self, span: &Span, won: u64, winners: u64, cells: &mut Vec<Cell>) {
        let Some(people) = &self.records.people else {
            return;
        };
        let leads = people
            .iter()
            .filter(|p| {
                p.created_at
                    .is_some_and(|at| (span.from..span.to).contains(&at))
            })
            .count() as u64;
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

    fn people(&self, people: &[Contact], cells: &mut Vec<Cell>) {
        let window = f64::from(self.config.commerce.conversion_days);
        let customers = self.records.customers();
        let since: Vec<Option<i64>> = people
            .iter()
            .map(|lead| lead.customer_since(&customers))
            .map(|at| at.filter(|at| *at < self.now))
            .collect();
        self.parts(
            people,
            |p| &p.who,
            |p| p.created_at,
            |p| p.created_at.unwrap_or(0),
            |part| {
                let mut lives = Lifetimes::default();
                let mut converted = 0;
                for lead in &part.rows {
                    let created = lead.created_at.unwrap_or(self.now);
                    let customer = since[lead.position as usize];
                    let days = (customer.unwrap_or(self.now) - created).max(0) as f64 / DAY;
                    converted += u64::from(customer.is_some() && days <= window);
                    let _ = lives.update(days, customer.is_some());
                }
                let n = customers_of(&part.rows);
                let cell = part
                    .cell("conversion_rate", "share")
                    .groups(&[converted, n.saturating_sub(converted)]);
                let curve = lives.finish().ok();
                cells.push(match curve.and_then(|curve| curve.at(window)) {
                    _ if part.rows.is_empty() => cell.missing("no lead was created in the period"),
                    Some(survival) => {
                        let mut cell = cell.count(1.0 - survival.value, n);
                        cell.interval = survival
                            .upper
                            .zip(survival.lower)
                            .map(|(u, l)| (1.0 - u, 1.0 - l));
                        cell.numerator = Some(converted as f64);
                        cell.denominator = Some(part.rows.len() as f64);
                        cell
                    }
                    None if n < self.config.privacy.min_cell => cell.count(0.0, n),
                    None => {
                        cell.cannot_say("the conversion window is not over for any of these leads")
                    }
                });
            },
        );
        self.parts(
            people,
            |p| &p.who,
            |p| p.qualified_at,
            |p| p.qualified_at.unwrap_or(0),
            |part| {
                let n = customers_of(&part.rows);
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
        if people.iter().all(|p| p.qualified_at.is_none()) {
            self.missing(cells, &["qualified_leads"], "needs: qualified_at of people");
        }
    }

    fn surveys(&self, surveys: &[Survey], cells: &mut Vec<Cell>) {
        self.parts(
            surveys,
            |s| &s.who,
            |s| Some(s.answered_at),
            |s| s.answered_at,
            |part| {
                let of = |kind: &str| {
                    part.rows
                        .iter()
                        .copied()
                        .filter(|s| &*s.kind == kind)
                        .collect::<Vec<Item<'_, Survey>>>()
                };
                let people = |rows: &[Item<'_, Survey>]| customers_of(rows);
                let csat: Vec<Item<'_, Survey>> = of("csat")
                    .into_iter()
                    .filter(|s| s.score.is_some_and(|x| (1.0..=5.0).contains(&x)))
                    .collect();
                let happy: Vec<Item<'_, Survey>> = csat
                    .iter()
                    .copied()
                    .filter(|s| s.score >= Some(4.0))
                    .collect();
                let sad: Vec<Item<'_, Survey>> = csat
                    .iter()
                    .copied()
                    .filter(|s| s.score < Some(4.0))
                    .collect();
                cells.push(
                    part.cell("satisfaction", "share")
                        .share(
                            happy.len() as u64,
                            csat.len() as u64,
                            people(&csat),
                            "no answers in the period",
                        )
                        .groups(&[people(&happy), people(&sad)]),
                );
                let answers: Vec<Item<'_, Survey>> = of("nps")
                    .into_iter()
                    .filter(|s| s.score.is_some_and(|x| (0.0..=10.0).contains(&x)))
                    .collect();
                let mut nps = Nps::default();
                for answer in &answers {
                    let _ = nps.update(answer.score.unwrap_or(0.0) as u8, 1.0);
                }
                let cell = part.cell("nps", "points");
                cells.push(match nps.finish() {
                    Ok(score) => {
                        let mut cell = cell.count(score.value, people(&answers));
                        cell.interval = score
                            .lower
                            .zip(score.upper)
                            .map(|(l, u)| (l.max(-100.0), u.min(100.0)));
                        cell
                    }
                    Err(_) => cell.missing("no answers in the period"),
                });
                let heard = of("heard_about");
                let named: Vec<Item<'_, Survey>> = heard
                    .iter()
                    .copied()
                    .filter(|s| names_the_community(s.answer.as_deref()))
                    .collect();
                let others: Vec<Item<'_, Survey>> = heard
                    .iter()
                    .copied()
                    .filter(|s| !names_the_community(s.answer.as_deref()))
                    .collect();
                cells.push(
                    part.cell("heard_about_us", "share")
                        .share(
                            named.len() as u64,
                            heard.len() as u64,
                            people(&heard),
                            "no answers in the period",
                        )
                        .groups(&[people(&named), people(&others)]),
                );
                for (kind, item) in [
                    ("awareness_aided", "aided"),
                    ("awareness_unaided", "unaided"),
                ] {
                    let asked = of(kind);
                    let (aware, unaware): (Vec<Item<'_, Survey>>, Vec<Item<'_, Survey>>) =
                        asked.iter().copied().partition(|s| says_yes(s));
                    cells.push(
                        part.cell("brand_awareness", "share")
                            .share(
                                aware.len() as u64,
                                asked.len() as u64,
                                people(&asked),
                                "no answers in the period",
                            )
                            .groups(&[people(&aware), people(&unaware)])
                            .item(item),
                    );
                }
            },
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
                let people = customers_of(timed.iter().map(|t| &t.1));
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
                    let people = customers_of(handled.iter().copied());
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
                let people = customers_of(&part.rows);
                cells.push(
                    part.cell("renewal_rate", "share")
                        .share(
                            kept.len() as u64,
                            part.rows.len() as u64,
                            people,
                            "no annual contract was due in the period",
                        )
                        .groups(&[customers_of(&kept), customers_of(&lost)]),
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

/// Whether an answer to "how did you hear about us" names the community or a member.
fn names_the_community(answer: Option<&str>) -> bool {
    const WORDS: [&str; 8] = [
        "communaut",
        "communit",
        "membre",
        "member",
        "forum",
        "slack",
        "discord",
        "parrain",
    ];
    answer.is_some_and(|answer| {
        let answer = answer.to_lowercase();
        WORDS.iter().any(|word| answer.contains(word))
    })
}

fn says_yes(survey: &Survey) -> bool {
    match (survey.score, survey.answer.as_deref()) {
        (Some(score), _) => score > 0.0,
        (None, Some(answer)) => matches!(
            answer.trim().to_lowercase().as_str(),
            "yes" | "oui" | "true" | "vrai" | "1"
        ),
        (None, None) => false,
    }
}
