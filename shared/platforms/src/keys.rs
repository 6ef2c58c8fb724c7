//! Which keys of `[sources.*]` a platform reads, and their values behind the references.
//!
//! A key that the platform does not read is refused like an unknown one: a `tolerance` that nothing applies would be a window
//! that somebody believes in.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ed25519_dalek::VerifyingKey;
use levier_domain::config::{ConfigError, Reference, SourceConfig};

use crate::proof::{Secret, verifying_key};

/// Standard Base64, with or without its padding: senders show their secrets either way.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// How secrets behind references are read; the error text says what failed.
pub type Lookup<'a> = &'a dyn Fn(&Reference) -> Result<Vec<u8>, String>;

/// The keys of one source while it is compiled.
pub(crate) struct Keys<'a> {
    pub name: &'a str,
    pub config: &'a SourceConfig,
    lookup: Lookup<'a>,
}

impl<'a> Keys<'a> {
    /// Takes the keys and refuses those that are neither general nor in `allowed`.
    pub(crate) fn new(
        name: &'a str,
        config: &'a SourceConfig,
        lookup: Lookup<'a>,
        allowed: &[&str],
    ) -> Result<Self, ConfigError> {
        let keys = Self {
            name,
            config,
            lookup,
        };
        for (key, is_set) in [
            ("secret", config.secret.is_some()),
            ("secrets", config.secrets.is_some()),
            ("public_key", config.public_key.is_some()),
            ("public_keys", config.public_keys.is_some()),
            ("tolerance", config.tolerance.is_some()),
            ("verify_token", config.verify_token.is_some()),
            ("public_url", config.public_url.is_some()),
            ("app_id", config.app_id.is_some()),
            ("private_key", config.private_key.is_some()),
            ("private_keys", config.private_keys.is_some()),
            ("jwks", config.jwks.is_some()),
            ("event", config.event.is_some()),
            ("allowed_origins", config.allowed_origins.is_some()),
            ("scheme", config.scheme.is_some()),
            ("preset", config.preset.is_some()),
            ("header", config.header.is_some()),
            ("algorithm", config.algorithm.is_some()),
            ("encoding", config.encoding.is_some()),
            ("prefix", config.prefix.is_some()),
            ("template", config.template.is_some()),
            ("timestamp_header", config.timestamp_header.is_some()),
            ("timestamp_unit", config.timestamp_unit.is_some()),
            ("map", config.map.is_some()),
        ] {
            if is_set && !allowed.contains(&key) {
                return Err(keys.wrong(
                    key,
                    format!("`{}` does not read it; remove it", config.platform),
                ));
            }
        }
        Ok(keys)
    }

    /// An error that names the key.
    pub(crate) fn wrong(&self, key: &str, problem: impl Into<String>) -> ConfigError {
        ConfigError::Key {
            key: format!("sources.{}.{key}", self.name),
            problem: problem.into(),
        }
    }

    /// What a reference stands for; empty is refused.
    pub(crate) fn resolve(&self, key: &str, reference: &Reference) -> Result<Secret, ConfigError> {
        let refuse = |problem: String| ConfigError::Reference {
            key: format!("sources.{}.{key}", self.name),
            problem,
        };
        match (self.lookup)(reference) {
            Ok(bytes) if bytes.is_empty() => Err(refuse(format!(
                "{reference} is empty; set it to the secret"
            ))),
            Ok(bytes) => Ok(Secret(bytes)),
            Err(problem) => Err(refuse(format!(
                "{reference} cannot be read: {problem}; set it, or point the key elsewhere"
            ))),
        }
    }

    /// All secrets, the current one first; none of them is no error here.
    pub(crate) fn optional_secrets(&self) -> Result<Vec<Secret>, ConfigError> {
        if self.config.secret.is_some() && self.config.secrets.is_some() {
            return Err(self.wrong("secrets", "set `secret` or `secrets`, not both"));
        }
        if self.config.secrets.as_ref().is_some_and(Vec::is_empty) {
            return Err(self.wrong("secrets", "list at least one reference"));
        }
        let key = if self.config.secret.is_some() {
            "secret"
        } else {
            "secrets"
        };
        self.config
            .all_secrets()
            .into_iter()
            .map(|reference| self.resolve(key, reference))
            .collect()
    }

    /// Whether the source is only pulled: nothing proves a sender, and every webhook is refused.
    pub(crate) fn is_only_pulled(&self) -> bool {
        let config = self.config;
        config.pull.is_some()
            && config.platform != "github"
            && config.all_secrets().is_empty()
            && config.all_public_keys().is_empty()
            && config.secrets.is_none()
            && config.public_keys.is_none()
            && config.scheme.is_none()
    }

    /// All secrets, at least one unless the source is only pulled.
    pub(crate) fn secrets(&self, what: &str) -> Result<Vec<Secret>, ConfigError> {
        let secrets = self.optional_secrets()?;
        if secrets.is_empty() && !self.is_only_pulled() {
            return Err(self.wrong(
                "secret",
                format!("is missing; set a reference to {what}, for example \"env:NAME\""),
            ));
        }
        Ok(secrets)
    }

    /// Secrets that are Base64 after an optional `whsec_`.
    pub(crate) fn decoded_secrets(&self, secrets: Vec<Secret>) -> Result<Vec<Secret>, ConfigError> {
        secrets
            .into_iter()
            .map(|secret| {
                std::str::from_utf8(&secret.0)
                    .ok()
                    .map(|text| text.trim().strip_prefix("whsec_").unwrap_or(text.trim()))
                    .and_then(|text| LENIENT.decode(text).ok())
                    .filter(|bytes| !bytes.is_empty())
                    .map(Secret)
                    .ok_or_else(|| {
                        self.wrong(
                            "secret",
                            "is not Base64 after `whsec_`; set the signing secret as the sender shows it",
                        )
                    })
            })
            .collect()
    }

    /// All public keys, decoded by `decode`; none is no error here.
    pub(crate) fn public_keys(
        &self,
        form: &str,
        decode: impl Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Vec<VerifyingKey>, ConfigError> {
        if self.config.public_key.is_some() && self.config.public_keys.is_some() {
            return Err(self.wrong("public_keys", "set `public_key` or `public_keys`, not both"));
        }
        let mut keys = Vec::new();
        for written in self.config.all_public_keys() {
            let text = match written.parse::<Reference>() {
                Ok(reference) => {
                    String::from_utf8(self.resolve("public_key", &reference)?.0).unwrap_or_default()
                }
                Err(_) => written.to_owned(),
            };
            let key = decode(text.trim()).and_then(|bytes| verifying_key(&bytes));
            keys.push(key.ok_or_else(|| {
                self.wrong(
                    "public_key",
                    format!("is no Ed25519 public key; set {form}"),
                )
            })?);
        }
        Ok(keys)
    }

    /// A text that must be there.
    pub(crate) fn text(
        &self,
        key: &str,
        value: Option<&'a str>,
        what: &str,
    ) -> Result<&'a str, ConfigError> {
        match value {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(self.wrong(key, format!("is missing; set {what}"))),
        }
    }
}
