//! Tables: reading them from the results, filtering, and writing them as JSON, CSV or Parquet.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, Response, header};
use jiff::civil::Date;
use levier_domain::table::{Row, Status, TableName};
use levier_domain::time::{Grain, Month, Period, TimeError};
use levier_render::{CsvDialect, Language, csv};
use levier_results::{Results, ResultsError};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::{Context, failed, json_response, problem, respond};

/// Jobs that publish tables, in the order of the pipeline.
const JOBS: &[&str] = &[
    "compact", "import", "join", "health", "uplift", "alert", "snapshot",
];

/// What of a table is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// The day whose knowledge counts; the newest when absent.
    pub as_of: Option<Date>,
    /// First period, by name (`2026-03-29`, `2026-W13`, `2026-03`, `2026-Q1`, `2026`, `FY2026-Q1`, `FY2026`): only what begins
    /// with it or later.
    pub from: Option<String>,
    /// Last period, by name: only what ends with it or before.
    pub to: Option<String>,
    /// One community.
    pub community: Option<String>,
    /// One segment.
    pub segment: Option<String>,
    /// One KPI.
    pub kpi: Option<String>,
    /// `fr` or `en`: reasons in that language, and a column `label` with the name of the KPI.
    pub lang: Option<String>,
    /// `plain` or `excel-fr`.
    pub dialect: Option<String>,
    /// The reading key, where it comes in the query; checked elsewhere.
    #[serde(skip_serializing)]
    pub key: Option<String>,
    /// The month in which the workspace's fiscal year begins (1 to 12), by which `FY2026` is read; 0 is January.
    #[serde(skip)]
    pub fiscal_year_start: u8,
}

/// Why a table cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// No such table.
    #[error("there is no table `{name}`; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// Nothing was computed for that day.
    #[error("nothing was computed as of {as_of}; run the jobs with --as-of {as_of} first")]
    NoSuchDay {
        /// The day.
        as_of: Date,
    },
    /// A filter that makes no sense.
    #[error("{0}")]
    Filter(String),
    /// The results cannot be read.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// Parquet cannot be written.
    #[error(transparent)]
    Lake(#[from] levier_lake::LakeError),
}

/// The name of a table, or what there is instead.
///
/// # Errors
/// [`TableError::Unknown`].
pub fn parse_name(name: &str) -> Result<TableName, TableError> {
    name.parse().map_err(|_| TableError::Unknown {
        name: name.to_owned(),
        known: TableName::ALL
            .iter()
            .map(|table| table.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    })
}

/// The rows of a table that a filter lets through.
///
/// # Errors
/// [`TableError`].
pub async fn rows(
    results: &Results,
    table: TableName,
    filter: &Filter,
) -> Result<Vec<Row>, TableError> {
    let language = language(filter)?;
    let range = range(filter)?;
    let mut found = Vec::new();
    let mut computed = false;
    if table == TableName::Runs {
        found = runs(results).await?;
        found.retain(|row| filter.as_of.is_none() || row.as_of == filter.as_of);
        computed = !found.is_empty();
    }
    for job in JOBS {
        let newest = results.pointer(job).await?;
        let pointer = match filter.as_of {
            // Imports stand for themselves, whatever the day.
            Some(as_of) if *job != "import" => results.pointer_as_of(job, as_of).await?,
            _ => newest,
        };
        let Some(pointer) = pointer else { continue };
        if pointer.tables.contains(&table) {
            computed = true;
            found.extend(results.read_rows(&pointer.run_id, table).await?);
        }
    }
    if let Some(as_of) = filter.as_of
        && !computed
    {
        return Err(TableError::NoSuchDay { as_of });
    }
    let same = |wanted: &Option<String>, has: &Option<String>| {
        asked(wanted).is_none_or(|wanted| Some(wanted) == has.as_deref())
    };
    found.retain(|row| {
        within(row.period.as_deref(), range, filter.fiscal_year_start)
            && same(&filter.community, &row.community)
            && same(&filter.segment, &row.segment)
            && same(&filter.kpi, &row.kpi)
    });
    if let Some(language) = language {
        for row in &mut found {
            worded(row, language);
        }
    }
    Ok(found)
}

/// What a filter asks for; a blank one, as a spreadsheet sends for an empty cell, asks for nothing.
fn asked(filter: &Option<String>) -> Option<&str> {
    filter.as_deref().filter(|text| !text.is_empty())
}

/// The runs that readers can see, newest day first: one of each job for each as-of day.
async fn runs(results: &Results) -> Result<Vec<Row>, ResultsError> {
    let mut rows = Vec::new();
    for job in JOBS {
        let current = results.pointer(job).await?;
        for pointer in results.pointers(job).await? {
            let tables: Vec<&str> = pointer.tables.iter().map(|table| table.as_str()).collect();
            let mut row = Row::new(Status::Ok)
                .with("job", *job)
                .with("run_id", pointer.run_id.as_str())
                .with("current", current.as_ref() == Some(&pointer))
                .with("tables", tables);
            row.as_of = Some(pointer.as_of);
            rows.push(row);
        }
    }
    // Jobs of one day stay in the order of the pipeline.
    rows.sort_by_key(|row| std::cmp::Reverse(row.as_of));
    Ok(rows)
}

/// The days from the start of `from` to the end of `to`, where either is asked for.
fn range(filter: &Filter) -> Result<Option<(Date, Date)>, TableError> {
    let read = |name: &str, text: &Option<String>| {
        asked(text)
            .map(|text| days_of(text, filter.fiscal_year_start))
            .transpose()
            .map_err(|error| TableError::Filter(format!("{name}: {error}")))
    };
    let (from, to) = (read("from", &filter.from)?, read("to", &filter.to)?);
    if from.is_none() && to.is_none() {
        return Ok(None);
    }
    Ok(Some((
        from.map_or(Date::MIN, |from| from.0),
        to.map_or(Date::MAX, |to| to.1),
    )))
}

/// First day of a period and first day after it, by its name.
///
/// A fiscal year that does not begin in January is named after the calendar year in which it ends.
fn days_of(name: &str, fiscal_year_start: u8) -> Result<(Date, Date), TimeError> {
    let Some(fiscal) = name.strip_prefix("FY") else {
        return name
            .parse()
            .map(|period: Period| (period.start, period.end));
    };
    let wrong = || TimeError::NotAPeriod(name.to_owned());
    let calendar: Period = fiscal.parse().map_err(|_| wrong())?;
    let months = match calendar.grain {
        Grain::Year => 12,
        Grain::Quarter => 3,
        _ => return Err(wrong()),
    };
    let shift = i32::from(fiscal_year_start.clamp(1, 12)) - 1;
    let earlier = if shift > 0 { 12 - shift } else { 0 };
    let start = Month::of(calendar.start).plus(-earlier);
    Ok((start.first_day(), start.plus(months).first_day()))
}

/// Whether a period lies whole in the range. What names no stretch of the calendar (`28d`, `all`) lies in none.
fn within(period: Option<&str>, range: Option<(Date, Date)>, fiscal_year_start: u8) -> bool {
    range.is_none_or(|(start, end)| {
        period
            .and_then(|period| days_of(period, fiscal_year_start).ok())
            .is_some_and(|(first, after)| first >= start && after <= end)
    })
}

/// The language that a filter asks for.
fn language(filter: &Filter) -> Result<Option<Language>, TableError> {
    match asked(&filter.lang) {
        None => Ok(None),
        Some(code) => match Language::from_code(code) {
            Some(language) => Ok(Some(language)),
            None => Err(TableError::Filter(format!(
                "lang `{code}` is not one of fr, en"
            ))),
        },
    }
}

/// A row for a reader of one language: its reason, and the name of its KPI.
fn worded(row: &mut Row, language: Language) {
    if let Some(reason) = &row.reason {
        row.reason = Some(levier_render::reason(reason, language));
    }
    if let Some(kpi) = &row.kpi {
        let label = levier_render::kpi_label(kpi, language);
        row.own.insert("label".to_owned(), Json::from(label));
    }
}

/// A row as a flat object. Tables about the pipeline have exactly their own columns.
#[must_use]
pub fn fields(table: TableName, row: &Row) -> Json {
    let whole = serde_json::to_value(row).unwrap_or(Json::Null);
    let Json::Object(mut map) = whole else {
        return Json::Null;
    };
    map.values_mut().for_each(levier_domain::table::flatten);
    match table {
        TableName::Waterfall => Json::Object(
            table
                .leading_columns()
                .iter()
                .map(|column| {
                    (
                        (*column).to_owned(),
                        map.remove(*column).unwrap_or(Json::Null),
                    )
                })
                .collect(),
        ),
        TableName::Sources => {
            for column in [
                "period", "segment", "kpi", "value", "n", "lower", "upper", "unit",
            ] {
                map.remove(column);
            }
            Json::Object(map)
        }
        _ => Json::Object(map),
    }
}

/// `GET /v1/tables`.
pub(crate) async fn index(State(context): State<Context>) -> Response<Body> {
    let mut there: BTreeMap<TableName, Json> = BTreeMap::new();
    let mut newest: Option<Date> = None;
    for job in JOBS {
        match context.deps.results.pointer(job).await {
            Ok(Some(pointer)) => {
                for table in pointer.tables {
                    there.insert(table, json!({"as_of": pointer.as_of}));
                }
                newest = newest.max(Some(pointer.as_of));
            }
            Ok(None) => {}
            Err(error) => return failed(&error.into()),
        }
    }
    there.insert(TableName::Runs, json!({"as_of": newest}));
    let list: Vec<Json> = TableName::ALL
        .iter()
        .map(|table| {
            let as_of = there.get(table).and_then(|known| known.get("as_of")).cloned().unwrap_or(Json::Null);
            json!({
                "name": table.as_str(),
                "as_of": as_of,
                "formats": ["json", "csv", "parquet"],
                "url": format!("/v1/tables/{table}.json"),
                "columns": table.leading_columns().iter().chain(table.dimensions()).collect::<Vec<_>>(),
            })
        })
        .collect();
    json_response(200, &Json::Array(list))
}

/// `GET /v1/tables/{name}.{json|csv|parquet}`.
pub(crate) async fn table(
    State(context): State<Context>,
    Path(file): Path<String>,
    query: Result<Query<Filter>, QueryRejection>,
) -> Response<Body> {
    let filter = match query {
        Ok(Query(filter)) => Filter {
            fiscal_year_start: context.deps.config.workspace.fiscal_year_start,
            ..filter
        },
        Err(error) => return crate::pages::bad_filter(&error),
    };
    let (name, format) = file.rsplit_once('.').unwrap_or((&file, "json"));
    let table = match parse_name(name) {
        Ok(table) => table,
        Err(error) => return failed(&error),
    };
    let rows: Vec<Row> = match rows(&context.deps.results, table, &filter).await {
        Ok(rows) => rows.into_iter().map(Row::flat).collect(),
        Err(error) => return failed(&error),
    };
    match format {
        "json" => json_response(
            200,
            &Json::Array(rows.iter().map(|row| fields(table, row)).collect()),
        ),
        "csv" => match dialect(&filter) {
            Ok(dialect) => {
                let mut response =
                    respond(200, "text/csv; charset=utf-8", csv(&rows, table, dialect));
                if let Ok(value) =
                    HeaderValue::from_str(&format!("attachment; filename=\"levier-{table}.csv\""))
                {
                    response
                        .headers_mut()
                        .insert(header::CONTENT_DISPOSITION, value);
                }
                response
            }
            Err(error) => failed(&error),
        },
        "parquet" => match levier_lake::table::encode(table.as_str(), &rows) {
            Ok(bytes) => respond(200, "application/vnd.apache.parquet", bytes),
            Err(error) => failed(&error.into()),
        },
        other => problem(
            404,
            "No such format",
            &format!("`{other}` is not one of json, csv, parquet"),
        ),
    }
}

/// The CSV dialect that a filter asks for.
///
/// # Errors
/// [`TableError::Filter`].
pub fn dialect(filter: &Filter) -> Result<CsvDialect, TableError> {
    match asked(&filter.dialect) {
        None => Ok(CsvDialect::Plain),
        Some(code) => CsvDialect::from_code(code).ok_or_else(|| {
            TableError::Filter(format!("dialect `{code}` is not one of plain, excel-fr"))
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Weeks and quarters are told from months by their days, not by how their names sort.
    #[test]
    fn a_range_holds_the_periods_that_lie_in_it() {
        let all = [
            "2026-02-28",
            "2026-03-01",
            "2026-05-31",
            "2026-06-01",
            "2026-02",
            "2026-03",
            "2026-05",
            "2026-06",
            "2026-W09",
            "2026-W10",
            "2026-W22",
            "2026-W23",
            "2026-Q1",
            "2026-Q2",
            "2026",
            "28d",
            "all",
            "M3",
            "now",
        ];
        for (case, from, to, want) in [
            (
                "months",
                Some("2026-03"),
                Some("2026-05"),
                vec![
                    "2026-03-01",
                    "2026-05-31",
                    "2026-03",
                    "2026-05",
                    "2026-W10",
                    "2026-W22",
                ],
            ),
            (
                "days",
                Some("2026-03-01"),
                Some("2026-05-31"),
                vec![
                    "2026-03-01",
                    "2026-05-31",
                    "2026-03",
                    "2026-05",
                    "2026-W10",
                    "2026-W22",
                ],
            ),
            (
                "one week",
                Some("2026-W22"),
                Some("2026-W22"),
                vec!["2026-05-31", "2026-W22"],
            ),
            (
                "from a quarter on",
                Some("2026-Q2"),
                None,
                vec![
                    "2026-05-31",
                    "2026-06-01",
                    "2026-05",
                    "2026-06",
                    "2026-W22",
                    "2026-W23",
                    "2026-Q2",
                ],
            ),
            (
                "until a month",
                None,
                Some("2026-02"),
                vec!["2026-02-28", "2026-02"],
            ),
            ("backwards", Some("2026-05"), Some("2026-03"), vec![]),
            ("everything", None, None, all.to_vec()),
        ] {
            let filter = Filter {
                from: from.map(str::to_owned),
                to: to.map(str::to_owned),
                ..Filter::default()
            };
            let range = range(&filter).unwrap();
            let held: Vec<&str> = all
                .into_iter()
                .filter(|period| within(Some(period), range, 0))
                .collect();
            assert_eq!(held, want, "{case}");
            assert_eq!(within(None, range, 0), range.is_none(), "{case}");
        }
        for wrong in ["28d", "2026-13", "yesterday"] {
            let filter = Filter {
                to: Some(wrong.to_owned()),
                ..Filter::default()
            };
            assert!(
                matches!(range(&filter), Err(TableError::Filter(_))),
                "{wrong}"
            );
        }
    }

    /// A year from April on is named after the year in which it ends.
    #[test]
    fn fiscal_periods_are_days_too() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        for (case, name, start, first, after) in [
            ("year", "FY2026", 4, "2025-04-01", "2026-04-01"),
            ("first quarter", "FY2026-Q1", 4, "2025-04-01", "2025-07-01"),
            ("last quarter", "FY2026-Q4", 4, "2026-01-01", "2026-04-01"),
            ("from December", "FY2026-Q1", 12, "2025-12-01", "2026-03-01"),
            ("from February", "FY2026", 2, "2025-02-01", "2026-02-01"),
        ] {
            assert_eq!(days_of(name, start), Ok((day(first), day(after))), "{case}");
        }
        for name in ["FY", "FY2026-05", "FY2026-W01", "FYQ1", "FY2026-Q5"] {
            assert!(days_of(name, 4).is_err(), "{name}");
        }
    }
}
