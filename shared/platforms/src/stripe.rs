//! Stripe: customers, subscriptions, invoices and charges as CRM records.
//!
//! Signed `t=…,v1=…` over `{t}.{body}`, the secret used as it is; several `v1` are tried, `v0` is not. Amounts are in minor units
//! already, two decimals also for the krona of Iceland and the shilling of Uganda, which have none.

use jiff::Timestamp;
use levier_domain::config::{ConfigError, TimestampUnit};
use levier_domain::entity::Entity;
use levier_domain::item::Item;
use levier_domain::money::Currency;
use serde_json::Value;

use crate::http::{Answer, Rejection, Request};
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::proof::{Secret, any_secret, in_window, same, signed_time};
use crate::read::{Read, json, need, settle, unknown_type};
use crate::row::{Row, currency};

pub(crate) const KEYS: &[&str] = &["secret", "secrets", "tolerance"];

pub(crate) struct Stripe {
    secrets: Vec<Secret>,
    tolerance: u64,
}

impl Stripe {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            secrets: keys.secrets("the endpoint's signing secret")?,
            tolerance: keys.config.tolerance.unwrap_or(300),
        })
    }

    fn is_signed(&self, request: &Request, now: Timestamp) -> bool {
        let header = request.header("stripe-signature").unwrap_or_default();
        let part = |name: &'static str| {
            header
                .split(',')
                .filter_map(|one| one.split_once('='))
                .filter(move |(key, _)| *key == name)
        };
        let Some((_, timestamp)) = part("t").next() else {
            return false;
        };
        let fresh = signed_time(timestamp, TimestampUnit::S)
            .is_some_and(|at| in_window(at, now, Some(self.tolerance), TimestampUnit::S));
        let mut found = false;
        for (_, given) in part("v1") {
            found |= any_secret(&self.secrets, |secret| {
                let wanted = secret.hex(&[timestamp.as_bytes(), b".", &request.body]);
                same(given.as_bytes(), wanted.as_bytes())
            });
        }
        fresh && found
    }
}

impl Platform for Stripe {
    fn answer(&self, request: &Request, now: Timestamp) -> Result<Answer, Rejection> {
        verified(self.is_signed(request, now))?;
        Ok(stored())
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match json(&delivery.body) {
            Ok(body) => vec![settle(read(&body, origin))],
            Err(items) => items,
        }
    }

    fn sign(&self, request: &mut Request, now: Timestamp, _: &str) -> bool {
        let timestamp = now.as_second().to_string();
        if let Some(secret) = self.secrets.first() {
            let signature = secret.hex(&[timestamp.as_bytes(), b".", &request.body]);
            request.headers.push((
                "stripe-signature".to_owned(),
                format!("t={timestamp},v1={signature}"),
            ));
        }
        true
    }

    fn verification(&self) -> &'static str {
        "HMAC-SHA256"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "what happened before the endpoint was made: drop an export for history",
                "payments outside Stripe",
            ],
            fr: &[
                "ce qui précède la création du point d'entrée : déposer un export pour l'historique",
                "les paiements hors de Stripe",
            ],
        }
    }
}

/// Currencies that Stripe counts with two decimals although ISO 4217 gives them none.
fn minor(amount: Option<i64>, currency: Currency) -> Option<i64> {
    match currency.code() {
        "ISK" | "UGX" => amount.map(|amount| amount / 100),
        _ => amount,
    }
}

fn read(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let kind = need(body.str("/type"), "type")?;
    let at = need(body.time("/created"), "created")?;
    let object = need(body.get_at("/data/object"), "data.object")?;
    let id = || need(object.str("/id"), "data.object.id");
    if kind.starts_with("customer.subscription.") {
        return subscription(object, id()?, at, origin);
    }
    match kind {
        "customer.created" | "customer.updated" => {
            let row = Row::new(Entity::People, origin)
                .id("person_id", Some(id()?))
                .email(object.str("/email"))
                .phone(object.str("/phone"))
                .instant("created_at", object.time("/created"))
                .text("country", object.str("/address/country"))
                .text("language", object.str("/preferred_locales/0"))
                .instant("updated_at", Some(at));
            Ok(row.changed(at, id()?))
        }
        "customer.deleted" => Ok(Item::ignored("deleted_in_crm")),
        _ if kind.starts_with("invoice.") => invoice(object, id()?, at, origin),
        _ if kind.starts_with("charge.") && object.str("/object") == Some("charge") => {
            charge(object, id()?, at, origin)
        }
        _ => Ok(unknown_type()),
    }
}

fn subscription(
    object: &Value,
    id: &str,
    at: Timestamp,
    origin: &Origin<'_>,
) -> Result<Item, Item> {
    let price = ["/items/data/0/price", "/items/data/0/plan", "/plan"]
        .iter()
        .find_map(|pointer| object.get_at(pointer));
    let price = need(price, "data.object.items.data.price")?;
    let currency = currency(
        price.str("/currency").or_else(|| object.str("/currency")),
        "data.object.currency",
    )?;
    let status = match object.str("/status") {
        Some("trialing") => "trialing",
        Some("active") => "active",
        Some("past_due" | "unpaid" | "incomplete") => "past_due",
        Some("paused") => "paused",
        Some("canceled") => "cancelled",
        Some("incomplete_expired") => "ended",
        _ => {
            return Err(Item::quarantined(
                "data.object.status is missing or unreadable",
            ));
        }
    };
    let every = |field: &str| {
        price
            .str(&format!("/recurring{field}"))
            .or_else(|| price.str(field))
    };
    let count = price
        .integer("/recurring/interval_count")
        .or_else(|| price.integer("/interval_count"))
        .unwrap_or(1);
    let amount = price
        .integer("/unit_amount")
        .or_else(|| price.integer("/amount"));
    let amount = need(
        minor(amount, currency),
        "data.object.items.data.price.unit_amount",
    )?;
    let (interval, amount) = match (every("/interval"), count) {
        (Some("week"), 1) => ("week", amount),
        (Some("month"), 1) => ("month", amount),
        (Some("month"), 3) => ("quarter", amount),
        (Some("month"), 12) | (Some("year"), 1) => ("year", amount),
        _ => {
            return Err(Item::quarantined(
                "data.object.items.data.price.recurring.interval is missing or unreadable",
            ));
        }
    };
    let quantity = object
        .integer("/items/data/0/quantity")
        .or_else(|| object.integer("/quantity"));
    let started = object
        .time("/start_date")
        .or_else(|| object.time("/created"));
    let period_end = object
        .time("/current_period_end")
        .or_else(|| object.time("/items/data/0/current_period_end"));
    Ok(Row::new(Entity::Subscriptions, origin)
        .id("subscription_id", Some(id))
        .id("person_id", object.id("/customer"))
        .text("plan", price.str("/nickname").or_else(|| price.str("/id")))
        .text("status", Some(status))
        .instant("started_at", Some(need(started, "data.object.start_date")?))
        .instant("trial_end", object.time("/trial_end"))
        .instant("current_period_end", period_end)
        .instant("cancelled_at", object.time("/canceled_at"))
        .instant("ended_at", object.time("/ended_at"))
        .minor("amount_minor", Some(amount))
        .text("interval", Some(interval))
        .number("quantity", quantity.map(|quantity| quantity as f64))
        .text("currency", Some(currency.code()))
        .instant("updated_at", Some(at))
        .changed(at, id))
}

fn invoice(object: &Value, id: &str, at: Timestamp, origin: &Origin<'_>) -> Result<Item, Item> {
    let status = match object.str("/status") {
        Some("draft") => return Ok(Item::ignored("draft")),
        Some(status @ ("open" | "paid" | "void" | "uncollectible")) => status,
        _ => {
            return Err(Item::quarantined(
                "data.object.status is missing or unreadable",
            ));
        }
    };
    let currency = currency(object.str("/currency"), "data.object.currency")?;
    let subscription = object
        .id("/subscription")
        .or_else(|| object.id("/parent/subscription_details/subscription"));
    let issued = object
        .time("/status_transitions/finalized_at")
        .or_else(|| object.time("/created"));
    Ok(Row::new(Entity::Invoices, origin)
        .id("invoice_id", Some(id))
        .id("subscription_id", subscription)
        .id("person_id", object.id("/customer"))
        .instant("issued_at", Some(need(issued, "data.object.created")?))
        .instant("paid_at", object.time("/status_transitions/paid_at"))
        .minor(
            "amount_minor",
            Some(need(
                minor(object.integer("/total"), currency),
                "data.object.total",
            )?),
        )
        .minor("tax_minor", minor(object.integer("/tax"), currency))
        .text("currency", Some(currency.code()))
        .text("status", Some(status))
        .changed(at, id))
}

fn charge(object: &Value, id: &str, at: Timestamp, origin: &Origin<'_>) -> Result<Item, Item> {
    let currency = currency(object.str("/currency"), "data.object.currency")?;
    let amount = need(
        minor(object.integer("/amount"), currency),
        "data.object.amount",
    )?;
    let refunded = minor(object.integer("/amount_refunded"), currency).unwrap_or(0);
    let status = match object.str("/status") {
        _ if object.get_at("/livemode").and_then(Value::as_bool) == Some(false) => "test",
        Some("failed") => "cancelled",
        Some("pending") => "pending",
        Some("succeeded") if refunded >= amount && refunded > 0 => "refunded",
        Some("succeeded") if refunded > 0 => "partially_refunded",
        Some("succeeded") => "paid",
        _ => {
            return Err(Item::quarantined(
                "data.object.status is missing or unreadable",
            ));
        }
    };
    let email = object
        .str("/billing_details/email")
        .or_else(|| object.str("/receipt_email"));
    Ok(Row::new(Entity::Orders, origin)
        .id("order_id", Some(id))
        .id("person_id", object.id("/customer"))
        .email(email)
        .instant(
            "ordered_at",
            Some(need(object.time("/created"), "data.object.created")?),
        )
        .text("status", Some(status))
        .minor("amount_minor", Some(amount))
        .minor("refunded_amount_minor", Some(refunded))
        .text("currency", Some(currency.code()))
        .instant("updated_at", Some(at))
        .changed(at, id))
}
