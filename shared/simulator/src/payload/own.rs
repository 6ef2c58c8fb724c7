//! Levier's own form over Standard Webhooks, and a home-made forum that is described by mapping rules alone.

use serde_json::{Value, json};

use super::{channel_name, opening, own_message, rfc3339, text};
use crate::activity::{Happening, Live, Message, Thread, What};
use crate::company::Company;
use crate::people::{Home, handle, name};

impl Company {
    /// Levier's own form.
    pub(super) fn own(&self, happening: &Happening) -> Value {
        let actor = handle(Home::Own, happening.actor);
        let staff = self.is_staff(happening.actor);
        let id = format!("o{:x}", happening.id);
        let mut who = json!({ "id": actor });
        if staff {
            who["staff"] = json!(true);
        }
        let mut with_email = who.clone();
        with_email["email"] = json!(self.joining_email(happening.actor));
        let message_data = |thread: &Thread, message: &Message| {
            let mut data = json!({
                "id": own_message(thread, message), "actor": who,
                "channel": channel_name(Home::Own, thread.channel),
                "thread": own_message(thread, &opening(thread)), "visibility": "public",
                "text": text(thread, message)
            });
            if message.number > 1 {
                data["reply_to"] = json!(own_message(thread, &opening(thread)));
            }
            data
        };
        let live_data = |live: &Live, who: &Value| {
            json!({
                "id": id, "actor": who, "channel": "lives",
                "attributes": { "subject": format!("live-{}", live.number), "starts_at": rfc3339(live.at) }
            })
        };
        let (kind, data) = match happening.what {
            What::Joined => ("member_joined", json!({ "id": id, "actor": with_email })),
            What::Left => ("member_left", json!({ "id": id, "actor": who })),
            What::Opened(thread) => ("message_posted", message_data(&thread, &opening(&thread))),
            What::Replied(thread, message) => ("message_posted", message_data(&thread, &message)),
            What::Reacted(thread, message, _) => (
                "reaction_added",
                json!({
                    "id": id, "actor": who, "target": { "id": handle(Home::Own, message.author) },
                    "channel": channel_name(Home::Own, thread.channel),
                    "thread": own_message(&thread, &opening(&thread)),
                    "attributes": { "message": own_message(&thread, &message) }
                }),
            ),
            What::Accepted(thread, message) => (
                "answer_accepted",
                json!({
                    "id": id, "actor": who, "target": { "id": handle(Home::Own, message.author) },
                    "thread": own_message(&thread, &opening(&thread)),
                    "attributes": { "message": own_message(&thread, &message) }
                }),
            ),
            What::LiveScheduled(live) => ("live_scheduled", live_data(&live, &who)),
            What::LiveRegistered(live) => ("live_registered", live_data(&live, &with_email)),
            What::LiveAttended(live) => ("live_attended", live_data(&live, &with_email)),
        };
        json!({ "type": kind, "timestamp": rfc3339(happening.at), "data": data })
    }

    pub(super) fn forum(&self, happening: &Happening) -> Value {
        let mut who = json!({ "id": handle(Home::Forum, happening.actor) });
        if self.is_staff(happening.actor) {
            who["staff"] = json!(true);
        }
        let mut event =
            json!({ "uid": format!("f{:x}", happening.id), "when": rfc3339(happening.at) });
        let message = |thread: &Thread, message: &Message| own_message(thread, message);
        match happening.what {
            What::Joined => {
                let (first, last) = name(happening.actor);
                who["mail"] = json!(self.joining_email(happening.actor));
                who["full_name"] = json!(format!("{first} {last}"));
                event["what"] = json!("signup");
            }
            What::Left => event["what"] = json!("goodbye"),
            What::Opened(thread) => {
                event["what"] = json!("post");
                event["uid"] = json!(message(&thread, &opening(&thread)));
                event["where"] = json!(channel_name(Home::Forum, thread.channel));
                event["thread"] = event["uid"].clone();
                event["content"] = json!(text(&thread, &opening(&thread)));
            }
            What::Replied(thread, reply) => {
                event["what"] = json!("post");
                event["uid"] = json!(message(&thread, &reply));
                event["where"] = json!(channel_name(Home::Forum, thread.channel));
                event["thread"] = json!(message(&thread, &opening(&thread)));
                event["parent"] = event["thread"].clone();
                event["content"] = json!(text(&thread, &reply));
            }
            What::Reacted(thread, about, _) | What::Accepted(thread, about) => {
                event["what"] = json!("thanks");
                event["where"] = json!(channel_name(Home::Forum, thread.channel));
                event["thread"] = json!(message(&thread, &opening(&thread)));
                event["parent"] = json!(message(&thread, &about));
                event["whom"] = json!(handle(Home::Forum, about.author));
            }
            What::LiveScheduled(_) | What::LiveRegistered(_) | What::LiveAttended(_) => {}
        }
        event["who"] = who;
        json!({ "events": [event] })
    }
}
