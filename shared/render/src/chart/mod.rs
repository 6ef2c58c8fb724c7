//! SVG charts: small, deterministic, legible without colour.
//!
//! Each chart is a function of plain figures and a width. Pages draw it twice, wide and narrow, and the stylesheet shows
//! one: text keeps its size on a telephone. Coordinates are rounded to a tenth, so that equal figures give equal bytes.

mod curve;
mod dial;
mod interval;
mod trend;

use maud::{Markup, html};

pub(crate) use curve::{CurvePoint, curve};
pub(crate) use dial::dial;
pub(crate) use interval::{Bar, Rung, intervals, levels};
pub(crate) use trend::{TrendPoint, trend};

/// The chart at both widths.
pub(crate) fn both(draw: impl Fn(f64) -> Markup) -> Markup {
    html! {
        div.w { (draw(560.0)) }
        div.n { (draw(310.0)) }
    }
}

/// An `svg` element with its accessible name.
pub(crate) fn svg(
    width: f64,
    height: f64,
    title: &str,
    description: &str,
    body: &Markup,
) -> Markup {
    html! {
        svg viewBox={ "0 0 " (px(width)) " " (px(height)) } role="img" aria-label={ (title) ". " (description) } {
            title { (title) }
            desc { (description) }
            (body)
        }
    }
}

/// A coordinate, to a tenth.
pub(crate) fn px(value: f64) -> String {
    let rounded = if value.is_finite() {
        (value * 10.0).round() / 10.0
    } else {
        0.0
    };
    let rounded = if rounded == 0.0 { 0.0 } else { rounded };
    format!("{rounded}")
}

/// A straight scale from figures to coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Maps `[low, high]` to `[from, to]`; an empty span is widened so that nothing divides by zero.
    pub(crate) fn new(low: f64, high: f64, from: f64, to: f64) -> Self {
        let (low, high) = if high > low {
            (low, high)
        } else {
            (low - 0.5, low + 0.5)
        };
        Self {
            low,
            high,
            from,
            to,
        }
    }

    pub(crate) fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// Round figures inside the span, about `wanted` of them.
    pub(crate) fn ticks(&self, wanted: usize) -> Vec<f64> {
        let span = self.high - self.low;
        let rough = span / wanted.max(1) as f64;
        let magnitude = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .iter()
            .map(|factor| factor * magnitude)
            .find(|step| *step >= rough * 0.999)
            .unwrap_or(rough);
        if !(step.is_finite() && step > 0.0) {
            return Vec::new();
        }
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last.min(first + 40))
            .map(|index| index as f64 * step)
            .collect()
    }
}

/// Decimals that tell neighbouring ticks apart.
pub(crate) fn tick_decimals(ticks: &[f64]) -> usize {
    let step = ticks
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).abs())
        .fold(f64::INFINITY, f64::min);
    (0..4)
        .find(|decimals| {
            let scaled = step * 10_f64.powi(*decimals);
            (scaled - scaled.round()).abs() < 1e-6
        })
        .map_or(2, |decimals| usize::try_from(decimals).unwrap_or(2))
}

/// The least and the greatest of the finite figures, with `others` in view.
pub(crate) fn span(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if low <= high { (low, high) } else { (0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        for (low, high, want) in [
            (0.0, 10.0, vec![0.0, 2.5, 5.0, 7.5, 10.0]),
            (-1.2, 3.9, vec![0.0, 2.0]),
            (5.0, 5.0, vec![4.5, 4.75, 5.0, 5.25, 5.5]),
        ] {
            assert_eq!(
                Scale::new(low, high, 0.0, 100.0).ticks(4),
                want,
                "{low}..{high}"
            );
        }
    }

    #[test]
    fn coordinates_are_never_nan_or_minus_zero() {
        assert_eq!(px(f64::NAN), "0");
        assert_eq!(px(-0.01), "0");
        assert_eq!(px(12.34), "12.3");
    }
}
