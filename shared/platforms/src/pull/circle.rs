//! Circle's Admin API v2: members, posts, comments, by page number.
//!
//! A row is given to the mapping of the source as the preset reads a webhook: `{"event": "post_created", "data": row}`. Comments
//! have no order that is documented, so all pages are read and what is older than the round is left.

use serde_json::{Value, json};

use crate::pull::{Call, Gone, Page, Pull, Pulled, Refusal, Round, Step, Task, rows};
use crate::read::{Read, without_tags};

/// The most that a page holds.
const LIMIT: usize = 100;

pub(super) struct Circle;

/// A row under the names that the preset reads: the author, the post and the text lie deeper in some rows, and a member is known
/// by the user's number, which posts bear.
fn flat(what: &str, row: &Value) -> Value {
    let mut row = row.clone();
    let found = [
        ("user_id", row.id("/user/id")),
        ("user_email", row.str("/user/email").map(str::to_owned)),
        ("post_id", row.id("/post/id")),
        ("space_id", row.id("/space/id")),
        ("body", row.str("/body/body").map(without_tags)),
        (
            "id",
            if what == "members" {
                row.id("/user_id")
            } else {
                None
            },
        ),
    ];
    let absent = |row: &Value, key: &str| {
        row.get(key)
            .is_none_or(|value| value.is_null() || value.is_object())
    };
    for (key, value) in found {
        if let Some(value) = value
            && (key == "id" || absent(&row, key))
            && let Some(fields) = row.as_object_mut()
        {
            fields.insert(key.to_owned(), Value::String(value));
        }
    }
    row
}

impl Pull for Circle {
    fn headers(&self, token: &str) -> Vec<(&'static str, String)> {
        vec![("authorization", format!("Bearer {token}"))]
    }

    fn begin(&self, round: &Round<'_>) -> Vec<Task> {
        let low = round.front.max(round.since);
        let within = |what: &str| Task {
            low,
            ..Task::new(what)
        };
        vec![Task::new("members"), within("posts"), within("comments")]
    }

    fn call(&self, task: &Task, _round: &Round<'_>) -> Call {
        let call = match task.what.as_str() {
            "members" => Call::get("/community_members").with("status", Some("all")),
            "posts" => Call::get("/posts").with("sort", Some("latest")),
            _ => Call::get("/comments"),
        };
        call.with("per_page", Some(LIMIT))
            .with("page", Some(task.page.as_deref().unwrap_or("1")))
    }

    fn take(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let records = rows(page, "/records")?;
        let mut step = Step::default();
        let mut kept = Vec::new();
        for row in records {
            if task.what == "members" {
                let Some(id) = row.id("/user_id").or_else(|| row.id("/id")) else {
                    continue;
                };
                let key = format!("member/{id}");
                if !round.known.contains_key(&key) {
                    kept.push(flat(&task.what, row));
                }
                step.known.insert(key, String::new());
            } else if row
                .time("/created_at")
                .is_none_or(|at| round.holds(task, at))
            {
                kept.push(flat(&task.what, row));
            }
        }
        let event = match task.what.as_str() {
            "members" => "member_added",
            "posts" => "post_created",
            _ => "comment_created",
        };
        let kept: Vec<Value> = kept
            .into_iter()
            .map(|row| json!({"event": event, "data": row}))
            .collect();
        step.land("circle", &kept, |events| json!({"events": events}));
        if page.body.flag("/has_next_page") {
            let number: u64 = task.page.as_deref().unwrap_or("1").parse().unwrap_or(1);
            step.tasks.push(task.at_page((number + 1).to_string()));
        } else if task.what == "members" {
            step.listed = Some("member/".to_owned());
        }
        Ok(step)
    }

    fn gone(&self, gone: &[Gone], round: &Round<'_>) -> Vec<Pulled> {
        let left: Vec<Value> = gone
            .iter()
            .filter(|one| one.is.is_none())
            .filter_map(|one| {
                let user = one.key.strip_prefix("member/")?;
                // The id of the event is the member's and the round's: whoever comes back may leave again.
                Some(json!({"event": "member_removed", "id": format!("left/{user}/{}", round.at.as_second()), "created_at": round.at,
                    "data": {"id": user, "left_after": round.known_at}}))
            })
            .collect();
        if left.is_empty() {
            return Vec::new();
        }
        vec![Pulled {
            what: "circle",
            body: json!({"events": left}),
        }]
    }
}
