//! The two languages of the pages, and how a reader asks for one.
//!
//! Both wordings stand side by side in the source (`language.say("Sources", "Sources")`), so that a change of meaning in
//! one is seen beside the other. French typography is applied to our own wording here, once: authors write plain spaces
//! and straight apostrophes.
//!
//! ```
//! use levier_render::Language;
//! assert_eq!(Language::French.say("Why?", "Pourquoi ?"), "Pourquoi\u{202f}?");
//! assert_eq!(Language::from_accept("en-GB,en;q=0.9,fr;q=0.5"), Some(Language::English));
//! ```

/// The language of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// Français, the default.
    #[default]
    French,
    /// English.
    English,
}

/// The narrow no-break space that French sets before `; : ! ? %` and between thousands.
pub(crate) const NARROW: char = '\u{202f}';

impl Language {
    /// Reads `?lang=`: `fr`, `en` or a tag such as `en-GB`; anything else is `None`.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        let primary = code.trim().split(['-', '_']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "fr" => Some(Self::French),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// Reads an `Accept-Language` header: the language of the two with the highest weight, the first one when they tie.
    #[must_use]
    pub fn from_accept(header: &str) -> Option<Self> {
        let mut best: Option<(f64, Self)> = None;
        for part in header.split(',') {
            let mut fields = part.split(';');
            let Some(language) = fields.next().and_then(Self::from_code) else {
                continue;
            };
            let weight = fields
                .find_map(|field| field.trim().strip_prefix("q=")?.trim().parse().ok())
                .unwrap_or(1.0);
            if weight > 0.0 && best.is_none_or(|(held, _)| weight > held) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    /// What a request asks for: `?lang=` first, then `Accept-Language`, then French.
    #[must_use]
    pub fn negotiate(lang: Option<&str>, accept: Option<&str>) -> Self {
        lang.and_then(Self::from_code)
            .or_else(|| accept.and_then(Self::from_accept))
            .unwrap_or_default()
    }

    /// `fr` or `en`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::French => "fr",
            Self::English => "en",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::French => Self::English,
            Self::English => Self::French,
        }
    }

    /// One of two wordings, set as the language's typography asks.
    #[must_use]
    pub fn say(self, english: &str, french: &str) -> String {
        match self {
            Self::English => english.replace('\'', "\u{2019}"),
            Self::French => set_in_french(french),
        }
    }
}

/// Plain spaces and straight apostrophes become what French print uses.
pub(crate) fn set_in_french(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    let mut previous = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let bound = c == ' '
            && (previous == '«'
                || next
                    .is_some_and(|next| matches!(next, ';' | ':' | '!' | '?' | '%' | '»' | '€')));
        out.push(match c {
            ' ' if bound => NARROW,
            '\'' => '\u{2019}',
            other => other,
        });
        previous = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_is_asked_in_order() {
        for (case, lang, accept, want) in [
            ("nothing said", None, None, Language::French),
            ("query", Some("en"), Some("fr"), Language::English),
            (
                "unknown query",
                Some("de"),
                Some("en;q=0.8"),
                Language::English,
            ),
            (
                "weights",
                None,
                Some("fr;q=0.3, en;q=0.9"),
                Language::English,
            ),
            ("refused", None, Some("en;q=0"), Language::French),
            ("tag", None, Some("de, fr-CA"), Language::French),
        ] {
            assert_eq!(Language::negotiate(lang, accept), want, "{case}");
        }
    }

    #[test]
    fn french_is_set_with_narrow_spaces() {
        assert_eq!(
            Language::French.say("", "L'écart : 12 % ; « brut » !"),
            "L\u{2019}écart\u{202f}: 12\u{202f}%\u{202f}; «\u{202f}brut\u{202f}»\u{202f}!"
        );
    }
}
