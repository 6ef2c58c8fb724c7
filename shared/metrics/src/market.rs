//! KPIs of money spent and of what is not about single people: acquisition cost, campaigns, traffic, mentions, promo codes.

use std::collections::BTreeMap;

use levier_domain::event::Kind;
use levier_domain::time::{Grain, Month, Period};

use crate::calendar::{Span, midnight};
use crate::cell::Cell;
use crate::commerce::{Commerce, SIDES};
use crate::crm::Crm;
use crate::draft::Place;
use crate::inputs::Run;
use crate::membership::Spans;
use crate::records::{Order, Spend, people};
use crate::scope::{Cut, Scope};

/// All cells.
pub(crate) fn market(
    crm: &Crm<'_>,
    run: Option<&Run<'_>>,
    commerce: Option<&Commerce>,
    cells: &mut Vec<Cell>,
) {
    let spend = crm.records.spend.as_deref().unwrap_or_default();
    acquisition(crm, spend, run, commerce, cells);
    campaigns(crm, spend, cells);
    promo(crm, cells);
    mentions(crm, run, cells);
    traffic(crm, cells);
}

fn missing(crm: &Crm<'_>, cells: &mut Vec<Cell>, kpi: &'static str, needs: &str) {
    for span in crm.running() {
        cells.push(
            Place::everywhere()
                .cell(kpi, &span, "")
                .missing(needs)
                .impersonal(),
        );
    }
}

fn in_span<'a>(spend: &'a [Spend], span: &'a Span) -> impl Iterator<Item = &'a Spend> {
    spend
        .iter()
        .filter(|s| span.start <= s.date && s.date < span.end)
}

/// Spend of one purpose in the reporting currency, and how many rows were in another one.
fn spent<'a>(
    crm: &Crm<'_>,
    spend: impl Iterator<Item = &'a Spend>,
    span: &Span,
    purpose: &str,
) -> (i64, u64) {
    let currency = crm.config.workspace.currency.code();
    let mut sum = (0, 0);
    for row in spend
        .filter(|s| span.start <= s.date && s.date < span.end)
        .filter(|s| s.purpose.as_deref() == Some(purpose) && s.date <= crm.as_of)
    {
        if &*row.currency == currency {
            sum.0 += row.amount_minor;
        } else {
            sum.1 += 1;
        }
    }
    sum
}

fn acquisition(
    crm: &Crm<'_>,
    spend: &[Spend],
    run: Option<&Run<'_>>,
    commerce: Option<&Commerce>,
    cells: &mut Vec<Cell>,
) {
    let unit = crm.config.workspace.currency.minor_per_major() as f64;
    let currency = crm.config.workspace.currency.code().to_owned();
    let first = |purpose: &str| {
        spend
            .iter()
            .filter(|s| s.purpose.as_deref() == Some(purpose))
            .map(|s| midnight(s.date, &crm.zone))
            .min()
    };
    let spans_of = |first: i64| {
        crm.spans(first)
            .into_iter()
            .filter(|span| matches!(span.grain, "month" | "quarter" | "year"))
    };
    match (first("member_acquisition"), run) {
        (Some(begin), Some(run)) => {
            let members = Spans::of(run.activity, |_| true);
            for span in spans_of(begin) {
                let (minor, foreign) = spent(crm, spend.iter(), &span, "member_acquisition");
                let joins = members
                    .all()
                    .iter()
                    .filter(|s| !s.implied && (span.from..span.to).contains(&s.from))
                    .count() as u64;
                let cell = Place::everywhere().cell(
                    "member_acquisition_cost",
                    &span,
                    &format!("{currency}/join"),
                );
                cells.push(noted(
                    cell.ratio(
                        minor as f64 / unit,
                        joins as f64,
                        joins,
                        "nobody joined in the period",
                    ),
                    foreign,
                ));
            }
        }
        (None, _) => missing(
            crm,
            cells,
            "member_acquisition_cost",
            "needs: spend with purpose member_acquisition",
        ),
        (_, None) => missing(crm, cells, "member_acquisition_cost", "needs: events"),
    }
    let commerce = commerce.filter(|c| c.groups.values().any(|sums| sums.customers > 0));
    match (first("customer_acquisition"), commerce) {
        (Some(begin), Some(commerce)) => {
            for span in spans_of(begin) {
                // What was spent on one audience only is also set against the new customers of that side.
                for (side, audience) in [
                    ("all", None),
                    ("member", Some("members")),
                    ("non_member", Some("others")),
                ] {
                    let aimed =
                        |s: &&Spend| audience.is_none() || s.audience.as_deref() == audience;
                    if audience.is_some() && !spend.iter().any(|s| aimed(&s)) {
                        continue;
                    }
                    let (minor, foreign) = spent(
                        crm,
                        spend.iter().filter(aimed),
                        &span,
                        "customer_acquisition",
                    );
                    let position = SIDES.iter().position(|name| *name == side).unwrap_or(0);
                    let new = commerce
                        .sums(span.grain, Month::of(span.start), position as u8)
                        .map_or(0, |sums| sums.new_customers);
                    let cell = Place::everywhere()
                        .cell(
                            "customer_acquisition_cost",
                            &span,
                            &format!("{currency}/customer"),
                        )
                        .side(side);
                    cells.push(noted(
                        cell.ratio(
                            minor as f64 / unit,
                            new as f64,
                            new,
                            "no new customers in the period",
                        ),
                        foreign,
                    ));
                }
            }
        }
        (None, _) => missing(
            crm,
            cells,
            "customer_acquisition_cost",
            "needs: spend with purpose customer_acquisition",
        ),
        (_, None) => missing(
            crm,
            cells,
            "customer_acquisition_cost",
            "needs: orders, deals or subscriptions",
        ),
    }
}

fn noted(cell: Cell, foreign: u64) -> Cell {
    if foreign > 0 {
        cell.note(&format!(
            "{foreign} rows in another currency are left out: no exchange rate on or before their day"
        ))
    } else {
        cell
    }
}

/// Clicks ÷ impressions of campaigns to members over the same of those to others.
fn campaigns(crm: &Crm<'_>, spend: &[Spend], cells: &mut Vec<Cell>) {
    let rate = |span: &Span, audience: &str| {
        let mut sum = (0.0, 0.0);
        let mut rows: Vec<&Spend> = in_span(spend, span)
            .filter(|s| s.audience.as_deref() == Some(audience) && s.date <= crm.as_of)
            .collect();
        rows.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
        for row in rows {
            if let (Some(clicks), Some(shown)) = (row.clicks, row.impressions) {
                sum = (sum.0 + clicks, sum.1 + shown);
            }
        }
        (sum.1 > 0.0).then(|| (sum.0 / sum.1, sum))
    };
    let shown = |audience: &'static str| {
        spend
            .iter()
            .filter(move |s| s.audience.as_deref() == Some(audience) && s.impressions.is_some())
            .map(|s| midnight(s.date, &crm.zone))
            .min()
    };
    let first =
        shown("members").map(|first| shown("others").map_or(first, |others| first.min(others)));
    let Some(first) = first else {
        missing(
            crm,
            cells,
            "campaign_engagement",
            "needs: spend with audience, impressions and clicks",
        );
        return;
    };
    for span in crm.spans(first) {
        let cell = Place::everywhere()
            .cell("campaign_engagement", &span, "ratio")
            .impersonal();
        cells.push(match (rate(&span, "members"), rate(&span, "others")) {
            (Some((ours, _)), Some((theirs, _))) if theirs > 0.0 => cell.ratio(ours, theirs, 0, ""),
            (Some(_), Some(_)) => cell.missing("no click of the other audience: no ratio"),
            _ => cell.missing("no campaign to both audiences in the period"),
        });
        for (side, audience) in [("member", "members"), ("non_member", "others")] {
            if let Some((_, (clicks, shown))) = rate(&span, audience) {
                cells.push(
                    Place::everywhere()
                        .cell("campaign_engagement", &span, "share")
                        .impersonal()
                        .ratio(clicks, shown, 0, "")
                        .side(side)
                        .item("click_rate"),
                );
            }
        }
    }
}

fn promo(crm: &Crm<'_>, cells: &mut Vec<Cell>) {
    let codes = &crm.config.commerce.community_promo_codes;
    let orders = match &crm.records.orders {
        Some(orders) if !orders.is_empty() && !codes.is_empty() => orders,
        Some(_) if codes.is_empty() => {
            return missing(
                crm,
                cells,
                "promo_revenue",
                "needs: commerce.community_promo_codes",
            );
        }
        _ => return missing(crm, cells, "promo_revenue", "needs: orders"),
    };
    let currency = crm.config.workspace.currency;
    let with_code: Vec<&Order> = orders
        .iter()
        .filter(|o| {
            o.paid()
                && o.ordered_at < crm.now
                && o.promo_code
                    .as_ref()
                    .is_some_and(|c| codes.iter().any(|k| k.eq_ignore_ascii_case(c)))
        })
        .collect();
    let first = orders
        .iter()
        .map(|o| o.ordered_at)
        .min()
        .unwrap_or(crm.now - 1);
    for span in crm.spans(first.min(crm.now - 1)) {
        let rows: Vec<&Order> = with_code
            .iter()
            .copied()
            .filter(|o| (span.from..span.to).contains(&o.ordered_at))
            .collect();
        let foreign = rows
            .iter()
            .filter(|o| &*o.currency != currency.code())
            .count() as u64;
        let minor: i64 = rows
            .iter()
            .filter(|o| &*o.currency == currency.code())
            .map(|o| o.net_minor())
            .sum();
        let mut cell = Place::everywhere()
            .cell("promo_revenue", &span, currency.code())
            .count(
                minor as f64 / currency.minor_per_major() as f64,
                people(rows.iter().map(|order| order.who.unit())),
            );
        cell.additive = true;
        cells.push(noted(cell, foreign));
    }
}

/// Mentions of files, and those that platforms push: of the brand whose account or alert it is.
fn mentions(crm: &Crm<'_>, run: Option<&Run<'_>>, cells: &mut Vec<Cell>) {
    let filed = crm.records.mentions.iter().flatten();
    let pushed = run.into_iter().flat_map(|run| &run.activity.entries);
    let pushed = pushed.filter(|e| e.kind() == Kind::MentionSeen);
    let mentions: Vec<(i64, &str)> = filed
        .map(|m| (m.seen_at, &*m.about))
        .chain(pushed.map(|e| (e.at, "brand")))
        .filter(|(at, _)| *at < crm.now)
        .collect();
    let Some(first) = mentions.iter().map(|m| m.0).min() else {
        missing(crm, cells, "mentions", "needs: mentions");
        missing(crm, cells, "share_of_voice", "needs: mentions");
        return;
    };
    let others = ["competitor", "market"];
    let market = mentions.iter().any(|m| others.contains(&m.1));
    if !market {
        let needs = "needs: mentions of competitors or the market";
        missing(crm, cells, "share_of_voice", needs);
    }
    for span in crm.spans(first) {
        let count = |about: &[&str]| {
            mentions
                .iter()
                .filter(|(at, of)| (span.from..span.to).contains(at) && about.contains(of))
                .count() as f64
        };
        let cell = |kpi, unit| Place::everywhere().cell(kpi, &span, unit).impersonal();
        let ours = count(&["brand", "community"]);
        cells.push(cell("mentions", "mentions").count(ours, 0));
        cells.push(
            cell("mentions", "mentions")
                .count(count(&["brand"]), 0)
                .item("brand"),
        );
        cells.push(
            cell("mentions", "mentions")
                .count(count(&["community"]), 0)
                .item("community"),
        );
        if market {
            let all = ours + count(&others);
            cells.push(cell("share_of_voice", "share").ratio(
                ours,
                all,
                0,
                "no mentions in the period",
            ));
        }
    }
}

fn traffic(crm: &Crm<'_>, cells: &mut Vec<Cell>) {
    let Some(traffic) = crm.records.web_traffic.as_deref().filter(|t| !t.is_empty()) else {
        missing(crm, cells, "organic_traffic", "needs: web_traffic");
        if crm.records.surveys.is_none() {
            missing(
                crm,
                cells,
                "brand_awareness",
                "needs: surveys or web_traffic",
            );
        }
        return;
    };
    let mut by_channel: BTreeMap<&str, Vec<(jiff::civil::Date, f64)>> = BTreeMap::new();
    for row in traffic {
        by_channel
            .entry(&row.channel)
            .or_default()
            .push((row.date, row.visits));
    }
    for days in by_channel.values_mut() {
        days.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    }
    let visits = |channel: &str, span: &Span| -> f64 {
        by_channel.get(channel).map_or(0.0, |days| {
            days.iter()
                .filter(|(day, _)| span.start <= *day && *day < span.end && *day <= crm.as_of)
                .map(|(_, n)| n)
                // The sum of no numbers is −0 and prints as such.
                .fold(0.0, |sum, n| sum + n)
        })
    };
    let first = traffic.iter().map(|t| t.date).min().unwrap_or(crm.as_of);
    let mut base: Option<f64> = None;
    for span in crm.spans(midnight(first.min(crm.as_of), &crm.zone)) {
        let cell = |kpi, unit| Place::everywhere().cell(kpi, &span, unit).impersonal();
        let mut total = 0.0;
        for channel in by_channel.keys() {
            let n = visits(channel, &span);
            total += n;
            cells.push(cell("organic_traffic", "visits").count(n, 0).item(channel));
        }
        cells.push(cell("organic_traffic", "visits").count(total, 0));
        if span.grain != "month" {
            continue;
        }
        let branded = visits("branded", &span) + visits("direct", &span);
        // The index stands at 100 in the first whole month.
        let whole =
            Period::containing(Grain::Month, first).start == span.start && first > span.start;
        if base.is_none() && branded > 0.0 && !whole && !span.partial {
            base = Some(branded);
        }
        cells.push(match base {
            Some(base) => cell("brand_awareness", "index")
                .ratio(100.0 * branded, base, 0, "")
                .item("branded_and_direct_traffic"),
            None => cell("brand_awareness", "index")
                .missing("needs: a whole month of branded or direct traffic")
                .item("branded_and_direct_traffic"),
        });
    }
}

/// Tickets avoided, by two ways that are never added: what members ask less, and questions that peers answered.
pub(crate) fn deflection(
    crm: &Crm<'_>,
    run: Option<&Run<'_>>,
    commerce: Option<&Commerce>,
    cells: &mut Vec<Cell>,
) {
    if let Some(commerce) = commerce.filter(|c| c.has_tickets) {
        for (group, ours) in commerce
            .groups
            .iter()
            .filter(|(g, _)| g.side == 1 && g.community == "all" && g.segment == "all")
        {
            let Some(theirs) = commerce.sums(group.grain, Month::from_index(group.start), 2) else {
                continue;
            };
            let span = crate::calendar::containing(
                group.grain,
                Month::from_index(group.start).first_day(),
                crate::calendar::AsOf::at(crm.as_of, crm.now),
                &crm.zone,
                crm.config.workspace.fiscal_year_start,
            );
            if ours.months == 0 || theirs.months == 0 || span.start > crm.as_of {
                continue;
            }
            let difference = theirs.tickets as f64 / theirs.months as f64
                - ours.tickets as f64 / ours.months as f64;
            let cell = Place::everywhere()
                .cell("ticket_deflection", &span, "tickets")
                .item("contact_rate_difference");
            let groups = [ours.ticket_people, theirs.ticket_people, theirs.customers];
            cells.push(
                cell.count(difference * ours.months as f64, ours.customers)
                    .groups(&groups)
                    .note("raw difference: not attributable by itself"),
            );
        }
    } else {
        for span in crm.running() {
            cells.push(
                Place::everywhere()
                    .cell("ticket_deflection", &span, "tickets")
                    .item("contact_rate_difference")
                    .missing("needs: tickets"),
            );
        }
    }
    let share = crm.config.roi.deflection_share;
    let (Some(run), Some(share)) = (run, share) else {
        let needs = if run.is_none() {
            "needs: events"
        } else {
            "needs: roi.deflection_share"
        };
        for span in crm.running() {
            cells.push(
                Place::everywhere()
                    .cell("ticket_deflection", &span, "tickets")
                    .item("peer_answers")
                    .missing(needs),
            );
        }
        return;
    };
    let scope = Scope::of(run.activity, Cut::default());
    for (span, answered, people) in crate::talk::peer_answered(run, &scope) {
        cells.push(
            Place::everywhere()
                .cell("ticket_deflection", &span, "tickets")
                .count(answered as f64 * share, people)
                .note("assumed: the configured share of peer-answered questions")
                .item("peer_answers"),
        );
    }
}
