//! `[sources.*]`: the union of every platform's keys. Which keys a platform needs is checked where its verifier is built.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::reference::Reference;

/// One value or a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany<T> {
    /// One.
    One(T),
    /// Several.
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    /// All of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        match self {
            Self::One(one) => std::slice::from_ref(one).iter(),
            Self::Many(many) => many.iter(),
        }
    }
}

/// Hash of a generic HMAC scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HashAlgorithm {
    /// SHA-1, for senders that know no better.
    Sha1,
    /// SHA-256.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

/// Text form of a generic HMAC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Hexadecimal, either case.
    #[default]
    Hex,
    /// Standard Base64.
    Base64,
}

/// Unit of a generic timestamp header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimestampUnit {
    /// Unix seconds.
    #[default]
    S,
    /// Unix milliseconds.
    Ms,
    /// RFC 3339.
    Iso,
}

/// One mapping rule of a generic source: JMESPath expressions, except `kind`, which is a canonical kind literally.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapRule {
    /// The list of items; the body itself when absent.
    pub each: Option<String>,
    /// When the rule holds; always when absent.
    pub when: Option<String>,
    /// Canonical kind.
    pub kind: String,
    /// Id of the event.
    pub id: String,
    /// Its time.
    pub occurred_at: String,
    /// Handle of who did it.
    pub actor: Option<String>,
    /// Name of the actor; read to be kept out.
    pub name: Option<String>,
    /// E-mail of the actor.
    pub email: Option<String>,
    /// Phone of the actor.
    pub phone: Option<String>,
    /// Id of the actor in the company's own systems.
    pub external_id: Option<String>,
    /// Whether the actor is a machine.
    pub bot: Option<String>,
    /// Whether the actor is staff.
    pub staff: Option<String>,
    /// Handle of the member to whom it was done.
    pub target: Option<String>,
    /// Channel.
    pub channel: Option<String>,
    /// Thread.
    pub thread: Option<String>,
    /// The message that it answers.
    pub reply_to: Option<String>,
    /// `public`, `private` or `direct`.
    pub visibility: Option<String>,
    /// Text, read for language, sentiment and question mark, then dropped.
    pub text: Option<String>,
    /// An object of further attributes.
    pub attributes: Option<String>,
}

/// `[sources.NAME.pull]`: what is read through the platform's REST API. Which keys a platform reads is checked where its puller
/// is built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PullConfig {
    /// The token with which the API is read.
    pub token: Reference,
    /// Address of the API, where the platform has no fixed one, or another than the usual is meant.
    pub base_url: Option<String>,
    /// The first day of history to read; everything that the platform keeps when absent.
    pub since: Option<Date>,
    /// Discord: the server's id.
    pub guild: Option<String>,
    /// Discord and Slack: ids of the channels to read; all that the token can see when absent.
    pub channels: Option<Vec<String>>,
    /// Discourse: the user in whose name the API is read; `system` when absent.
    pub username: Option<String>,
    /// Mention: the account's id.
    pub account: Option<String>,
    /// Mention: ids of the alerts.
    pub alerts: Option<Vec<String>>,
    /// GitHub: `owner/name` of the repository that has the webhook.
    pub repository: Option<String>,
    /// GitHub: the organisation that has the webhook.
    pub organisation: Option<String>,
    /// GitHub: the webhook's number.
    pub hook: Option<u64>,
}

/// One source, as written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// Platform id.
    pub platform: String,
    /// Community that the source belongs to.
    pub community: String,
    /// What proves the sender.
    pub secret: Option<Reference>,
    /// Several while rotating; the first is the current one.
    pub secrets: Option<Vec<Reference>>,
    /// Ed25519 public key: the value itself, or `env:` and `file:`.
    pub public_key: Option<String>,
    /// Several while rotating.
    pub public_keys: Option<Vec<String>>,
    /// Replay window in seconds, both ways.
    pub tolerance: Option<u64>,
    /// Compared in Meta's GET handshake.
    pub verify_token: Option<Reference>,
    /// The address that the platform was given, where the signature covers it.
    pub public_url: Option<String>,
    /// Audience of Microsoft's tokens.
    pub app_id: Option<String>,
    /// PEM (PKCS#8) that decrypts rich notifications.
    pub private_key: Option<Reference>,
    /// Several while rotating.
    pub private_keys: Option<Vec<Reference>>,
    /// Keys of Microsoft's tokens: a reference or an https URL.
    pub jwks: Option<String>,
    /// Kind of event of a Mighty Networks URL.
    pub event: Option<String>,
    /// Origins allowed in the CloudEvents handshake.
    pub allowed_origins: Option<Vec<String>>,
    /// Scheme of a generic source.
    pub scheme: Option<String>,
    /// Shipped mapping of a generic source.
    pub preset: Option<String>,
    /// Header that carries the signature or token.
    pub header: Option<String>,
    /// Hash of the generic HMAC.
    pub algorithm: Option<HashAlgorithm>,
    /// Text form of the generic HMAC.
    pub encoding: Option<Encoding>,
    /// What precedes the signature in its header.
    pub prefix: Option<String>,
    /// What is signed.
    pub template: Option<String>,
    /// Header that carries the time.
    pub timestamp_header: Option<String>,
    /// Unit of that time.
    pub timestamp_unit: Option<TimestampUnit>,
    /// Mapping rules.
    pub map: Option<Vec<MapRule>>,
    /// Longest usual silence in hours before the source counts as quiet; learnt from its rhythm when absent.
    pub quiet_after_hours: Option<u32>,
    /// What `pull` reads through the platform's REST API.
    pub pull: Option<PullConfig>,
}

impl SourceConfig {
    /// All secrets, the current one first.
    #[must_use]
    pub fn all_secrets(&self) -> Vec<&Reference> {
        self.secret
            .iter()
            .chain(self.secrets.iter().flatten())
            .collect()
    }

    /// All public keys, the current one first.
    #[must_use]
    pub fn all_public_keys(&self) -> Vec<&str> {
        self.public_key
            .iter()
            .chain(self.public_keys.iter().flatten())
            .map(String::as_str)
            .collect()
    }

    /// All private keys, in order.
    #[must_use]
    pub fn all_private_keys(&self) -> Vec<&Reference> {
        self.private_key
            .iter()
            .chain(self.private_keys.iter().flatten())
            .collect()
    }
}
