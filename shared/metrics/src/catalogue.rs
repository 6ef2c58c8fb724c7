//! The whole catalogue: every KPI by grain, community, segment, platform and channel.

use std::collections::BTreeSet;

use jiff::civil::Date;
use levier_domain::config::Config;
use levier_domain::table::Row;
use rayon::prelude::*;

use crate::activity::Activity;
use crate::before_after::before_after;
use crate::business::{FROM_FACTS, Trade, business};
use crate::calendar::{AsOf, Span, containing, spans};
use crate::cell::{Cell, suppress};
use crate::cohorts::retention;
use crate::commerce::Commerce;
use crate::crm::Crm;
use crate::draft::Place;
use crate::heard::{heard, spoken, unheard};
use crate::helpers::{Helping, champions_among};
use crate::inputs::{Inputs, Run, day_of};
use crate::leads::conversion;
use crate::lifetime::lifetime;
use crate::market::{deflection, market};
use crate::mix::mixes;
use crate::people::people;
use crate::records::Records;
use crate::scope::{Counter, Cut, Scope};
use crate::spices::spices;
use crate::talk::{talk, topics};
use crate::tally::Marks;

/// People KPIs that need events, for what is said when there are none.
pub const FROM_EVENTS: [&str; 40] = [
    "registrations",
    "new_members_net",
    "members",
    "active_members",
    "active_share_90d",
    "inactive_share_90d",
    "engagement_rate",
    "stickiness",
    "activity_per_member",
    "activity_per_active_member",
    "messages",
    "messages_per_member",
    "messages_per_active_member",
    "one_to_one_conversations",
    "live_registrations",
    "live_attendees",
    "live_show_up_rate",
    "leave_rate",
    "retention_factor",
    "member_retention",
    "notification_open_rate",
    "notification_click_rate",
    "many_to_many_share",
    "member_initiated_share",
    "peer_answer_share",
    "time_to_first_answer",
    "unanswered_share_72h",
    "accepted_answer_share",
    "replies_per_thread",
    "reciprocity",
    "champions",
    "new_champions",
    "contribution_concentration",
    "off_product_share",
    "ugc",
    "referrals",
    "sentiment",
    "topics",
    "content_views",
    "gamification",
];

/// Those of them for which a roster does too.
const FROM_ROSTER: [&str; 3] = ["registrations", "new_members_net", "members"];

/// KPIs that need CRM records, and what of them.
pub const FROM_RECORDS: [(&str, &str); 23] = [
    ("closing_rate", "needs: deals"),
    ("contracts_signed", "needs: deals"),
    ("sales_cycle_days", "needs: deals"),
    ("conversion_rate", "needs: people + deals"),
    ("qualified_leads", "needs: people with qualified_at"),
    (
        "community_qualified_leads",
        "needs: people with qualified_at, and membership",
    ),
    ("crm_status_mix", "needs: people and members"),
    ("lead_source_mix", "needs: people and members"),
    ("satisfaction", "needs: surveys"),
    ("nps", "needs: surveys"),
    ("heard_about_us", "needs: surveys"),
    ("brand_awareness", "needs: surveys or web_traffic"),
    ("handle_time", "needs: solved tickets"),
    ("agent_productivity", "needs: solved tickets or deals won"),
    ("ticket_deflection", "needs: tickets and events"),
    ("renewal_rate", "needs: annual subscriptions"),
    ("member_acquisition_cost", "needs: spend"),
    ("customer_acquisition_cost", "needs: spend and customers"),
    ("campaign_engagement", "needs: spend with audience"),
    ("promo_revenue", "needs: orders"),
    ("mentions", "needs: mentions"),
    ("share_of_voice", "needs: mentions"),
    ("organic_traffic", "needs: web_traffic"),
];

/// Rows of the table `kpis`, suppressed and sorted, as of a day that is over or as far as it is known.
#[must_use]
pub fn kpis(input: &Inputs<'_>, as_of: impl Into<AsOf>, config: &Config) -> Vec<Row> {
    let as_of: AsOf = as_of.into();
    let mut cells = Vec::new();
    let run = input
        .activity
        .filter(|activity| !activity.entries.is_empty())
        .map(|activity| Run::new(activity, config, as_of));
    if let Some(run) = &run {
        from_events(run, &mut cells);
    }
    let zone = config.workspace.zone();
    let nothing = Commerce::default();
    let trade = Trade {
        commerce: input.commerce.unwrap_or(&nothing),
        config,
        as_of,
        zone: zone.clone(),
    };
    business(&trade, &mut cells);
    lifetime(&trade, &mut cells);
    let empty = Records::default();
    let crm = Crm {
        records: input.records.unwrap_or(&empty),
        config,
        as_of: as_of.day,
        now: as_of.now(&zone),
        zone,
    };
    crm.cells(&mut cells);
    market(&crm, run.as_ref(), input.commerce, &mut cells);
    deflection(&crm, run.as_ref(), input.commerce, &mut cells);
    if let (Some(run), Some(records)) = (&run, input.records) {
        conversion(run, records, &mut cells);
        if let Some(contacts) = records
            .people
            .as_deref()
            .filter(|people| !people.is_empty())
        {
            mixes(run, contacts, &mut cells);
        }
    }
    absent(&crm, &mut cells);
    suppress(&mut cells, config.privacy.min_cell);
    // What rests on published figures only is made after the small cells are gone.
    let now = containing("all", as_of.day, as_of, &crm.zone, 1);
    spices(&mut cells, as_of.last_whole_day(&crm.zone), &now);
    before_after(&mut cells, launch(config, run.as_ref()), &now);
    cells.sort_by(|a, b| a.key.cmp(&b.key));
    cells
        .into_iter()
        .map(|cell| cell.into_row(as_of.day))
        .collect()
}

/// Says of every KPI that has no row at all what it needs.
fn absent(crm: &Crm<'_>, cells: &mut Vec<Cell>) {
    let present: BTreeSet<&str> = cells.iter().map(|cell| cell.key.kpi).collect();
    let all = FROM_EVENTS
        .iter()
        .map(|kpi| {
            let needs = if FROM_ROSTER.contains(kpi) {
                "needs: events or a roster"
            } else {
                "needs: events"
            };
            (*kpi, needs)
        })
        .chain(FROM_FACTS)
        .chain(FROM_RECORDS);
    let missing: Vec<(&'static str, &str)> =
        all.filter(|(kpi, _)| !present.contains(kpi)).collect();
    for span in crm.running() {
        cells.extend(
            missing
                .iter()
                .map(|(kpi, needs)| Place::everywhere().cell(kpi, &span, "").missing(needs)),
        );
    }
}

/// The day on which the first community opened: configured, else the first join.
fn launch(config: &Config, run: Option<&Run<'_>>) -> Option<Date> {
    let configured = config
        .communities
        .values()
        .filter_map(|community| community.launch)
        .min();
    configured.or_else(|| {
        let run = run?;
        let first = run
            .activity
            .stays
            .iter()
            .filter(|stay| !stay.implied)
            .map(|stay| stay.from)
            .min()?;
        Some(day_of(first, &run.zone))
    })
}

/// Entries that the cuts at work may hold together, about: a cut takes up to a quarter of the room of its entries again.
const ENTRIES_AT_ONCE: usize = 150_000_000;

/// Works on as many cuts at once as there are processors, but on no more than memory has room for.
fn side_by_side<T: Send>(activity: &Activity, work: impl FnOnce() -> T + Send) -> T {
    let most = (ENTRIES_AT_ONCE / activity.entries.len().max(1)).max(1);
    if most >= rayon::current_num_threads() {
        return work();
    }
    match rayon::ThreadPoolBuilder::new().num_threads(most).build() {
        Ok(pool) => pool.install(work),
        // Without threads of its own the work takes those that there are.
        Err(_) => work(),
    }
}

fn from_events(run: &Run<'_>, cells: &mut Vec<Cell>) {
    side_by_side(run.activity, || every_cut(run, cells));
}

fn every_cut(run: &Run<'_>, cells: &mut Vec<Cell>) {
    let activity = run.activity;
    let spoken = spoken(activity);
    let help = Helping::of(activity);
    let notes = || {
        let people = activity.people.len();
        (Marks::new(people), Counter::new(people))
    };
    // Cuts know nothing of one another: as many at once as there are processors, joined in their order.
    let of_cuts: Vec<Vec<Cell>> = Cut::all(activity)
        .into_par_iter()
        .map_init(notes, |(marks, counter), cut| {
            let mut cells = Vec::new();
            let scope = Scope::of(activity, cut);
            people(run, &scope, (marks, &mut *counter), &mut cells);
            talk(run, &scope, counter, &mut cells);
            if scope.cut.platform.is_none() {
                retention(run, &scope, &mut cells);
            }
            if scope.cut.segment.is_none() {
                helping(run, &help, &scope, &mut cells);
            }
            // The total of the channels' topics, without which a hidden channel could be found by subtraction unseen.
            let whole = scope.cut.segment.is_none() && scope.cut.platform.is_none();
            let talks = match scope.cut.community {
                Some(community) => spoken.contains(&community),
                None => !spoken.is_empty(),
            };
            if whole && talks {
                topics(run, &scope, counter, &mut cells);
            }
            if !heard(activity, &scope.cut) {
                unheard(&mut cells);
            }
            cells
        })
        .collect();
    cells.extend(of_cuts.into_iter().flatten());
    for community in 0..activity.communities.len() as u16 {
        let of_channels: Vec<Vec<Cell>> = Scope::channels(activity, community)
            .into_par_iter()
            .map_init(notes, |(marks, counter), scope| {
                let mut cells = Vec::new();
                people(run, &scope, (marks, &mut *counter), &mut cells);
                talk(run, &scope, counter, &mut cells);
                topics(run, &scope, counter, &mut cells);
                cells
            })
            .collect();
        cells.extend(of_channels.into_iter().flatten());
    }
}

/// `champions` and `new_champions` at the end of every month, and now.
fn helping(run: &Run<'_>, help: &Helping, scope: &Scope<'_>, cells: &mut Vec<Cell>) {
    let activity = run.activity;
    let place = Place::of(scope);
    let at = |day: Date, to: i64| {
        let helps = help.helpers(activity, &scope.cut, day, &run.zone);
        champions_among(&helps, &scope.spans, to)
    };
    let last_day = |span: &Span| {
        let today = run.as_of.day;
        let day = span.end.min(today.tomorrow().unwrap_or(today));
        day.yesterday().unwrap_or(day)
    };
    for grain in ["month", "90d"] {
        let mut before = None;
        for span in spans(grain, run.first, run.as_of, &run.zone, run.fiscal) {
            let now = at(last_day(&span), span.to);
            let earlier = before
                .take()
                .unwrap_or_else(|| at(span.start.yesterday().unwrap_or(span.start), span.from));
            let new = now
                .keys()
                .filter(|person| !earlier.contains_key(person))
                .count() as u64;
            cells.push(
                place
                    .cell("champions", &span, "people")
                    .count(now.len() as f64, now.len() as u64),
            );
            cells.push(
                place
                    .cell("new_champions", &span, "people")
                    .count(new as f64, new),
            );
            before = Some(now);
        }
    }
}
