//! Typeform: one response, one answered survey, with its NPS or CSAT score where a question has one.

use jiff::Timestamp;
use levier_domain::config::ConfigError;
use levier_domain::entity::Entity;
use levier_domain::event::{Kind, attribute};
use levier_domain::item::Item;
use serde_json::Value;

use crate::body_mac::BodyMac;
use crate::http::{Answer, Rejection, Request};
use crate::ids::Object;
use crate::keys::Keys;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::read::{Read, json, need, settle, unknown_type};
use crate::row::Row;

pub(crate) const KEYS: &[&str] = &["secret", "secrets"];

pub(crate) struct Typeform {
    mac: BodyMac,
}

impl Typeform {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            mac: BodyMac::base64(
                keys.secrets("the webhook's secret")?,
                "typeform-signature",
                "sha256=",
            ),
        })
    }
}

impl Platform for Typeform {
    fn answer(&self, request: &Request, _: Timestamp) -> Result<Answer, Rejection> {
        verified(self.mac.holds(request))?;
        Ok(stored())
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match json(&delivery.body) {
            Ok(body) => vec![settle(read(&body, origin))],
            Err(items) => items,
        }
    }

    fn sign(&self, request: &mut Request, _: Timestamp, _: &str) -> bool {
        self.mac.sign(request);
        true
    }

    fn verification(&self) -> &'static str {
        "HMAC-SHA256"
    }

    fn blind_spots(&self) -> BlindSpots {
        BlindSpots {
            en: &[
                "who was asked and did not answer",
                "who answered, unless the form asks for an e-mail or hides an id",
            ],
            fr: &[
                "qui a été sollicité sans répondre",
                "qui a répondu, sauf si le formulaire demande un e-mail ou cache un identifiant",
            ],
        }
    }
}

fn read(body: &Value, origin: &Origin<'_>) -> Result<Item, Item> {
    if need(body.str("/event_type"), "event_type")? != "form_response" {
        return Ok(unknown_type());
    }
    let response = need(body.get_at("/form_response"), "form_response")?;
    let token = need(response.str("/token"), "form_response.token")?;
    let at = need(response.time("/submitted_at"), "form_response.submitted_at")?;
    let form = response.id("/form_id");
    let answers = response.list("/answers");
    let of_answers = |kind: &str, pointer: &str| {
        answers
            .iter()
            .find(|one| one.str("/type") == Some(kind))
            .and_then(|one| one.str(pointer))
    };
    let hidden = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| response.id(&format!("/hidden/{name}")))
    };
    let hidden_email = hidden(&["email", "mail", "e-mail"]);
    let email = of_answers("email", "/email").or(hidden_email.as_deref());
    let hidden_phone = hidden(&["phone", "telephone"]);
    let phone = of_answers("phone_number", "/phone_number").or(hidden_phone.as_deref());
    let external = hidden(&[
        "user_id",
        "external_id",
        "customer_id",
        "person_id",
        "contact_id",
    ]);
    let scored = score(response, answers);
    let actor = external
        .clone()
        .or_else(|| email.and_then(|email| origin.context.hash_key.email(email)))
        .unwrap_or_else(|| token.to_owned());
    let building = origin
        .event(Kind::SurveyAnswered, at, &Object::of(&[token]))
        .actor(Some(actor))
        .email(email)
        .phone(phone)
        .external_id(external.clone())
        .subject(form.clone())
        .attribute("survey", scored.map(|(kind, _)| kind))
        .attribute(attribute::SCORE, scored.map(|(_, score)| score.to_string()));
    let Some((kind, score)) = scored else {
        return Ok(building.item());
    };
    let record = Row::new(Entity::Surveys, origin)
        .id("response_id", Some(token))
        .id("person_id", external)
        .email(email)
        .instant("answered_at", Some(at))
        .text("kind", Some(kind))
        .number("score", Some(score as f64))
        .text("survey", form)
        .record();
    Ok(building.record(record).item())
}

/// The first scored question: 0 to 10 is a recommendation (NPS), a rating or a shorter scale is satisfaction (CSAT).
fn score(response: &Value, answers: &[Value]) -> Option<(&'static str, i64)> {
    for answer in answers {
        let Some(number) = answer.integer("/number") else {
            continue;
        };
        let id = answer.str("/field/id");
        let fields = response.list("/definition/fields");
        let field = fields
            .iter()
            .find(|field| field.str("/id").is_some() && field.str("/id") == id);
        let title = field
            .and_then(|field| field.str("/title"))
            .unwrap_or_default()
            .to_lowercase();
        let steps = field.and_then(|field| field.integer("/properties/steps"));
        match answer.str("/field/type") {
            Some("nps") => return Some(("nps", number)),
            Some("opinion_scale")
                if title.contains("recommend")
                    || title.contains("recommand")
                    || steps == Some(11) =>
            {
                return Some(("nps", number));
            }
            Some("opinion_scale" | "rating") => return Some(("csat", number)),
            _ => {}
        }
    }
    None
}
