//! The model: costs, levers, scenarios, return, payback.

use std::collections::BTreeMap;

use jiff::civil::Date;
use levier_domain::config::Config;
use levier_domain::table::{Row, Status};
use levier_domain::time::Month;
use serde_json::json;

use crate::costs::{Cost, Costs, Unpriced};
use crate::counted::counted;
use crate::effect::{curve, effect};
use crate::gains::{Known, Lever, Scenario, shared};
use crate::months::{Members, member_months};

/// Half-width of a 95 % interval in standard errors, and of an 80 % one.
const Z95: f64 = 1.959_963_984_540_054;
const Z80: f64 = 1.281_551_565_544_600_4;
/// The lever of contents, missing as long as nobody has said what they are worth.
const CONTENT: &str = "content_value";

/// Everything that the model reads.
#[derive(Clone, Debug)]
pub struct RoiInput<'a> {
    /// Margin, cost per ticket, currency.
    pub config: &'a Config,
    /// Day whose knowledge the figures rest on.
    pub as_of: Date,
    /// Last whole month: later costs and gains are left out.
    pub last_month: Month,
    /// Costs of the community in the reporting currency.
    pub costs: &'a [Cost],
    /// Costs whose currency has no rate: they make the return partial.
    pub unpriced: &'a [Unpriced],
    /// Rows of the table `uplift`.
    pub uplift: &'a [Row],
    /// Rows of the table `tenure`: the curve and the member-months.
    pub tenure: &'a [Row],
    /// Rows of the table `kpis`, for levers that are counted.
    pub kpis: &'a [Row],
}

impl<'a> RoiInput<'a> {
    /// Nothing known yet but the configuration.
    #[must_use]
    pub fn new(config: &'a Config, as_of: Date, last_month: Month) -> Self {
        Self {
            config,
            as_of,
            last_month,
            costs: &[],
            unpriced: &[],
            uplift: &[],
            tenure: &[],
            kpis: &[],
        }
    }
}

/// The rows of the table `roi`.
#[must_use]
pub fn roi(input: &RoiInput<'_>) -> Vec<Row> {
    let sheet = Sheet {
        input,
        currency: input.config.workspace.currency.code(),
    };
    let per_major = input.config.workspace.currency.minor_per_major() as f64;
    let members = member_months(input.tenure);
    let first = first_month(input.uplift, members.as_ref().ok());
    let costs = Costs::between(input.costs, input.unpriced, first, input.last_month);
    let mut rows = sheet.costs(&costs, per_major);
    rows.push(sheet.member_months(&members));

    let mut levers = vec![
        ("incremental_margin", revenue(input, &members)),
        ("support_savings", support(input, &members)),
    ];
    for (name, lever) in &input.config.roi.levers {
        levers.push((
            name,
            counted(name, lever, input.kpis, first, input.last_month),
        ));
    }
    for (item, lever) in &levers {
        rows.extend(
            Scenario::ALL
                .iter()
                .map(|scenario| sheet.lever(item, lever, *scenario)),
        );
    }
    rows.extend(sheet.parts(&levers[0].1));
    let mut unknown = vec![("acquisition_savings", acquisition(input.uplift))];
    if !input.config.roi.levers.contains_key(CONTENT) {
        let needs = "needs: roi.levers.content_value".to_owned();
        unknown.push((CONTENT, (Status::Missing, needs)));
    }
    for (item, why) in unknown {
        rows.extend(
            Scenario::ALL
                .iter()
                .map(|scenario| sheet.lever(item, &Err(why.clone()), *scenario)),
        );
    }
    let levers: Vec<Known> = levers.into_iter().map(|(_, lever)| lever).collect();
    let monthly = costs
        .by_month()
        .into_iter()
        .map(|(month, minor)| (month, minor as f64 / per_major))
        .collect();
    for scenario in Scenario::ALL {
        rows.extend(sheet.result(scenario, &levers, &costs, &monthly));
    }
    let months = || costs.cells.keys().map(|(month, _)| *month);
    let told = members.iter().flat_map(|members| &members.cells);
    let from = first.or_else(|| months().chain(told.map(|cell| cell.month)).min());
    let window = from.map(|from| format!("{from}/{}", input.last_month));
    for (order, row) in rows.iter_mut().enumerate() {
        row.own.insert("order".to_owned(), json!(order));
        row.own.insert("window".to_owned(), json!(window));
    }
    rows
}

/// First month of costs and gains where the community is older than the months over which its members were observed: what it cost
/// before cannot be set against gains that nobody has measured. A community that began within the window has all its costs counted,
/// those before the first member as well.
fn first_month(uplift: &[Row], members: Option<&Members>) -> Option<Month> {
    let window = uplift.iter().find_map(|row| row.text("window"))?;
    let first: Month = window.split_once('/')?.0.parse().ok()?;
    members?
        .first_joined()
        .is_some_and(|joined| joined < first)
        .then_some(first)
}

fn revenue(input: &RoiInput<'_>, members: &Result<Members, (Status, String)>) -> Known {
    const KPI: &str = "revenue_per_customer";
    let margin = input
        .config
        .commerce
        .margin
        .ok_or((Status::Missing, "needs: commerce.margin".to_owned()))?;
    let effect = effect(input.uplift, KPI)?;
    let (members, curve) = (
        members.as_ref().map_err(Clone::clone)?,
        curve(input.tenure, KPI),
    );
    Ok(Lever::new(
        "incremental_margin",
        &effect,
        false,
        margin,
        members,
        &curve,
    ))
}

/// Fewer tickets are savings; what a ticket costs is an assumption, so that the lever is never measured.
fn support(input: &RoiInput<'_>, members: &Result<Members, (Status, String)>) -> Known {
    const KPI: &str = "contact_rate";
    let cost = input
        .config
        .roi
        .cost_per_ticket
        .ok_or((Status::Missing, "needs: roi.cost_per_ticket".to_owned()))?;
    let effect = effect(input.uplift, KPI)?;
    let (members, curve) = (
        members.as_ref().map_err(Clone::clone)?,
        curve(input.tenure, KPI),
    );
    Ok(Lever::new(
        "support_savings",
        &effect,
        true,
        -cost,
        members,
        &curve,
    ))
}

/// Why no euro rests on the cost of acquisition: it is compared raw, if at all.
fn acquisition(uplift: &[Row]) -> (Status, String) {
    const KPI: &str = "customer_acquisition_cost";
    match effect(uplift, KPI) {
        Err(why) => why,
        Ok(found) => (
            Status::CannotSay,
            format!(
                "{KPI}: grade {}, and how many customers came through the community is not measured",
                found.grade
            ),
        ),
    }
}

struct Sheet<'a> {
    input: &'a RoiInput<'a>,
    currency: &'a str,
}

impl Sheet<'_> {
    fn row(&self, item: &str, kpi: &str, period: &str, unit: &str) -> Row {
        let mut row = Row::new(Status::Ok);
        row.as_of = Some(self.input.as_of);
        row.period = Some(period.to_owned());
        row.community = Some("all".to_owned());
        row.segment = Some("all".to_owned());
        row.kpi = Some(kpi.to_owned());
        row.unit = Some(unit.to_owned());
        row.with("item", item)
    }

    fn without(mut row: Row, (status, why): &(Status, String)) -> Row {
        row.status = *status;
        row.reason = Some(why.clone());
        row
    }

    fn costs(&self, costs: &Costs, per_major: f64) -> Vec<Row> {
        let mut rows = Vec::new();
        let amount = |item: &str, period: &str, minor: i64| {
            let mut row = self
                .row(item, "roi_costs", period, self.currency)
                .with("basis", "measured");
            row.value = Some(minor as f64 / per_major);
            row
        };
        for scenario in Scenario::ALL {
            let row = match costs.total() {
                Ok(total) => Self::partly(amount("costs", "all", total), costs),
                Err(why) => Self::without(
                    self.row("costs", "roi_costs", "all", self.currency),
                    &(Status::Missing, why),
                ),
            };
            rows.push(row.with("scenario", scenario.name()));
        }
        for (category, minor) in costs.by_category() {
            rows.push(amount(&category, "all", minor).with("category", category.clone()));
        }
        for ((month, category), minor) in &costs.cells {
            rows.push(
                amount(category, &month.to_string(), *minor).with("category", category.clone()),
            );
        }
        rows
    }

    /// A figure that some costs are missing from.
    fn partly(mut row: Row, costs: &Costs) -> Row {
        if let Some(why) = costs.left_out() {
            row.status = Status::Partial;
            row.reason = Some(match row.reason {
                Some(held) => format!("{why}; {held}"),
                None => why,
            });
        }
        row
    }

    fn member_months(&self, members: &Result<Members, (Status, String)>) -> Row {
        let row = self
            .row("member_months", "roi_gains", "all", "customer-months")
            .with("basis", "measured");
        let members = match members {
            Ok(members) => members,
            Err(why) => return Self::without(row, why),
        };
        let mut row = row.with("cells_withheld", members.withheld);
        row.value = Some(members.total);
        row.reason = shared(members);
        row
    }

    fn lever(&self, item: &str, lever: &Known, scenario: Scenario) -> Row {
        let row = self
            .row(item, "roi_gains", "all", self.currency)
            .with("scenario", scenario.name());
        let lever = match lever {
            Ok(lever) => lever,
            Err(why) => return Self::without(row, why),
        };
        let mut row = row
            .with(
                "basis",
                if lever.measured {
                    "measured"
                } else {
                    "assumed"
                },
            )
            .with("method", lever.method.clone())
            .with("spread_over_months", lever.shape);
        if let Some(grade) = &lever.grade {
            row = row.with("grade", grade.clone());
        }
        if lever.withheld > 0 {
            row = row.with("cells_withheld", lever.withheld);
            row.reason.clone_from(&lever.note);
        }
        match lever.taken(scenario) {
            Some(value) => {
                row.value = Some(value);
                if scenario == Scenario::Central {
                    (row.lower, row.upper) = (Some(lever.lower), Some(lever.upper));
                }
                row
            }
            None => {
                let why = match &lever.grade {
                    Some(grade) => {
                        format!("assumed (grade {grade}): never in the conservative return")
                    }
                    None => "assumed: never in the conservative return".to_owned(),
                };
                Self::without(row, &(Status::CannotSay, why))
            }
        }
    }

    /// The revenue effect taken apart: those who stayed because of the community, and what it made members spend. Never added.
    ///
    /// Retention's part is the gain in the mean share of customers over a year (months gained ÷ 12), times what a remaining
    /// customer brings; the mean share without the community is taken as half-way between 1 and the share after a year.
    fn parts(&self, revenue: &Known) -> Vec<Row> {
        let row = |item: &str| {
            self.row(item, "roi_gains", "all", self.currency)
                .with("scenario", "central")
                .with("basis", "assumed")
                .with("part_of", "incremental_margin")
        };
        let unknown = |why: &(Status, String)| {
            vec![
                Self::without(row("retention"), why),
                Self::without(row("spend"), why),
            ]
        };
        let lever = match revenue {
            Ok(lever) => lever,
            Err(why) => return unknown(why),
        };
        let headline = |kpi: &str| {
            self.input.uplift.iter().find(|row| {
                row.kpi.as_deref() == Some(kpi)
                    && row.own.get("headline") == Some(&json!(true))
                    && row
                        .segment
                        .as_deref()
                        .is_none_or(|segment| segment == "all")
                    && row
                        .community
                        .as_deref()
                        .is_none_or(|community| community == "all")
                    && row.status == Status::Ok
            })
        };
        let figure = |row: Option<&Row>, column: &str| {
            row.and_then(|row| row.own.get(column))
                .and_then(serde_json::Value::as_f64)
        };
        let (retention, spending) = (
            headline("customer_retention"),
            headline("revenue_per_customer"),
        );
        let known = (
            figure(retention, "months_gained"),
            figure(retention, "counterfactual_level"),
            figure(spending, "counterfactual_level"),
            spending
                .and_then(|row| row.value)
                .filter(|value| *value != 0.0),
        );
        let (Some(gained), Some(kept), Some(level), Some(effect)) = known else {
            return unknown(&(
                Status::Missing,
                "needs: uplift of customer_retention".to_owned(),
            ));
        };
        let stayed = gained / 12.0 * level / ((1.0 + kept) / 2.0);
        let share = stayed / effect;
        [("retention", share), ("spend", 1.0 - share)]
            .into_iter()
            .map(|(item, share)| {
                let mut row = row(item);
                row.value = Some(lever.value * share);
                row.reason = Some("a part of the incremental margin, not added to it".to_owned());
                row
            })
            .collect()
    }

    /// Gains by month and in all, return, payback.
    fn result(
        &self,
        scenario: Scenario,
        levers: &[Known],
        costs: &Costs,
        monthly: &BTreeMap<Month, f64>,
    ) -> Vec<Row> {
        let name = scenario.name();
        let per_major = self.input.config.workspace.currency.minor_per_major() as f64;
        let cost = costs.total().map(|minor| minor as f64 / per_major);
        let row = |item: &str, kpi: &str, unit: &str| {
            self.row(item, kpi, "all", unit).with("scenario", name)
        };
        let taken: Vec<(&Lever, f64)> = levers
            .iter()
            .filter_map(|lever| lever.as_ref().ok())
            .filter_map(|lever| Some((lever, lever.taken(scenario)?)))
            .collect();
        let left: Vec<String> = levers
            .iter()
            .filter_map(|lever| match lever {
                Err((_, why)) => Some(why.clone()),
                Ok(lever) if lever.taken(scenario).is_none() => {
                    Some(format!("{} is assumed", lever.item))
                }
                Ok(_) => None,
            })
            .collect();
        if taken.is_empty() {
            let status = levers
                .iter()
                .filter_map(|lever| lever.as_ref().err())
                .map(|(status, _)| *status)
                .next();
            let why = (status.unwrap_or(Status::CannotSay), left.join("; "));
            let cost_why = match cost {
                Err(lacks) => (Status::Missing, lacks),
                Ok(_) => why.clone(),
            };
            return vec![
                Self::without(row("gains", "roi_gains", self.currency), &why),
                Self::without(row("roi", "roi", "ratio"), &cost_why),
                Self::without(row("payback_month", "payback_month", "months"), &cost_why),
            ];
        }
        let basis = if taken.iter().all(|(lever, _)| lever.measured) {
            "measured"
        } else {
            "assumed"
        };
        let note = (!left.is_empty()).then(|| format!("without: {}", left.join("; ")));
        let value: f64 = taken.iter().map(|(_, euros)| euros).sum();
        // Levers' errors are taken as independent.
        let half = taken
            .iter()
            .map(|(lever, _)| ((lever.upper - lever.lower) / 2.0).powi(2))
            .sum::<f64>()
            .sqrt();
        let ends = (scenario == Scenario::Central).then_some((value - half, value + half));
        let mut gains = row("gains", "roi_gains", self.currency).with("basis", basis);
        gains.value = Some(value);
        (gains.lower, gains.upper) = (ends.map(|e| e.0), ends.map(|e| e.1));
        gains.reason.clone_from(&note);
        let mut rows = vec![gains];
        let mut by_month: BTreeMap<Month, f64> = BTreeMap::new();
        for (lever, euros) in &taken {
            for (month, share) in &lever.months {
                *by_month.entry(*month).or_default() += euros * share;
            }
        }
        for (month, euros) in &by_month {
            let mut row = row("gains", "roi_gains", self.currency).with("basis", basis);
            row.period = Some(month.to_string());
            row.value = Some(*euros);
            rows.push(row);
        }
        let without = |why: &(Status, String)| {
            vec![
                Self::without(row("roi", "roi", "ratio"), why),
                Self::without(row("payback_month", "payback_month", "months"), why),
            ]
        };
        let cost = match cost {
            Ok(cost) => cost,
            Err(why) => {
                rows.extend(without(&(Status::Missing, why)));
                return rows;
            }
        };
        // A lower end that leaves costs out is none.
        if let Some(why) = costs
            .left_out()
            .filter(|_| scenario == Scenario::Conservative)
        {
            rows.extend(without(&(Status::CannotSay, why)));
            return rows;
        }
        let ratio = |euros: f64| (euros - cost) / cost;
        let mut total = row("roi", "roi", "ratio").with("basis", basis);
        total.value = Some(ratio(value));
        (total.lower, total.upper) = (ends.map(|e| ratio(e.0)), ends.map(|e| ratio(e.1)));
        total.reason.clone_from(&note);
        if scenario == Scenario::Central {
            let spread = half / Z95 * Z80;
            total = total
                .with("p10", ratio(value - spread))
                .with("p50", ratio(value))
                .with("p90", ratio(value + spread));
        }
        rows.push(Self::partly(total, costs));
        let payback = self.payback(
            row("payback_month", "payback_month", "months").with("basis", basis),
            &by_month,
            monthly,
        );
        rows.push(match payback.status {
            Status::Ok => Self::partly(payback, costs),
            _ => payback,
        });
        rows
    }

    /// First month in which what came in has reached what went out, counted from the first month with either.
    fn payback(
        &self,
        mut row: Row,
        gains: &BTreeMap<Month, f64>,
        costs: &BTreeMap<Month, f64>,
    ) -> Row {
        let months: std::collections::BTreeSet<Month> =
            gains.keys().chain(costs.keys()).copied().collect();
        let (mut balance, mut spent) = (0.0, 0.0);
        for month in &months {
            spent += costs.get(month).unwrap_or(&0.0);
            balance += gains.get(month).unwrap_or(&0.0) - costs.get(month).unwrap_or(&0.0);
            if balance >= 0.0 && spent > 0.0 {
                let first = months.first().map_or(0, |first| first.index());
                row.value = Some(f64::from(month.index() - first + 1));
                return row.with("month", month.to_string());
            }
        }
        let why = format!("not paid back by {}", self.input.last_month);
        Self::without(row, &(Status::Missing, why))
    }
}
