//! The outbox: messages that wait for their destination, one DynamoDB item each.
//!
//! A letter is made by a conditional write, so that it enters once; before it is sent it is claimed by another, so that two runs at
//! once do not both send it; once taken it stays as a mark for as long as the same subject could come again. Destinations are served
//! side by side, each in the order in which its letters were put in: one that is down holds up no other, and is told an end after its
//! beginning.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use futures::future::join_all;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use levier_domain::config::Destination;
use levier_render::{Line, Notice};
use levier_runtime::{Dependencies, JobError, Outcome};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::courier::{Courier, Undelivered};

/// Room of the letters.
const ROOM: &str = "outbox";
/// A claim that was not settled (the run was killed) ends after this long.
const CLAIM: SignedDuration = SignedDuration::from_mins(5);
/// A letter that no run could deliver for this long is given up.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(14 * 24);
/// Settled letters are forgotten after this long.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Turn of an alert that fired, in the subject of its letter.
pub(crate) const FIRED: &str = "fired";
/// Turn of an alert that is over.
pub(crate) const CLEARED: &str = "cleared";

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
    /// When it was put in.
    #[serde(default)]
    pub queued_at: Option<Timestamp>,
    /// Its place among those that were put in at that time.
    #[serde(default)]
    pub place: u32,
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
            queued_at: None,
            place: 0,
            attempts: 0,
            first_tried_at: None,
            claimed_until: None,
            sent_at: None,
            given_up_at: None,
            problem: None,
        }
    }

    /// Put in at an instant, after `place` others.
    #[must_use]
    pub fn queued(mut self, at: Timestamp, place: u32) -> Self {
        self.queued_at = Some(at);
        self.place = place;
        self
    }

    /// The subject of the firing whose end this tells.
    fn firing(&self) -> Option<String> {
        let (rest, turns) = self.subject.rsplit_once('|')?;
        let (rest, began) = rest.rsplit_once('|')?;
        let name = rest.strip_suffix(CLEARED)?.strip_suffix('|')?;
        Some(format!("{name}|{FIRED}|{began}|{turns}"))
    }

    /// Whether it waited, or was tried in vain, for too long.
    fn is_old(&self, now: Timestamp) -> bool {
        let since = self.first_tried_at.or(self.queued_at).unwrap_or(now);
        now.duration_since(since) > GIVEN_UP_AFTER
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
    let mut rounds: BTreeMap<String, Round<'_>> = BTreeMap::new();
    for (name, text) in deps.results.states(ROOM).await? {
        let Ok(letter) = serde_json::from_str::<Letter>(&text) else {
            outcome.warnings.push(format!(
                "the letter {name} of the outbox is not readable; it is left alone"
            ));
            continue;
        };
        let round = rounds
            .entry(letter.destination.clone())
            .or_insert_with(|| Round {
                deps,
                courier,
                now,
                begun: Instant::now(),
                unsent: BTreeSet::new(),
                waiting: Vec::new(),
                outcome: Outcome::default(),
            });
        if letter.sent_at.is_none() {
            round.unsent.insert(letter.subject.clone());
        }
        match letter.settled() {
            None => round.waiting.push(Held { name, text, letter }),
            Some(settled) => {
                if settled
                    .saturating_add(FORGOTTEN_AFTER)
                    .is_ok_and(|end| end < now)
                {
                    deps.results.delete_state(ROOM, &name).await?;
                }
            }
        }
    }
    for served in join_all(rounds.into_values().map(Round::serve)).await {
        let of_round = served?;
        for (what, n) in of_round.counts {
            outcome.count(&what, n);
        }
        outcome.warnings.extend(of_round.warnings);
    }
    Ok(())
}

/// A letter as the outbox holds it.
struct Held {
    name: String,
    text: String,
    letter: Letter,
}

/// The letters of one destination.
struct Round<'a> {
    deps: &'a Dependencies,
    courier: &'a Courier,
    now: Timestamp,
    begun: Instant,
    /// Subjects of letters that it was never sent.
    unsent: BTreeSet<String>,
    waiting: Vec<Held>,
    outcome: Outcome,
}

impl Round<'_> {
    /// Sends one after the other until one must wait.
    async fn serve(mut self) -> Result<Outcome, JobError> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by(|a, b| {
            let place = |held: &Held| (held.letter.queued_at, held.letter.place);
            place(a).cmp(&place(b)).then(a.name.cmp(&b.name))
        });
        let ends: BTreeSet<String> = waiting
            .iter()
            .filter_map(|held| held.letter.firing())
            .collect();
        let mut waiting = waiting.into_iter();
        let mut stopped = false;
        for held in waiting.by_ref() {
            let in_hand = held
                .letter
                .claimed_until
                .is_some_and(|until| until > self.now);
            if ends.contains(&held.letter.subject) && !in_hand {
                let why = "it was over before it could be told: its end tells both";
                self.give_up(held, why).await?;
            } else if !self.send(held).await? {
                stopped = true;
                break;
            }
        }
        if stopped {
            for held in waiting {
                if held.letter.is_old(self.now) {
                    self.outcome.count("given_up", 1);
                    self.give_up(held, "nothing could be delivered for fourteen days")
                        .await?;
                } else {
                    self.outcome.count("waiting", 1);
                }
            }
        }
        Ok(self.outcome)
    }

    async fn replace(&self, held: &Held, letter: &Letter) -> Result<Option<String>, JobError> {
        let text = letter.text()?;
        let replaced = self
            .deps
            .results
            .replace_state(ROOM, &held.name, Some(&held.text), &text)
            .await?;
        Ok(replaced.then_some(text))
    }

    async fn give_up(&self, held: Held, why: &str) -> Result<(), JobError> {
        let letter = Letter {
            given_up_at: Some(self.now),
            problem: Some(why.to_owned()),
            ..held.letter.clone()
        };
        self.replace(&held, &letter).await.map(drop)
    }

    /// Sends a letter; says whether the next one may follow.
    async fn send(&mut self, held: Held) -> Result<bool, JobError> {
        let Some(to) = self.deps.config.notify.get(&held.letter.destination) else {
            // Nobody is there any more.
            let why = format!("there is no [notify.{}] any more", held.letter.destination);
            self.give_up(held, &why).await?;
            return Ok(true);
        };
        let now = self.now;
        if held.letter.claimed_until.is_some_and(|until| until > now) {
            // Another run has it in hand: what comes after it comes after it.
            self.outcome.count("waiting", 1);
            return Ok(false);
        }
        let mut letter = held.letter.clone();
        // A claim counts from now, not from when the run began: letters before this one may have taken their time.
        let spent = SignedDuration::try_from(self.begun.elapsed()).unwrap_or_default();
        letter.claimed_until = now.checked_add(spent + CLAIM).ok();
        letter.first_tried_at.get_or_insert(now);
        letter.attempts += 1;
        let Some(claim) = self.replace(&held, &letter).await? else {
            return Ok(false);
        };
        let held = Held {
            text: claim,
            ..held
        };
        let mut sent = letter.clone();
        if letter
            .firing()
            .is_some_and(|firing| self.unsent.contains(&firing))
        {
            sent.notice.lines.push(untold(self.deps, to));
        }
        let answer = self.courier.send(to, &self.deps.secrets, &sent).await;
        letter.claimed_until = None;
        let mut goes_on = true;
        match answer {
            Ok(()) => {
                letter.sent_at = Some(now);
                letter.problem = None;
                self.outcome.count("sent", 1);
            }
            Err(problem) => {
                goes_on = matches!(problem, Undelivered::Refused(_));
                let said = problem.to_string();
                let next = if letter.is_old(now) {
                    self.outcome.count("given_up", 1);
                    letter.given_up_at = Some(now);
                    "given up after fourteen days"
                } else {
                    self.outcome.count("waiting", 1);
                    "it stays in the outbox and is tried again at the next run"
                };
                let warning = format!(
                    "notify.{}: `{}` was not delivered: {said}; {next}",
                    letter.destination, letter.subject
                );
                tracing::warn!(destination = %letter.destination, problem = %said, retry_helps = problem.is_retryable(), "a message was not delivered");
                self.outcome.warnings.push(warning);
                letter.problem = Some(said);
            }
        }
        self.replace(&held, &letter).await?;
        Ok(goes_on)
    }
}

/// Said with the end of an alert whose beginning was never delivered.
fn untold(deps: &Dependencies, to: &Destination) -> Line {
    Line::Text(crate::language(deps, to).say(
        "It fired while this destination could not be reached, and is over since.",
        "L'alerte s'est déclenchée pendant que cette destination était injoignable, et elle est terminée depuis.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_knows_its_beginning() {
        let letter = |subject: &str| {
            let notice = Notice {
                title: String::new(),
                lines: Vec::new(),
            };
            Letter::new("team", subject, None, notice)
        };
        for (subject, want) in [
            ("slow|cleared|2026-W46|2", Some("slow|fired|2026-W46|2")),
            ("slow|fired|2026-W46|2", None),
            ("digest|2026-W46", None),
            ("slow|cleared|2026-W46", None),
        ] {
            assert_eq!(letter(subject).firing().as_deref(), want, "{subject}");
        }
    }
}
