//! Bodies and headers as the platforms send them, from what happened.

use serde_json::{Value, json};

use crate::activity::{Happening, Live, Message, Thread, Via, What};
use crate::calendar::instant;
use crate::company::Company;
use crate::people::{Home, community_email, handle, name, phone};
use crate::text::{Intent, words};

/// Headers beyond the signature, and the body.
pub(crate) type Payload = (Vec<(String, String)>, Vec<u8>);

/// Identifier of the platform of a source.
pub(crate) fn platform(via: Via) -> &'static str {
    match via {
        Via::Home(Home::Slack) => "slack",
        Via::Home(Home::Discourse) => "discourse",
        Via::Home(Home::Own) => "standard-webhooks",
        Via::Home(Home::Forum) => "generic",
        Via::Home(Home::Discord) => "discord",
        Via::Home(Home::Whatsapp) => "whatsapp",
        Via::Zoom => "zoom",
        Via::MeltingSpot => "meltingspot",
    }
}

/// What a platform calls a channel: 0 help, 1 coffee, 2 ideas, 3 chat.
pub(crate) fn channel_name(home: Home, channel: u8) -> String {
    let word = ["entraide", "cafe", "idees", "papote"][usize::from(channel) % 4];
    match home {
        Home::Slack => format!("C0{:0<8}", word.to_uppercase()),
        Home::Discourse => (5 + channel).to_string(),
        Home::Discord => (700_000_000_000_000_000 + u64::from(channel)).to_string(),
        Home::Whatsapp => "1122334455667".to_owned(),
        Home::Own | Home::Forum => word.to_owned(),
    }
}

/// The words of a message.
pub(crate) fn text(thread: &Thread, message: &Message) -> &'static str {
    let intent = match (message.number, thread.question, message.answer) {
        (1, true, _) => Intent::Question,
        (1, false, _) => Intent::Share,
        (_, _, true) => Intent::Answer,
        (_, true, false) => Intent::Thanks,
        (_, false, false) => Intent::Share,
    };
    words(intent, thread.french, message.text)
}

/// The opening message of a thread.
pub(crate) fn opening(thread: &Thread) -> Message {
    Message {
        number: 1,
        at: thread.at,
        author: thread.author,
        text: thread.text,
        answer: false,
    }
}

/// How many deliveries tell of it: Discourse sends `topic_created` and `post_created` for one opening.
pub(crate) fn parts(happening: &Happening) -> u8 {
    match (happening.via, happening.what) {
        (Via::Home(Home::Discourse), What::Opened(_)) => 2,
        _ => 1,
    }
}

impl Company {
    /// The delivery number `part` that tells of something.
    pub(crate) fn payload(&self, happening: &Happening, part: u8) -> Payload {
        match happening.via {
            Via::Home(Home::Slack) => self.slack(happening),
            Via::Home(Home::Discourse) => self.discourse(happening, part),
            Via::Home(Home::Own) => plain(&self.own(happening)),
            Via::Home(Home::Forum) => plain(&self.forum(happening)),
            Via::Home(Home::Discord) => plain(&discord(happening)),
            Via::Home(Home::Whatsapp) => plain(&whatsapp(happening)),
            Via::Zoom => plain(&self.zoom(happening)),
            Via::MeltingSpot => plain(&self.meltingspot(happening)),
        }
    }

    pub(crate) fn joining_email(&self, number: u32) -> String {
        community_email(&self.census.person(number, &self.calendar))
    }

    fn slack(&self, happening: &Happening) -> Payload {
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
                "reaction": one(["+1", "heart", "coffee", "tada"], emoji),
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

    fn discourse(&self, happening: &Happening, part: u8) -> Payload {
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
                    "user_destroyed"
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
                    user["updated_at"] = json!(time);
                    user["deleted_at"] = json!(time);
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

    /// Levier's own form.
    fn own(&self, happening: &Happening) -> Value {
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

    fn forum(&self, happening: &Happening) -> Value {
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

    fn zoom(&self, happening: &Happening) -> Value {
        let (first, last) = name(happening.actor);
        let (number, starts) = live(happening);
        let id = format!("z{}", happening.actor);
        json!({
            "event": "webinar.participant_joined", "event_ts": happening.at / 1_000,
            "payload": { "account_id": "brumelune-account", "object": {
                "id": (96_000_000_000 + u64::from(number)).to_string(), "uuid": format!("live{number}=="), "type": 5,
                "topic": format!("Le live du Cercle n° {number}"), "host_id": "hote", "duration": 60,
                "start_time": rfc3339(starts / 1_000_000 * 1_000_000), "timezone": "Europe/Paris",
                "participant": {
                    "id": id, "participant_user_id": id, "registrant_id": id,
                    "user_id": (16_000_000 + happening.actor).to_string(), "user_name": format!("{first} {last}"),
                    "email": self.joining_email(happening.actor), "participant_uuid": uuid(happening.id),
                    "join_time": rfc3339(happening.at)
                }
            } }
        })
    }

    fn meltingspot(&self, happening: &Happening) -> Value {
        let (first, last) = name(happening.actor);
        let (number, _) = live(happening);
        json!({
            "live": { "id": uuid(u64::from(number)), "name": format!("Le live du Cercle n° {number}") },
            "liveParticipant": { "status": "Accepted" },
            "member": {
                "id": uuid(1 << 40 | u64::from(happening.actor)), "email": self.joining_email(happening.actor),
                "firstname": first, "lastname": last, "status": "Accepted", "title": ""
            },
            "occurredAt": happening.at / 1_000_000,
            "spot": { "id": uuid(7), "name": "Le Cercle" }, "test": false
        })
    }
}

fn live(happening: &Happening) -> (u32, i64) {
    match happening.what {
        What::LiveScheduled(live) | What::LiveRegistered(live) | What::LiveAttended(live) => {
            (live.number, live.at)
        }
        _ => (0, happening.at),
    }
}

fn discord(happening: &Happening) -> Value {
    let (thread, message) = match happening.what {
        What::Replied(thread, message) => (thread, message),
        What::Opened(thread) => (thread, opening(&thread)),
        // Joins and departures are not told by Discord; they never get here.
        _ => return json!({ "version": 1, "application_id": "1234567765431056709", "type": 0 }),
    };
    let (first, last) = name(happening.actor);
    let mut data = json!({
        "id": discord_message(&thread, &message), "type": 0, "content": text(&thread, &message),
        "lobby_id": "1402399883394285659", "channel_id": channel_name(Home::Discord, thread.channel),
        "author": {
            "id": handle(Home::Discord, happening.actor), "username": format!("d{}", happening.actor),
            "global_name": format!("{first} {last}"), "discriminator": "0", "avatar": null
        },
        "flags": 0, "application_id": "1234567765431056709"
    });
    if message.number > 1 {
        data["message_reference"] =
            json!({ "message_id": discord_message(&thread, &opening(&thread)) });
    }
    json!({
        "version": 1, "application_id": "1234567765431056709", "type": 1,
        "event": {
            "type": "LOBBY_MESSAGE_CREATE",
            "timestamp": rfc3339(happening.at).trim_end_matches('Z'), "data": data
        }
    })
}

fn whatsapp(happening: &Happening) -> Value {
    let (first, last) = name(happening.actor);
    let wa_id = handle(Home::Whatsapp, happening.actor);
    let mut message = json!({
        "from": wa_id, "id": format!("wamid.{:x}", happening.id),
        "timestamp": (happening.at / 1_000_000).to_string()
    });
    let wamid = |thread: &Thread, about: &Message| format!("wamid.m{:x}", post_id(thread, about));
    match happening.what {
        What::Reacted(thread, about, emoji) => {
            message["type"] = json!("reaction");
            message["reaction"] = json!({
                "message_id": wamid(&thread, &about), "emoji": one(["👍", "❤️", "☕", "🎉"], emoji)
            });
        }
        What::Replied(thread, reply) => {
            message["id"] = json!(wamid(&thread, &reply));
            message["type"] = json!("text");
            message["text"] = json!({ "body": text(&thread, &reply) });
            message["context"] = json!({
                "from": handle(Home::Whatsapp, thread.author), "id": wamid(&thread, &opening(&thread))
            });
        }
        What::Opened(thread) => {
            message["id"] = json!(wamid(&thread, &opening(&thread)));
            message["type"] = json!("text");
            message["text"] = json!({ "body": text(&thread, &opening(&thread)) });
        }
        _ => message["type"] = json!("system"),
    }
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1234567890987654321", "changes": [{
        "field": "messages",
        "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "33612000000", "phone_number_id": "1122334455667" },
            "contacts": [{ "profile": { "name": format!("{first} {last}") }, "wa_id": wa_id }],
            "messages": [message]
        }
    }] }] })
}

/// A body of a type that no pipeline knows, and one that is cut short; `key` makes them unique.
pub(crate) fn noise(via: Via, broken: bool, key: u64, at: i64) -> Payload {
    let body = match via {
        Via::Home(Home::Slack) => json!({
            "type": "event_callback", "event_id": format!("Ev{key:016X}"), "event_time": at / 1_000_000,
            "team_id": "T0BRUMELUNE", "api_app_id": "A0LEVIER",
            "event": { "type": "emoji_changed", "subtype": "add", "name": format!("tasse-{key:x}"), "event_ts": slack_time(at) }
        }),
        Via::Home(Home::Discourse) => {
            json!({ "category": { "id": key % 1_000, "name": format!("Rayon {key:x}"), "slug": "rayon" } })
        }
        Via::Home(Home::Own) => {
            json!({ "type": "machine_hummed", "timestamp": rfc3339(at), "data": { "id": format!("{key:x}") } })
        }
        Via::Home(Home::Forum) => {
            json!({ "events": [{ "uid": format!("{key:x}"), "what": "heartbeat", "when": rfc3339(at) }] })
        }
        Via::Home(Home::Discord) => json!({
            "version": 1, "application_id": "1234567765431056709", "type": 1,
            "event": { "type": "QUEST_USER_ENROLLMENT", "timestamp": rfc3339(at).trim_end_matches('Z'), "data": { "id": key.to_string() } }
        }),
        Via::Home(Home::Whatsapp) => {
            json!({ "object": "whatsapp_business_account", "entry": [{ "id": key.to_string(), "changes": [{
            "field": "account_update", "value": { "event": "VERIFIED_ACCOUNT", "phone_number": phone(0) }
        }] }] })
        }
        Via::Zoom => json!({
            "event": "user.settings_updated", "event_ts": at / 1_000,
            "payload": { "account_id": "brumelune-account", "object": { "id": format!("{key:x}") } }
        }),
        Via::MeltingSpot => {
            json!({ "weather": { "id": uuid(key) }, "occurredAt": at / 1_000_000, "test": false })
        }
    };
    let mut bytes = bytes(&body);
    if broken {
        bytes.truncate(bytes.len() - 3);
    }
    let headers = if via == Via::Home(Home::Discourse) {
        discourse_headers("category_updated", "category", key)
    } else {
        Vec::new()
    };
    (headers, bytes)
}

fn discourse_headers(event: &str, kind: &str, id: u64) -> Vec<(String, String)> {
    [
        ("X-Discourse-Instance", "https://cercle.brumelune.example"),
        ("X-Discourse-Event-Id", &(id >> 1 ^ id << 20).to_string()),
        ("X-Discourse-Event-Type", kind),
        ("X-Discourse-Event", event),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

fn plain(body: &Value) -> Payload {
    (Vec::new(), bytes(body))
}

fn bytes(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}

fn one<T: Copy>(list: [T; 4], which: u8) -> T {
    list[usize::from(which) % 4]
}

/// Seconds and microseconds, as Slack names messages.
pub(crate) fn slack_time(micros: i64) -> String {
    format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000)
}

/// Milliseconds, as Ruby writes them.
pub(crate) fn rfc3339(micros: i64) -> String {
    format!("{:.3}", instant(micros / 1_000 * 1_000))
}

pub(crate) fn topic(thread: &Thread) -> u64 {
    thread.id
}

pub(crate) fn post_id(thread: &Thread, message: &Message) -> u64 {
    thread.id * 64 + u64::from(message.number)
}

pub(crate) fn own_message(thread: &Thread, message: &Message) -> String {
    format!("m{}", post_id(thread, message))
}

pub(crate) fn discord_message(thread: &Thread, message: &Message) -> String {
    (1_000_000_000_000_000_000 + post_id(thread, message)).to_string()
}

pub(crate) fn uuid(key: u64) -> String {
    let high = crate::random::mix(key);
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        high >> 16 & 0xffff,
        high & 0xfff,
        key >> 48 & 0xfff,
        key & 0xffff_ffff_ffff
    )
}
