//! Intervals beside one another, and the levels that they compare.

use maud::{Markup, html};

use super::{Scale, px, span, svg, tick_decimals};
use crate::language::Language;
use crate::number::Unit;

/// One interval.
pub(crate) struct Rung {
    pub(crate) label: String,
    /// What stands at the right: the figure in words.
    pub(crate) said: String,
    /// The same where there is little room.
    pub(crate) short: String,
    pub(crate) value: f64,
    pub(crate) interval: Option<(f64, f64)>,
    pub(crate) tone: &'static str,
}

/// Points with whiskers on one scale that always shows zero.
pub(crate) fn intervals(
    rungs: &[Rung],
    unit: &Unit,
    language: Language,
    width: f64,
    title: &str,
) -> Markup {
    let row = 46.0;
    let height = rungs.len() as f64 * row + 26.0;
    let ends = rungs.iter().flat_map(|rung| {
        let (lower, upper) = rung.interval.unwrap_or((rung.value, rung.value));
        [rung.value, lower, upper, 0.0]
    });
    let (low, high) = span(ends);
    let scale = Scale::new(low, high, 12.0, width - 14.0);
    let ticks = scale.ticks(if width < 400.0 { 4 } else { 6 });
    let decimals = tick_decimals(&if unit.is_share() {
        ticks.iter().map(|tick| tick * 100.0).collect()
    } else {
        ticks.clone()
    });
    let description = rungs
        .iter()
        .map(|rung| format!("{}: {}", rung.label, rung.said))
        .collect::<Vec<_>>()
        .join("; ");
    let base = height - 22.0;
    svg(
        width,
        height,
        title,
        &description,
        &html! {
            @for tick in &ticks {
                line x1=(px(scale.at(*tick))) x2=(px(scale.at(*tick))) y1="0" y2=(px(base)) class=(if *tick == 0.0 { "zero" } else { "rule" }) {}
                text x=(px(scale.at(*tick))) y=(px(height - 6.0)) text-anchor="middle" { (unit.bare(*tick, decimals, language)) }
            }
            @for (index, rung) in rungs.iter().enumerate() {
                @let y = index as f64 * row + 32.0;
                @let (pen, dot) = match rung.tone { "green" => ("pen", "green"), "clay" => ("penclay", "clay"), _ => ("pengrey", "mutedfill") };
                text x="0" y=(px(y - 15.0)) class=[(rung.tone == "green").then_some("strong")] { (rung.label) }
                text x=(px(width)) y=(px(y - 15.0)) text-anchor="end" class="strong" { @if width < 400.0 { (rung.short) } @else { (rung.said) } }
                @if let Some((lower, upper)) = rung.interval {
                    line x1=(px(scale.at(lower))) x2=(px(scale.at(upper))) y1=(px(y)) y2=(px(y)) class=(pen) {}
                    line x1=(px(scale.at(lower))) x2=(px(scale.at(lower))) y1=(px(y - 4.0)) y2=(px(y + 4.0)) class=(pen) {}
                    line x1=(px(scale.at(upper))) x2=(px(scale.at(upper))) y1=(px(y - 4.0)) y2=(px(y + 4.0)) class=(pen) {}
                }
                circle cx=(px(scale.at(rung.value))) cy=(px(y)) r="5.5" class=(dot) {}
            }
        },
    )
}

/// One level.
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) said: String,
    pub(crate) value: f64,
    /// The part of the bar beyond this level is what the colour speaks of.
    pub(crate) beyond: Option<f64>,
    pub(crate) tone: &'static str,
}

/// Levels from a common zero; the coloured end of a bar is its difference from the next level.
pub(crate) fn levels(bars: &[Bar], width: f64, title: &str) -> Markup {
    let row = 52.0;
    let height = bars.len() as f64 * row;
    let (low, high) = span(
        bars.iter()
            .flat_map(|bar| [bar.value, bar.beyond.unwrap_or(0.0), 0.0]),
    );
    let scale = Scale::new(low, high, 0.0, width);
    let description = bars
        .iter()
        .map(|bar| format!("{}: {}", bar.label, bar.said))
        .collect::<Vec<_>>()
        .join("; ");
    let part = |from: f64, to: f64, y: f64, class: &'static str| {
        let (left, right) = (scale.at(from.min(to)), scale.at(from.max(to)));
        html! { rect x=(px(left)) y=(px(y)) width=(px(right - left)) height="20" rx="3" class=(class) {} }
    };
    svg(
        width,
        height,
        title,
        &description,
        &html! {
            @for (index, bar) in bars.iter().enumerate() {
                @let y = index as f64 * row;
                text x="0" y=(px(y + 14.0)) { (bar.label) }
                text x=(px(width)) y=(px(y + 14.0)) text-anchor="end" class="strong" { (bar.said) }
                (part(0.0, bar.value, y + 22.0, "grey"))
                @if let Some(beyond) = bar.beyond {
                    (part(beyond, bar.value, y + 22.0, bar.tone))
                }
            }
            line x1=(px(scale.at(0.0))) x2=(px(scale.at(0.0))) y1="18" y2=(px(height - 6.0)) class="rule" {}
        },
    )
}
