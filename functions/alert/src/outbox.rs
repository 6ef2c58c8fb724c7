//! The outbox: messages that wait for their destination, one DynamoDB item each.
//!
//! A letter is made by a conditional write, so that it enters once; before it is sent it is claimed by another, so that two runs at
//! once do not both send it; once taken it stays as a mark for as long as the same subject could come again.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use levier_render::Notice;
use levier_runtime::{Dependencies, JobError, Outcome};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::courier::Courier;

/// Room of the letters.
const ROOM: &str = "outbox";
/// A claim that was not settled (the run was killed) ends after this long.
const CLAIM: SignedDuration = SignedDuration::from_mins(5);
/// A letter that no run could deliver for this long is given up.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Settled letters are forgotten after this long.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(400 * 24);

/// One message for one destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// The destination, by its name in the configuration.
    pub destination: String,
    /// What it is about: alert, turn and beginning; or the digest's week.
    pub subject: String,
    /// Short name of the message, the same however often it is sent.
    pub reference: String,
    /// The day whose results it tells.
    pub as_of: Option<Date>,
    /// What it says.
    pub notice: Notice,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was tried first.
    pub first_tried_at: Option<Timestamp>,
    /// Until when a run has it in hand.
    pub claimed_until: Option<Timestamp>,
    /// When the destination took it.
    pub sent_at: Option<Timestamp>,
    /// When it was given up.
    pub given_up_at: Option<Timestamp>,
    /// Why it was not taken last time.
    pub problem: Option<String>,
}

impl Letter {
    /// A letter not sent yet.
    #[must_use]
    pub fn new(destination: &str, subject: &str, as_of: Option<Date>, notice: Notice) -> Self {
        Self {
            destination: destination.to_owned(),
            subject: subject.to_owned(),
            reference: hex::encode(&Sha256::digest(key(destination, subject).as_bytes())[..6]),
            as_of,
            notice,
            attempts: 0,
            first_tried_at: None,
            claimed_until: None,
            sent_at: None,
            given_up_at: None,
            problem: None,
        }
    }

    fn settled(&self) -> Option<Timestamp> {
        self.sent_at.or(self.given_up_at)
    }

    fn text(&self) -> Result<String, JobError> {
        serde_json::to_string(self).map_err(|error| JobError::Input(error.to_string()))
    }
}

fn key(destination: &str, subject: &str) -> String {
    format!("{destination}|{subject}")
}

/// Puts a letter in, unless one of the same destination and subject was put in before.
pub(crate) async fn queue(deps: &Dependencies, letter: Letter) -> Result<(), JobError> {
    let name = key(&letter.destination, &letter.subject);
    deps.results
        .replace_state(ROOM, &name, None, &letter.text()?)
        .await?;
    Ok(())
}

/// Whether a letter of this destination and subject was put in before.
pub(crate) async fn holds(
    deps: &Dependencies,
    destination: &str,
    subject: &str,
) -> Result<bool, JobError> {
    Ok(deps
        .results
        .state(ROOM, &key(destination, subject))
        .await?
        .is_some())
}

/// Every letter that is still known, by destination and subject.
///
/// # Errors
/// [`JobError::Results`] where the outbox cannot be read.
pub async fn outbox(deps: &Dependencies) -> Result<Vec<Letter>, JobError> {
    Ok(deps
        .results
        .states(ROOM)
        .await?
        .values()
        .filter_map(|text| serde_json::from_str(text).ok())
        .collect())
}

/// Sends what waits, and says what a destination did not take.
pub(crate) async fn deliver(
    deps: &Dependencies,
    courier: &Courier,
    now: Timestamp,
    outcome: &mut Outcome,
) -> Result<(), JobError> {
    for (name, text) in deps.results.states(ROOM).await? {
        let Ok(mut letter) = serde_json::from_str::<Letter>(&text) else {
            outcome.warnings.push(format!(
                "the letter {name} of the outbox is not readable; it is left alone"
            ));
            continue;
        };
        if let Some(settled) = letter.settled() {
            if settled
                .saturating_add(FORGOTTEN_AFTER)
                .is_ok_and(|end| end < now)
            {
                deps.results.delete_state(ROOM, &name).await?;
            }
            continue;
        }
        if letter.claimed_until.is_some_and(|until| until > now) {
            continue;
        }
        let Some(destination) = deps.config.notify.get(&letter.destination) else {
            // Nobody is there any more.
            letter.given_up_at = Some(now);
            letter.problem = Some(format!(
                "there is no [notify.{}] any more",
                letter.destination
            ));
            let settled = letter.text()?;
            deps.results
                .replace_state(ROOM, &name, Some(&text), &settled)
                .await?;
            continue;
        };
        letter.claimed_until = now.checked_add(CLAIM).ok();
        letter.first_tried_at.get_or_insert(now);
        letter.attempts += 1;
        let claim = letter.text()?;
        if !deps
            .results
            .replace_state(ROOM, &name, Some(&text), &claim)
            .await?
        {
            continue;
        }
        let sent = courier.send(destination, &deps.secrets, &letter).await;
        letter.claimed_until = None;
        match sent {
            Ok(()) => {
                letter.sent_at = Some(now);
                letter.problem = None;
                outcome.count("sent", 1);
            }
            Err(problem) => {
                let said = problem.to_string();
                let since = letter.first_tried_at.unwrap_or(now);
                let given_up = now.duration_since(since) > GIVEN_UP_AFTER;
                let next = if given_up {
                    outcome.count("given_up", 1);
                    letter.given_up_at = Some(now);
                    "given up after fourteen days"
                } else {
                    outcome.count("waiting", 1);
                    "it stays in the outbox and is tried again at the next run"
                };
                let warning = format!(
                    "notify.{}: `{}` was not delivered: {said}; {next}",
                    letter.destination, letter.subject
                );
                tracing::warn!(destination = %letter.destination, problem = %said, retry_helps = problem.is_retryable(), "a message was not delivered");
                outcome.warnings.push(warning);
                letter.problem = Some(said);
            }
        }
        let settled = letter.text()?;
        deps.results
            .replace_state(ROOM, &name, Some(&claim), &settled)
            .await?;
    }
    Ok(())
}
