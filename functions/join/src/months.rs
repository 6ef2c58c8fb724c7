//! Sums by person and month, and the month of an instant.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use levier_domain::time::{Month, start_of_day};
use rayon::prelude::*;

/// The month of an instant in the workspace's zone; the borders of every month met are remembered.
#[derive(Clone, Debug)]
pub struct Months<'a> {
    zone: &'a TimeZone,
    /// First instant → first instant after, month.
    known: BTreeMap<Timestamp, (Timestamp, i32)>,
}

impl<'a> Months<'a> {
    /// In a zone.
    #[must_use]
    pub fn new(zone: &'a TimeZone) -> Self {
        Self {
            zone,
            known: BTreeMap::new(),
        }
    }

    /// [`Month::index`] of the month that holds `at`.
    pub fn of(&mut self, at: Timestamp) -> i32 {
        if let Some((_, (until, month))) = self.known.range(..=at).next_back()
            && at < *until
        {
            return *month;
        }
        let month = Month::at(at, self.zone);
        let from = start_of_day(month.first_day(), self.zone);
        let until = start_of_day(month.end_day(), self.zone);
        self.known.insert(from, (until, month.index()));
        month.index()
    }
}

/// One person's month.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell<T> {
    person: u32,
    /// [`Month::index`].
    pub month: i32,
    /// The sum.
    pub sum: T,
}

/// A sum for each person and month in which something happened. Add in any order, then [`PersonMonths::finish`], then look up.
#[derive(Clone, Debug)]
pub struct PersonMonths<T> {
    cells: Vec<Cell<T>>,
    starts: Vec<u32>,
}

impl<T> Default for PersonMonths<T> {
    fn default() -> Self {
        Self {
            cells: Vec::new(),
            starts: Vec::new(),
        }
    }
}

impl<T: AddAssign + Copy + Send> PersonMonths<T> {
    /// Adds to one person's month.
    pub fn add(&mut self, person: u32, month: i32, sum: T) {
        if let Some(last) = self.cells.last_mut()
            && last.person == person
            && last.month == month
        {
            last.sum += sum;
            return;
        }
        if self.cells.len() == self.cells.capacity() && self.cells.len() >= 1 << 16 {
            self.merge();
            if self.cells.len() > self.cells.capacity() / 2 {
                self.cells.reserve_exact(self.cells.len() / 2);
            }
        }
        self.cells.push(Cell { person, month, sum });
    }

    /// Takes in sums of other things.
    pub fn absorb(&mut self, other: Self) {
        for cell in other.cells {
            self.add(cell.person, cell.month, cell.sum);
        }
    }

    /// Sums are of integers, so that their order does not matter.
    fn merge(&mut self) {
        self.cells
            .par_sort_unstable_by_key(|cell| (cell.person, cell.month));
        self.cells.dedup_by(|later, first| {
            let same = (later.person, later.month) == (first.person, first.month);
            if same {
                first.sum += later.sum;
            }
            same
        });
    }

    /// Ready to be looked up, for persons `0..persons`.
    pub fn finish(&mut self, persons: usize) {
        self.merge();
        self.starts = vec![0; persons + 1];
        for cell in &self.cells {
            if let Some(count) = self.starts.get_mut(cell.person as usize + 1) {
                *count += 1;
            }
        }
        for person in 0..persons {
            self.starts[person + 1] += self.starts[person];
        }
    }

    /// The months of one person, ascending.
    pub fn of(&self, person: u32) -> &[Cell<T>] {
        let at = person as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(from), Some(to)) => &self.cells[*from as usize..*to as usize],
            _ => &[],
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn months_change_at_local_midnight() {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let mut months = Months::new(&zone);
        for (at, month) in [
            ("2026-03-31T21:59:59Z", "2026-03"),
            ("2026-03-31T22:00:00Z", "2026-04"),
            ("2026-10-31T22:59:59Z", "2026-10"),
            ("2026-10-31T23:00:00Z", "2026-11"),
            ("2026-03-31T21:59:59Z", "2026-03"),
        ] {
            let index = months.of(at.parse().unwrap());
            assert_eq!(Month::from_index(index).to_string(), month, "{at}");
        }
    }

    #[test]
    fn sums_do_not_depend_on_the_order() {
        let rows = [
            (2, 5, 1_i64),
            (0, 7, 10),
            (2, 4, 100),
            (2, 5, 1000),
            (0, 7, 5),
        ];
        let sums = |rows: &[(u32, i32, i64)]| {
            let mut sums = PersonMonths::default();
            for (person, month, n) in rows {
                sums.add(*person, *month, *n);
            }
            sums.finish(3);
            (0..3)
                .map(|person| {
                    let months = sums.of(person).iter();
                    months
                        .map(|cell| (cell.month, cell.sum))
                        .collect::<Vec<_>>()
                })
                .collect::<Vec<_>>()
        };
        let mut backwards = rows;
        backwards.reverse();
        assert_eq!(sums(&rows), sums(&backwards));
        assert_eq!(
            sums(&rows),
            vec![vec![(7, 15)], vec![], vec![(4, 100), (5, 1001)]]
        );
    }
}
