//! What deals say: how long it takes to a contract, and how many are signed.

use levier_domain::table::Status;
use levier_stats::difference::relative_normal;
use levier_stats::survival::{Competing, Ending as Course};
use levier_stats::{Estimate, StatsError};
use serde_json::json;

use crate::arms::Arms;
use crate::episode::{Ending, Episode, Episodes, What};
use crate::episode_report::missing;
use crate::report::absent;
use crate::rung::Rung;

/// Days over which the time to a contract is averaged.
const CYCLE_DAYS: f64 = 180.0;
/// Groups of the jackknife of restricted means.
const GROUPS: u64 = 10;

/// Mean days from creation to a contract, of the opportunities that are won within [`CYCLE_DAYS`]: lost ones compete, open ones are
/// censored. How many are won is another KPI, and not in it.
pub(crate) fn sales_cycle(episodes: &Episodes, list: &[Episode]) -> Rung {
    const KPI: &str = "sales_cycle_days";
    let all: Vec<(bool, u64, Option<u32>, Ending)> = list
        .iter()
        .filter_map(|episode| match episode.what {
            What::Deal { days, ending } => Some((episode.member, episode.unit, days, ending)),
            _ => None,
        })
        .collect();
    if let Some(rung) = unmatched_deals(KPI, "days", episodes) {
        return rung;
    }
    if !episodes.has_deals || all.is_empty() {
        return missing(KPI, "days", "deals");
    }
    let deals: Vec<(bool, u64, u32, Ending)> = all
        .iter()
        .filter_map(|(side, unit, days, ending)| Some((*side, *unit, (*days)?, *ending)))
        .collect();
    let undated = (all.len() - deals.len()) as u64;
    let mean = |member: bool, without: Option<u64>| -> Result<f64, StatsError> {
        let mut course = Competing::default();
        for (side, unit, days, ending) in &deals {
            if *side == member && Some(unit % GROUPS) != without {
                let ending = match ending {
                    Ending::Won => Course::Event,
                    Ending::Lost => Course::Competitor,
                    Ending::Open => Course::Censored,
                };
                course.update(f64::from(*days), ending)?;
            }
        }
        course.mean_time_to_event(CYCLE_DAYS)
    };
    let count = |member: bool, won: bool| {
        deals
            .iter()
            .filter(|deal| deal.0 == member && (!won || deal.3 == Ending::Won))
            .count() as u64
    };
    let gap =
        |without: Option<u64>| Ok::<f64, StatsError>(mean(true, without)? - mean(false, without)?);
    let mut rung = Rung {
        kpi: KPI.to_owned(),
        method: "naive",
        grade: "D",
        unit: "days".to_owned(),
        members: count(true, false),
        non_members: count(false, false),
        events: Some([count(true, true), count(false, true)]),
        headline: true,
        note: Some(format!(
            "mean days to a contract of the opportunities won within {CYCLE_DAYS:.0} days: lost ones compete, open ones are censored"
        )),
        extra: vec![("ended_without_a_date", json!(undated))],
        ..Rung::default()
    };
    if undated > 0 && (count(true, true) == 0 || count(false, true) == 0) {
        rung.failure = Some((
            Status::CannotSay,
            format!(
                "{undated} opportunities ended, and nobody says when: fill the date of closing"
            ),
        ));
        return rung;
    }
    let found = (|| {
        let (member, other) = (mean(true, None)?, mean(false, None)?);
        let left_out = (0..GROUPS)
            .map(|group| gap(Some(group)))
            .collect::<Result<Vec<f64>, StatsError>>()?;
        let groups = GROUPS as f64;
        let centre = left_out.iter().sum::<f64>() / groups;
        let variance =
            (groups - 1.0) / groups * left_out.iter().map(|x| (x - centre).powi(2)).sum::<f64>();
        Ok::<_, StatsError>((
            member,
            other,
            Estimate::student(member - other, variance.sqrt(), groups - 1.0),
        ))
    })();
    match found {
        Ok((member, other, difference)) => {
            rung.estimate = Some(difference);
            (rung.member_level, rung.non_member_level) = (Some(member), Some(other));
            rung.relative = Rung::relative_to(&difference, other);
        }
        Err(error) => rung.failure = Some((Status::CannotSay, crate::gate::failure(&error))),
    }
    rung
}

/// Where most opportunities are of nobody known, what the others say is no figure of the company.
pub(crate) fn unmatched_deals(kpi: &str, unit: &str, episodes: &Episodes) -> Option<Rung> {
    let (lost, all) = (episodes.unmatched_deals, episodes.deals);
    (all > 0 && 2 * lost > all).then(|| {
        let why = format!(
            "{lost} of {all} opportunities name nobody and no account that is known: check their person_id and account_id"
        );
        Rung {
            method: "naive",
            failure: Some((Status::CannotSay, why)),
            ..absent(kpi, unit, String::new())
        }
    })
}

/// Won deals per 100 customers and year, over the customer-months of either side.
pub(crate) fn contracts_signed(episodes: &Episodes, list: &[Episode], arms: Option<&Arms>) -> Rung {
    const KPI: &str = "contracts_signed";
    const UNIT: &str = "deals/100 customers/year";
    let won = |member: bool| {
        let of_side = list.iter().filter(|episode| {
            episode.member == member
                && matches!(
                    episode.what,
                    What::Deal {
                        ending: Ending::Won,
                        ..
                    }
                )
        });
        of_side.count() as f64
    };
    if let Some(rung) = unmatched_deals(KPI, UNIT, episodes) {
        return rung;
    }
    let Some(arms) = arms.filter(|_| episodes.has_deals) else {
        return missing(KPI, UNIT, "deals, and customers");
    };
    let years = [
        arms.non_member_months() / 1_200.0,
        arms.member_months() / 1_200.0,
    ];
    let mut rung = Rung {
        kpi: KPI.to_owned(),
        method: "naive",
        grade: "D",
        unit: UNIT.to_owned(),
        members: arms.members,
        non_members: arms.non_members,
        events: Some([won(true) as u64, won(false) as u64]),
        headline: true,
        ..Rung::default()
    };
    if years[0] <= 0.0 || years[1] <= 0.0 {
        rung.failure = Some((
            Status::CannotSay,
            "one side has no customer-months".to_owned(),
        ));
        return rung;
    }
    let (a, b) = (won(true) / years[1], won(false) / years[0]);
    // Counts of rare events vary as their mean.
    let (va, vb) = (
        won(true) / (years[1] * years[1]),
        won(false) / (years[0] * years[0]),
    );
    rung.estimate = Some(Estimate::normal(a - b, (va + vb).sqrt()));
    rung.relative = relative_normal(a, va, b, vb, 0.0);
    (rung.member_level, rung.non_member_level) = (Some(a), Some(b));
    rung
}
