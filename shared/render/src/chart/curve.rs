//! The pay-off curve: the effect by months since joining, its band, and the placebo before.

use maud::{Markup, html};

use super::{Scale, px, span, svg, tick_decimals};
use crate::language::Language;
use crate::number::{Unit, number};

/// The effect at one number of months since joining; negative ones are before.
pub(crate) struct CurvePoint {
    pub(crate) months: f64,
    pub(crate) value: f64,
    pub(crate) interval: Option<(f64, f64)>,
}

/// Points in order of months; the part before zero is drawn apart, as a placebo.
pub(crate) fn curve(
    points: &[CurvePoint],
    unit: &Unit,
    language: Language,
    width: f64,
    title: &str,
    description: &str,
) -> Markup {
    let height = if width < 400.0 { 230.0 } else { 320.0 };
    let (left, bottom, top) = (46.0, height - 42.0, 18.0);
    let (low, high) = span(points.iter().flat_map(|point| {
        let (lower, upper) = point.interval.unwrap_or((point.value, point.value));
        [lower, upper, point.value, 0.0]
    }));
    let room = (high - low) * 0.06;
    let (first, last) = span(points.iter().map(|point| point.months));
    let x = Scale::new(first, last, left + 8.0, width - 10.0);
    let y = Scale::new(low - room, high + room, bottom, top);
    let y_ticks = y.ticks(5);
    let decimals = tick_decimals(&if unit.is_share() {
        y_ticks.iter().map(|tick| tick * 100.0).collect()
    } else {
        y_ticks.clone()
    });
    let months: Vec<f64> = x
        .ticks(if width < 400.0 { 6 } else { 9 })
        .into_iter()
        .filter(|tick| tick.fract() == 0.0)
        .collect();
    let path = |points: &[&CurvePoint]| {
        points
            .iter()
            .enumerate()
            .map(|(index, point)| {
                format!(
                    "{}{} {}",
                    if index == 0 { "M" } else { " L" },
                    px(x.at(point.months)),
                    px(y.at(point.value))
                )
            })
            .collect::<String>()
    };
    let band = |points: &[&CurvePoint]| {
        let ends: Vec<(f64, (f64, f64))> = points
            .iter()
            .filter_map(|point| Some((point.months, point.interval?)))
            .collect();
        let upper = ends
            .iter()
            .map(|(months, (_, upper))| format!("{} {}", px(x.at(*months)), px(y.at(*upper))));
        let lower = ends
            .iter()
            .rev()
            .map(|(months, (lower, _))| format!("{} {}", px(x.at(*months)), px(y.at(*lower))));
        let joined = upper.chain(lower).collect::<Vec<_>>().join(" L");
        if ends.len() > 1 {
            format!("M{joined} Z")
        } else {
            String::new()
        }
    };
    let before: Vec<&CurvePoint> = points.iter().filter(|point| point.months < 0.0).collect();
    let after: Vec<&CurvePoint> = points.iter().filter(|point| point.months >= 0.0).collect();
    let door = x.at(if before.is_empty() { first } else { -0.5 });
    svg(
        width,
        height,
        title,
        description,
        &html! {
            @if !before.is_empty() {
                rect x=(px(left)) y=(px(top - 10.0)) width=(px(door - left)) height=(px(bottom - top + 10.0)) class="grey" opacity="0.55" {}
                text x=(px(door - 6.0)) y=(px(top + 4.0)) text-anchor="end" { (language.say("before", "avant")) }
                text x=(px(door + 6.0)) y=(px(top + 4.0)) { (language.say("after joining", "après l'adhésion")) }
                line x1=(px(door)) x2=(px(door)) y1=(px(top - 10.0)) y2=(px(bottom)) class="zero" {}
            }
            @for tick in &y_ticks {
                line x1=(px(left)) x2=(px(width)) y1=(px(y.at(*tick))) y2=(px(y.at(*tick))) class=(if *tick == 0.0 { "zero" } else { "rule" }) {}
                text x=(px(left - 8.0)) y=(px(y.at(*tick) + 4.0)) text-anchor="end" { (unit.bare(*tick, decimals, language)) }
            }
            @for tick in &months {
                text x=(px(x.at(*tick))) y=(px(bottom + 18.0)) text-anchor="middle" { (number(*tick, 0, language)) }
            }
            text x=(px(width)) y=(px(height - 5.0)) text-anchor="end" { (language.say("months since joining", "mois depuis l'adhésion")) }
            path d=(band(&after)) class="soft" {}
            path d=(path(&after)) class="pen" {}
            path d=(path(&before)) class="pengrey dash" {}
            @for point in points {
                @if point.months < 0.0 {
                    @if let Some((lower, upper)) = point.interval {
                        line x1=(px(x.at(point.months))) x2=(px(x.at(point.months))) y1=(px(y.at(lower))) y2=(px(y.at(upper))) class="pengrey" {}
                    }
                    circle cx=(px(x.at(point.months))) cy=(px(y.at(point.value))) r="4" class="hollowgrey" {}
                } @else {
                    circle cx=(px(x.at(point.months))) cy=(px(y.at(point.value))) r="3.6" class="green" {}
                }
            }
        },
    )
}
