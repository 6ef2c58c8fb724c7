//! KPIs about people: joins, members, activity, lives, notifications, interactions, content.

use jiff::civil::Date;
use levier_domain::event::Kind;

use crate::activity::{Entry, SENTIMENT_SCALE, flag};
use crate::calendar::{Span, spans};
use crate::cell::Cell;
use crate::draft::Place;
use crate::inputs::Run;
use crate::material::Material;
use crate::scope::{Counter, Cut, Entered, Scope};
use crate::tally::{Marks, Tally, What};

fn within(units: &[Entered], from: i64, to: i64) -> &[Entered] {
    let start = units.partition_point(|u| u.at < from);
    &units[start..units.partition_point(|u| u.at < to).max(start)]
}

/// All people KPIs of one scope but those of conversations.
pub(crate) fn people(
    run: &Run<'_>,
    scope: &Scope<'_>,
    (marks, counter): (&mut Marks, &mut Counter),
    out: &mut Vec<Cell>,
) {
    let place = Place::of(scope);
    let in_channel = scope.cut.channel.is_some();
    let material = Material::of(run, scope);
    let grains: Vec<Vec<Span>> = run
        .grains(&scope.cut)
        .iter()
        .map(|grain| spans(grain, run.first, run.as_of, &run.zone, run.fiscal))
        .collect();
    let series = Tally::series(scope, marks, &grains);
    for (span, tally) in grains.iter().flatten().zip(series.iter().flatten()) {
        let period = Period {
            run,
            scope,
            place: &place,
            span,
            tally,
            material: &material,
        };
        period.activity(out);
        if in_channel {
            continue;
        }
        period.roster(counter, out);
        period.lives_and_notices(counter, out);
        if span.grain != "day" {
            period.rates(counter, out);
            period.social(counter, out);
        }
    }
    if !in_channel {
        lives(run, scope, &place, &material, counter, out);
    }
}

struct Period<'a> {
    run: &'a Run<'a>,
    scope: &'a Scope<'a>,
    place: &'a Place,
    span: &'a Span,
    tally: &'a Tally,
    material: &'a Material,
}

impl Period<'_> {
    fn cell(&self, kpi: &'static str, unit: &str) -> Cell {
        self.place.cell(kpi, self.span, unit)
    }

    fn n(&self, what: What) -> u64 {
        self.tally.n(what)
    }

    fn by(&self, what: What) -> u64 {
        self.tally.people(what)
    }

    fn activity(&self, out: &mut Vec<Cell>) {
        let flow = |kpi, unit, what| self.cell(kpi, unit).flow(self.n(what), self.by(what));
        out.push(flow("messages", "messages", What::Messages));
        out.push(flow("messages", "messages", What::Public).item("public"));
        out.push(flow("messages", "messages", What::Private).item("private"));
        out.push(
            self.cell("active_members", "people")
                .count(self.by(What::ByMembers) as f64, self.by(What::ByMembers)),
        );
        if self.material.has.kind(Kind::ContentViewed) {
            out.push(flow("content_views", "views", What::Views));
        } else if self.scope.cut.channel.is_none() && self.span.grain != "day" {
            out.push(
                self.cell("content_views", "views")
                    .missing("needs: content views"),
            );
        }
        if self.span.grain == "day" {
            return;
        }
        // That nothing could be scored of what was written is a fact, and no mean.
        let scored = self.n(What::Scored);
        if self.material.has.scored || self.n(What::Messages) > 0 {
            out.push(
                self.cell("sentiment", "share")
                    .share(
                        scored,
                        self.n(What::Messages),
                        self.by(What::Messages),
                        "no message in the period",
                    )
                    .groups(&[self.by(What::Scored)])
                    .item("coverage"),
            );
        }
        if self.material.has.scored {
            let mean = self.tally.sentiment as f64 / f64::from(SENTIMENT_SCALE);
            out.push(self.cell("sentiment", "score").ratio(
                mean,
                scored as f64,
                self.by(What::Scored),
                "no message could be scored",
            ));
        } else if self.scope.cut.channel.is_none() {
            out.push(
                self.cell("sentiment", "score")
                    .missing("needs: messages in a language that can be scored"),
            );
        }
    }

    fn roster(&self, counter: &mut Counter, out: &mut Vec<Cell>) {
        let (from, to) = (self.span.from, self.span.to);
        let joins = self.material.moves.joined(from, to);
        let leaves = self.material.moves.left(from, to);
        let joiners = counter.distinct(joins.iter().map(|j| j.1));
        let movers = counter.distinct(joins.iter().map(|j| j.1).chain(leaves.iter().map(|l| l.1)));
        let leavers = counter.distinct(leaves.iter().map(|l| l.1));
        let (start, end) = (
            self.scope.spans.members_before(from),
            self.scope.spans.members_before(to),
        );
        out.push(
            self.cell("registrations", "people")
                .flow(joins.len() as u64, joiners),
        );
        let mut net = self
            .cell("new_members_net", "people")
            .count(joins.len() as f64 - leaves.len() as f64, movers)
            .groups(&[joiners, leavers]);
        net.additive = true;
        out.push(net);
        out.push(self.cell("members", "people").count(end as f64, end));
        if self.span.grain == "day" {
            return;
        }
        let rate = self.cell("leave_rate", "share");
        out.push(if self.run.told.tells(&self.scope.cut, Kind::MemberLeft) {
            rate.share(leaves.len() as u64, start, start, "no members at the start")
                .groups(&[leavers, start.saturating_sub(leavers)])
        } else {
            rate.missing("needs: leaves (no connected platform has told of any)")
        });
        let factor = self
            .cell("retention_factor", "joins per leave")
            .groups(&[joiners, leavers]);
        out.push(if leaves.is_empty() {
            let mut cell = factor
                .count(joins.len() as f64, joiners)
                .note("nobody left: joins, without denominator");
            cell.numerator = Some(joins.len() as f64);
            cell
        } else {
            factor.ratio(joins.len() as f64, leaves.len() as f64, movers, "")
        });
        let invited = joins.iter().filter(|j| j.2).count() as u64;
        let invited_people = counter.distinct(joins.iter().filter(|j| j.2).map(|j| j.1));
        out.push(
            self.cell("referrals", "people")
                .flow(invited, invited_people),
        );
        out.push(
            self.cell("referrals", "share")
                .share(
                    invited,
                    joins.len() as u64,
                    joiners,
                    "no joins in the period",
                )
                .groups(&[invited_people, joiners - invited_people])
                .item("share_of_joins"),
        );
    }

    fn lives_and_notices(&self, counter: &mut Counter, out: &mut Vec<Cell>) {
        let (from, to) = (self.span.from, self.span.to);
        let whole = self.span.grain != "day";
        if self.material.registered.is_empty() && self.run.attendances(&self.scope.cut) == 0 {
            if whole {
                for kpi in ["live_registrations", "live_attendees", "live_show_up_rate"] {
                    out.push(self.cell(kpi, "people").missing("needs: lives"));
                }
            }
        } else {
            let registered = within(&self.material.registered, from, to);
            let registrants = counter.distinct(registered.iter().map(|u| u.person));
            out.push(
                self.cell("live_registrations", "registrations")
                    .flow(registered.len() as u64, registrants),
            );
            let attended = self.material.attended(from, to);
            let attendees = counter.distinct(attended.iter().map(|a| a.1));
            out.push(
                self.cell("live_attendees", "attendances")
                    .flow(attended.len() as u64, attendees),
            );
            if whole {
                out.push(show_up(
                    self.cell("live_show_up_rate", "share"),
                    (registered.len() as u64, registrants),
                    (attended.len() as u64, attendees),
                ));
            }
        }
        if self.material.delivered.is_empty() {
            if whole {
                for kpi in ["notification_open_rate", "notification_click_rate"] {
                    out.push(self.cell(kpi, "share").missing("needs: notifications"));
                }
            }
            return;
        }
        let delivered = within(&self.material.delivered, from, to);
        for (kpi, step) in [
            ("notification_open_rate", 1),
            ("notification_click_rate", 2),
        ] {
            let hits = delivered.iter().filter(|u| u.steps & step != 0).count() as u64;
            let mut people = |takes: &dyn Fn(u8) -> bool| {
                let taken = delivered.iter().filter(|u| takes(u.steps));
                counter.distinct(taken.map(|u| u.person))
            };
            let all = people(&|_| true);
            let some = people(&|steps| steps & step != 0);
            let others = people(&|steps| steps & step == 0);
            out.push(
                self.cell(kpi, "share")
                    .share(
                        hits,
                        delivered.len() as u64,
                        all,
                        "nothing was delivered in the period",
                    )
                    .groups(&[some, others]),
            );
        }
    }

    fn rates(&self, counter: &mut Counter, out: &mut Vec<Cell>) {
        let spans = &self.scope.spans;
        let (start, end) = (
            spans.members_before(self.span.from),
            spans.members_before(self.span.to),
        );
        let active = self.by(What::ByMembers);
        let mean = (start + end) as f64 / 2.0;
        out.push(
            self.cell("engagement_rate", "share")
                .ratio(
                    active as f64,
                    mean,
                    start.max(end),
                    "no members in the period",
                )
                .groups(&[active, start.max(end).saturating_sub(active)]),
        );
        let last = self.last_day();
        let still = |person| spans.member_at(person, self.span.to - 1);
        let recent = counter.distinct_where(self.material.days.active(last, 90), still);
        for (kpi, hits) in [
            ("active_share_90d", recent),
            ("inactive_share_90d", end - recent),
        ] {
            out.push(
                self.cell(kpi, "share")
                    .share_of_people(hits, end, "no members at the end"),
            );
        }
        self.stickiness(counter, out);
        let mut per = |kpi, what, item: &str| {
            let (n, by) = (self.n(what), self.by(what));
            let noun = if kpi == "messages" {
                "messages"
            } else {
                "contributions"
            };
            let (member, active_member) = match kpi {
                "messages" => ("messages_per_member", "messages_per_active_member"),
                _ => ("activity_per_member", "activity_per_active_member"),
            };
            out.push(
                self.cell(member, &format!("{noun}/member"))
                    .ratio(n as f64, end as f64, end, "no members at the end")
                    .groups(&[by])
                    .item(item),
            );
            out.push(
                self.cell(active_member, &format!("{noun}/active member"))
                    .ratio(n as f64, active as f64, active, "no member was active")
                    .groups(&[by])
                    .item(item),
            );
        };
        per("messages", What::Messages, "all");
        per("activity", What::Contributions, "all");
        per("activity", What::Public, "public");
        per("activity", What::Private, "private");
        per("activity", What::Reactions, "reaction");
        per("activity", What::Other, "other");
    }

    /// The last day of the period, or of what there is of it.
    fn last_day(&self) -> Date {
        let end = self
            .span
            .end
            .min(self.run.as_of.day.tomorrow().unwrap_or(self.run.as_of.day));
        end.yesterday().unwrap_or(end)
    }

    /// Over the 28 days that end with the period: mean daily actives, and mean weekly actives, over those of the 28 days.
    fn stickiness(&self, counter: &mut Counter, out: &mut Vec<Cell>) {
        let (days, last) = (&self.material.days, self.last_day());
        let back = |n: i64| last.saturating_sub(jiff::Span::new().days(n));
        let monthly = counter.distinct(days.active(last, 28));
        let daily: u64 = (0..28).map(|day| days.on(back(day)).len() as u64).sum();
        let weekly: u64 = (0..4)
            .map(|week| counter.distinct(days.active(back(7 * week), 7)))
            .sum();
        for (item, sum, parts) in [("all", daily, 28.0), ("weekly", weekly, 4.0)] {
            out.push(
                self.cell("stickiness", "share")
                    .ratio(
                        sum as f64 / parts,
                        monthly as f64,
                        monthly,
                        "nobody was active",
                    )
                    .item(item),
            );
        }
    }

    fn social(&self, counter: &mut Counter, out: &mut Vec<Cell>) {
        let (all, mutual) = (self.n(What::Interactions), self.n(What::ManyToMany));
        out.push(
            self.cell("many_to_many_share", "share")
                .share(
                    mutual,
                    all,
                    self.by(What::Interactions),
                    "no interactions in the period",
                )
                .groups(&[self.by(What::ManyToMany)]),
        );
        if self.material.has.direct {
            let (pairs, people) = self.pairs(counter);
            out.push(
                self.cell("one_to_one_conversations", "pairs")
                    .count(pairs as f64, people),
            );
        } else {
            out.push(
                self.cell("one_to_one_conversations", "pairs")
                    .missing("needs: direct messages, which no connected platform reveals here"),
            );
        }
        let feedback = self.cell("feedback_threads", "threads");
        if self.run.told.feedback(&self.scope.cut) {
            out.push(feedback.flow(self.n(What::Feedback), self.by(What::Feedback)));
        } else if self.run.told.feedback(&Cut::default()) {
            out.push(feedback.missing("needs: channel tags (feedback_channels of a community)"));
        }
        let ugc = self.n(What::Content) + self.n(What::Posts);
        let (share, top, authors) = self.ugc_of_top(counter, 5);
        let flow = |what, item: &str| {
            self.cell("ugc", "items")
                .flow(self.n(what), self.by(what))
                .item(item)
        };
        out.push(flow(What::Content, "content"));
        out.push(flow(What::Posts, "posts"));
        out.push(self.cell("ugc", "items").flow(ugc, authors));
        let members = self.scope.spans.members_before(self.span.to);
        let of_top = self.cell("ugc", "share").item("top_5_percent");
        out.push(if members == 0 && ugc > 0 {
            of_top.missing("no members at the end")
        } else {
            of_top
                .ratio(share as f64, ugc as f64, authors, "nothing was published")
                .groups(&[top])
        });
        if self.material.has.kind(Kind::BadgeAwarded) {
            let by = self.by(What::Badges);
            let points = self.tally.points as f64 / 1000.0;
            out.push(
                self.cell("gamification", "points")
                    .count(points, by)
                    .item("points"),
            );
            out.push(
                self.cell("gamification", "badges")
                    .flow(self.n(What::Badges), by)
                    .item("badges"),
            );
            out.push(
                self.cell("gamification", "share")
                    .ratio(by as f64, members as f64, members, "no members at the end")
                    .groups(&[by])
                    .item("participation"),
            );
        } else {
            out.push(
                self.cell("gamification", "points")
                    .missing("needs: badges or points"),
            );
        }
    }

    /// Distinct unordered pairs of members with a direct message, and the people in them.
    fn pairs(&self, counter: &mut Counter) -> (u64, u64) {
        let direct = &self.material.direct;
        let start = direct.partition_point(|d| d.0 < self.span.from);
        let end = direct.partition_point(|d| d.0 < self.span.to).max(start);
        let mut pairs: Vec<(u32, u32)> = direct[start..end].iter().map(|d| (d.1, d.2)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let people = counter.distinct(pairs.iter().flat_map(|p| [p.0, p.1]));
        (pairs.len() as u64, people)
    }

    /// Content and posts of the most active share of members, how many members that is, and of how many authors.
    fn ugc_of_top(&self, counter: &mut Counter, percent: u64) -> (u64, u64, u64) {
        let counts = per_person(counter, self.scope, self.span, |e| {
            e.kind() == Kind::ContentPublished
                || (e.kind() == Kind::MessagePosted && e.has(flag::OPENER))
        });
        let (top, k) = top_of(
            &counts,
            self.scope.spans.members_before(self.span.to),
            percent,
        );
        (top, k, counts.len() as u64)
    }
}

/// How often each person did something in a period, most active first.
pub(crate) fn per_person(
    counter: &mut Counter,
    scope: &Scope<'_>,
    span: &Span,
    counts: impl Fn(&Entry) -> bool,
) -> Vec<u64> {
    counter.most(
        scope
            .between(span.from, span.to)
            .filter(|(_, e)| counts(e))
            .filter_map(|(_, e)| e.member()),
    )
}

/// What the most active percent of `members` did together, and how many they are (rounded up).
pub(crate) fn top_of(counts: &[u64], members: u64, percent: u64) -> (u64, u64) {
    // In whole numbers: 5 % of 140 is 7, where 0.05 × 140 is a little more.
    let k = (members * percent).div_ceil(100) as usize;
    (counts.iter().take(k).sum(), k.min(counts.len()) as u64)
}

/// Attended ÷ registered, each with the people behind it. Who came without registering is among the attended, so that it may pass 1;
/// then it has no interval.
fn show_up(cell: Cell, registered: (u64, u64), attended: (u64, u64)) -> Cell {
    let people = registered.1;
    cell.share(
        attended.0,
        registered.0,
        people,
        "nobody registered in the period",
    )
    .groups(&[attended.1, people.saturating_sub(attended.1)])
}

/// Show-up of every live.
fn lives(
    run: &Run<'_>,
    scope: &Scope<'_>,
    place: &Place,
    material: &Material,
    counter: &mut Counter,
    out: &mut Vec<Cell>,
) {
    let mut units = material.registered.clone();
    units.sort_unstable_by_key(|u| (u.item, u.at, u.person));
    let came = material.attended(i64::MIN, run.now);
    for live in units.chunk_by(|a, b| a.item == b.item) {
        let Some(name) = scope.activity.subjects.get(&live[0].item) else {
            continue;
        };
        let people = counter.distinct(live.iter().map(|u| u.person));
        for span in spans("all", run.first, run.as_of, &run.zone, run.fiscal) {
            let cell = place.cell("live_show_up_rate", &span, "share").item(name);
            let from = came.partition_point(|a| a.0 < live[0].item);
            let here = came[from..].partition_point(|a| a.0 == live[0].item) as u64;
            let registered = (live.len() as u64, people);
            out.push(show_up(cell, registered, (here, here)));
        }
    }
    // Lives to which people came and nobody had registered.
    for live in came.chunk_by(|a, b| a.0 == b.0) {
        let registered = units.binary_search_by_key(&live[0].0, |u| u.item).is_ok();
        let name = scope.activity.subjects.get(&live[0].0);
        let Some(name) = name.filter(|_| !registered) else {
            continue;
        };
        for span in spans("all", run.first, run.as_of, &run.zone, run.fiscal) {
            let cell = place.cell("live_show_up_rate", &span, "share").item(name);
            out.push(cell.missing("nobody registered in the period"));
        }
    }
}
