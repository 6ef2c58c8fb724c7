//! Commerce KPIs out of the sums over person-months: value, frequency, retention, recurring revenue, contact rate.
//!
//! Every figure is published for all customers, for members and for non-members, by the state of each month; retention and
//! churn by the state before the stretch that they ask about. Ratios carry a delta-method interval clustered by customer.

use std::sync::Arc;

use jiff::tz::TimeZone;
use levier_domain::config::Config;
use levier_domain::time::Month;

use crate::calendar::{AsOf, Span, containing};
use crate::cell::Cell;
use crate::commerce::{Commerce, Group, MILESTONES, MOVES, SIDES, Sums};
use crate::draft::Place;
use crate::numbers::Z95;

/// What a run over facts needs.
pub(crate) struct Trade<'a> {
    pub commerce: &'a Commerce,
    pub config: &'a Config,
    pub as_of: AsOf,
    pub zone: TimeZone,
}

/// KPIs that need facts with orders or subscriptions.
pub const FROM_FACTS: [(&str, &str); 11] = [
    ("average_order_value", "needs: orders"),
    ("purchase_frequency", "needs: orders"),
    ("revenue_per_customer", "needs: orders or subscriptions"),
    ("customer_retention", "needs: orders or subscriptions"),
    ("churn_rate", "needs: orders or subscriptions"),
    ("lifetime_value", "needs: orders or subscriptions"),
    ("mrr", "needs: subscriptions"),
    ("arpa", "needs: subscriptions"),
    ("net_revenue_retention", "needs: subscriptions"),
    ("gross_revenue_retention", "needs: subscriptions"),
    ("contact_rate", "needs: tickets"),
];

/// `numerator ÷ denominator` with an interval from sums over `n` units; `None` where it has no meaning.
///
/// `Var R = (S_nn − 2R S_nd + R² S_dd) · n/(n−1) / D²`, with S the centred sums of squares and products.
pub(crate) fn clustered(
    n: u64,
    top: i128,
    bottom: i128,
    tt: i128,
    bb: i128,
    tb: i128,
) -> Option<(f64, f64)> {
    if n < 2 || bottom == 0 {
        return None;
    }
    // R = top/bottom: Σ(t − R b)² needs no centring, for its mean is 0; whole numbers keep it exact until the last step.
    let (t, b) = (top as f64, bottom as f64);
    let r = t / b;
    let spread = (tt as f64 - 2.0 * r * tb as f64 + r * r * bb as f64).max(0.0);
    let error = (spread * n as f64 / (n as f64 - 1.0)).sqrt() / b.abs();
    (error > 0.0).then_some((r - Z95 * error, r + Z95 * error))
}

fn scaled(interval: Option<(f64, f64)>, by: f64) -> Option<(f64, f64)> {
    interval.map(|(lower, upper)| (lower * by, upper * by))
}

/// All cells.
pub(crate) fn business(trade: &Trade<'_>, cells: &mut Vec<Cell>) {
    // Where nobody has a segment, `unknown` is everybody and says nothing.
    let segmented = trade
        .commerce
        .groups
        .keys()
        .any(|group| !matches!(group.segment.as_str(), "all" | "unknown"));
    for (group, sums) in &trade.commerce.groups {
        if group.segment == "unknown" && !segmented {
            continue;
        }
        let month = Month::from_index(group.start);
        let span = containing(
            group.grain,
            month.first_day(),
            trade.as_of,
            &trade.zone,
            trade.config.workspace.fiscal_year_start,
        );
        if span.start > trade.as_of.day {
            continue;
        }
        Part {
            trade,
            group,
            sums,
            span: &span,
        }
        .cells(cells);
    }
}

struct Part<'a> {
    trade: &'a Trade<'a>,
    group: &'a Group,
    sums: &'a Sums,
    span: &'a Span,
}

impl Part<'_> {
    fn cell(&self, kpi: &'static str, unit: &str) -> Cell {
        let mut place = Place::everywhere();
        place.community = Arc::from(self.group.community.as_str());
        place.segment = Arc::from(self.group.segment.as_str());
        place
            .cell(kpi, self.span, unit)
            .side(SIDES[usize::from(self.group.side)])
    }

    fn cells(&self, out: &mut Vec<Cell>) {
        let has = self.trade.commerce;
        if has.has_orders {
            self.orders(out);
        }
        if has.has_orders || has.has_subscriptions {
            self.customers(out);
        }
        if has.has_subscriptions {
            self.recurring(out);
        }
        if has.has_tickets {
            self.tickets(out);
        }
    }

    fn currency(&self) -> &str {
        self.trade.config.workspace.currency.code()
    }

    fn major(&self, minor: i64) -> f64 {
        minor as f64 / 10_f64.powi(self.trade.config.workspace.currency.decimals() as i32)
    }

    fn orders(&self, out: &mut Vec<Cell>) {
        let s = self.sums;
        let [rr, oo, _, ro, ..] = s.squares;
        let (r, o) = (i128::from(s.revenue), i128::from(s.orders));
        let unit = 1.0 / 10_f64.powi(self.trade.config.workspace.currency.decimals() as i32);
        let mut value = self
            .cell("average_order_value", &format!("{}/order", self.currency()))
            .ratio(
                self.major(s.revenue),
                s.orders as f64,
                s.buyers,
                "no orders in the period",
            );
        if value.value.is_some() {
            value.interval = scaled(clustered(s.customers, r, o, rr, oo, ro), unit);
        }
        out.push(value);
        // A running month is a whole one for nobody: a rate of a year is that of months that are over.
        let over = &s.over;
        let nothing = if s.months > 0 {
            "no month of the period is over: a running one is not annualised"
        } else {
            "no customers in the period"
        };
        let mut frequency = self
            .cell("purchase_frequency", "orders/customer/year")
            .ratio(
                over.orders as f64,
                over.months as f64,
                over.customers,
                nothing,
            )
            .groups(&[over.buyers]);
        frequency.value = frequency.value.map(|v| v * 12.0);
        if frequency.value.is_some() {
            let [oo, mm, om] = over.squares;
            let (o, m) = (i128::from(over.orders), i128::from(over.months));
            frequency.interval = scaled(clustered(over.customers, o, m, oo, mm, om), 12.0);
        }
        out.push(frequency);
    }

    fn customers(&self, out: &mut Vec<Cell>) {
        let s = self.sums;
        let [rr, _, mm, _, rm, _, _, _] = s.squares;
        let unit = 1.0 / 10_f64.powi(self.trade.config.workspace.currency.decimals() as i32);
        let mut revenue = self
            .cell(
                "revenue_per_customer",
                &format!("{}/customer/month", self.currency()),
            )
            .ratio(
                self.major(s.revenue),
                s.months as f64,
                s.customers,
                "no customers in the period",
            )
            .groups(&[s.payers]);
        revenue.interval = scaled(
            clustered(
                s.customers,
                i128::from(s.revenue),
                i128::from(s.months),
                rr,
                mm,
                rm,
            ),
            unit,
        );
        out.push(revenue);
        if s.started > 0 {
            out.push(self.cell("churn_rate", "share").share_of_people(
                s.lost,
                s.started,
                "no customers at the start",
            ));
        }
        for (place, months) in MILESTONES.iter().enumerate() {
            let (at_risk, kept) = s.kept[place];
            if at_risk > 0 {
                let mut cell = self
                    .cell("customer_retention", "share")
                    .share_of_people(kept, at_risk, "");
                cell.key.item = Arc::from(format!("{months}m").as_str());
                out.push(cell);
            }
        }
    }

    fn recurring(&self, out: &mut Vec<Cell>) {
        let s = self.sums;
        let currency = self.currency();
        out.push(
            self.cell("mrr", &format!("{currency}/month"))
                .count(self.major(s.mrr), s.subscribers),
        );
        for (place, name) in MOVES.iter().enumerate() {
            let (size, people) = s.moves[place];
            let sign = if matches!(*name, "contraction" | "churned") {
                -1.0
            } else {
                1.0
            };
            if people > 0 {
                out.push(
                    self.cell("mrr", &format!("{currency}/month"))
                        .count(sign * self.major(size), people)
                        .item(name),
                );
            }
        }
        let account = format!("{currency}/account/month");
        out.push(self.cell("arpa", &account).ratio(
            self.major(s.mrr),
            s.subscribers as f64,
            s.subscribers,
            "no subscribers",
        ));
        // What is kept tells by subtraction what those took away who left or pay less, and what those brought who pay more.
        let [gone, less, more] = s.mrr_moved;
        for (kpi, kept, groups) in [
            ("net_revenue_retention", s.mrr_kept, vec![gone, less, more]),
            ("gross_revenue_retention", s.mrr_gross, vec![gone, less]),
        ] {
            let nothing = "nobody paid before the period";
            out.push(
                self.cell(kpi, "share")
                    .ratio(
                        self.major(kept),
                        self.major(s.mrr_before),
                        s.mrr_people,
                        nothing,
                    )
                    .groups(&groups),
            );
        }
    }

    fn tickets(&self, out: &mut Vec<Cell>) {
        let s = self.sums;
        let [_, _, mm, _, _, _, tt, tm] = s.squares;
        let mut cell = self
            .cell("contact_rate", "tickets/customer/month")
            .ratio(
                s.tickets as f64,
                s.months as f64,
                s.customers,
                "no customers in the period",
            )
            .groups(&[s.ticket_people]);
        cell.interval = clustered(
            s.customers,
            i128::from(s.tickets),
            i128::from(s.months),
            tt,
            mm,
            tm,
        );
        out.push(cell);
    }
}
