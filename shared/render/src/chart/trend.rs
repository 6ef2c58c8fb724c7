//! A figure through time; gaps stay gaps, a period that still runs is hollow and dotted.

use levier_domain::table::{Row, Status};
use maud::{Markup, html};

use super::{Scale, px, span, svg, tick_decimals};
use crate::language::Language;
use crate::number::{self, Unit};
use crate::tables::value;

/// One period; `None` is unknown, which is not zero.
pub(crate) struct TrendPoint {
    pub(crate) label: String,
    pub(crate) value: Option<f64>,
    pub(crate) partial: bool,
}

impl TrendPoint {
    /// A row's figure at its period.
    pub(crate) fn of(row: &Row, language: Language) -> Self {
        Self {
            label: number::short_period(row.period.as_deref().unwrap_or_default(), language),
            value: value(row),
            partial: row.status == Status::Partial,
        }
    }
}

/// A line from zero upward, or over the figures' own span when they go below.
pub(crate) fn trend(
    points: &[TrendPoint],
    unit: &Unit,
    language: Language,
    width: f64,
    title: &str,
    description: &str,
) -> Markup {
    let height = 170.0;
    let (left, bottom, top) = (46.0, height - 26.0, 10.0);
    let (low, high) = span(points.iter().filter_map(|point| point.value).chain([0.0]));
    let x = Scale::new(
        0.0,
        (points.len().max(2) - 1) as f64,
        left + 8.0,
        width - 10.0,
    );
    let y = Scale::new(
        low,
        if high > low {
            high + (high - low) * 0.05
        } else {
            low + 1.0
        },
        bottom,
        top,
    );
    let ticks = y.ticks(4);
    let decimals = tick_decimals(&if unit.is_share() {
        ticks.iter().map(|tick| tick * 100.0).collect()
    } else {
        ticks.clone()
    });
    let known: Vec<(usize, f64, bool)> = points
        .iter()
        .enumerate()
        .filter_map(|(index, point)| Some((index, point.value?, point.partial)))
        .collect();
    let runs: Vec<&[(usize, f64, bool)]> = known.chunk_by(|a, b| b.0 == a.0 + 1 && !b.2).collect();
    let path = |run: &[(usize, f64, bool)]| {
        run.iter()
            .enumerate()
            .map(|(order, (index, value, _))| {
                format!(
                    "{}{} {}",
                    if order == 0 { "M" } else { " L" },
                    px(x.at(*index as f64)),
                    px(y.at(*value))
                )
            })
            .collect::<String>()
    };
    let area = |run: &[(usize, f64, bool)]| {
        let (Some(first), Some(last)) = (run.first(), run.last()) else {
            return String::new();
        };
        format!(
            "{} L{} {z} L{} {z} Z",
            path(run),
            px(x.at(last.0 as f64)),
            px(x.at(first.0 as f64)),
            z = px(y.at(0.0))
        )
    };
    let every = points
        .len()
        .div_ceil(if width < 400.0 { 3 } else { 6 })
        .max(1);
    svg(
        width,
        height,
        title,
        description,
        &html! {
            @for tick in &ticks {
                line x1=(px(left)) x2=(px(width)) y1=(px(y.at(*tick))) y2=(px(y.at(*tick))) class="rule" {}
                text x=(px(left - 8.0)) y=(px(y.at(*tick) + 4.0)) text-anchor="end" { (unit.bare(*tick, decimals, language)) }
            }
            @for (index, point) in points.iter().enumerate() {
                @if (points.len() - 1 - index).is_multiple_of(every) {
                    text x=(px(x.at(index as f64))) y=(px(height - 6.0)) text-anchor=(if index + 1 == points.len() { "end" } else { "middle" }) { (point.label) }
                }
            }
            @for run in &runs {
                @if run.len() > 1 { path d=(area(run)) class="soft" opacity="0.6" {} path d=(path(run)) class="pen" {} }
            }
            @for pair in known.windows(2).filter(|pair| pair[1].2 && pair[1].0 == pair[0].0 + 1) {
                path d=(path(pair)) class="pen dash" {}
            }
            @for (index, value, partial) in &known {
                @if *partial {
                    circle cx=(px(x.at(*index as f64))) cy=(px(y.at(*value))) r="4" class="hollow" {}
                } @else if index + 1 == points.len() || known.len() == 1 || runs.iter().any(|run| run.len() == 1 && run[0].0 == *index) {
                    circle cx=(px(x.at(*index as f64))) cy=(px(y.at(*value))) r="4" class="green" {}
                }
            }
        },
    )
}
