//! What is told, and to whom: the weekly digest, and the checks of `[alerts]` and `[notify]`.

use std::process::ExitCode;

use levier_domain::config::Config;
use levier_render::Language;
use levier_runtime::Secrets;
use serde_json::json;

use crate::Failure;
use crate::arguments::{Digest, Shared};
use crate::output;
use crate::workspace::Workspace;

/// `levier digest`.
pub async fn digest(shared: &Shared, arguments: &Digest) -> Result<ExitCode, Failure> {
    let asked = match arguments.lang.as_deref() {
        None => None,
        Some(code) => Some(
            Language::from_code(code)
                .ok_or_else(|| Failure::Usage(format!("--lang `{code}` is not one of fr, en")))?,
        ),
    };
    let workspace = Workspace::open(shared).await?;
    let config = workspace.deps.config.clone();
    let tables = levier_report::digest_tables(&workspace.deps.results, arguments.as_of).await;
    workspace.close().await;
    let tables = tables.map_err(Failure::failed)?;
    let (Some(as_of), Some(whole)) = (tables.as_of(), tables.last_whole_day()) else {
        return Err(Failure::Failed(
            "nothing was computed yet; levier run nightly comes first".to_owned(),
        ));
    };
    let language = asked
        .or_else(|| Language::from_code(&config.workspace.language))
        .unwrap_or_default();
    let notice = levier_render::digest(&tables, &config.workspace.name, whole, language);
    if shared.json {
        let (week, ..) = levier_render::week_of(whole);
        output::json(&json!({
            "week": week,
            "as_of": as_of,
            "language": language.code(),
            "title": notice.title,
            "lines": notice.lines,
            "text": notice.plain(),
        }));
    } else {
        print!("{}", notice.plain());
    }
    Ok(ExitCode::SUCCESS)
}

/// Says of every alert whether its figure exists, and of every destination whether its secret can be read.
pub fn check(config: &Config, secrets: &Secrets, say: &mut impl FnMut(String, Option<String>)) {
    for (name, alert) in &config.alerts {
        let known = alert.kpi == "health_score" || levier_render::is_kpi(&alert.kpi);
        say(
            format!("alerts.{name}"),
            (!known).then(|| {
                format!(
                    "there is no KPI `{}`; /kpis lists them, levier table kpis shows the figures there are",
                    alert.kpi
                )
            }),
        );
    }
    for (name, to) in &config.notify {
        let problem = to.url.as_ref().and_then(|url| {
            // What only AWS can read is not judged here.
            let local = url.to_string().starts_with("env:") || url.to_string().starts_with("file:");
            if local { secrets.read(url).err() } else { None }
        });
        say(format!("notify.{name}"), problem);
    }
}
