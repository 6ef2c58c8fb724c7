//! What `pull` asks of a platform and what it makes of the answers: requests, pages and cursors. Pure: no network, no clock, no
//! storage.
//!
//! Time is cut into **rounds**: a round reads everything of the interval (front, at], and the front of the next one is the `at` of
//! this one, so that the intervals touch and nothing is read twice or left out. The first round begins at `since` and ends at the
//! instant of the first run; what happens meanwhile comes by webhook, or with the next round. A round is a list of [`Task`]s, each one page; what
//! a page tells may add tasks. [`State`] holds the list, so that a round goes on where it stopped, whatever stopped it.
//!
//! What a platform only lists as it is now (members, who is interested in an event) is compared with the list of the round before
//! ([`Known`]): what is new is landed, and who is missing has left. Of a leaver only the interval between the two lists is known:
//! the event stands at the later one and carries the earlier one as `left_after`.
//!
//! What is landed is one JSON object per page, under the header [`HEADER`], read by the same reader as the source's webhooks: the
//! event ids are those that a webhook or an export of the same item gives.

mod circle;
mod discord;
mod discord_items;
mod discourse;
mod github;
mod mention;
mod puller;
mod slack;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use levier_domain::item::Item;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::platform::{Delivery, Origin, Platform};
use crate::read::Read;

pub use puller::Puller;

/// Header of a landed page: what it holds.
pub const HEADER: &str = "x-levier-pull";

/// Where the problem and the cursors of a source stand in the results store: this room, the source's name.
pub const ROOM: &str = "pull";

/// What was listed: key → what tells one life or version of it from the next.
pub type Known = BTreeMap<String, String>;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whether it asks for something to be done (`POST`) rather than to be shown (`GET`).
    pub acts: bool,
    /// Path below the base URL, encoded.
    pub path: String,
    /// Query, not yet encoded.
    pub query: Vec<(&'static str, String)>,
}

impl Call {
    fn get(path: impl Into<String>) -> Self {
        Self {
            acts: false,
            path: path.into(),
            query: Vec::new(),
        }
    }

    fn with(mut self, key: &'static str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.query.push((key, value.to_string()));
        }
        self
    }
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; null where it is no JSON.
    pub body: Value,
}

impl Page {
    /// The first header of that name, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// One page to read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// What the page holds: a word of the platform's reader.
    pub what: String,
    /// The object that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The object that holds that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
    /// Cursor of the page, absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// Where the interval begins, exclusive, where it is not the round's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<Timestamp>,
    /// Where it ends, inclusive, where it is not the round's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<Timestamp>,
    /// Whether the object is closed to some members.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// Whether the interval was read before, and only what changed since is of interest.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub again: bool,
    /// How often the interval was begun anew because its cursor had expired.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub restarts: u8,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn is_zero(n: &u8) -> bool {
    *n == 0
}

impl Task {
    fn new(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            ..Self::default()
        }
    }

    fn of(what: &str, of: impl Into<String>) -> Self {
        Self {
            of: Some(of.into()),
            ..Self::new(what)
        }
    }

    fn at_page(&self, page: impl Into<String>) -> Self {
        Self {
            page: Some(page.into()),
            ..self.clone()
        }
    }

    /// The same interval from its beginning, for a cursor that has expired; `None` if it was tried often enough.
    #[must_use]
    pub fn restarted(&self) -> Option<Self> {
        (self.page.is_some() && self.restarts < 3).then(|| Self {
            page: None,
            restarts: self.restarts + 1,
            ..self.clone()
        })
    }

    fn about(&self) -> &str {
        self.of.as_deref().unwrap_or_default()
    }
}

/// Why a source could not be pulled, as its row in `sources` says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The round in which it showed.
    pub at: Timestamp,
    /// A sentence: what failed, on what, and what to do next.
    pub detail: String,
}

/// Where the pulling of one source stands; kept in the results store, replaced as a whole after each page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Up to when everything has been read; absent before the end of the first round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub front: Option<Timestamp>,
    /// End of the round at work; absent between rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Pages still to read in it.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub tasks: VecDeque<Task>,
    /// Small cursors, and objects whose history has been read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub marks: BTreeMap<String, String>,
    /// Lists that were read to their end in this round, as prefixes of keys of [`Known`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub listed: BTreeSet<String>,
    /// Parts of the list of this round that have been written.
    #[serde(default)]
    pub parts: u32,
    /// The round whose list is the last complete one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Timestamp>,
    /// What could not be read in this round.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why the source could not be pulled, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

impl State {
    /// What stands in the way, for the source's row: the problem, or what the round could not read.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        match &self.problem {
            Some(problem) => Some(problem.detail.clone()),
            None if self.warnings.is_empty() => None,
            None => Some(self.warnings.join("; ")),
        }
    }
}

/// What a round knows.
#[derive(Clone, Copy, Debug)]
pub struct Round<'a> {
    /// Its end.
    pub at: Timestamp,
    /// Its beginning; absent in the first round.
    pub front: Option<Timestamp>,
    /// Where history begins.
    pub since: Option<Timestamp>,
    /// As [`State::marks`].
    pub marks: &'a BTreeMap<String, String>,
    /// The last complete list.
    pub known: &'a Known,
    /// When that list was made.
    pub known_at: Option<Timestamp>,
}

/// How long after it was said something is looked at once more, for the edits and reactions that it got since.
const AGAIN_AFTER_H: i64 = 72;

impl Round<'_> {
    /// Where the reading of an object begins: at the front if its history has been read, else with history.
    fn low(&self, mark: &str) -> Option<Timestamp> {
        if self.marks.contains_key(mark) {
            self.front.max(self.since)
        } else {
            self.since
        }
    }

    fn holds(&self, task: &Task, at: Timestamp) -> bool {
        task.low.is_none_or(|low| at > low) && at <= task.high.unwrap_or(self.at)
    }

    /// The interval that has become [`AGAIN_AFTER_H`] old in this round; none in the first.
    fn again(&self, task: &Task) -> Option<Task> {
        let back = jiff::SignedDuration::from_hours(AGAIN_AFTER_H);
        let low = self.front?.checked_sub(back).ok()?;
        let high = self.at.checked_sub(back).ok()?;
        if self.since.is_some_and(|since| high <= since) {
            return None;
        }
        Some(Task {
            low: Some(low).max(self.since),
            high: Some(high),
            again: true,
            ..task.clone()
        })
    }
}

/// Something to land.
#[derive(Clone, Debug, PartialEq)]
pub struct Pulled {
    /// What it holds: the value of [`HEADER`].
    pub what: &'static str,
    /// The body.
    pub body: Value,
}

/// What one page gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// To be landed.
    pub land: Vec<Pulled>,
    /// Part of the list of this round.
    pub known: Known,
    /// Pages that follow, to be read next, in this order.
    pub tasks: Vec<Task>,
    /// Cursors to set.
    pub marks: Vec<(String, String)>,
    /// A list that ends here.
    pub listed: Option<String>,
    /// What a person should know.
    pub warning: Option<String>,
}

impl Step {
    /// Lands a page, unless it holds nothing.
    fn land(&mut self, what: &'static str, items: &[Value], wrap: impl FnOnce(Value) -> Value) {
        if !items.is_empty() {
            self.land.push(Pulled {
                what,
                body: wrap(Value::Array(items.to_vec())),
            });
        }
    }
}

/// Why a page is no page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The token is refused: nothing of this source can be read until somebody sets another.
    Token(String),
    /// This object cannot be read, the others can.
    Skip(String),
    /// The cursor has expired: read the interval from its beginning.
    Restart,
    /// Too many requests.
    Limited,
    /// Anything else; what the platform said.
    Other(String),
}

/// What one platform's REST API wants.
pub(crate) trait Pull: Send + Sync {
    /// Headers that carry the token.
    fn headers(&self, token: &str) -> Vec<(&'static str, String)>;

    /// The first pages of a round.
    fn begin(&self, round: &Round<'_>) -> Vec<Task>;

    /// The request for a page.
    fn call(&self, task: &Task, round: &Round<'_>) -> Call;

    /// Why an answer is none, before it is read.
    fn refused(&self, task: &Task, page: &Page) -> Option<Refusal> {
        refused_by_status(task, page)
    }

    /// Reads a page.
    fn take(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal>;

    /// What to land of those who were listed before and are not any more: key and value as they were listed, and the value
    /// listed now where it is another.
    fn gone(&self, _gone: &[Gone], _round: &Round<'_>) -> Vec<Pulled> {
        Vec::new()
    }
}

/// Somebody or something that was listed and is not any more, or not as before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Its key.
    pub key: String,
    /// Its value as it was listed.
    pub was: String,
    /// Its value now.
    pub is: Option<String>,
}

/// By the status alone: 401 is the token's, 403 and 404 are the object's where there is one.
fn refused_by_status(task: &Task, page: &Page) -> Option<Refusal> {
    let about = || match &task.of {
        Some(of) => format!("{} of {of}", task.what),
        None => task.what.clone(),
    };
    match page.status {
        200..=299 => None,
        401 => Some(Refusal::Token("status 401".to_owned())),
        403 if task.of.is_none() => Some(Refusal::Token("status 403".to_owned())),
        429 => Some(Refusal::Limited),
        410 if task.page.is_some() => Some(Refusal::Restart),
        403 => Some(Refusal::Skip(format!("{}: not allowed", about()))),
        404 | 410 if task.of.is_some() => Some(Refusal::Skip(format!("{}: gone", about()))),
        other => Some(Refusal::Other(format!("{}: status {other}", about()))),
    }
}

/// The elements of a list that must be there.
fn rows<'a>(page: &'a Page, pointer: &str) -> Result<&'a [Value], Refusal> {
    match page.body.pointer(pointer).and_then(Value::as_array) {
        Some(list) => Ok(list),
        None => Err(Refusal::Other(format!(
            "the answer has no list at `{pointer}`"
        ))),
    }
}

/// Text of a path segment: ids come from the platform, and are still not trusted.
fn segment(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// Reads a landed page: the items of each of its rows, by the reader of the source.
pub(crate) fn normalise(
    what: &str,
    delivery: &Delivery,
    origin: &Origin<'_>,
    reader: &dyn Platform,
) -> Vec<Item> {
    let Ok(body) = serde_json::from_slice::<Value>(&delivery.body) else {
        return vec![Item::quarantined("not_json")];
    };
    let as_delivered = |body: Value, header: Option<(&str, &str)>| {
        let one = Delivery {
            received_at: delivery.received_at,
            query: String::new(),
            headers: header
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into_iter()
                .collect(),
            body: body.to_string().into_bytes(),
        };
        reader.normalise(&one, origin)
    };
    match what {
        "discord.messages" | "discord.reactions" | "discord.members" | "discord.leavers"
        | "discord.events" | "discord.interest" => discord_items::read(what, &body, origin),
        "slack.messages" | "slack.users" => slack::deliveries(what, &body)
            .into_iter()
            .flat_map(|body| as_delivered(body, None))
            .collect(),
        "discourse.posts" | "discourse.users" | "discourse.leavers" => {
            discourse::deliveries(what, &body)
                .into_iter()
                .flat_map(|(event, body)| as_delivered(body, Some(("x-discourse-event", event))))
                .collect()
        }
        "circle" | "mention" => body
            .list("/events")
            .iter()
            .flat_map(|event| as_delivered(event.clone(), None))
            .collect(),
        _ => vec![Item::ignored("unknown_type")],
    }
}
