//! The health score with its parts, its course, and what to do next.

use levier_domain::table::{Row, Status, TableName};
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
        return card(language, "health", "wide5", &title, &nothing(&text));
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
                (change(&rows, language))
            }
            None => { (nothing(&word::absence(score, language))) }
        }
        @if !parts.is_empty() { (part_list(&parts, language)) }
        (next(&rows, &parts, language))
        (course(&scores, language))
        (validation(&rows, language))
        (downloads(language, "health"))
    };
    card(language, "health", "wide5", &title, &body)
}

/// A move of the score, said only when its interval leaves zero out.
fn change(rows: &[&Row], language: Language) -> Markup {
    let moved = rows.iter().copied().find(|row| {
        row.kpi.as_deref() == Some("health_change") && row.text("component") == Some("score")
    });
    let said = moved.and_then(|row| {
        Some((
            value(row)?,
            row.own.get("announced") == Some(&Json::Bool(true)),
        ))
    });
    html! {
        @if let Some((points, announced)) = said {
            p.legend style="justify-content:center" {
                @if announced {
                    @let size = number(points.abs(), 0, language);
                    (if points > 0.0 {
                        language.say(&format!("Up {size} points in thirty days."), &format!("En hausse de {size} points en trente jours."))
                    } else {
                        language.say(&format!("Down {size} points in thirty days."), &format!("En baisse de {size} points en trente jours."))
                    })
                } @else {
                    (language.say("No change that can be told from chance in thirty days.", "Aucun changement distinguable du hasard en trente jours."))
                }
            }
        }
    }
}

fn part_list(parts: &[&Row], language: Language) -> Markup {
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
                        @if let Some(weight) = figure(row, "weight") { " · " (language.say("weight", "poids")) "\u{a0}" (Unit::share().level(weight, 0, language)) }
                    }
                }
            }
        }
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
                            @let size = number(*gain, 0, language);
                            " (" (language.say(&format!("up to {size} points to win"), &format!("jusqu'à {size} points à gagner"))) ")"
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
        .map(|row| TrendPoint {
            label: number::short_period(row.period.as_deref().unwrap_or_default(), language),
            value: value(row),
            partial: row.status == Status::Partial,
        })
        .collect();
    let title = language.say("Score at each month's end", "Score à chaque fin de mois");
    html! {
        @if points.iter().filter(|point| point.value.is_some()).count() > 2 {
            figure { h3 { (title) } (both(|width| trend(&points, &Unit::read(Some("points")), language, width.min(400.0), &title, &language.say("By month", "Par mois")))) }
        }
    }
}
