//! Pages: the rows that each needs, handed to the renderer.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Response, header};
use jiff::civil::Date;
use levier_domain::receipt::Receipt;
use levier_domain::table::TableName;
use levier_lake::keys;
use levier_render::{Language, Tables};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::tables::{Filter, TableError, rows};
use crate::{Context, failed, json_response, problem, respond};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PageQuery {
    lang: Option<String>,
    as_of: Option<jiff::civil::Date>,
    community: Option<String>,
    segment: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for PageQuery {
    type Rejection = Response<Body>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        Query::<Self>::from_request_parts(parts, state)
            .await
            .map(|Query(query)| query)
            .map_err(|error| bad_filter(&error))
    }
}

/// Why a query string is not read.
pub(crate) fn bad_filter(error: &QueryRejection) -> Response<Body> {
    problem(
        400,
        "Bad filter",
        &format!("{}; a day is written 2026-03-31", error.body_text()),
    )
}

impl PageQuery {
    fn language(&self, context: &Context, headers: &HeaderMap) -> Language {
        let accept = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        // Without a wish of the reader's, the workspace's language.
        let asked = self.lang.as_deref().or_else(|| {
            accept
                .is_none()
                .then_some(context.deps.config.workspace.language.as_str())
        });
        Language::negotiate(asked, accept)
    }
}

async fn load(
    context: &Context,
    query: &PageQuery,
    names: &[TableName],
) -> Result<Tables, TableError> {
    let filter = Filter {
        as_of: query.as_of,
        community: query.community.clone(),
        segment: query.segment.clone(),
        ..Filter::default()
    };
    let mut tables = BTreeMap::new();
    for name in names {
        match rows(&context.deps.results, *name, &filter).await {
            Ok(found) => {
                tables.insert(*name, found);
            }
            Err(TableError::NoSuchDay { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Tables::new(tables))
}

fn html(page: String) -> Response<Body> {
    respond(200, "text/html; charset=utf-8", page)
}

pub(crate) async fn dashboard(
    State(context): State<Context>,
    query: PageQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let language = query.language(&context, &headers);
    match load(&context, &query, TableName::ALL).await {
        Ok(tables) => html(levier_render::dashboard(
            &tables,
            &context.deps.config.workspace.name,
            language,
        )),
        Err(error) => failed(&error),
    }
}

pub(crate) async fn sources(
    State(context): State<Context>,
    query: PageQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let language = query.language(&context, &headers);
    match load(
        &context,
        &query,
        &[TableName::Sources, TableName::Waterfall],
    )
    .await
    {
        Ok(tables) => html(levier_render::sources_page(&tables, language)),
        Err(error) => failed(&error),
    }
}

pub(crate) async fn imports(
    State(context): State<Context>,
    query: PageQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let language = query.language(&context, &headers);
    match load(&context, &query, &[TableName::Imports]).await {
        Ok(tables) => html(levier_render::imports_page(&tables, language)),
        Err(error) => failed(&error),
    }
}

pub(crate) async fn kpis(
    State(context): State<Context>,
    query: PageQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let language = query.language(&context, &headers);
    match load(&context, &query, &[TableName::Kpis]).await {
        Ok(tables) => html(levier_render::kpis_page(&tables, language)),
        Err(error) => failed(&error),
    }
}

/// The lists that somebody works from.
pub(crate) async fn lists(
    State(context): State<Context>,
    query: PageQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let language = query.language(&context, &headers);
    match load(&context, &query, &[TableName::Champions, TableName::Leads]).await {
        Ok(tables) => html(levier_render::lists_page(&tables, language)),
        Err(error) => failed(&error),
    }
}

/// Everything that is watched.
pub(crate) async fn alerts(
    State(context): State<Context>,
    query: PageQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let language = query.language(&context, &headers);
    match load(&context, &query, &[TableName::Alerts]).await {
        Ok(tables) => html(levier_render::alerts_page(&tables, language)),
        Err(error) => failed(&error),
    }
}

/// Tables that the weekly digest speaks of.
const DIGEST: &[TableName] = &[
    TableName::Kpis,
    TableName::Uplift,
    TableName::Health,
    TableName::Alerts,
    TableName::Champions,
    TableName::Leads,
];

/// The week in brief.
pub(crate) async fn digest(
    State(context): State<Context>,
    query: PageQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let language = query.language(&context, &headers);
    match load(&context, &query, DIGEST).await {
        Ok(tables) => match running(&context.deps.results, query.as_of, tables).await {
            Ok(tables) => html(levier_render::digest_page(
                &tables,
                &context.deps.config.workspace.name,
                language,
            )),
            Err(error) => failed(&error),
        },
        Err(error) => failed(&error),
    }
}

/// Says of tables whether they were computed on a day that still ran, so that no week is told before it is over.
async fn running(
    results: &levier_results::Results,
    as_of: Option<Date>,
    tables: Tables,
) -> Result<Tables, TableError> {
    let health = match as_of {
        Some(day) => results.pointer_as_of("health", day).await?,
        None => results.pointer("health").await?,
    };
    let running = health.filter(|health| health.until.is_some());
    Ok(tables.running(running.map(|health| health.as_of)))
}

/// What the weekly digest of a day is written from.
///
/// # Errors
/// [`TableError`].
pub async fn digest_tables(
    results: &levier_results::Results,
    as_of: Option<Date>,
) -> Result<Tables, TableError> {
    let filter = Filter {
        as_of,
        ..Filter::default()
    };
    let mut tables = BTreeMap::new();
    let mut computed = as_of.is_none();
    for name in DIGEST {
        match rows(results, *name, &filter).await {
            Ok(found) => {
                computed = true;
                tables.insert(*name, found);
            }
            Err(TableError::NoSuchDay { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    match (computed, as_of) {
        (false, Some(as_of)) => Err(TableError::NoSuchDay { as_of }),
        _ => running(results, as_of, Tables::new(tables)).await,
    }
}

/// A receipt as a page, or as JSON with `.json`.
pub(crate) async fn receipt(
    State(context): State<Context>,
    Path(name): Path<String>,
    query: PageQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let import_id = name.strip_suffix(".json").unwrap_or(&name);
    if import_id.is_empty() || !import_id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return problem(
            404,
            "No such import",
            "an import's id is hexadecimal; GET /imports lists them",
        );
    }
    let found: Option<Receipt> = match context.deps.lake.get_json(&keys::receipt(import_id)).await {
        Ok(found) => found,
        Err(error) => return failed(&TableError::Lake(error)),
    };
    match found {
        None => problem(
            404,
            "No such import",
            "there is no receipt of that id; GET /imports lists them",
        ),
        Some(receipt) if name.ends_with(".json") => {
            json_response(200, &serde_json::to_value(receipt).unwrap_or(Json::Null))
        }
        Some(receipt) => html(levier_render::receipt_page(
            &receipt,
            query.language(&context, &headers),
        )),
    }
}

/// The sealed snapshots, newest first.
pub(crate) async fn snapshots(State(context): State<Context>) -> Response<Body> {
    match context.deps.lake.list(keys::SNAPSHOTS).await {
        Ok(objects) => {
            let ids: Vec<Json> = objects
                .iter()
                .rev()
                .filter_map(|object| {
                    object
                        .key
                        .strip_prefix(keys::SNAPSHOTS)?
                        .strip_suffix(".json")
                })
                .map(|id| json!({"snapshot_id": id, "url": format!("/v1/snapshots/{id}")}))
                .collect();
            json_response(200, &Json::Array(ids))
        }
        Err(error) => failed(&TableError::Lake(error)),
    }
}

/// One sealed snapshot, byte for byte.
pub(crate) async fn snapshot(
    State(context): State<Context>,
    Path(id): Path<String>,
) -> Response<Body> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if id.is_empty() || !id.chars().all(plain) {
        return problem(404, "No such snapshot", "GET /v1/snapshots lists them");
    }
    match context
        .deps
        .lake
        .get(&format!("{}{id}.json", keys::SNAPSHOTS))
        .await
    {
        Ok(Some(bytes)) => respond(200, "application/json", bytes),
        Ok(None) => problem(404, "No such snapshot", "GET /v1/snapshots lists them"),
        Err(error) => failed(&TableError::Lake(error)),
    }
}
