//! KPIs about conversations: who opens, who answers, how fast, how evenly.

use levier_domain::event::Kind;

use crate::activity::{NONE, flag};
use crate::calendar::{Span, spans};
use crate::cell::Cell;
use crate::conversation::Thread;
use crate::draft::Place;
use crate::inputs::Run;
use crate::numbers::{gini, median_time, mutual};
use crate::people::{per_person, top_of};
use crate::scope::{Counter, Scope};

/// Microseconds of an hour.
const HOUR: f64 = 3_600_000_000.0;
/// 72 hours in microseconds.
const PATIENCE: i64 = 72 * 3_600_000_000;

/// A thread with what its opening message says.
struct Talk<'a> {
    at: i64,
    opener: u32,
    staff: bool,
    question: bool,
    off_product: bool,
    thread: &'a Thread,
}

/// All conversation KPIs of one scope.
pub(crate) fn talk(run: &Run<'_>, scope: &Scope<'_>, counter: &mut Counter, out: &mut Vec<Cell>) {
    let place = Place::of(scope);
    let activity = scope.activity;
    let mut talks: Vec<Talk<'_>> = scope
        .between(i64::MIN, run.now)
        .filter(|(_, entry)| entry.has(flag::OPENER))
        .filter_map(|(_, entry)| {
            let thread = activity.threads.get(usize::try_from(entry.thread).ok()?)?;
            let opener = entry.human()?;
            Some(Talk {
                at: entry.at,
                opener,
                staff: entry.has(flag::STAFF),
                question: entry.has(flag::QUESTION),
                off_product: entry.has(flag::OFF_PRODUCT),
                thread,
            })
        })
        .collect();
    talks.sort_by_key(|talk| (talk.at, talk.thread.opener));
    for grain in run.grains(&scope.cut).iter().filter(|g| **g != "day") {
        for span in spans(grain, run.first, run.as_of, &run.zone, run.fiscal) {
            let from = talks.partition_point(|talk| talk.at < span.from);
            let to = talks.partition_point(|talk| talk.at < span.to).max(from);
            let period = Period {
                run,
                scope,
                place: &place,
                span: &span,
                talks: &talks[from..to],
            };
            period.threads(counter, out);
            period.questions(counter, out);
            if scope.cut.channel.is_none() {
                period.evenness(counter, out);
            }
        }
    }
}

struct Period<'a> {
    run: &'a Run<'a>,
    scope: &'a Scope<'a>,
    place: &'a Place,
    span: &'a Span,
    talks: &'a [Talk<'a>],
}

/// Distinct people who opened threads.
fn openers<'a>(counter: &mut Counter, talks: impl IntoIterator<Item = &'a Talk<'a>>) -> u64 {
    counter.distinct(talks.into_iter().map(|talk| talk.opener))
}

impl Period<'_> {
    fn cell(&self, kpi: &'static str, unit: &str) -> Cell {
        self.place.cell(kpi, self.span, unit)
    }

    fn threads(&self, counter: &mut Counter, out: &mut Vec<Cell>) {
        let all = self.talks.len() as u64;
        let people = openers(counter, self.talks);
        let nothing = "no threads in the period";
        if self.scope.cut.segment.is_none() {
            let by_members = self.talks.iter().filter(|t| !t.staff).count() as u64;
            let cell = self
                .cell("member_initiated_share", "share")
                .share(by_members, all, people, nothing);
            out.push(cell.groups(&[openers(counter, self.talks.iter().filter(|t| !t.staff))]));
        }
        let replies: u64 = self.talks.iter().map(|t| u64::from(t.thread.replies)).sum();
        out.push(self.cell("replies_per_thread", "replies/thread").ratio(
            replies as f64,
            all as f64,
            people,
            nothing,
        ));
        if self.scope.cut.channel.is_some() {
            return;
        }
        let off = self.cell("off_product_share", "share");
        out.push(if self.run.told.off_product(&self.scope.cut) {
            let hits = self.talks.iter().filter(|t| t.off_product).count() as u64;
            off.share(hits, all, people, nothing).groups(&[
                openers(counter, self.talks.iter().filter(|t| t.off_product)),
                openers(counter, self.talks.iter().filter(|t| !t.off_product)),
            ])
        } else {
            off.missing("needs: channel tags (off_product_channels of a community)")
        });
    }

    fn questions(&self, counter: &mut Counter, out: &mut Vec<Cell>) {
        let now = self.run.now;
        let questions: Vec<&Talk<'_>> = self
            .talks
            .iter()
            .filter(|t| t.question && !t.staff)
            .collect();
        let asked = openers(counter, questions.iter().copied());
        let nothing = "no questions in the period";
        let answered: Vec<&Talk<'_>> = questions
            .iter()
            .copied()
            .filter(|t| t.thread.first_answer < now)
            .collect();
        let by_peer: Vec<&Talk<'_>> = answered
            .iter()
            .copied()
            .filter(|t| {
                t.thread.first_answerer != NONE
                    && !self.scope.activity.people[t.thread.first_answerer as usize].staff
            })
            .collect();
        let others = answered.len() - by_peer.len();
        let rest = openers(
            counter,
            answered
                .iter()
                .copied()
                .filter(|t| self.scope.activity.people[t.thread.first_answerer as usize].staff),
        );
        let share = self.cell("peer_answer_share", "share").share(
            by_peer.len() as u64,
            answered.len() as u64,
            openers(counter, answered.iter().copied()),
            "no question was answered",
        );
        out.push(share.groups(&[
            openers(counter, by_peer.iter().copied()),
            if others > 0 { rest } else { 0 },
        ]));
        for (item, first) in [
            ("all", (|t: &Thread| t.first_answer) as fn(&Thread) -> i64),
            ("peer", |t| t.first_peer),
            ("staff", |t| t.first_staff),
        ] {
            out.push(self.time_to_answer(item, &questions, asked, first));
        }
        let old: Vec<&Talk<'_>> = questions
            .iter()
            .copied()
            .filter(|t| now - t.at > PATIENCE)
            .collect();
        let waiting: Vec<&Talk<'_>> = old
            .iter()
            .copied()
            .filter(|t| t.thread.unanswered(now))
            .collect();
        let served = openers(
            counter,
            old.iter().copied().filter(|t| !t.thread.unanswered(now)),
        );
        out.push(
            self.cell("unanswered_share_72h", "share")
                .share(
                    waiting.len() as u64,
                    old.len() as u64,
                    openers(counter, old.iter().copied()),
                    "no question older than 72 h in the period",
                )
                .groups(&[openers(counter, waiting.iter().copied()), served]),
        );
        let accepted: Vec<&Talk<'_>> = questions
            .iter()
            .copied()
            .filter(|t| t.thread.accepted < now)
            .collect();
        let cell = self.cell("accepted_answer_share", "share");
        let told = self.run.told.tells(&self.scope.cut, Kind::AnswerAccepted);
        out.push(if told {
            cell.share(
                accepted.len() as u64,
                questions.len() as u64,
                asked,
                nothing,
            )
            .groups(&[openers(counter, accepted.iter().copied())])
        } else {
            cell.missing("needs: accepted answers (no connected platform has told of any)")
        });
    }

    /// Median hours to the first answer, by Kaplan–Meier: a question without answer waits until now.
    fn time_to_answer(
        &self,
        item: &str,
        questions: &[&Talk<'_>],
        asked: u64,
        first: fn(&Thread) -> i64,
    ) -> Cell {
        let mut waits: Vec<(i64, bool, u32)> = questions
            .iter()
            .map(|t| {
                let answered = first(t.thread) < self.run.now;
                (
                    if answered {
                        first(t.thread)
                    } else {
                        self.run.now
                    } - t.at,
                    answered,
                    0,
                )
            })
            .collect();
        waits.sort_unstable();
        let cell = self.cell("time_to_first_answer", "hours").item(item);
        if waits.is_empty() {
            return cell.missing("no questions in the period");
        }
        match median_time(&waits) {
            Some(median) => cell.count(median as f64 / HOUR, asked),
            None if asked < self.run.config.privacy.min_cell => cell.count(0.0, asked),
            None => cell.cannot_say("fewer than half of the questions were answered so far"),
        }
    }

    fn evenness(&self, counter: &mut Counter, out: &mut Vec<Cell>) {
        let activity = self.scope.activity;
        let mut edges: Vec<(u32, u32)> = self
            .scope
            .between(self.span.from, self.span.to)
            .filter(|(_, e)| e.kind() == Kind::MessagePosted && e.has(flag::REPLY))
            .filter_map(|(_, e)| {
                let parent = activity.entries.get(usize::try_from(e.parent).ok()?)?;
                Some((e.member()?, parent.member()?))
            })
            .filter(|(a, b)| a != b)
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let answered = mutual(&edges);
        let mutual = edges
            .iter()
            .zip(&answered)
            .filter(|(_, answered)| **answered)
            .map(|(edge, _)| edge);
        let people = counter.distinct(edges.iter().flat_map(|e| [e.0, e.1]));
        let cell = self.cell("reciprocity", "share").share(
            mutual.clone().count() as u64,
            edges.len() as u64,
            people,
            "nobody answered anybody",
        );
        out.push(cell.groups(&[counter.distinct(mutual.map(|e| e.0))]));

        let counts = per_person(counter, self.scope, self.span, |e| {
            e.kind().is_contribution()
        });
        let total: u64 = counts.iter().sum();
        let members = self.scope.spans.members_before(self.span.to);
        let (top, k) = top_of(&counts, members, 5);
        let people = counts.len() as u64;
        let cell = |unit| self.cell("contribution_concentration", unit);
        out.push(if members == 0 && total > 0 {
            cell("share").missing("no members at the end")
        } else {
            cell("share")
                .ratio(top as f64, total as f64, people, "no contributions")
                .groups(&[k])
        });
        let ascending: Vec<(u64, u32)> = counts.iter().rev().map(|n| (*n, 0)).collect();
        out.push(match gini(&ascending, |_| 1) {
            Some(value) => cell("gini").count(value, people).item("gini"),
            None => cell("gini").missing("no contributions").item("gini"),
        });
    }
}

/// Contributions by channel and segment.
pub(crate) fn topics(run: &Run<'_>, scope: &Scope<'_>, counter: &mut Counter, out: &mut Vec<Cell>) {
    let activity = scope.activity;
    for grain in ["month", "90d"] {
        for span in spans(grain, run.first, run.as_of, &run.zone, run.fiscal) {
            // By segment, those without one last: contributions, and people.
            let mut parts = vec![(0_u64, 0_u64); activity.segments.len() + 1];
            let part = |person: u32| {
                let segment = usize::from(activity.people[person as usize].segment);
                segment.min(activity.segments.len())
            };
            let contributions = scope
                .between(span.from, span.to)
                .filter(|(_, e)| e.kind().is_contribution())
                .filter_map(|(_, e)| e.member());
            counter.each(contributions, |person, first| {
                let (flow, people) = &mut parts[part(person)];
                *flow += 1;
                *people += u64::from(first);
            });
            let mut place = Place::of(scope);
            let mut push = |place: &Place, flow: u64, people: u64| {
                let cell = place.cell("topics", &span, "contributions");
                out.push(cell.flow(flow, people));
            };
            let total = |n: fn(&(u64, u64)) -> u64| parts.iter().map(n).sum();
            push(&place, total(|part| part.0), total(|part| part.1));
            if activity.segments.is_empty() {
                continue;
            }
            for (segment, (flow, people)) in parts.iter().enumerate().filter(|(_, p)| p.0 > 0) {
                let name = activity.segments.get(segment);
                place.segment = std::sync::Arc::from(name.map_or("unknown", String::as_str));
                push(&place, *flow, *people);
            }
        }
    }
}

/// Questions whose first answer came from a member, by period of asking, and the people who asked.
pub(crate) fn peer_answered(run: &Run<'_>, scope: &Scope<'_>) -> Vec<(Span, u64, u64)> {
    let activity = scope.activity;
    let mut counter = Counter::new(activity.people.len());
    let answered: Vec<(i64, u32)> = activity
        .threads
        .iter()
        .filter_map(|thread| {
            let entry = &activity.entries[thread.opener as usize];
            let asker = entry.member()?;
            let peer = thread.first_answer < run.now
                && !activity.people[thread.first_answerer as usize].staff;
            (entry.has(flag::QUESTION) && peer).then_some((entry.at, asker))
        })
        .collect();
    ["month", "quarter", "year", "90d"]
        .into_iter()
        .flat_map(|grain| spans(grain, run.first, run.as_of, &run.zone, run.fiscal))
        .map(|span| {
            let inside: Vec<u32> = answered
                .iter()
                .filter(|(at, _)| (span.from..span.to).contains(at))
                .map(|a| a.1)
                .collect();
            (span, inside.len() as u64, counter.distinct(inside))
        })
        .collect()
}
