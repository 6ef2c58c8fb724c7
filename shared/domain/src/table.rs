//! Result tables: the same rows in DynamoDB, over HTTP and under `published/`.
//!
//! A row is a flat object: the columns that every table has, then its own. One *series* (all the periods of one figure for one
//! community, segment and side) is one DynamoDB item.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::event::words;

words! {
    /// A table of results.
    TableName {
        /// KPIs by period, community, segment and side.
        Kpis = "kpis",
        /// Members against comparable non-members, by metric and method.
        Uplift = "uplift",
        /// Health score and its components.
        Health = "health",
        /// Join cohorts: retention and ATT(g,t).
        Cohorts = "cohorts",
        /// Uplift by months since joining.
        Tenure = "tenure",
        /// Costs, gains and return.
        Roi = "roi",
        /// What was lost from delivery and file row to cohort.
        Waterfall = "waterfall",
        /// Members who help.
        Champions = "champions",
        /// Leads who contributed enough, by CRM id, for the sales team.
        Leads = "leads",
        /// What is beyond its limits, and since when.
        Alerts = "alerts",
        /// What each source delivered.
        Sources = "sources",
        /// What each file brought.
        Imports = "imports",
        /// What ran.
        Runs = "runs",
        /// Sealed ROI snapshots.
        Snapshots = "snapshots",
    }
}

words! {
    /// What a figure is worth as a figure.
    Status {
        /// Computed.
        Ok = "ok",
        /// Computed over a period that still runs.
        Partial = "partial",
        /// Inputs are absent.
        Missing = "missing",
        /// Fewer people than `min_cell`.
        Suppressed = "suppressed",
        /// A gate blocks the wording.
        CannotSay = "cannot_say",
        /// A source that is silent for longer than its rhythm.
        Quiet = "quiet",
        /// A source from which nothing has come yet.
        Never = "never",
        /// A file whose rows were read.
        Imported = "imported",
        /// A file that was imported before.
        Unchanged = "unchanged",
        /// A file refused whole.
        Refused = "refused",
    }
}

/// One row of a result table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The day whose knowledge the figure rests on.
    pub as_of: Option<Date>,
    /// Name of the period (`2026-03`, `28d`, `all`).
    pub period: Option<String>,
    /// Community, or `all`.
    pub community: Option<String>,
    /// Segment, or `all`.
    pub segment: Option<String>,
    /// KPI id of KPIS.md, or what the row is about.
    pub kpi: Option<String>,
    /// The figure, in `unit`; absent when the status says why.
    pub value: Option<f64>,
    /// How many units (people, accounts…) it rests on.
    pub n: Option<u64>,
    /// Lower end of the interval.
    pub lower: Option<f64>,
    /// Upper end of the interval.
    pub upper: Option<f64>,
    /// `people`, `share`, `EUR`, `EUR/customer/month`, `hours`…
    pub unit: Option<String>,
    /// What the figure is worth.
    pub status: Status,
    /// Why there is no figure, or what qualifies it.
    pub reason: Option<String>,
    /// The table's own columns.
    #[serde(flatten)]
    pub own: BTreeMap<String, Json>,
}

impl Row {
    /// A row with its identity and no figure yet.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Self {
            as_of: None,
            period: None,
            community: None,
            segment: None,
            kpi: None,
            value: None,
            n: None,
            lower: None,
            upper: None,
            unit: None,
            status,
            reason: None,
            own: BTreeMap::new(),
        }
    }

    /// Adds one of the table's own columns.
    #[must_use]
    pub fn with(mut self, column: &str, value: impl Into<Json>) -> Self {
        self.own.insert(column.to_owned(), value.into());
        self
    }

    /// The row as it leaves the pipeline, over HTTP, as CSV, as Parquet: no column holds a list or an object ([`flatten`]).
    #[must_use]
    pub fn flat(mut self) -> Self {
        self.own.values_mut().for_each(flatten);
        self
    }

    /// One of the table's own columns as text.
    #[must_use]
    pub fn text(&self, column: &str) -> Option<&str> {
        self.own.get(column).and_then(Json::as_str)
    }
}

/// Makes a cell of a list or an object: lists of texts are written with semicolons, whatever is deeper as the text of its JSON,
/// and what is empty as nothing.
pub fn flatten(value: &mut Json) {
    let text = match value {
        Json::Array(items) if items.iter().all(Json::is_string) => {
            let texts: Vec<&str> = items.iter().filter_map(Json::as_str).collect();
            texts.join("; ")
        }
        Json::Object(fields) if fields.is_empty() => String::new(),
        Json::Array(_) | Json::Object(_) => value.to_string(),
        _ => return,
    };
    *value = if text.is_empty() {
        Json::Null
    } else {
        Json::String(text)
    };
}

impl TableName {
    /// The own columns that, with community, segment and kpi, tell one series from another.
    #[must_use]
    pub fn dimensions(self) -> &'static [&'static str] {
        match self {
            Self::Kpis => &["grain", "side", "platform", "channel", "item"],
            Self::Uplift => &["method", "cohort", "tenure_band", "platform"],
            Self::Health => &["component", "platform"],
            Self::Cohorts => &["cohort", "measure"],
            Self::Tenure => &["method", "measure"],
            Self::Roi => &["item", "scenario"],
            Self::Waterfall => &["stage", "source", "outcome", "kind"],
            Self::Champions => &["platform", "handle"],
            Self::Leads => &["crm_id"],
            Self::Alerts => &["alert"],
            Self::Sources => &["source"],
            Self::Imports => &["import_id", "file"],
            Self::Runs => &["job", "run_id"],
            Self::Snapshots => &["snapshot_id"],
        }
    }

    /// Whether its rows are of communities and segments.
    #[must_use]
    pub fn is_divided(self) -> bool {
        !matches!(
            self,
            Self::Waterfall | Self::Imports | Self::Runs | Self::Snapshots
        )
    }

    /// The key of the series that a row belongs to.
    #[must_use]
    pub fn series(self, row: &Row) -> String {
        let mut parts = vec![
            row.kpi.as_deref().unwrap_or("-").to_owned(),
            row.community.as_deref().unwrap_or("-").to_owned(),
        ];
        // A work list is one series: an item for every line of it would cost hundreds of thousands of writes a night.
        if matches!(self, Self::Champions | Self::Leads) {
            return parts.join("|");
        }
        parts.push(row.segment.as_deref().unwrap_or("-").to_owned());
        for dimension in self.dimensions() {
            parts.push(match row.own.get(*dimension) {
                None | Some(Json::Null) => "-".to_owned(),
                Some(Json::String(text)) => text.replace('|', "/"),
                Some(other) => other.to_string(),
            });
        }
        parts.join("|")
    }

    /// The columns that every row of the table has, in the order in which they are written.
    #[must_use]
    pub fn leading_columns(self) -> &'static [&'static str] {
        match self {
            Self::Waterfall => &["stage", "source", "outcome", "reason", "kind", "n"],
            Self::Sources => &[
                "source",
                "platform",
                "community",
                "deliveries",
                "received",
                "accepted",
                "duplicate",
                "ignored",
                "quarantined",
                "last_received_at",
                "lag_seconds",
                "status",
                "blind_spots",
            ],
            _ => &[
                "as_of",
                "period",
                "community",
                "segment",
                "kpi",
                "value",
                "n",
                "lower",
                "upper",
                "unit",
                "status",
                "reason",
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_flat_row_holds_neither_lists_nor_objects() {
        for (case, nested, flat) in [
            ("texts", json!(["a", "b"]), json!("a; b")),
            ("nothing", json!([]), Json::Null),
            ("no fields", json!({}), Json::Null),
            (
                "objects",
                json!([{"gate": "size"}]),
                json!(r#"[{"gate":"size"}]"#),
            ),
            ("numbers", json!([1, 2]), json!("[1,2]")),
            ("object", json!({"staff": 4}), json!(r#"{"staff":4}"#)),
            ("text", json!("a"), json!("a")),
            ("number", json!(1.5), json!(1.5)),
            ("flag", json!(true), json!(true)),
        ] {
            let row = Row::new(Status::Ok).with("own", nested).flat();
            assert_eq!(row.own["own"], flat, "{case}");
        }
    }
}
