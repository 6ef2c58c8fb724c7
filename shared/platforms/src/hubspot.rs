//! HubSpot webhooks, signature v3, and its workflows' whole contacts.
//!
//! The signature covers method, full address, body and time, so the address that HubSpot was given must be known. The Webhooks API
//! sends thin changes in batches: a creation and a property say too little to stand as a row, so they only tell what they know.

use jiff::Timestamp;
use levier_domain::config::{ConfigError, TimestampUnit};
use levier_domain::entity::Entity;
use levier_domain::event::Kind;
use levier_domain::item::Item;
use serde_json::Value;

use crate::generic::full_url;
use crate::http::{Answer, Rejection, Request};
use crate::ids::Object;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::proof::{Secret, any_secret, in_window, same, signed_time};
use crate::read::{Read, json, need, settle, unix, unknown_type};
use crate::row::Row;

pub(crate) const KEYS: &[&str] = &["secret", "secrets", "public_url", "tolerance"];

const SIGNATURE: &str = "x-hubspot-signature-v3";
const TIMESTAMP: &str = "x-hubspot-request-timestamp";

pub(crate) struct HubSpot {
    secrets: Vec<Secret>,
    public_url: String,
    tolerance: u64,
}

impl HubSpot {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        let what = "the address that HubSpot was given, for example \"https://hooks.example.com/hooks/hubspot\": its signature covers it";
        Ok(Self {
            secrets: keys.secrets("the app's client secret")?,
            public_url: keys
                .text("public_url", keys.config.public_url.as_deref(), what)?
                .to_owned(),
            tolerance: keys.config.tolerance.unwrap_or(300),
        })
    }

    fn signature(&self, secret: &Secret, request: &Request, timestamp: &str) -> String {
        let url = decoded(&full_url(&self.public_url, &request.query));
        secret.base64(&[
            request.method.as_bytes(),
            url.as_bytes(),
            &request.body,
            timestamp.as_bytes(),
        ])
    }
}

/// HubSpot signs the address with these escapes undone, and no others.
fn decoded(url: &str) -> String {
    let mut url = url.to_owned();
    for (escape, plain) in [
        ("%3A", ":"),
        ("%2F", "/"),
        ("%3F", "?"),
        ("%40", "@"),
        ("%21", "!"),
        ("%24", "$"),
        ("%27", "'"),
        ("%28", "("),
        ("%29", ")"),
        ("%2A", "*"),
        ("%2C", ","),
        ("%3B", ";"),
    ] {
        if url.contains('%') {
            url = url
                .replace(escape, plain)
                .replace(&escape.to_ascii_lowercase(), plain);
        }
    }
    url
}

impl Platform for HubSpot {
    fn answer(&self, request: &Request, now: Timestamp) -> Result<Answer, Rejection> {
        let (Some(timestamp), Some(given)) = (request.header(TIMESTAMP), request.header(SIGNATURE))
        else {
            return Err(Rejection::Unverified);
        };
        let fresh = signed_time(timestamp, TimestampUnit::Ms)
            .is_some_and(|at| in_window(at, now, Some(self.tolerance), TimestampUnit::Ms));
        let matches = any_secret(&self.secrets, |secret| {
            same(
                given.as_bytes(),
                self.signature(secret, request, timestamp).as_bytes(),
            )
        });
        verified(fresh && matches)?;
        Ok(stored())
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match json(&delivery.body) {
            Err(items) => items,
            Ok(Value::Array(changes)) => changes
                .iter()
                .map(|one| settle(change(one, origin)))
                .collect(),
            Ok(body) if body.get_at("/subscriptionType").is_some() => {
                vec![settle(change(&body, origin))]
            }
            Ok(body) => vec![settle(contact(&body, origin))],
        }
    }

    fn sign(&self, request: &mut Request, now: Timestamp, _: &str) -> bool {
        let timestamp = now.as_millisecond().to_string();
        if let Some(secret) = self.secrets.first() {
            let signature = self.signature(secret, request, &timestamp);
            request.headers.push((TIMESTAMP.to_owned(), timestamp));
            request.headers.push((SIGNATURE.to_owned(), signature));
        }
        true
    }

    fn verification(&self) -> &'static str {
        "HMAC-SHA256"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "whole records: the Webhooks API tells one property at a time, exports and workflows the rest",
            ],
            fr: &[
                "les fiches entières : l'API Webhooks donne une propriété à la fois, les exports et les workflows le reste",
            ],
        }
    }
}

fn change(one: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let kind = need(one.str("/subscriptionType"), "subscriptionType")?;
    let at = need(one.time("/occurredAt"), "occurredAt")?;
    let id = need(one.id("/objectId"), "objectId")?;
    let (object, verb) = kind.split_once('.').unwrap_or((kind, ""));
    let event = need(one.id("/eventId"), "eventId")?;
    let subscription = one.id("/subscriptionId").unwrap_or_default();
    let named = Object::of(&[&event, &subscription, &at.as_millisecond().to_string()]);
    match (object, verb) {
        (_, "deletion" | "merge" | "restore" | "associationChange") => {
            Ok(Item::ignored("deleted_in_crm"))
        }
        (_, "privacyDeletion") => Ok(Item::ignored("privacy_request")),
        ("contact", "creation") => Ok(Row::new(Entity::People, origin)
            .id("person_id", Some(id.as_str()))
            .instant("created_at", Some(at))
            .instant("updated_at", Some(at))
            .changed(at, &id)),
        ("contact", "propertyChange") => {
            let property = need(one.str("/propertyName"), "propertyName")?;
            let value = one.str("/propertyValue");
            Ok(origin
                .event(Kind::MemberUpdated, at, &named)
                .actor(Some(id))
                .attribute("property", Some(property))
                .email(value.filter(|_| property == "email"))
                .phone(value.filter(|_| matches!(property, "phone" | "mobilephone")))
                .item())
        }
        ("company", "creation") => Ok(Row::new(Entity::Accounts, origin)
            .id("account_id", Some(id.as_str()))
            .instant("created_at", Some(at))
            .instant("updated_at", Some(at))
            .changed(at, &id)),
        _ => Ok(unknown_type()),
    }
}

/// A workflow's webhook: the contact with all its properties.
fn contact(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let Some(id) = body
        .id("/vid")
        .or_else(|| body.id("/id"))
        .or_else(|| body.id("/hs_object_id"))
    else {
        return Ok(unknown_type());
    };
    let properties = need(
        body.get_at("/properties").filter(|found| found.is_object()),
        "properties",
    )?;
    let property = |name: &str| {
        let found = properties.get(name)?;
        found
            .str("/value")
            .or_else(|| found.as_str())
            .filter(|text| !text.is_empty())
    };
    let time = |name: &str| {
        property(name).and_then(|text| {
            text.parse::<i64>()
                .ok()
                .and_then(unix)
                .or_else(|| text.parse().ok())
        })
    };
    let raw = property("lifecyclestage");
    let lifecycle = raw.map(|stage| match stage {
        "subscriber" => "subscriber",
        "lead" => "lead",
        "marketingqualifiedlead" => "marketing_qualified",
        "salesqualifiedlead" => "sales_qualified",
        "opportunity" => "opportunity",
        "customer" => "customer",
        _ => "other",
    });
    let updated = time("lastmodifieddate")
        .or_else(|| time("hs_lastmodifieddate"))
        .or_else(|| time("createdate"));
    let at = need(updated, "properties.lastmodifieddate")?;
    Ok(Row::new(Entity::People, origin)
        .id("person_id", Some(id.as_str()))
        .email(property("email"))
        .phone(property("phone").or_else(|| property("mobilephone")))
        .id(
            "account_id",
            property("associatedcompanyid")
                .map(str::to_owned)
                .or_else(|| body.id("/associated-company/company-id")),
        )
        .instant("created_at", time("createdate"))
        .text("lifecycle", lifecycle)
        .text("lifecycle_raw", raw)
        .text("lead_source", property("hs_analytics_source"))
        .text("lead_source_raw", property("hs_analytics_source"))
        .instant(
            "qualified_at",
            time("hs_lifecyclestage_marketingqualifiedlead_date"),
        )
        .instant(
            "became_customer_at",
            time("hs_lifecyclestage_customer_date"),
        )
        .text("owner_id", property("hubspot_owner_id"))
        .text("country", property("country"))
        .text("language", property("hs_language"))
        .instant("updated_at", Some(at))
        .changed(at, &id))
}
