//! What can go wrong in an estimate: always a typed reason, never a NaN and never a zero that stands for "unknown".

/// Why a number cannot be had.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StatsError {
    /// Fewer observations than the formula needs.
    #[error("{what}: {have} observations, at least {need} are needed")]
    TooFew {
        /// What was being estimated.
        what: String,
        /// How many there are.
        have: u64,
        /// How many it takes.
        need: u64,
    },
    /// One arm holds nobody.
    #[error("{arm} is empty: nobody to compare; check how the arms are coded")]
    EmptyArm {
        /// The arm.
        arm: String,
    },
    /// The level that a ratio or a lift divides by is zero.
    #[error("{what} is 0: a ratio to it has no meaning; report the absolute difference")]
    ZeroBaseline {
        /// The level.
        what: String,
    },
    /// A variance that must be positive is zero.
    #[error("{what} does not vary: no standard error can be had from it")]
    NoVariance {
        /// The quantity.
        what: String,
    },
    /// A design matrix without full rank.
    #[error("{what} is singular: columns are linearly dependent or constant; drop one of them")]
    Singular {
        /// The model.
        what: String,
    },
    /// Newton or another search did not arrive.
    #[error("{what} did not converge after {iterations} iterations: {hint}")]
    NotConverged {
        /// The model.
        what: String,
        /// How far the search went.
        iterations: u32,
        /// What the reader can do.
        hint: String,
    },
    /// A value that the formula does not admit.
    #[error("{what}: {why}")]
    Invalid {
        /// The input.
        what: String,
        /// What is wrong with it.
        why: String,
    },
}

impl StatsError {
    /// Shorthand for [`StatsError::Invalid`].
    pub fn invalid(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Invalid {
            what: what.into(),
            why: why.into(),
        }
    }

    /// Shorthand for [`StatsError::TooFew`].
    pub fn too_few(what: impl Into<String>, have: u64, need: u64) -> Self {
        Self::TooFew {
            what: what.into(),
            have,
            need,
        }
    }

    /// Shorthand for [`StatsError::EmptyArm`].
    pub fn empty(arm: impl Into<String>) -> Self {
        Self::EmptyArm { arm: arm.into() }
    }

    /// Shorthand for [`StatsError::Singular`].
    pub fn singular(what: impl Into<String>) -> Self {
        Self::Singular { what: what.into() }
    }

    /// The same inputs give the same error: trying again never helps.
    pub fn is_retryable(&self) -> bool {
        false
    }
}

/// `value` when it is a number, else an error naming it.
pub(crate) fn finite(value: f64, what: &str) -> Result<f64, StatsError> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(StatsError::invalid(
            what,
            "the result is not a finite number; check for missing, infinite or huge values",
        ))
    }
}

/// Refuses missing and infinite values before they spread.
pub(crate) fn all_finite(values: &[f64], what: &str) -> Result<(), StatsError> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(at) => Err(StatsError::invalid(
            what,
            format!(
                "value {} at position {at} is not a finite number",
                values[at]
            ),
        )),
    }
}
