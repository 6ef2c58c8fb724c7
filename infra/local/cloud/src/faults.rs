//! Faults on demand, for the tests that kill a job at every storage call.
//!
//! Both endpoints ask [`Faults`] before they serve a request. A failed request is a dropped connection: the client
//! cannot tell whether it took effect, as when a machine dies.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The switchboard of one running cloud; clones share it.
///
/// A test of kill safety reads:
///
/// ```text
/// faults.clear(); job().await?; let calls = faults.calls();
/// for n in 0..calls { faults.fail_after(n); assert!(job().await.is_err()); faults.clear(); job().await?; compare(); }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Faults {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    calls: u64,
    writes: u64,
    plan: Plan,
}

#[derive(Debug, Default)]
enum Plan {
    #[default]
    None,
    FailAfter(u64),
    LoseAnswer {
        write: u64,
        then_fail: bool,
        lost: bool,
    },
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Serve,
    Drop,
    ServeThenDrop,
}

impl Faults {
    /// Starts counting anew; the first `calls` requests are served, every later one is dropped until [`Self::clear`].
    /// `0` fails at once.
    pub fn fail_after(&self, calls: u64) {
        self.begin(Plan::FailAfter(calls));
    }

    /// Starts counting anew; the `write`-th write (from 1) takes effect but its answer is lost, and every later request
    /// is dropped until [`Self::clear`]: a machine that dies between doing and saying so. `0` loses nothing.
    pub fn fail_writes_after_effect(&self, write: u64) {
        self.begin(Plan::LoseAnswer {
            write,
            then_fail: true,
            lost: false,
        });
    }

    /// Like [`Self::fail_writes_after_effect`], but only that one answer is lost: what the client's own retry meets.
    pub fn lose_answer(&self, write: u64) {
        self.begin(Plan::LoseAnswer {
            write,
            then_fail: false,
            lost: false,
        });
    }

    /// Serves everything again, and starts counting anew.
    pub fn clear(&self) {
        self.begin(Plan::None);
    }

    /// The S3 and DynamoDB requests that reached the servers since the start or the last change of plan, failed ones
    /// and the clients' own retries included.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// The writes among [`Self::calls`].
    pub fn writes(&self) -> u64 {
        self.state().writes
    }

    pub(crate) fn admit(&self, write: bool) -> Verdict {
        let mut state = self.state();
        state.calls += 1;
        state.writes += u64::from(write);
        let State {
            calls,
            writes,
            plan,
        } = &mut *state;
        match plan {
            Plan::None => Verdict::Serve,
            Plan::FailAfter(limit) if *calls > *limit => Verdict::Drop,
            Plan::FailAfter(_) => Verdict::Serve,
            Plan::LoseAnswer {
                then_fail,
                lost: true,
                ..
            } => {
                if *then_fail {
                    Verdict::Drop
                } else {
                    Verdict::Serve
                }
            }
            Plan::LoseAnswer {
                write: wanted,
                lost,
                ..
            } if write && *writes == *wanted => {
                *lost = true;
                Verdict::ServeThenDrop
            }
            Plan::LoseAnswer { .. } => Verdict::Serve,
        }
    }

    fn begin(&self, plan: Plan) {
        *self.state() = State {
            plan,
            ..State::default()
        };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Drop, Serve, ServeThenDrop};

    fn verdicts(faults: &Faults, writes: &[bool]) -> Vec<Verdict> {
        writes.iter().map(|write| faults.admit(*write)).collect()
    }

    #[test]
    fn each_plan_fails_where_it_says() {
        let faults = Faults::default();
        let requests = [false, true, false, true, true];
        assert_eq!(verdicts(&faults, &requests), [Serve; 5], "no plan");
        assert_eq!((faults.calls(), faults.writes()), (5, 3));

        faults.fail_after(2);
        assert_eq!(
            verdicts(&faults, &requests),
            [Serve, Serve, Drop, Drop, Drop],
            "fail after two"
        );

        faults.fail_writes_after_effect(2);
        assert_eq!(
            verdicts(&faults, &requests),
            [Serve, Serve, Serve, ServeThenDrop, Drop],
            "die after the second write"
        );

        faults.lose_answer(1);
        assert_eq!(
            verdicts(&faults, &requests),
            [Serve, ServeThenDrop, Serve, Serve, Serve],
            "lose one answer"
        );

        faults.clear();
        assert_eq!(faults.calls(), 0);
        assert_eq!(verdicts(&faults, &requests), [Serve; 5], "cleared");
    }
}
