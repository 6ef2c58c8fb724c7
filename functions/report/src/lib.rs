//! `report`: the tables over HTTP, the dashboard, receipts and snapshots. Reads the stored results; no arithmetic.
//!
//! One read key opens everything, given as Bearer, `x-api-key`, Basic password or `?key=`; on loopback with no key made, reading
//! needs none. The same router runs on AWS Lambda and in the local command, which also prints tables through [`rows`].

mod filter;
mod keys;
mod openapi;
mod pages;
mod rows;
mod tables;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::get;
use levier_runtime::Dependencies;
use serde_json::json;

pub use crate::filter::{Filter, dialect};
pub use crate::keys::{KeyError, KeyInfo, NewKey, Role, create_key, list_keys, revoke_key};
pub use crate::pages::digest_tables;
pub use crate::rows::{TableError, fields, parse_name, rows};

/// Who may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Only holders of a reading key (and whom the HTTP API's authoriser let through).
    KeysOnly,
    /// Everybody on this machine, as long as no key was made.
    OpenWithoutKeys,
}

#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) deps: Dependencies,
    access: Access,
}

/// The routes of `report`.
pub fn router(deps: Dependencies, access: Access) -> Router {
    let context = Context { deps, access };
    let read = Router::new()
        .route("/", get(pages::dashboard))
        .route("/sources", get(pages::sources))
        .route("/imports", get(pages::imports))
        .route("/imports/{import_id}", get(pages::receipt))
        .route("/kpis", get(pages::kpis))
        .route("/lists", get(pages::lists))
        .route("/alerts", get(pages::alerts))
        .route("/digest", get(pages::digest))
        .route("/v1/tables", get(tables::index))
        .route("/v1/tables/{file}", get(tables::table))
        .route("/v1/snapshots", get(pages::snapshots))
        .route("/v1/snapshots/{id}", get(pages::snapshot))
        .layer(from_fn_with_state(context.clone(), authorise));
    Router::new()
        .route("/healthz", get(health))
        .route("/openapi.json", get(openapi::document))
        .merge(read)
        .fallback(not_found)
        .with_state(context)
}

async fn authorise(State(context): State<Context>, request: Request, next: Next) -> Response<Body> {
    let now = (context.deps.clock)();
    match keys::check(
        &context.deps.results,
        request.headers(),
        request.uri().query(),
        now,
    )
    .await
    {
        Ok(keys::Verdict::Known(_)) => next.run(request).await,
        Ok(keys::Verdict::NoKeys) if context.access == Access::OpenWithoutKeys => {
            next.run(request).await
        }
        Ok(_) => {
            let mut response = problem(
                401,
                "Not authorised",
                "give a reading key as Bearer, x-api-key, Basic password or ?key=; levier key create makes one",
            );
            response.headers_mut().insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"levier\", charset=\"UTF-8\""),
            );
            response
        }
        Err(error) => {
            tracing::error!(%error, "keys cannot be read");
            problem(
                503,
                "Not available",
                "the results cannot be read now; try again",
            )
        }
    }
}

async fn health(State(context): State<Context>) -> Response<Body> {
    // Reading, since the answer to HEAD does not say whether the key or the bucket is missing.
    let lake = context.deps.lake.get("config/-").await;
    let results = context.deps.results.ping().await;
    if lake.is_ok() && results.is_ok() {
        json_response(
            200,
            &json!({"status": "ok", "version": env!("CARGO_PKG_VERSION")}),
        )
    } else {
        json_response(
            503,
            &json!({"status": "unavailable", "version": env!("CARGO_PKG_VERSION")}),
        )
    }
}

async fn not_found() -> Response<Body> {
    problem(
        404,
        "Not found",
        "there is nothing here; GET / is the dashboard, GET /v1/tables lists the tables",
    )
}

/// A problem document (RFC 9457).
pub(crate) fn problem(status: u16, title: &str, detail: &str) -> Response<Body> {
    let mut response = json_response(
        status,
        &json!({"type": "about:blank", "title": title, "status": status, "detail": detail}),
    );
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
}

pub(crate) fn json_response(status: u16, value: &serde_json::Value) -> Response<Body> {
    respond(status, "application/json", value.to_string())
}

pub(crate) fn respond(
    status: u16,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    );
    response
}

/// A failure to read results, as a page cannot hide it.
pub(crate) fn failed(error: &TableError) -> Response<Body> {
    match error {
        TableError::Unknown { .. } | TableError::NoSuchDay { .. } => {
            problem(404, "No such table", &error.to_string())
        }
        TableError::Filter(_) | TableError::NoSuch { .. } => {
            problem(400, "Bad filter", &error.to_string())
        }
        TableError::Results(cause) => {
            tracing::error!(%cause, "results cannot be read");
            problem(
                503,
                "Not available",
                "the results cannot be read now; try again",
            )
        }
        TableError::Lake(cause) => {
            tracing::error!(%cause, "the table cannot be written");
            problem(
                500,
                "Not written",
                "the table cannot be written in this format",
            )
        }
    }
}
