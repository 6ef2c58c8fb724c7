//! The estimators on a table of one's own: CSV or Parquet in, one JSON answer out.
//!
//! It is how an analyst checks us: the same estimators as the uplift job's, on their file. Every answer has `method`, `n`,
//! `left_out`, `estimate` or `estimates`, `diagnostics` and `warnings`; nothing is hidden for being small, only warned of.
//!
//! ```
//! use levier_analysis::{Request, Table, analyse};
//! let csv = b"y,d\n1,0\n2,0\n4,1\n5,1\n";
//! let table = Table::from_csv(std::path::Path::new("table.csv"), csv)?;
//! let request = Request {
//!     method: "difference".into(),
//!     outcome: Some("y".into()),
//!     treatment: Some("d".into()),
//!     ..Request::default()
//! };
//! let answer = analyse(&table, &request)?;
//! assert_eq!(answer["estimate"]["value"], 3.0);
//! # Ok::<(), levier_analysis::AnalysisError>(())
//! ```

mod answer;
mod columnar;
mod durations;
mod error;
mod panel;
mod request;
mod rows;
mod table;
mod text;
mod two_arms;
mod values;

pub use error::AnalysisError;
pub use request::{AnalyseArguments, METHODS, Request};
pub use table::{Cell, Column, Table};
pub use text::render_text;

/// The seed of every simulation here: the same file gives the same bytes.
const SEED: u64 = 20_261_121;

/// Answers one request on one table.
pub fn analyse(table: &Table, request: &Request) -> Result<serde_json::Value, AnalysisError> {
    if table.rows() == 0 {
        return Err(AnalysisError::Inconsistent("the table has no rows".into()));
    }
    request.check_times()?;
    let mut answer = answer_one(table, request)?;
    if let Some(warnings) = answer["warnings"].as_array_mut() {
        warnings.extend(request.unused().iter().map(|flag| {
            format!("method {} has no use for --{flag}: ignored", request.method).into()
        }));
    }
    Ok(answer)
}

fn answer_one(table: &Table, request: &Request) -> Result<serde_json::Value, AnalysisError> {
    match request.method.as_str() {
        "difference" => two_arms::difference(table, request),
        "ratio" => two_arms::ratio(table, request),
        "cuped" => two_arms::cuped(table, request),
        "stratified" | "regression" | "ipw" | "aipw" | "entropy-balancing" => {
            two_arms::adjusted(table, request)
        }
        "did" => panel::did(table, request),
        "kaplan-meier" => durations::kaplan_meier(table, request),
        "logrank" => durations::log_rank(table, request),
        "rmst" => durations::restricted_mean(table, request),
        "cox" => durations::cox(table, request),
        "bg-nbd" => values::bg_nbd(table, request),
        "gamma-gamma" => values::gamma_gamma(table, request),
        "sbg" => values::sbg(table, request),
        "benjamini-hochberg" => values::benjamini_hochberg(table, request),
        _ => analyse_unknown(request),
    }
}

/// Reads the file and answers.
pub fn run(arguments: &AnalyseArguments) -> Result<serde_json::Value, AnalysisError> {
    // A wrong method is reported before a long file is read.
    if !METHODS.contains(&arguments.request.method.as_str()) {
        return analyse_unknown(&arguments.request);
    }
    analyse(&Table::read(&arguments.file)?, &arguments.request)
}

fn analyse_unknown(request: &Request) -> Result<serde_json::Value, AnalysisError> {
    Err(AnalysisError::UnknownChoice {
        flag: "method",
        value: request.method.clone(),
        choices: METHODS.join(", "),
    })
}

/// Names the method in an estimator's refusal.
pub(crate) trait Named<T> {
    /// Wraps the error.
    fn named(self, request: &Request) -> Result<T, AnalysisError>;
}

impl<T> Named<T> for Result<T, levier_stats::StatsError> {
    fn named(self, request: &Request) -> Result<T, AnalysisError> {
        self.map_err(|source| AnalysisError::Stats {
            method: request.method.clone(),
            source,
        })
    }
}

#[cfg(test)]
mod tests;
