//! CloudEvents over HTTP: structured, binary and batch mode, and the OPTIONS handshake of its webhook specification.
//!
//! The sender proves itself with a Bearer token or `?access_token=`. In every mode the item that rules see is the event in
//! structured form. Without rules an event whose `type` is a canonical kind is read as Levier's own form, with the event's `id`
//! and `time` where its data has none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use levier_domain::config::ConfigError;
use levier_domain::item::Item;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use crate::generic::{bearer, put_bearer};
use crate::http::{Answer, Rejection, Reply, Request};
use crate::keys::Keys;
use crate::mapping::{BLIND_SPOTS, Mapping, may_keep};
use crate::own;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored_as, verified};
use crate::proof::{Secret, any_secret, same_secret};
use crate::read::Read;

pub(crate) const KEYS: &[&str] = &["secret", "secrets", "allowed_origins", "map"];

pub(crate) struct CloudEvents {
    secrets: Vec<Secret>,
    allowed: Vec<String>,
    mapping: Option<Mapping>,
}

impl CloudEvents {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        let allowed = match &keys.config.allowed_origins {
            None => vec!["*".to_owned()],
            Some(list) if list.is_empty() => {
                return Err(
                    keys.wrong("allowed_origins", "allows nobody; list origins, or [\"*\"]")
                );
            }
            Some(list) => list.clone(),
        };
        Ok(Self {
            secrets: keys.secrets("the token that the sender shows")?,
            allowed,
            mapping: Mapping::configured(keys)?,
        })
    }

    fn handshake(&self, request: &Request) -> Result<Answer, Rejection> {
        let origin = request
            .header("webhook-request-origin")
            .filter(|origin| !origin.is_empty());
        let origin = origin.ok_or(Rejection::BadHandshake(
            "the header WebHook-Request-Origin is missing",
        ))?;
        let granted = if self.allowed.iter().any(|allowed| allowed == "*") {
            "*"
        } else {
            let known = self
                .allowed
                .iter()
                .find(|allowed| allowed.eq_ignore_ascii_case(origin));
            known.ok_or(Rejection::Unverified)?
        };
        let reply = Reply::empty(200)
            .header("allow", "POST")
            .header("webhook-allowed-origin", granted)
            .header("webhook-allowed-rate", "*");
        Ok(Answer::Reply(reply))
    }

    fn event(&self, event: Value, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        let has = |field: &str| event.str(field).is_some();
        if !(has("/specversion") && has("/id") && has("/source") && has("/type")) {
            return vec![Item::quarantined(
                "specversion, id, source or type is missing or unreadable",
            )];
        }
        match &self.mapping {
            Some(mapping) => mapping.items(event, delivery, origin),
            None => own::items(&as_own(&event), origin),
        }
    }
}

/// The event in Levier's own form.
fn as_own(event: &Value) -> Value {
    let mut data = match event.get("data") {
        Some(Value::Object(data)) => data.clone(),
        _ => Map::new(),
    };
    if data.get("id").is_none_or(Value::is_null) {
        data.insert("id".to_owned(), event["id"].clone());
    }
    json!({"type": event["type"], "timestamp": event["time"], "data": data})
}

impl Platform for CloudEvents {
    fn allow(&self) -> &'static str {
        "POST, OPTIONS"
    }

    fn answer(&self, request: &Request, _now: Timestamp) -> Result<Answer, Rejection> {
        if request.method == "OPTIONS" {
            return self.handshake(request);
        }
        let in_query = request.query_value("access_token");
        let given = bearer(request).or_else(|| in_query.as_deref().map(str::as_bytes));
        verified(any_secret(&self.secrets, |secret| {
            given.is_some_and(|given| same_secret(given, &secret.0))
        }))?;
        Ok(stored_as(202))
    }

    fn keeps(&self, header: &str) -> bool {
        header == "content-type"
            || header.starts_with("ce-")
            || (self.mapping.is_some() && may_keep(header))
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        let content_type = delivery
            .header("content-type")
            .unwrap_or_default()
            .to_ascii_lowercase();
        if delivery.header("ce-specversion").is_some() {
            return match binary(delivery, &content_type) {
                Some(event) => self.event(event, delivery, origin),
                None => vec![Item::quarantined("not_json")],
            };
        }
        match serde_json::from_slice(&delivery.body) {
            Err(_) => vec![Item::quarantined("not_json")],
            Ok(Value::Array(events)) if events.is_empty() => vec![Item::ignored("empty")],
            Ok(Value::Array(events)) => events
                .into_iter()
                .flat_map(|event| self.event(event, delivery, origin))
                .collect(),
            Ok(event) => self.event(event, delivery, origin),
        }
    }

    fn sign(&self, request: &mut Request, _now: Timestamp, _delivery_id: &str) -> bool {
        put_bearer(request, self.secrets.first());
        let is_batch = request.body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
        let content_type = if is_batch {
            "application/cloudevents-batch+json"
        } else {
            "application/cloudevents+json"
        };
        for (name, value) in &mut request.headers {
            if name == "content-type" {
                content_type.clone_into(value);
            }
        }
        true
    }

    fn verification(&self) -> &'static str {
        "token (Bearer or URL)"
    }

    fn blind_spots(&self) -> BlindSpots {
        BLIND_SPOTS
    }
}

/// The structured form of an event in binary mode: `ce-` headers are its attributes, the body its data.
fn binary(delivery: &Delivery, content_type: &str) -> Option<Value> {
    let mut event = Map::new();
    for (name, value) in &delivery.headers {
        if let Some(attribute) = name.to_ascii_lowercase().strip_prefix("ce-") {
            let text = percent_decode_str(value).decode_utf8_lossy().into_owned();
            event
                .entry(attribute.to_owned())
                .or_insert(Value::String(text));
        }
    }
    if !content_type.is_empty() {
        event.insert(
            "datacontenttype".to_owned(),
            Value::String(content_type.to_owned()),
        );
    }
    let bare = content_type.split(';').next().unwrap_or_default().trim();
    if delivery.body.is_empty() {
    } else if bare.is_empty() || bare == "application/json" || bare.ends_with("+json") {
        event.insert(
            "data".to_owned(),
            serde_json::from_slice(&delivery.body).ok()?,
        );
    } else if let Ok(text) = std::str::from_utf8(&delivery.body) {
        event.insert("data".to_owned(), Value::String(text.to_owned()));
    } else {
        event.insert(
            "data_base64".to_owned(),
            Value::String(STANDARD.encode(&delivery.body)),
        );
    }
    Some(Value::Object(event))
}
