//! Which rows can be used, and why the others cannot.

use crate::error::AnalysisError;
use crate::table::{Cell, Table};
use std::collections::BTreeMap;

/// Rows left out, by reason.
#[derive(Debug, Clone, Default)]
pub struct LeftOut(BTreeMap<String, usize>);

impl LeftOut {
    /// Counts rows under a reason.
    pub fn add(&mut self, reason: impl Into<String>, rows: usize) {
        if rows > 0 {
            *self.0.entry(reason.into()).or_insert(0) += rows;
        }
    }

    /// Reasons and counts.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &usize)> {
        self.0.iter()
    }
}

/// Complete rows of the columns a method uses.
pub struct Rows<'a> {
    table: &'a Table,
    keep: Vec<bool>,
    /// The first cell that is no number.
    example: Option<String>,
    /// Rows left out so far.
    pub left_out: LeftOut,
}

impl<'a> Rows<'a> {
    /// Keeps rows in which all `numbers` are finite numbers and all `labels` are present.
    pub fn complete(
        table: &'a Table,
        numbers: &[&str],
        labels: &[&str],
    ) -> Result<Self, AnalysisError> {
        let mut rows = Self {
            table,
            keep: vec![true; table.rows()],
            example: None,
            left_out: LeftOut::default(),
        };
        for name in labels {
            for (i, label) in table.labels(name)?.iter().enumerate() {
                if label.is_none() {
                    rows.drop(i, format!("`{name}` is missing"));
                }
            }
        }
        for name in numbers {
            for (i, cell) in table.cells(name)?.iter().enumerate() {
                match cell {
                    Cell::Number(x) if x.is_finite() => {}
                    Cell::Number(_) => rows.drop(i, format!("`{name}` is infinite")),
                    Cell::Missing => rows.drop(i, format!("`{name}` is missing")),
                    Cell::NotANumber => {
                        if let Some(written) = table.written(name, i) {
                            rows.example.get_or_insert_with(|| written.to_owned());
                        }
                        rows.drop(i, format!("`{name}` is not a number"));
                    }
                }
            }
        }
        rows.check()?;
        Ok(rows)
    }

    fn drop(&mut self, row: usize, reason: String) {
        if self.keep[row] {
            self.keep[row] = false;
            self.left_out.add(reason, 1);
        }
    }

    /// Leaves more rows out.
    pub fn leave_out(
        &mut self,
        bad: impl Fn(usize) -> bool,
        reason: &str,
    ) -> Result<(), AnalysisError> {
        for i in 0..self.keep.len() {
            if self.keep[i] && bad(i) {
                self.drop(i, reason.to_string());
            }
        }
        self.check()
    }

    fn check(&self) -> Result<(), AnalysisError> {
        if self.keep.contains(&true) {
            return Ok(());
        }
        let mut reasons: Vec<String> = self
            .left_out
            .iter()
            .map(|(r, n)| format!("{r} in {n} rows"))
            .collect();
        if let Some(example) = &self.example {
            reasons.push(format!(
                "the first that is no number is `{example}`: take out units, currencies and marks between thousands, write decimals with a point (or with a comma where columns are separated by `;`), and number the periods where it is a date"
            ));
        }
        Err(AnalysisError::NoRows { reasons })
    }

    fn pick<T>(&self, all: Vec<T>) -> Vec<T> {
        all.into_iter()
            .zip(&self.keep)
            .filter(|(_, k)| **k)
            .map(|(v, _)| v)
            .collect()
    }

    /// Rows kept.
    pub fn n(&self) -> usize {
        self.keep.iter().filter(|k| **k).count()
    }

    /// A numeric column over the rows kept.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>, AnalysisError> {
        let cells = self.pick(self.table.cells(name)?);
        Ok(cells
            .into_iter()
            .map(|c| if let Cell::Number(x) = c { x } else { f64::NAN })
            .collect())
    }

    /// A column's cells over the rows kept, for columns in which missing means something.
    pub fn cells(&self, name: &str) -> Result<Vec<Cell>, AnalysisError> {
        Ok(self.pick(self.table.cells(name)?))
    }

    /// A 0/1 column over the rows kept.
    pub fn flags(&self, name: &str) -> Result<Vec<bool>, AnalysisError> {
        self.numbers(name)?
            .into_iter()
            .map(|x| match x {
                0.0 => Ok(false),
                1.0 => Ok(true),
                _ => Err(AnalysisError::NotBinary {
                    column: name.into(),
                    example: x.to_string(),
                }),
            })
            .collect()
    }

    /// A column of labels over the rows kept.
    pub fn labels(&self, name: &str) -> Result<Vec<String>, AnalysisError> {
        Ok(self
            .pick(self.table.labels(name)?)
            .into_iter()
            .map(Option::unwrap_or_default)
            .collect())
    }

    /// Covariates over the rows kept; constant ones are dropped with a warning.
    pub fn covariates(
        &self,
        names: &[String],
        warnings: &mut Vec<String>,
    ) -> Result<Vec<(String, Vec<f64>)>, AnalysisError> {
        let mut columns = Vec::new();
        for name in names {
            let column = self.numbers(name)?;
            if column.iter().all(|x| *x == column[0]) {
                warnings.push(format!("covariate `{name}` is constant: dropped"));
            } else {
                columns.push((name.clone(), column));
            }
        }
        Ok(columns)
    }
}

/// Refuses a model without covariates where it is nothing without them.
pub fn need_one(covariates: &[(String, Vec<f64>)]) -> Result<(), AnalysisError> {
    if covariates.is_empty() {
        return Err(AnalysisError::Inconsistent(
            "no covariate of --covariates varies over the rows used; name one that does".into(),
        ));
    }
    Ok(())
}

/// Numbers units in order of appearance.
pub fn number_units(labels: &[String]) -> (Vec<usize>, Vec<String>) {
    let mut seen: std::collections::HashMap<&str, usize> = std::collections::HashMap::new();
    let mut names = Vec::new();
    let mut numbers = Vec::with_capacity(labels.len());
    for label in labels {
        let next = names.len();
        let number = *seen.entry(label).or_insert(next);
        if number == next {
            names.push(label.clone());
        }
        numbers.push(number);
    }
    (numbers, names)
}
