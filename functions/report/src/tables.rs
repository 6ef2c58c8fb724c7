//! Tables over HTTP, as JSON, CSV or Parquet.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, Response, header};
use jiff::civil::Date;
use levier_domain::table::{Row, TableName};
use levier_render::csv;
use serde_json::{Value as Json, json};

use crate::filter::{Filter, dialect};
use crate::rows::{JOBS, fields, parse_name, rows};
use crate::{Context, failed, json_response, problem, respond};

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
