//! The lists that a community builder works from: champions, questions without answer, newcomers not yet welcomed.
//!
//! Members are named by platform handle and nothing else personal. The lists are work, not statistics: they name people on
//! purpose, to those who already see them in the community, and no cell size applies.

use std::collections::BTreeMap;

use jiff::Span;
use jiff::civil::Date;
use levier_domain::config::Config;
use levier_domain::event::Kind;
use levier_domain::table::{Row, Status};

use crate::activity::{Activity, NONE, flag};
use crate::calendar::{AsOf, midnight};
use crate::helpers::{Help, Helping, WEEKS, champions_among};
use crate::inputs::Run;
use crate::scope::{Cut, Scope};

/// Newcomers stay on the list for so many days.
const WELCOME_DAYS: i64 = 14;
/// Questions older than this many days are no longer listed.
const QUESTION_DAYS: i64 = 365;

fn row(as_of: Date, community: &str, kpi: &str, platform: &str, handle: &str) -> Row {
    let mut row = Row::new(Status::Ok);
    row.as_of = Some(as_of);
    row.period = Some("now".to_owned());
    row.community = Some(community.to_owned());
    row.segment = Some("all".to_owned());
    row.kpi = Some(kpi.to_owned());
    row.with("platform", platform).with("handle", handle)
}

/// `platform:handle` in two.
fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

fn communities(activity: &Activity) -> impl Iterator<Item = (Cut, &str)> {
    activity.communities.iter().enumerate().map(|(at, name)| {
        (
            Cut {
                community: Some(at as u16),
                ..Cut::default()
            },
            name.as_str(),
        )
    })
}

/// Rows of the table `champions`: who helps, on which rule, rising or fading; then the questions without answer and the
/// newcomers whom nobody has answered yet (`kpi` tells the lists apart: `champions`, `unanswered_questions`,
/// `newcomers_to_welcome`).
#[must_use]
pub fn champions(activity: &Activity, as_of: impl Into<AsOf>, config: &Config) -> Vec<Row> {
    let run = Run::new(activity, config, as_of.into());
    let mut rows = Vec::new();
    let help = Helping::of(activity);
    for (cut, community) in communities(activity) {
        helping(&run, &help, &cut, community, &mut rows);
        questions(&run, &cut, community, &mut rows);
        newcomers(&run, &cut, community, &mut rows);
    }
    rows
}

fn helping(run: &Run<'_>, helping: &Helping, cut: &Cut, community: &str, rows: &mut Vec<Row>) {
    let activity = run.activity;
    let scope = Scope::of(activity, *cut);
    let on = |day: Date| {
        let helps = helping.helpers(activity, cut, day, &run.zone);
        let until = midnight(day.tomorrow().unwrap_or(day), &run.zone);
        (champions_among(&helps, &scope.spans, until), helps)
    };
    let (now, helps) = on(run.as_of.day);
    let (before, earlier) = on(run
        .as_of
        .day
        .saturating_sub(Span::new().days(7 * WEEKS as i64)));
    let mut list: Vec<(u32, Help)> = now.keys().map(|person| (*person, helps[person])).collect();
    list.sort_by_key(|(person, help)| {
        (
            std::cmp::Reverse((help.steady(), help.accepted, help.answers)),
            *person,
        )
    });
    for (rank, (person, help)) in list.iter().enumerate() {
        let (platform, handle) = split(&activity.handles[help.handle as usize].name);
        let mut row = row(run.as_of.day, community, "champions", platform, handle);
        row.value = Some(f64::from(help.steady()));
        row.unit = Some("weeks".to_owned());
        row.reason = Some(now[person].name().to_owned());
        rows.push(
            row.with("rank", rank as u64 + 1)
                .with("rule", now[person].name())
                .with("answers", help.answers)
                .with("accepted", help.accepted)
                .with("weeks", help.steady())
                .with("new", !before.contains_key(person))
                .with("trend", trend(help)),
        );
    }
    // Who has left is nobody to win back by a word of thanks.
    let faded = before
        .keys()
        .filter(|person| !now.contains_key(person))
        .filter(|person| scope.spans.member_at(**person, run.now - 1));
    for person in faded {
        let help = earlier[person];
        let (platform, handle) = split(&activity.handles[help.handle as usize].name);
        let weeks = helps.get(person).map_or(0, Help::steady);
        let mut row = row(
            run.as_of.day,
            community,
            "former_champions",
            platform,
            handle,
        );
        row.value = Some(f64::from(weeks));
        row.unit = Some("weeks".to_owned());
        rows.push(row.with("weeks", weeks).with("trend", "fading"));
    }
}

/// Rising or fading: help in the last six weeks against the six before; a difference of one week is none.
fn trend(help: &Help) -> &'static str {
    let recent = (help.weeks & 0b11_1111).count_ones() as i32;
    let earlier = (help.weeks >> 6).count_ones() as i32;
    match recent - earlier {
        2.. => "rising",
        ..=-2 => "fading",
        _ => "steady",
    }
}

fn questions(run: &Run<'_>, cut: &Cut, community: &str, rows: &mut Vec<Row>) {
    let activity = run.activity;
    let hour = 3_600_000_000_i64;
    let mut waiting: Vec<(i64, u32)> = activity
        .threads
        .iter()
        .filter(|thread| thread.unanswered(run.now))
        .map(|thread| (activity.entries[thread.opener as usize].at, thread.opener))
        .filter(|(at, opener)| {
            let entry = &activity.entries[*opener as usize];
            let age = run.now - at;
            cut.takes(activity, entry)
                && entry.has(flag::QUESTION)
                && (0..QUESTION_DAYS * 24 * hour).contains(&age)
                && entry.member().is_some()
        })
        .collect();
    waiting.sort_unstable();
    for (at, opener) in waiting {
        let entry = &activity.entries[opener as usize];
        let (platform, handle) = split(&activity.handles[entry.actor as usize].name);
        let mut row = row(
            run.as_of.day,
            community,
            "unanswered_questions",
            platform,
            handle,
        );
        row.value = Some((run.now - at) as f64 / hour as f64);
        row.unit = Some("hours".to_owned());
        let asked =
            jiff::Timestamp::from_microsecond(at).map_or_else(|_| String::new(), |t| t.to_string());
        let channel = if entry.channel == NONE {
            None
        } else {
            activity.channels.get(entry.channel as usize).cloned()
        };
        rows.push(
            row.with("question", activity.questions.get(&entry.item).cloned())
                .with("channel", channel)
                .with("asked_at", asked),
        );
    }
}

/// Members of the last two weeks to whom nobody has answered or reacted yet.
fn newcomers(run: &Run<'_>, cut: &Cut, community: &str, rows: &mut Vec<Row>) {
    let activity = run.activity;
    let since = midnight(
        run.as_of
            .day
            .saturating_sub(Span::new().days(WELCOME_DAYS - 1)),
        &run.zone,
    );
    let mut fresh: BTreeMap<u32, (i64, u32, u64, bool)> = BTreeMap::new();
    let start = activity.entries.partition_point(|e| e.at < since);
    let end = activity
        .entries
        .partition_point(|e| e.at < run.now)
        .max(start);
    for entry in activity.entries[start..end]
        .iter()
        .filter(|e| cut.takes(activity, e))
    {
        if let Some(person) = entry.member() {
            if entry.kind() == Kind::MemberJoined {
                fresh
                    .entry(person)
                    .or_insert((entry.at, entry.actor, 0, false));
            } else if entry.kind() == Kind::MessagePosted
                && let Some(known) = fresh.get_mut(&person)
            {
                known.2 += 1;
            }
        }
        let welcomed = crate::conversation::counterpart(activity, entry);
        if let Some(person) = welcomed
            && entry.human().is_some_and(|by| by != person)
            && let Some(known) = fresh.get_mut(&person)
        {
            known.3 = true;
        }
    }
    let scope = Scope::of(activity, *cut);
    let mut list: Vec<_> = fresh
        .into_iter()
        .filter(|(person, known)| {
            let first = scope
                .spans
                .of_person(*person)
                .first()
                .is_some_and(|span| !span.implied && span.from >= since);
            first && !known.3 && scope.spans.member_at(*person, run.now - 1)
        })
        .collect();
    // Those who wrote come first: they wait for an answer.
    list.sort_by_key(|(person, known)| (known.2 == 0, known.0, *person));
    for (_, (at, handle, messages, _)) in list {
        let (platform, handle) = split(&activity.handles[handle as usize].name);
        let mut row = row(
            run.as_of.day,
            community,
            "newcomers_to_welcome",
            platform,
            handle,
        );
        row.value = Some(messages as f64);
        row.unit = Some("messages".to_owned());
        let joined =
            jiff::Timestamp::from_microsecond(at).map_or_else(|_| String::new(), |t| t.to_string());
        rows.push(row.with("joined_at", joined).with("wrote", messages > 0));
    }
}
