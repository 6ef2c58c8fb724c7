//! Damage to deliveries, by a seed: every verifier and every reader of a platform, on payloads bent in structure and in bytes.
//!
//! What must hold of any bytes: nothing panics; a delivery gives at least one item and twice the same; a body that was changed
//! after it was signed is refused; and no address, name or text that stands in a payload lies in the event that it becomes.
//! The seeds are payloads of every platform in which each address, name and text is a known one.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use levier_domain::config::{Config, Reference};
use levier_domain::item::Item;
use levier_domain::private::HashKey;
use levier_domain::record::Value as Cell;
use levier_platforms::{Answer, Context, Delivery, Request, Source};
use serde_json::Value;

use super::{Dice, bend_bytes};

/// What stands in the seeds and must not come out.
const CANARIES: [&str; 5] = [
    "canari.personne@",
    "33612345678",
    "nomsecret",
    "secrete du",
    "canari ?",
];

/// The sources that the seeds of `generic` are for.
const MAPPED: [&str; 4] = ["forum", "circle", "khoros", "tokywoky"];

/// Sources of every platform; the secret of each is its own name or what its form wants.
const SOURCES: &str = r#"
[sources.slack]
platform = "slack"
[sources.discord]
platform = "discord"
public_key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
[sources.discourse]
platform = "discourse"
[sources.whatsapp]
platform = "whatsapp"
verify_token = "env:V"
[sources.facebook]
platform = "facebook"
verify_token = "env:V"
[sources.instagram]
platform = "instagram"
verify_token = "env:V"
[sources.linkedin]
platform = "linkedin"
[sources.teams]
platform = "teams"
[sources.zoom]
platform = "zoom"
[sources.telegram]
platform = "telegram"
[sources.github]
platform = "github"
[sources.bettermode]
platform = "bettermode"
[sources.meltingspot]
platform = "meltingspot"
[sources.mighty]
platform = "mighty"
event = "MemberJoined"
[sources.mighty-posts]
platform = "mighty"
event = "PostCreated"
[sources.zendesk]
platform = "zendesk"
[sources.intercom]
platform = "intercom"
[sources.typeform]
platform = "typeform"
[sources.stripe]
platform = "stripe"
[sources.shopify]
platform = "shopify"
[sources.hubspot]
platform = "hubspot"
public_url = "https://hooks.example.com/hooks/hubspot"
[sources.brevo]
platform = "brevo"
[sources.mailchimp]
platform = "mailchimp"
[sources.own]
platform = "standard-webhooks"
[sources.bus]
platform = "cloudevents"
[sources.forum]
platform = "generic"
scheme = "hmac"
header = "X-Forum-Signature"
prefix = "sha256="
template = "{timestamp}.{body}"
timestamp_header = "X-Forum-Timestamp"
tolerance = 300
[[sources.forum.map]]
each = "body.events"
when = "item.what == 'post'"
kind = "message_posted"
id = "item.uid"
occurred_at = "item.when"
actor = "item.who.id"
name = "item.who.name"
email = "item.who.mail"
bot = "item.who.robot"
channel = "item.where"
reply_to = "item.parent"
text = "item.content"
attributes = "{given: item.who.name, said: item.content, where: item.where}"
[sources.circle]
platform = "generic"
preset = "circle"
scheme = "query"
[sources.khoros]
platform = "generic"
preset = "khoros"
scheme = "bearer"
[sources.tokywoky]
platform = "generic"
preset = "tokywoky"
scheme = "header"
header = "X-Token"
"#;

/// A payload to begin with.
struct Seed {
    platform: String,
    headers: Vec<(String, String)>,
    body: Value,
}

fn seeds() -> Vec<Seed> {
    let all: Vec<Value> = serde_json::from_str(include_str!("../../fuzz/seeds.json")).unwrap();
    all.into_iter()
        .map(|mut seed| Seed {
            platform: seed["platform"].as_str().unwrap().to_owned(),
            headers: seed["headers"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect(),
            body: seed["body"].take(),
        })
        .collect()
}

fn sources() -> Vec<Source> {
    // Every source has a community, and all but Discord's a secret.
    let mut text = String::new();
    for line in SOURCES.lines() {
        text.push_str(line);
        text.push('\n');
        if let Some(platform) = line.strip_prefix("platform = ") {
            text.push_str("community = \"main\"\n");
            if platform != "\"discord\"" {
                text.push_str("secret = \"env:S\"\n");
            }
        }
    }
    let config = Config::parse(&text).unwrap();
    let secret = |source: &str| {
        let base64 = matches!(source, "own" | "meltingspot");
        let text: &[u8] = if base64 {
            b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        } else {
            b"secret"
        };
        text.to_vec()
    };
    let compile = |(name, source): (&String, _)| {
        Source::compile(name, source, &|_: &Reference| Ok(secret(name))).unwrap()
    };
    config.sources.iter().map(compile).collect()
}

/// Values that readers stumble over.
fn odd(dice: &mut Dice) -> Value {
    match dice.below(20) {
        0 => Value::Null,
        1 => Value::Bool(true),
        2 => Value::from(-1),
        3 => Value::from(u64::MAX),
        4 => Value::from(i64::MIN),
        5 => Value::from(1e300),
        6 => Value::from(0.1),
        7 => Value::from(""),
        8 => Value::from("é\u{0}💥\u{202e}"),
        9 => Value::from("9".repeat(dice.below(400))),
        10 => Value::from("-9999-99-99T99:99:99Z"),
        11 => Value::from("1795255200.999999999999"),
        12 => Value::Array(Vec::new()),
        13 => serde_json::json!([[[{}]]]),
        14 => serde_json::json!({}),
        15 => Value::from(" "),
        16 => Value::from("a/b|c\n"),
        17 => Value::from("19.999"),
        18 => Value::from(dice.roll() >> dice.below(64)),
        _ => Value::from("W".repeat(dice.below(3000))),
    }
}

/// Bends one node of the tree, somewhere.
fn bend(value: &mut Value, dice: &mut Dice) {
    let deeper = match value {
        Value::Object(map) if !map.is_empty() => dice.below(10) > 0,
        Value::Array(list) if !list.is_empty() => dice.below(10) > 0,
        _ => false,
    };
    match value {
        Value::Object(map) if deeper => {
            let names: Vec<String> = map.keys().cloned().collect();
            let name = dice.pick(&names).clone();
            match dice.below(12) {
                0 => {
                    map.remove(&name);
                }
                _ => {
                    if let Some(inner) = map.get_mut(&name) {
                        bend(inner, dice);
                    }
                }
            }
        }
        Value::Array(list) if deeper => {
            let at = dice.below(list.len());
            match dice.below(8) {
                0 => {
                    list.remove(at);
                }
                1 => {
                    let copy = list[at].clone();
                    list.push(copy);
                }
                _ => bend(&mut list[at], dice),
            }
        }
        _ => *value = odd(dice),
    }
}

/// What was tried.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tried {
    /// Deliveries.
    pub deliveries: u64,
    /// Events that came of them.
    pub events: u64,
    /// Changed bodies that were refused.
    pub refused: u64,
}

/// Tries deliveries until the time is over or `most` were tried.
///
/// # Panics
/// Where something does not hold; the message names seed and number, which together give the delivery again.
pub fn run(seed: u64, most: u64, longest: Duration) -> Tried {
    let (sources, seeds) = (sources(), seeds());
    let key = HashKey::new(*b"a key of the tests").unwrap();
    let begun = Instant::now();
    let mut tried = Tried::default();
    for number in 0..most {
        if number.is_multiple_of(64) && begun.elapsed() > longest {
            break;
        }
        // Each delivery follows from seed and number alone.
        let mut dice = Dice::of(seed, number);
        one(
            &sources,
            &seeds,
            &key,
            &mut dice,
            &mut tried,
            &format!("seed {seed}, delivery {number}"),
        );
    }
    tried
}

fn one(
    sources: &[Source],
    seeds: &[Seed],
    key: &HashKey,
    dice: &mut Dice,
    tried: &mut Tried,
    which: &str,
) {
    let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let seed = dice.pick(seeds);
    // Mostly its own platform, sometimes any other.
    let own: Vec<&Source> = sources
        .iter()
        .filter(|source| match seed.platform.as_str() {
            "generic" => MAPPED.contains(&source.name()),
            platform => source.platform() == platform,
        })
        .collect();
    let source = if dice.below(8) == 0 || own.is_empty() {
        dice.pick(sources)
    } else {
        dice.pick(&own)
    };
    let mut payload = seed.body.clone();
    for _ in 0..dice.below(4) {
        bend(&mut payload, dice);
    }
    let mut body = payload.to_string().into_bytes();
    let in_bytes = dice.below(6) == 0;
    if in_bytes {
        bend_bytes(&mut body, dice);
    }
    let mut request = if source.platform() == "discord" {
        source.sign_ed25519(&body, now, "d", &[9; 32]).unwrap()
    } else {
        source.sign(&body, now, "d").unwrap()
    };
    request.headers.extend(seed.headers.iter().cloned());
    let answer = source.answer(&request, now);
    verify(source, &request, &answer, dice, tried, (which, now));

    let context = Context {
        hash_key: key,
        country: "FR",
        zone: &TimeZone::UTC,
    };
    let mut headers = source.kept_headers(&request);
    for (name, value) in &mut headers {
        if name.starts_with("x-") && dice.below(10) == 0 {
            let mut bytes = value.clone().into_bytes();
            bend_bytes(&mut bytes, dice);
            *value = String::from_utf8_lossy(&bytes).into_owned();
        }
    }
    let delivery = Delivery {
        received_at: now,
        query: request.query.clone(),
        headers,
        body: request.body,
    };
    let items = source.normalise(&delivery, &context);
    assert!(
        !items.is_empty(),
        "{which}: {} gives no item",
        source.name()
    );
    assert_eq!(
        items,
        source.normalise(&delivery, &context),
        "{which}: {} reads it differently the second time",
        source.name()
    );
    tried.deliveries += 1;
    for item in items {
        if let Item::Event(draft) = item {
            tried.events += 1;
            let mut text = serde_json::to_string(&draft.event).unwrap();
            for value in draft.record.iter().flat_map(|record| &record.values) {
                if let Cell::Text(cell) = value {
                    text.push_str(cell);
                }
            }
            let text = text.to_lowercase();
            // An address that lost a byte is no address any more, and nobody can tell what it was.
            for canary in CANARIES.iter().filter(|_| !in_bytes) {
                assert!(
                    !text.contains(*canary),
                    "{which}: {} lets `{canary}` through: {text}\nfrom {}",
                    source.name(),
                    String::from_utf8_lossy(&delivery.body)
                );
            }
        }
    }
}

/// A signed body that is changed is refused; a proof that is changed never panics.
fn verify(
    source: &Source,
    request: &Request,
    answer: &Answer,
    dice: &mut Dice,
    tried: &mut Tried,
    (which, now): (&str, Timestamp),
) {
    let signs = source.verification().starts_with("HMAC");
    if signs {
        assert!(
            !matches!(answer, Answer::Refuse(refusal) if refusal.status() == 401),
            "{which}: {} refuses what it signed itself",
            source.name()
        );
        let mut changed = request.clone();
        bend_bytes(&mut changed.body, dice);
        if changed.body != request.body {
            let answer = source.answer(&changed, now);
            assert!(
                matches!(&answer, Answer::Refuse(refusal) if refusal.status() == 401),
                "{which}: {} takes a changed body: {answer:?}",
                source.name()
            );
            tried.refused += 1;
        }
    }
    let mut bent = request.clone();
    if !bent.headers.is_empty() {
        let at = dice.below(bent.headers.len());
        let mut bytes = bent.headers[at].1.clone().into_bytes();
        bend_bytes(&mut bytes, dice);
        bent.headers[at].1 = String::from_utf8_lossy(&bytes).into_owned();
    }
    bent.method = (*dice.pick(&["POST", "GET", "HEAD", "OPTIONS", "PUT", ""])).to_owned();
    let mut query = b"hub.mode=subscribe&hub.challenge=x&hub.verify_token=secret&challengeCode=y&validationToken=%F0%9F&token=secret".to_vec();
    bend_bytes(&mut query, dice);
    bent.query = String::from_utf8_lossy(&query).into_owned();
    let _ = source.answer(&bent, now);
}
