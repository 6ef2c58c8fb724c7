//! A source described in `levier.toml` alone: a scheme that proves the sender, and a mapping, a preset, or Levier's own form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use levier_domain::config::{ConfigError, Encoding, HashAlgorithm, TimestampUnit};
use levier_domain::item::Item;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::http::{Answer, Rejection, Request, form_pairs};
use crate::keys::Keys;
use crate::mapping::{BLIND_SPOTS, Mapping, may_keep};
use crate::own;
use crate::platform::{BlindSpots, Delivery, Origin, Platform, stored, verified};
use crate::presets;
use crate::proof::{Secret, any_secret, in_window, same, same_secret, signed_time};
use crate::read::json;
use crate::standard_webhooks::Scheme as StandardScheme;

pub(crate) const KEYS: &[&str] = &[
    "secret",
    "secrets",
    "public_key",
    "public_keys",
    "tolerance",
    "public_url",
    "scheme",
    "preset",
    "header",
    "algorithm",
    "encoding",
    "prefix",
    "template",
    "timestamp_header",
    "timestamp_unit",
    "map",
];

const SCHEMES: &str = "\"hmac\", \"header\", \"bearer\", \"basic\", \"query\", \"standard-webhooks\", or \"unsigned\" if nothing proves the sender";

enum Scheme {
    Hmac(Box<HmacScheme>),
    Header { name: String, secrets: Vec<Secret> },
    Bearer(Vec<Secret>),
    Basic(Vec<Secret>),
    Query(Vec<Secret>),
    Standard(StandardScheme),
    Unsigned,
}

struct HmacScheme {
    secrets: Vec<Secret>,
    header: String,
    algorithm: HashAlgorithm,
    encoding: Encoding,
    prefix: String,
    template: Vec<Part>,
    timestamp_header: Option<String>,
    unit: TimestampUnit,
    tolerance: Option<u64>,
    public_url: Option<String>,
}

enum Part {
    Literal(String),
    Timestamp,
    Body,
    Method,
    Url,
    Header(String),
}

pub(crate) struct Generic {
    scheme: Scheme,
    mapping: Option<Mapping>,
    /// Header of the secret or signature, which is never kept.
    proof_header: Option<String>,
}

impl Generic {
    pub(crate) fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        let scheme = scheme(keys)?;
        let preset = match &keys.config.preset {
            None => None,
            Some(name) => Some(presets::find(name).ok_or_else(|| {
                keys.wrong(
                    "preset",
                    format!(
                        "`{name}` does not ship; set one of {}, or write `map`",
                        presets::names().join(", ")
                    ),
                )
            })?),
        };
        let mapping = match (Mapping::configured(keys)?, preset) {
            (Some(mapping), _) => Some(mapping),
            (None, Some(rules)) if !rules.is_empty() => {
                let compiled = Mapping::compile(&rules);
                Some(compiled.map_err(|(rule, field, problem)| {
                    keys.wrong("preset", format!("rule {rule}: `{field}`: {problem}"))
                })?)
            }
            _ => None,
        };
        let proof_header = match &scheme {
            Scheme::Hmac(hmac) => Some(hmac.header.clone()),
            Scheme::Header { name, .. } => Some(name.clone()),
            _ => None,
        };
        Ok(Self {
            scheme,
            mapping,
            proof_header,
        })
    }
}

fn scheme(keys: &Keys<'_>) -> Result<Scheme, ConfigError> {
    let config = keys.config;
    if keys.is_only_pulled() {
        return Ok(Scheme::Bearer(Vec::new()));
    }
    let name = keys.text("scheme", config.scheme.as_deref(), SCHEMES)?;
    let of_hmac = [
        ("algorithm", config.algorithm.is_some()),
        ("encoding", config.encoding.is_some()),
        ("prefix", config.prefix.is_some()),
        ("template", config.template.is_some()),
        ("timestamp_header", config.timestamp_header.is_some()),
        ("timestamp_unit", config.timestamp_unit.is_some()),
        ("public_url", config.public_url.is_some()),
    ];
    let refuse = |key: &str| {
        Err(keys.wrong(
            key,
            format!("scheme \"{name}\" does not read it; remove it"),
        ))
    };
    if name != "hmac" {
        for (key, is_set) in of_hmac {
            if is_set {
                return refuse(key);
            }
        }
        if config.header.is_some() && name != "header" {
            return refuse("header");
        }
        if config.tolerance.is_some() && name != "standard-webhooks" {
            return refuse("tolerance");
        }
    }
    if name != "standard-webhooks" {
        if config.public_key.is_some() {
            return refuse("public_key");
        }
        if config.public_keys.is_some() {
            return refuse("public_keys");
        }
    }
    let secrets = || keys.secrets("what proves the sender");
    Ok(match name {
        "hmac" => Scheme::Hmac(Box::new(HmacScheme::compile(keys)?)),
        "header" => Scheme::Header {
            name: keys
                .text(
                    "header",
                    config.header.as_deref(),
                    "the header whose whole value is the secret",
                )?
                .to_ascii_lowercase(),
            secrets: secrets()?,
        },
        "bearer" => Scheme::Bearer(secrets()?),
        "basic" => {
            let secrets = secrets()?;
            if secrets.iter().any(|secret| !secret.0.contains(&b':')) {
                return Err(keys.wrong(
                    "secret",
                    "holds no colon; set the reference to a text of the form user:password",
                ));
            }
            Scheme::Basic(secrets)
        }
        "query" => Scheme::Query(secrets()?),
        "standard-webhooks" => Scheme::Standard(StandardScheme::compile(keys)?),
        "unsigned" => {
            if config.secret.is_some() {
                return refuse("secret");
            }
            if config.secrets.is_some() {
                return refuse("secrets");
            }
            Scheme::Unsigned
        }
        other => return Err(keys.wrong("scheme", format!("`{other}` is not known; set {SCHEMES}"))),
    })
}

impl HmacScheme {
    fn compile(keys: &Keys<'_>) -> Result<Self, ConfigError> {
        let config = keys.config;
        let header = keys.text(
            "header",
            config.header.as_deref(),
            "the header that carries the signature",
        )?;
        let written = config.template.as_deref().unwrap_or("{body}");
        let template = parts(written).map_err(|problem| keys.wrong("template", problem))?;
        if !template.iter().any(|part| matches!(part, Part::Body)) {
            return Err(keys.wrong(
                "template",
                "holds no {body}: a signature that does not cover the body proves nothing about it",
            ));
        }
        let timestamp_header = config
            .timestamp_header
            .as_ref()
            .map(|name| name.to_ascii_lowercase());
        let signs_time = template.iter().any(|part| match part {
            Part::Timestamp => true,
            Part::Header(name) => Some(name) == timestamp_header.as_ref(),
            _ => false,
        });
        if signs_time && timestamp_header.is_none() {
            return Err(keys.wrong(
                "timestamp_header",
                "is missing; the template holds {timestamp}, so set the header that carries it",
            ));
        }
        if config.tolerance.is_some() && !signs_time {
            return Err(keys.wrong("tolerance", "is of no use: no time is signed; set timestamp_header and put {timestamp} into template, or remove it"));
        }
        if config.timestamp_unit.is_some() && timestamp_header.is_none() {
            return Err(keys.wrong(
                "timestamp_unit",
                "needs timestamp_header; set it, or remove the unit",
            ));
        }
        let signs_url = template.iter().any(|part| matches!(part, Part::Url));
        if signs_url && config.public_url.is_none() {
            return Err(keys.wrong("public_url", "is missing; the template holds {url}, so set the address that the sender was given"));
        }
        if !signs_url && config.public_url.is_some() {
            return Err(keys.wrong(
                "public_url",
                "is read only where template holds {url}; remove it",
            ));
        }
        Ok(Self {
            secrets: keys.secrets("what signs the body")?,
            header: header.to_ascii_lowercase(),
            algorithm: config.algorithm.unwrap_or_default(),
            encoding: config.encoding.unwrap_or_default(),
            prefix: config.prefix.clone().unwrap_or_default(),
            template,
            timestamp_header,
            unit: config.timestamp_unit.unwrap_or_default(),
            tolerance: config.tolerance,
            public_url: config.public_url.clone(),
        })
    }

    /// The signed bytes, `None` where a header that they hold is absent.
    fn signed(&self, request: &Request) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(request.body.len() + 64);
        for part in &self.template {
            match part {
                Part::Literal(text) => bytes.extend_from_slice(text.as_bytes()),
                Part::Timestamp => {
                    let name = self.timestamp_header.as_deref()?;
                    bytes.extend_from_slice(request.header(name)?.as_bytes());
                }
                Part::Body => bytes.extend_from_slice(&request.body),
                Part::Method => bytes.extend_from_slice(request.method.as_bytes()),
                Part::Url => bytes.extend_from_slice(
                    full_url(self.public_url.as_deref()?, &request.query).as_bytes(),
                ),
                Part::Header(name) => bytes.extend_from_slice(request.header(name)?.as_bytes()),
            }
        }
        Some(bytes)
    }

    fn signature(&self, secret: &Secret, signed: &[u8]) -> String {
        let mac = secret.mac(self.algorithm, &[signed]);
        match self.encoding {
            Encoding::Hex => hex::encode(mac),
            Encoding::Base64 => STANDARD.encode(mac),
        }
    }

    fn is_signed(&self, request: &Request, now: Timestamp) -> bool {
        let Some(given) = request
            .header(&self.header)
            .and_then(|value| value.strip_prefix(self.prefix.as_str()))
        else {
            return false;
        };
        if let Some(name) = &self.timestamp_header {
            let fresh = request
                .header(name)
                .and_then(|text| signed_time(text, self.unit))
                .is_some_and(|at| in_window(at, now, self.tolerance, self.unit));
            if !fresh {
                return false;
            }
        }
        let Some(signed) = self.signed(request) else {
            return false;
        };
        any_secret(&self.secrets, |secret| {
            let wanted = self.signature(secret, &signed);
            let upper = self.encoding == Encoding::Hex
                && same(given.as_bytes(), wanted.to_ascii_uppercase().as_bytes());
            same(given.as_bytes(), wanted.as_bytes()) | upper
        })
    }

    fn sign(&self, request: &mut Request, now: Timestamp) {
        if let Some(name) = &self.timestamp_header {
            let text = match self.unit {
                TimestampUnit::S => now.as_second().to_string(),
                TimestampUnit::Ms => now.as_millisecond().to_string(),
                TimestampUnit::Iso => now.to_string(),
            };
            request.headers.push((name.clone(), text));
        }
        for part in &self.template {
            if let Part::Header(name) = part
                && request.header(name).is_none()
            {
                request.headers.push((name.clone(), "levier".to_owned()));
            }
        }
        if let (Some(secret), Some(signed)) = (self.secrets.first(), self.signed(request)) {
            let value = format!("{}{}", self.prefix, self.signature(secret, &signed));
            request.headers.push((self.header.clone(), value));
        }
    }
}

/// The address as the sender called it: the public one, with the query that came unless the public one holds it already.
pub(crate) fn full_url(public_url: &str, query: &str) -> String {
    if query.is_empty()
        || public_url
            .split_once('?')
            .is_some_and(|(_, own)| own == query)
    {
        public_url.to_owned()
    } else {
        format!("{public_url}?{query}")
    }
}

fn parts(template: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        if !before.is_empty() {
            parts.push(Part::Literal(before.to_owned()));
        }
        let (name, after) = after.split_once('}').ok_or("has a { without its }")?;
        parts.push(match name {
            "timestamp" => Part::Timestamp,
            "body" => Part::Body,
            "method" => Part::Method,
            "url" => Part::Url,
            name => match name.strip_prefix("header:") {
                Some(header) if !header.is_empty() => Part::Header(header.to_ascii_lowercase()),
                _ => return Err(format!("holds {{{name}}}; known are {{timestamp}}, {{body}}, {{method}}, {{url}} and {{header:NAME}}")),
            },
        });
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    Ok(parts)
}

impl Scheme {
    fn holds(&self, request: &Request, now: Timestamp) -> bool {
        let token = |secrets: &[Secret], given: Option<&[u8]>| {
            any_secret(secrets, |secret| {
                given.is_some_and(|given| same_secret(given, &secret.0))
            })
        };
        match self {
            Self::Hmac(hmac) => hmac.is_signed(request, now),
            Self::Header { name, secrets } => {
                token(secrets, request.header(name).map(str::as_bytes))
            }
            Self::Bearer(secrets) => token(secrets, bearer(request)),
            Self::Basic(secrets) => {
                let given = authorization(request, "basic").unwrap_or_default();
                any_secret(secrets, |secret| {
                    same_secret(given, STANDARD.encode(&secret.0).as_bytes())
                })
            }
            Self::Query(secrets) => token(
                secrets,
                request.query_value("token").as_deref().map(str::as_bytes),
            ),
            Self::Standard(scheme) => scheme.is_signed(request, now),
            Self::Unsigned => true,
        }
    }
}

/// What follows the scheme in `Authorization`; the scheme's case does not matter (RFC 9110), that of the rest does.
fn authorization<'a>(request: &'a Request, scheme: &str) -> Option<&'a [u8]> {
    let (named, rest) = request.header("authorization")?.split_once(' ')?;
    named
        .eq_ignore_ascii_case(scheme)
        .then_some(rest.as_bytes())
}

/// The token of `Authorization: Bearer …`.
pub(crate) fn bearer(request: &Request) -> Option<&[u8]> {
    authorization(request, "bearer")
}

/// Puts the token where [`bearer`] looks.
pub(crate) fn put_bearer(request: &mut Request, secret: Option<&Secret>) {
    if let Some(secret) = secret {
        let token = String::from_utf8_lossy(&secret.0);
        request
            .headers
            .push(("authorization".to_owned(), format!("Bearer {token}")));
    }
}

/// Puts the token into the query.
pub(crate) fn put_query(request: &mut Request, key: &str, secret: Option<&Secret>) {
    if let Some(secret) = secret {
        let token = String::from_utf8_lossy(&secret.0);
        request.query = format!("{key}={}", utf8_percent_encode(&token, NON_ALPHANUMERIC));
    }
}

/// The body as JSON; a form becomes an object of texts.
pub(crate) fn json_or_form(delivery: &Delivery) -> Result<Value, Vec<Item>> {
    json(&delivery.body).or_else(|items| {
        let is_form = delivery
            .header("content-type")
            .is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"));
        if !is_form {
            return Err(items);
        }
        let pairs = form_pairs(&delivery.body);
        Ok(Value::Object(
            pairs
                .into_iter()
                .map(|(key, value)| (key, Value::String(value)))
                .collect(),
        ))
    })
}

impl Platform for Generic {
    fn answer(&self, request: &Request, now: Timestamp) -> Result<Answer, Rejection> {
        verified(self.scheme.holds(request, now))?;
        Ok(stored())
    }

    fn keeps(&self, header: &str) -> bool {
        self.proof_header.as_deref() != Some(header) && may_keep(header)
    }

    fn normalise(&self, delivery: &Delivery, origin: &Origin<'_>) -> Vec<Item> {
        match (json_or_form(delivery), &self.mapping) {
            (Err(items), _) => items,
            (Ok(body), Some(mapping)) => mapping.items(body, delivery, origin),
            (Ok(body), None) => own::items(&body, origin),
        }
    }

    fn sign(&self, request: &mut Request, now: Timestamp, delivery_id: &str) -> bool {
        match &self.scheme {
            Scheme::Hmac(hmac) => hmac.sign(request, now),
            Scheme::Header { name, secrets } => {
                if let Some(secret) = secrets.first() {
                    let token = String::from_utf8_lossy(&secret.0).into_owned();
                    request.headers.push((name.clone(), token));
                }
            }
            Scheme::Bearer(secrets) => put_bearer(request, secrets.first()),
            Scheme::Basic(secrets) => {
                if let Some(secret) = secrets.first() {
                    request.headers.push((
                        "authorization".to_owned(),
                        format!("Basic {}", STANDARD.encode(&secret.0)),
                    ));
                }
            }
            Scheme::Query(secrets) => put_query(request, "token", secrets.first()),
            Scheme::Standard(scheme) => return scheme.sign(request, now, delivery_id),
            Scheme::Unsigned => {}
        }
        true
    }

    fn sign_ed25519(
        &self,
        request: &mut Request,
        now: Timestamp,
        id: &str,
        seed: &[u8; 32],
    ) -> bool {
        match &self.scheme {
            Scheme::Standard(scheme) => scheme.sign_ed25519(request, now, id, seed),
            _ => false,
        }
    }

    fn verification(&self) -> &'static str {
        match &self.scheme {
            Scheme::Hmac(hmac) => match hmac.algorithm {
                HashAlgorithm::Sha1 => "HMAC-SHA1",
                HashAlgorithm::Sha256 => "HMAC-SHA256",
                HashAlgorithm::Sha512 => "HMAC-SHA512",
            },
            Scheme::Header { .. } => "token (header)",
            Scheme::Bearer(_) => "token (Bearer)",
            Scheme::Basic(_) => "token (Basic)",
            Scheme::Query(_) => "token (URL)",
            Scheme::Standard(scheme) => scheme.verification(),
            Scheme::Unsigned => "unsigned",
        }
    }

    fn blind_spots(&self) -> BlindSpots {
        match self.scheme {
            Scheme::Unsigned => BlindSpots {
                en: &[
                    "who sent it: anybody who knows the address can post here",
                    "whatever the sender does not post",
                ],
                fr: &[
                    "qui l'a envoyé : quiconque connaît l'adresse peut y écrire",
                    "tout ce que l'émetteur n'envoie pas",
                ],
            },
            _ => BLIND_SPOTS,
        }
    }
}
