//! The community health score: seven components over 30 days, a weighted geometric mean, and what moved it.
//!
//! `score = 100 · exp(Σ w ln max(s, 0.05) / Σ w)` over the components that can be measured. Published only if responsiveness
//! and newcomer retention are among them, at least 70 % of the weight is, and there are at least 20 threads, 15 newcomers and
//! 30 active authors; nothing is imputed. The interval is an author-level Poisson bootstrap at 90 %, the sensitivity band that
//! of 5,000 other sets of weights. It is an index: never convert it to money.

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use levier_domain::config::{Config, HealthWeights};
use levier_domain::table::{Row, Status};
use levier_domain::time::Month;
use rayon::prelude::*;
use serde_json::Value as Json;

use crate::activity::{Activity, stable_hash};
use crate::calendar::AsOf;
use crate::health_action::actions;
use crate::health_backtest::{backtest, months_there};
use crate::health_change::compare;
use crate::health_parts::{Component, Parts, Scan};
use crate::health_told::{Silence, Told, suspended};
use crate::numbers::{Dirichlet, poisson_weight, quantile};

/// Floor of a normalised component, so that a dead one costs much and not everything.
const FLOOR: f64 = 0.05;
/// Replicates of the bootstrap.
const REPLICATES: u64 = 500;
/// Draws of other weights.
const DRAWS: usize = 5_000;
/// Least activity for a score.
const LEAST: (usize, usize, usize) = (20, 15, 30);
/// Least share of the weight.
pub(crate) const NEEDED: f64 = 0.7;
/// Components without which there is no score.
const REQUIRED: [Component; 2] = [Component::Responsiveness, Component::NewcomerRetention];
/// Month ends that are scored again.
const MONTHS: i32 = 12;

/// Said of a component that is not told, nor part of the score.
const FEW: &str = "it rests on fewer people than min_cell, and is not part of the score";
/// Said of a component from which one that is not told could be had.
const COMPLEMENT: &str = "one that rests on fewer people than min_cell could be subtracted from it: not told, and not part of the score";

/// One component, measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Which.
    pub component: Component,
    /// Its metric.
    pub raw: f64,
    /// Between its anchors, 0 to 1.
    pub normalised: f64,
    /// Its weight.
    pub weight: f64,
}

/// The score of one community on one day.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// 0 to 100.
    pub value: f64,
    /// The weighted arithmetic mean of the components × 100, the secondary figure.
    pub arithmetic: f64,
    /// Share of the weight that could be measured.
    pub coverage: f64,
    /// The components that could be measured.
    pub components: Vec<Measured>,
}

impl Measured {
    /// `w ln max(s, 0.05)`, of which the logarithm of the score is the sum over the weights' sum.
    #[must_use]
    pub fn contribution(&self) -> f64 {
        self.weight * self.normalised.max(FLOOR).ln()
    }
}

/// The weight of a component.
#[must_use]
pub fn weight_of(weights: &HealthWeights, component: Component) -> f64 {
    match component {
        Component::Responsiveness => weights.responsiveness,
        Component::NewcomerRetention => weights.newcomer_retention,
        Component::Stickiness => weights.stickiness,
        Component::Reciprocity => weights.reciprocity,
        Component::Spread => weights.spread,
        Component::Growth => weights.growth,
        Component::Sentiment => weights.sentiment,
    }
}

pub(crate) fn weight_mut(weights: &mut HealthWeights, component: Component) -> &mut f64 {
    match component {
        Component::Responsiveness => &mut weights.responsiveness,
        Component::NewcomerRetention => &mut weights.newcomer_retention,
        Component::Stickiness => &mut weights.stickiness,
        Component::Reciprocity => &mut weights.reciprocity,
        Component::Spread => &mut weights.spread,
        Component::Growth => &mut weights.growth,
        Component::Sentiment => &mut weights.sentiment,
    }
}

/// The components that can be measured, every author counted `weight` times.
pub fn measure(
    parts: &Parts,
    weights: &HealthWeights,
    weight: &impl Fn(u32) -> u32,
) -> Vec<Measured> {
    Component::ALL
        .into_iter()
        .filter_map(|component| {
            let raw = parts.raw(component, weight)?;
            let weight = weight_of(weights, component);
            (weight > 0.0).then(|| Measured {
                component,
                raw,
                normalised: component.normalise(raw),
                weight,
            })
        })
        .collect()
}

/// The score of measured components.
#[must_use]
pub fn combine(components: Vec<Measured>, weights: &HealthWeights) -> Option<Score> {
    let total: f64 = components.iter().map(|c| c.weight).sum();
    if total <= 0.0 {
        return None;
    }
    let whole: f64 = Component::ALL
        .into_iter()
        .map(|c| weight_of(weights, c))
        .sum();
    let log: f64 = components.iter().map(Measured::contribution).sum();
    let arithmetic: f64 = components.iter().map(|c| c.weight * c.normalised).sum();
    Some(Score {
        value: 100.0 * (log / total).exp(),
        arithmetic: 100.0 * arithmetic / total,
        coverage: total / whole,
        components,
    })
}

/// Why there is no score, if there is none: too little happened, or too little of it may be told (`score` is that of the components
/// that are told).
#[must_use]
pub fn refusal(parts: &Parts, weights: &HealthWeights, score: Option<&Score>) -> Option<String> {
    let has = |components: &[Measured], component| {
        components
            .iter()
            .any(|c: &Measured| c.component == component)
    };
    let there = combine(measure(parts, weights, &|_| 1), weights);
    let measured = there.as_ref().map_or(&[][..], |s| &s.components);
    let (threads, newcomers, authors) = (
        parts.threads.len(),
        parts.newcomers.len(),
        parts.monthly.len(),
    );
    let mut lacks = Vec::new();
    for (have, need, what) in [
        (threads, LEAST.0, "threads"),
        (newcomers, LEAST.1, "newcomers"),
        (authors, LEAST.2, "active authors"),
    ] {
        if have < need {
            lacks.push(format!("{what}: fewer than {need}"));
        }
    }
    for component in REQUIRED {
        if !has(measured, component) {
            lacks.push(format!("{} cannot be measured", component.name()));
        }
    }
    if there.as_ref().is_none_or(|s| s.coverage < NEEDED) {
        lacks.push("less than 70 % of the weight can be measured".to_owned());
    }
    if !lacks.is_empty() {
        return Some(format!("not enough activity: {}", lacks.join("; ")));
    }
    let told = score.map_or(&[][..], |s| &s.components);
    let mut withheld: Vec<String> = REQUIRED
        .into_iter()
        .filter(|component| !has(told, *component))
        .map(|component| {
            format!(
                "{} is withheld: too few people, here or in what could be subtracted",
                component.name()
            )
        })
        .collect();
    if score.is_none_or(|s| s.coverage < NEEDED) {
        withheld.push("less than 70 % of the weight may be told".to_owned());
    }
    (!withheld.is_empty()).then(|| withheld.join("; "))
}

/// Lower and upper ends of the central 90 % of values.
pub(crate) fn ninety(mut values: Vec<f64>) -> Option<(f64, f64)> {
    values.sort_by(f64::total_cmp);
    Some((quantile(&values, 0.05)?, quantile(&values, 0.95)?))
}

/// Rows of the table `health`: score, components, change, actions, for every community and `all`, and the month-end scores
/// of the last twelve whole months.
///
/// `as_of` is the last day of the window. The same seed gives the same intervals.
#[must_use]
pub fn health(activity: &Activity, as_of: impl Into<AsOf>, config: &Config, seed: u64) -> Vec<Row> {
    health_with(activity, as_of, config, seed, &[])
}

/// As [`health`]; the scores of the windows that one of the `silent` sources leaves a hole in are suspended.
#[must_use]
pub fn health_with(
    activity: &Activity,
    as_of: impl Into<AsOf>,
    config: &Config,
    seed: u64,
    silent: &[Silence],
) -> Vec<Row> {
    let as_of: AsOf = as_of.into();
    let mut rows = Vec::new();
    let zone = config.workspace.zone();
    let communities = activity
        .communities
        .iter()
        .enumerate()
        .map(|(at, name)| (Some(at as u16), name.as_str()));
    let tested = months_there(activity, as_of, config);
    let last = last_month(as_of, &zone);
    let mut days: BTreeSet<Date> = [as_of.day, thirty_days_before(as_of.day)].into();
    days.extend((0..MONTHS.max(tested)).filter_map(|back| last_day(last.plus(-back))));
    let told = Told::of(activity, as_of, config, &days);
    for (community, name) in std::iter::once((None, "all")).chain(communities) {
        let scope = Scope {
            activity,
            scan: Scan::new(activity, community, &zone).until(as_of.now(&zone)),
            community,
            name,
            as_of,
            config,
            seed,
            told: &told,
            silent,
        };
        scope.today(&mut rows);
        scope.history(&mut rows);
    }
    rows.push(backtest(activity, as_of, config, &told, silent));
    rows
}

/// The last day of the thirty that the score is compared with.
fn thirty_days_before(as_of: Date) -> Date {
    as_of.saturating_sub(Span::new().days(30))
}

/// The last day of a month.
pub(crate) fn last_day(month: Month) -> Option<Date> {
    month.end_day().yesterday().ok()
}

struct Scope<'a> {
    activity: &'a Activity,
    scan: Scan<'a>,
    community: Option<u16>,
    name: &'a str,
    as_of: AsOf,
    config: &'a Config,
    seed: u64,
    told: &'a Told<'a>,
    silent: &'a [Silence],
}

impl Scope<'_> {
    fn row(&self, status: Status, kpi: &str, period: &str, component: &str) -> Row {
        let mut row = Row::new(status);
        row.as_of = Some(self.as_of.day);
        row.period = Some(period.to_owned());
        row.community = Some(self.name.to_owned());
        row.segment = Some("all".to_owned());
        row.kpi = Some(kpi.to_owned());
        row.with("component", component).with("platform", "all")
    }

    fn small(&self, n: u64) -> bool {
        n < self.config.privacy.min_cell
    }

    /// Why the window that ends with a day has no score, if a source was silent in it.
    fn suspended(&self, day: Date) -> Option<String> {
        let name = self.community.map(|_| self.name);
        suspended(self.silent, name, day, &self.config.workspace.zone())
    }

    fn parts(&self, day: Date) -> Parts {
        Parts {
            errors: self.config.sentiment,
            ..self.scan.parts(day)
        }
    }

    fn today(&self, rows: &mut Vec<Row>) {
        let weights = &self.config.health;
        let (day, earlier_day) = (self.as_of.day, thirty_days_before(self.as_of.day));
        let (now, before) = (self.parts(day), self.parts(earlier_day));
        let told_now = self.told.weights(&now, self.community, day);
        let told_before = self.told.weights(&before, self.community, earlier_day);
        let components = measure(&now, &told_now, &|_| 1);
        let score = combine(components.clone(), weights);
        let coverage = score.as_ref().map_or(0.0, |s| s.coverage);
        let refused = self
            .suspended(day)
            .or_else(|| refusal(&now, weights, score.as_ref()));
        self.components(&now, &components, rows);
        let mut top = self.row(Status::Ok, "health_score", "30d", "score");
        top.unit = Some("points".to_owned());
        top = top
            .with("coverage", coverage)
            .with("weights", weights_json(weights));
        let (Some(score), None) = (&score, &refused) else {
            top.status = Status::CannotSay;
            top.reason = refused.or_else(|| Some("not enough activity".to_owned()));
            rows.push(top);
            return;
        };
        if self.small(now.monthly.len() as u64) {
            top.status = Status::Suppressed;
            rows.push(top);
            return;
        }
        let earlier = combine(measure(&before, &told_before, &|_| 1), weights)
            .filter(|s| refusal(&before, weights, Some(s)).is_none());
        let change = earlier.and_then(|s| compare(&components, &s.components, weights));
        // Weights follow the person's id, so that they do not move when others come or go; who is in neither window needs none.
        let mut drawn_of = vec![u32::MAX; self.activity.people.len()];
        let mut units: Vec<u64> = Vec::new();
        for person in now.everybody().chain(before.everybody()) {
            let place = &mut drawn_of[person as usize];
            if *place == u32::MAX {
                *place = units.len() as u32;
                units.push(stable_hash(&[&self.activity.people[person as usize].id]));
            }
        }
        let replicates: Vec<(f64, Option<f64>)> = (0..REPLICATES)
            .into_par_iter()
            .filter_map(|b| {
                let drawn: Vec<u32> = units
                    .iter()
                    .map(|unit| poisson_weight(self.seed, b, *unit))
                    .collect();
                let w = |person: u32| drawn[drawn_of[person as usize] as usize];
                let now = measure(&now, &told_now, &w);
                let change = change.as_ref().and_then(|_| {
                    let before = measure(&before, &told_before, &w);
                    Some(compare(&now, &before, weights)?.difference())
                });
                Some((combine(now, weights)?.value, change))
            })
            .collect();
        let interval = ninety(replicates.iter().map(|r| r.0).collect());
        let band = self.band(score);
        top.value = Some(score.value);
        top.n = self.told.authors(&now, self.community, day);
        top.lower = interval.map(|i| i.0);
        top.upper = interval.map(|i| i.1);
        rows.push(
            top.with("arithmetic", score.arithmetic)
                .with("band_lower", band.map(|b| b.0))
                .with("band_upper", band.map(|b| b.1))
                .with("interval", "90 %, Poisson bootstrap over authors"),
        );
        if let Some(change) = change {
            let differences = replicates.iter().filter_map(|r| r.1).collect();
            rows.extend(change.rows(differences, |status, component| {
                self.row(status, "health_change", "30d", component)
            }));
        }
        for action in actions(
            self.activity,
            self.community,
            self.as_of,
            self.config,
            score,
            &now,
        ) {
            let mut row = self.row(Status::Ok, "health_action", "30d", action.component.name());
            row.value = Some(action.gain);
            row.unit = Some("points".to_owned());
            row.reason = Some(action.text.clone());
            rows.push(
                row.with("rank", action.rank)
                    .with("action_en", action.text)
                    .with("action_fr", action.text_fr)
                    .with("list", action.list)
                    .with("channel", action.channel)
                    .with("action_segment", action.segment),
            );
        }
    }

    fn band(&self, score: &Score) -> Option<(f64, f64)> {
        let total: f64 = score.components.iter().map(|c| c.weight).sum();
        let alpha: Vec<f64> = score
            .components
            .iter()
            .map(|c| 50.0 * c.weight / total)
            .collect();
        let mut draws = Dirichlet::new(self.seed);
        ninety(
            (0..DRAWS)
                .map(|_| {
                    let w = draws.draw(&alpha);
                    let log: f64 = score
                        .components
                        .iter()
                        .zip(&w)
                        .map(|(c, w)| w * c.normalised.max(FLOOR).ln())
                        .sum();
                    100.0 * log.exp()
                })
                .collect(),
        )
    }

    fn components(&self, now: &Parts, components: &[Measured], rows: &mut Vec<Row>) {
        let total: f64 = components.iter().map(|c| c.weight).sum();
        for component in Component::ALL {
            let mut row = self.row(Status::Ok, "health_component", "30d", component.name());
            let people = now.people(component, &|_| true);
            let (lo, hi) = component.anchors();
            let weight = weight_of(&self.config.health, component);
            row = row
                .with("anchor_lo", lo)
                .with("anchor_hi", hi)
                .with("weight", weight);
            row.unit = Some(
                if component == Component::Growth {
                    "log ratio"
                } else {
                    "share"
                }
                .to_owned(),
            );
            match components.iter().find(|c| c.component == component) {
                None if weight > 0.0 && now.raw(component, &|_| 1).is_some() => {
                    row.status = Status::Suppressed;
                    row.reason = Some(if self.small(people) { FEW } else { COMPLEMENT }.to_owned());
                }
                None => {
                    row.status = Status::Missing;
                    row.reason = Some(
                        if weight > 0.0 {
                            "needs: activity of this kind in the window"
                        } else {
                            "its weight is 0"
                        }
                        .to_owned(),
                    );
                }
                Some(measured) => {
                    row.value = Some(measured.raw);
                    row.n = Some(people);
                    if component == Component::NewcomerRetention {
                        let back = now.newcomers.iter().filter(|n| n.1).count() as u64;
                        let ends = crate::numbers::wilson(back, people);
                        row.lower = ends.map(|e| e.0);
                        row.upper = ends.map(|e| e.1);
                    }
                    row = row
                        .with("normalised", measured.normalised)
                        .with("contribution", measured.contribution() / total)
                        .with("points_lost", points_lost(components, component));
                }
            }
            rows.push(row);
        }
    }

    /// Scores at the ends of the last twelve whole months, without intervals.
    fn history(&self, rows: &mut Vec<Row>) {
        let last = last_month(self.as_of, &self.config.workspace.zone());
        // Months know nothing of one another: as many at once as there are processors, joined in their order.
        let of_months: Vec<Option<Row>> = (0..MONTHS)
            .into_par_iter()
            .map(|back| self.month_end(last.plus(-back)))
            .collect();
        rows.extend(of_months.into_iter().flatten());
    }

    fn month_end(&self, month: Month) -> Option<Row> {
        let day = last_day(month)?;
        let parts = self.parts(day);
        if parts.monthly.is_empty() {
            return None;
        }
        let weights = &self.config.health;
        let told = self.told.weights(&parts, self.community, day);
        let score = combine(measure(&parts, &told, &|_| 1), weights)?;
        let mut row = self.row(Status::Ok, "health_score", &month.to_string(), "score");
        row.unit = Some("points".to_owned());
        let refused = self.suspended(day);
        match refused.or_else(|| refusal(&parts, weights, Some(&score))) {
            Some(reason) => {
                row.status = Status::CannotSay;
                row.reason = Some(reason);
            }
            None if self.small(parts.monthly.len() as u64) => row.status = Status::Suppressed,
            None => {
                row.value = Some(score.value);
                row.n = self.told.authors(&parts, self.community, day);
            }
        }
        Some(row.with("coverage", score.coverage))
    }
}

/// The last month that is over.
pub(crate) fn last_month(as_of: AsOf, zone: &TimeZone) -> Month {
    let month = Month::of(as_of.day);
    if as_of.is_past(month.end_day(), zone) {
        month
    } else {
        month.plus(-1)
    }
}

/// By how much the score would rise if the component were perfect.
pub(crate) fn points_lost(components: &[Measured], component: Component) -> f64 {
    let total: f64 = components.iter().map(|c| c.weight).sum();
    let log: f64 = components.iter().map(Measured::contribution).sum();
    let own = components
        .iter()
        .find(|c| c.component == component)
        .map_or(0.0, Measured::contribution);
    100.0 * (((log - own) / total).exp() - (log / total).exp())
}

fn weights_json(weights: &HealthWeights) -> Json {
    Component::ALL
        .into_iter()
        .map(|component| {
            (
                component.name().to_owned(),
                Json::from(weight_of(weights, component)),
            )
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}
