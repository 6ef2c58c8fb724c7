//! Delivery: one HTTP request to a webhook, or one message to a topic.

use std::time::Duration;

use levier_domain::config::{Config, Destination, DestinationKind};
use levier_runtime::Secrets;
use serde_json::Value as Json;

use crate::outbox::Letter;

/// How long a destination may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest subject that SNS takes.
const SUBJECT: usize = 99;

/// Why a destination did not take a message. Never holds the webhook's address, which is a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// The destination is busy, down or too slow.
    #[error("{0}")]
    Later(String),
    /// Only a person can mend it.
    #[error("{0}")]
    Mend(String),
}

impl Undelivered {
    /// Whether trying again may help by itself.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Later(_))
    }
}

/// The clients that messages leave through.
#[derive(Clone, Debug)]
pub struct Courier {
    http: Option<reqwest::Client>,
    sns: Option<aws_sdk_sns::Client>,
    timeout: Duration,
}

impl Courier {
    /// The clients that the configured destinations need.
    pub async fn connect(config: &Config) -> Self {
        let kinds = || config.notify.values().map(|to| to.kind);
        let sns = if kinds().any(|kind| kind == DestinationKind::Sns) {
            let shared = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
            Some(aws_sdk_sns::Client::new(&shared))
        } else {
            None
        };
        Self::new(sns, TIMEOUT)
    }

    /// The same over a client that exists, with a time-out of its own.
    #[must_use]
    pub fn new(sns: Option<aws_sdk_sns::Client>, timeout: Duration) -> Self {
        // A webhook that redirects is not the webhook that was configured.
        let http = reqwest::Client::builder()
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .ok();
        Self { http, sns, timeout }
    }

    /// Sends one letter.
    ///
    /// # Errors
    /// [`Undelivered`] says what the destination answered, and what to mend.
    pub async fn send(
        &self,
        to: &Destination,
        secrets: &Secrets,
        letter: &Letter,
    ) -> Result<(), Undelivered> {
        match to.kind {
            DestinationKind::Slack => {
                self.post(to, secrets, letter, &letter.notice.slack(&letter.reference))
                    .await
            }
            DestinationKind::Teams => {
                self.post(to, secrets, letter, &letter.notice.teams(&letter.reference))
                    .await
            }
            DestinationKind::Sns => self.publish(to, letter).await,
        }
    }

    async fn post(
        &self,
        to: &Destination,
        secrets: &Secrets,
        letter: &Letter,
        body: &Json,
    ) -> Result<(), Undelivered> {
        let key = format!("notify.{}.url", letter.destination);
        let reference = to
            .url
            .as_ref()
            .ok_or_else(|| Undelivered::Mend(format!("{key} is not set")))?;
        let url = secrets
            .read(reference)
            .map_err(|problem| Undelivered::Mend(format!("{key}: {problem}")))?;
        let url = String::from_utf8_lossy(&url).trim().to_owned();
        let parsed = reqwest::Url::parse(&url).map_err(|_| {
            Undelivered::Mend(format!(
                "what {key} refers to is no address; paste the webhook's"
            ))
        })?;
        // In clear only to this machine.
        let loopback = matches!(parsed.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        if parsed.scheme() != "https" && !(parsed.scheme() == "http" && loopback) {
            return Err(Undelivered::Mend(format!(
                "what {key} refers to is not https; a webhook's address is a secret and does not travel in clear"
            )));
        }
        let http = self
            .http
            .as_ref()
            .ok_or_else(|| Undelivered::Mend("no HTTP client can be made here".to_owned()))?;
        let answer = http
            .post(parsed)
            .header("Idempotency-Key", &letter.reference)
            .json(body)
            .send()
            .await
            .map_err(|error| Undelivered::Later(unreached(&error, self.timeout)))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let said: String = answer
            .text()
            .await
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_control())
            .take(120)
            .collect();
        let said = if said.is_empty() {
            String::new()
        } else {
            format!(" (`{said}`)")
        };
        match status.as_u16() {
            429 => Err(Undelivered::Later(format!(
                "it answered 429{said}: too many messages for now"
            ))),
            408 | 425 | 500..=599 => Err(Undelivered::Later(format!("it answered {status}{said}"))),
            300..=399 => Err(Undelivered::Mend(format!(
                "it answered {status}: the webhook has moved; set {key} to where it is"
            ))),
            401 | 403 | 404 | 410 => Err(Undelivered::Mend(format!(
                "it answered {status}{said}: the webhook was revoked or is another one; make a new one and set {key}"
            ))),
            _ => Err(Undelivered::Mend(format!(
                "it answered {status}{said}: it does not take this message; is {key} a webhook of that kind?"
            ))),
        }
    }

    async fn publish(&self, to: &Destination, letter: &Letter) -> Result<(), Undelivered> {
        let topic = to.topic_arn.as_deref().unwrap_or_default();
        let client = self
            .sns
            .as_ref()
            .ok_or_else(|| Undelivered::Mend("there is no client for SNS here".to_owned()))?;
        let value = aws_sdk_sns::types::MessageAttributeValue::builder()
            .data_type("String")
            .string_value(&letter.reference)
            .build()
            .map_err(|error| Undelivered::Mend(error.to_string()))?;
        let mut request = client
            .publish()
            .topic_arn(topic)
            .subject(ascii_subject(&letter.notice.title))
            .message(format!(
                "{}\nlevier {}\n",
                letter.notice.plain(),
                letter.reference
            ))
            .message_attributes("levier_reference", value);
        if topic.ends_with(".fifo") {
            request = request
                .message_deduplication_id(&letter.reference)
                .message_group_id("levier");
        }
        match tokio::time::timeout(self.timeout, request.send()).await {
            Err(_) => Err(Undelivered::Later(format!(
                "SNS did not answer within {} s",
                self.timeout.as_secs_f32()
            ))),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                let status = error.raw_response().map(|raw| raw.status().as_u16());
                let said = aws_sdk_sns::error::DisplayErrorContext(&error).to_string();
                let throttled = said.contains("Throttl");
                match status {
                    Some(400..=499) if !throttled => Err(Undelivered::Mend(format!(
                        "SNS refused: {said}; does the topic exist, and may this role publish to it?"
                    ))),
                    _ => Err(Undelivered::Later(format!("SNS did not take it: {said}"))),
                }
            }
        }
    }
}

/// What went wrong before an answer, without the address.
fn unreached(error: &reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() {
        format!("it did not answer within {} s", timeout.as_secs_f32())
    } else if error.is_connect() {
        "it cannot be reached".to_owned()
    } else {
        "the connection broke".to_owned()
    }
}

/// SNS takes ASCII subjects of one line that begin with a letter or digit: accents go, everything else unknown becomes a space.
fn ascii_subject(title: &str) -> String {
    let plain = |c: char| match c {
        'à' | 'â' | 'ä' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' => 'i',
        'ô' | 'ö' => 'o',
        'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'À' | 'Â' => 'A',
        'É' | 'È' | 'Ê' => 'E',
        'Ç' => 'C',
        '\u{2019}' => '\'',
        c if c.is_ascii_graphic() => c,
        _ => ' ',
    };
    let text: String = title.chars().map(plain).collect();
    let words: Vec<&str> = text.split_whitespace().collect();
    let text: String = words.join(" ").chars().take(SUBJECT).collect();
    let text = text.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
    if text.is_empty() {
        "Levier".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_what_sns_takes() {
        for (title, want) in [
            (
                "Alerte\u{202f}: rétention (Le Cercle)",
                "Alerte : retention (Le Cercle)",
            ),
            ("  \u{2728} l\u{2019}été", "l'ete"),
            ("…", "Levier"),
        ] {
            assert_eq!(ascii_subject(title), want);
        }
        assert!(ascii_subject(&"a".repeat(300)).len() < 100);
    }
}
