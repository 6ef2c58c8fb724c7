//! From events, in any order, to an [`Activity`].
//!
//! Names become numbers as they come and are ranked at the end; builders of several days merge into one, so that days are read
//! side by side.

use std::collections::BTreeMap;

use jiff::Timestamp;
use levier_domain::event::{ANSWER_WORDS, Event, Kind, Visibility, attribute};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::activity::{
    Activity, Entry, Handle, NONE, NOWHERE, Person, SENTIMENT_SCALE, flag, position, stable_hash,
};
use crate::conversation;

/// Names to ids in the order of arrival; ranked at the end.
#[derive(Clone, Debug, Default)]
struct Names {
    ids: FxHashMap<String, u32>,
}

impl Names {
    fn id(&mut self, name: &str) -> u32 {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = self.ids.len() as u32;
        self.ids.insert(name.to_owned(), id);
        id
    }

    /// Takes the names of another; gives the id here of each id there.
    fn absorb(&mut self, other: Self) -> Vec<u32> {
        let mut here = vec![NONE; other.ids.len()];
        for (name, id) in other.ids {
            let next = self.ids.len() as u32;
            here[id as usize] = *self.ids.entry(name).or_insert(next);
        }
        here
    }

    /// The names in their order, and the new id of each old one.
    fn ranked(self) -> (Vec<String>, Vec<u32>) {
        let mut names: Vec<(String, u32)> = self.ids.into_iter().collect();
        names.sort_unstable();
        let mut rank = vec![0; names.len()];
        for (new, (_, old)) in names.iter().enumerate() {
            rank[*old as usize] = new as u32;
        }
        (names.into_iter().map(|(name, _)| name).collect(), rank)
    }
}

#[derive(Clone, Copy, Debug)]
struct HandleFacts {
    person: u32,
    bot: bool,
    staff: bool,
    segment: u32,
}

impl HandleFacts {
    const UNKNOWN: Self = Self {
        person: NONE,
        bot: false,
        staff: false,
        segment: NONE,
    };
}

/// What a roster says of one member.
#[derive(Clone, Copy, Debug, Default)]
pub struct RosterLine<'a> {
    /// Community.
    pub community: &'a str,
    /// Platform.
    pub platform: &'a str,
    /// Handle on the platform.
    pub handle: &'a str,
    /// When they joined.
    pub joined_at: Option<Timestamp>,
    /// When they left.
    pub left_at: Option<Timestamp>,
    /// When the roster was dropped.
    pub seen_at: Option<Timestamp>,
    /// Whether it names who invited them.
    pub invited: bool,
}

/// Collects events in any order.
#[derive(Clone, Debug, Default)]
pub struct ActivityBuilder {
    entries: Vec<Entry>,
    handles: Names,
    facts: Vec<HandleFacts>,
    people: Names,
    communities: Names,
    platforms: Names,
    channels: Names,
    segments: Names,
    questions: BTreeMap<u64, String>,
    subjects: BTreeMap<u64, String>,
    off_product: Vec<String>,
    feedback: Vec<String>,
    key: String,
}

impl ActivityBuilder {
    /// An empty one. Channels are tagged by the configuration of their community.
    #[must_use]
    pub fn new(config: &levier_domain::config::Config) -> Self {
        let tagged = |list: fn(&levier_domain::config::Community) -> &Vec<String>| {
            config
                .communities
                .iter()
                .flat_map(|(id, community)| {
                    list(community)
                        .iter()
                        .map(move |c| format!("{id}\u{1f}{c}"))
                })
                .collect()
        };
        Self {
            off_product: tagged(|c| &c.off_product_channels),
            feedback: tagged(|c| &c.feedback_channels),
            ..Self::default()
        }
    }

    /// How many events were taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn handle(&mut self, platform: &str, handle: &str) -> u32 {
        self.key.clear();
        self.key.push_str(platform);
        self.key.push(':');
        self.key.push_str(handle);
        let id = self.handles.id(&self.key);
        if id as usize == self.facts.len() {
            self.facts.push(HandleFacts::UNKNOWN);
        }
        id
    }

    fn learn(&mut self, handle: u32, person: Option<&str>, staff: bool, segment: Option<&str>) {
        let person = person.map(|person| self.people.id(person));
        let segment = segment.map(|segment| self.segments.id(segment));
        let facts = &mut self.facts[handle as usize];
        facts.staff |= staff;
        if let Some(person) = person {
            facts.person = person;
        }
        if let Some(segment) = segment {
            facts.segment = segment;
        }
    }

    /// Takes one event; `person`, `is_staff` and `segment` are those of its actor, as the identity graph and the CRM have
    /// them. They must be the same at every push of one handle.
    pub fn push(
        &mut self,
        event: &Event,
        person: Option<&str>,
        is_staff: bool,
        segment: Option<&str>,
    ) {
        let actor = event.actor.as_deref().map_or(NONE, |handle| {
            let id = self.handle(&event.platform, handle);
            self.learn(id, person, is_staff || event.is_staff, segment);
            self.facts[id as usize].bot |= event.is_bot;
            id
        });
        let target = event
            .target
            .as_deref()
            .map_or(NONE, |handle| self.handle(&event.platform, handle));
        let (platform, community) = (event.platform.as_str(), event.community.as_str());
        let channel_name = event.channel.as_deref().unwrap_or("");
        let hash = |text: &str| stable_hash(&[community, platform, text]);
        let subject = event.attributes.get(attribute::SUBJECT).map(String::as_str);
        // What names nothing stands for itself, but for steps of a funnel, which then meet per person.
        let funnel = matches!(
            event.kind,
            Kind::LiveRegistered
                | Kind::LiveAttended
                | Kind::NotificationDelivered
                | Kind::NotificationOpened
                | Kind::NotificationClicked
        );
        let item = event.message().or(subject).map_or_else(
            || {
                if funnel {
                    0
                } else {
                    stable_hash(&[&event.event_id])
                }
            },
            hash,
        );
        if matches!(
            event.kind,
            Kind::LiveScheduled | Kind::LiveRegistered | Kind::LiveAttended
        ) && let Some(name) = event.message().or(subject)
        {
            self.subjects.entry(item).or_insert_with(|| name.to_owned());
        }
        // A message without thread that answers nothing opens the thread that bears its own id.
        let own_thread = || {
            event
                .message()
                .filter(|_| event.kind == Kind::MessagePosted && event.reply_to.is_none())
        };
        let thread = event
            .thread
            .as_deref()
            .or_else(own_thread)
            .map_or(NOWHERE, |thread| {
                stable_hash(&[community, platform, channel_name, thread])
            });
        let mut flags = match event.visibility {
            Some(Visibility::Private) => flag::PRIVATE,
            Some(Visibility::Direct) => flag::DIRECT,
            _ => 0,
        };
        if event.is_question == Some(true) {
            flags |= flag::QUESTION;
            // An edit can make a question of what opened a thread.
            let edits_opener = event.kind == Kind::MessageEdited
                && (event.thread.is_none() || event.thread.as_deref() == event.message());
            if (event.kind == Kind::MessagePosted && event.reply_to.is_none()) || edits_opener {
                let name = event
                    .thread
                    .as_deref()
                    .or(event.message())
                    .unwrap_or(&event.event_id);
                self.questions.insert(item, name.to_owned());
            }
        }
        if event.text_length.is_some() {
            flags |= flag::TEXT;
        }
        let words = event.attributes.get(attribute::WORDS);
        if words.is_some_and(|n| n.parse().is_ok_and(|n: u32| n < ANSWER_WORDS)) {
            flags |= flag::SHORT;
        }
        if event.sentiment.is_some_and(f64::is_finite) {
            flags |= flag::SCORED;
        }
        if event.attributes.contains_key(attribute::INVITED_BY) {
            flags |= flag::INVITED;
        }
        if !channel_name.is_empty() {
            let tagged = format!("{community}\u{1f}{channel_name}");
            if self.off_product.contains(&tagged) {
                flags |= flag::OFF_PRODUCT;
            }
            if self.feedback.contains(&tagged) {
                flags |= flag::FEEDBACK;
            }
        }
        let sentiment = event.sentiment.map_or(0, |s| {
            (s.clamp(-1.0, 1.0) * f64::from(SENTIMENT_SCALE)).round() as i32
        });
        let score = event
            .attributes
            .get(attribute::SCORE)
            .and_then(|score| score.parse::<f64>().ok())
            .filter(|score| score.is_finite() && score.abs() < 2e6)
            .map_or(i32::MIN, |score| (score * 1000.0).round() as i32);
        let channel = event
            .channel
            .as_deref()
            .map_or(NONE, |channel| self.channels.id(channel));
        self.entries.push(Entry {
            at: event.occurred_at.as_microsecond(),
            item,
            parent: event.reply_to.as_deref().map_or(NOWHERE, hash),
            thread,
            actor,
            target,
            channel,
            sentiment,
            score,
            person: NONE,
            flags,
            community: self.communities.id(community) as u16,
            platform: self.platforms.id(platform) as u8,
            kind: position(event.kind),
        });
    }

    /// Takes what another has collected since, as if it had been pushed here.
    pub fn merge(&mut self, other: Self) {
        let handles = self.handles.absorb(other.handles);
        let people = self.people.absorb(other.people);
        let communities = self.communities.absorb(other.communities);
        let platforms = self.platforms.absorb(other.platforms);
        let channels = self.channels.absorb(other.channels);
        let segments = self.segments.absorb(other.segments);
        let here = |ids: &[u32], id: u32| ids.get(id as usize).copied().unwrap_or(NONE);
        for (fact, handle) in other.facts.into_iter().zip(&handles) {
            if *handle as usize >= self.facts.len() {
                self.facts
                    .resize(*handle as usize + 1, HandleFacts::UNKNOWN);
            }
            let known = &mut self.facts[*handle as usize];
            known.bot |= fact.bot;
            known.staff |= fact.staff;
            for (place, id) in [
                (&mut known.person, here(&people, fact.person)),
                (&mut known.segment, here(&segments, fact.segment)),
            ] {
                if id != NONE {
                    *place = id;
                }
            }
        }
        // An eighth at a time, not twice: fifty million entries are most of what a run keeps in memory.
        let (held, more) = (self.entries.len(), other.entries.len());
        if self.entries.capacity() < held + more {
            self.entries.reserve_exact(more.max(held / 8));
        }
        self.entries
            .extend(other.entries.into_iter().map(|entry| Entry {
                actor: here(&handles, entry.actor),
                target: here(&handles, entry.target),
                channel: here(&channels, entry.channel),
                community: here(&communities, u32::from(entry.community)) as u16,
                platform: here(&platforms, u32::from(entry.platform)) as u8,
                ..entry
            }));
        self.questions.extend(other.questions);
        for (item, name) in other.subjects {
            self.subjects.entry(item).or_insert(name);
        }
    }

    /// Takes one line of a roster: a membership that no event told. Without `joined_at` it holds from `seen_at` on, unless the
    /// member had left by then. Whom it is about is as for [`ActivityBuilder::push`].
    pub fn roster(
        &mut self,
        line: &RosterLine<'_>,
        person: Option<&str>,
        is_staff: bool,
        segment: Option<&str>,
    ) {
        let actor = self.handle(line.platform, line.handle);
        self.learn(actor, person, is_staff, segment);
        let community = self.communities.id(line.community) as u16;
        let platform = self.platforms.id(line.platform) as u8;
        let seen_at = line.seen_at.filter(|seen| {
            line.joined_at.is_none() && line.left_at.is_none_or(|left| left > *seen)
        });
        let invited = if line.invited { flag::INVITED } else { 0 };
        for (at, kind, flags) in [
            (line.joined_at, Kind::MemberJoined, flag::ROSTER | invited),
            (seen_at, Kind::MemberJoined, flag::ROSTER | flag::PRESUMED),
            (line.left_at, Kind::MemberLeft, flag::ROSTER),
        ] {
            if let Some(at) = at {
                self.entries.push(Entry {
                    at: at.as_microsecond(),
                    item: 0,
                    parent: NOWHERE,
                    thread: NOWHERE,
                    actor,
                    target: NONE,
                    channel: NONE,
                    sentiment: 0,
                    score: i32::MIN,
                    person: NONE,
                    flags,
                    community,
                    platform,
                    kind: position(kind),
                });
            }
        }
    }

    /// Says that a handle is a machine, which no event of its own may have told.
    pub fn machine(&mut self, platform: &str, handle: &str) {
        let id = self.handle(platform, handle);
        self.facts[id as usize].bot = true;
    }

    /// Says who stands behind every handle met so far: asked once a handle, not once an event.
    pub fn resolve<'w>(
        &mut self,
        who: impl Fn(&str, &str) -> (Option<&'w str>, bool, Option<&'w str>),
    ) {
        let names: Vec<(String, u32)> = self
            .handles
            .ids
            .iter()
            .map(|(name, id)| (name.clone(), *id))
            .collect();
        for (name, id) in names {
            if let Some((platform, handle)) = name.split_once(':') {
                let (person, staff, segment) = who(platform, handle);
                self.learn(id, person, staff, segment);
            }
        }
    }

    /// Ranks the names, sorts the events, cancels what was deleted or taken back, and finds threads, answers and stays.
    #[must_use]
    pub fn finish(self) -> Activity {
        let (handle_names, handle_rank) = self.handles.ranked();
        let (communities, community_rank) = self.communities.ranked();
        let (platforms, platform_rank) = self.platforms.ranked();
        let (channels, channel_rank) = self.channels.ranked();
        let (segments, segment_rank) = self.segments.ranked();
        let (person_names, person_rank) = self.people.ranked();

        let mut facts = vec![HandleFacts::UNKNOWN; handle_names.len()];
        for (old, fact) in self.facts.iter().enumerate() {
            facts[handle_rank[old] as usize] = *fact;
        }
        // Who is told of by some handle, and the handles of which nobody knows whose they are: both are in the order of their names.
        let mut told = vec![false; person_names.len()];
        for fact in facts.iter().filter(|fact| fact.person != NONE) {
            told[person_rank[fact.person as usize] as usize] = true;
        }
        let mut strangers = (0..handle_names.len())
            .filter(|handle| facts[*handle].person == NONE)
            .peekable();
        let mut person_of = vec![NONE; handle_names.len()];
        let mut place_of = vec![NONE; person_names.len()];
        let mut people: Vec<Person> = Vec::new();
        let person = |id: String, resolved: bool| Person {
            id,
            resolved,
            segment: u16::MAX,
            staff: false,
        };
        for (rank, id) in person_names.into_iter().enumerate() {
            if !told[rank] {
                continue;
            }
            while let Some(handle) = strangers.next_if(|handle| handle_names[*handle] <= id) {
                person_of[handle] = people.len() as u32;
                people.push(person(handle_names[handle].clone(), false));
            }
            place_of[rank] = people.len() as u32;
            people.push(person(id, true));
        }
        for handle in strangers {
            person_of[handle] = people.len() as u32;
            people.push(person(handle_names[handle].clone(), false));
        }
        for (fact, place) in facts.iter().zip(&mut person_of) {
            if fact.person != NONE {
                *place = place_of[person_rank[fact.person as usize] as usize];
            }
            let person = &mut people[*place as usize];
            person.staff |= fact.staff;
            let segment = segment_rank.get(fact.segment as usize);
            person.segment = person
                .segment
                .min(segment.map_or(u16::MAX, |rank| *rank as u16));
        }
        people.shrink_to_fit();
        let handles: Vec<Handle> = handle_names
            .into_iter()
            .zip(&facts)
            .zip(&person_of)
            .map(|((name, fact), person)| Handle {
                name,
                person: *person,
                bot: fact.bot,
            })
            .collect();

        let mut entries = self.entries;
        entries.shrink_to_fit();
        for entry in &mut entries {
            let ranked = |rank: &[u32], id: u32| rank.get(id as usize).copied().unwrap_or(NONE);
            entry.actor = ranked(&handle_rank, entry.actor);
            entry.target = ranked(&handle_rank, entry.target);
            entry.channel = ranked(&channel_rank, entry.channel);
            entry.community = ranked(&community_rank, u32::from(entry.community)) as u16;
            entry.platform = ranked(&platform_rank, u32::from(entry.platform)) as u8;
            if let Some(handle) = handles.get(entry.actor as usize).filter(|h| !h.bot) {
                entry.person = handle.person;
                if people[handle.person as usize].staff {
                    entry.flags |= flag::STAFF;
                }
            }
        }
        entries.par_sort_unstable();
        let mut activity = Activity {
            entries,
            handles,
            people,
            communities,
            platforms,
            channels,
            segments,
            threads: Vec::new(),
            stays: Vec::new(),
            questions: self.questions,
            subjects: self.subjects,
        };
        conversation::resolve(&mut activity);
        conversation::mark_interactions(&mut activity);
        activity.stays = crate::membership::stays(&activity);
        activity
    }
}
