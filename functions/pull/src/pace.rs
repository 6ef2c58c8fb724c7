//! Waiting: how much time is left, and how it is spent.

use std::time::{Duration, SystemTime};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use levier_runtime::Clock;

/// Time that is kept for writing down where the work stopped.
const RESERVE: SignedDuration = SignedDuration::from_secs(20);
/// The longest run where nothing else ends it, as on Lambda.
const LONGEST: SignedDuration = SignedDuration::from_mins(15);

/// Tells how much time is left, and waits. Tests have one that does not.
pub trait Pace: Send + Sync {
    /// The time that is left; none when it is time to stop.
    fn left(&self) -> Duration;

    /// Waits.
    fn wait(&self, time: Duration) -> BoxFuture<'_, ()>;
}

/// The pace of a real run.
#[derive(Clone, Copy, Debug)]
pub struct Ticking {
    clock: Clock,
    end: Timestamp,
}

impl Ticking {
    /// A run that is ended at an instant.
    #[must_use]
    pub fn until(clock: Clock, end: SystemTime) -> Self {
        let longest = clock() + LONGEST;
        let end = Timestamp::try_from(end).map_or(longest, |end| end.min(longest));
        Self {
            clock,
            end: end - RESERVE,
        }
    }

    /// A run that nothing ends from outside.
    #[must_use]
    pub fn free(clock: Clock) -> Self {
        Self {
            clock,
            end: clock() + LONGEST - RESERVE,
        }
    }
}

impl Pace for Ticking {
    fn left(&self) -> Duration {
        Duration::try_from(self.end.duration_since((self.clock)())).unwrap_or(Duration::ZERO)
    }

    fn wait(&self, time: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(time))
    }
}
