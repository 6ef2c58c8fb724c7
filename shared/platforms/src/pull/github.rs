//! GitHub: deliveries of a webhook that failed are asked for again.
//!
//! Discussions are pushed, and GitHub never repeats a failed delivery by itself. Nothing is landed here: what is asked for again
//! comes through `receive`, with the body and the delivery id that it had. What was delivered since, or was tried [`ATTEMPTS`]
//! times, is left alone, so that no cursor is needed: GitHub itself says what it has tried, for three days.

use std::collections::BTreeMap;

use crate::pull::{Call, Page, Pull, Refusal, Round, Step, Task, rows, segment};
use crate::read::Read;

/// Attempts after which a delivery is given up.
const ATTEMPTS: u64 = 5;

pub(super) enum Owner {
    /// `owner/name`.
    Repository(String),
    /// An organisation.
    Organisation(String),
}

pub(super) struct GitHub {
    pub owner: Owner,
    pub hook: u64,
}

impl GitHub {
    fn deliveries(&self) -> String {
        let owner = match &self.owner {
            Owner::Repository(name) => {
                let (owner, name) = name.split_once('/').unwrap_or((name, ""));
                format!("/repos/{}/{}", segment(owner), segment(name))
            }
            Owner::Organisation(name) => format!("/orgs/{}", segment(name)),
        };
        format!("{owner}/hooks/{}/deliveries", self.hook)
    }
}

impl Pull for GitHub {
    fn headers(&self, token: &str) -> Vec<(&'static str, String)> {
        vec![
            ("authorization", format!("Bearer {token}")),
            ("accept", "application/vnd.github+json".to_owned()),
            ("x-github-api-version", "2022-11-28".to_owned()),
        ]
    }

    fn begin(&self, _round: &Round<'_>) -> Vec<Task> {
        vec![Task::new("deliveries")]
    }

    fn call(&self, task: &Task, _round: &Round<'_>) -> Call {
        match task.what.as_str() {
            "redeliver" => Call {
                acts: true,
                ..Call::get(format!(
                    "{}/{}/attempts",
                    self.deliveries(),
                    segment(task.about())
                ))
            },
            _ => Call::get(self.deliveries())
                .with("per_page", Some(100))
                .with("cursor", task.page.as_deref()),
        }
    }

    fn refused(&self, task: &Task, page: &Page) -> Option<Refusal> {
        let remaining = page.header("x-ratelimit-remaining") == Some("0");
        match page.status {
            // GitHub says "too many" with a 403 as well.
            403 if remaining || page.header("retry-after").is_some() => Some(Refusal::Limited),
            400 | 422 if task.page.is_some() => Some(Refusal::Restart),
            404 if task.of.is_none() => Some(Refusal::Other(
                "there is no such webhook, or the token may not see it; check `hook`, and give the token admin:repo_hook or admin:org_hook".to_owned(),
            )),
            400 | 422 if task.of.is_some() => Some(Refusal::Skip(format!("delivery {}: not sent again", task.about()))),
            _ => super::refused_by_status(task, page),
        }
    }

    fn take(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let mut step = Step::default();
        if task.what == "redeliver" {
            return Ok(step);
        }
        // The newest comes first: when the first attempt is met, all later ones of its guid have been counted.
        let mut later: BTreeMap<String, u64> = BTreeMap::new();
        for row in rows(page, "")? {
            let (Some(id), Some(guid)) = (row.id("/id"), row.str("/guid")) else {
                continue;
            };
            let is_delivered = row
                .integer("/status_code")
                .is_some_and(|code| (200..300).contains(&code));
            let mark = format!("round/{guid}");
            let known = || round.marks.get(&mark).and_then(|n| n.parse().ok());
            let attempts = later.get(&mark).copied().or_else(known).unwrap_or(0);
            let attempts = if is_delivered { ATTEMPTS } else { attempts + 1 };
            if row.flag("/redelivery") {
                later.insert(mark, attempts);
            } else if attempts < ATTEMPTS {
                step.tasks.push(Task::of("redeliver", id));
            }
        }
        step.marks
            .extend(later.into_iter().map(|(mark, n)| (mark, n.to_string())));
        if let Some(next) = page.header("link").and_then(next_cursor) {
            step.tasks.push(task.at_page(next));
        }
        Ok(step)
    }
}

/// The cursor of `Link: <…?cursor=…>; rel="next"`.
fn next_cursor(link: &str) -> Option<String> {
    let next = link.split(',').find(|part| part.contains("rel=\"next\""))?;
    let url = next.split_once('<')?.1.split_once('>')?.0;
    let (_, query) = url.split_once('?')?;
    crate::http::form_pairs(query.as_bytes())
        .into_iter()
        .find(|(key, _)| key == "cursor")
        .map(|(_, cursor)| cursor)
}
