//! Discourse: bodies whose type is in the headers.

use serde_json::{Value, json};

use super::{Payload, bytes, channel_name, one, opening, post_id, rfc3339, text, topic};
use crate::activity::{Happening, Message, Thread, What};
use crate::company::Company;
use crate::people::{Home, handle, name};

impl Company {
    pub(super) fn discourse(&self, happening: &Happening, part: u8) -> Payload {
        let user = |number: u32| handle(Home::Discourse, number);
        let small = |number: u32| {
            let (first, last) = name(number);
            json!({ "id": 10 + number, "username": user(number), "name": format!("{first} {last}"),
                    "avatar_template": "/letter_avatar_proxy/v4/letter/b/{size}.png" })
        };
        let actor = happening.actor;
        let time = rfc3339(happening.at);
        let (event, kind, body) = match happening.what {
            What::Joined | What::Left => {
                let (first, last) = name(actor);
                let event = if happening.what == What::Joined {
                    "user_created"
                } else {
                    "user_suspended"
                };
                let since = if happening.what == What::Joined {
                    time.clone()
                } else {
                    rfc3339(self.person(actor).joined_at.unwrap_or(happening.at))
                };
                let mut user = json!({
                    "id": 10 + actor, "username": user(actor), "name": format!("{first} {last}"),
                    "email": self.joining_email(actor), "created_at": since, "active": true,
                    "admin": false, "moderator": self.is_staff(actor), "trust_level": 0, "title": null,
                    "locale": if self.census.is_french(actor) { "fr" } else { "en" },
                    "secondary_emails": [], "approved": true
                });
                if happening.what == What::Left {
                    user["suspended_at"] = json!(time);
                    user["suspended_till"] = json!("3000-01-01T00:00:00.000Z");
                }
                (event, "user", json!({ "user": user }))
            }
            What::Opened(thread) if part == 0 => {
                let title = text(&thread, &opening(&thread));
                (
                    "topic_created",
                    "topic",
                    json!({ "topic": {
                    "id": topic(&thread), "title": title, "fancy_title": title, "slug": format!("sujet-{}", topic(&thread)),
                    "posts_count": 1, "created_at": time, "views": 0, "reply_count": 0, "like_count": 0,
                    "last_posted_at": time, "visible": true, "closed": false, "archived": false,
                    "archetype": "regular", "category_id": 5 + u64::from(thread.channel), "word_count": title.split(' ').count(),
                    "deleted_at": null, "user_id": 10 + actor, "pinned": false, "highest_post_number": 1,
                    "tags": one([["aide", "machine"], ["grains", "recettes"], ["idee", "produit"], ["papote", "vie"]], thread.channel),
                    "created_by": small(actor), "last_poster": small(actor)
                } }),
                )
            }
            What::Opened(thread) => {
                let post = self.post(&thread, &opening(&thread));
                ("post_created", "post", json!({ "post": post }))
            }
            What::Replied(thread, message) => {
                let post = self.post(&thread, &message);
                ("post_created", "post", json!({ "post": post }))
            }
            What::Accepted(thread, message) => {
                let mut post = self.post(&thread, &message);
                post["accepted_answer"] = json!(true);
                post["updated_at"] = json!(time);
                ("accepted_solution", "solved", json!({ "solved": post }))
            }
            What::Reacted(thread, message, _) => {
                let mut post = self.post(&thread, &message);
                post["updated_at"] = json!(time);
                let like = json!({ "post": post, "user": small(actor), "created_at": time });
                ("post_liked", "like", json!({ "like": like }))
            }
            What::LiveScheduled(_) | What::LiveRegistered(_) | What::LiveAttended(_) => {
                ("ping", "ping", json!({ "ping": "OK" }))
            }
        };
        (
            discourse_headers(event, kind, happening.id ^ u64::from(part)),
            bytes(&body),
        )
    }

    fn post(&self, thread: &Thread, message: &Message) -> Value {
        let (first, last) = name(message.author);
        let words = text(thread, message);
        let time = rfc3339(message.at);
        let staff = self.is_staff(message.author);
        json!({
            "id": post_id(thread, message), "name": format!("{first} {last}"),
            "username": handle(Home::Discourse, message.author), "user_id": 10 + message.author,
            "created_at": time, "updated_at": time, "raw": words, "cooked": format!("<p>{words}</p>"),
            "post_number": message.number, "post_type": 1,
            "reply_to_post_number": if message.number > 1 { json!(1) } else { Value::Null },
            "topic_id": topic(thread), "topic_slug": format!("sujet-{}", topic(thread)),
            "topic_title": text(thread, &opening(thread)), "topic_archetype": "regular",
            "category_id": 5 + u64::from(thread.channel), "category_slug": channel_name(Home::Own, thread.channel),
            "staff": staff, "moderator": staff, "admin": false, "hidden": false, "user_deleted": false,
            "deleted_at": null, "trust_level": 1, "version": 1, "wiki": false, "reactions": []
        })
    }
}

pub(super) fn discourse_headers(event: &str, kind: &str, id: u64) -> Vec<(String, String)> {
    [
        ("X-Discourse-Instance", "https://cercle.brumelune.example"),
        ("X-Discourse-Event-Id", &(id >> 1 ^ id << 20).to_string()),
        ("X-Discourse-Event-Type", kind),
        ("X-Discourse-Event", event),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}
