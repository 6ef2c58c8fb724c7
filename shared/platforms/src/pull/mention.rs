//! Mention: what was said elsewhere, by alert. Back in time by the cursor of `_links.more`, forward by `since_id`.
//!
//! Mentions of earlier days can be found later, so ids and times are not in one order: forward reading goes by id, which is the
//! order of finding, and misses none.

use serde_json::json;

use crate::pull::{Call, Page, Pull, Refusal, Round, Step, Task, refused_by_status, rows, segment};
use crate::read::Read;

/// Mentions on a page; more are allowed and make slow answers.
const LIMIT: usize = 100;

pub(super) struct Mention {
    pub account: String,
    pub alerts: Vec<String>,
}

fn mark(alert: &str) -> String {
    format!("alert/{alert}")
}

impl Pull for Mention {
    fn headers(&self, token: &str) -> Vec<(&'static str, String)> {
        vec![
            ("authorization", format!("Bearer {token}")),
            ("accept-version", "1.19".to_owned()),
        ]
    }

    fn begin(&self, round: &Round<'_>) -> Vec<Task> {
        self.alerts
            .iter()
            .map(|alert| match round.marks.get(&mark(alert)) {
                Some(newest) => Task {
                    inside: Some(newest.clone()),
                    ..Task::of("forward", alert)
                },
                None => Task {
                    low: round.since,
                    ..Task::of("back", alert)
                },
            })
            .collect()
    }

    fn call(&self, task: &Task, _round: &Round<'_>) -> Call {
        let call = Call::get(format!(
            "/accounts/{}/alerts/{}/mentions",
            segment(&self.account),
            segment(task.about())
        ))
        .with("limit", Some(LIMIT));
        match task.what.as_str() {
            "forward" => call.with("since_id", task.page.as_deref().or(task.inside.as_deref())),
            _ => call.with("cursor", task.page.as_deref()),
        }
    }

    fn refused(&self, task: &Task, page: &Page) -> Option<Refusal> {
        match page.status {
            // A cursor that Mention does not know any more.
            400 | 422 if task.page.is_some() => Some(Refusal::Restart),
            _ => refused_by_status(task, page),
        }
    }

    fn take(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let mentions = rows(page, "/mentions")?;
        let mut step = Step::default();
        let mut kept = Vec::new();
        let mut newest: u64 = task
            .inside
            .as_deref()
            .and_then(|id| id.parse().ok())
            .unwrap_or(0);
        let mut is_before_history = false;
        for mention in mentions {
            let Some(id) = mention.id("/id").and_then(|id| id.parse::<u64>().ok()) else {
                return Err(Refusal::Other("a mention has no id".to_owned()));
            };
            newest = newest.max(id);
            let at = mention.time("/published_at");
            if at.is_some_and(|at| round.since.is_some_and(|since| at < since)) {
                is_before_history = true;
                continue;
            }
            kept.push(json!({"event": "mention", "alert": task.of, "data": mention}));
        }
        step.land("mention", &kept, |events| json!({"events": events}));
        let goes_on = !mentions.is_empty();
        let next = match task.what.as_str() {
            "forward" => (mentions.len() >= LIMIT).then(|| newest.to_string()),
            _ => page
                .body
                .str("/_links/more/href")
                .filter(|_| goes_on && !is_before_history)
                .and_then(cursor_of),
        };
        match next {
            Some(next) => step.tasks.push(Task {
                inside: Some(newest.to_string()),
                ..task.at_page(next)
            }),
            None if newest > 0 => step.marks.push((mark(task.about()), newest.to_string())),
            None => {}
        }
        Ok(step)
    }
}

/// The cursor in the address of the next page.
fn cursor_of(href: &str) -> Option<String> {
    let (_, query) = href.split_once('?')?;
    crate::http::form_pairs(query.as_bytes())
        .into_iter()
        .find(|(key, _)| key == "cursor")
        .map(|(_, cursor)| cursor)
        .filter(|cursor| !cursor.is_empty())
}
