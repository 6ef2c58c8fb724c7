//! Slack: `event_callback` envelopes.

use serde_json::{Value, json};

use super::{Payload, SLACK_EMOJI, channel_name, one, opening, plain, slack_time, text, uuid};
use crate::activity::{Happening, Message, Thread, What};
use crate::company::Company;
use crate::people::{Home, handle, name};

impl Company {
    pub(super) fn slack(&self, happening: &Happening) -> Payload {
        let user = |number| handle(Home::Slack, number);
        let room = |thread: &Thread| channel_name(Home::Slack, thread.channel);
        let actor = happening.actor;
        let event = match happening.what {
            What::Joined => {
                let (first, last) = name(actor);
                let full = format!("{first} {last}");
                json!({
                    "type": "team_join",
                    "user": {
                        "id": user(actor), "team_id": "T0BRUMELUNE", "name": format!("u{actor}"),
                        "deleted": false, "real_name": full, "tz": "Europe/Paris", "tz_offset": 3600,
                        "profile": {
                            "real_name": full, "display_name": first, "first_name": first, "last_name": last,
                            "email": self.joining_email(actor), "title": "", "phone": "", "team": "T0BRUMELUNE"
                        },
                        "is_admin": false, "is_owner": false, "is_bot": false, "is_restricted": false,
                        "is_app_user": false, "updated": happening.at / 1_000_000, "is_email_confirmed": true,
                        "locale": if self.census.is_french(actor) { "fr-FR" } else { "en-GB" }
                    },
                    "event_ts": slack_time(happening.at)
                })
            }
            What::Opened(thread) => self.slack_message(happening, &thread, &opening(&thread)),
            What::Replied(thread, message) => self.slack_message(happening, &thread, &message),
            What::Reacted(thread, message, emoji) => json!({
                "type": "reaction_added", "user": user(actor),
                "reaction": one(SLACK_EMOJI, emoji),
                "item": { "type": "message", "channel": room(&thread), "ts": slack_time(message.at) },
                "item_user": user(message.author), "event_ts": slack_time(happening.at)
            }),
            // Accepting and lives do not exist there; leaving the general channel is what Slack tells of a departure.
            _ => json!({
                "type": "member_left_channel", "user": user(actor),
                "channel": channel_name(Home::Slack, 1), "channel_type": "C", "team": "T0BRUMELUNE",
                "event_ts": slack_time(happening.at)
            }),
        };
        plain(&json!({
            "token": "verification_token", "team_id": "T0BRUMELUNE", "api_app_id": "A0LEVIER",
            "event": event, "type": "event_callback",
            "event_id": format!("Ev{:016X}", happening.id),
            "event_time": happening.at / 1_000_000,
            "authorizations": [{
                "enterprise_id": null, "team_id": "T0BRUMELUNE", "user_id": "U0LEVIERBOT",
                "is_bot": true, "is_enterprise_install": false
            }],
            "is_ext_shared_channel": false
        }))
    }

    fn slack_message(&self, happening: &Happening, thread: &Thread, message: &Message) -> Value {
        let words = text(thread, message);
        let time = slack_time(message.at);
        let mut event = json!({
            "type": "message", "user": handle(Home::Slack, happening.actor), "text": words, "ts": time,
            "client_msg_id": uuid(happening.id), "team": "T0BRUMELUNE",
            "blocks": [{ "type": "rich_text", "block_id": format!("b{:x}", happening.id & 0xffff), "elements": [{
                "type": "rich_text_section", "elements": [{ "type": "text", "text": words }]
            }] }],
            "channel": channel_name(Home::Slack, thread.channel), "event_ts": time, "channel_type": "channel"
        });
        if message.number > 1 {
            event["thread_ts"] = json!(slack_time(thread.at));
            event["parent_user_id"] = json!(handle(Home::Slack, thread.author));
        }
        event
    }
}
