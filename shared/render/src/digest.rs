//! The weekly digest: what moved, how healthy the community is and why, what fired, and what waits for somebody.

use jiff::Span;
use jiff::civil::Date;
use levier_domain::table::{Row, TableName};
use levier_domain::time::Period;
use maud::html;
use serde_json::Value as Json;

use crate::label::kpi_label;
use crate::language::Language;
use crate::notice::{Line, Notice, alert_figure, alert_since, alert_subject};
use crate::number::{self, count, number};
use crate::page::{Place, page};
use crate::section::people::shown;
use crate::sentence::uplift_sentence;
use crate::tables::{Tables, figure, headline, interval, undivided, uplift_kpis, value};
use crate::word;

/// Figures of the week.
const WEEKLY: [&str; 7] = [
    "members",
    "registrations",
    "active_members",
    "messages",
    "engagement_rate",
    "peer_answer_share",
    "time_to_first_answer",
];

/// The last ISO week that is over with the day `as_of`: its name and its first and last day.
#[must_use]
pub fn week_of(as_of: Date) -> (String, Date, Date) {
    let back = i64::from(as_of.weekday().to_sunday_zero_offset());
    let sunday = as_of.saturating_sub(Span::new().days(back));
    let monday = sunday.saturating_sub(Span::new().days(6));
    let week = monday.iso_week_date();
    (
        format!("{:04}-W{:02}", week.year(), week.week()),
        monday,
        sunday,
    )
}

/// The digest of the last whole week.
#[must_use]
pub fn digest(tables: &Tables, workspace_name: &str, as_of: Date, language: Language) -> Notice {
    let (week, monday, sunday) = week_of(as_of);
    let name = workspace_name.trim();
    let (from, to) = (
        number::date(monday, language),
        number::date(sunday, language),
    );
    let days = language.say(
        &format!("week of {from} to {to}"),
        &format!("semaine du {from} au {to}"),
    );
    let title = if name.is_empty() {
        days
    } else {
        format!("{name}{} {days}", language.say(":", " :"))
    };
    let mut lines = Vec::new();
    figures(tables, &week, language, &mut lines);
    worth(tables, language, &mut lines);
    health(tables, language, &mut lines);
    alerts(tables, monday, language, &mut lines);
    waiting(tables, language, &mut lines);
    Notice { title, lines }
}

fn figures(tables: &Tables, week: &str, language: Language, lines: &mut Vec<Line>) {
    let rows = tables.whole(TableName::Kpis);
    lines.push(Line::Heading(language.say("The week", "La semaine")));
    let before = lines.len();
    for kpi in WEEKLY {
        let mut series: Vec<&Row> = rows
            .iter()
            .copied()
            .filter(|row| {
                row.kpi.as_deref() == Some(kpi)
                    && row.text("grain") == Some("week")
                    && undivided(row, "item")
                    && undivided(row, "side")
                    && row.period.as_deref().is_some_and(|period| period <= week)
            })
            .collect();
        series.sort_by(|a, b| a.period.cmp(&b.period));
        let Some(now) = series
            .last()
            .filter(|row| row.period.as_deref() == Some(week))
        else {
            continue;
        };
        let label = kpi_label(kpi, language);
        let said = match shown(now, language) {
            Some(said) => said,
            None => word::absence(now, language),
        };
        let earlier = series
            .len()
            .checked_sub(2)
            .and_then(|at| shown(series[at], language));
        let colon = language.say(":", " :");
        lines.push(Line::Item(match earlier {
            Some(earlier) => format!(
                "{label}{colon} {said} {}",
                language.say(
                    &format!("({earlier} the week before)"),
                    &format!("({earlier} la semaine précédente)"),
                )
            ),
            None => format!("{label}{colon} {said}"),
        }));
    }
    if lines.len() == before {
        lines.push(Line::Text(language.say(
            "No figure for this week yet.",
            "Pas encore de chiffre pour cette semaine.",
        )));
    }
}

fn worth(tables: &Tables, language: Language, lines: &mut Vec<Line>) {
    let rows = tables.whole(TableName::Uplift);
    let Some((row, raw)) = uplift_kpis(&rows)
        .first()
        .and_then(|kpi| headline(&rows, kpi))
    else {
        return;
    };
    lines.push(Line::Heading(
        language.say("What the community is worth", "Ce que vaut la communauté"),
    ));
    lines.push(Line::Text(uplift_sentence(row, raw, language)));
}

fn health(tables: &Tables, language: Language, lines: &mut Vec<Line>) {
    let rows = tables.whole(TableName::Health);
    let of = |kpi: &'static str| {
        rows.iter().copied().filter(move |row| {
            row.kpi.as_deref() == Some(kpi) && row.period.as_deref() == Some("30d")
        })
    };
    let Some(score) = of("health_score").find(|row| row.text("component") == Some("score")) else {
        return;
    };
    lines.push(Line::Heading(language.say("Health", "Santé")));
    match value(score) {
        None => lines.push(Line::Text(word::absence(score, language))),
        Some(points) => {
            let mut said = language.say(
                &format!("Score {} out of 100", number(points, 0, language)),
                &format!("Score : {} sur 100", number(points, 0, language)),
            );
            if let Some((lower, upper)) = interval(score) {
                let ends = number::interval(
                    &number(lower, 0, language),
                    &number(upper, 0, language),
                    language,
                );
                said.push_str(&language.say(
                    &format!(" (90% interval {ends})"),
                    &format!(" (intervalle à 90 % : {ends})"),
                ));
            }
            said.push_str(". ");
            said.push_str(&moved(&rows, language));
            lines.push(Line::Text(said.trim_end().to_owned()));
        }
    }
    let mut weak: Vec<(&Row, f64)> = of("health_component")
        .filter_map(|row| Some((row, figure(row, "points_lost")?)))
        .filter(|(_, lost)| *lost >= 0.5)
        .collect();
    weak.sort_by(|a, b| b.1.total_cmp(&a.1));
    if value(score).is_some() {
        for (row, lost) in weak.iter().take(2) {
            let code = row.text("component").unwrap_or_default();
            let name = word::component(code, language);
            let size = number(*lost, 0, language);
            lines.push(Line::Item(language.say(
                &format!(
                    "{name} costs {size} points: {}",
                    word::meaning(code, language)
                ),
                &format!(
                    "{name} coûte {size} points : {}",
                    word::meaning(code, language)
                ),
            )));
        }
    }
    let action = of("health_action")
        .min_by(|a, b| {
            figure(a, "rank")
                .unwrap_or(9.0)
                .total_cmp(&figure(b, "rank").unwrap_or(9.0))
        })
        .and_then(|row| row.text(&format!("action_{}", language.code())));
    if let Some(action) = action {
        lines.push(Line::Text(format!(
            "{} {action}",
            language.say("Next:", "À faire :")
        )));
    }
}

/// Whether the score moved, told from chance.
fn moved(rows: &[&Row], language: Language) -> String {
    let change = rows.iter().copied().find(|row| {
        row.kpi.as_deref() == Some("health_change") && row.text("component") == Some("score")
    });
    let Some((points, announced)) = change.and_then(|row| {
        Some((
            value(row)?,
            row.own.get("announced") == Some(&Json::Bool(true)),
        ))
    }) else {
        return String::new();
    };
    let size = number(points.abs(), 0, language);
    match (announced, points > 0.0) {
        (true, true) => language.say(
            &format!("Up {size} points in thirty days."),
            &format!("En hausse de {size} points en trente jours."),
        ),
        (true, false) => language.say(
            &format!("Down {size} points in thirty days."),
            &format!("En baisse de {size} points en trente jours."),
        ),
        (false, _) => language.say(
            "No change that can be told from chance in thirty days.",
            "Aucun changement distinguable du hasard en trente jours.",
        ),
    }
}

fn alerts(tables: &Tables, monday: Date, language: Language, lines: &mut Vec<Line>) {
    let rows = tables.rows(TableName::Alerts);
    lines.push(Line::Heading(language.say("Alerts", "Alertes")));
    let before = lines.len();
    for row in rows
        .iter()
        .filter(|row| row.text("state") == Some("firing"))
    {
        let since = alert_since(row, language);
        let mut said = alert_subject(row, language);
        let seen = alert_figure(row, language);
        if !seen.is_empty() {
            said.push_str(&format!("{} {seen}", language.say(":", " :")));
        }
        if !since.is_empty() && row.text("kind") != Some("source_silent") {
            said.push_str(&language.say(
                &format!(" (since {since})"),
                &format!(" (depuis : {since})"),
            ));
        }
        lines.push(Line::Item(said));
    }
    for row in rows.iter().filter(|row| {
        row.text("state") == Some("clear")
            && row
                .text("cleared")
                .and_then(last_day)
                .is_some_and(|day| day >= monday)
    }) {
        lines.push(Line::Item(format!(
            "{} {}",
            language.say("over:", "terminé :"),
            alert_subject(row, language)
        )));
    }
    if lines.len() == before {
        lines.push(Line::Text(
            language.say("No alert is on.", "Aucune alerte en cours."),
        ));
    }
}

/// The last day of the day, week, month, quarter or year that a label names; a fiscal one is not told by its name.
fn last_day(label: &str) -> Option<Date> {
    let period: Period = label.parse().ok()?;
    period.end.yesterday().ok()
}

fn waiting(tables: &Tables, language: Language, lines: &mut Vec<Line>) {
    let lists = tables.rows(TableName::Champions);
    let length = |kpi: &str, least: f64| {
        lists
            .iter()
            .filter(|row| row.kpi.as_deref() == Some(kpi))
            .filter(|row| row.value.is_some_and(|value| value >= least))
            .count() as u64
    };
    let leads = tables.rows(TableName::Leads).len() as u64;
    lines.push(Line::Heading(
        language.say("Waiting for you", "Ce qui vous attend"),
    ));
    // One, then any other number; none is one in French.
    for (n, english, french) in [
        (
            length("unanswered_questions", 24.0),
            ["question", "questions"].map(|q| format!("{q} without an answer for more than a day")),
            ["question", "questions"].map(|q| format!("{q} sans réponse depuis plus d'un jour")),
        ),
        (
            length("newcomers_to_welcome", 0.0),
            ["newcomer", "newcomers"].map(|n| format!("{n} whom nobody has answered yet")),
            ["nouveau", "nouveaux"].map(|n| format!("{n} à qui personne n'a encore répondu")),
        ),
        (
            leads,
            ["lead", "leads"].map(|l| format!("community-qualified {l} for the sales team")),
            ["lead qualifié", "leads qualifiés"]
                .map(|l| format!("{l} par la communauté pour l'équipe commerciale")),
        ),
    ] {
        lines.push(Line::Item(format!(
            "{} {}",
            count(n, language),
            language.say(&english[usize::from(n != 1)], &french[usize::from(n > 1)])
        )));
    }
}

/// The digest as a page.
#[must_use]
pub fn digest_page(tables: &Tables, workspace_name: &str, language: Language) -> String {
    let title = language.say("The week in brief", "La semaine en bref");
    let body = match tables.last_whole_day() {
        None => html! {
            h1 { (title) }
            p.absent { (language.say("No result yet: run the night first.", "Pas encore de résultat : lancez d'abord la nuit.")) }
        },
        Some(as_of) => {
            let notice = digest(tables, workspace_name, as_of, language);
            html! {
                h1 { (notice.title) }
                p.lede { (language.say(
                    "What is sent every Monday to Slack, Teams or by e-mail. It names no person.",
                    "Ce qui part chaque lundi vers Slack, Teams ou par e-mail. Aucune personne n'y est nommée.",
                )) }
                section.card { (sections(&notice)) }
            }
        }
    };
    page(tables.links(), language, Place::Digest, &title, &body)
}

fn sections(notice: &Notice) -> maud::Markup {
    // Entries that follow one another are one list.
    let mut groups: Vec<(bool, Vec<&Line>)> = Vec::new();
    for line in &notice.lines {
        let item = matches!(line, Line::Item(_));
        match groups.last_mut() {
            Some((true, held)) if item => held.push(line),
            _ => groups.push((item, vec![line])),
        }
    }
    html! {
        @for (list, held) in &groups {
            @if *list {
                ul { @for line in held { @if let Line::Item(text) = line { li { (text) } } } }
            } @else {
                @for line in held {
                    @match line {
                        Line::Heading(text) => h2 { (text) },
                        Line::Text(text) | Line::Item(text) => p { (text) },
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use levier_domain::table::Status;
    use std::collections::BTreeMap;

    #[test]
    fn weeks_end_on_sunday() {
        for (case, day, want) in [
            ("sunday", date(2026, 3, 22), "2026-W12"),
            ("monday", date(2026, 3, 23), "2026-W12"),
            ("saturday", date(2026, 3, 28), "2026-W12"),
            ("new year", date(2027, 1, 4), "2026-W53"),
        ] {
            assert_eq!(week_of(day).0, want, "{case}");
        }
    }

    #[test]
    fn what_ended_is_told_in_the_week_in_which_its_period_did() {
        let ended = |name: &str, cleared: &str| {
            let mut row = Row::new(Status::Ok)
                .with("alert", name)
                .with("kind", "threshold")
                .with("state", "clear")
                .with("cleared", cleared)
                .with("item", name);
            row.kpi = Some("messages".to_owned());
            row
        };
        let rows = vec![
            ended("this-week", "2026-W14"),
            ended("month", "2026-03"),
            ended("night", "2026-04-04"),
            ended("week-before", "2026-W13"),
            ended("long-ago", "2025"),
        ];
        let tables = Tables::new(BTreeMap::from([(TableName::Alerts, rows)]));
        let text = digest(&tables, "", date(2026, 4, 6), Language::English).plain();
        let over: Vec<&str> = text.lines().filter(|line| line.contains("over:")).collect();
        assert_eq!(over.len(), 3, "{text}");
        for gone in ["week-before", "long-ago"] {
            assert!(!over.iter().any(|line| line.contains(gone)), "{text}");
        }
    }

    #[test]
    fn a_digest_of_nothing_says_so_and_one_of_figures_says_them() {
        let nothing = digest(
            &Tables::default(),
            "Brume",
            date(2026, 3, 23),
            Language::French,
        );
        let text = nothing.plain();
        assert!(text.starts_with("Brume\u{202f}: semaine du "), "{text}");
        assert!(text.contains("Pas encore de chiffre"), "{text}");
        let week = |period: &str, value: f64| {
            let mut row = Row::new(Status::Ok)
                .with("grain", "week")
                .with("side", "all");
            row.as_of = Some(date(2026, 3, 23));
            row.kpi = Some("active_members".to_owned());
            row.community = Some("all".to_owned());
            row.segment = Some("all".to_owned());
            row.period = Some(period.to_owned());
            row.value = Some(value);
            row.unit = Some("people".to_owned());
            row
        };
        let mut question = Row::new(Status::Ok);
        question.kpi = Some("unanswered_questions".to_owned());
        question.value = Some(30.0);
        let tables = Tables::new(BTreeMap::from([
            (
                TableName::Kpis,
                vec![
                    week("2026-W11", 40.0),
                    week("2026-W12", 42.0),
                    week("2026-W13", 3.0),
                ],
            ),
            (TableName::Champions, vec![question]),
        ]));
        let text = digest(&tables, "", date(2026, 3, 23), Language::English).plain();
        assert!(text.contains("42 (40 the week before)"), "{text}");
        assert!(text.contains("- 1 question without"), "{text}");
        assert!(text.contains("- 0 newcomers"), "{text}");
        let text = digest(&tables, "", date(2026, 3, 23), Language::French).plain();
        assert!(text.contains("- 1 question sans"), "{text}");
        assert!(text.contains("- 0 nouveau à qui"), "{text}");
        let page = digest_page(&tables, "", Language::English);
        assert!(page.contains("<li>"), "{page}");
    }
}
