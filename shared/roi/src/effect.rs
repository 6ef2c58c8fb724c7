//! The effect of a KPI that euros may rest on: which rung, and how sure.

use levier_domain::table::{Row, Status};
use serde_json::Value as Json;

/// An effect per member-month.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Effect {
    pub value: f64,
    pub lower: f64,
    pub upper: f64,
    pub grade: String,
    pub method: String,
}

impl Effect {
    /// Whether it may enter the conservative return.
    pub(crate) fn is_measured(&self) -> bool {
        matches!(self.grade.as_str(), "A" | "B")
    }
}

fn whole(row: &&Row) -> bool {
    let all = |cell: Option<&str>| cell.is_none_or(|name| name == "all");
    all(row.community.as_deref())
        && all(row.segment.as_deref())
        && ["cohort", "tenure_band", "platform"]
            .iter()
            .all(|column| all(row.text(column)))
}

/// Gates that speak against every comparison of members with others, whatever the method: those who join were on another course
/// before, who left is missing from the data, or methods contradict each other.
const AGAINST_ALL: [&str; 5] = [
    "placebo",
    "pre_trend",
    "trend_before",
    "survivors",
    "sign_agreement",
];

fn gates(row: &Row) -> impl Iterator<Item = (&str, &str)> {
    let gates = row.own.get("gates").and_then(Json::as_array);
    gates.into_iter().flatten().filter_map(|gate| {
        let text = |name: &str| gate.get(name).and_then(Json::as_str);
        Some((text("gate")?, text("result")?))
    })
}

/// The headline of a KPI, else what was randomised, else the best adjusted rung as an assumption, else why there is none.
pub(crate) fn effect(uplift: &[Row], kpi: &str) -> Result<Effect, (Status, String)> {
    let rows: Vec<&Row> = uplift
        .iter()
        .filter(|row| row.kpi.as_deref() == Some(kpi))
        .filter(whole)
        .collect();
    let read = |row: &Row| {
        Some(Effect {
            value: row
                .value
                .filter(|_| matches!(row.status, Status::Ok | Status::Partial))?,
            lower: row.lower?,
            upper: row.upper?,
            grade: row
                .text("grade")
                .filter(|grade| matches!(*grade, "A" | "B" | "C"))?
                .to_owned(),
            // The effect of being invited is not that of a month of membership.
            method: row
                .text("method")
                .filter(|method| *method != "itt")?
                .to_owned(),
        })
    };
    let headline = rows
        .iter()
        .copied()
        .find(|row| row.own.get("headline") == Some(&Json::Bool(true)));
    if let Some(found) = headline.and_then(read) {
        return Ok(found);
    }
    let randomised = rows.iter().filter_map(|row| read(row));
    if let Some(found) = randomised.into_iter().find(|found| found.grade == "A") {
        return Ok(found);
    }
    // A blocked headline leaves the adjusted comparisons: assumed at best, the smallest of them, and only those whose likeness was
    // checked.
    let refuted = headline.is_some_and(|row| {
        gates(row).any(|(gate, result)| result == "block" && AGAINST_ALL.contains(&gate))
    });
    let checked = |row: &&&Row| {
        ["balance", "overlap"]
            .iter()
            .all(|wanted| gates(row).any(|(gate, result)| gate == *wanted && result != "block"))
    };
    let adjusted = rows
        .iter()
        .filter(|_| !refuted)
        .filter(checked)
        .filter_map(|row| read(row))
        .filter(|found| found.grade == "C");
    if let Some(found) = adjusted.min_by(|a, b| a.value.abs().total_cmp(&b.value.abs())) {
        return Ok(found);
    }
    Err(match headline {
        Some(row) if row.text("method") == Some("itt") && row.status == Status::Ok => (
            Status::CannotSay,
            format!(
                "{kpi}: the effect of an invitation is no effect of a month of membership, and that of joining is not known"
            ),
        ),
        Some(row) => {
            let status = if row.status == Status::Ok {
                Status::CannotSay
            } else {
                row.status
            };
            let why = row
                .reason
                .clone()
                .unwrap_or_else(|| "only the raw gap is known: no euro rests on it".to_owned());
            (status, format!("{kpi}: {why}"))
        }
        None => (Status::Missing, format!("needs: uplift of {kpi}")),
    })
}

/// Effect by months since joining, as far as it was published.
pub(crate) fn curve(tenure: &[Row], kpi: &str) -> Vec<(i32, f64)> {
    let mut points: Vec<(i32, f64)> = tenure
        .iter()
        .filter(|row| row.kpi.as_deref() == Some(kpi) && row.text("measure") == Some("effect"))
        .filter(|row| matches!(row.status, Status::Ok | Status::Partial))
        .filter_map(|row| {
            let event_time = row.own.get("event_time")?.as_i64()?;
            Some((
                i32::try_from(event_time).ok().filter(|e| *e >= 0)?,
                row.value?,
            ))
        })
        .collect();
    points.sort_by_key(|(event_time, _)| *event_time);
    points
}
