//! What is sent to people: a title and a few lines, as plain text, as a Slack message, as a Teams card.
//!
//! A notice names figures, communities, channels and sources; never a person.

use jiff::tz::TimeZone;
use levier_domain::table::{Row, Status};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::label::kpi_label;
use crate::language::Language;
use crate::number::{self, Unit, number};
use crate::tables::{figure, interval};

/// A line of a notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", content = "text", rename_all = "snake_case")]
pub enum Line {
    /// A heading.
    Heading(String),
    /// A sentence.
    Text(String),
    /// One entry of a list.
    Item(String),
}

/// A title and its lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What it is about.
    pub title: String,
    /// What it says.
    pub lines: Vec<Line>,
}

/// Slack reads `&`, `<` and `>` as markup.
fn slack_text(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A card's text is Markdown: what would be markup is set apart.
fn teams_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '*' | '_' | '[' | ']' | '`' | '#' | '<' | '>') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

impl Notice {
    /// Plain text, one line each.
    #[must_use]
    pub fn plain(&self) -> String {
        let mut out = format!("{}\n", self.title);
        for line in &self.lines {
            match line {
                Line::Heading(text) => out.push_str(&format!("\n{text}\n")),
                Line::Text(text) => out.push_str(&format!("{text}\n")),
                Line::Item(text) => out.push_str(&format!("- {text}\n")),
            }
        }
        out
    }

    /// The body of a Slack incoming webhook. `reference` tells a message that comes twice from two messages.
    #[must_use]
    pub fn slack(&self, reference: &str) -> Json {
        let mut text = format!("*{}*", slack_text(&self.title));
        for line in &self.lines {
            match line {
                Line::Heading(heading) => text.push_str(&format!("\n\n*{}*", slack_text(heading))),
                Line::Text(said) => text.push_str(&format!("\n{}", slack_text(said))),
                Line::Item(said) => text.push_str(&format!("\n• {}", slack_text(said))),
            }
        }
        text.push_str(&format!("\n_levier {reference}_"));
        json!({"text": text})
    }

    /// The body that a Teams workflow takes: one adaptive card.
    #[must_use]
    pub fn teams(&self, reference: &str) -> Json {
        let block = |text: String, weight: &str, size: &str| json!({"type": "TextBlock", "text": text, "weight": weight, "size": size, "wrap": true});
        let mut body = vec![block(teams_text(&self.title), "Bolder", "Medium")];
        for line in &self.lines {
            body.push(match line {
                Line::Heading(text) => block(teams_text(text), "Bolder", "Default"),
                Line::Text(text) => block(teams_text(text), "Default", "Default"),
                Line::Item(text) => block(format!("- {}", teams_text(text)), "Default", "Default"),
            });
        }
        body.push(json!({"type": "TextBlock", "text": format!("levier {reference}"), "isSubtle": true, "size": "Small", "wrap": true}));
        json!({
            "type": "message",
            "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": null,
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "body": body,
                },
            }],
        })
    }
}

fn level(row: &Row, value: f64, language: Language) -> String {
    let unit = Unit::read(row.unit.as_deref());
    unit.level(value, unit.decimals(value), language)
}

/// The limit of an alert and how far the figure must come back, in words.
#[must_use]
pub fn alert_rule(row: &Row, language: Language) -> String {
    let share = |value: f64| Unit::share().level(value, Unit::share().decimals(value), language);
    let mut parts = Vec::new();
    if let Some(limit) = figure(row, "below") {
        let limit = level(row, limit, language);
        parts.push(language.say(&format!("below {limit}"), &format!("en dessous de {limit}")));
    }
    if let Some(limit) = figure(row, "above") {
        let limit = level(row, limit, language);
        parts.push(language.say(&format!("above {limit}"), &format!("au-dessus de {limit}")));
    }
    if let Some(limit) = figure(row, "falls_by") {
        let limit = share(limit);
        parts.push(language.say(
            &format!("down by {limit} or more on the period before"),
            &format!("en baisse d'au moins {limit} sur la période précédente"),
        ));
    }
    if let Some(limit) = figure(row, "rises_by") {
        let limit = share(limit);
        parts.push(language.say(
            &format!("up by {limit} or more on the period before"),
            &format!("en hausse d'au moins {limit} sur la période précédente"),
        ));
    }
    match row.text("kind") {
        Some("health_fell") => parts.push(language.say(
            "the 90% interval of the change lies below 0",
            "l'intervalle à 90 % de l'évolution est tout entier sous 0",
        )),
        Some("health_rose") => parts.push(language.say(
            "the 90% interval of the change lies above 0",
            "l'intervalle à 90 % de l'évolution est tout entier au-dessus de 0",
        )),
        Some("source_silent") => parts.push(language.say(
            "nothing received for longer than its rhythm",
            "rien reçu depuis plus longtemps que son rythme",
        )),
        _ => {}
    }
    let mut said = parts.join(&language.say(" or ", " ou "));
    if let Some(periods) = figure(row, "for_periods").filter(|periods| *periods > 1.0) {
        let periods = number(periods, 0, language);
        said.push_str(&language.say(
            &format!(", {periods} periods in a row"),
            &format!(", {periods} périodes de suite"),
        ));
    }
    said
}

/// What an alert is about: its figure and scope, or its source.
#[must_use]
pub fn alert_subject(row: &Row, language: Language) -> String {
    let mut scope: Vec<String> = Vec::new();
    let community = row.community.as_deref().unwrap_or("all");
    if community != "all" {
        scope.push(community.to_owned());
    }
    if let Some(segment) = row.segment.as_deref().filter(|segment| *segment != "all") {
        scope.push(segment.to_owned());
    }
    for column in ["platform", "channel"] {
        if row.text("kind") == Some("threshold")
            && let Some(part) = row.text(column).filter(|part| *part != "all")
        {
            scope.push(part.to_owned());
        }
    }
    for column in ["side", "item"] {
        if let Some(part) = row.text(column).filter(|part| *part != "all") {
            scope.push(crate::word::item(part, language));
        }
    }
    let what = match row.text("kind") {
        Some("source_silent") => {
            let source = row.text("source").unwrap_or("?");
            language.say(
                &format!("silence of source {source}"),
                &format!("silence de la source {source}"),
            )
        }
        Some("health_fell") => language.say("fall of the health score", "baisse du score de santé"),
        Some("health_rose") => language.say("rise of the health score", "hausse du score de santé"),
        _ => kpi_label(row.kpi.as_deref().unwrap_or_default(), language),
    };
    if scope.is_empty() {
        what
    } else {
        format!("{what} ({})", scope.join(", "))
    }
}

/// The figure of an alert with its interval and period, or why there is none.
#[must_use]
pub fn alert_figure(row: &Row, language: Language) -> String {
    figure_in(row, &TimeZone::UTC, language)
}

/// As [`alert_figure`], with its instants in a time zone.
fn figure_in(row: &Row, zone: &TimeZone, language: Language) -> String {
    if row.text("kind") == Some("source_silent") {
        return row
            .text("last_received_at")
            .map(|last| {
                format!(
                    "{} {}",
                    language.say("last delivery", "dernier envoi :"),
                    number::instant_in(last, zone, language)
                )
            })
            .unwrap_or_default();
    }
    let Some(value) = row.value.filter(|value| value.is_finite()) else {
        // Where the last figure is withheld, the one that the state rests on.
        let last = figure(row, "last_value").zip(row.text("last_period"));
        return last.map_or_else(
            || crate::word::absence(row, language),
            |(value, period)| {
                format!(
                    "{} · {}",
                    level(row, value, language),
                    number::period(period, language)
                )
            },
        );
    };
    let of_change = matches!(row.text("kind"), Some("health_fell" | "health_rose"));
    let mut said = if of_change {
        let unit = Unit::read(row.unit.as_deref());
        let points = unit.level(value, unit.decimals(value), language);
        let sign = if value > 0.0 { "+" } else { "" };
        language.say(
            &format!("{sign}{points} in thirty days"),
            &format!("{sign}{points} en trente jours"),
        )
    } else {
        level(row, value, language)
    };
    if let Some((lower, upper)) = interval(row) {
        let unit = Unit::read(row.unit.as_deref());
        let decimals = unit.decimals(value);
        let ends = number::interval(
            &unit.bare(lower, decimals, language),
            &unit.bare(upper, decimals, language),
            language,
        );
        said.push_str(&language.say(
            &format!(" (interval {ends})"),
            &format!(" (intervalle {ends})"),
        ));
    }
    if let Some(period) = row.period.as_deref().filter(|_| !of_change) {
        said.push_str(&format!(" · {}", number::period(period, language)));
    }
    said
}

/// Since when an alert is on, as it is said.
#[must_use]
pub fn alert_since(row: &Row, language: Language) -> String {
    let Some(since) = row.text("since") else {
        return String::new();
    };
    if since.contains('T') {
        number::instant(since, language)
    } else {
        number::period(since, language)
    }
}

/// The message of an alert that fired (`fired`) or is over.
///
/// ```
/// # use levier_domain::table::{Row, Status};
/// # use levier_render::{Language, alert_notice};
/// let mut row = Row::new(Status::Ok).with("alert", "slow").with("kind", "threshold").with("below", 0.2);
/// (row.kpi, row.value, row.unit) = (Some("stickiness".into()), Some(0.15), Some("share".into()));
/// row.period = Some("2026-03".into());
/// let notice = alert_notice(&row, true, &jiff::tz::TimeZone::UTC, Language::English);
/// assert_eq!(notice.title, "Alert: Stickiness");
/// assert!(notice.plain().contains("15"));
/// ```
#[must_use]
pub fn alert_notice(row: &Row, fired: bool, zone: &TimeZone, language: Language) -> Notice {
    let subject = alert_subject(row, language);
    let title = match (fired, row.text("severity")) {
        (true, Some("info")) => language.say(
            &format!("Good news: {subject}"),
            &format!("Bonne nouvelle : {subject}"),
        ),
        (true, _) => language.say(&format!("Alert: {subject}"), &format!("Alerte : {subject}")),
        (false, _) => language.say(&format!("Over: {subject}"), &format!("Terminé : {subject}")),
    };
    let mut lines = vec![Line::Text(figure_in(row, zone, language))];
    let rule = alert_rule(row, language);
    if !rule.is_empty() {
        lines.push(Line::Text(if fired {
            format!("{} {rule}", language.say("Limit:", "Limite :"))
        } else {
            language.say(
                &format!("The limit ({rule}) is no longer crossed."),
                &format!("La limite ({rule}) n'est plus franchie."),
            )
        }));
    }
    let advice = match (fired, row.text("kind")) {
        (true, Some("source_silent")) => language.say(
            "A silent source looks like a dying community: if members talk there, the health score is suspended until it speaks again. Check the app's webhook settings.",
            "Une source silencieuse ressemble à une communauté qui s'éteint : si des membres y parlent, le score de santé est suspendu jusqu'à son retour. Vérifiez les webhooks de l'application.",
        ),
        (true, Some("health_fell")) => language.say(
            "The dashboard says which parts moved and what to do next.",
            "Le tableau de bord dit quelles composantes ont bougé et que faire.",
        ),
        _ => String::new(),
    };
    if !advice.is_empty() {
        lines.push(Line::Text(advice));
    }
    if row.status != Status::Ok
        && (row.value.is_some() || row.text("last_period").is_some())
        && let Some(reason) = row.reason.as_deref()
    {
        lines.push(Line::Text(crate::reason::reason(reason, language)));
    }
    // What it is called in the configuration, for whoever wants to change it.
    if row.text("kind") == Some("threshold")
        && let Some(name) = row.text("alert")
    {
        lines.push(Line::Text(language.say(
            &format!("Alert name: {name}"),
            &format!("Nom de l'alerte : {name}"),
        )));
    }
    lines.retain(|line| !matches!(line, Line::Text(text) if text.is_empty()));
    Notice { title, lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Row {
        let mut row = Row::new(Status::Ok)
            .with("alert", "slow")
            .with("kind", "threshold")
            .with("severity", "warning")
            .with("below", 0.2)
            .with("for_periods", 2)
            .with("channel", "<b>aide</b>");
        row.kpi = Some("stickiness".to_owned());
        row.community = Some("main".to_owned());
        row.value = Some(0.15);
        row.unit = Some("share".to_owned());
        row.period = Some("2026-03".to_owned());
        row
    }

    #[test]
    fn an_alert_reads_in_both_languages() {
        let said = alert_notice(&row(), true, &TimeZone::UTC, Language::English).plain();
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[0], "Alert: Stickiness (main, <b>aide</b>)");
        assert!(
            lines[1].starts_with("15") && lines[1].ends_with("· March 2026"),
            "{said}"
        );
        assert!(lines[2].starts_with("Limit: below 20"), "{said}");
        assert!(lines[2].ends_with(", 2 periods in a row"), "{said}");
        let said = alert_notice(&row(), false, &TimeZone::UTC, Language::French).plain();
        assert!(said.starts_with("Terminé\u{202f}: "), "{said}");
        assert!(said.contains("n\u{2019}est plus franchie"), "{said}");
    }

    #[test]
    fn a_message_says_its_figure_its_name_and_local_times() {
        let zone = TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC);
        let say = |row: &Row, language| alert_notice(row, true, &zone, language).plain();
        assert!(say(&row(), Language::English).contains("\nAlert name: slow\n"));
        // The last whole period is withheld: the figure that fired, and that there is none since.
        let mut withheld = row()
            .with("last_value", 0.15)
            .with("last_period", "2026-03");
        (withheld.value, withheld.status) = (None, Status::Suppressed);
        withheld.reason = Some("no figure this time: the state before is kept".to_owned());
        let said = say(&withheld, Language::French);
        assert!(said.contains("15,0"), "{said}");
        assert!(
            said.contains("mars 2026") && said.contains("pas de chiffre"),
            "{said}"
        );
        // A change is no level.
        let mut fell = Row::new(Status::Ok)
            .with("alert", "health_fell.all")
            .with("kind", "health_fell");
        (fell.value, fell.unit, fell.period) =
            (Some(-14.2), Some("points".into()), Some("30d".into()));
        let said = say(&fell, Language::French);
        assert!(
            said.contains("en trente jours") && !said.contains("Nom de"),
            "{said}"
        );
        let silent = Row::new(Status::Ok)
            .with("kind", "source_silent")
            .with("source", "team")
            .with("last_received_at", "2026-07-01T22:30:00Z");
        let said = say(&silent, Language::English);
        assert!(said.contains("2 July 2026, 00:30 (Europe/Paris)"), "{said}");
    }

    #[test]
    fn hostile_names_are_text_in_every_form() {
        let notice = alert_notice(&row(), true, &TimeZone::UTC, Language::English);
        let slack = notice.slack("abc").to_string();
        assert!(slack.contains("&lt;b&gt;aide") && !slack.contains("<b>"));
        assert!(slack.contains("levier abc"));
        let teams = notice.teams("abc").to_string();
        assert!(teams.contains(r"\\<b\\>aide") && teams.contains("AdaptiveCard"));
    }
}
