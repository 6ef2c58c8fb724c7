//! Levers that are counted and valued: a KPI by month times what one of it is worth. Always assumed.

use std::collections::BTreeMap;

use levier_domain::config::CountedLever;
use levier_domain::table::{Row, Status};
use levier_domain::time::Month;

use crate::gains::{Known, Lever};

/// Why a figure is withheld, as the table `kpis` says it.
const TOO_FEW: &str = "fewer people than min_cell, here or in what could be subtracted";

/// Σ over whole months of the window, up to `last`, of the KPI × what one is worth; withheld months are left out, and said.
pub(crate) fn counted(
    name: &str,
    lever: &CountedLever,
    kpis: &[Row],
    first: Option<Month>,
    last: Month,
) -> Known {
    let whole = |row: &&Row, column: &str| row.text(column).is_none_or(|value| value == "all");
    let rows = kpis
        .iter()
        .filter(|row| row.kpi.as_deref() == Some(&*lever.kpi))
        .filter(|row| row.text("grain") == Some("month"))
        .filter(|row| row.community.as_deref().is_none_or(|name| name == "all"))
        .filter(|row| row.segment.as_deref().is_none_or(|name| name == "all"))
        .filter(|row| {
            ["platform", "channel", "side"]
                .iter()
                .all(|column| whole(row, column))
        })
        .filter(|row| row.text("item").unwrap_or("all") == lever.item.as_deref().unwrap_or("all"))
        // A share of a count is no count.
        .filter(|row| row.unit.as_deref() != Some("share"));
    let mut months: BTreeMap<Month, f64> = BTreeMap::new();
    let mut withheld = 0_u64;
    for row in rows {
        let month = row.period.as_deref().and_then(|period| period.parse().ok());
        let Some(month) =
            month.filter(|month| first.is_none_or(|first| *month >= first) && *month <= last)
        else {
            continue;
        };
        match (row.status, row.value) {
            (Status::Ok, Some(value)) => *months.entry(month).or_default() += value,
            (Status::Suppressed, _) => withheld += 1,
            _ => {}
        }
    }
    let all: f64 = months.values().sum();
    if all <= 0.0 && withheld > 0 {
        return Err((Status::Suppressed, format!("{}: {TOO_FEW}", lever.kpi)));
    }
    if all <= 0.0 {
        return Err((
            Status::Missing,
            format!("nothing counted of {} in a whole month yet", lever.kpi),
        ));
    }
    let (low, value, high) = lever.worth();
    Ok(Lever {
        item: name.to_owned(),
        measured: false,
        grade: None,
        method: "counted".to_owned(),
        value: value * all,
        lower: low * all,
        upper: high * all,
        months: months
            .into_iter()
            .map(|(month, n)| (month, n / all))
            .collect(),
        shape: "counted",
        note: (withheld > 0)
            .then(|| "months with fewer people than min_cell are not counted".to_owned()),
        withheld,
    })
}
