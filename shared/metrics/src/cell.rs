//! One published figure before it is a row, with the people behind it; and the suppression of what rests on too few.
//!
//! A cell is hidden when fewer than `min_cell` people stand behind it, or behind its numerator or the complement of it (an
//! empty group holds nobody and hides nothing). Then, wherever a visible total could give a hidden part back by subtraction —
//! communities, segments, platforms, channels, items and sides under `all`, days and months under longer periods — further
//! parts are hidden, smallest first, until what is hidden together holds at least `min_cell` people in at least two parts; if
//! there is no further part, the total is hidden. What one figure says of another, over what is published of both, is hidden with
//! it. This is repeated until nothing changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use levier_domain::table::{Row, Status};

/// A name shared by many cells.
pub type Name = Arc<str>;

/// What tells one figure from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// KPI id.
    pub kpi: &'static str,
    /// Community or `all`.
    pub community: Name,
    /// Segment or `all`.
    pub segment: Name,
    /// `all`, `member` or `non_member`.
    pub side: &'static str,
    /// Platform or `all`.
    pub platform: Name,
    /// Channel or `all`.
    pub channel: Name,
    /// What part of the KPI, or `all`.
    pub item: Name,
    /// `day`, `week`, `month`, `quarter`, `year`, `28d`, `90d`, `all`.
    pub grain: &'static str,
    /// Name of the period.
    pub period: Name,
}

/// One figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// What it is about.
    pub key: Key,
    /// First day of its period.
    pub start: Date,
    /// First day after its period.
    pub end: Date,
    /// The figure.
    pub value: Option<f64>,
    /// Above the line.
    pub numerator: Option<f64>,
    /// Below the line.
    pub denominator: Option<f64>,
    /// People behind it.
    pub people: u64,
    /// Other groups of people that the figure would reveal (numerator, complement).
    pub groups: Vec<u64>,
    /// Interval.
    pub interval: Option<(f64, f64)>,
    /// Unit.
    pub unit: Name,
    /// What it is worth.
    pub status: Status,
    /// Why.
    pub reason: Option<String>,
    /// Whether parts add up to totals over time as well.
    pub additive: bool,
    /// Whether it is about people at all (money spent on advertising is not).
    pub personal: bool,
}

impl Cell {
    /// The row of the table `kpis`.
    #[must_use]
    pub fn into_row(self, as_of: Date) -> Row {
        let shown = matches!(self.status, Status::Ok | Status::Partial);
        let mut row = Row::new(self.status);
        row.as_of = Some(as_of);
        row.period = Some(self.key.period.to_string());
        row.community = Some(self.key.community.to_string());
        row.segment = Some(self.key.segment.to_string());
        row.kpi = Some(self.key.kpi.to_owned());
        row.unit = Some(self.unit.to_string());
        row.reason = self.reason;
        if shown {
            row.value = self.value;
            row.n = Some(self.people).filter(|_| self.personal);
            row.lower = self.interval.map(|i| i.0);
            row.upper = self.interval.map(|i| i.1);
        }
        let figure = |x: Option<f64>| if shown { x } else { None };
        row.with("grain", self.key.grain)
            .with("side", self.key.side)
            .with("platform", &*self.key.platform)
            .with("channel", &*self.key.channel)
            .with("item", &*self.key.item)
            .with("numerator", figure(self.numerator))
            .with("denominator", figure(self.denominator))
    }

    fn hide(&mut self) {
        self.status = Status::Suppressed;
        self.reason =
            Some("fewer people than min_cell, here or in what could be subtracted".to_owned());
    }

    fn shown(&self) -> bool {
        matches!(self.status, Status::Ok | Status::Partial)
    }
}

/// Hides what rests on fewer than `min_cell` people, and what would give it away.
pub fn suppress(cells: &mut [Cell], min_cell: u64) {
    cells.sort_by(|a, b| a.key.cmp(&b.key));
    for cell in cells
        .iter_mut()
        .filter(|cell| cell.personal && cell.shown())
    {
        if cell.people < min_cell || cell.groups.iter().any(|n| (1..min_cell).contains(n)) {
            cell.hide();
        }
    }
    let families = families(cells);
    let twins = twins(cells);
    // Every round hides at least one more cell, so that there are finitely many.
    let mut changed = true;
    while changed {
        changed = false;
        for family in &families {
            changed |= protect(cells, family, min_cell);
        }
        for (one, other) in &twins {
            if cells[*one].shown() != cells[*other].shown() {
                for at in [*one, *other] {
                    if cells[at].shown() {
                        cells[at].hide();
                        changed = true;
                    }
                }
            }
        }
    }
}

/// Figures that give one another away: what an account pays a month, times the accounts, is what all of them pay.
fn twins(cells: &[Cell]) -> Vec<(usize, usize)> {
    let place = |key: &Key| Key {
        kpi: "mrr",
        ..key.clone()
    };
    let totals: HashMap<Key, usize> = cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell.key.kpi == "mrr" && &*cell.key.item == "all")
        .map(|(at, cell)| (cell.key.clone(), at))
        .collect();
    let suppressible = |at: usize| cells[at].shown() || cells[at].status == Status::Suppressed;
    cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell.key.kpi == "arpa")
        .filter_map(|(at, cell)| Some((at, *totals.get(&place(&cell.key))?)))
        .filter(|(one, other)| suppressible(*one) && suppressible(*other))
        .collect()
}

/// A total and the parts that it could be split into.
struct Family {
    total: usize,
    parts: Vec<usize>,
}

fn families(cells: &[Cell]) -> Vec<Family> {
    let at: HashMap<&Key, usize> = cells
        .iter()
        .enumerate()
        .map(|(at, cell)| (&cell.key, at))
        .collect();
    let mut parts: BTreeMap<usize, BTreeMap<u8, Vec<usize>>> = BTreeMap::new();
    let all: Name = Arc::from("all");
    for (position, cell) in cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell.personal && cell.people > 0)
    {
        let mut climb = |dimension: u8, erased: Key| {
            if erased != cell.key
                && let Some(total) = at.get(&erased)
            {
                parts
                    .entry(*total)
                    .or_default()
                    .entry(dimension)
                    .or_default()
                    .push(position);
            }
        };
        climb(
            0,
            Key {
                community: all.clone(),
                ..cell.key.clone()
            },
        );
        climb(
            1,
            Key {
                segment: all.clone(),
                ..cell.key.clone()
            },
        );
        climb(
            2,
            Key {
                platform: all.clone(),
                channel: all.clone(),
                ..cell.key.clone()
            },
        );
        climb(
            3,
            Key {
                channel: all.clone(),
                ..cell.key.clone()
            },
        );
        climb(
            4,
            Key {
                item: all.clone(),
                ..cell.key.clone()
            },
        );
        climb(
            5,
            Key {
                side: "all",
                ..cell.key.clone()
            },
        );
    }
    let mut families: Vec<Family> = parts
        .into_iter()
        .flat_map(|(total, dimensions)| {
            dimensions
                .into_values()
                .map(move |parts| Family { total, parts })
        })
        .collect();
    families.extend(time_families(cells));
    families
}

/// Longer periods and the shorter ones inside them, for figures that add up over time.
fn time_families(cells: &[Cell]) -> Vec<Family> {
    const NESTED: [(&str, &str); 6] = [
        ("day", "week"),
        ("day", "month"),
        ("month", "quarter"),
        ("month", "year"),
        ("quarter", "year"),
        ("day", "28d"),
    ];
    let mut series: BTreeMap<(Key, &'static str), Vec<usize>> = BTreeMap::new();
    for (position, cell) in cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| cell.additive && cell.personal)
    {
        let key = Key {
            grain: "",
            period: Arc::from(""),
            ..cell.key.clone()
        };
        series
            .entry((key, cell.key.grain))
            .or_default()
            .push(position);
    }
    for positions in series.values_mut() {
        positions.sort_by_key(|position| cells[*position].start);
    }
    let mut families = Vec::new();
    for ((key, grain), totals) in &series {
        for (short, _) in NESTED.iter().filter(|(_, long)| long == grain) {
            let Some(shorter) = series.get(&(key.clone(), *short)) else {
                continue;
            };
            for total in totals {
                let (start, end) = (cells[*total].start, cells[*total].end);
                let from = shorter.partition_point(|p| cells[*p].start < start);
                let to = shorter.partition_point(|p| cells[*p].start < end);
                let parts = shorter[from..to]
                    .iter()
                    .copied()
                    .filter(|p| cells[*p].people > 0)
                    .collect();
                families.push(Family {
                    total: *total,
                    parts,
                });
            }
        }
    }
    families
}

/// What is to be hidden next under a visible total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: what is hidden cannot be had by subtraction.
    Nothing,
    /// A further part.
    Part(usize),
    /// The total: there is no further part.
    Total,
}

/// What must be hidden beside `hidden` (the people of each hidden part), of the parts that are `shown` with their people.
pub(crate) fn next_to_hide(
    hidden: &[u64],
    shown: impl Iterator<Item = (usize, u64)>,
    min_cell: u64,
) -> Next {
    if hidden.is_empty() || (hidden.len() > 1 && hidden.iter().sum::<u64>() >= min_cell) {
        return Next::Nothing;
    }
    shown
        .min_by_key(|(part, people)| (*people, *part))
        .map_or(Next::Total, |(part, _)| Next::Part(part))
}

/// Hides more of one family where a hidden part could be found by subtraction; says whether it did.
fn protect(cells: &mut [Cell], family: &Family, min_cell: u64) -> bool {
    let mut changed = false;
    while cells[family.total].shown() {
        let part = |part: &usize| (*part, &cells[*part]);
        let hidden: Vec<u64> = (family.parts.iter().map(part))
            .filter(|(_, cell)| cell.status == Status::Suppressed)
            .map(|(_, cell)| cell.people)
            .collect();
        let shown = (family.parts.iter().map(part)).filter(|(_, cell)| cell.shown());
        let shown = shown.map(|(at, cell)| (at, cell.people));
        let at = match next_to_hide(&hidden, shown, min_cell) {
            Next::Nothing => break,
            Next::Part(part) => part,
            Next::Total => family.total,
        };
        cells[at].hide();
        changed = true;
    }
    changed
}
