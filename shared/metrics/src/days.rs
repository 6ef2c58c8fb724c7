//! Who was active on which local day: read once per scope, then every window of days is a union of short lists.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::inputs::{Run, day_of};
use crate::scope::Scope;

/// Distinct people with a contribution, by local day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Days(BTreeMap<Date, Vec<u32>>);

impl Days {
    /// The days of a scope up to now.
    pub(crate) fn of(run: &Run<'_>, scope: &Scope<'_>) -> Self {
        let mut days: BTreeMap<Date, Vec<u32>> = BTreeMap::new();
        // Entries come in order of time, so that a day is looked up once and not for every entry.
        let (mut day, mut until, mut people) = (Date::ZERO, i64::MIN, Vec::new());
        let mut close = |day: Date, people: &mut Vec<u32>| {
            if !people.is_empty() {
                people.sort_unstable();
                people.dedup();
                days.insert(day, std::mem::take(people));
            }
        };
        for (_, entry) in scope.between(i64::MIN, run.now) {
            if !entry.kind().is_contribution() {
                continue;
            }
            let Some(person) = entry.member() else {
                continue;
            };
            if entry.at >= until {
                close(day, &mut people);
                day = day_of(entry.at, &run.zone);
                until = crate::calendar::midnight(day.tomorrow().unwrap_or(day), &run.zone);
            }
            people.push(person);
        }
        close(day, &mut people);
        Self(days)
    }

    /// The people of one day, ascending.
    #[must_use]
    pub fn on(&self, day: Date) -> &[u32] {
        self.0.get(&day).map_or(&[], Vec::as_slice)
    }

    /// The people of the `length` days that end with `last`, once for every day on which they were active.
    pub fn active(&self, last: Date, length: i64) -> impl Iterator<Item = u32> + '_ {
        let first = last.saturating_sub(jiff::Span::new().days(length - 1));
        let days = (first <= last).then(|| self.0.range(first..=last));
        days.into_iter()
            .flatten()
            .flat_map(|(_, people)| people.iter().copied())
    }
}
