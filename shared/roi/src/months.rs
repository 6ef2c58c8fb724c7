//! How many members there were in each month, by months since joining.

use levier_domain::table::{Row, Status};
use levier_domain::time::Month;
use serde_json::Value as Json;

/// Customers who had been members for `event_time` months in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberMonths {
    /// Calendar month.
    pub month: Month,
    /// Whole months since joining.
    pub event_time: i32,
    /// How many.
    pub members: u64,
}

/// Reads them from the rows of the table `tenure` (measure `member_months`), with how many rows were withheld for being small.
#[must_use]
pub fn member_months(tenure: &[Row]) -> (Vec<MemberMonths>, u64) {
    let mut read = Vec::new();
    let mut withheld = 0;
    for row in tenure
        .iter()
        .filter(|row| row.text("measure") == Some("member_months"))
    {
        let month = row.period.as_deref().and_then(|period| period.parse().ok());
        let event_time = row
            .own
            .get("event_time")
            .and_then(Json::as_i64)
            .and_then(|e| i32::try_from(e).ok());
        match (row.status, month, event_time, row.n) {
            (Status::Ok, Some(month), Some(event_time), Some(members)) => {
                read.push(MemberMonths {
                    month,
                    event_time,
                    members,
                });
            }
            _ => withheld += 1,
        }
    }
    (read, withheld)
}
