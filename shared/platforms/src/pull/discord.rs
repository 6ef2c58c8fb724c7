//! Discord's REST API: members, messages of channels and threads, reactions, scheduled events and who is interested in them.
//!
//! Snowflakes hold their time, so an interval of time is an interval of ids. Pages of messages are read newest first.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::pull::{
    Call, Gone, Page, Pull, Pulled, Refusal, Round, Step, Task, refused_by_status, rows, segment,
};
use crate::read::Read;

/// 2015-01-01T00:00:00Z in Unix milliseconds.
const EPOCH_MS: i64 = 1_420_070_400_000;
/// The most that a page of members holds.
const MEMBERS: usize = 1000;
/// The most that any other page holds.
const LIMIT: usize = 100;
/// Kinds of channel that hold messages: text, voice, announcements, stage.
const SPOKEN: &[i64] = &[0, 2, 5, 13];
/// Kinds of channel that hold threads: text, announcements, forum, media.
const THREADED: &[i64] = &[0, 5, 15, 16];
/// May see the channel.
const VIEW_CHANNEL: u64 = 1 << 10;

pub(super) struct Discord {
    pub guild: String,
    pub channels: Option<Vec<String>>,
}

/// When a snowflake was made.
pub(super) fn time_of(snowflake: &str) -> Option<Timestamp> {
    let id: u64 = snowflake.parse().ok()?;
    Timestamp::from_millisecond(i64::try_from(id >> 22).ok()? + EPOCH_MS).ok()
}

/// The first snowflake after an instant.
fn after(at: Timestamp) -> String {
    let ms = (at.as_millisecond() + 1 - EPOCH_MS).max(0);
    (u64::try_from(ms).unwrap_or(0) << 22).to_string()
}

fn member_key(user: &str) -> String {
    format!("member/{user}")
}

impl Discord {
    fn wants(&self, channel: &str) -> bool {
        self.channels
            .as_ref()
            .is_none_or(|wanted| wanted.iter().any(|one| one == channel))
    }

    fn is_private(&self, channel: &Value) -> bool {
        channel.list("/permission_overwrites").iter().any(|one| {
            one.str("/id") == Some(&self.guild)
                && one
                    .id("/deny")
                    .and_then(|bits| bits.parse::<u64>().ok())
                    .is_some_and(|bits| bits & VIEW_CHANNEL != 0)
        })
    }

    fn channels(&self, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let mut step = Step::default();
        let mut tasks = Vec::new();
        for channel in rows(page, "")? {
            let (Some(id), Some(kind)) = (channel.str("/id"), channel.integer("/type")) else {
                continue;
            };
            if !self.wants(id) || !(SPOKEN.contains(&kind) || THREADED.contains(&kind)) {
                continue;
            }
            let mark = format!("channel/{id}");
            let task = Task {
                low: round.low(&mark),
                private: self.is_private(channel),
                ..Task::of("messages", id)
            };
            // What the threads need to know of their channel: whether it is closed, and since when it is read.
            let seen = if task.private { "private" } else { "public" };
            step.marks.push((format!("seen/{id}"), seen.to_owned()));
            if SPOKEN.contains(&kind) {
                tasks.push(task.clone());
                if round.marks.contains_key(&mark) {
                    tasks.extend(round.again(&task));
                }
            }
            if THREADED.contains(&kind) {
                tasks.push(Task {
                    what: "archived".to_owned(),
                    ..task
                });
            } else {
                step.marks.push((mark, "read".to_owned()));
            }
        }
        step.tasks.push(Task::new("active"));
        step.tasks.extend(tasks);
        Ok(step)
    }

    fn thread(
        &self,
        thread: &Value,
        low: Option<Timestamp>,
        private: bool,
        round: &Round<'_>,
    ) -> Vec<Task> {
        let (Some(id), Some(parent)) = (thread.str("/id"), thread.str("/parent_id")) else {
            return Vec::new();
        };
        let task = Task {
            inside: Some(parent.to_owned()),
            low,
            private: private || thread.integer("/type") == Some(12),
            ..Task::of("messages", id)
        };
        let again = round
            .marks
            .contains_key(&format!("channel/{parent}"))
            .then(|| round.again(&task))
            .flatten();
        std::iter::once(task).chain(again).collect()
    }

    fn messages(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let rows = rows(page, "")?;
        let mut step = Step::default();
        let mut kept = Vec::new();
        let mut oldest: Option<(u64, &str)> = None;
        for message in rows {
            let Some((number, id)) = message
                .str("/id")
                .and_then(|id| Some((id.parse::<u64>().ok()?, id)))
            else {
                return Err(Refusal::Other("a message has no id".to_owned()));
            };
            if oldest.is_none_or(|(least, _)| number < least) {
                oldest = Some((number, id));
            }
            if !time_of(id).is_some_and(|at| round.holds(task, at)) {
                continue;
            }
            let reactions = message.list("/reactions");
            if task.again && reactions.is_empty() && message.str("/edited_timestamp").is_none() {
                continue;
            }
            kept.push(message.clone());
            for reaction in reactions {
                let Some(emoji) = emoji(reaction) else {
                    continue;
                };
                step.tasks.push(Task {
                    what: "reactions".to_owned(),
                    of: Some(format!("{id}/{emoji}")),
                    inside: Some(task.about().to_owned()),
                    private: task.private,
                    ..Task::default()
                });
            }
        }
        step.land("discord.messages", &kept, |messages| {
            json!({"guild": self.guild, "channel": task.inside.as_deref().or(task.of.as_deref()),
                "thread": task.inside.as_ref().and(task.of.as_ref()), "private": task.private, "messages": messages})
        });
        if let Some((_, id)) = oldest
            && rows.len() >= LIMIT
            && time_of(id).is_some_and(|at| task.low.is_none_or(|low| at > low))
        {
            step.tasks.push(task.at_page(id));
        }
        Ok(step)
    }

    fn reactions(&self, task: &Task, page: &Page) -> Result<Step, Refusal> {
        let users = rows(page, "")?;
        let mut step = Step::default();
        let (message, emoji) = task.about().split_once('/').unwrap_or_default();
        step.land("discord.reactions", users, |users| {
            json!({"guild": self.guild, "channel": task.inside, "message": message, "emoji": emoji, "private": task.private, "users": users})
        });
        if users.len() >= LIMIT
            && let Some(last) = users.last().and_then(|user| user.str("/id"))
        {
            step.tasks.push(task.at_page(last));
        }
        Ok(step)
    }

    fn archived(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let threads = rows(page, "/threads")?;
        let mut step = Step::default();
        let archived_at = |thread: &Value| thread.time("/thread_metadata/archive_timestamp");
        for thread in threads {
            // A thread that was archived before the interval holds nothing of it.
            if archived_at(thread).is_none_or(|at| task.low.is_none_or(|low| at > low)) {
                step.tasks
                    .extend(self.thread(thread, task.low, task.private, round));
            }
        }
        let last = threads
            .last()
            .and_then(|thread| thread.str("/thread_metadata/archive_timestamp"));
        let goes_on = threads
            .last()
            .and_then(archived_at)
            .is_some_and(|at| task.low.is_none_or(|low| at > low));
        match last {
            Some(last) if page.body.flag("/has_more") && goes_on => {
                step.tasks.push(task.at_page(last));
            }
            _ => step
                .marks
                .push((format!("channel/{}", task.about()), "read".to_owned())),
        }
        Ok(step)
    }

    fn members(&self, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let members = rows(page, "")?;
        let mut step = Step::default();
        let mut news = Vec::new();
        let mut last: u64 = 0;
        for member in members {
            let (Some(user), Some(joined)) = (member.str("/user/id"), member.str("/joined_at"))
            else {
                continue;
            };
            last = last.max(user.parse().unwrap_or(0));
            let key = member_key(user);
            if round.known.get(&key).map(String::as_str) != Some(joined) {
                news.push(member.clone());
            }
            step.known.insert(key, joined.to_owned());
        }
        step.land(
            "discord.members",
            &news,
            |members| json!({"guild": self.guild, "members": members}),
        );
        if members.len() >= MEMBERS {
            step.tasks.push(Task {
                page: Some(last.to_string()),
                ..Task::new("members")
            });
        } else {
            step.listed = Some("member/".to_owned());
        }
        Ok(step)
    }

    fn events(&self, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let events = rows(page, "")?;
        let mut step = Step::default();
        let mut news = Vec::new();
        for event in events {
            let Some(id) = event.str("/id") else { continue };
            let key = format!("event/{id}");
            let starts = event.str("/scheduled_start_time").unwrap_or_default();
            if round.known.get(&key).map(String::as_str) != Some(starts) {
                news.push(event.clone());
            }
            step.known.insert(key, starts.to_owned());
            step.tasks.push(Task::of("interest", id));
        }
        step.land(
            "discord.events",
            &news,
            |events| json!({"guild": self.guild, "events": events}),
        );
        step.listed = Some("event/".to_owned());
        Ok(step)
    }

    fn interest(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        let users = rows(page, "")?;
        let mut step = Step::default();
        let mut news = Vec::new();
        for row in users {
            let Some(user) = row.str("/user/id").or_else(|| row.str("/user_id")) else {
                continue;
            };
            let key = format!("event/{}/interest/{user}", task.about());
            if !round.known.contains_key(&key) {
                news.push(row.clone());
            }
            step.known.insert(key, String::new());
        }
        step.land(
            "discord.interest",
            &news,
            |users| json!({"guild": self.guild, "event": task.of, "at": round.at, "users": users}),
        );
        let last = users
            .last()
            .and_then(|row| row.str("/user/id").or_else(|| row.str("/user_id")));
        if let Some(last) = last
            && users.len() >= LIMIT
        {
            step.tasks.push(task.at_page(last));
        }
        Ok(step)
    }
}

/// The custom emoji's id, or the character itself, as `ids::discord::reaction` has it; with the name that the path needs.
fn emoji(reaction: &Value) -> Option<String> {
    let name = reaction.str("/emoji/name");
    match reaction.id("/emoji/id") {
        Some(id) => Some(format!("{}:{id}", name.unwrap_or("_"))),
        None => name.map(str::to_owned),
    }
}

impl Pull for Discord {
    fn headers(&self, token: &str) -> Vec<(&'static str, String)> {
        vec![("authorization", format!("Bot {token}"))]
    }

    fn begin(&self, _round: &Round<'_>) -> Vec<Task> {
        ["members", "events", "channels"].map(Task::new).to_vec()
    }

    fn call(&self, task: &Task, round: &Round<'_>) -> Call {
        let guild = segment(&self.guild);
        let about = || segment(task.about());
        let page = task.page.as_deref();
        match task.what.as_str() {
            "members" => Call::get(format!("/guilds/{guild}/members"))
                .with("limit", Some(MEMBERS))
                .with("after", page),
            "events" => Call::get(format!("/guilds/{guild}/scheduled-events")),
            "interest" => Call::get(format!(
                "/guilds/{guild}/scheduled-events/{}/users",
                about()
            ))
            .with("limit", Some(LIMIT))
            .with("after", page),
            "channels" => Call::get(format!("/guilds/{guild}/channels")),
            "active" => Call::get(format!("/guilds/{guild}/threads/active")),
            "archived" => Call::get(format!("/channels/{}/threads/archived/public", about()))
                .with("limit", Some(LIMIT))
                .with("before", page),
            "reactions" => {
                let (message, emoji) = task.about().split_once('/').unwrap_or_default();
                let channel = segment(task.inside.as_deref().unwrap_or_default());
                Call::get(format!(
                    "/channels/{channel}/messages/{}/reactions/{}",
                    segment(message),
                    segment(emoji)
                ))
                .with("limit", Some(LIMIT))
                .with("after", page)
            }
            _ => {
                let newest = after(task.high.unwrap_or(round.at));
                Call::get(format!("/channels/{}/messages", about()))
                    .with("limit", Some(LIMIT))
                    .with("before", Some(page.unwrap_or(&newest)))
            }
        }
    }

    fn refused(&self, task: &Task, page: &Page) -> Option<Refusal> {
        // A bot may be in a server and still lack an intent or a permission: the rest can be read.
        match (page.status, task.what.as_str()) {
            (403, "members") => Some(Refusal::Skip(
                "members: not allowed; turn the Server Members Intent of the bot on".to_owned(),
            )),
            (403, "events" | "active") => {
                Some(Refusal::Skip(format!("{}: not allowed", task.what)))
            }
            (403, "messages" | "archived") => Some(Refusal::Skip(format!(
                "channel {}: not allowed; give the bot View Channel and Read Message History",
                task.about()
            ))),
            (404, "members" | "channels") => Some(Refusal::Other(format!(
                "there is no server {}, or the bot is not in it; check `guild` and invite the bot",
                self.guild
            ))),
            _ => refused_by_status(task, page),
        }
    }

    fn take(&self, task: &Task, page: &Page, round: &Round<'_>) -> Result<Step, Refusal> {
        match task.what.as_str() {
            "members" => self.members(page, round),
            "events" => self.events(page, round),
            "interest" => self.interest(task, page, round),
            "channels" => self.channels(page, round),
            "active" => {
                let mut step = Step::default();
                for thread in rows(page, "/threads")? {
                    let parent = thread.str("/parent_id").unwrap_or_default();
                    if let Some(seen) = round.marks.get(&format!("seen/{parent}")) {
                        let low = round.low(&format!("channel/{parent}"));
                        step.tasks
                            .extend(self.thread(thread, low, seen == "private", round));
                    }
                }
                Ok(step)
            }
            "archived" => self.archived(task, page, round),
            "reactions" => self.reactions(task, page),
            _ => self.messages(task, page, round),
        }
    }

    fn gone(&self, gone: &[Gone], round: &Round<'_>) -> Vec<Pulled> {
        let left: Vec<Value> = gone
            .iter()
            .filter_map(|one| {
                let user = one.key.strip_prefix("member/")?;
                // Whoever has joined anew had left before that.
                let at = match &one.is {
                    Some(again) => again
                        .parse::<Timestamp>()
                        .ok()?
                        .checked_sub(jiff::SignedDuration::from_micros(1))
                        .ok()?,
                    None => round.at,
                };
                Some(json!({"user": user, "at": at}))
            })
            .collect();
        if left.is_empty() {
            return Vec::new();
        }
        vec![Pulled {
            what: "discord.leavers",
            body: json!({"guild": self.guild, "after": round.known_at, "left": left}),
        }]
    }
}
