//! One honest sentence per uplift row, with levels and an interval, in French and English.
//!
//! The sentence says only what the grade allows: A and B speak of what would otherwise have been, C of customers who
//! looked alike, D of a raw gap that proves nothing. A blocked row names the gate and what would suffice.

use levier_domain::table::{Row, Status};
use serde_json::Value as Json;

use crate::label::kpi_label;
use crate::language::Language;
use crate::number::{self, Unit};
use crate::tables::{figure, grade, interval, value};
use crate::word;

/// The sentence of an uplift row; `raw` is the unadjusted comparison (grade D) of the same KPI, period and scope.
///
/// ```
/// # use levier_domain::table::{Row, Status};
/// # use levier_render::{Language, uplift_sentence};
/// let mut row = Row::new(Status::Ok).with("grade", "B");
/// row.kpi = Some("revenue_per_customer".into());
/// row.unit = Some("EUR/customer/month".into());
/// (row.value, row.lower, row.upper) = (Some(3.2), Some(2.9), Some(3.6));
/// assert_eq!(
///     uplift_sentence(&row, None, Language::English),
///     "Members spent €3.2 more a month than they otherwise would have (95% interval 2.9–3.6)."
/// );
/// ```
#[must_use]
pub fn uplift_sentence(row: &Row, raw: Option<&Row>, language: Language) -> String {
    let said = whole_sentence(row, raw, language);
    match scope(row, language) {
        scope if scope.is_empty() => said,
        scope => format!("{scope}{}{said}", language.say(": ", " : ")),
    }
}

/// What part of the company a row is about, where it is a part: `Segment pro, months 3-6 since joining`.
fn scope(row: &Row, language: Language) -> String {
    let own = |column: &str| row.own.get(column).and_then(Json::as_str);
    let parts = [
        (row.community.as_deref(), "community", "communauté"),
        (row.segment.as_deref(), "segment", "segment"),
        (own("platform"), "platform", "plateforme"),
        (own("cohort"), "joined in", "adhésion en"),
        (
            own("tenure_band"),
            "months since joining",
            "mois d'adhésion",
        ),
    ];
    let said: Vec<String> = parts
        .into_iter()
        .filter_map(|(part, english, french)| {
            let part = part.filter(|part| *part != "all")?;
            Some(format!("{} {part}", language.say(english, french)))
        })
        .collect();
    let said = said.join(", ");
    let mut letters = said.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

fn whole_sentence(row: &Row, raw: Option<&Row>, language: Language) -> String {
    let Some(difference) = value(row) else {
        return unsaid(row, raw, language);
    };
    let voice = Voice::new(row, difference, language);
    let mut said = match grade(row) {
        "A" if row.text("method") == Some("itt") => voice.invited(),
        "A" | "B" => voice.effect(),
        "C" => voice.adjusted(),
        "D" => return format!("{} {}", voice.gap(), raw_warning(language)),
        _ => return unsaid(row, raw, language),
    };
    let raw_gap = raw.and_then(value);
    if voice.established() {
        if let Some(gap) = raw_gap {
            said.push(' ');
            said.push_str(&voice.against(gap));
        }
    } else {
        said.push(' ');
        said.push_str(&if voice.excludes_zero() {
            language.say(
                "Of so many comparisons some leave zero out by chance: this one is not established.",
                "Sur tant de comparaisons, quelques-unes excluent zéro par hasard : celle-ci n'est pas établie.",
            )
        } else {
            language.say(
                "The interval includes zero: this cannot be told from no effect at all.",
                "L'intervalle contient zéro : on ne peut distinguer cet écart d'une absence d'effet.",
            )
        });
        if let Some(gap) = raw_gap {
            said.push(' ');
            said.push_str(&voice.raw_gap(gap));
            said.push('.');
        }
    }
    match grade(row) {
        "A" => {
            said.push(' ');
            said.push_str(&language.say(
                "Who was invited was drawn at random.",
                "Les invitations ont été tirées au sort.",
            ));
        }
        "C" => {
            said.push(' ');
            said.push_str(&language.say(
                "What was not known then may still explain it: it counts as assumed, never in the conservative return.",
                "Ce que l'on ignorait alors peut encore l'expliquer : il compte comme supposé, jamais dans le retour prudent.",
            ));
        }
        _ => {}
    }
    said
}

fn raw_warning(language: Language) -> String {
    language.say(
        "This is the raw gap: members may have been better customers before they joined, so no euro rests on it.",
        "C'est l'écart brut : les membres étaient peut-être déjà de meilleurs clients avant d'adhérer, aucun euro ne repose dessus.",
    )
}

/// How one row's figures are worded.
struct Voice<'a> {
    row: &'a Row,
    difference: f64,
    unit: Unit,
    decimals: usize,
    language: Language,
}

impl<'a> Voice<'a> {
    fn new(row: &'a Row, difference: f64, language: Language) -> Self {
        let unit = Unit::read(row.unit.as_deref());
        let (lower, upper) = interval(row).unwrap_or((difference, difference));
        let decimals = unit.decimals(difference.abs().max(lower.abs()).max(upper.abs()));
        Self {
            row,
            difference,
            unit,
            decimals,
            language,
        }
    }

    /// Whether the interval leaves zero out.
    fn excludes_zero(&self) -> bool {
        interval(self.row).is_some_and(|(lower, upper)| lower > 0.0 || upper < 0.0)
    }

    /// Whether it also stands among the many questions that are asked at once.
    fn established(&self) -> bool {
        self.excludes_zero() && self.row.text("verdict") != Some("not_established")
    }

    fn size(&self, value: f64) -> String {
        self.unit
            .difference(value.abs(), self.decimals, self.language)
    }

    fn level(&self, value: f64) -> String {
        self.unit.level(value, self.decimals, self.language)
    }

    /// `Members spent €3.2 more a month`, then what they are compared with.
    fn claim(&self, compared: Compared) -> String {
        let language = self.language;
        let kpi = self.row.kpi.as_deref().unwrap_or_default();
        let (size, rhythm) = (self.size(self.difference), self.unit.rhythm(language));
        let up = self.difference >= 0.0;
        let (more, plus) = if up {
            ("more", "plus")
        } else {
            ("less", "moins")
        };
        let than = |otherwise: (&str, &str), others: (&str, &str)| match compared {
            Compared::Otherwise => language.say(otherwise.0, otherwise.1),
            Compared::NonMembers => language.say(others.0, others.1),
        };
        match kpi {
            "revenue_per_customer" | "mrr" | "arpa" => format!(
                "{}{}",
                language.say(
                    &format!("Members spent {size} {more}{rhythm} than "),
                    &format!("Les membres ont dépensé {size} de {plus}{rhythm} "),
                ),
                than(
                    (
                        "they otherwise would have",
                        "qu'ils ne l'auraient fait autrement"
                    ),
                    ("non-members", "que les non-membres"),
                )
            ),
            "purchase_frequency" => {
                let rhythm = if rhythm.is_empty() {
                    language.say(" a year", " par an")
                } else {
                    rhythm
                };
                let more = if up { "more" } else { "fewer" };
                let plural = if self.difference.abs() < 2.0 { "" } else { "s" };
                format!(
                    "{}{}",
                    language.say(
                        &format!("Members placed {size} {more} orders{rhythm} than "),
                        &format!(
                            "Les membres ont passé {size} commande{plural} de {plus}{rhythm} "
                        ),
                    ),
                    than(
                        (
                            "they otherwise would have",
                            "qu'ils ne l'auraient fait autrement"
                        ),
                        ("non-members", "que les non-membres"),
                    )
                )
            }
            "customer_retention" => format!(
                "{}{}",
                language.say(
                    &format!(
                        "The share of members who remain customers is {size} {} than ",
                        if up { "higher" } else { "lower" }
                    ),
                    &format!(
                        "La part des membres restés clients est {} de {size} à ",
                        if up { "supérieure" } else { "inférieure" }
                    ),
                ),
                than(
                    (
                        "it otherwise would have been",
                        "ce qu'elle aurait été autrement"
                    ),
                    ("among non-members", "celle des non-membres"),
                )
            ),
            other => {
                let label = kpi_label(other, language);
                format!(
                    "{}{}",
                    language.say(
                        &format!(
                            "Among members, \u{201c}{label}\u{201d} is {size} {} than ",
                            if up { "higher" } else { "lower" }
                        ),
                        &format!(
                            "Chez les membres, l'indicateur « {label} » est {} de {size} à ",
                            if up { "supérieur" } else { "inférieur" }
                        ),
                    ),
                    than(
                        (
                            "it otherwise would have been",
                            "ce qu'il aurait été autrement"
                        ),
                        ("among non-members", "celui des non-membres"),
                    )
                )
            }
        }
    }

    /// ` (95% interval 2.9–3.6): €27.3 instead of €24.1`.
    fn evidence(&self, other_level: &str) -> String {
        let language = self.language;
        let mut said = String::new();
        if let Some((lower, upper)) = interval(self.row) {
            // Who reads `6.1 points lower` reads the interval of how much lower.
            let (lower, upper) = if self.difference < 0.0 {
                (-upper, -lower)
            } else {
                (lower, upper)
            };
            let ends = number::interval(
                &self.unit.bare(lower, self.decimals, language),
                &self.unit.bare(upper, self.decimals, language),
                language,
            );
            said.push_str(&language.say(
                &format!(" (95% interval {ends})"),
                &format!(" (intervalle à 95 % : {ends})"),
            ));
        }
        if let (Some(members), Some(others)) = (
            figure(self.row, "member_level"),
            figure(self.row, other_level),
        ) {
            let (members, others) = (self.level(members), self.level(others));
            said.push_str(&if other_level == "non_member_level" {
                language.say(
                    &format!(": {members} against {others}"),
                    &format!(" : {members} contre {others}"),
                )
            } else {
                language.say(
                    &format!(": {members} instead of {others}"),
                    &format!(" : {members} au lieu de {others}"),
                )
            });
        }
        said.push('.');
        said
    }

    fn effect(&self) -> String {
        format!(
            "{}{}",
            self.claim(Compared::Otherwise),
            self.evidence("counterfactual_level")
        )
    }

    /// Invited against held out: whoever was invited and did not join is among them.
    fn invited(&self) -> String {
        let label = kpi_label(self.row.kpi.as_deref().unwrap_or_default(), self.language);
        let (size, up) = (self.size(self.difference), self.difference >= 0.0);
        let said = self.language.say(
            &format!(
                "Among customers who were invited, whether or not they joined, \u{201c}{label}\u{201d} is {size} {} than among those who were held out",
                if up { "higher" } else { "lower" }
            ),
            &format!(
                "Chez les clients invités, qu'ils aient adhéré ou non, l'indicateur « {label} » est {} de {size} à celui des clients non invités",
                if up { "supérieur" } else { "inférieur" }
            ),
        );
        format!("{said}{}", self.evidence("counterfactual_level"))
    }

    fn adjusted(&self) -> String {
        let said = self.claim(Compared::NonMembers);
        let alike = self.language.say(
            " who looked alike before joining",
            " qui leur ressemblaient avant l'adhésion",
        );
        format!("{said}{alike}{}", self.evidence("counterfactual_level"))
    }

    fn gap(&self) -> String {
        format!(
            "{}{}",
            self.claim(Compared::NonMembers),
            self.evidence("non_member_level")
        )
    }

    fn raw_gap(&self, gap: f64) -> String {
        let size = self.unit.difference(gap, self.decimals, self.language);
        self.language.say(
            &format!("The raw gap is {size}"),
            &format!("L'écart brut est de {size}"),
        )
    }

    /// What the raw gap becomes once like is compared with like.
    fn against(&self, gap: f64) -> String {
        let language = self.language;
        let said = self.raw_gap(gap);
        if gap == 0.0 || gap.signum() != self.difference.signum() {
            return format!(
                "{said}{}",
                language.say(
                    ": it points the other way, because of who joins.",
                    " : il va dans l'autre sens, à cause de qui adhère.",
                )
            );
        }
        if self.difference.abs() > gap.abs() {
            return format!(
                "{said}{}",
                language.say(
                    ": it understates the effect, because of who joins.",
                    " : il sous-estime l'effet, à cause de qui adhère.",
                )
            );
        }
        let (english, french) = part(1.0 - self.difference / gap);
        format!(
            "{said}{}",
            language.say(
                &format!(": {english} of it is who they already were."),
                &format!(" : {french} à ce qu'ils étaient déjà."),
            )
        )
    }
}

#[derive(Clone, Copy)]
enum Compared {
    Otherwise,
    NonMembers,
}

/// A share as a reader says it.
fn part(share: f64) -> (&'static str, &'static str) {
    const PARTS: [(f64, &str, &str); 10] = [
        (0.05, "almost none", "presque rien n'en tient"),
        (0.15, "a tenth", "un dixième tient"),
        (0.225, "a fifth", "un cinquième tient"),
        (0.29, "a quarter", "un quart tient"),
        (0.42, "a third", "un tiers tient"),
        (0.58, "half", "la moitié tient"),
        (0.705, "two thirds", "les deux tiers tiennent"),
        (0.775, "three quarters", "les trois quarts tiennent"),
        (0.85, "four fifths", "les quatre cinquièmes tiennent"),
        (0.95, "nine tenths", "les neuf dixièmes tiennent"),
    ];
    PARTS.iter().find(|(below, _, _)| share < *below).map_or(
        ("almost all", "presque tout tient"),
        |(_, english, french)| (english, french),
    )
}

/// A row without a figure: what is not known, why, and what would suffice.
fn unsaid(row: &Row, raw: Option<&Row>, language: Language) -> String {
    let label = kpi_label(row.kpi.as_deref().unwrap_or_default(), language);
    let mut said = match row.status {
        Status::Missing => language.say(
            &format!("The effect on \u{201c}{label}\u{201d} is unknown"),
            &format!("L'effet sur « {label} » est inconnu"),
        ),
        Status::Suppressed => language.say(
            &format!("The effect on \u{201c}{label}\u{201d} is withheld"),
            &format!("L'effet sur « {label} » est masqué"),
        ),
        _ => language.say(
            &format!("We cannot say what membership changed in \u{201c}{label}\u{201d}"),
            &format!("Impossible de dire ce que l'adhésion a changé pour « {label} »"),
        ),
    };
    let blocking: Vec<&Json> = row
        .own
        .get("gates")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter(|gate| {
            gate.get("result")
                .or_else(|| gate.get("verdict"))
                .and_then(Json::as_str)
                == Some("block")
        })
        .collect();
    let colon = language.say(": ", " : ");
    if blocking.is_empty() {
        let fallback = (row.status == Status::Suppressed).then_some("min_cell");
        if let Some(reason) = row
            .reason
            .as_deref()
            .filter(|reason| !reason.trim().is_empty())
            .or(fallback)
        {
            said.push_str(&colon);
            said.push_str(crate::reason::reason(reason, language).trim_end_matches('.'));
        }
    } else {
        let named: Vec<String> = blocking
            .iter()
            .map(|gate| {
                let name = word::gate(
                    gate.get("gate").and_then(Json::as_str).unwrap_or("?"),
                    language,
                );
                let measured = word::cell(gate.get("measured"), language);
                let needed = match gate.get("needed").or_else(|| gate.get("passes_at")) {
                    Some(Json::String(text)) => crate::reason::needed(text, language),
                    other => word::cell(other, language),
                };
                let mut detail = Vec::new();
                if !measured.is_empty() {
                    detail.push(language.say(
                        &format!("measured {measured}"),
                        &format!("mesuré {measured}"),
                    ));
                }
                if !needed.is_empty() {
                    detail.push(language.say(
                        &format!("needed {needed}"),
                        &format!("il faudrait {needed}"),
                    ));
                }
                let opposes = language.say(
                    &format!("the check \u{201c}{name}\u{201d} blocks it"),
                    &format!("le contrôle « {name} » s'y oppose"),
                );
                if detail.is_empty() {
                    opposes
                } else {
                    format!("{opposes} ({})", detail.join(", "))
                }
            })
            .collect();
        said.push_str(&colon);
        said.push_str(&named.join(&language.say("; ", " ; ")));
    }
    said.push('.');
    let enough = match row.own.get("would_suffice") {
        Some(Json::String(text)) => crate::reason::reason(text, language),
        _ => word::cell(row.own.get("sample_needed"), language),
    };
    if !enough.is_empty() {
        said.push_str(&language.say(
            &format!(" What would suffice: {enough}."),
            &format!(" Ce qui suffirait : {enough}."),
        ));
    }
    if let Some((raw, gap)) = raw.and_then(|raw| value(raw).map(|gap| (raw, gap))) {
        let voice = Voice::new(raw, gap, language);
        said.push(' ');
        said.push_str(&voice.raw_gap(gap));
        said.push_str(&language.say(
            ", which proves nothing by itself.",
            ", ce qui ne prouve rien à lui seul.",
        ));
    }
    said
}
