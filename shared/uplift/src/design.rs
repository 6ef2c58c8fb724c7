//! The covariates of the hazard of leaving, with past revenue freed from its noise.
//!
//! What a customer spent in a few months says little of what kind of customer it is: taken as it stands it would adjust for a
//! part of who joins only, and leave the rest to look like loyalty. Regression calibration replaces the observed level `x` by
//! its expectation given `x` and the side, `μ + λ·(x − μ)`, where `μ` is the side's mean and `λ` the share of the variance
//! that lasts (Carroll, Ruppert, Stefanski and Crainiceanu 2006), and what is not known of the lasting level enters to second
//! order: the risk is convex in the level, and the two sides differ in how much is unknown. The lasting variance is the
//! covariance of two spans of months without a purchase in common. Without it `λ = 1`: the level as observed.

use std::collections::BTreeMap;

use levier_stats::cloglog::HazardFit;
use levier_stats::did::shards::PanelMoments;
use levier_stats::moments::Moments;
use levier_stats::{Estimate, StatsError};

use crate::adjusted::form;
use crate::life::level_middle;
use crate::retention::{BANDS, Cells};

/// What an observed level says of the lasting one, within a group.
#[derive(Clone, Copy)]
struct Calibration {
    mean: f64,
    /// Share of the variance that lasts.
    share: f64,
    /// Variance of the lasting level given the observed one.
    left: f64,
}

impl Calibration {
    /// Logarithm of the harmonic mean of the lasting level given the observed one, to second order: risk falls in inverse
    /// proportion to what a customer is worth, so that it is the mean of `1/level` that has to be right, not of the level.
    fn log_level(&self, observed: f64) -> f64 {
        // Half a unit of currency keeps customers who bought nothing on the scale.
        let expected = (self.mean + self.share * (observed - self.mean)).max(0.5);
        expected.ln() - (self.left / (expected * expected)).ln_1p()
    }
}

/// Columns of the hazard: age, level, bands of membership; only what varies and has events.
pub(crate) struct Design {
    ages: Vec<u8>,
    /// Past revenue: by age for non-members, then for members.
    groups: BTreeMap<(bool, u8), Calibration>,
    level: bool,
    /// First and last band of each membership column.
    bands: Vec<(u8, u8)>,
}

impl Design {
    pub(crate) fn new(cells: &Cells, signal: Option<f64>) -> Result<Self, StatsError> {
        let count = |keep: &dyn Fn(&(u8, u8, u8)) -> bool| {
            cells
                .iter()
                .filter(|(key, _)| keep(key))
                .fold((0, 0), |sum, (_, (m, e))| (sum.0 + m, sum.1 + e))
        };
        let all = count(&|_| true);
        if all.1 == 0 {
            return Err(StatsError::too_few("customers lost", 0, 10));
        }
        let varies = |part: (u64, u64)| part.1 >= 5 && all.1 - part.1 >= 5 && part.1 < part.0;
        let mut bands: Vec<(u8, u8)> = Vec::new();
        for band in 1..=4 {
            if count(&|key| key.2 == band).0 > 0 {
                bands.push((band, band));
            }
        }
        // Neighbouring bands with few losses are one.
        while bands.len() > 1 {
            let few = |range: &(u8, u8)| count(&|key| key.2 >= range.0 && key.2 <= range.1).1 < 5;
            let Some(at) = bands.iter().rposition(few) else {
                break;
            };
            let with = if at == 0 { 1 } else { at - 1 };
            let (low, high) = (at.min(with), at.max(with));
            bands[low] = (bands[low].0, bands[high].1);
            bands.remove(high);
        }
        if bands.is_empty() || count(&|key| key.2 > 0).1 == 0 {
            return Err(StatsError::too_few("members lost as customers", 0, 10));
        }
        // The most frequent age is the reference.
        let mut ages: Vec<u8> = (0..=4)
            .filter(|age| varies(count(&|key| key.0 == *age)))
            .collect();
        let reference = (0..=4).max_by_key(|age| count(&|key| key.0 == *age).1);
        ages.retain(|age| Some(*age) != reference);
        let known = count(&|key| key.1 > 0);
        let levels: std::collections::BTreeSet<u8> = cells
            .keys()
            .map(|key| key.1)
            .filter(|level| *level > 0)
            .collect();
        let mut groups: BTreeMap<(bool, u8), Moments> = BTreeMap::new();
        for ((age, level, band), (months, _)) in cells {
            let held = groups
                .entry(group(*age, *band > 0))
                .or_insert_with(|| Moments::new(1));
            held.update_times(&[level_middle(*level)], *months);
        }
        let groups = groups
            .into_iter()
            .map(|(key, held)| {
                let spread = held.population_covariance(0, 0).unwrap_or(0.0);
                let share = match signal {
                    Some(signal) if spread > 0.0 => (signal / spread).clamp(0.05, 1.0),
                    _ => 1.0,
                };
                let calibration = Calibration {
                    mean: held.mean(0).unwrap_or(0.0),
                    share,
                    left: spread * share * (1.0 - share),
                };
                (key, calibration)
            })
            .collect();
        Ok(Self {
            ages,
            groups,
            level: levels.len() > 2 && known.1 >= 10,
            bands,
        })
    }

    /// `joined` says whose past it is: a member's also when asking what would have been without joining.
    pub(crate) fn row(&self, age: u8, level: u8, band: u8, joined: bool) -> Vec<f64> {
        let flag = |yes: bool| f64::from(u8::from(yes));
        let mut x: Vec<f64> = self.ages.iter().map(|held| flag(*held == age)).collect();
        if self.level {
            let as_observed = Calibration {
                mean: 0.0,
                share: 1.0,
                left: 0.0,
            };
            let known = self.groups.get(&group(age, joined));
            x.push(known.unwrap_or(&as_observed).log_level(level_middle(level)));
        }
        x.extend(
            self.bands
                .iter()
                .map(|(from, until)| flag(band >= *from && band <= *until)),
        );
        x
    }

    pub(crate) fn ratios(&self, fitted: &HazardFit) -> Vec<(String, Estimate)> {
        let first = fitted.coefficients.len() - self.bands.len();
        let name = |(from, until): &(u8, u8)| {
            let (a, b) = (
                BANDS[usize::from(*from) - 1],
                BANDS[usize::from(*until) - 1],
            );
            if from == until {
                return a.to_owned();
            }
            let start = a.split(['-', '+']).next().unwrap_or(a);
            match b.split_once('-') {
                Some((_, end)) => format!("{start}-{end}"),
                None => format!("{start}+"),
            }
        };
        self.bands
            .iter()
            .zip(&fitted.coefficients[first..])
            .map(|(band, estimate)| (name(band), *estimate))
            .collect()
    }
}

fn group(age: u8, joined: bool) -> (bool, u8) {
    (joined, if joined { 0 } else { age })
}

/// Variance of customers' lasting monthly revenue: covariance of two spans of months that share no purchase, among the
/// never-joined, early in the window, before many are lost.
pub(crate) fn signal(panel: &PanelMoments) -> Option<f64> {
    let never = &panel
        .blocks()
        .iter()
        .find(|block| block.first_treated.is_none())?
        .moments;
    let span = (panel.times().len() / 6).max(1);
    if never.n() < 50 || 2 * span > panel.times().len() {
        return None;
    }
    let weights = |from: usize| -> Vec<f64> {
        (0..panel.times().len())
            .map(|at| {
                if at >= from && at < from + span {
                    1.0 / span as f64
                } else {
                    0.0
                }
            })
            .collect()
    };
    let covariance = form(never, &weights(0), &weights(span)) / (never.n() - 1) as f64;
    (covariance > 0.0).then_some(covariance)
}
