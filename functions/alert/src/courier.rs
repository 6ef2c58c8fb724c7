//! Delivery: one HTTP request to a webhook, or one message to a topic.

use std::time::Duration;

use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
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
    /// It does not take this message; it may take others.
    #[error("{0}")]
    Refused(String),
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
        let parsed = address(&url)
            .map_err(|why| Undelivered::Mend(format!("what {key} refers to is {why}")))?;
        let http = self
            .http
            .as_ref()
            .ok_or_else(|| Undelivered::Mend("no HTTP client can be made here".to_owned()))?;
        let sent_to = parsed.to_string();
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
        let said = answer.text().await.unwrap_or_default();
        let said = machine_word(&said, &sent_to)
            .map(|word| format!(" (`{word}`)"))
            .unwrap_or_default();
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
            _ => Err(Undelivered::Refused(format!(
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
        // A topic may be in another region than this function.
        let region = topic
            .split(':')
            .nth(3)
            .filter(|region| !region.is_empty())
            .map(|region| aws_sdk_sns::config::Region::new(region.to_owned()));
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
        let request = request
            .customize()
            .config_override(aws_sdk_sns::config::Builder::new().region(region));
        match tokio::time::timeout(self.timeout, request.send()).await {
            Err(_) => Err(Undelivered::Later(format!(
                "SNS did not answer within {} s",
                self.timeout.as_secs_f32()
            ))),
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                let status = error.raw_response().map(|raw| raw.status().as_u16());
                let said = failed(&error, status);
                let throttled = said.contains("Throttl");
                match status {
                    Some(400..=499) if said.contains("InvalidParameter") => Err(
                        Undelivered::Refused(format!("SNS does not take this message: {said}")),
                    ),
                    Some(400..=499) if !throttled => Err(Undelivered::Mend(format!(
                        "SNS refused: {said}; does the topic exist, and may this role publish to it?"
                    ))),
                    _ => Err(Undelivered::Later(format!("SNS did not take it: {said}"))),
                }
            }
        }
    }
}

/// The address that a secret holds, or why it is none to send to.
///
/// # Errors
/// What it is instead, without repeating it.
pub fn address(secret: &[u8]) -> Result<reqwest::Url, &'static str> {
    let url = reqwest::Url::parse(String::from_utf8_lossy(secret).trim())
        .map_err(|_| "no address; paste the webhook's")?;
    // In clear only to this machine.
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if url.scheme() == "https" || (url.scheme() == "http" && loopback) {
        Ok(url)
    } else {
        Err("not https; a webhook's address is a secret and does not travel in clear")
    }
}

/// What an answer says in one word of its platform (`no_team`, `channel_is_archived`); `None` where it says more, for that may hold
/// the address, as a page that is not there repeats it.
fn machine_word<'a>(answer: &'a str, url: &str) -> Option<&'a str> {
    let word = answer.trim();
    let plain = word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    (plain && (2..=40).contains(&word.len()) && !url.contains(word)).then_some(word)
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

/// What failed of a call to SNS, and its code: the whole chain would fill a page and says no more.
fn failed<E: ProvideErrorMetadata>(error: &SdkError<E>, status: Option<u16>) -> String {
    match (error, error.code(), status) {
        (_, Some(code), Some(status)) => format!("{code} ({status})"),
        (_, _, Some(status)) => format!("it answered {status}"),
        (SdkError::ConstructionFailure(_), ..) => {
            "the request could not be made; are there credentials and a region?".to_owned()
        }
        (SdkError::TimeoutError(_), ..) => "it did not answer in time".to_owned(),
        (SdkError::DispatchFailure(failure), ..) if failure.is_io() => {
            "it cannot be reached".to_owned()
        }
        (SdkError::DispatchFailure(_), ..) => {
            "the request could not be sent; are there credentials, and is SNS reached from here?"
                .to_owned()
        }
        _ => "its answer cannot be read".to_owned(),
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
    fn answers_are_quoted_only_where_they_are_a_word_of_the_platform() {
        let url = "https://hooks.example.com/services/T00/B00/secret_word";
        for (answer, want) in [
            ("no_team", Some("no_team")),
            (" channel_is_archived\n", Some("channel_is_archived")),
            ("Cannot POST /services/T00/B00/secret_word", None),
            ("secret_word", None),
            ("<html>", None),
            ("", None),
        ] {
            assert_eq!(machine_word(answer, url), want, "{answer}");
        }
    }

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
