//! The health score with its parts, its course, and what to do next.

use levier_domain::table::{Row, TableName};
use maud::{Markup, html};
use serde_json::Value as Json;

use crate::chart::{TrendPoint, both, dial, trend};
use crate::language::Language;
use crate::number::{self, Unit, number};
use crate::page::{card, downloads, nothing};
use crate::tables::{Tables, figure, interval, value};
use crate::word;

const ORDER: [&str; 7] = [
    "responsiveness",
    "newcomer_retention",
    "stickiness",
    "reciprocity",
    "spread",
    "growth",
    "sentiment",
];

/// What a row of the table `health` is about: its KPI tells the score from its parts, changes and actions.
fn is(row: &Row, kpi: &str) -> bool {
    row.kpi
        .as_deref()
        .is_none_or(|held| held == kpi || held == "health")
}

/// Whether a period is a window that ends with the as-of day, not a month of the past.
fn rolling(row: &Row) -> bool {
    row.period
        .as_deref()
        .is_some_and(|period| period.ends_with('d'))
}

/// The card of the health score.
pub(crate) fn health(tables: &Tables, language: Language) -> Markup {
    let title = language.say("Health of the community", "La santé de la communauté");
    let rows = tables.whole(TableName::Health);
    let scores: Vec<&Row> = rows
        .iter()
        .copied()
        .filter(|row| row.text("component") == Some("score") && is(row, "health_score"))
        .collect();
    let latest = scores
        .iter()
        .copied()
        .max_by(|a, b| (rolling(a), &a.period).cmp(&(rolling(b), &b.period)));
    let Some(score) = latest else {
        let text = language.say(
            "No score yet: it takes thirty days of conversation.",
            "Pas encore de score : il faut trente jours d'échanges.",
        );
        return card(
            tables.links(),
            language,
            "health",
            "wide5",
            &title,
            &tables.nothing(TableName::Health, language, &text),
        );
    };
    let parts: Vec<&Row> = ORDER
        .iter()
        .filter_map(|name| {
            rows.iter().copied().find(|row| {
                row.period == score.period
                    && row.text("component") == Some(name)
                    && is(row, "health_component")
            })
        })
        .collect();
    let period = score
        .period
        .as_deref()
        .map(|period| number::period(period, language))
        .unwrap_or_default();
    let body = html! {
        p.sub {
            (language.say("An index, not an amount: it is never turned into euros.", "Un indice, pas un montant : il n'est jamais converti en euros."))
            @if !period.is_empty() { " (" (period) ")" }
        }
        @match value(score) {
            Some(points) => {
                @let range = interval(score).map(|(lower, upper)| {
                    let ends = number::interval(&number(lower, 0, language), &number(upper, 0, language), language);
                    language.say(&format!("90% interval {ends}"), &format!("intervalle à 90 % : {ends}"))
                }).unwrap_or_default();
                figure style="max-width:300px;margin-inline:auto" { (dial(points, interval(score), &number(points, 0, language), &range, &title)) }
                @if let Some(mean) = figure(score, "arithmetic") {
                    p.legend style="justify-content:center" { (language.say(
                        &format!("Plain mean of the parts, for comparison: {}", number(mean, 0, language)),
                        &format!("Moyenne simple des parts, pour comparaison : {}", number(mean, 0, language)),
                    )) }
                }
                (around(score, language))
                (change(&rows, language))
            }
            None => { (nothing(&word::absence(score, language))) }
        }
        @if !parts.is_empty() { (part_list(&parts, language)) }
        (next(&rows, &parts, language))
        (course(&scores, language))
        (validation(&rows, language))
        (downloads(tables.links(), TableName::Health, language))
    };
    card(tables.links(), language, "health", "wide5", &title, &body)
}

/// A number of points of the score, to the whole point.
fn points(size: f64, language: Language) -> String {
    let whole = size.abs().round();
    let said = number(whole, 0, language);
    // French keeps the singular below two.
    language.say(
        &format!("{said} {}", if whole == 1.0 { "point" } else { "points" }),
        &format!("{said} {}", if whole < 2.0 { "point" } else { "points" }),
    )
}

/// What is to be read with the score: the share of the weight that it rests on, and what other weights would make of it.
fn around(score: &Row, language: Language) -> Markup {
    let coverage = figure(score, "coverage").map(|share| {
        let share = Unit::share().level(share, 0, language);
        language.say(
            &format!("{share} of the weight measured"),
            &format!("{share} du poids mesuré"),
        )
    });
    let ends = figure(score, "band_lower").zip(figure(score, "band_upper"));
    let band = ends.map(|(lower, upper)| {
        let ends = number::interval(
            &number(lower, 0, language),
            &number(upper, 0, language),
            language,
        );
        language.say(
            &format!("with other weights (P5 to P95): {ends}"),
            &format!("avec d'autres poids (P5 à P95) : {ends}"),
        )
    });
    let said: Vec<String> = coverage.into_iter().chain(band).collect();
    html! {
        @if !said.is_empty() { p.legend style="justify-content:center" { (said.join(" · ")) } }
    }
}

/// A move of the score, said only when its interval leaves zero out, with the parts that moved it most.
fn change(rows: &[&Row], language: Language) -> Markup {
    let of = |row: &&&Row| row.kpi.as_deref() == Some("health_change");
    let moved = rows
        .iter()
        .filter(of)
        .find(|row| row.text("component") == Some("score"));
    let Some(row) = moved else {
        return html! {};
    };
    let reason = |row: &Row| {
        row.reason
            .as_deref()
            .map(|said| crate::reason::reason(said, language))
    };
    let text = match value(row) {
        None => {
            let why = reason(row).unwrap_or_default();
            language.say(
                &format!("Change in thirty days: {why}."),
                &format!("Évolution sur trente jours : {why}."),
            )
        }
        Some(change) if row.own.get("announced") == Some(&Json::Bool(true)) => {
            let size = points(change, language);
            let mut text = if change > 0.0 {
                language.say(
                    &format!("Up {size} in thirty days"),
                    &format!("En hausse de {size} en trente jours"),
                )
            } else {
                language.say(
                    &format!("Down {size} in thirty days"),
                    &format!("En baisse de {size} en trente jours"),
                )
            };
            let mut parts: Vec<(f64, &str)> = rows
                .iter()
                .filter(of)
                .filter_map(|row| Some((figure(row, "points")?, row.text("component")?)))
                .filter(|(points, _)| points.abs() >= 0.5)
                .collect();
            parts.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
            let parts: Vec<String> = parts
                .into_iter()
                .take(3)
                .map(|(points, code)| {
                    let sign = if points > 0.0 { "+" } else { "" };
                    format!(
                        "{} {sign}{}",
                        word::component(code, language),
                        number(points, 0, language)
                    )
                })
                .collect();
            if !parts.is_empty() {
                text.push_str(&language.say(": ", " : "));
                text.push_str(&parts.join(", "));
            }
            text.push('.');
            // What is not compared.
            if let Some(why) = reason(row) {
                text.push_str(&format!(" {why}."));
            }
            text
        }
        Some(_) => language.say(
            "No change that can be told from chance in thirty days.",
            "Aucun changement distinguable du hasard en trente jours.",
        ),
    };
    html! {
        p.legend style="justify-content:center" { (text) }
    }
}

fn part_list(parts: &[&Row], language: Language) -> Markup {
    // Weights need not sum to one.
    let total: f64 = parts.iter().filter_map(|row| figure(row, "weight")).sum();
    html! {
        h3 { (language.say("Its parts", "Ses composantes")) }
        ul.parts {
            @for row in parts {
                @let code = row.text("component").unwrap_or_default();
                li {
                    div.line {
                        span { (word::component(code, language)) }
                        span { @match value(row) { Some(figure) => { (natural(row, code, figure, language)) } None => { (word::status(row.status, language)) } } }
                    }
                    @if let Some(scaled) = figure(row, "normalised").or_else(|| figure(row, "scaled")) {
                        @let tone = if scaled < 0.34 { "low" } else if scaled < 0.67 { "mid" } else { "" };
                        div.bar.(tone) role="img" aria-label=(language.say(
                            &format!("{} out of 100", number(scaled * 100.0, 0, language)),
                            &format!("{} sur 100", number(scaled * 100.0, 0, language)),
                        )) { i style={ "width:" (format!("{:.0}", scaled.clamp(0.0, 1.0) * 100.0)) "%" } {} }
                    }
                    small {
                        (word::meaning(code, language))
                        @if value(row).is_none() { @if let Some(reason) = row.reason.as_deref() { " — " (crate::reason::reason(reason, language)) } }
                        @if let Some((zero, one)) = figure(row, "anchor_lo").zip(figure(row, "anchor_hi")) {
                            @let (zero, one) = (anchor(code, zero, language), anchor(code, one, language));
                            " · " (language.say(&format!("0 at {zero}, full at {one}"), &format!("nul à {zero}, plein à {one}")))
                        }
                        @if let Some(weight) = figure(row, "weight").filter(|_| total > 0.0) { " · " (language.say("weight", "poids")) "\u{a0}" (Unit::share().level(weight / total, 0, language)) }
                    }
                }
            }
        }
    }
}

/// An anchor as its component is said, whole percents where that is a share.
fn anchor(code: &str, at: f64, language: Language) -> String {
    match code {
        "spread" | "growth" | "sentiment" => number(at, 2, language),
        _ => Unit::share().level(at, 0, language),
    }
}

/// The component in the unit in which it is known: Gini, growth and sentiment are plain figures, the rest are shares.
fn natural(row: &Row, code: &str, figure: f64, language: Language) -> String {
    match code {
        "spread" => number(figure, 2, language),
        "growth" | "sentiment" => {
            let sign = if figure >= 0.005 { "+" } else { "" };
            format!("{sign}{}", number(figure, 2, language))
        }
        _ => {
            let unit = Unit::read(row.unit.as_deref().or(Some("share")));
            unit.level(figure, unit.decimals(figure).min(1), language)
        }
    }
}

/// The advice: the job's own ranked actions where it gives them, else the advice that belongs to a component's code.
fn next(rows: &[&Row], parts: &[&Row], language: Language) -> Markup {
    let mut ranked: Vec<&Row> = rows
        .iter()
        .copied()
        .filter(|row| row.kpi.as_deref() == Some("health_action"))
        .collect();
    ranked.sort_by(|a, b| {
        figure(a, "rank")
            .unwrap_or(9.0)
            .total_cmp(&figure(b, "rank").unwrap_or(9.0))
    });
    let mut said: Vec<(String, Option<f64>)> = ranked
        .iter()
        .filter_map(|row| {
            let text = row
                .text(&format!("action_{}", language.code()))
                .or(row.reason.as_deref())?;
            Some((language.say(text, text), value(row)))
        })
        .collect();
    if said.is_empty() {
        let mut advised: Vec<&Row> = parts
            .iter()
            .copied()
            .filter(|row| row.text("next_action").is_some_and(|code| !code.is_empty()))
            .collect();
        advised.sort_by(|a, b| {
            figure(a, "contribution")
                .unwrap_or(0.0)
                .total_cmp(&figure(b, "contribution").unwrap_or(0.0))
        });
        said = advised
            .iter()
            .map(|row| {
                let code = row.text("next_action").unwrap_or_default();
                (
                    word::action(code, row.text("component").unwrap_or_default(), language),
                    None,
                )
            })
            .collect();
    }
    html! {
        @if !said.is_empty() {
            div.next {
                h3 { (language.say("What to do next", "Que faire maintenant")) }
                ol { @for (text, gain) in said.iter().take(3) {
                    li {
                        (text)
                        @if let Some(gain) = gain {
                            @let size = points(*gain, language);
                            " (" (language.say(&format!("up to {size} to win"), &format!("jusqu'à {size} à gagner"))) ")"
                        }
                    }
                } }
            }
        }
    }
}

/// Whether the score foretells anything yet: the backtest, or what it would take.
fn validation(rows: &[&Row], language: Language) -> Markup {
    let Some(row) = rows
        .iter()
        .copied()
        .find(|row| row.kpi.as_deref() == Some("health_backtest"))
    else {
        return html! {};
    };
    let whole = |column: &str| {
        figure(row, column)
            .map(|n| number(n, 0, language))
            .unwrap_or_default()
    };
    let text = match (value(row), row.text("verdict")) {
        (Some(_), Some(verdict)) => {
            let share = |column: &str| {
                figure(row, column)
                    .map(|skill| Unit::share().level(skill, 0, language))
                    .unwrap_or_default()
            };
            let (score, size) = (share("skill_score"), share("skill_log_mau"));
            let said = match verdict {
                "better" => language.say(
                    "it foretells who is still active three months later better than size does",
                    "il annonce mieux que la taille qui sera encore actif trois mois plus tard",
                ),
                "worse" => language.say(
                    "it foretells who is still active three months later worse than size does: review its weights",
                    "il annonce moins bien que la taille qui sera encore actif trois mois plus tard : revoyez ses poids",
                ),
                _ => language.say(
                    "whether it foretells more than size does cannot be told yet",
                    "on ne peut pas encore dire s'il annonce plus que la taille",
                ),
            };
            let detail = language.say(
                &format!(
                    "error avoided: {score} by the score, {size} by size; {} months",
                    whole("months")
                ),
                &format!(
                    "erreur évitée : {score} par le score, {size} par la taille ; {} mois",
                    whole("months")
                ),
            );
            format!("{said} ({detail}).")
        }
        _ => {
            let mut said =
                crate::reason::reason(row.reason.as_deref().unwrap_or_default(), language);
            if figure(row, "months").is_some() {
                said.push_str(&language.say(
                    &format!(
                        " (so far: months {}, communities {})",
                        whole("months"),
                        whole("communities")
                    ),
                    &format!(
                        " (à ce jour : mois {}, communautés {})",
                        whole("months"),
                        whole("communities")
                    ),
                ));
            }
            format!("{said}.")
        }
    };
    html! {
        p.legend { strong { (language.say("Put to the test:", "Mis à l'épreuve :")) } " " (text) }
    }
}

/// The score at the ends of the last months.
fn course(scores: &[&Row], language: Language) -> Markup {
    let mut months: Vec<&Row> = scores.iter().copied().filter(|row| !rolling(row)).collect();
    months.sort_by(|a, b| a.period.cmp(&b.period));
    let points: Vec<TrendPoint> = months
        .iter()
        .map(|row| TrendPoint::of(row, language))
        .collect();
    let title = language.say("Score at each month's end", "Score à chaque fin de mois");
    html! {
        @if points.iter().filter(|point| point.value.is_some()).count() > 2 {
            figure { h3 { (title) } (both(|width| trend(&points, &Unit::read(Some("points")), language, width.min(400.0), &title, &language.say("By month", "Par mois")))) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use levier_domain::table::Status;

    #[test]
    fn points_are_counted_as_one_says_them() {
        for (size, english, french) in [
            (0.6, "1 point", "1 point"),
            (0.2, "0 points", "0 point"),
            (-1.6, "2 points", "2 points"),
            (28.1, "28 points", "28 points"),
        ] {
            assert_eq!(points(size, Language::English), english);
            assert_eq!(points(size, Language::French), french);
        }
    }

    #[test]
    fn weights_are_printed_as_shares_of_their_sum() {
        let part = |component: &str, weight: f64| {
            let mut row = Row::new(Status::Ok)
                .with("component", component)
                .with("weight", weight)
                .with("anchor_lo", 0.2)
                .with("anchor_hi", 0.9);
            (row.value, row.unit) = (Some(0.5), Some("share".to_owned()));
            row
        };
        let (a, b) = (part("responsiveness", 25.0), part("stickiness", 75.0));
        let page = part_list(&[&a, &b], Language::English).into_string();
        assert!(
            page.contains("25%") && page.contains("75%") && !page.contains("2,500%"),
            "{page}"
        );
        assert!(page.contains("0 at 20%, full at 90%"), "{page}");
    }

    #[test]
    fn a_change_says_what_moved_it_and_what_was_left_out() {
        let row = |component: &str, change: f64| {
            let mut row = Row::new(Status::Ok)
                .with("component", component)
                .with("points", change)
                .with("announced", true);
            (row.kpi, row.value) = (Some("health_change".to_owned()), Some(change));
            row
        };
        let mut top = row("score", -6.0);
        top.own.remove("points");
        top.reason = Some("sentiment is not compared: it is not told on both days".to_owned());
        let (a, b, c) = (
            row("responsiveness", -8.2),
            row("growth", 2.2),
            row("spread", 0.1),
        );
        let page = change(&[&top, &c, &b, &a], Language::English).into_string();
        assert!(
            page.contains(
                "Down 6 points in thirty days: Responsiveness −8, Growth +2. Sentiment: not compared"
            ),
            "{page}"
        );
        let mut nothing = Row::new(Status::CannotSay).with("component", "score");
        nothing.kpi = Some("health_change".to_owned());
        nothing.reason = Some("less than 70 % of the weight is told on both days".to_owned());
        let page = change(&[&nothing], Language::French).into_string();
        assert!(page.contains("moins de 70"), "{page}");
    }
}
