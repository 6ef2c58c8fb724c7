//! Who remains a customer: monthly hazards with time-varying membership, and what they add up to in a year.
//!
//! **Event.** With a subscription: its end. Without: a silence of `commerce.churn_after_months`; the customer is lost in the
//! month in which the next purchase was due by its own rhythm (months so far per month with a purchase), not the month after the
//! last one: whoever buys every third month is not gone two months later, and to date losses too early credits a community with
//! losses from before its first months. A month is at risk only if such a silence could already have been seen from it, so that
//! recent months, in which nobody can have been lost yet, do not count as months of loyalty.
//!
//! **Comparison.** Every month at risk counts on the side on which the customer was in that month; what is known before
//! joining (age as a customer, past monthly revenue; for members as it stood when they joined) enters the hazard. Person-months
//! collapse into cells of whole numbers, so that neither sharding nor size changes one bit of the fit. Membership's hazard
//! ratio may differ by months since joining. Standardised over the members as they were when joining, the fit says how many of
//! them remain twelve months on, and how many would have.

use std::collections::BTreeMap;

use levier_stats::cloglog::{StandardisedSurvival, fit};
use levier_stats::moments::Moments;
use levier_stats::propensity::Estimand;
use levier_stats::proportion::{Share, risk_difference};
use levier_stats::stratified::combine;
use levier_stats::{Estimate, StatsError};
use serde::{Deserialize, Serialize};

use crate::design::Design;
use crate::entries;
use crate::life::{Life, age_bin, level_bin};
use crate::plan::Plan;

/// Months of purchases that must be known before a month counts: customers are compared by them.
const HISTORY: i32 = 3;
/// Months over which retention is published.
pub(crate) const HORIZON: i32 = 12;
/// Months after a landmark over which it looks.
pub(crate) const LANDMARK_HORIZON: i32 = 6;
/// Months since joining of the landmarks.
pub(crate) const LANDMARKS: [i32; 3] = [1, 3, 6];
/// Bands of months since joining: 0–2, 3–5, 6–11, 12 and more; 0 is no member.
pub(crate) const BANDS: [&str; 4] = ["0-3", "3-6", "6-12", "12+"];

fn band(tenure: Option<i32>) -> u8 {
    match tenure {
        None => 0,
        Some(i32::MIN..=2) => 1,
        Some(3..=5) => 2,
        Some(6..=11) => 3,
        Some(_) => 4,
    }
}

/// Months at risk and losses by age bin, level bin, tenure band.
pub(crate) type Cells = BTreeMap<(u8, u8, u8), (u64, u64)>;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Retention {
    #[serde(with = "entries")]
    cells: Cells,
    /// Members who were customers when they joined, by age in months and level bin.
    #[serde(with = "entries")]
    profiles: BTreeMap<(i32, u8), u64>,
    /// Customers at the first month by whether they ever joined: (all, remaining at the horizon).
    ever: [(u64, u64); 2],
    /// Customers with months at risk, as non-members and as members.
    pub people: [u64; 2],
    /// Survival past a landmark: (landmark, 0 for controls; quarter; level bin).
    #[serde(with = "entries")]
    landmarks: BTreeMap<(i32, i32, u8), Moments>,
}

/// Months in which a customer is at risk, and the month of loss.
struct Course {
    from: i32,
    /// Last month at risk.
    until: i32,
    lost: Option<i32>,
    /// Last month from which a loss could be seen.
    limit: i32,
}

/// Last month from which a loss could be seen.
fn limit(plan: &Plan, contractual: bool) -> i32 {
    if contractual {
        plan.last
    } else {
        plan.last - plan.silence + 1
    }
}

fn course(plan: &Plan, life: &Life<'_>) -> Option<Course> {
    let contractual = life.person.months.iter().any(|month| month.subscribed);
    let limit = limit(plan, contractual);
    let from = (life.since + 1 + HISTORY).max(plan.first);
    let mut lost = None;
    if contractual {
        let subscribed = |month: i32| life.at(month).is_some_and(|at| at.subscribed);
        let begun = (life.since..=plan.last).find(|month| subscribed(*month))?;
        lost = (begun + 1..=limit).find(|month| !subscribed(*month));
    } else {
        let (mut latest, mut bought) = (life.since, 1);
        for month in life.since + 1..=plan.last {
            if life
                .at(month)
                .is_some_and(|at| at.orders > 0 || at.revenue_minor > 0)
            {
                latest = month;
                bought += 1;
            } else if month - latest >= plan.silence {
                let rhythm = f64::from(latest - life.since + 1) / f64::from(bought);
                lost = Some(latest + (rhythm.round() as i32).clamp(1, plan.silence));
                break;
            }
        }
    }
    let until = lost.unwrap_or(limit).min(limit);
    (from <= until).then_some(Course {
        from,
        until,
        lost: lost.filter(|month| *month <= limit),
        limit,
    })
}

impl Retention {
    pub(crate) fn update(&mut self, plan: &Plan, life: &Life<'_>) {
        let Some(course) = course(plan, life) else {
            return;
        };
        let level = |month: i32| {
            life.before(plan, month)
                .map_or(0, |(revenue, _)| level_bin(revenue))
        };
        let at_join = life.joined.map(level);
        let mut seen = [false; 2];
        for month in course.from..=course.until {
            let tenure = life
                .joined
                .filter(|joined| *joined <= month)
                .map(|joined| month - joined);
            let known = match (tenure, at_join) {
                (Some(_), Some(known)) => known,
                _ => level(month),
            };
            let cell = self
                .cells
                .entry((age_bin(month - life.since), known, band(tenure)))
                .or_default();
            cell.0 += 1;
            cell.1 += u64::from(course.lost == Some(month));
            seen[usize::from(tenure.is_some())] = true;
        }
        for (count, seen) in self.people.iter_mut().zip(seen) {
            *count += u64::from(seen);
        }
        if let (Some(joined), Some(known)) = (life.joined, at_join)
            && joined > life.since
            && course.lost.is_none_or(|lost| lost > joined)
            && joined + 1 >= course.from
        {
            *self
                .profiles
                .entry(((joined - life.since).min(60), known))
                .or_default() += 1;
        }
        self.naive(plan, life, &course);
        self.landmark(plan, life, &course);
    }

    /// The comparison that the field publishes: whoever ever joined against whoever never did.
    fn naive(&mut self, plan: &Plan, life: &Life<'_>, course: &Course) {
        if life.since >= plan.first {
            return;
        }
        let side = &mut self.ever[usize::from(life.joined.is_some())];
        side.0 += 1;
        side.1 += u64::from(
            course
                .lost
                .is_none_or(|lost| lost >= plan.first + naive_horizon(plan)),
        );
    }

    /// Customers at a landmark, and whether they still are some months later.
    fn landmark(&mut self, plan: &Plan, life: &Life<'_>, course: &Course) {
        // From a month after this one nobody's survival over the span could be known, lost or not.
        let end = course.limit - LANDMARK_HORIZON;
        let mut record = |landmark: i32, month: i32, level: u8| {
            let customer = course.lost.is_none_or(|lost| lost > month);
            if month < course.from || month > end || !customer {
                return;
            }
            let kept = course
                .lost
                .is_none_or(|lost| lost > month + LANDMARK_HORIZON);
            let quarter = (month - plan.first).div_euclid(3);
            self.landmarks
                .entry((landmark, quarter, level))
                .or_insert_with(|| Moments::new(1))
                .update(&[f64::from(u8::from(kept))]);
        };
        let known = |month: i32| {
            life.before(plan, month)
                .map_or(0, |(revenue, _)| level_bin(revenue))
        };
        if let Some(joined) = life.joined.filter(|joined| *joined > life.since) {
            for landmark in LANDMARKS {
                record(landmark, joined + landmark, known(joined));
            }
        }
        let span = end - course.from + 1;
        if span > 0 {
            let drawn = course.from
                + i32::try_from((life.hash >> 9) % u64::from(span.unsigned_abs())).unwrap_or(0);
            if !life.is_member(drawn) {
                record(0, drawn, known(drawn));
            }
        }
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (key, (months, events)) in &other.cells {
            let cell = self.cells.entry(*key).or_default();
            cell.0 += months;
            cell.1 += events;
        }
        for (key, n) in &other.profiles {
            *self.profiles.entry(*key).or_default() += n;
        }
        for (mine, theirs) in self.ever.iter_mut().zip(other.ever) {
            mine.0 += theirs.0;
            mine.1 += theirs.1;
        }
        for (mine, theirs) in self.people.iter_mut().zip(other.people) {
            *mine += theirs;
        }
        for (key, moments) in &other.landmarks {
            match self.landmarks.get_mut(key) {
                Some(held) => held.merge(moments),
                None => {
                    self.landmarks.insert(*key, moments.clone());
                }
            }
        }
    }

    /// Losses as non-members and as members.
    pub(crate) fn events(&self) -> [u64; 2] {
        let mut events = [0; 2];
        for ((_, _, band), (_, lost)) in &self.cells {
            events[usize::from(*band > 0)] += lost;
        }
        events
    }

    /// How many members the non-members' monthly risk would have taken.
    pub(crate) fn expected_losses(&self) -> f64 {
        let mut months = [0; 2];
        for ((_, _, band), (at_risk, _)) in &self.cells {
            months[usize::from(*band > 0)] += at_risk;
        }
        if months[0] == 0 {
            0.0
        } else {
            self.events()[0] as f64 / months[0] as f64 * months[1] as f64
        }
    }

    /// Share remaining among those who ever joined and those who never did.
    pub(crate) fn naive_difference(&self) -> Result<(Estimate, f64, f64, [u64; 2]), StatsError> {
        let [never, ever] = self.ever;
        let share = |(n, kept): (u64, u64)| Share { hits: kept, n };
        let difference = risk_difference(share(ever), share(never))?;
        Ok((
            difference,
            share(ever).value()?,
            share(never).value()?,
            [never.0, ever.0],
        ))
    }

    /// Survival past a landmark of months since joining, within quarter and past revenue.
    pub(crate) fn landmark_difference(
        &self,
        landmark: i32,
    ) -> Result<(Estimate, f64, f64, [u64; 2]), StatsError> {
        let mut strata = Vec::new();
        let mut counts = [0; 2];
        for ((_, quarter, level), treated) in self
            .landmarks
            .range((landmark, i32::MIN, 0)..=(landmark, i32::MAX, u8::MAX))
        {
            if let Some(control) = self.landmarks.get(&(0, *quarter, *level)) {
                counts[1] += treated.n();
                counts[0] += control.n();
                // A cell of one has no spread: it is left out rather than taken as exact.
                if treated.n() > 1 && control.n() > 1 {
                    strata.push((treated.clone(), control.clone()));
                }
            }
        }
        let (contrast, _) = combine(&strata, Estimand::Att)?;
        Ok((
            contrast.difference,
            contrast.treated,
            contrast.control,
            counts,
        ))
    }

    /// `signal` is the variance of customers' lasting monthly revenue, where it is known (see [`crate::design`]).
    /// Fits the hazard and standardises it over the members as they were when joining.
    pub(crate) fn hazard(&self, signal: Option<f64>) -> Result<Hazard, StatsError> {
        let design = Design::new(&self.cells, signal)?;
        let mut rows: BTreeMap<Vec<u64>, (Vec<f64>, u64, u64)> = BTreeMap::new();
        for ((age, level, band), (months, events)) in &self.cells {
            let x = design.row(*age, *level, *band, *band > 0);
            let key = x.iter().map(|v| v.to_bits()).collect();
            let row = rows.entry(key).or_insert((x, 0, 0));
            row.1 += months;
            row.2 += events;
        }
        let rows: Vec<(Vec<f64>, u64, u64)> = rows.into_values().collect();
        let fitted = fit(&rows)?;
        let profiles: Vec<((i32, u8), f64)> = self
            .profiles
            .iter()
            .map(|(key, n)| (*key, *n as f64))
            .collect();
        let weights: Vec<f64> = profiles.iter().map(|(_, n)| *n).collect();
        let horizon = HORIZON.unsigned_abs();
        let survival = fitted.standardised_difference(&weights, horizon, |at, month, member| {
            let ((age, level), _) = profiles[at];
            let since = month as i32 + 1;
            design.row(
                age_bin(age + since),
                level,
                band(Some(since).filter(|_| member)),
                true,
            )
        })?;
        let ratios = design.ratios(&fitted);
        Ok(Hazard {
            survival,
            ratios,
            at_join: self.profiles.values().sum(),
        })
    }
}

/// Months after the first over which the naive share is taken: twelve where that much could be seen.
pub(crate) fn naive_horizon(plan: &Plan) -> i32 {
    HORIZON.min(limit(plan, false) - plan.first).max(1)
}

/// A fitted hazard and what it says of a year.
pub(crate) struct Hazard {
    pub survival: StandardisedSurvival,
    /// Log hazard ratio by band of months since joining.
    pub ratios: Vec<(String, Estimate)>,
    pub at_join: u64,
}
