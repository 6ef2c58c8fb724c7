//! SPICES: six pillars, each with its KPIs and a sub-score from 0 to 100 against the workspace's own history.
//!
//! A KPI's sub-score is the share of the 24 whole months before the last one (at least three of them) that the last one beats, ties
//! counting half; a pillar's is the mean of its KPIs'. 50 is "as usual". Only published figures enter. A KPI without a figure of the
//! last whole month has no sub-score; that of a cohort one month on is known a month later.

use jiff::civil::Date;
use levier_domain::time::Month;

use crate::before_after::series;
use crate::calendar::Span;
use crate::cell::Cell;
use crate::draft::Place;

/// One KPI of a pillar: id, item, and whether more is better.
type Sign = (&'static str, &'static str, bool);

/// The pillars.
pub const PILLARS: [(&str, &[Sign]); 6] = [
    (
        "support",
        &[
            ("peer_answer_share", "all", true),
            ("time_to_first_answer", "all", false),
            ("ticket_deflection", "contact_rate_difference", true),
            ("ticket_deflection", "peer_answers", true),
        ],
    ),
    ("product", &[("feedback_threads", "all", true)]),
    (
        "insight",
        &[("topics", "all", true), ("satisfaction", "all", true)],
    ),
    (
        "content",
        &[("ugc", "all", true), ("content_views", "all", true)],
    ),
    (
        "engagement",
        &[
            ("engagement_rate", "all", true),
            ("many_to_many_share", "all", true),
            ("stickiness", "weekly", true),
        ],
    ),
    (
        "success",
        &[
            ("customer_retention", "1m", true),
            ("churn_rate", "all", false),
            ("nps", "all", true),
        ],
    ),
];

/// Fewest earlier months.
const FEWEST: usize = 3;
/// Most earlier months.
const MOST: i32 = 24;

/// Cells of `spices`, per community and for all, from cells that were already suppressed.
pub(crate) fn spices(cells: &mut Vec<Cell>, as_of: Date, now: &Span) {
    let whole = Month::of(as_of.tomorrow().unwrap_or(as_of)).index() - 1;
    let series = series(cells);
    // A workspace without any series still says what each pillar needs.
    let mut communities: Vec<_> = series.keys().map(|key| key.community.clone()).collect();
    communities.push(Place::everywhere().community);
    communities.sort();
    communities.dedup();
    for community in communities {
        let mut place = Place::everywhere();
        place.community = community.clone();
        for (pillar, signs) in PILLARS {
            let mut scores = Vec::new();
            for (kpi, item, more_is_better) in signs {
                let found = series.iter().find(|(key, _)| {
                    key.community == community && key.kpi == *kpi && &*key.item == *item
                });
                let Some((_, values)) = found else { continue };
                let month = if *kpi == "customer_retention" {
                    whole - 1
                } else {
                    whole
                };
                let earlier: Vec<f64> = values.range(month - MOST..month).map(|m| *m.1).collect();
                let Some(latest) = values.get(&month).filter(|_| earlier.len() >= FEWEST) else {
                    continue;
                };
                let beaten: f64 = earlier
                    .iter()
                    .map(|value| match latest.total_cmp(value) {
                        std::cmp::Ordering::Equal => 0.5,
                        std::cmp::Ordering::Greater => f64::from(u8::from(*more_is_better)),
                        std::cmp::Ordering::Less => f64::from(u8::from(!*more_is_better)),
                    })
                    .sum();
                let score = 100.0 * beaten / earlier.len() as f64;
                scores.push(score);
                let part = if *item == "all" {
                    (*kpi).to_owned()
                } else {
                    format!("{kpi}.{item}")
                };
                let mut cell = place
                    .cell("spices", now, "points")
                    .impersonal()
                    .count(score, 0)
                    .item(&format!("{pillar}.{part}"));
                cell.status = levier_domain::table::Status::Ok;
                cells.push(cell);
            }
            let cell = place
                .cell("spices", now, "points")
                .impersonal()
                .item(pillar);
            cells.push(if scores.is_empty() {
                cell.missing("needs: four whole months of a KPI of this pillar")
            } else {
                let mut cell = cell.count(scores.iter().sum::<f64>() / scores.len() as f64, 0);
                cell.status = levier_domain::table::Status::Ok;
                cell
            });
        }
    }
}
