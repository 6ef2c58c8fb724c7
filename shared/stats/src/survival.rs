//! Time until something happens, some still waiting: Kaplan–Meier, log-rank, restricted mean, competing events.
//!
//! All of it follows from counts per time, so the accumulator is a table `time → (events, censored)` that shards add up.
//! A mean over those who finished is biased towards the quick; these are not.
//!
//! ```
//! use levier_stats::survival::Lifetimes;
//! let mut group = Lifetimes::default();
//! for (duration, event) in [(1.0, true), (2.0, false), (3.0, true)] { group.update(duration, event)?; }
//! let curve = group.finish()?;
//! assert!((curve.at(1.5).map_or(f64::NAN, |e| e.value) - 2.0 / 3.0).abs() < 1e-12);
//! # Ok::<(), levier_stats::StatsError>(())
//! ```

use crate::error::StatsError;
use crate::estimate::{Estimate, Z95, chi_square_upper};
use crate::linear::solve_spd;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A duration as a key: total order, −0 read as 0.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Time(f64);
impl Eq for Time {}
impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Time {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Events and censorings per time, of one group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lifetimes {
    counts: BTreeMap<Time, (u64, u64)>,
}

/// One step of a curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When.
    pub time: f64,
    /// How many were still waiting just before.
    pub at_risk: u64,
    /// Events then.
    pub events: u64,
    /// Censored then.
    pub censored: u64,
    /// Survival just after; log-log interval, Greenwood error.
    pub survival: Estimate,
}

/// A Kaplan–Meier curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// One step per time with an event or a censoring.
    pub steps: Vec<Step>,
    /// Subjects.
    pub n: u64,
    /// Events.
    pub events: u64,
}

impl Lifetimes {
    /// One subject: how long watched, and whether it ended in the event.
    pub fn update(&mut self, duration: f64, event: bool) -> Result<(), StatsError> {
        self.update_times(duration, event, 1)
    }

    /// `times` subjects alike.
    pub fn update_times(
        &mut self,
        duration: f64,
        event: bool,
        times: u64,
    ) -> Result<(), StatsError> {
        if !duration.is_finite() || duration < 0.0 {
            return Err(StatsError::invalid(
                "duration",
                format!("{duration} is not a finite time of 0 or more"),
            ));
        }
        let entry = self.counts.entry(Time(duration + 0.0)).or_insert((0, 0));
        if event {
            entry.0 += times
        } else {
            entry.1 += times
        }
        Ok(())
    }

    /// Joins another shard. Counts are whole, so any order gives the same bits.
    pub fn merge(&mut self, other: &Self) {
        for (t, (e, c)) in &other.counts {
            let entry = self.counts.entry(*t).or_insert((0, 0));
            entry.0 += e;
            entry.1 += c;
        }
    }

    /// Subjects.
    pub fn n(&self) -> u64 {
        self.counts.values().map(|(e, c)| e + c).sum()
    }

    /// Events.
    pub fn events(&self) -> u64 {
        self.counts.values().map(|(e, _)| e).sum()
    }

    /// The table as (time, at risk, events, censored).
    fn table(&self) -> Vec<(f64, u64, u64, u64)> {
        let mut left = self.n();
        let mut rows = Vec::with_capacity(self.counts.len());
        for (t, (e, c)) in &self.counts {
            rows.push((t.0, left, *e, *c));
            left -= e + c;
        }
        rows
    }

    /// The Kaplan–Meier curve.
    pub fn finish(&self) -> Result<Curve, StatsError> {
        if self.counts.is_empty() {
            return Err(StatsError::too_few("survival curve", 0, 1));
        }
        let (mut survival, mut greenwood) = (1.0, 0.0);
        let steps = self
            .table()
            .into_iter()
            .map(|(time, at_risk, events, censored)| {
                if events > 0 {
                    let (n, d) = (at_risk as f64, events as f64);
                    survival *= (n - d) / n;
                    greenwood += d / (n * (n - d));
                }
                Step {
                    time,
                    at_risk,
                    events,
                    censored,
                    survival: point(survival, greenwood),
                }
            })
            .collect();
        Ok(Curve {
            steps,
            n: self.n(),
            events: self.events(),
        })
    }
}

/// Survival with Greenwood's error and the log-log interval, which stays inside [0, 1].
fn point(survival: f64, greenwood: f64) -> Estimate {
    if survival <= 0.0 {
        return Estimate {
            value: 0.0,
            standard_error: None,
            lower: Some(0.0),
            upper: Some(0.0),
            p_value: None,
        };
    }
    if greenwood == 0.0 {
        return Estimate {
            value: survival,
            standard_error: None,
            lower: None,
            upper: None,
            p_value: None,
        };
    }
    let half = Z95 * greenwood.sqrt() / survival.ln().abs();
    Estimate {
        value: survival,
        standard_error: Some(survival * greenwood.sqrt()),
        lower: Some(survival.powf(half.exp())),
        upper: Some(survival.powf((-half).exp())),
        p_value: None,
    }
}

impl Curve {
    /// Survival at a time; `None` once the last subject was censored before it: nobody was seen there.
    pub fn at(&self, time: f64) -> Option<Estimate> {
        let last = self.steps.last()?;
        if time > last.time && last.survival.value > 0.0 {
            return None;
        }
        Some(
            self.steps
                .iter()
                .rev()
                .find(|s| s.time <= time)
                .map_or_else(|| Estimate::bare(1.0), |s| s.survival),
        )
    }

    /// First time at which survival is at most one half, with its interval; `None` when never reached.
    ///
    /// A product of shares that is one half exactly may come out a last digit above it: that counts as one half.
    pub fn median(&self) -> Option<Estimate> {
        const HALF: f64 = 0.5 + 1e-12;
        let first = |below: &dyn Fn(&Estimate) -> bool| {
            self.steps
                .iter()
                .find(|s| below(&s.survival))
                .map(|s| s.time)
        };
        let value = first(&|s| s.value <= HALF)?;
        Some(Estimate {
            value,
            standard_error: None,
            lower: first(&|s| s.lower.is_some_and(|l| l <= HALF)),
            upper: first(&|s| s.upper.is_some_and(|u| u <= HALF)),
            p_value: None,
        })
    }

    /// Mean time spent waiting within `horizon`: the area under the curve; error after Klein and Moeschberger.
    ///
    /// Beyond the last subject the curve is carried on flat; [`Curve::follow_up`] tells whether that was needed.
    pub fn restricted_mean(&self, horizon: f64) -> Result<Estimate, StatsError> {
        if !(horizon.is_finite() && horizon > 0.0) {
            return Err(StatsError::invalid(
                "horizon",
                format!("{horizon} is not a positive time"),
            ));
        }
        let inside: Vec<&Step> = self.steps.iter().filter(|s| s.time < horizon).collect();
        let mut areas = vec![0.0; inside.len() + 1];
        let level = |i: usize| {
            if i == 0 {
                1.0
            } else {
                inside[i - 1].survival.value
            }
        };
        let start = |i: usize| if i == 0 { 0.0 } else { inside[i - 1].time };
        for (i, area) in areas.iter_mut().enumerate() {
            let end = inside.get(i).map_or(horizon, |s| s.time);
            *area = level(i) * (end - start(i));
        }
        let mean: f64 = areas.iter().sum();
        let mut rest = 0.0;
        let mut variance = 0.0;
        for (i, s) in inside.iter().enumerate().rev() {
            rest += areas[i + 1];
            let (n, d) = (s.at_risk as f64, s.events as f64);
            if d > 0.0 && n > d {
                variance += rest * rest * d / (n * (n - d));
            }
        }
        Ok(Estimate::normal(mean, variance.sqrt()))
    }

    /// The last time anybody was watched.
    pub fn follow_up(&self) -> f64 {
        self.steps.last().map_or(0.0, |s| s.time)
    }
}

/// Log-rank test over groups: (chi-square, degrees of freedom, p-value).
pub fn log_rank(groups: &[Lifetimes]) -> Result<(f64, usize, f64), StatsError> {
    let k = groups.len();
    if k < 2 || groups.iter().any(|g| g.n() == 0) {
        return Err(StatsError::too_few(
            "log-rank groups",
            groups.iter().filter(|g| g.n() > 0).count() as u64,
            2,
        ));
    }
    let mut times: BTreeMap<Time, ()> = BTreeMap::new();
    for g in groups {
        times.extend(
            g.counts
                .iter()
                .filter(|(_, c)| c.0 > 0)
                .map(|(t, _)| (*t, ())),
        );
    }
    let mut excess = DVector::zeros(k);
    let mut variance = DMatrix::zeros(k, k);
    let mut left: Vec<u64> = groups.iter().map(Lifetimes::n).collect();
    let mut cursors: Vec<_> = groups.iter().map(|g| g.counts.iter().peekable()).collect();
    for time in times.keys() {
        let mut events = vec![0.0; k];
        let mut leaving = vec![0; k];
        for (g, cursor) in cursors.iter_mut().enumerate() {
            while let Some((t, (e, c))) = cursor.peek().copied() {
                if t > time {
                    break;
                }
                if t == time {
                    events[g] = *e as f64;
                    leaving[g] = e + c;
                } else {
                    left[g] -= e + c;
                }
                cursor.next();
            }
        }
        let n: f64 = left.iter().map(|n| *n as f64).sum();
        let d: f64 = events.iter().sum();
        for i in 0..k {
            let share = left[i] as f64 / n;
            excess[i] += events[i] - d * share;
            if n > 1.0 {
                let factor = d * (n - d) / (n - 1.0);
                for j in 0..k {
                    let same = if i == j { share } else { 0.0 };
                    variance[(i, j)] += factor * (same - share * left[j] as f64 / n);
                }
            }
        }
        for g in 0..k {
            left[g] -= leaving[g];
        }
    }
    let v = variance.view((0, 0), (k - 1, k - 1)).into_owned();
    let e = excess.rows(0, k - 1).into_owned();
    let statistic = e.dot(&solve_spd(
        &v,
        &e,
        "the log-rank variance (are there events in more than one group?)",
    )?);
    let p = chi_square_upper(statistic, (k - 1) as f64)
        .ok_or_else(|| StatsError::invalid("log-rank", "statistic is not a number"))?;
    Ok((statistic, k - 1, p))
}

/// Events of several kinds per time, one group: won, lost, or still open.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Competing {
    counts: BTreeMap<Time, (u64, u64, u64)>,
}

/// How one subject's time ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// The event of interest (won).
    Event,
    /// An event that rules it out (lost).
    Competitor,
    /// Still open.
    Censored,
}

impl Competing {
    /// One subject.
    pub fn update(&mut self, duration: f64, ending: Ending) -> Result<(), StatsError> {
        if !duration.is_finite() || duration < 0.0 {
            return Err(StatsError::invalid(
                "duration",
                format!("{duration} is not a finite time of 0 or more"),
            ));
        }
        let entry = self.counts.entry(Time(duration + 0.0)).or_insert((0, 0, 0));
        match ending {
            Ending::Event => entry.0 += 1,
            Ending::Competitor => entry.1 += 1,
            Ending::Censored => entry.2 += 1,
        }
        Ok(())
    }

    /// Joins another shard.
    pub fn merge(&mut self, other: &Self) {
        for (t, c) in &other.counts {
            let entry = self.counts.entry(*t).or_insert((0, 0, 0));
            entry.0 += c.0;
            entry.1 += c.1;
            entry.2 += c.2;
        }
    }

    /// Subjects.
    pub fn n(&self) -> u64 {
        self.counts.values().map(|c| c.0 + c.1 + c.2).sum()
    }

    /// Aalen–Johansen cumulative incidence of the event at each of its times; the competitor does not count as censored.
    ///
    /// Variance after Aalen (the delta form used by Marubini and Valsecchi 1995).
    pub fn cumulative_incidence(&self) -> Result<Vec<(f64, Estimate)>, StatsError> {
        if self.counts.is_empty() {
            return Err(StatsError::too_few("cumulative incidence", 0, 1));
        }
        // Per event time: (time, n, d of interest, d of any kind, survival before, incidence after).
        let mut rows: Vec<(f64, f64, f64, f64, f64, f64)> = Vec::new();
        let (mut left, mut survival, mut incidence) = (self.n() as f64, 1.0, 0.0);
        for (t, (e, c, z)) in &self.counts {
            let (d1, d) = (*e as f64, (*e + *c) as f64);
            if d > 0.0 {
                incidence += survival * d1 / left;
                rows.push((t.0, left, d1, d, survival, incidence));
                survival *= 1.0 - d / left;
            }
            left -= d + *z as f64;
        }
        let mut out = Vec::new();
        for (i, row) in rows.iter().enumerate().filter(|(_, r)| r.2 > 0.0) {
            let now = row.5;
            let mut v = 0.0;
            for &(_, n, d1, d, s, f) in &rows[..=i] {
                if n > d {
                    v += (now - f).powi(2) * d / (n * (n - d));
                }
                v += s * s * d1 * (n - d1) / n.powi(3);
                v -= 2.0 * (now - f) * s * d1 / (n * n);
            }
            out.push((row.0, Estimate::normal(now, v.max(0.0).sqrt())));
        }
        Ok(out)
    }

    /// Mean time to the event of interest, of those who meet it within `horizon`: `horizon − ∫ incidence ÷ incidence(horizon)`. How
    /// many meet it is not in it.
    pub fn mean_time_to_event(&self, horizon: f64) -> Result<f64, StatsError> {
        if !(horizon.is_finite() && horizon > 0.0) {
            return Err(StatsError::invalid(
                "horizon",
                format!("{horizon} is not a positive time"),
            ));
        }
        let steps = self.cumulative_incidence()?;
        let (mut area, mut reached) = (0.0, 0.0);
        for (i, (t, e)) in steps.iter().enumerate().filter(|(_, s)| s.0 <= horizon) {
            let end = steps.get(i + 1).map_or(horizon, |s| s.0.min(horizon));
            area += e.value * (end - t);
            reached = e.value;
        }
        if reached <= 0.0 {
            return Err(StatsError::too_few("events within the horizon", 0, 1));
        }
        Ok(horizon - area / reached)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Competing, Ending, Lifetimes};

    /// However many are lost, those who win take as long; open ones count as far as they were watched.
    #[test]
    fn the_time_to_an_event_does_not_hold_how_many_meet_it() {
        for lost in [0, 40, 400] {
            let mut course = Competing::default();
            for _ in 0..30 {
                course.update(30.0, Ending::Event).unwrap();
                course.update(60.0, Ending::Event).unwrap();
            }
            for _ in 0..lost {
                course.update(70.0, Ending::Competitor).unwrap();
            }
            let mean = course.mean_time_to_event(180.0).unwrap();
            assert!((mean - 45.0).abs() < 1e-9, "{lost}: {mean}");
        }
        assert!(Competing::default().mean_time_to_event(180.0).is_err());
    }

    /// The product of shares is one half exactly after n/2 of n events, whatever its last digit says.
    #[test]
    fn a_half_is_a_half() {
        for n in (2..=400).step_by(2) {
            let mut group = Lifetimes::default();
            for t in 1..=n {
                group.update(f64::from(t), true).unwrap();
            }
            let median = group.finish().unwrap().median().unwrap();
            assert_eq!(median.value, f64::from(n / 2), "of {n}");
        }
    }
}
