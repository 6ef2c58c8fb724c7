//! One request to a platform, at the pace that it allows.
//!
//! 429 and 5xx are tried again: after `Retry-After` (seconds or a date) or Discord's `retry_after`, else after 1, 2, 4… seconds.
//! Where an answer says that none are left in this window (`X-RateLimit-Remaining: 0`), the next request waits for the window's
//! end, `X-RateLimit-Reset-After` in seconds or `X-RateLimit-Reset` in Unix time. A wait that is longer than the time left is not
//! begun: the run stops, and the next one goes on.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use levier_platforms::pull::{Call, Page, Puller};

use crate::pace::Pace;

/// Attempts of one request at a platform that is down.
const ATTEMPTS: u32 = 5;
/// Answers of "too many requests" before it is called down.
const LIMITED: u32 = 20;
/// The largest page that is read.
const LARGEST: usize = 32 * 1024 * 1024;
/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The time of this run is up, or would be before the platform takes the next request.
    #[error("the time is up")]
    TimeIsUp,
    /// The platform does not answer.
    #[error("{0}")]
    Down(String),
}

/// Speaks to one source's API.
pub(crate) struct Speaker<'a> {
    client: reqwest::Client,
    puller: &'a Puller,
    pace: &'a dyn Pace,
    /// Wait before the next request, as the last answer asked.
    owed: Mutex<Duration>,
}

impl<'a> Speaker<'a> {
    pub(crate) fn new(puller: &'a Puller, pace: &'a dyn Pace) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            // A redirect would carry the token to wherever it points.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .user_agent(concat!(
                "DiscordBot (https://example.com/levier, ",
                env!("CARGO_PKG_VERSION"),
                ") levier"
            ))
            .build()
            .map_err(|error| format!("no TLS client can be made: {error}"))?;
        Ok(Self {
            client,
            puller,
            pace,
            owed: Mutex::new(Duration::ZERO),
        })
    }

    async fn wait(&self, time: Duration) -> Result<(), HttpError> {
        if time.is_zero() {
            return Ok(());
        }
        if time >= self.pace.left() {
            return Err(HttpError::TimeIsUp);
        }
        self.pace.wait(time).await;
        Ok(())
    }

    /// Sends a call until it is answered with anything but 429 and 5xx.
    pub(crate) async fn ask(&self, call: &Call, now: Timestamp) -> Result<Page, HttpError> {
        let owed = std::mem::take(
            &mut *self
                .owed
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        self.wait(owed).await?;
        let (mut failures, mut limited) = (0, 0);
        loop {
            if self.pace.left().is_zero() {
                return Err(HttpError::TimeIsUp);
            }
            let (problem, asked) = match self.send(call).await {
                Ok(page) if is_limited(&page) => {
                    limited += 1;
                    (
                        "too many requests".to_owned(),
                        wait_asked(&page, now).or(Some(Duration::from_secs(1 << limited.min(6)))),
                    )
                }
                Ok(page) if page.status >= 500 => {
                    failures += 1;
                    (format!("status {}", page.status), wait_asked(&page, now))
                }
                Ok(page) => {
                    let owed = window_end(&page, now).unwrap_or(Duration::ZERO);
                    *self
                        .owed
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner) = owed;
                    return Ok(page);
                }
                Err(problem) => {
                    failures += 1;
                    (problem, None)
                }
            };
            if failures >= ATTEMPTS || limited >= LIMITED {
                return Err(HttpError::Down(problem));
            }
            let backoff = Duration::from_secs(1 << failures.saturating_sub(1).min(6));
            self.wait(asked.unwrap_or(backoff)).await?;
        }
    }

    async fn send(&self, call: &Call) -> Result<Page, String> {
        // reqwest's error would repeat the address, and an address may hold an id of somebody.
        let said = |error: reqwest::Error| {
            let error = error.without_url();
            if error.is_timeout() {
                "no answer in time".to_owned()
            } else {
                format!("no answer: {error}")
            }
        };
        let url = self.puller.url(call);
        let mut request = if call.acts {
            self.client.post(url)
        } else {
            self.client.get(url)
        };
        for (name, value) in self.puller.headers() {
            request = request.header(name, value);
        }
        let mut response = request.query(&call.query).send().await.map_err(said)?;
        let status = response.status().as_u16();
        let headers = response
            .headers()
            .iter()
            .filter_map(|(name, value)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            })
            .collect();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(said)? {
            if body.len() + chunk.len() > LARGEST {
                return Err(format!("an answer of more than {LARGEST} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Page {
            status,
            headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        })
    }
}

fn is_limited(page: &Page) -> bool {
    let by_github = page.status == 403
        && (page.header("retry-after").is_some()
            || page.header("x-ratelimit-remaining") == Some("0"));
    let by_slack = matches!(
        page.body["error"].as_str(),
        Some("ratelimited" | "rate_limited")
    );
    page.status == 429 || by_github || by_slack
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// What a refusal asks to wait.
fn wait_asked(page: &Page, now: Timestamp) -> Option<Duration> {
    let by_body = || {
        let wait = page.body["retry_after"].as_f64()?;
        Duration::try_from_secs_f64(wait).ok()
    };
    let by_header = || {
        let text = page.header("retry-after")?;
        seconds(text).or_else(|| {
            let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
            Duration::try_from(at.duration_since(now)).ok()
        })
    };
    by_header()
        .or_else(by_body)
        .or_else(|| window_end(page, now))
}

/// How long the window lasts in which nothing more is allowed; `None` where something is.
fn window_end(page: &Page, now: Timestamp) -> Option<Duration> {
    if page.header("x-ratelimit-remaining")? != "0" {
        return None;
    }
    if let Some(after) = page.header("x-ratelimit-reset-after") {
        return seconds(after);
    }
    let reset: f64 = page.header("x-ratelimit-reset")?.parse().ok()?;
    let now = now.as_microsecond() as f64 / 1e6;
    Duration::try_from_secs_f64((reset - now).max(0.0)).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn page(status: u16, headers: &[(&str, &str)], body: serde_json::Value) -> Page {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Page {
            status,
            headers,
            body,
        }
    }

    #[test]
    fn waits_are_those_that_the_platform_asks_for() {
        let now: Timestamp = "2026-03-01T10:00:00Z".parse().unwrap();
        for (case, page, limited, want) in [
            (
                "seconds",
                page(429, &[("retry-after", "7")], json!(null)),
                true,
                Some(7.0),
            ),
            (
                "Discord's body",
                page(429, &[], json!({"retry_after": 0.25})),
                true,
                Some(0.25),
            ),
            (
                "a date",
                page(
                    503,
                    &[("retry-after", "Sun, 01 Mar 2026 10:00:30 GMT")],
                    json!(null),
                ),
                false,
                Some(30.0),
            ),
            (
                "GitHub's window",
                page(
                    403,
                    &[
                        ("x-ratelimit-remaining", "0"),
                        ("x-ratelimit-reset", "1772359260"),
                    ],
                    json!(null),
                ),
                true,
                Some(60.0),
            ),
            (
                "GitHub's permission",
                page(403, &[("x-ratelimit-remaining", "12")], json!(null)),
                false,
                None,
            ),
            (
                "Slack's body",
                page(200, &[], json!({"ok": false, "error": "ratelimited"})),
                true,
                None,
            ),
            ("nothing said", page(502, &[], json!(null)), false, None),
        ] {
            assert_eq!(is_limited(&page), limited, "{case}");
            assert_eq!(
                wait_asked(&page, now).map(|wait| wait.as_secs_f64()),
                want,
                "{case}"
            );
        }
        let last = page(
            200,
            &[
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset-after", "1.5"),
            ],
            json!([]),
        );
        assert_eq!(window_end(&last, now), Some(Duration::from_millis(1500)));
        let more = page(
            200,
            &[
                ("x-ratelimit-remaining", "3"),
                ("x-ratelimit-reset-after", "1.5"),
            ],
            json!([]),
        );
        assert_eq!(window_end(&more, now), None);
    }
}
