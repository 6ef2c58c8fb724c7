//! What the platforms send, in the order in which it is received: late, twice, of unknown types and cut short now and then.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::activity::{Happening, Happenings, Via};
use crate::calendar::instant;
use crate::company::Company;
use crate::payload::{noise, parts};
use crate::people::Home;
use crate::random::mix;

/// One webhook before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedDelivery {
    /// Name of the configured source: the route is `/hooks/{source}`.
    pub source: String,
    /// When it arrives.
    pub received_at: Timestamp,
    /// The sender's id of this delivery (`webhook-id`, `svix-id`…); a redelivery has another.
    pub delivery_id: String,
    /// Headers that the platform sets beyond the signature and `Content-Type: application/json`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What the deliveries of one source must come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceExpected {
    /// Webhooks sent.
    pub deliveries: u64,
    /// Distinct canonical events.
    pub events: u64,
    /// Bodies sent again.
    pub duplicates: u64,
    /// Bodies of unknown types (each counted once).
    pub ignored: u64,
    /// Bodies that are no JSON.
    pub quarantined: u64,
    /// Discourse only: `post_created` of first posts, each telling the same message as its `topic_created`. Either one is the
    /// event (it is in `events`), the other is a duplicate or ignored: never a second message.
    pub echoes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Content {
    Event(u8),
    Unknown,
    Broken,
}

/// One planned delivery, ordered by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Plan {
    received: i64,
    happening: Happening,
    content: Content,
    again: bool,
}

struct Plans<'a> {
    company: &'a Company,
    happenings: Happenings<'a>,
    next: Option<Happening>,
    waiting: BinaryHeap<Reverse<Plan>>,
}

impl Plans<'_> {
    /// Puts the deliveries that tell of something into the heap. None arrives before it happened.
    fn plan(&mut self, happening: Happening) {
        let dice = mix(self.company.seed ^ mix(happening.id ^ (happening.via.as_number() << 32)));
        let roll = |shift: u32, range: u64| (dice >> shift) % range;
        let mut received = happening.at + 400_000 + roll(3, 3_000_000) as i64;
        if roll(7, 100) == 0 {
            received += 3_600_000_000 + roll(11, 36 * 3_600) as i64 * 1_000_000;
        }
        let mut push = |received, content, again| {
            self.waiting.push(Reverse(Plan {
                received,
                happening,
                content,
                again,
            }));
        };
        for part in 0..parts(&happening) {
            let received = received + i64::from(part) * 700_000;
            push(received, Content::Event(part), false);
            if roll(13 + u32::from(part), 83) == 0 {
                let later = received + 60_000_000 + roll(17, 3_600) as i64 * 1_000_000;
                push(later, Content::Event(part), true);
            }
        }
        if roll(23, 250) == 0 {
            push(received + 1_500_000, Content::Unknown, false);
        }
        if roll(29, 2_500) == 0 {
            push(received + 2_500_000, Content::Broken, false);
        }
    }
}

impl Iterator for Plans<'_> {
    type Item = Plan;

    fn next(&mut self) -> Option<Plan> {
        // Whatever happens later is also received later than `next.at`.
        while let Some(happening) = self.next {
            if let Some(Reverse(plan)) = self.waiting.peek()
                && plan.received < happening.at
            {
                break;
            }
            self.plan(happening);
            self.next = self.happenings.next();
        }
        self.waiting.pop().map(|Reverse(plan)| plan)
    }
}

impl Company {
    fn plans(&self) -> Plans<'_> {
        let mut happenings = self.happenings();
        let next = happenings.next();
        Plans {
            company: self,
            happenings,
            next,
            waiting: BinaryHeap::new(),
        }
    }

    /// All webhooks, in the order of arrival; unsigned: the caller signs as the platform does. About 1 % come hours late, 1 % come
    /// twice (same body, new delivery id), a few are of unknown types or cut short; [`Company::expected`] counts them.
    pub fn deliveries(&self) -> impl Iterator<Item = SimulatedDelivery> + '_ {
        self.plans().map(move |plan| {
            let happening = &plan.happening;
            let key = mix(happening.id ^ (happening.via.as_number() << 32));
            let (mut headers, body) = match plan.content {
                Content::Event(part) => self.payload(happening, part),
                Content::Unknown => noise(happening.via, false, key, happening.at),
                Content::Broken => noise(happening.via, true, key ^ 1, happening.at),
            };
            if plan.again && happening.via == Via::Home(Home::Slack) {
                headers.push(("X-Slack-Retry-Num".to_owned(), "1".to_owned()));
                headers.push(("X-Slack-Retry-Reason".to_owned(), "http_timeout".to_owned()));
            }
            let copy = match plan.content {
                Content::Event(part) => u64::from(part) << 1 | u64::from(plan.again),
                Content::Unknown => 8,
                Content::Broken => 9,
            };
            SimulatedDelivery {
                source: happening.via.source().to_owned(),
                received_at: instant(plan.received),
                delivery_id: format!("msg_{:016x}{:x}", key, copy),
                headers,
                body,
            }
        })
    }

    /// What the deliveries of each source must come to.
    #[must_use]
    pub fn expected_deliveries(&self) -> BTreeMap<String, SourceExpected> {
        let mut sources: BTreeMap<String, SourceExpected> = BTreeMap::new();
        for plan in self.plans() {
            let source = plan.happening.via.source();
            let counts = sources.entry(source.to_owned()).or_default();
            counts.deliveries += 1;
            match plan.content {
                _ if plan.again => counts.duplicates += 1,
                Content::Event(1..) => counts.echoes += 1,
                Content::Event(_) => counts.events += 1,
                Content::Unknown => counts.ignored += 1,
                Content::Broken => counts.quarantined += 1,
            }
        }
        sources
    }
}

impl Via {
    fn as_number(self) -> u64 {
        Self::ALL.iter().position(|via| *via == self).unwrap_or(0) as u64
    }
}
