//! What no pipeline understands: unknown types, and bodies that are cut short.

use serde_json::json;

use super::discourse::discourse_headers;
use super::{Payload, bytes, rfc3339, slack_time, uuid};
use crate::activity::Via;
use crate::people::{Home, phone};

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
