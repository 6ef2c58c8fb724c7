//! Gains by lever and month.

use std::collections::BTreeMap;

use levier_domain::table::Status;
use levier_domain::time::Month;

use crate::effect::Effect;
use crate::months::{MemberMonths, Members};

/// How prudently the evidence is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scenario {
    Conservative,
    Central,
    Optimistic,
}

impl Scenario {
    pub(crate) const ALL: [Self; 3] = [Self::Conservative, Self::Central, Self::Optimistic];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Conservative => "conservative",
            Self::Central => "central",
            Self::Optimistic => "optimistic",
        }
    }
}

/// A lever's euros over all months.
#[derive(Clone, Debug)]
pub(crate) struct Lever {
    pub item: String,
    /// Measured, or assumed.
    pub measured: bool,
    /// Of the uplift that it rests on, where it rests on one.
    pub grade: Option<String>,
    pub method: String,
    pub value: f64,
    pub lower: f64,
    pub upper: f64,
    /// Share of the whole that falls in each month.
    pub months: BTreeMap<Month, f64>,
    /// How the months were found: `tenure_curve`, `even` or `counted`.
    pub shape: &'static str,
    /// Months or cells that were withheld because fewer than `min_cell` people are behind them.
    pub withheld: u64,
    /// What became of them.
    pub note: Option<String>,
}

/// A lever, or why it is unknown.
pub(crate) type Known = Result<Lever, (Status, String)>;

impl Lever {
    /// `factor` turns one unit of effect per member-month into euros; negative when less is better.
    pub(crate) fn new(
        item: &str,
        effect: &Effect,
        assumed: bool,
        factor: f64,
        members: &Members,
        curve: &[(i32, f64)],
    ) -> Self {
        let euros = factor * members.total;
        let (mut lower, mut upper) = (effect.lower * euros, effect.upper * euros);
        if lower > upper {
            std::mem::swap(&mut lower, &mut upper);
        }
        let (months, shape) = spread(&members.cells, curve, effect.value);
        Self {
            item: item.to_owned(),
            measured: effect.is_measured() && !assumed,
            grade: Some(effect.grade.clone()),
            method: effect.method.clone(),
            value: effect.value * euros,
            lower,
            upper,
            months,
            shape,
            withheld: members.withheld,
            note: shared(members),
        }
    }

    /// What a scenario takes of it; `None` when it takes nothing.
    pub(crate) fn taken(&self, scenario: Scenario) -> Option<f64> {
        match scenario {
            Scenario::Conservative => self.measured.then_some(self.lower),
            Scenario::Central => Some(self.value),
            Scenario::Optimistic => Some(self.upper),
        }
    }
}

/// How the months of few members are counted, where there are any.
pub(crate) fn shared(members: &Members) -> Option<String> {
    (members.withheld > 0).then(|| {
        format!(
            "{} cells of few members are withheld: the total holds their months, spread evenly over them",
            members.withheld
        )
    })
}

/// Each month's share: members × effect at their tenure, where the curve agrees with the effect in sign, else members alone.
fn spread(
    members: &[MemberMonths],
    curve: &[(i32, f64)],
    effect: f64,
) -> (BTreeMap<Month, f64>, &'static str) {
    let sums = |weigh: &dyn Fn(&MemberMonths) -> f64| {
        let mut sums: BTreeMap<Month, f64> = BTreeMap::new();
        for cell in members {
            *sums.entry(cell.month).or_default() += weigh(cell);
        }
        sums
    };
    // Past the end of the curve its last point holds.
    let at = |event_time: i32| {
        curve
            .iter()
            .rev()
            .find(|(e, _)| *e <= event_time)
            .or(curve.first())
            .map_or(0.0, |(_, value)| *value)
    };
    let along = sums(&|cell| cell.members * at(cell.event_time));
    let total: f64 = along.values().sum();
    let (sums, total, shape) = if total * effect > 0.0 {
        (along, total, "tenure_curve")
    } else {
        let even = sums(&|cell| cell.members);
        let total = even.values().sum();
        (even, total, "even")
    };
    (
        sums.into_iter()
            .map(|(month, sum)| (month, sum / total))
            .collect(),
        shape,
    )
}
