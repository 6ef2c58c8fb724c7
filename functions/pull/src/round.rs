//! One source: its round, page by page.
//!
//! After each page: what it gave is landed, then its part of the list is kept, then the state is replaced, on the condition that
//! nobody else has replaced it. Killed between any two of these, the page is asked for again and lands under the same key, because
//! a key follows from the round's instant and the body. The instant of a round is written before its first request.

use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use levier_lake::delivery::{Body, Landed};
use levier_platforms::Source;
use levier_platforms::pull::{
    HEADER, Known, Problem, Pulled, Puller, ROOM, Refusal, Round, State, Step, Task,
};
use levier_runtime::{Dependencies, JobError, Outcome};

use crate::http::{HttpError, Speaker};
use crate::pace::Pace;

/// A round ends this long before now: clocks differ, and what a platform dates within it must already be there to be read.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// Warnings that are kept of one round; the rest is counted.
const WARNINGS: usize = 10;
/// The largest state; an item of DynamoDB holds 400 KB.
const LARGEST_STATE: usize = 380_000;

/// Why a source was not pulled to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// A store failed: the whole job fails, and is tried again.
    #[error(transparent)]
    Job(#[from] JobError),
    /// The time is up: the next run goes on.
    #[error("the time is up")]
    TimeIsUp,
    /// Somebody else is pulling the source.
    #[error("another run is pulling it")]
    Busy,
    /// The platform refuses, or is down. The next run goes on where this one stopped.
    #[error("{0}")]
    Platform(String),
}

impl From<levier_lake::LakeError> for Stop {
    fn from(error: levier_lake::LakeError) -> Self {
        Self::Job(error.into())
    }
}

impl From<levier_results::ResultsError> for Stop {
    fn from(error: levier_results::ResultsError) -> Self {
        Self::Job(error.into())
    }
}

/// The pulling of one source.
pub(crate) struct Work<'a> {
    deps: &'a Dependencies,
    source: &'a Source,
    puller: &'a Puller,
    state: State,
    /// The state as it stands in the store.
    stored: Option<String>,
    known: Arc<Known>,
}

impl<'a> Work<'a> {
    pub(crate) async fn open(
        deps: &'a Dependencies,
        source: &'a Source,
        puller: &'a Puller,
    ) -> Result<Self, Stop> {
        let stored = deps.results.state(ROOM, source.name()).await?;
        let state: State = match &stored {
            None => State::default(),
            Some(json) => serde_json::from_str(json).map_err(|error| {
                JobError::Input(format!(
                    "the cursors of source `{}` cannot be read ({error}); delete the item `{}` of `state#{ROOM}` in the results table, and history is read again without counting twice",
                    source.name(), source.name()
                ))
            })?,
        };
        let mut work = Self {
            deps,
            source,
            puller,
            state,
            stored,
            known: Arc::default(),
        };
        work.sweep().await?;
        if let Some(at) = work.state.known {
            let known: Option<Known> = deps.lake.get_json(&work.known_key(at)).await?;
            work.known = Arc::new(known.unwrap_or_default());
        }
        Ok(work)
    }

    fn folder(&self) -> String {
        format!("pull/{}/", self.source.name())
    }

    fn known_key(&self, at: Timestamp) -> String {
        format!("{}{:016}.json", self.folder(), at.as_microsecond())
    }

    fn parts(&self, at: Timestamp) -> String {
        format!("{}{:016}/", self.folder(), at.as_microsecond())
    }

    /// Deletes the lists that no round needs any more.
    async fn sweep(&self) -> Result<(), Stop> {
        let known = self.state.known.map(|at| self.known_key(at));
        let parts = self.state.at.map(|at| self.parts(at));
        for object in self.deps.lake.list(&self.folder()).await? {
            let is_known = known.as_ref() == Some(&object.key);
            let is_part = parts
                .as_ref()
                .is_some_and(|parts| object.key.starts_with(parts));
            if !is_known && !is_part {
                self.deps.lake.delete(&object.key).await?;
            }
        }
        Ok(())
    }

    /// Replaces the state, unless somebody else did.
    async fn save(&mut self) -> Result<(), Stop> {
        let json = serde_json::to_string(&self.state)
            .map_err(|error| JobError::Input(error.to_string()))?;
        if self.stored.as_ref() == Some(&json) {
            return Ok(());
        }
        if json.len() > LARGEST_STATE {
            return Err(Stop::Platform(format!(
                "the list of what is still to be read has {} bytes, more than the results table holds; list fewer `channels` in [sources.{}.pull]",
                json.len(),
                self.source.name()
            )));
        }
        let taken = self
            .deps
            .results
            .replace_state(ROOM, self.source.name(), self.stored.as_deref(), &json)
            .await?;
        if !taken {
            return Err(Stop::Busy);
        }
        self.stored = Some(json);
        Ok(())
    }

    /// Reads the source up to now, or to where something stops it; what that is stands in the state afterwards.
    pub(crate) async fn pull(
        &mut self,
        now: Timestamp,
        pace: &dyn Pace,
        outcome: &mut Outcome,
    ) -> Result<(), Stop> {
        let result = self.rounds(now, pace, outcome).await;
        let problem = match &result {
            Err(Stop::Platform(detail)) => Some(Problem {
                at: self.state.at.unwrap_or(now),
                detail: detail.clone(),
            }),
            Err(_) => return result,
            Ok(()) => None,
        };
        self.state.problem = problem;
        match self.save().await {
            Ok(()) => result,
            // What the platform said is worth more than that it could not be noted.
            Err(Stop::Platform(_)) => result,
            Err(stop) => Err(stop),
        }
    }

    async fn rounds(
        &mut self,
        now: Timestamp,
        pace: &dyn Pace,
        outcome: &mut Outcome,
    ) -> Result<(), Stop> {
        let speaker = Speaker::new(self.puller, pace).map_err(Stop::Platform)?;
        let target = now.checked_sub(MARGIN).unwrap_or(now);
        // A round left over from before is finished first; then comes what happened since.
        while self.state.at.is_some() || self.state.front.is_none_or(|front| front < target) {
            self.round(target, now, &speaker, outcome).await?;
        }
        Ok(())
    }

    async fn round(
        &mut self,
        target: Timestamp,
        now: Timestamp,
        speaker: &Speaker<'_>,
        outcome: &mut Outcome,
    ) -> Result<(), Stop> {
        let at = match self.state.at {
            Some(at) => at,
            None => {
                let mut state = self.state.clone();
                self.puller
                    .begin(&mut state, &self.facts(target).of(&self.state));
                self.state = state;
                self.save().await?;
                target
            }
        };
        while let Some(task) = self.state.tasks.front().cloned() {
            let facts = self.facts(at);
            let call = self.puller.call(&task, &facts.of(&self.state));
            let page = match speaker.ask(&call, now).await {
                Ok(page) => page,
                Err(HttpError::TimeIsUp) => return Err(Stop::TimeIsUp),
                Err(HttpError::Down(problem)) => {
                    return Err(Stop::Platform(format!(
                        "`{}` ({}) does not answer: {problem}; nothing is lost, the next run goes on",
                        self.source.name(),
                        self.source.platform()
                    )));
                }
            };
            outcome.count("pages", 1);
            let step = match self.puller.take(&task, &page, &facts.of(&self.state)) {
                Ok(step) => step,
                Err(refusal) => self.refused(&task, refusal)?,
            };
            self.take(at, step, outcome).await?;
        }
        self.compare(at, outcome).await
    }

    fn facts(&self, at: Timestamp) -> Facts {
        Facts {
            at,
            since: self.puller.since(),
            known: self.known.clone(),
        }
    }

    /// What to do about a refusal: go on without the page, or stop.
    fn refused(&self, task: &Task, refusal: Refusal) -> Result<Step, Stop> {
        let name = self.source.name();
        let platform = self.source.platform();
        match refusal {
            Refusal::Token(said) => Err(Stop::Platform(format!(
                "`{name}` ({platform}) refuses the token ({said}): it was revoked or lacks a right; set a new one where [sources.{name}.pull] token points"
            ))),
            Refusal::Skip(said) => Ok(Step {
                warning: Some(said),
                ..Step::default()
            }),
            Refusal::Restart => match task.restarted() {
                Some(again) => Ok(Step {
                    tasks: vec![again],
                    ..Step::default()
                }),
                None => Err(Stop::Platform(format!(
                    "`{name}` ({platform}) does not take its own cursor of {} any more, however often the interval is begun anew; nothing is lost, the next run tries again",
                    task.what
                ))),
            },
            Refusal::Limited => Err(Stop::Platform(format!(
                "`{name}` ({platform}) takes no more requests for now; nothing is lost, the next run goes on"
            ))),
            Refusal::Other(said) => Err(Stop::Platform(format!(
                "`{name}` ({platform}) answers {said}; nothing is lost, the next run tries again"
            ))),
        }
    }

    /// Lands what a page gave, keeps its part of the list, and writes down that it is read.
    async fn take(&mut self, at: Timestamp, step: Step, outcome: &mut Outcome) -> Result<(), Stop> {
        self.land(at, &step.land, outcome).await?;
        let mut state = self.state.clone();
        if !step.known.is_empty() {
            let key = format!("{}{:06}.json", self.parts(at), state.parts);
            self.deps.lake.put_json(&key, &step.known).await?;
            state.parts += 1;
        }
        state.tasks.pop_front();
        for task in step.tasks.into_iter().rev() {
            state.tasks.push_front(task);
        }
        state.marks.extend(step.marks);
        state.listed.extend(step.listed);
        if let Some(warning) = step.warning
            && state.warnings.len() < WARNINGS
            && !state.warnings.contains(&warning)
        {
            state.warnings.push(warning);
        }
        self.state = state;
        self.save().await
    }

    async fn land(
        &self,
        at: Timestamp,
        pulled: &[Pulled],
        outcome: &mut Outcome,
    ) -> Result<(), Stop> {
        for one in pulled {
            let landed = Landed {
                source: self.source.name().to_owned(),
                received_at: at,
                query: String::new(),
                headers: vec![(HEADER.to_owned(), one.what.to_owned())],
                body: Body::new(one.body.to_string().into_bytes()),
            };
            let json =
                serde_json::to_vec(&landed).map_err(|error| JobError::Input(error.to_string()))?;
            // There already: landed by a run that was killed before it wrote so down.
            if self
                .deps
                .lake
                .create(&landed.key(0), Bytes::from(json))
                .await?
            {
                outcome.count("deliveries", 1);
            }
        }
        Ok(())
    }

    /// The end of a round: who is missing has left, and the next round begins where this one ends.
    async fn compare(&mut self, at: Timestamp, outcome: &mut Outcome) -> Result<(), Stop> {
        let parts: Vec<String> = (0..self.state.parts)
            .map(|part| format!("{}{part:06}.json", self.parts(at)))
            .collect();
        let mut listed = Known::new();
        for (key, bytes) in self.deps.lake.get_all(&parts).await? {
            let part: Known = serde_json::from_slice(&bytes)
                .map_err(|error| levier_lake::LakeError::content(&key, "JSON", error))?;
            listed.extend(part);
        }
        let facts = self.facts(at);
        let (gone, known) = self
            .puller
            .compare(&self.state, &listed, &facts.of(&self.state));
        self.land(at, &gone, outcome).await?;
        let mut state = self.state.clone();
        if !known.is_empty() {
            self.deps.lake.put_json(&self.known_key(at), &known).await?;
            state.known = Some(at);
        }
        state.at = None;
        state.front = Some(at);
        state.listed.clear();
        state.parts = 0;
        state.problem = None;
        self.state = state;
        self.known = Arc::new(known);
        self.save().await?;
        self.sweep().await
    }

    /// What the last round could not read.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.state.warnings
    }
}

/// What a round knows, held apart from the state that it changes.
struct Facts {
    at: Timestamp,
    since: Option<Timestamp>,
    known: Arc<Known>,
}

impl Facts {
    fn of<'a>(&'a self, state: &'a State) -> Round<'a> {
        Round {
            at: self.at,
            front: state.front,
            since: self.since,
            marks: &state.marks,
            known: &self.known,
            known_at: state.known,
        }
    }
}
