//! Discourse: the latest posts, newest first, and the list of members.
//!
//! Posts are asked for by number: a page holds those numbered up to `before`, fifty numbers of them in the versions that count
//! numbers rather than posts, so that a page may be empty and older ones still follow. A topic is its first post.

use serde_json::{Value, json};

use crate::pull::{
    Call, Gone, Page, Pull, Pulled, Refusal, Round, Step, Task, refused_by_status, rows,
};
use crate::read::Read;

/// Numbers that a page of posts covers at least.
const POSTS: i64 = 50;
/// Members on a page of the list.
const USERS: usize = 100;

pub(super) struct Discourse {
    pub username: String,
}

impl Discourse {
    fn posts(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let mut step = Step::default();
        let mut kept = Vec::new();
        let mut lowest: Option<i64> = None;
        let mut highest = None;
        let mut too_new: Option<i64> = None;
        let mut is_before_history = false;
        let read_to: i64 = round
            .marks
            .get("posts")
            .and_then(|id| id.parse().ok())
            .unwrap_or(0);
        for post in rows(page, "/latest_posts")? {
            let (Some(id), Some(at)) = (post.integer("/id"), post.time("/created_at")) else {
                return Err(Refusal::Other(
                    "a post has no `id` or `created_at`".to_owned(),
                ));
            };
            lowest = Some(lowest.map_or(id, |least| least.min(id)));
            if at > round.at {
                too_new = Some(too_new.map_or(id, |least: i64| least.min(id)));
                continue;
            }
            highest = highest.max(Some(id));
            is_before_history |= round.since.is_some_and(|since| at < since);
            if id > read_to && round.since.is_none_or(|since| at >= since) {
                kept.push(post.clone());
            }
        }
        step.land("discourse.posts", &kept, |posts| json!({"posts": posts}));
        // The newest post of the round is on its first page; it becomes the mark once all older ones are read.
        let newest = task
            .of
            .as_deref()
            .and_then(|id| id.parse::<i64>().ok())
            .or_else(|| too_new.map(|id| id - 1).max(highest));
        let asked: Option<i64> = task.page.as_deref().and_then(|id| id.parse().ok());
        let next = match (lowest, asked) {
            (Some(lowest), _) => Some(lowest - 1),
            (None, Some(asked)) => Some(asked - POSTS),
            (None, None) => None,
        };
        match next.filter(|next| *next > read_to && !is_before_history) {
            Some(next) => step.tasks.push(Task {
                of: newest.map(|id| id.to_string()),
                ..task.at_page(next.to_string())
            }),
            None => {
                if let Some(newest) = newest {
                    step.marks
                        .push(("posts".to_owned(), newest.max(read_to).to_string()));
                }
            }
        }
        Ok(step)
    }

    fn users(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let users = rows(page, "")?;
        let mut step = Step::default();
        let mut news = Vec::new();
        for user in users {
            let (Some(id), Some(username)) = (user.integer("/id"), user.str("/username")) else {
                continue;
            };
            if id <= 0 {
                continue;
            }
            let key = format!("user/{id}");
            if !round.known.contains_key(&key) {
                news.push(user.clone());
            }
            step.known.insert(key, username.to_owned());
        }
        step.land("discourse.users", &news, |users| json!({"users": users}));
        if users.len() >= USERS {
            let number: u64 = task.page.as_deref().unwrap_or("1").parse().unwrap_or(1);
            step.tasks.push(task.at_page((number + 1).to_string()));
        } else {
            step.listed = Some("user/".to_owned());
        }
        Ok(step)
    }
}

impl Pull for Discourse {
    fn headers(&self, token: &str) -> Vec<(&'static str, String)> {
        vec![
            ("api-key", token.to_owned()),
            ("api-username", self.username.clone()),
        ]
    }

    fn begin(&self, _round: &Round<'_>) -> Vec<Task> {
        ["users", "posts"].map(Task::new).to_vec()
    }

    fn call(&self, task: &Task, _round: &Round<'_>) -> Call {
        let page = task.page.as_deref();
        match task.what.as_str() {
            "users" => Call::get("/admin/users/list/active.json")
                .with("show_emails", Some("true"))
                .with("order", Some("created"))
                .with("asc", Some("true"))
                .with("page", Some(page.unwrap_or("1"))),
            _ => Call::get("/posts.json").with("before", page),
        }
    }

    fn refused(&self, task: &Task, page: &Page) -> Option<Refusal> {
        match (page.status, task.what.as_str()) {
            // Discourse hides what a key may not see.
            (403 | 404, "users") => Some(Refusal::Skip(
                "users: not allowed; let the key act as an administrator".to_owned(),
            )),
            // A page's task carries the newest post, which is no object of its own.
            _ => refused_by_status(&Task::new(&task.what), page),
        }
    }

    fn take(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        match task.what.as_str() {
            "users" => self.users(task, page, round),
            _ => self.posts(task, page, round),
        }
    }

    fn gone(&self, gone: &[Gone], round: &Round<'_>) -> Vec<Pulled> {
        let left: Vec<Value> = gone
            .iter()
            .filter(|one| one.is.is_none())
            .filter_map(|one| {
                let id: i64 = one.key.strip_prefix("user/")?.parse().ok()?;
                Some(json!({"id": id, "username": one.was}))
            })
            .collect();
        if left.is_empty() {
            return Vec::new();
        }
        vec![Pulled {
            what: "discourse.leavers",
            body: json!({"after": round.known_at, "at": round.at, "left": left}),
        }]
    }
}

/// The rows of a landed page as the webhooks would have delivered them, each with its event.
pub(super) fn deliveries(what: &str, body: &Value) -> Vec<(&'static str, Value)> {
    match what {
        "discourse.posts" => body
            .list("/posts")
            .iter()
            .map(|post| ("post_created", json!({"post": post})))
            .collect(),
        "discourse.users" => body
            .list("/users")
            .iter()
            .map(|user| ("user_created", json!({"user": user})))
            .collect(),
        _ => body
            .list("/left")
            .iter()
            .map(|user| ("user_destroyed", json!({"user": user})))
            .collect(),
    }
}
