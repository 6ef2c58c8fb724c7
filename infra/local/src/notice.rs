//! What is told, and to whom: the weekly digest, and the checks of `[alerts]` and `[notify]`.

use std::collections::BTreeSet;
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
    let workspace = Workspace::read(shared).await?;
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
        crate::output::text(format_args!("{}", notice.plain()));
    }
    Ok(ExitCode::SUCCESS)
}

/// What was found of one thing.
pub enum Found {
    /// Nothing.
    Fine,
    /// What may be meant so; only the data tell.
    Doubtful(String),
    /// What cannot work.
    Wrong(String),
}

impl Found {
    /// Wrong where there is a problem.
    pub fn of(problem: Option<String>) -> Self {
        problem.map_or(Self::Fine, Self::Wrong)
    }
}

/// Says of every alert whether its figure can exist, and of every destination whether its secret can be read and be used.
pub fn check(config: &Config, secrets: &Secrets, say: &mut impl FnMut(String, Found)) {
    let communities = communities(config);
    let sources = config.sources.values();
    let platforms: BTreeSet<&str> = sources
        .flat_map(|source| [Some(source.platform.as_str()), source.preset.as_deref()])
        .flatten()
        .collect();
    for (name, alert) in &config.alerts {
        let known = alert.kpi == "health_score" || levier_render::is_kpi(&alert.kpi);
        let found = if known {
            doubt("community", alert.community.as_deref(), &communities)
                .or_else(|| doubt("platform", alert.platform.as_deref(), &platforms))
                .map_or(Found::Fine, Found::Doubtful)
        } else {
            Found::Wrong(format!(
                "there is no KPI `{}`; /kpis lists them, levier table kpis shows the figures there are",
                alert.kpi
            ))
        };
        say(format!("alerts.{name}"), found);
    }
    for (name, to) in &config.notify {
        let problem = to.url.as_ref().and_then(|url| {
            // What only AWS can read is not judged here.
            let local = url.to_string().starts_with("env:") || url.to_string().starts_with("file:");
            if !local {
                return None;
            }
            match secrets.read(url) {
                Err(problem) => Some(problem),
                Ok(address) => levier_alert::address(&address)
                    .err()
                    .map(|why| format!("what {url} holds is {why}")),
            }
        });
        say(format!("notify.{name}"), Found::of(problem));
    }
    for named in &config.qualified_leads.communities {
        if let Some(said) = doubt("community", Some(named), &communities) {
            say("qualified_leads".to_owned(), Found::Doubtful(said));
        }
    }
}

/// Communities that the configuration names; files may bring others.
fn communities(config: &Config) -> BTreeSet<&str> {
    let of_sources = config
        .sources
        .values()
        .map(|source| source.community.as_str());
    let own = config.communities.keys().map(String::as_str);
    own.chain(of_sources).collect()
}

/// What to say of a name that the configuration does not know, where it knows any.
fn doubt(what: &str, named: Option<&str>, known: &BTreeSet<&str>) -> Option<String> {
    let named = named.filter(|name| *name != "all" && !known.contains(name))?;
    let list: Vec<&str> = known.iter().copied().collect();
    (!known.is_empty()).then(|| {
        format!(
            "no source is of the {what} `{named}`, only of {}; unless files bring it, this never has a figure",
            list.join(", ")
        )
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_arrive_or_has_no_figure_is_said() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("good", "https://hooks.example.com/x\n"),
            ("here", "http://127.0.0.1:9/x"),
            ("clear", "http://hooks.example.com/secret"),
            ("odd", "pasmal"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let to = |name: &str| format!("[notify.{name}]\nkind = \"slack\"\nurl = \"file:{name}\"\n");
        let of = |name: &str, more: &str| {
            format!("[alerts.{name}]\nkpi = \"messages\"\nbelow = 3\n{more}\n")
        };
        let text = [
            to("good"),
            to("here"),
            to("clear"),
            to("odd"),
            of("a", "community = \"main\""),
            of("b", "community = \"mian\""),
            of("c", "platform = \"slcak\""),
            "[sources.team]\nplatform = \"slack\"\ncommunity = \"main\"\nsecret = \"env:X\"\n"
                .to_owned(),
            "[qualified_leads]\ncommunities = [\"mian\"]\n".to_owned(),
        ]
        .concat();
        let config = Config::parse(&text).unwrap();
        let (mut fine, mut doubtful, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        check(
            &config,
            &Secrets::local(folder.path()),
            &mut |what, found| match found {
                Found::Fine => fine.push(what),
                Found::Doubtful(said) => doubtful.push(format!("{what}: {said}")),
                Found::Wrong(said) => wrong.push(format!("{what}: {said}")),
            },
        );
        assert_eq!(fine, ["alerts.a", "notify.good", "notify.here"]);
        assert_eq!(doubtful.len(), 3, "{doubtful:?}");
        assert!(doubtful[0].starts_with("alerts.b: ") && doubtful[0].contains("only of main"));
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(
            wrong[0].contains("not https") && wrong[1].contains("no address"),
            "{wrong:?}"
        );
        assert!(
            !wrong.join("").contains("example.com"),
            "the address is a secret"
        );
    }
}
