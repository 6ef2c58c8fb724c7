//! CRM records by period, side and segment.
//!
//! What tells people, sides and segments apart is looked up once a record and is a number from then on: a record is looked at
//! in every grain, segment and side.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::calendar::Span;
use crate::cell::Cell;
use crate::commerce::SIDES;
use crate::crm::Crm;
use crate::draft::Place;
use crate::records::{Who, people};

/// The segment of those of whom none is known.
const UNKNOWN: &str = "unknown";

/// Position in [`SIDES`] of what is on neither side.
const NEITHER: u8 = u8::MAX;

/// A record among others.
#[derive(Debug)]
pub(crate) struct Item<'r, T> {
    row: &'r T,
    /// Whose it is, by number; `None` where it names nobody.
    unit: Option<u32>,
}

impl<T> Clone for Item<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Item<'_, T> {}

impl<T> Deref for Item<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.row
    }
}

/// Distinct people behind records, who is named by an account alone being one; what names nobody counts as one each.
pub(crate) fn people_of<'a, 'r: 'a, T: 'r>(
    items: impl IntoIterator<Item = &'a Item<'r, T>>,
) -> u64 {
    people(items.into_iter().map(|item| item.unit))
}

/// Records of one period, side and segment.
pub(crate) struct Part<'a, 'r, T> {
    /// The period.
    pub span: &'a Span,
    /// The segment.
    pub place: Place,
    /// The side.
    pub side: &'static str,
    /// The records, by time.
    pub rows: Vec<Item<'r, T>>,
}

impl<T> Part<'_, '_, T> {
    /// An empty cell of this part.
    pub fn cell(&self, kpi: &'static str, unit: &str) -> Cell {
        self.place.cell(kpi, self.span, unit).side(self.side)
    }

    /// Whether these are all records of the period.
    pub fn whole(&self) -> bool {
        self.side == "all" && &*self.place.segment == "all"
    }
}

/// A record with what does not depend on the period.
struct Dated<'r, T> {
    at: i64,
    item: Item<'r, T>,
    side: u8,
    segment: Option<u32>,
}

impl Crm<'_> {
    /// Calls `each` with the records of every period, side and segment.
    pub(crate) fn parts<'r, T>(
        &self,
        rows: &'r [T],
        who: fn(&T) -> &Who,
        at: impl Fn(&T) -> Option<i64>,
        began: impl Fn(&T) -> i64,
        mut each: impl FnMut(&Part<'_, 'r, T>),
    ) {
        let names: BTreeSet<&str> = rows
            .iter()
            .filter_map(|row| who(row).segment.as_deref())
            .collect();
        let mut names: Vec<&str> = names.into_iter().collect();
        if !names.is_empty() && names.binary_search(&UNKNOWN).is_err() {
            names.push(UNKNOWN);
        }
        let segment_of = |row: &T| {
            let wanted = who(row).segment.as_deref().unwrap_or(UNKNOWN);
            let at = names.iter().position(|name| *name == wanted)?;
            Some(at as u32)
        };
        let mut numbers: FxHashMap<&str, u32> = FxHashMap::default();
        let mut dated: Vec<Dated<'r, T>> = Vec::new();
        for row in rows {
            let Some(at) = at(row).filter(|at| *at < self.now) else {
                continue;
            };
            let unit = who(row).unit().map(|unit| {
                let next = numbers.len() as u32;
                *numbers.entry(unit).or_insert(next)
            });
            dated.push(Dated {
                at,
                item: Item { row, unit },
                side: self.side_of(who(row), began(row)),
                segment: segment_of(row),
            });
        }
        dated.sort_by_key(|dated| dated.at);
        let Some(first) = dated.first().map(|dated| dated.at) else {
            return;
        };
        let segments = std::iter::once(None).chain((0..names.len() as u32).map(Some));
        let segments: Vec<(Option<u32>, Arc<str>)> = segments
            .map(|segment| {
                (
                    segment,
                    Arc::from(segment.map_or("all", |at| names[at as usize])),
                )
            })
            .collect();
        for span in self.spans(first) {
            let from = dated.partition_point(|dated| dated.at < span.from);
            let to = dated.partition_point(|dated| dated.at < span.to).max(from);
            for (segment, name) in &segments {
                for (number, side) in SIDES.into_iter().enumerate() {
                    let rows = dated[from..to]
                        .iter()
                        .filter(|dated| segment.is_none() || dated.segment == *segment)
                        .filter(|dated| number == 0 || usize::from(dated.side) == number)
                        .map(|dated| dated.item)
                        .collect();
                    let mut place = Place::everywhere();
                    place.segment = Arc::clone(name);
                    each(&Part {
                        span: &span,
                        place,
                        side,
                        rows,
                    });
                }
            }
        }
    }

    /// Position in [`SIDES`] of `member` or `non_member`; whoever cannot be told from others is on neither side.
    fn side_of(&self, who: &Who, at: i64) -> u8 {
        match who.unit() {
            _ if self.records.membership.member_at(who, at) => 1,
            Some(_) => 2,
            None => NEITHER,
        }
    }
}
