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

/// Method and columns. Flags that a method does not use are ignored, with a warning.
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

    /// Flags that are given although the method has no use for them.
    pub(crate) fn unused(&self) -> Vec<&'static str> {
        let used: &[&str] = match self.method.as_str() {
            "difference" => &["outcome", "treatment", "unit"],
            "ratio" => &["numerator", "denominator", "treatment", "unit"],
            "stratified" => &[
                "outcome",
                "treatment",
                "covariates",
                "estimand",
                "trim",
                "strata",
            ],
            "regression" | "ipw" | "aipw" | "entropy-balancing" => {
                &["outcome", "treatment", "covariates", "estimand", "trim"]
            }
            "cuped" => &["outcome", "treatment", "covariates"],
            "did" => &[
                "unit",
                "time",
                "outcome",
                "first-treated",
                "covariates",
                "estimator",
                "control",
                "aggregate",
                "anticipation",
            ],
            "kaplan-meier" | "rmst" => &["duration", "event", "group", "horizon"],
            "logrank" => &["duration", "event", "group"],
            "cox" if self.start.is_some() || self.stop.is_some() => {
                &["unit", "start", "stop", "event", "covariates", "ties"]
            }
            "cox" => &["unit", "duration", "event", "covariates", "ties"],
            "bg-nbd" => &["frequency", "recency", "age", "unit", "horizon"],
            "gamma-gamma" => &["frequency", "value", "unit"],
            "sbg" => &["survivors", "horizon"],
            _ => &["p-value"],
        };
        let given = [
            ("outcome", self.outcome.is_some()),
            ("treatment", self.treatment.is_some()),
            ("unit", self.unit.is_some()),
            ("numerator", self.numerator.is_some()),
            ("denominator", self.denominator.is_some()),
            ("covariates", self.covariates.is_some()),
            ("estimand", self.estimand.is_some()),
            ("strata", self.strata.is_some()),
            ("trim", self.trim.is_some()),
            ("time", self.time.is_some()),
            ("first-treated", self.first_treated.is_some()),
            ("estimator", self.estimator.is_some()),
            ("control", self.control.is_some()),
            ("aggregate", self.aggregate.is_some()),
            ("anticipation", self.anticipation.is_some()),
            ("duration", self.duration.is_some()),
            ("event", self.event.is_some()),
            ("group", self.group.is_some()),
            ("horizon", self.horizon.is_some()),
            ("start", self.start.is_some()),
            ("stop", self.stop.is_some()),
            ("ties", self.ties.is_some()),
            ("frequency", self.frequency.is_some()),
            ("recency", self.recency.is_some()),
            ("age", self.age.is_some()),
            ("value", self.value.is_some()),
            ("survivors", self.survivors.is_some()),
            ("p-value", self.p_value.is_some()),
        ];
        given
            .into_iter()
            .filter(|(flag, is_given)| *is_given && !used.contains(flag))
            .map(|(flag, _)| flag)
            .collect()
    }

    /// Refuses times that no method can take.
    pub(crate) fn check_times(&self) -> Result<(), AnalysisError> {
        for (flag, value) in [
            ("horizon", self.horizon),
            ("anticipation", self.anticipation),
        ] {
            if let Some(value) = value.filter(|v| !(v.is_finite() && *v >= 0.0)) {
                return Err(AnalysisError::BadValue {
                    flag,
                    value: value.to_string(),
                    wanted: "a finite time of 0 or more",
                });
            }
        }
        Ok(())
    }

    /// The trim bounds.
    pub(crate) fn trim_bounds(&self) -> Result<Option<(f64, f64)>, AnalysisError> {
        let Some(text) = &self.trim else {
            return Ok(None);
        };
        let parts: Option<Vec<f64>> = text.split(',').map(|p| p.trim().parse().ok()).collect();
        match parts.as_deref() {
            Some([low, high]) if 0.0 <= *low && low < high && *high <= 1.0 => {
                Ok(Some((*low, *high)))
            }
            _ => Err(AnalysisError::BadValue {
                flag: "trim",
                value: text.clone(),
                wanted: "two propensities between 0 and 1, the lower first, such as 0.1,0.9",
            }),
        }
    }
}
