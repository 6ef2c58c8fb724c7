//! What can go wrong on the way from a file to an answer, in words that name the remedy.

use levier_stats::StatsError;
use std::path::PathBuf;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    /// The file cannot be opened.
    #[error("{path} cannot be read; check the path and its permissions")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what its content promises.
    #[error("{path} is not a readable table: {why}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// Nothing in it.
    #[error("{path} is empty: a header line and at least one row are needed")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file reads as a table under several delimiters.
    #[error(
        "{path} can be read with `{first}` and with `{second}` between columns; quote the cells that hold one of them"
    )]
    AmbiguousDelimiter {
        /// The file.
        path: PathBuf,
        /// One reading.
        first: char,
        /// Another.
        second: char,
    },
    /// A column that is asked for is not there.
    #[error("there is no column `{name}`; the columns are {}", .have.join(", "))]
    MissingColumn {
        /// What was asked for.
        name: String,
        /// What there is.
        have: Vec<String>,
    },
    /// A flag that the method needs.
    #[error("method `{method}` needs --{flag}")]
    MissingFlag {
        /// The method.
        method: String,
        /// The flag.
        flag: &'static str,
    },
    /// A value that a flag does not know.
    #[error("--{flag} `{value}` is not known; choose one of {choices}")]
    UnknownChoice {
        /// The flag.
        flag: &'static str,
        /// What was given.
        value: String,
        /// What there is.
        choices: String,
    },
    /// A value that a flag cannot take.
    #[error("--{flag} `{value}` cannot be used: give {wanted}")]
    BadValue {
        /// The flag.
        flag: &'static str,
        /// What was given.
        value: String,
        /// What it takes.
        wanted: &'static str,
    },
    /// A treatment or an event that is not yes or no.
    #[error("column `{column}` must hold 0 and 1 only; it also holds {example}: recode it")]
    NotBinary {
        /// The column.
        column: String,
        /// One of its other values.
        example: String,
    },
    /// Every row was left out.
    #[error("no row can be used: {}", .reasons.join("; "))]
    NoRows {
        /// Why rows were left out, with counts.
        reasons: Vec<String>,
    },
    /// The rows contradict each other.
    #[error("{0}")]
    Inconsistent(String),
    /// The estimator's own refusal.
    #[error("method `{method}`: {source}")]
    Stats {
        /// The method.
        method: String,
        /// The refusal.
        source: StatsError,
    },
}

impl AnalysisError {
    /// Reading may succeed later; everything else gives the same error again.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Read { source, .. } if source.kind() == std::io::ErrorKind::Interrupted)
    }

    /// Whether the request, rather than the data, is at fault.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::MissingColumn { .. }
                | Self::MissingFlag { .. }
                | Self::UnknownChoice { .. }
                | Self::BadValue { .. }
        )
    }
}
