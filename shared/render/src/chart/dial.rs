//! The health score on a half circle, with its interval.

use std::f64::consts::PI;

use maud::{Markup, html};

use super::{px, svg};

/// A score of 0 to 100; `said` is the figure in the middle.
pub(crate) fn dial(
    score: f64,
    interval: Option<(f64, f64)>,
    said: &str,
    below: &str,
    title: &str,
) -> Markup {
    let (middle, floor, radius) = (140.0, 138.0, 112.0);
    let point = |value: f64, radius: f64| {
        let angle = PI * (1.0 - (value / 100.0).clamp(0.0, 1.0));
        (middle + radius * angle.cos(), floor - radius * angle.sin())
    };
    let arc = |from: f64, to: f64, radius: f64| {
        let ((x1, y1), (x2, y2)) = (point(from, radius), point(to, radius));
        format!(
            "M{} {} A{r} {r} 0 0 1 {} {}",
            px(x1),
            px(y1),
            px(x2),
            px(y2),
            r = px(radius)
        )
    };
    let (tip, foot) = (point(score, radius + 13.0), point(score, radius - 13.0));
    svg(
        280.0,
        164.0,
        title,
        below,
        &html! {
            path d=(arc(0.0, 100.0, radius)) stroke="var(--grey-soft)" stroke-width="18" fill="none" stroke-linecap="round" {}
            path d=(arc(0.0, score.clamp(0.5, 100.0), radius)) stroke="var(--green)" stroke-width="18" fill="none" stroke-linecap="round" {}
            @if let Some((lower, upper)) = interval {
                path d=(arc(lower, upper, radius + 17.0)) class="pengrey" {}
            }
            line x1=(px(tip.0)) y1=(px(tip.1)) x2=(px(foot.0)) y2=(px(foot.1)) stroke="var(--ink)" stroke-width="3" stroke-linecap="round" {}
            text x="140" y="128" text-anchor="middle" class="big" { (said) }
            text x="140" y="152" text-anchor="middle" { (below) }
            text x="28" y="160" text-anchor="middle" { "0" }
            text x="252" y="160" text-anchor="middle" { "100" }
        },
    )
}
