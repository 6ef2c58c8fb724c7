//! Zoom webinars and MeltingSpot lives: who came, by e-mail.

use serde_json::{Value, json};

use super::{rfc3339, uuid, webinar};
use crate::activity::{Happening, Live, What};
use crate::company::Company;
use crate::people::name;

impl Company {
    pub(super) fn zoom(&self, happening: &Happening) -> Value {
        let (first, last) = name(happening.actor);
        let (number, starts) = live(happening);
        let id = format!("z{}", happening.actor);
        json!({
            "event": "webinar.participant_joined", "event_ts": happening.at / 1_000,
            "payload": { "account_id": "brumelune-account", "object": {
                "id": webinar(&Live { number, at: starts }), "uuid": format!("live{number}=="), "type": 5,
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

    pub(super) fn meltingspot(&self, happening: &Happening) -> Value {
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
