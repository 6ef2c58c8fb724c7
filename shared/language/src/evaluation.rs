//! How good the sentiment is on somebody's own labelled messages, and what the measured share should be read as.

use std::fmt;

use crate::sentiment::FRENCH_MIDDLE;
use crate::{Label, Reading, read};

/// Sentiment within this of zero is neither positive nor negative in the health score.
const SCORE_BOUND: f64 = 0.05;

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
    /// Whether the file that they are of has three labels: there neutral is an answer, right or wrong, and not the lack of one.
    pub three: bool,
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
        let messages: Vec<(&str, Label)> = messages.into_iter().collect();
        let three = messages.iter().any(|(_, label)| *label == Label::Neutral);
        Self::of_labels(messages, three)
    }

    /// The same where it is known whether the labels are three or two: a part of a file may hold no neutral message by chance.
    pub fn of_labels<'a>(
        messages: impl IntoIterator<Item = (&'a str, Label)>,
        three: bool,
    ) -> Self {
        Self::reading(messages, three, |reading| {
            if three {
                reading.label()
            } else {
                as_two(reading)
            }
        })
    }

    /// The same as the health score reads: positive above 0.05, negative below −0.05, whatever the language. Its share is
    /// corrected with these errors and no others.
    pub fn as_the_score_reads<'a>(messages: impl IntoIterator<Item = (&'a str, Label)>) -> Self {
        Self::reading(messages, true, |reading| {
            let sentiment = reading.sentiment?;
            Some(if sentiment > SCORE_BOUND {
                Label::Positive
            } else if sentiment < -SCORE_BOUND {
                Label::Negative
            } else {
                Label::Neutral
            })
        })
    }

    fn reading<'a>(
        messages: impl IntoIterator<Item = (&'a str, Label)>,
        three: bool,
        had: impl Fn(&Reading) -> Option<Label>,
    ) -> Self {
        let mut out = Self {
            three,
            ..Self::default()
        };
        for (text, truth) in messages {
            match had(&read(text)) {
                Some(had) => out.confusion[index(truth)][index(had)] += 1,
                None => out.abstained[index(truth)] += 1,
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

    /// Share of decided messages that were read right. Where the labels are two, a neutral reading decides nothing.
    #[must_use]
    pub fn accuracy_decided(&self) -> Option<f64> {
        let neutral = index(Label::Neutral);
        let undecided: u64 = self.confusion.iter().map(|row| row[neutral]).sum();
        let right = (0..3).map(|at| self.confusion[at][at]).sum();
        share(
            right,
            self.decided() - if self.three { 0 } else { undecided },
        )
    }

    /// Wilson's 95 % interval of [`Evaluation::accuracy_of_all`].
    #[must_use]
    pub fn accuracy_interval(&self) -> Option<(f64, f64)> {
        const Z: f64 = 1.959_963_984_540_054;
        let n = self.total() as f64;
        let p = self.accuracy_of_all()?;
        let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        Some(((middle - half).max(0.0), (middle + half).min(1.0)))
    }

    /// Messages that are `label`, scored or not.
    #[must_use]
    pub fn truth(&self, label: Label) -> u64 {
        let at = index(label);
        self.confusion[at].iter().sum::<u64>() + self.abstained[at]
    }

    /// Messages that are `truth` and were read as `had`.
    #[must_use]
    pub fn cell(&self, truth: Label, had: Label) -> u64 {
        self.confusion[index(truth)][index(had)]
    }

    /// Messages that are `truth` and were not scored.
    #[must_use]
    pub fn abstentions(&self, truth: Label) -> u64 {
        self.abstained[index(truth)]
    }

    /// The labels that some message has.
    #[must_use]
    pub fn labels(&self) -> Vec<Label> {
        Label::ALL
            .into_iter()
            .filter(|label| self.truth(*label) > 0)
            .collect()
    }

    /// Share of scored messages that were read as `label`.
    #[must_use]
    pub fn apparent(&self, label: Label) -> Option<f64> {
        let at = index(label);
        share(
            self.confusion.iter().map(|row| row[at]).sum(),
            self.decided(),
        )
    }

    /// Share of scored messages that are `label`.
    #[must_use]
    pub fn true_share(&self, label: Label) -> Option<f64> {
        share(self.confusion[index(label)].iter().sum(), self.decided())
    }

    /// Share of all messages with `label` that were read so: an abstention is a miss.
    #[must_use]
    pub fn recall_of_all(&self, label: Label) -> Option<f64> {
        let at = index(label);
        share(self.confusion[at][at], self.truth(label))
    }

    /// Harmonic mean of precision and recall (an abstention is a miss); 0 where nothing with the label was read so.
    #[must_use]
    pub fn f1(&self, label: Label) -> Option<f64> {
        let recall = self.recall_of_all(label)?;
        let Some(precision) = self.precision(label) else {
            return Some(0.0);
        };
        Some(if precision + recall > 0.0 {
            2.0 * precision * recall / (precision + recall)
        } else {
            0.0
        })
    }

    /// Mean of [`Evaluation::f1`] over the labels that some message has.
    #[must_use]
    pub fn macro_f1(&self) -> Option<f64> {
        let all: Vec<f64> = self
            .labels()
            .into_iter()
            .filter_map(|label| self.f1(label))
            .collect();
        (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
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

    /// Counts behind the published figures of the French lexicon at 0.1 on 1,500 reviews (750 of each label).
    #[test]
    fn the_scores_are_those_published_for_the_same_counts() {
        let evaluation = Evaluation {
            confusion: [[566, 0, 181], [0, 0, 0], [176, 0, 573]],
            abstained: [3, 0, 1],
            three: false,
        };
        for (got, want) in [
            (evaluation.accuracy_of_all(), 0.759_333_333_333_333_3),
            (evaluation.accuracy_decided(), 0.761_363_636_363_636_4),
            (evaluation.coverage(), 0.997_333_333_333_333_3),
            (
                evaluation.precision(Label::Positive),
                0.762_803_234_501_347_7,
            ),
            (evaluation.recall_of_all(Label::Negative), 0.764),
            (evaluation.macro_f1(), 0.760_340_610_917_802_8),
        ] {
            assert!((got.unwrap() - want).abs() < 1e-12, "{got:?} {want}");
        }
        let (lower, upper) = evaluation.accuracy_interval().unwrap();
        assert!(lower < 0.7593 && 0.7593 < upper && upper - lower < 0.05);
        assert_eq!(evaluation.labels(), [Label::Positive, Label::Negative]);
    }

    /// A language that has no neutral message, in a file that has: to read its messages as neutral is an error all the same.
    #[test]
    fn a_neutral_reading_decides_where_the_file_has_three_labels() {
        let messages = [
            (
                "This is great, thank you very much for your kindness",
                Label::Positive,
            ),
            (
                "The help page tells me about a problem with the printer in the office",
                Label::Negative,
            ),
        ];
        let of = |three| Evaluation::of_labels(messages, three);
        assert_eq!(of(true).confusion[2][1], 1, "{:?}", of(true));
        assert_eq!(of(true).accuracy_decided(), Some(0.5));
        assert_eq!(of(false).accuracy_decided(), Some(1.0));
    }

    #[test]
    fn a_share_is_corrected_for_the_errors_seen() {
        let evaluation = Evaluation {
            confusion: [[80, 0, 20], [0, 0, 0], [10, 0, 90]],
            abstained: [0; 3],
            three: false,
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
    fn the_score_reads_with_bounds_of_its_own() {
        let messages = [
            ("C'est génial, bravo à tous", Label::Positive),
            ("C'est mauvais et je suis déçu", Label::Negative),
            ("zzz", Label::Negative),
        ];
        let evaluation = Evaluation::as_the_score_reads(messages);
        assert_eq!(evaluation.confusion, [[1, 0, 0], [0, 0, 0], [0, 0, 1]]);
        assert_eq!(evaluation.abstained, [0, 0, 1]);
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
