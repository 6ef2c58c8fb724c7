//! What is asked: the flags of `levier analyse`, as a type that a command line can embed.

use crate::error::AnalysisError;
use std::path::PathBuf;

/// A file and what to do with it.
#[derive(Debug, Clone, clap::Args)]
pub struct AnalyseArguments {
    /// CSV or Parquet: one row per unit, per unit and time, or per interval
    pub file: PathBuf,
    /// The question
    #[command(flatten)]
    pub request: Request,
}

/// Method and columns. Flags that a method does not use are ignored.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Request {
    /// difference, ratio, stratified, regression, ipw, aipw, entropy-balancing, cuped, did, kaplan-meier, logrank, rmst,
    /// cox, bg-nbd, gamma-gamma, sbg or benjamini-hochberg
    #[arg(long)]
    pub method: String,
    /// Column of the outcome
    #[arg(long)]
    pub outcome: Option<String>,
    /// Column of the treatment, 0 or 1
    #[arg(long)]
    pub treatment: Option<String>,
    /// Column that names the unit
    #[arg(long)]
    pub unit: Option<String>,
    /// Column of the numerator
    #[arg(long)]
    pub numerator: Option<String>,
    /// Column of the denominator
    #[arg(long)]
    pub denominator: Option<String>,
    /// Columns to adjust for, separated by commas
    #[arg(long)]
    pub covariates: Option<String>,
    /// For whom: att (the treated, default) or ate (everybody)
    #[arg(long)]
    pub estimand: Option<String>,
    /// How many propensity strata (default 5)
    #[arg(long)]
    pub strata: Option<usize>,
    /// Propensities to keep, for example 0.1,0.9
    #[arg(long)]
    pub trim: Option<String>,
    /// Column of the period
    #[arg(long)]
    pub time: Option<String>,
    /// Column of the first treated period; 0, empty or infinite for never
    #[arg(long)]
    pub first_treated: Option<String>,
    /// dr (default), reg or ipw
    #[arg(long)]
    pub estimator: Option<String>,
    /// never (default) or not-yet
    #[arg(long)]
    pub control: Option<String>,
    /// simple, dynamic, group or calendar; all cells without it
    #[arg(long)]
    pub aggregate: Option<String>,
    /// Periods before treatment in which an effect may show (default 0)
    #[arg(long)]
    pub anticipation: Option<f64>,
    /// Column of the time watched
    #[arg(long)]
    pub duration: Option<String>,
    /// Column of the event, 0 or 1
    #[arg(long)]
    pub event: Option<String>,
    /// Column of the group
    #[arg(long)]
    pub group: Option<String>,
    /// How far ahead
    #[arg(long)]
    pub horizon: Option<f64>,
    /// Column of the interval's start, not included
    #[arg(long)]
    pub start: Option<String>,
    /// Column of the interval's end, included
    #[arg(long)]
    pub stop: Option<String>,
    /// efron (default) or breslow
    #[arg(long)]
    pub ties: Option<String>,
    /// Column of the repeat purchases
    #[arg(long)]
    pub frequency: Option<String>,
    /// Column of the time of the last purchase
    #[arg(long)]
    pub recency: Option<String>,
    /// Column of the time watched since the first purchase
    #[arg(long)]
    pub age: Option<String>,
    /// Column of the mean order value
    #[arg(long)]
    pub value: Option<String>,
    /// Column of the survivors per period, the first row the start
    #[arg(long)]
    pub survivors: Option<String>,
    /// Column of the p-values
    #[arg(long)]
    pub p_value: Option<String>,
}

/// Every method, as `--method` spells it.
pub const METHODS: [&str; 17] = [
    "difference",
    "ratio",
    "stratified",
    "regression",
    "ipw",
    "aipw",
    "entropy-balancing",
    "cuped",
    "did",
    "kaplan-meier",
    "logrank",
    "rmst",
    "cox",
    "bg-nbd",
    "gamma-gamma",
    "sbg",
    "benjamini-hochberg",
];

impl Request {
    /// A flag's value, or an error that names the flag.
    pub(crate) fn need<'a>(
        &'a self,
        flag: &'static str,
        value: &'a Option<String>,
    ) -> Result<&'a str, AnalysisError> {
        value
            .as_deref()
            .filter(|v| !v.is_empty())
            .ok_or_else(|| AnalysisError::MissingFlag {
                method: self.method.clone(),
                flag,
            })
    }

    /// The covariates' names; none without the flag.
    pub(crate) fn covariate_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.covariates.as_deref().unwrap_or_default().split(',') {
            let name = name.trim();
            if !name.is_empty() && !names.iter().any(|n| n == name) {
                names.push(name.to_string());
            }
        }
        names
    }

    /// One of several words, the first by default.
    pub(crate) fn choose<T: Copy>(
        flag: &'static str,
        value: &Option<String>,
        choices: &[(&str, T)],
    ) -> Result<T, AnalysisError> {
        let Some(value) = value else {
            return Ok(choices[0].1);
        };
        choices
            .iter()
            .find(|(name, _)| name == value)
            .map(|(_, t)| *t)
            .ok_or_else(|| AnalysisError::UnknownChoice {
                flag,
                value: value.clone(),
                choices: choices
                    .iter()
                    .map(|(n, _)| *n)
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    /// The trim bounds.
    pub(crate) fn trim_bounds(&self) -> Result<Option<(f64, f64)>, AnalysisError> {
        let Some(text) = &self.trim else {
            return Ok(None);
        };
        let parts: Vec<f64> = text
            .split(',')
            .filter_map(|p| p.trim().parse().ok())
            .collect();
        match parts.as_slice() {
            [low, high] if 0.0 <= *low && low < high && *high <= 1.0 => Ok(Some((*low, *high))),
            _ => Err(AnalysisError::UnknownChoice {
                flag: "trim",
                value: text.clone(),
                choices: "two propensities between 0 and 1, the lower first, such as 0.1,0.9"
                    .into(),
            }),
        }
    }
}
