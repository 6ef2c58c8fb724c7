//! `levier send`: sign payloads as the platform does and post them.

use std::process::ExitCode;

use axum::body::Body;
use axum::http::Request as HttpRequest;
use jiff::Timestamp;
use levier_domain::config::Reference;
use levier_platforms::{Request, Source};
use levier_runtime::Dependencies;
use serde_json::{Value as Json, json};
use tower::ServiceExt;

use crate::Failure;
use crate::arguments::{Send, Shared};
use crate::output;
use crate::workspace::{Workspace, now};

/// Posts every file and prints the answers; exit code 1 if one was not taken.
pub async fn send(shared: &Shared, arguments: &Send) -> Result<ExitCode, Failure> {
    let extra = headers(&arguments.headers)?;
    let mut bodies = Vec::new();
    for file in &arguments.files {
        bodies.push(std::fs::read(file).map_err(|error| {
            Failure::Usage(format!("{} cannot be read: {error}", file.display()))
        })?);
    }
    let workspace = Workspace::open(shared).await?;
    let Some(source) = workspace.deps.sources.get(&arguments.source) else {
        let known: Vec<&str> = workspace.deps.sources.keys().map(String::as_str).collect();
        return Err(Failure::Usage(format!(
            "there is no source `{}` in levier.toml; there are: {}",
            arguments.source,
            known.join(", ")
        )));
    };
    let mut answers = Vec::new();
    for (position, (file, body)) in arguments.files.iter().zip(&bodies).enumerate() {
        let at = now();
        let delivery_id = format!("levier-send-{}-{position}", at.as_microsecond());
        let mut request = sign(&workspace.deps, source, body, at, &delivery_id)?;
        for (name, value) in &extra {
            request.headers.retain(|(known, _)| known != name);
            request.headers.push((name.clone(), value.clone()));
        }
        let (status, text) = match &workspace.up {
            Some(up) => post(&up.url, &arguments.source, request).await?,
            None => call(&workspace, &arguments.source, request).await?,
        };
        answers.push(json!({"file": file.display().to_string(), "status": status, "body": text}));
    }
    workspace.close().await;
    let refused = answers
        .iter()
        .any(|answer| answer["status"].as_u64().is_none_or(|status| status >= 300));
    if shared.json {
        output::json(&Json::Array(answers));
    } else {
        output::table(&answers);
    }
    Ok(ExitCode::from(u8::from(refused)))
}

/// `Name: value` as header name in lower case and value.
pub fn headers(written: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let read = |header: &String| {
        let (name, value) = header.split_once(':').ok_or_else(|| {
            Failure::Usage(format!("`{header}` is no header; write `Name: value`"))
        })?;
        Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
    };
    written.iter().map(read).collect()
}

/// Signs as the platform does. A platform that signs with a private key is not ours to imitate, except with one that lies beside
/// the configuration as `secrets/{source}-private`, as the made-up company's does.
pub fn sign(
    deps: &Dependencies,
    source: &Source,
    body: &[u8],
    at: Timestamp,
    delivery_id: &str,
) -> Result<Request, Failure> {
    let refusal = match source.sign(body, at, delivery_id) {
        Ok(request) => return Ok(request),
        Err(refusal) => refusal,
    };
    let reference = Reference::File(format!("secrets/{}-private", source.name()));
    let seed = deps
        .secrets
        .read(&reference)
        .ok()
        .and_then(|digits| <[u8; 32]>::try_from(hex::decode(digits).ok()?).ok());
    let signed = seed.and_then(|seed| source.sign_ed25519(body, at, delivery_id, &seed).ok());
    signed.ok_or_else(|| {
        Failure::Failed(format!(
            "{refusal}; to try it with a key pair of your own, put its private seed (64 hexadecimal digits) into secrets/{}-private beside levier.toml and its public half into public_key",
            source.name()
        ))
    })
}

fn target(source: &str, request: &Request) -> String {
    let query = if request.query.is_empty() {
        String::new()
    } else {
        format!("?{}", request.query)
    };
    format!("/hooks/{source}{query}")
}

async fn post(url: &str, source: &str, request: Request) -> Result<(u16, String), Failure> {
    let failed = |error: reqwest::Error| {
        Failure::Failed(format!("the running levier up does not answer: {error}"))
    };
    let mut call = reqwest::Client::new().post(format!("{url}{}", target(source, &request)));
    for (name, value) in &request.headers {
        call = call.header(name, value);
    }
    let response = call.body(request.body).send().await.map_err(failed)?;
    Ok((
        response.status().as_u16(),
        response.text().await.map_err(failed)?,
    ))
}

async fn call(
    workspace: &Workspace,
    source: &str,
    request: Request,
) -> Result<(u16, String), Failure> {
    let mut http = HttpRequest::builder()
        .method(request.method.as_str())
        .uri(target(source, &request));
    for (name, value) in &request.headers {
        http = http.header(name, value);
    }
    let http = http
        .body(Body::from(request.body))
        .map_err(Failure::failed)?;
    let response = levier_receive::router(workspace.deps.clone())
        .oneshot(http)
        .await
        .map_err(Failure::failed)?;
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .map_err(Failure::failed)?;
    Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
}
