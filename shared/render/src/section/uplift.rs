//! What the community is worth: the headline, the raw gap against like for like, the pay-off curve, the other KPIs.

use levier_domain::table::{Row, TableName};
use maud::{Markup, html};
use serde_json::Value as Json;

use crate::chart::{Bar, CurvePoint, Rung, both, curve, intervals, levels};
use crate::label::kpi_label;
use crate::language::Language;
use crate::number::{self, Unit, count};
use crate::page::{card, downloads, nothing};
use crate::sentence::uplift_sentence;
use crate::tables::{
    Tables, figure, grade, headline, interval, is_raw, undivided, uplift_kpis, value,
};
use crate::word;

/// The order of the methods within a grade, the plainest first.
const METHODS: [&str; 12] = [
    "naive",
    "stratified",
    "regression",
    "ipw",
    "aipw",
    "bg_nbd_gamma_gamma",
    "sbg",
    "realised_6_months",
    "realised_12_months",
    "did",
    "hazard",
    "itt",
];

/// The headline card: sentence, grade, picture, gates.
pub(crate) fn hero(tables: &Tables, language: Language) -> Markup {
    let rows = tables.whole(TableName::Uplift);
    let kpis = uplift_kpis(&rows);
    let title = language.say("What membership changes", "Ce que l'adhésion change");
    let Some((row, raw)) = kpis.first().and_then(|kpi| headline(&rows, kpi)) else {
        let text = language.say(
            "No comparison has been made yet: it takes community members, customers' orders or subscriptions, and one run of the uplift job.",
            "Aucune comparaison n'a encore été faite : il faut des membres, des commandes ou des abonnements, et un passage du calcul d'effet.",
        );
        return card(
            tables.links(),
            language,
            "uplift",
            "hero",
            &title,
            &tables.nothing(TableName::Uplift, language, &text),
        );
    };
    let letter = if value(row).is_some() {
        grade(row)
    } else {
        "none"
    };
    let rungs: Vec<&Row> = rows
        .iter()
        .copied()
        .filter(|other| {
            other.kpi == row.kpi && other.period == row.period && undivided(other, "cohort")
        })
        .collect();
    let body = html! {
        p.say { (uplift_sentence(row, raw, language)) }
        div.grade {
            span class={ "badge " (letter) } { (if letter == "none" { "?" } else { letter }) }
            span {
                (language.say("Evidence: ", "Preuve : ")) " " (word::grade(letter, language)) "."
                @if let (Some(members), Some(others)) = (figure(row, "n_members"), figure(row, "n_non_members")) {
                    " " (language.say(
                        &format!("{} members, {} others.", number::number(members, 0, language), number::number(others, 0, language)),
                        &format!("{} membres, {} autres.", number::number(members, 0, language), number::number(others, 0, language)),
                    ))
                }
                @if let Some(period) = row.text("window").or(row.period.as_deref()) { " " (language.say("Period: ", "Période : ")) " " (number::period(period, language)) "." }
            }
        }
        (gates(row, language))
        div.pair {
            (picture_of_levels(row, raw, language))
            (ladder(&rungs, row, language))
        }
        (ladder_table(&rungs, language))
        (downloads(tables.links(), TableName::Uplift, language))
    };
    card(tables.links(), language, "uplift", "hero", &title, &body)
}

fn gates(row: &Row, language: Language) -> Markup {
    let gates: Vec<&Json> = row
        .own
        .get("gates")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .collect();
    html! {
        @if !gates.is_empty() {
            ul.gates aria-label=(language.say("Checks", "Contrôles")) {
                @for gate in &gates {
                    @let (class, sign, said) = match gate.get("result").or_else(|| gate.get("verdict")).and_then(Json::as_str) {
                        Some("pass") => ("good", "✓", language.say("passed", "passé")),
                        Some("warn") => ("warn", "!", language.say("warning", "réserve")),
                        Some("block") => ("bad", "✕", language.say("blocks", "bloque")),
                        _ => ("", "·", language.say("not computed", "non calculé")),
                    };
                    @let measured = word::cell(gate.get("measured"), language);
                    @let needed = word::cell(gate.get("needed").or_else(|| gate.get("passes_at")), language);
                    li.chip.(class) title=(language.say(&format!("measured {measured}, needed {needed}"), &format!("mesuré {measured}, il faut {needed}"))) {
                        span aria-hidden="true" { (sign) " " }
                        (word::gate(gate.get("gate").and_then(Json::as_str).unwrap_or("?"), language))
                        span.skip { " (" (said) ")" }
                    }
                }
            }
        }
    }
}

/// Members, the same members otherwise, non-members: three levels and what lies between them.
fn picture_of_levels(row: &Row, raw: Option<&Row>, language: Language) -> Markup {
    let unit = Unit::read(row.unit.as_deref());
    let members = figure(row, "member_level");
    let otherwise = figure(row, "counterfactual_level").filter(|_| value(row).is_some());
    let others = raw
        .and_then(|raw| figure(raw, "non_member_level"))
        .or_else(|| figure(row, "non_member_level"));
    let size = [members, otherwise, others]
        .into_iter()
        .flatten()
        .fold(0.0_f64, |size, level| size.max(level.abs()));
    let decimals = unit.decimals(size.min(99.0));
    let mut bars = Vec::new();
    if let Some(level) = members {
        bars.push(Bar {
            label: language.say("Members", "Membres"),
            said: unit.level(level, decimals, language),
            value: level,
            beyond: otherwise,
            tone: "green",
        });
    }
    if let Some(level) = otherwise {
        bars.push(Bar {
            label: language.say(
                "The same, had they not joined (estimate)",
                "Les mêmes, sans adhésion (estimé)",
            ),
            said: unit.level(level, decimals, language),
            value: level,
            beyond: others,
            tone: "clay",
        });
    }
    if let Some(level) = others {
        bars.push(Bar {
            label: language.say("Non-members", "Non-membres"),
            said: unit.level(level, decimals, language),
            value: level,
            beyond: None,
            tone: "grey",
        });
    }
    let title = language.say("Levels compared", "Les niveaux comparés");
    let label = kpi_label(row.kpi.as_deref().unwrap_or_default(), language);
    let per = unit.per(&label, language);
    html! {
        figure {
            h3 { (label) @if !per.is_empty() { ", " (per) } }
            @if bars.is_empty() {
                (nothing(&word::absence(row, language)))
            } @else {
                (both(|width| levels(&bars, width, &title)))
                ul.legend {
                    @if otherwise.is_some() { li { i style="background:var(--green)" {} (language.say("what membership adds", "ce que l'adhésion ajoute")) } }
                    @if otherwise.is_some() && others.is_some() { li { i style="background:var(--clay)" {} (language.say("who they already were", "ce qu'ils étaient déjà")) } }
                }
            }
        }
    }
}

fn rung_name(row: &Row, language: Language) -> String {
    let method = word::method(row.text("method").unwrap_or("?"), language);
    let letter = grade(row);
    if letter == "none" {
        method
    } else {
        format!("{letter} · {method}")
    }
}

/// Every method's difference on one scale, raw first.
fn ladder(rungs: &[&Row], chosen: &Row, language: Language) -> Markup {
    let unit = Unit::read(chosen.unit.as_deref());
    let mut shown: Vec<&Row> = rungs
        .iter()
        .copied()
        .filter(|row| value(row).is_some())
        .collect();
    let order = |row: &Row| {
        ["D", "C", "B", "A"]
            .iter()
            .position(|letter| *letter == grade(row))
            .unwrap_or(9)
    };
    shown.sort_by_key(|row| {
        (
            order(row),
            METHODS
                .iter()
                .position(|method| Some(*method) == row.text("method"))
                .unwrap_or(99),
            row.text("method").unwrap_or_default().to_owned(),
        )
    });
    let drawn: Vec<Rung> = shown
        .iter()
        .filter_map(|row| {
            let difference = value(row)?;
            let decimals = unit.decimals(difference);
            let figure = unit.difference(difference, decimals, language);
            let said = match interval(row) {
                Some((lower, upper)) => format!(
                    "{figure}  ({})",
                    number::interval(
                        &unit.bare(lower, decimals, language),
                        &unit.bare(upper, decimals, language),
                        language
                    )
                ),
                None => figure.clone(),
            };
            let tone = if is_raw(row) {
                "clay"
            } else if std::ptr::eq(*row, chosen) {
                "green"
            } else {
                "muted"
            };
            Some(Rung {
                label: rung_name(row, language),
                said,
                short: figure,
                value: difference,
                interval: interval(row),
                tone,
            })
        })
        .collect();
    let title = language.say(
        "The raw gap, then like for like",
        "L'écart brut, puis à profil comparable",
    );
    html! {
        figure {
            h3 { (title) }
            @if drawn.is_empty() {
                (nothing(&word::absence(chosen, language)))
            } @else {
                (both(|width| intervals(&drawn, &unit, language, width, &title)))
                p.legend { (language.say("Difference between members and their comparison, with its 95% interval.", "Différence entre les membres et leur comparaison, avec son intervalle à 95 %.")) }
            }
        }
    }
}

fn ladder_table(rungs: &[&Row], language: Language) -> Markup {
    html! {
        details {
            summary { (language.say("The same figures as a table", "Les mêmes chiffres en tableau")) }
            div.scroll tabindex="0" { table {
                thead { tr {
                    th scope="col" { (language.say("Method", "Méthode")) }
                    th.num scope="col" { (language.say("Members", "Membres")) }
                    th.num scope="col" { (language.say("Compared with", "Comparés à")) }
                    th.num scope="col" { (language.say("Difference", "Différence")) }
                    th.num scope="col" { (language.say("95% interval", "Intervalle à 95 %")) }
                    th.num scope="col" { "n" }
                } }
                tbody { @for row in rungs {
                    @let unit = Unit::read(row.unit.as_deref());
                    @let other = if is_raw(row) { "non_member_level" } else { "counterfactual_level" };
                    @let level = |column: &str| figure(row, column).map(|level| unit.level(level, unit.decimals(level.abs().min(99.0)), language)).unwrap_or_default();
                    tr {
                        th scope="row" { (rung_name(row, language)) }
                        @if let Some(difference) = value(row) {
                            @let decimals = unit.decimals(difference);
                            td.num { (level("member_level")) }
                            td.num { (level(other)) }
                            td.num { (unit.difference(difference, decimals, language)) }
                            td.num { @if let Some((lower, upper)) = interval(row) { (number::interval(&unit.bare(lower, decimals, language), &unit.bare(upper, decimals, language), language)) } }
                            td.num { @if let Some(n) = row.n { (count(n, language)) } }
                        } @else {
                            td.why colspan="5" { (word::absence(row, language)) }
                        }
                    }
                } }
            } }
        }
    }
}

/// The effect by months since joining, with the placebo before.
pub(crate) fn payoff(tables: &Tables, language: Language) -> Markup {
    let title = language.say("When it starts to pay", "Quand cela commence à payer");
    let rows = tables.whole(TableName::Tenure);
    let kpi = uplift_kpis(&rows).into_iter().next();
    let mut of_kpi: Vec<&Row> = rows
        .into_iter()
        .filter(|row| row.kpi == kpi && figure(row, "event_time").is_some())
        .collect();
    let method = of_kpi
        .iter()
        .find(|row| !is_raw(row))
        .or(of_kpi.first())
        .and_then(|row| row.text("method"))
        .map(str::to_owned);
    let period = of_kpi.iter().filter_map(|row| row.period.clone()).max();
    of_kpi.retain(|row| row.text("method") == method.as_deref() && row.period == period);
    of_kpi.sort_by(|a, b| {
        figure(a, "event_time")
            .unwrap_or(0.0)
            .total_cmp(&figure(b, "event_time").unwrap_or(0.0))
    });
    let points: Vec<CurvePoint> = of_kpi
        .iter()
        .filter_map(|row| {
            Some(CurvePoint {
                months: figure(row, "event_time")?,
                value: value(row)?,
                interval: interval(row),
            })
        })
        .collect();
    let unit = Unit::read(of_kpi.first().and_then(|row| row.unit.as_deref()));
    let label = kpi_label(kpi.as_deref().unwrap_or_default(), language);
    let body = html! {
        @if points.len() < 2 {
            @match of_kpi.first() {
                Some(row) => (nothing(&word::absence(row, language))),
                None => (tables.nothing(TableName::Tenure, language, &language.say("Not computed yet: it takes several months of purchases after the first members joined.", "Pas encore calculé : il faut plusieurs mois d'achats après les premières adhésions."))),
            }
        } @else {
            p.sub { (label) @let per = unit.per(&label, language); @if !per.is_empty() { ", " (per) } ". "
                (language.say(
                    "Before joining there should be nothing to see: that part is a placebo.",
                    "Avant l'adhésion il ne devrait rien y avoir à voir : cette partie est un placebo.",
                )) }
            figure { (both(|width| curve(&points, &unit, language, width, &title, &language.say("Effect by months since joining, with its 95% interval", "Effet selon les mois depuis l'adhésion, avec son intervalle à 95 %")))) }
            details {
                summary { (language.say("The same figures as a table", "Les mêmes chiffres en tableau")) }
                div.scroll tabindex="0" { table {
                    thead { tr { th scope="col" { (language.say("Months", "Mois")) } th.num scope="col" { (language.say("Effect", "Effet")) } th.num scope="col" { (language.say("95% interval", "Intervalle à 95 %")) } th.num scope="col" { "n" } } }
                    tbody { @for row in &of_kpi {
                        tr {
                            th scope="row" { (number::number(figure(row, "event_time").unwrap_or(0.0), 0, language)) }
                            @if let Some(effect) = value(row) {
                                @let decimals = unit.decimals(effect.abs().max(1.0));
                                td.num { (unit.difference(effect, decimals, language)) }
                                td.num { @if let Some((lower, upper)) = interval(row) { (number::interval(&unit.bare(lower, decimals, language), &unit.bare(upper, decimals, language), language)) } }
                                td.num { @if let Some(n) = row.n { (count(n, language)) } }
                            } @else { td.why colspan="3" { (word::absence(row, language)) } }
                        }
                    } }
                } }
            }
        }
        (downloads(tables.links(), TableName::Tenure, language))
    };
    card(tables.links(), language, "tenure", "", &title, &body)
}

/// The other KPIs of the ladder, one sentence each.
pub(crate) fn others(tables: &Tables, language: Language) -> Markup {
    let rows = tables.whole(TableName::Uplift);
    let kpis = uplift_kpis(&rows);
    let body = html! {
        ul.says {
            @for kpi in kpis.iter().skip(1) {
                @if let Some((row, raw)) = headline(&rows, kpi) {
                    @let letter = if value(row).is_some() { grade(row) } else { "none" };
                    li {
                        span class={ "badge small " (letter) } title=(word::grade(letter, language)) { (if letter == "none" { "?" } else { letter }) }
                        div { strong { (kpi_label(kpi, language)) } br; (uplift_sentence(row, raw, language)) }
                    }
                }
            }
        }
    };
    if kpis.len() < 2 {
        return html! {};
    }
    card(
        tables.links(),
        language,
        "others",
        "wide7",
        &language.say(
            "The other business figures",
            "Les autres indicateurs de l'entreprise",
        ),
        &body,
    )
}
