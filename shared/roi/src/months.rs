//! How many members there were in each month, by months since joining.

use std::collections::{BTreeMap, BTreeSet};

use levier_domain::table::{Row, Status};
use levier_domain::time::Month;
use serde_json::Value as Json;

/// Customers who had been members for `event_time` months in a month.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemberMonths {
    /// Calendar month.
    pub month: Month,
    /// Whole months since joining.
    pub event_time: i32,
    /// How many; a fraction where few members share what is published of them together.
    pub members: f64,
}

/// All months of members, as they were published.
#[derive(Clone, Debug, PartialEq)]
pub struct Members {
    /// They sum up to `total`.
    pub cells: Vec<MemberMonths>,
    /// Member-months of the window.
    pub total: f64,
    /// Cells that were withheld for being small, and hold an even part of what the published ones leave of the total.
    pub withheld: u64,
}

impl Members {
    /// Month in which the first of them joined.
    pub(crate) fn first_joined(&self) -> Option<Month> {
        self.cells
            .iter()
            .map(|cell| cell.month.plus(-cell.event_time))
            .min()
    }
}

/// Reads them from the rows of the table `tenure` (measure `member_months`): the total, months and cells. What was withheld is in
/// the total, so that no return is lowered by it: in a month whose total is known the withheld cells share the rest of it, in the
/// other months the rest of the whole.
///
/// # Errors
/// The status and the reason of a total that is not there.
pub fn member_months(tenure: &[Row]) -> Result<Members, (Status, String)> {
    let rows: Vec<&Row> = tenure
        .iter()
        .filter(|row| row.text("measure") == Some("member_months"))
        .collect();
    let whole = rows
        .iter()
        .find(|row| row.period.as_deref() == Some("all"))
        .ok_or((
            Status::Missing,
            "needs: months of members who are customers".to_owned(),
        ))?;
    let total = match (whole.status, whole.value) {
        (Status::Ok, Some(total)) if total > 0.0 => total,
        (Status::Ok, _) => {
            return Err((
                Status::Missing,
                "no customer has joined yet: there is nothing to multiply an effect with"
                    .to_owned(),
            ));
        }
        (status, _) => return Err((status, whole.reason.clone().unwrap_or_default())),
    };
    let mut totals: BTreeMap<Month, f64> = BTreeMap::new();
    let mut cells: BTreeMap<(Month, i32), Option<f64>> = BTreeMap::new();
    for row in rows {
        let Some(month) = row.period.as_deref().and_then(|period| period.parse().ok()) else {
            continue;
        };
        let value = row.value.filter(|_| row.status == Status::Ok);
        let event_time = row.own.get("event_time").and_then(Json::as_i64);
        match event_time.and_then(|e| i32::try_from(e).ok()) {
            Some(event_time) => {
                cells.insert((month, event_time), value);
            }
            None => totals.extend(value.map(|value| (month, value))),
        }
    }
    // What is left for the withheld cells, and how many they are: of each month that is told, and of the others together.
    let mut left: BTreeMap<Option<Month>, (f64, u64)> = BTreeMap::new();
    let told: f64 = totals.values().sum();
    left.insert(None, (total - told, 0));
    left.extend(totals.iter().map(|(month, n)| (Some(*month), (*n, 0))));
    let group = |month: Month| Some(month).filter(|month| totals.contains_key(month));
    for ((month, _), members) in &cells {
        let rest = left.entry(group(*month)).or_default();
        match members {
            Some(members) => rest.0 -= members,
            None => rest.1 += 1,
        }
    }
    let withheld = cells.values().filter(|members| members.is_none()).count() as u64;
    // A month without any cell of its own holds its members in the month of joining.
    let bare: BTreeSet<Month> = totals.keys().copied().collect();
    for month in bare {
        if !cells.keys().any(|(held, _)| *held == month) {
            cells.insert((month, 0), totals.get(&month).copied());
        }
    }
    let cells = cells
        .into_iter()
        .map(|((month, event_time), members)| {
            let share = || {
                let (rest, n) = left.get(&group(month)).copied().unwrap_or_default();
                rest.max(0.0) / n.max(1) as f64
            };
            MemberMonths {
                month,
                event_time,
                members: members.unwrap_or_else(share),
            }
        })
        .collect();
    Ok(Members {
        cells,
        total,
        withheld,
    })
}
