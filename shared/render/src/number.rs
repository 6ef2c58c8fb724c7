//! Numbers, money, shares, dates and periods as each language writes them.
//!
//! Every figure of a page goes through here, so that a figure that is not finite can never be printed: it reads
//! *unknown*. Units are those of the result rows (`share`, `people`, `EUR/customer/month`, `hours`).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use levier_domain::time::Month;

use crate::language::{Language, NARROW};

/// A number with its thousands grouped and a true minus sign; never `-0`.
pub(crate) fn number(value: f64, decimals: usize, language: Language) -> String {
    if !value.is_finite() {
        return language.say("unknown", "inconnu");
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let (group, mark) = match language {
        Language::French => (NARROW, ','),
        Language::English => (',', '.'),
    };
    let mut out = String::new();
    if value < 0.0 && text.bytes().any(|digit| matches!(digit, b'1'..=b'9')) {
        out.push('\u{2212}');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(group);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push(mark);
        out.push_str(fraction);
    }
    out
}

/// A count.
pub(crate) fn count(value: u64, language: Language) -> String {
    number(value as f64, 0, language)
}

/// How many decimals tell figures of this size apart.
pub(crate) fn decimals_for(size: f64) -> usize {
    match size.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 1.0 => 1,
        size if size >= 0.1 => 2,
        size if size >= 0.01 => 3,
        _ => 4,
    }
}

/// A unit of the result rows, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    kind: Kind,
    /// What it is counted per: `customer`, `month`…
    per: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// 0.25 reads 25 %; differences read in points.
    Share,
    /// A currency by its code.
    Money(String),
    /// Anything else: a number, then a word.
    Plain(String),
}

impl Unit {
    /// Reads `EUR/customer/month`, `share`, `hours`, `people`.
    pub(crate) fn read(unit: Option<&str>) -> Self {
        let mut parts = unit.unwrap_or_default().split('/').map(str::trim);
        let head = parts.next().unwrap_or_default();
        let kind = match head {
            "share" | "percent" | "rate" => Kind::Share,
            code if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) => {
                Kind::Money(code.to_owned())
            }
            other => Kind::Plain(other.to_owned()),
        };
        Self {
            kind,
            per: parts
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
        }
    }

    /// A share, whatever the row's unit says.
    pub(crate) fn share() -> Self {
        Self {
            kind: Kind::Share,
            per: Vec::new(),
        }
    }

    /// Whether figures read as percentages.
    pub(crate) fn is_share(&self) -> bool {
        self.kind == Kind::Share
    }

    /// Decimals that suit figures of this size, in the unit in which they are shown.
    pub(crate) fn decimals(&self, size: f64) -> usize {
        match &self.kind {
            Kind::Share => decimals_for(size * 100.0).min(1),
            Kind::Plain(word) if self.per.is_empty() && COUNTED.contains(&word.as_str()) => 0,
            _ => decimals_for(size),
        }
    }

    /// The bare number as shown (a share in percent), without unit.
    pub(crate) fn bare(&self, value: f64, decimals: usize, language: Language) -> String {
        number(
            if self.is_share() {
                value * 100.0
            } else {
                value
            },
            decimals,
            language,
        )
    }

    /// A level: `€27.3`, `27,3 €`, `42 %`, `18 h`.
    pub(crate) fn level(&self, value: f64, decimals: usize, language: Language) -> String {
        let text = self.bare(value, decimals, language);
        match &self.kind {
            Kind::Share => percent(&text, language),
            Kind::Money(code) => money(&text, code, language),
            Kind::Plain(word) => match short_word(word, language) {
                Some(short) => format!("{text}\u{a0}{short}"),
                None => text,
            },
        }
    }

    /// A difference between two levels: shares differ by points.
    pub(crate) fn difference(&self, value: f64, decimals: usize, language: Language) -> String {
        if !self.is_share() {
            return self.level(value, decimals, language);
        }
        let text = self.bare(value, decimals, language);
        let many = value.abs() * 100.0
            >= if language == Language::French {
                2.0
            } else {
                1.05
            };
        format!("{text}\u{a0}point{}", if many { "s" } else { "" })
    }

    /// ` a month`, ` par an` or nothing.
    pub(crate) fn rhythm(&self, language: Language) -> String {
        for part in &self.per {
            let said = match part.as_str() {
                "month" => language.say(" a month", " par mois"),
                "year" => language.say(" a year", " par an"),
                "week" => language.say(" a week", " par semaine"),
                "day" => language.say(" a day", " par jour"),
                _ => continue,
            };
            return said;
        }
        String::new()
    }

    /// What it is counted per, in words, without what `label` says already: `per customer and month`.
    pub(crate) fn per(&self, label: &str, language: Language) -> String {
        let said: Vec<String> = self
            .per
            .iter()
            .map(|part| match part.as_str() {
                "month" => language.say("month", "mois"),
                "year" => language.say("year", "an"),
                "week" => language.say("week", "semaine"),
                "day" => language.say("day", "jour"),
                "customer" => language.say("customer", "client"),
                "member" => language.say("member", "membre"),
                "person" => language.say("person", "personne"),
                "account" => language.say("account", "compte"),
                "order" => language.say("order", "commande"),
                other => other.replace('_', " "),
            })
            .filter(|word| !label.to_lowercase().contains(word.as_str()))
            .collect();
        if said.is_empty() {
            return String::new();
        }
        format!(
            "{} {}",
            language.say("per", "par"),
            said.join(&language.say(" and ", " et par "))
        )
    }
}

/// Units that come in whole numbers.
const COUNTED: [&str; 18] = [
    "people",
    "views",
    "items",
    "badges",
    "registrations",
    "attendances",
    "contributions",
    "messages",
    "members",
    "events",
    "rows",
    "orders",
    "tickets",
    "threads",
    "pairs",
    "joins",
    "count",
    "accounts",
];

fn short_word(word: &str, language: Language) -> Option<String> {
    Some(match word {
        "hours" => "h".to_owned(),
        "days" => language.say("days", "j"),
        "minutes" => "min".to_owned(),
        "points" => language.say("points", "points"),
        "months" => language.say("months", "mois"),
        _ => return None,
    })
}

fn percent(text: &str, language: Language) -> String {
    match language {
        Language::French => format!("{text}{NARROW}%"),
        Language::English => format!("{text}%"),
    }
}

fn money(text: &str, code: &str, language: Language) -> String {
    let symbol = match code {
        "EUR" => "€",
        "USD" => "$",
        "GBP" => "£",
        "JPY" => "¥",
        other => other,
    };
    match language {
        Language::French => format!("{text}{NARROW}{symbol}"),
        Language::English => {
            let (sign, digits) = match text.strip_prefix('\u{2212}') {
                Some(digits) => ("\u{2212}", digits),
                None => ("", text),
            };
            let gap = if symbol == code { "\u{a0}" } else { "" };
            format!("{sign}{symbol}{gap}{digits}")
        }
    }
}

/// `2.9–3.6`; with a word between when a minus sign would blur the dash.
pub(crate) fn interval(lower: &str, upper: &str, language: Language) -> String {
    match language {
        Language::English if !lower.starts_with('\u{2212}') => format!("{lower}\u{2013}{upper}"),
        _ => format!("{lower} {} {upper}", language.say("to", "à")),
    }
}

const MONTHS: [(&str, &str, &str, &str); 12] = [
    ("January", "Jan", "janvier", "janv."),
    ("February", "Feb", "février", "févr."),
    ("March", "Mar", "mars", "mars"),
    ("April", "Apr", "avril", "avr."),
    ("May", "May", "mai", "mai"),
    ("June", "Jun", "juin", "juin"),
    ("July", "Jul", "juillet", "juil."),
    ("August", "Aug", "août", "août"),
    ("September", "Sep", "septembre", "sept."),
    ("October", "Oct", "octobre", "oct."),
    ("November", "Nov", "novembre", "nov."),
    ("December", "Dec", "décembre", "déc."),
];

fn month_names(month: i8) -> (&'static str, &'static str, &'static str, &'static str) {
    MONTHS[usize::try_from(month - 1).unwrap_or_default().min(11)]
}

/// `22 November 2026`, `1er mars 2026`.
pub(crate) fn date(date: Date, language: Language) -> String {
    let (english, _, french, _) = month_names(date.month());
    match language {
        Language::English => format!("{} {english} {}", date.day(), date.year()),
        Language::French if date.day() == 1 => format!("1er {french} {}", date.year()),
        Language::French => format!("{} {french} {}", date.day(), date.year()),
    }
}

/// An instant of RFC 3339 as `22 November 2026, 01:20 UTC`; any other text as it stands.
pub(crate) fn instant(text: &str, language: Language) -> String {
    instant_in(text, &TimeZone::UTC, language)
}

/// The same in a time zone, which is named.
pub(crate) fn instant_in(text: &str, zone: &TimeZone, language: Language) -> String {
    let Ok(instant) = text.parse::<Timestamp>() else {
        return text.to_owned();
    };
    let local = zone.to_datetime(instant);
    let day = date(local.date(), language);
    let zone = match zone.iana_name() {
        None | Some("UTC") => "UTC".to_owned(),
        Some(name) => format!("({name})"),
    };
    format!(
        "{day}{} {:02}:{:02} {zone}",
        language.say(",", " à"),
        local.hour(),
        local.minute()
    )
}

/// A period of the result rows in words: `2026-03` reads `March 2026`.
pub(crate) fn period(name: &str, language: Language) -> String {
    if let Ok(month) = name.parse::<Month>() {
        let day = month.first_day();
        let (english, _, french, _) = month_names(day.month());
        return format!(
            "{} {}",
            if language == Language::English {
                english
            } else {
                french
            },
            day.year()
        );
    }
    if let Ok(day) = name.parse::<Date>() {
        return date(day, language);
    }
    if let Some((year, quarter)) = name.split_once("-Q") {
        return match language {
            Language::English => format!("Q{quarter} {year}"),
            Language::French => format!("T{quarter} {year}"),
        };
    }
    if let Some((year, week)) = name.split_once("-W") {
        return format!("{} {week}, {year}", language.say("week", "semaine"));
    }
    if let Some(days) = name
        .strip_suffix('d')
        .filter(|days| days.parse::<u16>().is_ok())
    {
        return language.say(
            &format!("last {days} days"),
            &format!("{days} derniers jours"),
        );
    }
    if let Some((first, last)) = name.split_once('/')
        && first.parse::<Month>().is_ok()
        && last.parse::<Month>().is_ok()
    {
        let (first, last) = (period(first, language), period(last, language));
        return language.say(&format!("{first} to {last}"), &format!("{first} à {last}"));
    }
    match name {
        "all" => language.say("since the start", "depuis le début"),
        other => other.to_owned(),
    }
}

/// A month short enough for an axis: `Mar 26`, `mars 26`.
pub(crate) fn short_period(name: &str, language: Language) -> String {
    let Ok(month) = name.parse::<Month>() else {
        return period(name, language);
    };
    let day = month.first_day();
    let (_, english, _, french) = month_names(day.month());
    let year = day.year().rem_euclid(100);
    format!(
        "{}\u{a0}{year:02}",
        if language == Language::English {
            english
        } else {
            french
        }
    )
}

/// A span of seconds in its largest fitting unit: `3 h`, `2 days`.
pub(crate) fn duration(seconds: f64, language: Language) -> String {
    let (value, unit) = match seconds {
        s if s < 120.0 => (s, "s".to_owned()),
        s if s < 7_200.0 => (s / 60.0, "min".to_owned()),
        s if s < 172_800.0 => (s / 3_600.0, "h".to_owned()),
        s => (s / 86_400.0, language.say("days", "jours")),
    };
    format!("{}\u{a0}{unit}", number(value, 0, language))
}

#[cfg(test)]
mod tests {
    use super::*;
    use Language::{English, French};

    #[test]
    fn numbers_follow_the_language() {
        for (value, decimals, french, english) in [
            (1234.5, 1, "1\u{202f}234,5", "1,234.5"),
            (-0.04, 1, "0,0", "0.0"),
            (
                -1_000_000.0,
                0,
                "\u{2212}1\u{202f}000\u{202f}000",
                "\u{2212}1,000,000",
            ),
            (f64::NAN, 2, "inconnu", "unknown"),
        ] {
            assert_eq!(number(value, decimals, French), french);
            assert_eq!(number(value, decimals, English), english);
        }
    }

    #[test]
    fn units_follow_the_language() {
        for (unit, value, french, english) in [
            (
                "EUR/customer/month",
                1234.5,
                "1\u{202f}234,5\u{202f}€",
                "€1,234.5",
            ),
            ("EUR", -3.2, "\u{2212}3,2\u{202f}€", "\u{2212}€3.2"),
            ("CHF", 3.2, "3,2\u{202f}CHF", "CHF\u{a0}3.2"),
            ("share", 0.421, "42,1\u{202f}%", "42.1%"),
            ("people", 12.0, "12,0", "12.0"),
            ("hours", 5.5, "5,5\u{a0}h", "5.5\u{a0}h"),
        ] {
            let read = Unit::read(Some(unit));
            assert_eq!(read.level(value, 1, French), french, "{unit}");
            assert_eq!(read.level(value, 1, English), english, "{unit}");
        }
        assert_eq!(
            Unit::share().difference(0.042, 1, French),
            "4,2\u{a0}points"
        );
        assert_eq!(Unit::share().difference(0.012, 1, French), "1,2\u{a0}point");
    }

    #[test]
    fn periods_and_instants_read_as_words() {
        for (name, french, english) in [
            ("2026-03", "mars 2026", "March 2026"),
            ("2026-03-01", "1er mars 2026", "1 March 2026"),
            ("2026-Q1", "T1 2026", "Q1 2026"),
            ("28d", "28 derniers jours", "last 28 days"),
            (
                "2024-12/2026-11",
                "décembre 2024 à novembre 2026",
                "December 2024 to November 2026",
            ),
        ] {
            assert_eq!(period(name, French), french);
            assert_eq!(period(name, English), english);
        }
        assert_eq!(
            instant("2026-11-22T01:20:10Z", French),
            "22 novembre 2026 à 01:20 UTC"
        );
        assert_eq!(instant("not a time", English), "not a time");
    }
}
