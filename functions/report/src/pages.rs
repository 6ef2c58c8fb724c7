//! Pages: the rows that each needs, handed to the renderer.

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{Response, header};
use jiff::civil::Date;
use levier_domain::receipt::Receipt;
use levier_domain::table::{Row, TableName};
use levier_lake::keys;
use levier_render::{Language, Links, Tables};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::filter::Filter;
use crate::rows::{TableError, known, read};
use crate::{Context, failed, json_response, problem, respond};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PageQuery {
    lang: Option<String>,
    as_of: Option<Date>,
    community: Option<String>,
    segment: Option<String>,
    key: Option<String>,
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

/// What a page is asked for: the query, and in which language.
pub(crate) struct Asked {
    links: Links,
    language: Language,
}

impl FromRequestParts<Context> for Asked {
    type Rejection = Response<Body>;

    async fn from_request_parts(
        parts: &mut Parts,
        context: &Context,
    ) -> Result<Self, Self::Rejection> {
        let query = PageQuery::from_request_parts(parts, context).await?;
        let accept = parts
            .headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok());
        // Without a wish of the reader's, the workspace's language.
        let lang = query.lang.as_deref().or_else(|| {
            accept
                .is_none()
                .then_some(context.deps.config.workspace.language.as_str())
        });
        Ok(Self {
            language: Language::negotiate(lang, accept),
            links: Links {
                key: query.key,
                as_of: query.as_of,
                community: query.community,
                segment: query.segment,
            },
        })
    }
}

impl Asked {
    /// The tables that a page speaks of, narrowed to what it was asked for.
    async fn load(&self, context: &Context, names: &[TableName]) -> Result<Tables, TableError> {
        let results = &context.deps.results;
        let tables = read(results, names, self.links.as_of).await?;
        // Files stand for themselves: alone they make no day of results.
        let computed = names.iter().all(|name| *name == TableName::Imports)
            || tables.keys().any(|name| *name != TableName::Imports);
        if let Some(as_of) = self.links.as_of
            && !computed
        {
            return Err(TableError::NoSuchDay { as_of });
        }
        let filter = Filter {
            as_of: self.links.as_of,
            community: self.links.community.clone(),
            segment: self.links.segment.clone(),
            ..Filter::default()
        };
        let divided = tables.iter().filter(|(name, _)| name.is_divided());
        let rows: Vec<&Row> = divided.flat_map(|(_, rows)| rows).collect();
        known(results, &rows, &filter).await?;
        Ok(Tables::new(tables).narrowed(self.links.clone()))
    }

    /// A page over some tables, or why there is none.
    async fn page(
        &self,
        context: &Context,
        names: &[TableName],
        page: impl FnOnce(&Tables) -> String,
    ) -> Response<Body> {
        match self.load(context, names).await {
            Ok(tables) => html(page(&tables)),
            Err(error) => self.failed(&error),
        }
    }

    /// The page of an error that the reader can do something about; others are as everywhere.
    fn failed(&self, error: &TableError) -> Response<Body> {
        let say = |english: &str, french: &str| self.language.say(english, french);
        let (status, title, detail) = match error {
            TableError::NoSuchDay { as_of } => (
                404,
                say("No results for that day", "Pas de résultats pour ce jour"),
                say(
                    &error.to_string(),
                    &format!(
                        "Rien n'a été calculé à la date du {as_of} ; lancez d'abord les calculs avec --as-of {as_of}."
                    ),
                ),
            ),
            TableError::NoSuch { what, value, known } => (
                400,
                say("Bad filter", "Filtre inconnu"),
                say(
                    &error.to_string(),
                    &format!(
                        "Il n'y a pas de {} « {value} » ; il y a : {known}.",
                        match *what {
                            "community" => "communauté",
                            "segment" => "segment",
                            other => other,
                        }
                    ),
                ),
            ),
            _ => return failed(error),
        };
        let page = levier_render::problem(status, &title, &detail, &self.links, self.language);
        respond(status, HTML, page)
    }
}

const HTML: &str = "text/html; charset=utf-8";

fn html(page: String) -> Response<Body> {
    respond(200, HTML, page)
}

pub(crate) async fn dashboard(State(context): State<Context>, asked: Asked) -> Response<Body> {
    let name = &context.deps.config.workspace.name;
    asked
        .page(&context, TableName::ALL, |tables| {
            levier_render::dashboard(tables, name, asked.language)
        })
        .await
}

pub(crate) async fn sources(State(context): State<Context>, asked: Asked) -> Response<Body> {
    let names = [TableName::Sources, TableName::Waterfall];
    asked
        .page(&context, &names, |tables| {
            levier_render::sources_page(tables, asked.language)
        })
        .await
}

pub(crate) async fn imports(State(context): State<Context>, asked: Asked) -> Response<Body> {
    asked
        .page(&context, &[TableName::Imports], |tables| {
            levier_render::imports_page(tables, asked.language)
        })
        .await
}

pub(crate) async fn kpis(State(context): State<Context>, asked: Asked) -> Response<Body> {
    let names = [TableName::Kpis, TableName::Roi, TableName::Tenure];
    asked
        .page(&context, &names, |tables| {
            levier_render::kpis_page(tables, asked.language)
        })
        .await
}

/// The lists that somebody works from.
pub(crate) async fn lists(State(context): State<Context>, asked: Asked) -> Response<Body> {
    let names = [TableName::Champions, TableName::Leads];
    asked
        .page(&context, &names, |tables| {
            levier_render::lists_page(tables, asked.language)
        })
        .await
}

/// Everything that is watched.
pub(crate) async fn alerts(State(context): State<Context>, asked: Asked) -> Response<Body> {
    asked
        .page(&context, &[TableName::Alerts], |tables| {
            levier_render::alerts_page(tables, asked.language)
        })
        .await
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
pub(crate) async fn digest(State(context): State<Context>, asked: Asked) -> Response<Body> {
    let results = &context.deps.results;
    let tables = match asked.load(&context, DIGEST).await {
        Ok(tables) => running(results, asked.links.as_of, tables).await,
        Err(error) => Err(error),
    };
    match tables {
        Ok(tables) => html(levier_render::digest_page(
            &tables,
            &context.deps.config.workspace.name,
            asked.language,
        )),
        Err(error) => asked.failed(&error),
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
    let tables = read(results, DIGEST, as_of).await?;
    match as_of {
        Some(as_of) if tables.is_empty() => Err(TableError::NoSuchDay { as_of }),
        _ => running(results, as_of, Tables::new(tables)).await,
    }
}

/// A receipt as a page, or as JSON with `.json`.
pub(crate) async fn receipt(
    State(context): State<Context>,
    Path(name): Path<String>,
    asked: Asked,
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
            &asked.links,
            asked.language,
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
