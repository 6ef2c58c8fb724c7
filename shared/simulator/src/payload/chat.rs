//! Discord lobbies and WhatsApp groups: messages by handle or by phone number, without joins.

use serde_json::{Value, json};

use super::{channel_name, discord_message, one, opening, rfc3339, text, wamid};
use crate::activity::{Happening, What};
use crate::people::{Home, handle, name};

pub(super) fn discord(happening: &Happening) -> Value {
    let (thread, message) = match happening.what {
        What::Replied(thread, message) => (thread, message),
        What::Opened(thread) => (thread, opening(&thread)),
        // Joins and departures are not told by Discord; they never get here.
        _ => return json!({ "version": 1, "application_id": "1234567765431056709", "type": 0 }),
    };
    let (first, last) = name(happening.actor);
    let mut data = json!({
        "id": discord_message(&thread, &message), "type": 0, "content": text(&thread, &message),
        "lobby_id": channel_name(Home::Discord, thread.channel), "channel_id": channel_name(Home::Discord, thread.channel),
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

pub(super) fn whatsapp(happening: &Happening) -> Value {
    let (first, last) = name(happening.actor);
    let wa_id = handle(Home::Whatsapp, happening.actor);
    let mut message = json!({
        "from": wa_id, "id": format!("wamid.{:x}", happening.id),
        "timestamp": (happening.at / 1_000_000).to_string()
    });
    if let What::Opened(thread) | What::Replied(thread, _) | What::Reacted(thread, ..) =
        happening.what
    {
        message["group_id"] = json!(channel_name(Home::Whatsapp, thread.channel));
    }
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
