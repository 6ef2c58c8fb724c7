//! KPIs out of answers: satisfaction, recommendation, where customers heard of us, who knows the brand.

use levier_domain::config::Workspace;
use levier_stats::nps::Nps;
use rustc_hash::FxHashMap;

use crate::cell::Cell;
use crate::contacts::Lead;
use crate::crm::{Crm, DAY};
use crate::part::{Item, Part, people_of};
use crate::records::{Customers, Survey};

type Answers<'r> = Vec<Item<'r, Survey>>;

const NOTHING: &str = "no answers in the period";

/// What answers are read for.
struct Readings<'a> {
    customers: Customers<'a>,
    /// Since when people are customers as the CRM says, or as their purchases tell (µs).
    known: FxHashMap<&'a str, i64>,
    /// Names of the communities, in words.
    communities: Vec<Vec<String>>,
    /// The brand, in words; none where the workspace has no name.
    brand: Vec<String>,
}

impl Crm<'_> {
    /// All cells out of surveys.
    pub(crate) fn surveys(&self, surveys: &[Survey], leads: &[Lead], cells: &mut Vec<Cell>) {
        let communities = &self.config.communities;
        let readings = Readings {
            customers: self.records.customers(),
            known: leads
                .iter()
                .filter_map(|lead| Some((lead.who.person.as_deref()?, lead.customer?)))
                .collect(),
            communities: communities
                .iter()
                .map(|(id, community)| words(community.name.as_deref().unwrap_or(id)))
                .filter(|name| !name.is_empty())
                .collect(),
            // The name that every workspace bears until it is given one is no brand.
            brand: Some(&self.config.workspace.name)
                .filter(|name| **name != Workspace::default().name)
                .map(|name| words(name))
                .unwrap_or_default(),
        };
        self.parts(
            surveys,
            |s| &s.who,
            |s| Some(s.answered_at),
            |s| s.answered_at,
            |part| {
                let of = |kind: &str| -> Answers<'_> {
                    let rows = part.rows.iter().copied();
                    rows.filter(|s| &*s.kind == kind).collect()
                };
                let scored = |kind: &str, from: f64, to: f64| -> Answers<'_> {
                    let mut rows = of(kind);
                    rows.retain(|s| s.score.is_some_and(|x| (from..=to).contains(&x)));
                    rows
                };
                cells.push(share(
                    part.cell("satisfaction", "share"),
                    scored("csat", 1.0, 5.0),
                    |s| s.score >= Some(4.0),
                ));
                cells.push(recommended(part, &scored("nps", 0.0, 10.0)));
                cells.push(self.heard(part, of("heard_about"), &readings));
                cells.push(
                    share(
                        part.cell("brand_awareness", "share"),
                        of("awareness_aided"),
                        says_yes,
                    )
                    .item("aided"),
                );
                cells.push(unaided(part, of("awareness_unaided"), &readings.brand).item("unaided"));
            },
        );
    }

    /// Share of new customers who name the community or a member: of those who became customers within the window of a conversion,
    /// before the answer or after it. Of whom it cannot be told, because the answer names nobody or because nothing says who is a
    /// customer, the answer counts, and that is said.
    fn heard(
        &self,
        part: &Part<'_, '_, Survey>,
        answers: Answers<'_>,
        readings: &Readings<'_>,
    ) -> Cell {
        let cell = part.cell("heard_about_us", "share");
        let window = f64::from(self.config.commerce.conversion_days) * DAY;
        let told = self.records.tell_customers();
        let unknown = |s: &Item<'_, Survey>| !told || s.who.unit().is_none();
        let asked = answers.len();
        let of_new: Answers<'_> = answers
            .into_iter()
            .filter(|s| {
                let person = s.who.person.as_deref();
                let known = person.and_then(|person| readings.known.get(person).copied());
                let bought = readings.customers.since(&s.who);
                let since = [known, bought].into_iter().flatten().min();
                let since = since.filter(|at| *at < self.now);
                unknown(s) || since.is_some_and(|at| (s.answered_at - at).abs() as f64 <= window)
            })
            .collect();
        let untold = of_new.iter().filter(|s| unknown(s)).count();
        let others = asked - of_new.len();
        let cell = share(cell, of_new, |s| {
            names_the_community(s.answer.as_deref(), &readings.communities)
        });
        if untold > 0 {
            cell.note(&format!(
                "{untold} answers may be of others than new customers: nothing tells who they are"
            ))
        } else if others > 0 {
            let why = format!("{others} answers of others than new customers are left out");
            if cell.value.is_none() {
                cell.missing(&why)
            } else {
                cell.note(&why)
            }
        } else {
            cell
        }
    }
}

/// The share of answers of which `hits` holds.
fn share(cell: Cell, answers: Answers<'_>, hits: impl Fn(&Survey) -> bool) -> Cell {
    let people = people_of(&answers);
    let n = answers.len() as u64;
    let (yes, no): (Answers<'_>, Answers<'_>) = answers.into_iter().partition(|s| hits(s));
    cell.share(yes.len() as u64, n, people, NOTHING)
        .groups(&[people_of(&yes), people_of(&no)])
}

fn recommended(part: &Part<'_, '_, Survey>, answers: &[Item<'_, Survey>]) -> Cell {
    let mut nps = Nps::default();
    for answer in answers {
        let _ = nps.update(answer.score.unwrap_or(0.0) as u8, 1.0);
    }
    let cell = part.cell("nps", "points");
    match nps.finish() {
        Ok(score) => {
            let mut cell = cell.count(score.value, people_of(answers));
            cell.interval = score
                .lower
                .zip(score.upper)
                .map(|(l, u)| (l.max(-100.0), u.min(100.0)));
            cell
        }
        Err(_) => cell.missing(NOTHING),
    }
}

/// Unaided: who names the brand, or was coded as doing so by a score or a yes. A free answer tells nothing where no brand is known.
fn unaided(part: &Part<'_, '_, Survey>, mut answers: Answers<'_>, brand: &[String]) -> Cell {
    let cell = part.cell("brand_awareness", "share");
    let asked = answers.len();
    if brand.is_empty() {
        answers.retain(|s| {
            s.score.is_some() || s.answer.as_deref().is_none_or(|a| coded(a).is_some())
        });
        if answers.is_empty() && asked > 0 {
            return cell.missing("needs: workspace.name");
        }
    }
    share(cell, answers, |s| {
        let names = |answer: &str| says(&words(answer), brand);
        says_yes(s) || s.score.is_none() && s.answer.as_deref().is_some_and(names)
    })
}

/// The words of a text, in lower case.
fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a name stands in a text, word by word.
fn says(text: &[String], name: &[String]) -> bool {
    !name.is_empty() && text.windows(name.len()).any(|words| words == name)
}

/// Whether an answer to "how did you hear about us" names the community, by its name or by what such places are called, or a member.
fn names_the_community(answer: Option<&str>, communities: &[Vec<String>]) -> bool {
    const WHOLE: [&str; 10] = [
        "membre", "membres", "member", "members", "forum", "forums", "slack", "discord",
        "referral", "referred",
    ];
    const BEGINNINGS: [&str; 4] = ["communaut", "communit", "parrain", "ambassad"];
    answer.is_some_and(|answer| {
        let said = words(answer);
        said.iter().any(|word| {
            WHOLE.contains(&word.as_str()) || BEGINNINGS.iter().any(|begin| word.starts_with(begin))
        }) || communities.iter().any(|name| says(&said, name))
    })
}

/// What a yes or a no at the beginning of an answer says.
fn coded(answer: &str) -> Option<bool> {
    match words(answer).first().map(String::as_str) {
        Some("yes" | "oui" | "true" | "vrai" | "1") => Some(true),
        Some("no" | "non" | "false" | "faux" | "0") => Some(false),
        _ => None,
    }
}

fn says_yes(survey: &Survey) -> bool {
    match (survey.score, survey.answer.as_deref()) {
        (Some(score), _) => score > 0.0,
        (None, Some(answer)) => coded(answer) == Some(true),
        (None, None) => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_the_community_by_whole_words() {
        let hive = vec![words("The Hive"), words("le-club")];
        for (answer, want) in [
            ("I don't remember", false),
            ("remembered it from an ad", false),
            ("Google", false),
            ("the beehive", false),
            ("The Hive!", true),
            ("sur le Club", true),
            ("a member told me", true),
            ("Un membre du forum", true),
            ("la communauté", true),
            ("parrainage", true),
        ] {
            assert_eq!(names_the_community(Some(answer), &hive), want, "{answer}");
        }
        assert!(!names_the_community(None, &hive));
    }

    #[test]
    fn an_aided_answer_begins_with_yes_and_an_unaided_one_names_the_brand() {
        for (answer, want) in [
            ("Yes, I know it", Some(true)),
            ("oui", Some(true)),
            ("Non, jamais", Some(false)),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(coded(answer), want, "{answer}");
        }
        assert!(says(&words("Foo, Acme"), &words("Acme")));
        assert!(!says(&words("Foo"), &words("Acme")));
        assert!(!says(&words("Acmeify"), &words("Acme")));
    }
}
