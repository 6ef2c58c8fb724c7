//! One slice as it is compared: its own members with everybody who may stand against them.

use std::collections::{BTreeMap, BTreeSet};

use levier_stats::did::shards::PanelMoments;

use crate::accumulator::{NEVER, Partial};
use crate::arms::Arms;
use crate::plan::{Plan, Slice};
use crate::retention::Retention;
use crate::series::Series;

/// The sums of one slice.
pub(crate) struct View {
    /// Position of the slice in the plan; 0 is everybody.
    pub at: usize,
    pub arms: Option<Arms>,
    pub retention: Retention,
    panels: BTreeMap<Series, Vec<PanelMoments>>,
}

impl View {
    pub(crate) fn new(plan: &Plan, partial: &Partial, at: usize) -> Self {
        let own = u16::try_from(at).unwrap_or(NEVER);
        // A segment holds its own controls; whoever never joined any community stands against every one.
        let parts: &[u16] = if matches!(plan.slices[at], Slice::Segment(_)) {
            &[own]
        } else {
            &[own, NEVER]
        };
        let mut arms: Option<Arms> = None;
        let mut retention = Retention::default();
        let mut panels: BTreeMap<(Series, i32), PanelMoments> = BTreeMap::new();
        for part in parts {
            if let Some(more) = partial.arms.get(part) {
                match &mut arms {
                    Some(held) => held.merge(more),
                    None => arms = Some(more.clone()),
                }
            }
            if let Some(more) = partial.retention.get(part) {
                retention.merge(more);
            }
            for series in Series::ALL {
                let of_part = (*part, series, i32::MIN)..=(*part, series, i32::MAX);
                for ((_, _, start), panel) in partial.panels.range(of_part) {
                    match panels.get_mut(&(series, *start)) {
                        // Panels of one start cover the same months: the merge cannot fail.
                        Some(held) => held.merge(panel).unwrap_or_default(),
                        None => {
                            panels.insert((series, *start), panel.clone());
                        }
                    }
                }
            }
        }
        let mut by_series: BTreeMap<Series, Vec<PanelMoments>> = BTreeMap::new();
        for ((series, _), panel) in panels {
            by_series.entry(series).or_default().push(panel);
        }
        Self {
            at,
            arms,
            retention,
            panels: by_series,
        }
    }

    /// Panels of a series, by month of entry.
    pub(crate) fn panels(&self, series: Series) -> Vec<&PanelMoments> {
        self.panels.get(&series).into_iter().flatten().collect()
    }

    /// The panel of those who were customers when the window began.
    pub(crate) fn opening(&self, plan: &Plan, series: Series) -> Option<&PanelMoments> {
        self.panels
            .get(&series)?
            .first()
            .filter(|panel| panel.times().first() == Some(&f64::from(plan.first)))
    }

    fn smallest(&self) -> u64 {
        self.arms
            .as_ref()
            .map_or(0, |arms| arms.members.min(arms.non_members))
    }
}

/// Slices that would name too few on either side. What follows from them by subtraction is looked for row by row
/// ([`crate::complement`]).
pub(crate) fn small(plan: &Plan, views: &[View]) -> BTreeSet<usize> {
    (1..plan.slices.len())
        .filter(|&at| views[at].smallest() < plan.min_cell)
        .collect()
}
