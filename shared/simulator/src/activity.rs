//! What happens in the community, in order of time: joins, threads, reactions, lives, departures.
//!
//! Threads are drawn day by day, each from its own stream; who takes part is picked among those who are members at that instant, by
//! appetite. What a day starts may go on for at most [`SPILL_DAYS`], and waits in a heap until its time, so that the stream is
//! sorted and memory does not grow with the history.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use rand_chacha::ChaCha8Rng;

use crate::company::{Company, Member};
use crate::people::Home;
use crate::random::{Purpose, below, normal, poisson, stream, uniform};

/// Longest time from the opening of a thread to its last event.
const SPILL_DAYS: f64 = 10.0;
const HOUR: f64 = 3_600e6;

/// Which system tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Via {
    Home(Home),
    Zoom,
    MeltingSpot,
}

impl Via {
    pub(crate) const ALL: [Self; 8] = [
        Self::Home(Home::Slack),
        Self::Home(Home::Discourse),
        Self::Home(Home::Own),
        Self::Home(Home::Forum),
        Self::Home(Home::Discord),
        Self::Home(Home::Whatsapp),
        Self::Zoom,
        Self::MeltingSpot,
    ];

    /// Name of the configured source.
    pub(crate) fn source(self) -> &'static str {
        match self {
            Self::Home(Home::Slack) => "slack",
            Self::Home(Home::Discourse) => "discourse",
            Self::Home(Home::Own) => "community",
            Self::Home(Home::Forum) => "forum",
            Self::Home(Home::Discord) => "discord",
            Self::Home(Home::Whatsapp) => "whatsapp",
            Self::Zoom => "zoom",
            Self::MeltingSpot => "meltingspot",
        }
    }
}

/// One conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Thread {
    pub id: u64,
    pub at: i64,
    pub author: u32,
    pub question: bool,
    pub french: bool,
    pub text: u64,
    pub channel: u8,
}

/// A message of a thread: number 1 opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Message {
    pub number: u32,
    pub at: i64,
    pub author: u32,
    pub text: u64,
    /// Whether it answers (else it thanks).
    pub answer: bool,
}

/// One live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Live {
    pub number: u32,
    pub at: i64,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    Joined,
    Left,
    Opened(Thread),
    Replied(Thread, Message),
    Reacted(Thread, Message, u8),
    Accepted(Thread, Message),
    LiveScheduled(Live),
    LiveRegistered(Live),
    LiveAttended(Live),
}

/// One thing that happened; ordered by time, then by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Happening {
    /// Microseconds since the epoch.
    pub at: i64,
    /// Unique in the company.
    pub id: u64,
    pub via: Via,
    pub actor: u32,
    pub what: What,
}

/// All that happens, in order of time.
pub(crate) struct Happenings<'a> {
    company: &'a Company,
    day: usize,
    waiting: BinaryHeap<Reverse<Happening>>,
    ready: VecDeque<Happening>,
}

impl Company {
    pub(crate) fn happenings(&self) -> Happenings<'_> {
        Happenings {
            company: self,
            day: self.calendar.days_of(*crate::model::JOINING.start()).start,
            waiting: BinaryHeap::new(),
            ready: VecDeque::new(),
        }
    }
}

impl Iterator for Happenings<'_> {
    type Item = Happening;

    fn next(&mut self) -> Option<Happening> {
        loop {
            if let Some(happening) = self.ready.pop_front() {
                return Some(happening);
            }
            if self.day >= self.company.calendar.days() {
                return None;
            }
            let mut fresh = Vec::new();
            self.company.day(self.day, &mut fresh);
            self.waiting.extend(fresh.into_iter().map(Reverse));
            self.day += 1;
            let until = self.company.calendar.micros(self.day, 0.0);
            while let Some(Reverse(next)) = self.waiting.peek() {
                if next.at >= until {
                    break;
                }
                self.ready.push_back(*next);
                self.waiting.pop();
            }
        }
    }
}

impl Company {
    /// Everything that begins on one day.
    fn day(&self, day: usize, out: &mut Vec<Happening>) {
        let calendar = &self.calendar;
        let (from, until) = (calendar.micros(day, 0.0), calendar.micros(day + 1, 0.0));
        let roster = &self.roster;
        let first = roster.all.partition_point(|member| member.joined_at < from);
        for member in &roster.all[first..] {
            if member.joined_at >= until {
                break;
            }
            // Discord and WhatsApp do not tell of joins: a dropped roster does.
            if !matches!(member.home, Home::Discord | Home::Whatsapp) {
                out.push(self.passage(member, member.joined_at, What::Joined));
            }
        }
        let first = roster
            .leavers
            .partition_point(|member| member.left_at < from);
        for member in &roster.leavers[first..] {
            if member.left_at >= until {
                break;
            }
            if !matches!(member.home, Home::Discord | Home::Whatsapp) {
                out.push(self.passage(member, member.left_at, What::Left));
            }
        }
        let present = roster.all[..first_after(&roster.all, from)].len()
            - roster
                .leavers
                .partition_point(|member| member.left_at < from);
        let mut rng = stream(self.seed, Purpose::Threads, (day as u64) << 24 | 0xff_ffff);
        let weekend = matches!(calendar.date(day).weekday().to_monday_zero_offset(), 5 | 6);
        let pace = if weekend { 0.6 } else { 1.16 };
        let threads = poisson(&mut rng, roster.thread_rate * pace * present as f64);
        for number in 0..threads {
            self.thread(day, u64::from(number), out);
        }
        // A live on every second Tuesday.
        let date = calendar.date(day);
        if date.weekday().to_monday_zero_offset() == 1 && (day / 7).is_multiple_of(2) {
            self.live_on(day, out);
        }
        out.retain(|happening| happening.at < calendar.end_micros());
    }

    fn passage(&self, member: &Member, at: i64, what: What) -> Happening {
        let side = u64::from(what == What::Left);
        Happening {
            at,
            id: 1 << 63 | side << 40 | u64::from(member.number),
            via: Via::Home(member.home),
            actor: member.number,
            what,
        }
    }

    /// One conversation with its replies, reactions and accepted answer.
    fn thread(&self, day: usize, number: u64, out: &mut Vec<Happening>) {
        let mut rng = stream(self.seed, Purpose::Threads, (day as u64) << 24 | number);
        let second = 7.5f64.mul_add(3_600.0, 54_000.0 * uniform(&mut rng));
        let at = self.calendar.micros(day, second);
        let Some(author) = pick(&mut rng, &self.roster.all, at, 1, &[]) else {
            return;
        };
        let home = author.home;
        let question = uniform(&mut rng) < 0.55 && !author.staff;
        let thread = Thread {
            id: (day as u64) * 100_000 + number,
            at,
            author: author.number,
            question,
            french: self.census.is_french(author.number),
            text: below(&mut rng, u64::MAX),
            channel: channel(&mut rng, question),
        };
        let mut messages = vec![Message {
            number: 1,
            at,
            author: author.number,
            text: thread.text,
            answer: false,
        }];
        self.replies(&mut rng, home, thread, &mut messages);
        let mut serial = 0;
        let mut push = |at: i64, actor: u32, what: What| {
            out.push(Happening {
                at,
                id: thread.id << 8 | serial,
                via: Via::Home(home),
                actor,
                what,
            });
            serial += 1;
        };
        push(at, author.number, What::Opened(thread));
        for message in &messages[1..] {
            push(message.at, message.author, What::Replied(thread, *message));
        }
        let limit = at + (SPILL_DAYS * 24.0 * HOUR) as i64 - 1;
        if home != Home::Discord {
            for message in messages.iter().take(2) {
                let mean = if message.number == 1 { 0.9 } else { 0.6 };
                let mut seen = vec![message.author];
                for _ in 0..poisson(&mut rng, mean) {
                    let later = message.at + (HOUR * (0.02 + 12.0 * uniform(&mut rng))) as i64;
                    let members = &self.roster.homes[home as usize];
                    let emoji = below(&mut rng, 4) as u8;
                    if let Some(by) = pick(&mut rng, members, later, 1, &seen) {
                        seen.push(by.number);
                        push(
                            later.min(limit),
                            by.number,
                            What::Reacted(thread, *message, emoji),
                        );
                    }
                }
            }
        }
        if question
            && home == Home::Discourse
            && let Some(answer) = messages.iter().skip(1).find(|message| message.answer)
            && uniform(&mut rng) < 0.5
        {
            let later = answer.at + (HOUR * (0.2 + 20.0 * uniform(&mut rng))) as i64;
            push(
                later.min(limit),
                thread.author,
                What::Accepted(thread, *answer),
            );
        }
    }

    fn replies(
        &self,
        rng: &mut ChaCha8Rng,
        home: Home,
        thread: Thread,
        messages: &mut Vec<Message>,
    ) {
        let answered = uniform(rng) < 0.84;
        let count = match thread.question {
            true if answered => 1 + poisson(rng, 0.7),
            true => 0,
            false => poisson(rng, 1.1),
        };
        let mut at = thread.at;
        for nth in 0..count {
            let (median, cap) = if nth == 0 { (2.5, 96.0) } else { (1.5, 20.0) };
            let delay = (median * normal(rng).mul_add(1.2, 0.0).exp()).clamp(0.05, cap);
            at += (delay * HOUR) as i64;
            let members = &self.roster.homes[home as usize];
            let staff = uniform(rng) < if nth == 0 { 0.3 } else { 0.1 } && home != Home::Whatsapp;
            let author = if staff {
                Some(self.staff(below(rng, u64::from(self.headcount().staff)) as u32))
            } else {
                // Helping is rarer than posting: champions come from the square of appetite.
                pick(rng, members, at, 2, &[thread.author]).map(|member| member.number)
            };
            let Some(author) = author else { continue };
            messages.push(Message {
                number: messages.len() as u32 + 1,
                at,
                author,
                text: below(rng, u64::MAX),
                answer: thread.question,
            });
        }
        if thread.question && messages.len() > 1 && uniform(rng) < 0.35 {
            let stays = self.is_member(thread.author, at + HOUR as i64 * 5);
            at += (HOUR * (0.1 + 4.0 * uniform(rng))) as i64;
            let text = below(rng, u64::MAX);
            if stays {
                messages.push(Message {
                    number: messages.len() as u32 + 1,
                    at,
                    author: thread.author,
                    text,
                    answer: false,
                });
            }
        }
    }

    /// One live: announced a week before, some register, most of them come.
    fn live_on(&self, day: usize, out: &mut Vec<Happening>) {
        let mut rng = stream(self.seed, Purpose::Lives, day as u64);
        let number = (day / 14) as u32;
        let start = self.calendar.micros(day, 18.5 * 3_600.0);
        let via = match number % 4 {
            0 | 2 => Via::Home(Home::Own),
            1 => Via::Zoom,
            _ => Via::MeltingSpot,
        };
        let live = Live { number, at: start };
        let announced = self.calendar.micros(day, 10.0 * 3_600.0);
        let mut serial = 0;
        let mut push = |at: i64, actor: u32, what: What| {
            out.push(Happening {
                at,
                id: 1 << 62 | u64::from(number) << 24 | serial,
                via,
                actor,
                what,
            });
            serial += 1;
        };
        if via == Via::Home(Home::Own) {
            push(announced, self.staff(0), What::LiveScheduled(live));
        }
        let present = first_after(&self.roster.all, announced);
        let mut guests: Vec<u32> = Vec::new();
        for member in &self.roster.all[..present] {
            let comes = uniform(&mut rng) < 0.13 * f64::from(member.vigour);
            if comes && !member.staff && member.left_at > start + 86_400_000_000 {
                guests.push(member.number);
            }
        }
        for guest in guests {
            let wait = (7.0 * HOUR * uniform(&mut rng)) as i64;
            if via != Via::Zoom {
                push(
                    announced + 60_000_000 + wait,
                    guest,
                    What::LiveRegistered(live),
                );
            }
            let late = (600e6 * uniform(&mut rng)) as i64;
            if via != Via::MeltingSpot && uniform(&mut rng) < 0.7 {
                push(start + late, guest, What::LiveAttended(live));
            }
        }
    }

    /// The number of the `nth` of staff.
    pub(crate) fn staff(&self, nth: u32) -> u32 {
        self.headcount().first_staff() + nth
    }

    pub(crate) fn is_staff(&self, number: u32) -> bool {
        self.headcount().is_staff(number)
    }

    fn is_member(&self, number: u32, at: i64) -> bool {
        self.person(number).is_member(at)
    }
}

fn first_after(members: &[Member], at: i64) -> usize {
    members.partition_point(|member| member.joined_at < at)
}

/// Somebody who is a member at an instant, chosen by the `power` of appetite; `None` where nobody is found.
fn pick<'a>(
    rng: &mut ChaCha8Rng,
    members: &'a [Member],
    at: i64,
    power: i32,
    but: &[u32],
) -> Option<&'a Member> {
    let present = first_after(members, at);
    for _ in 0..60 {
        let member = members.get(below(rng, present as u64) as usize)?;
        let draw = uniform(rng);
        if member.joined_at < at
            && member.left_at > at
            && draw < f64::from(member.vigour).powi(power)
            && !but.contains(&member.number)
        {
            return Some(member);
        }
    }
    None
}

/// Which channel: 0 and 1 are for questions, 2 for ideas, 3 for chat.
fn channel(rng: &mut ChaCha8Rng, question: bool) -> u8 {
    let draw = uniform(rng);
    match (question, draw) {
        (true, _) if draw < 0.6 => 0,
        (true, _) => 1,
        (false, _) if draw < 0.25 => 2,
        (false, _) if draw < 0.7 => 3,
        (false, _) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{CompanyOptions, Scale};
    use std::collections::HashSet;

    #[test]
    fn what_happens_is_sorted_unique_and_done_by_members() {
        let options = CompanyOptions {
            customers: Some(400),
            ..CompanyOptions::new(Scale::Small)
        };
        let company = Company::with_options(options, 3, jiff::civil::date(2026, 11, 1));
        let all: Vec<Happening> = company.happenings().collect();
        assert!(all.windows(2).all(|pair| pair[0].at <= pair[1].at));
        let ids: HashSet<(u64, Via)> = all.iter().map(|each| (each.id, each.via)).collect();
        assert_eq!(ids.len(), all.len());
        let expected = 25.0 * 400.0;
        assert!(
            (all.len() as f64 / expected - 1.0).abs() < 0.15,
            "{}",
            all.len()
        );
        for each in &all {
            let person = company.person(each.actor);
            let joined = person.joined_at.unwrap_or(i64::MAX);
            assert!(joined <= each.at, "{each:?} before joining");
            assert!(
                person.left_at.is_none_or(|left| left >= each.at),
                "{each:?}"
            );
        }
    }
}
