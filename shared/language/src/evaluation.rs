//! How good the sentiment is on somebody's own labelled messages, and what the measured share should be read as.

use std::fmt;

use crate::sentiment::FRENCH_MIDDLE;
use crate::{Label, Reading, read};

/// A word that is no label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseLabelError(pub(crate) String);

impl fmt::Display for ParseLabelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no label; write positive, neutral or negative",
            self.0
        )
    }
}

impl std::error::Error for ParseLabelError {}

/// Counts of what messages are against what they were read as.
///
/// Where no message is labelled neutral the labels are two, and French is read as two: above 0.1 positive, else negative (the
/// boundary at which the lexicon was measured). English keeps its neutral, which then counts as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// `confusion[truth][read]`, in the order of [`Label::ALL`].
    pub confusion: [[u64; 3]; 3],
    /// Messages of each truth that were not scored.
    pub abstained: [u64; 3],
}

/// What a measured share of one label should be read as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Correction {
    /// Share of messages with the label that are read so.
    pub sensitivity: f64,
    /// Share of messages without the label that are not read so.
    pub specificity: f64,
    /// The share as measured.
    pub apparent: f64,
    /// The share corrected, within [0, 1].
    pub corrected: f64,
}

fn index(label: Label) -> usize {
    match label {
        Label::Positive => 0,
        Label::Neutral => 1,
        Label::Negative => 2,
    }
}

fn as_two(reading: &Reading) -> Option<Label> {
    match (reading.language?, reading.sentiment?) {
        ("fr", sentiment) if sentiment > FRENCH_MIDDLE => Some(Label::Positive),
        ("fr", _) => Some(Label::Negative),
        _ => reading.label(),
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

impl Evaluation {
    /// Reads every text and compares.
    pub fn of<'a>(messages: impl IntoIterator<Item = (&'a str, Label)>) -> Self {
        let messages: Vec<(Reading, Label)> = messages
            .into_iter()
            .map(|(text, label)| (read(text), label))
            .collect();
        let three = messages.iter().any(|(_, label)| *label == Label::Neutral);
        let mut out = Self::default();
        for (reading, truth) in &messages {
            let had = if three {
                reading.label()
            } else {
                as_two(reading)
            };
            match had {
                Some(had) => out.confusion[index(*truth)][index(had)] += 1,
                None => out.abstained[index(*truth)] += 1,
            }
        }
        out
    }

    /// Messages that were scored.
    #[must_use]
    pub fn decided(&self) -> u64 {
        self.confusion.iter().flatten().sum()
    }

    /// All messages.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.decided() + self.abstained.iter().sum::<u64>()
    }

    /// Share of messages that were scored.
    #[must_use]
    pub fn coverage(&self) -> Option<f64> {
        share(self.decided(), self.total())
    }

    /// Share of scored messages that were read right.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        let right = (0..3).map(|at| self.confusion[at][at]).sum();
        share(right, self.decided())
    }

    /// Share of all messages that were read right: an abstention counts as an error.
    #[must_use]
    pub fn accuracy_of_all(&self) -> Option<f64> {
        let right = (0..3).map(|at| self.confusion[at][at]).sum();
        share(right, self.total())
    }

    /// Share of what was read as `label` that is.
    #[must_use]
    pub fn precision(&self, label: Label) -> Option<f64> {
        let at = index(label);
        share(
            self.confusion[at][at],
            self.confusion.iter().map(|row| row[at]).sum(),
        )
    }

    /// Share of scored messages with `label` that were read so.
    #[must_use]
    pub fn recall(&self, label: Label) -> Option<f64> {
        let at = index(label);
        share(self.confusion[at][at], self.confusion[at].iter().sum())
    }

    /// Corrects a share of `label` measured on other messages for the errors seen here.
    ///
    /// `(apparent + specificity − 1) / (sensitivity + specificity − 1)`, cut to [0, 1]; `None` where messages with and without
    /// the label are not both there, or where reading is no better than chance (the denominator is not positive). Source: Rogan
    /// and Gladen 1978.
    #[must_use]
    pub fn correct(&self, label: Label, apparent: f64) -> Option<Correction> {
        let at = index(label);
        let sensitivity = self.recall(label)?;
        let (mut wrong, mut others) = (0, 0);
        for row in (0..3).filter(|&row| row != at) {
            wrong += self.confusion[row][at];
            others += self.confusion[row].iter().sum::<u64>();
        }
        let specificity = 1.0 - share(wrong, others)?;
        let better_than_chance = sensitivity + specificity - 1.0;
        (better_than_chance > 0.0).then(|| Correction {
            sensitivity,
            specificity,
            apparent,
            corrected: ((apparent + specificity - 1.0) / better_than_chance).clamp(0.0, 1.0),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_hand() {
        let evaluation = Evaluation::of([
            ("C'est génial, bravo à tous", Label::Positive),
            ("Merci, c'est parfait", Label::Positive),
            ("C'est mauvais et je suis déçu", Label::Negative),
            ("Ce n'est pas génial", Label::Negative),
            ("This is great", Label::Negative),
            ("zzz", Label::Negative),
        ]);
        assert_eq!(evaluation.confusion, [[2, 0, 0], [0, 0, 0], [1, 0, 2]]);
        assert_eq!(evaluation.abstained, [0, 0, 1]);
        assert_eq!(evaluation.coverage(), Some(5.0 / 6.0));
        assert_eq!(evaluation.accuracy(), Some(0.8));
        assert_eq!(evaluation.precision(Label::Positive), Some(2.0 / 3.0));
        assert_eq!(evaluation.recall(Label::Neutral), None);
    }

    #[test]
    fn a_share_is_corrected_for_the_errors_seen() {
        let evaluation = Evaluation {
            confusion: [[80, 0, 20], [0, 0, 0], [10, 0, 90]],
            abstained: [0; 3],
        };
        // 80 % sensitivity and 90 % specificity make a true half look like 45 %.
        let correction = evaluation.correct(Label::Positive, 0.45).unwrap();
        assert!((correction.corrected - 0.5).abs() < 1e-12);
        assert_eq!(
            evaluation.correct(Label::Positive, 0.01).unwrap().corrected,
            0.0
        );
        assert_eq!(Evaluation::default().correct(Label::Positive, 0.5), None);
    }

    #[test]
    fn labels_as_people_write_them() {
        assert_eq!("Positif".parse(), Ok(Label::Positive));
        assert_eq!(" -1 ".parse(), Ok(Label::Negative));
        assert!(
            "bof"
                .parse::<Label>()
                .unwrap_err()
                .to_string()
                .contains("bof")
        );
    }
}
