//! Whether anything was ever heard of a community: a roster says who is there, and nothing of what they do.

use std::collections::BTreeSet;

use levier_domain::event::Kind;

use crate::activity::{Activity, NONE, flag};
use crate::cell::Cell;
use crate::scope::Cut;

/// KPIs that a roster alone can tell (of `member_retention` who is still there; `cohorts` says so itself).
const OF_A_ROSTER: [&str; 6] = [
    "member_retention",
    "registrations",
    "new_members_net",
    "members",
    "leave_rate",
    "retention_factor",
];

/// Said where only a roster is there.
pub(crate) const SILENT: &str = "needs: events; only a roster is there";

/// Whether the community and platform of a cut told any event; its segment and channel may well have been silent.
pub(crate) fn heard(activity: &Activity, cut: &Cut) -> bool {
    activity.entries.iter().any(|entry| {
        !entry.has(flag::ROSTER)
            && cut.community.is_none_or(|c| c == entry.community)
            && cut.platform.is_none_or(|p| p == entry.platform)
    })
}

/// The communities in which somebody wrote in a channel.
pub(crate) fn spoken(activity: &Activity) -> BTreeSet<u16> {
    activity
        .entries
        .iter()
        .filter(|entry| entry.kind() == Kind::MessagePosted && entry.channel != NONE)
        .filter(|entry| activity.person_of(entry.actor).is_some())
        .map(|entry| entry.community)
        .collect()
}

/// What members do is unknown where nothing is heard of them, and not nothing. Who was invited is known where a roster tells it of
/// anybody.
pub(crate) fn unheard(cells: &mut [Cell]) {
    let invited = cells
        .iter()
        .any(|cell| cell.key.kpi == "referrals" && cell.value.is_some_and(|value| value > 0.0));
    for cell in cells {
        let told = OF_A_ROSTER.contains(&cell.key.kpi) || invited && cell.key.kpi == "referrals";
        if !told {
            *cell = cell.clone().missing(SILENT);
        }
    }
}
