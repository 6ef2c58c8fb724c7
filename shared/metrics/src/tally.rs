//! Counting one period of one scope in a single pass over its events.

use levier_domain::event::Kind;

use crate::activity::{Activity, Entry, NOWHERE, flag};
use crate::scope::{Marks, Scope};

/// What is counted, each with the distinct people behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum What {
    /// Contributions.
    Contributions,
    /// Contributions by who was a member at the time.
    ByMembers,
    /// Messages.
    Messages,
    /// Messages that everybody sees.
    Public,
    /// Messages in closed channels and direct ones.
    Private,
    /// Reactions.
    Reactions,
    /// Contributions that are neither.
    Other,
    /// Content published.
    Content,
    /// Threads opened by members.
    Posts,
    /// Views.
    Views,
    /// Interactions with somebody.
    Interactions,
    /// Those from member to other member.
    ManyToMany,
    /// Messages with a sentiment.
    Scored,
    /// Badges, points, challenges.
    Badges,
    /// Polls answered.
    Polls,
    /// Surveys answered.
    Surveys,
    /// Threads in feedback channels.
    Feedback,
    /// Threads off product.
    OffProduct,
    /// Threads opened by anybody.
    Threads,
    /// Messages that are one to one.
    Direct,
}

const N: usize = 20;

/// Counts of one period.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    counts: [u64; N],
    people: [u64; N],
    /// Sum of sentiments, in units of [`crate::activity::SENTIMENT_SCALE`].
    pub sentiment: i64,
    /// Sum of points × 1000.
    pub points: i64,
}

/// To whom an interaction goes.
#[must_use]
pub fn counterpart(activity: &Activity, entry: &Entry) -> Option<u32> {
    let social = entry.kind() == Kind::ReactionAdded
        || (entry.kind() == Kind::MessagePosted && !entry.has(flag::DIRECT));
    if !social {
        return None;
    }
    let parent = (entry.parent != NOWHERE).then(|| activity.entries[entry.parent as usize].actor);
    activity.person_of(parent.unwrap_or(entry.target))
}

impl Tally {
    /// Counts `from <= at < to`.
    #[must_use]
    pub fn of(scope: &Scope<'_>, marks: &mut Marks, from: i64, to: i64) -> Self {
        let mut tally = Self::default();
        marks.clear();
        let activity = scope.activity;
        for (_, entry) in scope.between(from, to) {
            let kind = entry.kind();
            if kind == Kind::MessagePosted && entry.has(flag::OPENER) {
                tally.threads(activity, entry, marks);
            }
            if let (Some(from), Some(to)) = (
                activity.person_of(entry.actor),
                counterpart(activity, entry),
            ) && from != to
            {
                tally.add(What::Interactions, from, marks);
                if !activity.people[from as usize].staff && !activity.people[to as usize].staff {
                    tally.add(What::ManyToMany, from, marks);
                }
            }
            let Some(person) = scope.who(entry) else {
                continue;
            };
            if kind.is_contribution() {
                tally.add(What::Contributions, person, marks);
                if scope.spans.member_at(person, entry.at) {
                    tally.add(What::ByMembers, person, marks);
                }
            }
            match kind {
                Kind::MessagePosted => tally.message(entry, person, marks),
                Kind::ReactionAdded => tally.add(What::Reactions, person, marks),
                Kind::ContentPublished => {
                    tally.add(What::Other, person, marks);
                    tally.add(What::Content, person, marks);
                }
                Kind::LiveAttended => tally.add(What::Other, person, marks),
                Kind::SurveyAnswered => {
                    tally.add(What::Other, person, marks);
                    tally.add(What::Surveys, person, marks);
                }
                Kind::PollAnswered => {
                    tally.add(What::Other, person, marks);
                    tally.add(What::Polls, person, marks);
                }
                Kind::ContentViewed => tally.add(What::Views, person, marks),
                Kind::BadgeAwarded => {
                    tally.add(What::Badges, person, marks);
                    if entry.score != i32::MIN {
                        tally.points += i64::from(entry.score);
                    }
                }
                _ => {}
            }
        }
        tally
    }

    fn message(&mut self, entry: &Entry, person: u32, marks: &mut Marks) {
        self.add(What::Messages, person, marks);
        let private = entry.has(flag::PRIVATE) || entry.has(flag::DIRECT);
        self.add(
            if private { What::Private } else { What::Public },
            person,
            marks,
        );
        if entry.has(flag::DIRECT) {
            self.add(What::Direct, person, marks);
        }
        if entry.has(flag::OPENER) {
            self.add(What::Posts, person, marks);
        }
        if entry.has(flag::SCORED) {
            self.add(What::Scored, person, marks);
            self.sentiment += i64::from(entry.sentiment);
        }
    }

    fn threads(&mut self, activity: &Activity, entry: &Entry, marks: &mut Marks) {
        let Some(person) = activity.person_of(entry.actor) else {
            return;
        };
        self.add(What::Threads, person, marks);
        if entry.has(flag::OFF_PRODUCT) {
            self.add(What::OffProduct, person, marks);
        }
        if entry.has(flag::FEEDBACK) {
            self.add(What::Feedback, person, marks);
        }
    }

    fn add(&mut self, what: What, person: u32, marks: &mut Marks) {
        self.counts[what as usize] += 1;
        self.people[what as usize] += u64::from(marks.first(person, what as u32));
    }

    /// How often.
    #[must_use]
    pub fn n(&self, what: What) -> u64 {
        self.counts[what as usize]
    }

    /// By how many people.
    #[must_use]
    pub fn people(&self, what: What) -> u64 {
        self.people[what as usize]
    }
}
