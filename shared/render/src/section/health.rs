//! The health score with its parts, and what to do next.

use levier_domain::table::{Row, TableName};
use maud::{Markup, html};

use crate::chart::dial;
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

/// The card of the health score.
pub(crate) fn health(tables: &Tables, language: Language) -> Markup {
    let title = language.say("Health of the community", "La santé de la communauté");
    let rows = tables.whole(TableName::Health);
    let latest = rows
        .iter()
        .filter(|row| row.text("component") == Some("score"))
        .max_by(|a, b| a.period.cmp(&b.period))
        .copied();
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
            rows.iter()
                .copied()
                .find(|row| row.period == score.period && row.text("component") == Some(name))
        })
        .collect();
    let period = score
        .period
        .as_deref()
        .map(|period| number::period(period, language))
        .unwrap_or_default();
    let body = html! {
        p.sub { (language.say("An index, not an amount: it is never turned into euros.", "Un indice, pas un montant : il n'est jamais converti en euros.")) " " (period) }
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
            }
            None => { (nothing(&word::absence(score, language))) }
        }
        @if !parts.is_empty() { (part_list(&parts, language)) }
        (next(&parts, language))
        (downloads(language, "health"))
    };
    card(language, "health", "wide5", &title, &body)
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
                    @if let Some(scaled) = figure(row, "scaled") {
                        @let tone = if scaled < 0.34 { "low" } else if scaled < 0.67 { "mid" } else { "" };
                        div.bar.(tone) role="img" aria-label=(language.say(
                            &format!("{} out of 100", number(scaled * 100.0, 0, language)),
                            &format!("{} sur 100", number(scaled * 100.0, 0, language)),
                        )) { i style={ "width:" (format!("{:.0}", scaled.clamp(0.0, 1.0) * 100.0)) "%" } {} }
                    }
                    small {
                        (word::meaning(code, language))
                        @if value(row).is_none() { @if let Some(reason) = row.reason.as_deref() { " — " (word::reason(reason, language)) } }
                        @if let Some(weight) = figure(row, "weight") { " · " (language.say("weight", "poids")) " " (Unit::share().level(weight, 0, language)) }
                    }
                }
            }
        }
    }
}

/// The component in its own unit: shares for most, plain figures for Gini, growth and sentiment.
fn natural(row: &Row, code: &str, figure: f64, language: Language) -> String {
    match (row.unit.as_deref(), code) {
        (_, "spread" | "sentiment") => number(figure, 2, language),
        (Some(unit), _)
            if unit != "ratio" && unit != "score" && unit != "log_ratio" && unit != "index" =>
        {
            let unit = Unit::read(Some(unit));
            unit.level(figure, unit.decimals(figure).min(1), language)
        }
        (_, "growth") => {
            let sign = if figure > 0.0 { "+" } else { "" };
            format!("{sign}{}", number(figure, 2, language))
        }
        _ => Unit::share().level(figure, 0, language),
    }
}

/// The advice of the parts, the ones that cost the score most first.
fn next(parts: &[&Row], language: Language) -> Markup {
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
    html! {
        @if !advised.is_empty() {
            div.next {
                h3 { (language.say("What to do next", "Que faire maintenant")) }
                ol { @for row in advised.iter().take(3) {
                    li { (word::action(row.text("next_action").unwrap_or_default(), row.text("component").unwrap_or_default(), language)) }
                } }
            }
        }
    }
}
