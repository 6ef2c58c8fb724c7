//! What a message says about itself before its text is dropped: language, sentiment, whether it asks, how long it is.
//!
//! French and English. Everything abstains when unsure: a language that is not clearly one of the two is `None`, and so is the
//! sentiment of a text in which the lexicon knows no word. Sentiment of short messages is weak (STATISTICS.md has the
//! measurements): publish means and shares with their coverage, and let people measure it on their own messages with
//! [`Evaluation`].
//!
//! ```
//! let reading = levier_language::read("Bonjour, est-ce que quelqu'un sait comment exporter mes factures ?");
//! assert_eq!(reading.language, Some("fr"));
//! assert!(reading.is_question);
//! ```

mod detect;
mod evaluation;
mod prose;
mod question;
mod sentiment;

pub use evaluation::{Correction, Evaluation, ParseLabelError};
pub use sentiment::Label;

/// What was read from one text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reading {
    /// `fr` or `en`; `None` when unsure, too short or another language.
    pub language: Option<&'static str>,
    /// Polarity in [−1, 1]; `None` without a language or without a word that the lexicon knows.
    pub sentiment: Option<f64>,
    /// Whether the author asks something.
    pub is_question: bool,
    /// Characters (Unicode scalar values) of the text as it came, markup included.
    pub length: u32,
    /// Words of the author's own: code, quotes, addresses, mentions and shortcodes are none.
    pub words: u32,
}

impl Reading {
    /// Positive, negative or neutral; `None` where the sentiment is.
    ///
    /// English: VADER's published bounds, ±0.05. French: positive above 0.1, negative below 0, because French words are on the
    /// whole praising and the lexicon's authors put the middle at 0.1.
    #[must_use]
    pub fn label(&self) -> Option<Label> {
        Label::of(self.language?, self.sentiment?)
    }
}

/// Reads one text. Never fails; code, quotes, addresses, mentions and emoji shortcodes are set aside first, since they are not
/// what the author says.
#[must_use]
pub fn read(text: &str) -> Reading {
    let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let prose = prose::prose(text);
    let words = prose::words(&prose);
    let language = detect::language(&prose, &words);
    let sentiment = match language {
        Some("fr") => sentiment::french(&words),
        Some(_) => sentiment::english(&prose),
        None => None,
    };
    Reading {
        language,
        sentiment,
        is_question: question::asks(&prose),
        length,
        words: u32::try_from(words.len()).unwrap_or(u32::MAX),
    }
}
