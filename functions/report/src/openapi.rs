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
            "fr or en",
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
    let plain = |summary: &str| json!({"get": {"summary": summary, "responses": {"200": {"description": "ok"}}}});
    paths.insert("/v1/tables".to_owned(), plain("what there is"));
    paths.insert("/v1/snapshots".to_owned(), plain("sealed snapshots"));
    paths.insert("/v1/snapshots/{id}".to_owned(), json!({
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": text}],
        "get": {"summary": "one sealed snapshot", "responses": {"200": {"description": "the snapshot"}, "404": {"description": "no such snapshot"}}},
    }));
    paths.insert("/".to_owned(), plain("the dashboard"));
    paths.insert("/healthz".to_owned(), plain("whether the stores answer"));
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
