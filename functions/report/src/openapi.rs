//! `GET /openapi.json`: the HTTP contract, generated from the tables there are.

use axum::body::Body;
use axum::http::Response;
use levier_domain::table::TableName;
use serde_json::{Value as Json, json};

use crate::json_response;

fn parameter(name: &str, description: &str, schema: &Json) -> Json {
    json!({"name": name, "in": "query", "required": false, "description": description, "schema": schema})
}

pub(crate) async fn document() -> Response<Body> {
    let text = json!({"type": "string"});
    let day = json!({"type": "string", "format": "date"});
    let filters = [
        parameter(
            "as_of",
            "the day whose knowledge counts; the newest when absent",
            &day,
        ),
        parameter("from", "first period, by name", &text),
        parameter("to", "last period, by name", &text),
        parameter("community", "one community", &text),
        parameter("segment", "one segment", &text),
        parameter("kpi", "one KPI", &text),
        parameter(
            "lang",
            "reasons in this language, and a column label with the name of the KPI",
            &json!({"type": "string", "enum": ["fr", "en"]}),
        ),
        parameter(
            "dialect",
            "of CSV",
            &json!({"type": "string", "enum": ["plain", "excel-fr"]}),
        ),
    ];
    let mut paths = serde_json::Map::new();
    for table in TableName::ALL {
        for (format, content_type) in [
            ("json", "application/json"),
            ("csv", "text/csv"),
            ("parquet", "application/vnd.apache.parquet"),
        ] {
            paths.insert(
                format!("/v1/tables/{table}.{format}"),
                json!({"get": {
                    "operationId": format!("{table}_{format}"),
                    "summary": format!("the table {table} as {format}"),
                    "parameters": filters,
                    "responses": {
                        "200": {"description": "the rows", "content": {content_type: {}}},
                        "400": {"description": "a filter that makes no sense"},
                        "401": {"description": "no reading key"},
                        "404": {"description": "nothing was computed for that day"},
                    },
                }}),
            );
        }
    }
    let open = |summary: &str| json!({"get": {"summary": summary, "security": [], "responses": {"200": {"description": "ok"}, "503": {"description": "the stores do not answer"}}}});
    let page = |summary: &str| {
        json!({"get": {
            "summary": summary,
            "parameters": [
                parameter("lang", "fr or en; else as the browser asks", &json!({"type": "string", "enum": ["fr", "en"]})),
                parameter("as_of", "the day whose knowledge counts", &day),
                parameter("community", "one community", &text),
                parameter("segment", "one segment", &text),
            ],
            "responses": {"200": {"description": "a page", "content": {"text/html": {}}}, "401": {"description": "no reading key"}},
        }})
    };
    let plain = |summary: &str| json!({"get": {"summary": summary, "responses": {"200": {"description": "ok"}}}});
    paths.insert("/v1/tables".to_owned(), plain("what there is"));
    paths.insert("/v1/snapshots".to_owned(), plain("sealed snapshots"));
    paths.insert("/v1/snapshots/{id}".to_owned(), json!({
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": text}],
        "get": {"summary": "one sealed snapshot", "responses": {"200": {"description": "the snapshot"}, "404": {"description": "no such snapshot"}}},
    }));
    for (path, summary) in [
        ("/", "the dashboard"),
        ("/kpis", "every KPI: its last figure, or why there is none"),
        (
            "/lists",
            "work lists: questions, newcomers, champions, leads",
        ),
        ("/alerts", "what is watched, and what is beyond its limits"),
        ("/digest", "the week in brief"),
        ("/sources", "what each source delivered"),
        ("/imports", "what each dropped file brought"),
    ] {
        paths.insert(path.to_owned(), page(summary));
    }
    paths.insert("/imports/{import_id}".to_owned(), json!({
        "parameters": [{"name": "import_id", "in": "path", "required": true, "description": "as listed; with .json the receipt as JSON", "schema": text}],
        "get": {"summary": "the receipt of one file", "responses": {"200": {"description": "the receipt"}, "401": {"description": "no reading key"}, "404": {"description": "no such import"}}},
    }));
    paths.insert("/healthz".to_owned(), open("whether the stores answer"));
    paths.insert("/hooks/{source}".to_owned(), json!({
        "parameters": [{"name": "source", "in": "path", "required": true, "schema": text}],
        "post": {"summary": "a webhook", "security": [], "responses": {"200": {"description": "stored"}, "401": {"description": "not verified"}, "503": {"description": "not stored; send again"}}},
        "get": {"summary": "a handshake", "security": [], "responses": {"200": {"description": "answered"}, "405": {"description": "this platform has none"}}},
    }));
    json_response(
        200,
        &json!({
            "openapi": "3.1.0",
            "info": {"title": "Levier", "version": env!("CARGO_PKG_VERSION")},
            "paths": paths,
            "components": {"securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
                "header": {"type": "apiKey", "in": "header", "name": "x-api-key"},
                "query": {"type": "apiKey", "in": "query", "name": "key"},
            }},
            "security": [{"bearer": []}, {"basic": []}, {"header": []}, {"query": []}],
        }),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The document names every route of the router, and none that is not there.
    #[tokio::test]
    async fn the_document_is_true_to_the_routes() {
        let body = axum::body::to_bytes(document().await.into_body(), usize::MAX)
            .await
            .unwrap();
        let document: Json = serde_json::from_slice(&body).unwrap();
        let said: std::collections::BTreeSet<&str> = document["paths"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        let mut routes: std::collections::BTreeSet<String> = include_str!("lib.rs")
            .split(".route(\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .map(str::to_owned)
            .collect();
        // A file of a table stands for every table in every format; the document itself is not in it; hooks are receive's.
        assert!(routes.remove("/v1/tables/{file}") && routes.remove("/openapi.json"));
        for table in TableName::ALL {
            for format in ["json", "csv", "parquet"] {
                routes.insert(format!("/v1/tables/{table}.{format}"));
            }
        }
        routes.insert("/hooks/{source}".to_owned());
        assert_eq!(said, routes.iter().map(String::as_str).collect());
    }
}
