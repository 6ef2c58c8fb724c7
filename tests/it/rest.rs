//! REST APIs as their platforms document them, on a loopback port: pages, tokens, limits, failures on demand.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, Response};
use serde_json::{Value, json};

/// What the server tells, and what it was asked.
#[derive(Default)]
pub struct Told {
    /// Discord: members by id.
    pub members: BTreeMap<u64, Value>,
    /// Discord: messages by channel and id.
    pub messages: BTreeMap<String, BTreeMap<u64, Value>>,
    /// Discord: users by message, by emoji.
    pub reactions: BTreeMap<String, Vec<u64>>,
    /// Discord: archived threads.
    pub threads: Vec<Value>,
    /// Discord: interested users.
    pub interested: Vec<u64>,
    /// Slack: history by channel, newest first.
    pub slack: BTreeMap<String, Vec<Value>>,
    /// Slack: replies by thread.
    pub replies: BTreeMap<String, Vec<Value>>,
    /// Slack: members.
    pub users: Vec<Value>,
    /// Discourse: posts by number.
    pub posts: BTreeMap<i64, Value>,
    /// Discourse: members.
    pub accounts: Vec<Value>,
    /// Circle: records by list.
    pub circle: BTreeMap<String, Vec<Value>>,
    /// Mention: mentions by id.
    pub mentions: BTreeMap<u64, Value>,
    /// GitHub: deliveries, newest first.
    pub deliveries: Vec<Value>,
    /// Answers to give instead, in turn, to requests whose path contains the key.
    pub instead: Vec<Instead>,
    /// Requests so far: method, path and query.
    pub asked: Vec<String>,
}

/// A part of a path, and the status, headers and body to answer with.
pub type Instead = (&'static str, u16, Headers, Value);
/// Names and values.
pub type Headers = Vec<(&'static str, &'static str)>;

/// A running server.
#[derive(Clone)]
pub struct Rest {
    pub url: String,
    pub told: Arc<Mutex<Told>>,
}

impl Rest {
    pub async fn start() -> Self {
        let told = Arc::new(Mutex::new(Told::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new()
            .fallback(answer)
            .with_state(told.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, told }
    }

    /// The requests since the last call.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap().asked)
    }

    /// Answers the next request whose path contains `path` with something else.
    pub fn instead(
        &self,
        path: &'static str,
        status: u16,
        headers: &[(&'static str, &'static str)],
        body: Value,
    ) {
        self.told
            .lock()
            .unwrap()
            .instead
            .push((path, status, headers.to_vec(), body));
    }
}

type Query = HashMap<String, String>;

async fn answer(State(told): State<Arc<Mutex<Told>>>, request: Request<Body>) -> Response<Body> {
    let mut told = told.lock().unwrap();
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default();
    told.asked
        .push(format!("{} {path}?{query}", request.method()));
    let query: Query = levier_platforms::form_pairs(query.as_bytes())
        .into_iter()
        .collect();
    let respond = |status: u16, headers: &[(&str, &str)], body: &Value| {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(Body::from(body.to_string())).unwrap()
    };
    if let Some(at) = told
        .instead
        .iter()
        .position(|(part, ..)| path.contains(part))
    {
        let (_, status, headers, body) = told.instead.remove(at);
        return respond(status, &headers, &body);
    }
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let (platform, rest) = path[1..].split_once('/').unwrap_or((&path[1..], ""));
    let wanted = match platform {
        "discord" => header("authorization") == "Bot good",
        "discourse" => header("api-key") == "good" && header("api-username") == "system",
        _ => header("authorization") == "Bearer good",
    };
    if !wanted {
        return match platform {
            "slack" => respond(200, &[], &json!({"ok": false, "error": "invalid_auth"})),
            _ => respond(401, &[], &json!({"message": "401: Unauthorized"})),
        };
    }
    let parts: Vec<&str> = rest.split('/').collect();
    match platform {
        "discord" => {
            let limits = [
                ("x-ratelimit-remaining", "4"),
                ("x-ratelimit-reset-after", "2.0"),
            ];
            match discord(&told, &parts, &query) {
                Some(body) => respond(200, &limits, &body),
                None => respond(404, &limits, &json!({"code": 10003})),
            }
        }
        "slack" => respond(200, &[], &slack(&told, parts[0], &query)),
        "discourse" => respond(200, &[], &discourse(&told, rest, &query)),
        "circle" => respond(200, &[], &circle(&told, parts[0], &query)),
        "mention" => respond(200, &[], &mention(&told, &query)),
        _ if request.method() == "POST" => respond(202, &[], &json!({})),
        _ => respond(200, &[], &Value::Array(told.deliveries.clone())),
    }
}

fn number(query: &Query, key: &str) -> Option<u64> {
    query.get(key).and_then(|text| text.parse().ok())
}

fn discord(told: &Told, parts: &[&str], query: &Query) -> Option<Value> {
    let limit = number(query, "limit").unwrap_or(50) as usize;
    let after = number(query, "after").unwrap_or(0);
    Some(match parts {
        ["guilds", "1", "members"] => {
            assert!(limit <= 1000);
            told.members
                .range(after + 1..)
                .take(limit)
                .map(|(_, member)| member.clone())
                .collect()
        }
        ["guilds", "1", "channels"] => json!([
            {"id": "10", "type": 0, "permission_overwrites": []},
            {"id": "11", "type": 4},
            {"id": "12", "type": 0, "permission_overwrites": [{"id": "1", "type": 0, "allow": "0", "deny": "1024"}]},
        ]),
        ["guilds", "1", "threads", "active"] => json!({"threads": [], "members": []}),
        ["guilds", "1", "scheduled-events"] => json!([{"id": "1470000000000000000", "scheduled_start_time": "2026-03-09T18:00:00+00:00", "creator_id": "5"}]),
        ["guilds", "1", "scheduled-events", _, "users"] => told
            .interested
            .iter()
            .map(|user| json!({"guild_scheduled_event_id": "1470000000000000000", "user": {"id": user.to_string()}}))
            .collect(),
        ["channels", channel, "threads", "archived", "public"] => {
            let of: Vec<Value> = told
                .threads
                .iter()
                .filter(|thread| thread["parent_id"] == *channel)
                .cloned()
                .collect();
            json!({"threads": of, "has_more": false})
        }
        ["channels", channel, "messages"] => {
            assert!(limit <= 100);
            let before = number(query, "before").unwrap_or(u64::MAX);
            told.messages
                .get(*channel)?
                .range(..before)
                .rev()
                .take(limit)
                .map(|(_, message)| message.clone())
                .collect()
        }
        ["channels", _, "messages", message, "reactions", _] => told
            .reactions
            .get(*message)?
            .iter()
            .filter(|user| **user > after)
            .take(limit)
            .map(|user| json!({"id": user.to_string(), "username": "x"}))
            .collect(),
        _ => return None,
    })
}

/// Pages of two, whatever is asked: Slack may give fewer than the limit.
fn paged(rows: &[Value], query: &Query, list: &str) -> Value {
    let from: usize = query
        .get("cursor")
        .and_then(|cursor| cursor.strip_prefix("c")?.parse().ok())
        .unwrap_or(0);
    let to = (from + 2).min(rows.len());
    let next = if to < rows.len() {
        format!("c{to}")
    } else {
        String::new()
    };
    json!({"ok": true, list: rows[from..to], "has_more": !next.is_empty(), "response_metadata": {"next_cursor": next}})
}

fn slack(told: &Told, method: &str, query: &Query) -> Value {
    let within = |rows: &[Value]| -> Vec<Value> {
        let ts = |text: &str| text.parse::<f64>().unwrap();
        let (oldest, latest) = (
            query.get("oldest").map_or(0.0, |t| ts(t)),
            ts(&query["latest"]),
        );
        rows.iter()
            .filter(|row| (oldest..=latest).contains(&ts(row["ts"].as_str().unwrap())))
            .cloned()
            .collect()
    };
    match method {
        "users.list" => paged(&told.users, query, "members"),
        "conversations.list" => {
            let mut all: Vec<Value> = told
                .slack
                .keys()
                .map(|id| json!({"id": id, "is_private": false}))
                .collect();
            all.push(json!({"id": "C9", "is_private": false}));
            paged(&all, query, "channels")
        }
        "conversations.history" => match told.slack.get(&query["channel"]) {
            Some(rows) => paged(&within(rows), query, "messages"),
            None => json!({"ok": false, "error": "not_in_channel"}),
        },
        _ => paged(&within(&told.replies[&query["ts"]]), query, "messages"),
    }
}

fn discourse(told: &Told, path: &str, query: &Query) -> Value {
    if path.starts_with("admin") {
        assert_eq!(query["show_emails"], "true");
        let page = number(query, "page").unwrap_or(1) as usize - 1;
        return told
            .accounts
            .chunks(100)
            .nth(page)
            .unwrap_or_default()
            .to_vec()
            .into();
    }
    let newest = told.posts.keys().last().copied().unwrap_or(0);
    let before = number(query, "before").map_or(newest, |n| n as i64);
    let posts: Vec<Value> = told
        .posts
        .range(before - 49..=before)
        .rev()
        .map(|(_, post)| post.clone())
        .collect();
    json!({"latest_posts": posts})
}

fn circle(told: &Told, list: &str, query: &Query) -> Value {
    let page = number(query, "page").unwrap() as usize;
    let rows = told.circle.get(list).cloned().unwrap_or_default();
    let pages: Vec<&[Value]> = rows.chunks(2).collect();
    json!({"page": page, "has_next_page": page < pages.len(), "records": pages.get(page - 1).copied().unwrap_or_default()})
}

fn mention(told: &Told, query: &Query) -> Value {
    if let Some(since) = number(query, "since_id") {
        let rows: Vec<&Value> = told
            .mentions
            .range(since + 1..)
            .map(|(_, row)| row)
            .collect();
        return json!({"mentions": rows});
    }
    let before = number(query, "cursor").unwrap_or(u64::MAX);
    let rows: Vec<&Value> = told
        .mentions
        .range(..before)
        .rev()
        .take(2)
        .map(|(_, row)| row)
        .collect();
    let more = rows.last().map_or(json!({}), |row| {
        json!({"more": {"href": format!("/accounts/a/alerts/7/mentions?limit=100&cursor={}", row["id"].as_str().unwrap())}})
    });
    json!({"mentions": rows, "_links": more})
}
