//! Shopify: orders and customers as CRM records. What happened stands in `X-Shopify-Topic`.

use jiff::Timestamp;
use levier_domain::config::ConfigError;
use levier_domain::entity::Entity;
use levier_domain::item::Item;
use serde_json::Value;

use crate::body_mac::BodyMac;
use crate::http::{Answer, Rejection, Request};
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::read::{Read, json, need, settle, unknown_type};
use crate::row::{Row, currency, major};

pub(crate) const KEYS: &[&str] = &["secret", "secrets"];

pub(crate) struct Shopify {
    mac: BodyMac,
}

impl Shopify {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            mac: BodyMac::base64(
                keys.secrets("the app's client secret")?,
                "x-shopify-hmac-sha256",
                "",
            ),
        })
    }
}

impl Platform for Shopify {
    fn answer(&self, request: &Request, _: Timestamp) -> Result<Answer, Rejection> {
        verified(self.mac.holds(request))?;
        Ok(stored())
    }

    fn keeps(&self, header: &str) -> bool {
        matches!(
            header,
            "x-shopify-topic" | "x-shopify-triggered-at" | "x-shopify-test"
        )
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match json(&delivery.body) {
            Ok(body) => vec![settle(read(delivery, &body, origin))],
            Err(items) => items,
        }
    }

    fn sign(&self, request: &mut Request, _: Timestamp, delivery_id: &str) -> bool {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        request
            .headers
            .push(("x-shopify-topic".to_owned(), likely_topic(&body).to_owned()));
        request
            .headers
            .push(("x-shopify-event-id".to_owned(), delivery_id.to_owned()));
        self.mac.sign(request);
        true
    }

    fn verification(&self) -> &'static str {
        "HMAC-SHA256"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "what happened before the webhook was made: drop an export for history",
                "sales outside this shop",
            ],
            fr: &[
                "ce qui précède la création du webhook : déposer un export pour l'historique",
                "les ventes hors de cette boutique",
            ],
        }
    }
}

fn likely_topic(body: &Value) -> &'static str {
    if body.get("line_items").is_some() || body.get("financial_status").is_some() {
        "orders/updated"
    } else {
        "customers/update"
    }
}

fn read(delivery: &Delivery, body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    let topic = delivery
        .header("x-shopify-topic")
        .unwrap_or_else(|| likely_topic(body));
    let triggered = delivery
        .header("x-shopify-triggered-at")
        .and_then(|text| text.parse().ok());
    match topic {
        "orders/delete" | "customers/delete" => Ok(Item::ignored("deleted_in_crm")),
        "customers/redact" | "shop/redact" | "customers/data_request" => {
            Ok(Item::ignored("privacy_request"))
        }
        _ if topic.starts_with("orders/") => order(body, triggered, origin),
        "customers/create" | "customers/update" | "customers/enable" | "customers/disable" => {
            let id = need(body.id("/id"), "id")?;
            let updated = body
                .time("/updated_at")
                .or(triggered)
                .or_else(|| body.time("/created_at"));
            let phone = body
                .str("/phone")
                .or_else(|| body.str("/default_address/phone"));
            let row = Row::new(Entity::People, origin)
                .id("person_id", Some(id.as_str()))
                .email(body.str("/email"))
                .phone(phone)
                .instant("created_at", body.time("/created_at"))
                .text("country", body.str("/default_address/country_code"))
                .flag(
                    "opted_out",
                    body.get_at("/accepts_marketing")
                        .and_then(Value::as_bool)
                        .map(|accepts| !accepts),
                )
                .instant("updated_at", updated);
            Ok(row.changed(updated.unwrap_or(delivery.received_at), &id))
        }
        _ => Ok(unknown_type()),
    }
}

fn order(body: &Value, triggered: Option<Timestamp>, origin: &Origin<'_>) -> Result<Item, Item> {
    let id = need(body.id("/id"), "id")?;
    let currency = currency(body.str("/currency"), "currency")?;
    let amount = need(
        major(body.get("total_price"), currency, "total_price")?,
        "total_price",
    )?;
    let mut refunded = 0_i64;
    for refund in body.list("/refunds") {
        for transaction in refund.list("/transactions") {
            if transaction
                .str("/status")
                .is_none_or(|status| status == "success")
            {
                let minor = major(
                    transaction.get("amount"),
                    currency,
                    "refunds.transactions.amount",
                )?;
                refunded = refunded.saturating_add(minor.unwrap_or(0));
            }
        }
    }
    let status = if body.flag("/test") {
        "test"
    } else if body.get_at("/cancelled_at").is_some() {
        "cancelled"
    } else {
        match body.str("/financial_status") {
            Some("paid") => "paid",
            Some("refunded") => "refunded",
            Some("partially_refunded") => "partially_refunded",
            Some("voided" | "expired") => "cancelled",
            Some("pending" | "authorized" | "partially_paid") | None => "pending",
            Some(_) => {
                return Err(Item::quarantined(
                    "financial_status is missing or unreadable",
                ));
            }
        }
    };
    let ordered = need(
        body.time("/created_at")
            .or_else(|| body.time("/processed_at")),
        "created_at",
    )?;
    let updated = body.time("/updated_at").or(triggered);
    let items = body
        .list("/line_items")
        .iter()
        .filter_map(|line| line.integer("/quantity"))
        .fold(0_i64, i64::saturating_add);
    let shipping = body
        .get("total_shipping_price_set")
        .and_then(|set| set.pointer("/shop_money/amount"));
    Ok(Row::new(Entity::Orders, origin)
        .id("order_id", Some(id.as_str()))
        .id("person_id", body.id("/customer/id"))
        .email(
            body.str("/email")
                .or_else(|| body.str("/contact_email"))
                .or_else(|| body.str("/customer/email")),
        )
        .instant("ordered_at", Some(ordered))
        .text("status", Some(status))
        .minor("amount_minor", Some(amount))
        .minor("refunded_amount_minor", Some(refunded.min(amount)))
        .minor(
            "tax_minor",
            major(body.get("total_tax"), currency, "total_tax")?,
        )
        .minor(
            "shipping_minor",
            major(shipping, currency, "total_shipping_price_set")?,
        )
        .minor(
            "discount_minor",
            major(body.get("total_discounts"), currency, "total_discounts")?,
        )
        .text("promo_code", body.str("/discount_codes/0/code"))
        .text("currency", Some(currency.code()))
        .minor("items", (items > 0).then_some(items))
        .text("channel", body.str("/source_name"))
        .instant("updated_at", updated)
        .changed(updated.unwrap_or(ordered), &id))
}
