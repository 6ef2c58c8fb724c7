//! Slack's Web API: members with their e-mail, history of channels, replies of threads.
//!
//! Slack says "no" with a 200 and `ok: false`. A page's rows are given to the reader as the Events API would have delivered them.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::pull::{Call, Page, Pull, Refusal, Round, Step, Task, refused_by_status, rows};
use crate::read::{Read, slack_time};

/// What Slack recommends for a page.
const LIMIT: usize = 200;

pub(super) struct Slack {
    pub channels: Option<Vec<String>>,
}

/// An instant as Slack writes it.
fn ts(at: Timestamp) -> String {
    let micros = at.as_microsecond();
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

fn next_page(task: &Task, page: &Page) -> Option<Task> {
    page.body
        .str("/response_metadata/next_cursor")
        .map(|cursor| task.at_page(cursor))
}

impl Slack {
    fn users(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let mut step = Step::default();
        let mut news = Vec::new();
        for user in rows(page, "/members")? {
            let Some(id) = user.str("/id") else { continue };
            let key = format!("user/{id}");
            let version = user.id("/updated").unwrap_or_default();
            if round.known.get(&key) != Some(&version) {
                news.push(user.clone());
            }
            step.known.insert(key, version);
        }
        step.land("slack.users", &news, |users| json!({"users": users}));
        match next_page(task, page) {
            Some(next) => step.tasks.push(next),
            None => step.listed = Some("user/".to_owned()),
        }
        Ok(step)
    }

    fn channels(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let mut step = Step::default();
        for channel in rows(page, "/channels")? {
            let Some(id) = channel.str("/id") else {
                continue;
            };
            let wanted = self.channels.as_ref();
            if wanted.is_some_and(|wanted| !wanted.iter().any(|one| one == id)) {
                continue;
            }
            let mark = format!("channel/{id}");
            let task = Task {
                low: round.low(&mark),
                private: channel.flag("/is_private"),
                ..Task::of("history", id)
            };
            if round.marks.contains_key(&mark) {
                step.tasks.extend(round.again(&task));
            }
            step.tasks.push(task);
        }
        step.tasks.extend(next_page(task, page));
        Ok(step)
    }

    fn history(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let mut step = Step::default();
        let mut kept = Vec::new();
        let is_thread = task.what == "replies";
        for message in rows(page, "/messages")? {
            let Some(at) = message.str("/ts").and_then(slack_time) else {
                return Err(Refusal::Other("a message has no `ts`".to_owned()));
            };
            let own = message.str("/ts");
            // The first row of a thread is the message that it hangs on, which its channel told.
            if !round.holds(task, at) || (is_thread && own == task.inside.as_deref()) {
                continue;
            }
            let has_replies = message.integer("/reply_count").is_some_and(|n| n > 0);
            if !is_thread
                && has_replies
                && message
                    .str("/thread_ts")
                    .is_none_or(|thread| Some(thread) == own)
            {
                step.tasks.push(Task {
                    inside: own.map(str::to_owned),
                    // What was said in the thread before is told already where the message is looked at again.
                    low: if task.again { Some(at) } else { None },
                    private: task.private,
                    ..Task::of("replies", task.about())
                });
            }
            let changed =
                !message.list("/reactions").is_empty() || message.get_at("/edited").is_some();
            if task.again && !changed {
                continue;
            }
            kept.push(message.clone());
        }
        step.land(
            "slack.messages",
            &kept,
            |messages| json!({"channel": task.of, "private": task.private, "messages": messages}),
        );
        match next_page(task, page) {
            Some(next) => step.tasks.push(next),
            None if !is_thread && !task.again => step
                .marks
                .push((format!("channel/{}", task.about()), "read".to_owned())),
            None => {}
        }
        Ok(step)
    }
}

impl Pull for Slack {
    fn headers(&self, token: &str) -> Vec<(&'static str, String)> {
        vec![("authorization", format!("Bearer {token}"))]
    }

    fn begin(&self, _round: &Round<'_>) -> Vec<Task> {
        ["users", "channels"].map(Task::new).to_vec()
    }

    fn call(&self, task: &Task, round: &Round<'_>) -> Call {
        let page = task.page.as_deref();
        let call = |method: &str| {
            Call::get(format!("/{method}"))
                .with("limit", Some(LIMIT))
                .with("cursor", page)
        };
        let between = |call: Call| {
            call.with("channel", task.of.as_deref())
                .with("oldest", task.low.map(ts))
                .with("latest", Some(ts(task.high.unwrap_or(round.at))))
                .with("inclusive", Some("true"))
        };
        match task.what.as_str() {
            "users" => call("users.list"),
            "channels" => call("conversations.list")
                .with("types", Some("public_channel,private_channel"))
                .with("exclude_archived", Some("false")),
            "replies" => between(call("conversations.replies")).with("ts", task.inside.as_deref()),
            _ => between(call("conversations.history")),
        }
    }

    fn refused(&self, task: &Task, page: &Page) -> Option<Refusal> {
        if let Some(refusal) = refused_by_status(&Task::new(&task.what), page) {
            return Some(refusal);
        }
        if page.body.flag("/ok") {
            return None;
        }
        let error = page.body.str("/error").unwrap_or("no error named");
        let said = match &task.of {
            Some(of) => format!("{} of {of}: {error}", task.what),
            None => format!("{}: {error}", task.what),
        };
        Some(match error {
            "ratelimited" | "rate_limited" => Refusal::Limited,
            "invalid_cursor" => Refusal::Restart,
            "invalid_auth"
            | "not_authed"
            | "account_inactive"
            | "token_revoked"
            | "token_expired"
            | "no_permission"
            | "org_login_required"
            | "not_allowed_token_type" => Refusal::Token(error.to_owned()),
            "not_in_channel" => Refusal::Skip(format!("{said}; invite the app to the channel")),
            "channel_not_found" | "thread_not_found" | "is_archived" => Refusal::Skip(said),
            "missing_scope" => {
                let scope = page.body.str("/needed").unwrap_or("another scope");
                Refusal::Skip(format!("{said}; give the app {scope} and install it again"))
            }
            _ => Refusal::Other(said),
        })
    }

    fn take(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        match task.what.as_str() {
            "users" => self.users(task, page, round),
            "channels" => self.channels(task, page, round),
            _ => self.history(task, page, round),
        }
    }
}

/// The rows of a landed page as the Events API would have delivered them.
pub(super) fn deliveries(what: &str, body: &Value) -> Vec<Value> {
    let callback = |event: Value| json!({"type": "event_callback", "event": event});
    if what == "slack.users" {
        return body
            .list("/users")
            .iter()
            .map(|user| callback(json!({"type": "user_change", "user": user})))
            .collect();
    }
    let channel = body.str("/channel").unwrap_or_default();
    // Private channels bear a C like public ones since 2021: only the list of channels tells them apart.
    let channel_type = if body.flag("/private") {
        "group"
    } else {
        "channel"
    };
    let mut all = Vec::new();
    for message in body.list("/messages") {
        let ts = message.str("/ts").unwrap_or_default();
        let user = message.get_at("/user");
        match message.str("/subtype") {
            Some(subtype @ ("channel_join" | "group_join" | "channel_leave" | "group_leave")) => {
                let kind = if subtype.ends_with("join") {
                    "member_joined_channel"
                } else {
                    "member_left_channel"
                };
                all.push(callback(json!({"type": kind, "user": user, "channel": channel, "channel_type": channel_type,
                    "inviter": message.get_at("/inviter"), "event_ts": ts})));
                continue;
            }
            _ => {
                let mut event = message.clone();
                if let Some(fields) = event.as_object_mut() {
                    fields.insert("type".to_owned(), json!("message"));
                    fields.insert("channel".to_owned(), json!(channel));
                    fields.insert("channel_type".to_owned(), json!(channel_type));
                }
                all.push(callback(event));
            }
        }
        if message.str("/edited/ts").is_some() {
            all.push(callback(
                json!({"type": "message", "subtype": "message_changed", "channel": channel,
                "channel_type": channel_type, "message": message}),
            ));
        }
        // Not said when: the message's own time is the earliest that it can be, as for an export.
        for reaction in message.list("/reactions") {
            for given_by in reaction.list("/users") {
                all.push(callback(json!({"type": "reaction_added", "user": given_by, "reaction": reaction.get_at("/name"),
                    "item": {"type": "message", "channel": channel, "ts": ts}, "item_user": user, "event_ts": ts})));
            }
        }
    }
    all
}
