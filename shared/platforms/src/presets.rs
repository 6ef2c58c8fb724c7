//! Mappings that ship, for platforms without a public webhook contract.
//!
//! None of these platforms documents its payloads, so each preset is a contract that the sender's side is set up to: the
//! platform's workflow, its Zap or its consultant posts these fields. `map` in `levier.toml` replaces a preset whole. Zapier and
//! Make post whatever they are told, so their preset is Levier's own form.

use levier_domain::config::MapRule;

/// One rule: kind, when, then the paths that differ from the preset's base.
type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

struct Preset {
    name: &'static str,
    base: &'static [(&'static str, &'static str)],
    rows: &'static [Row],
}

const PRESETS: &[Preset] = &[
    Preset {
        name: "circle",
        base: &[
            ("id", "item.id || item.data.id"),
            ("occurred_at", "item.created_at || item.data.created_at"),
            (
                "actor",
                "item.data.community_member_id || item.data.user_id || item.community_member_id || item.user_id",
            ),
            (
                "email",
                "item.data.user_email || item.data.email || item.user_email || item.email",
            ),
            ("channel", "item.data.space_id || item.space_id"),
        ],
        rows: &[
            (
                "message_posted",
                "contains(['post_created', 'post.created', 'topic_created'], item.event || item.type)",
                &[
                    ("thread", "item.data.id || item.id"),
                    ("text", "item.data.body || item.body"),
                    ("id", "item.data.id || item.id"),
                ],
            ),
            (
                "message_posted",
                "contains(['comment_created', 'comment.created'], item.event || item.type)",
                &[
                    // Posts and comments are numbered apart.
                    (
                        "id",
                        "(item.data.id || item.id) && join('/', ['comment', to_string(item.data.id || item.id)])",
                    ),
                    ("thread", "item.data.post_id || item.post_id"),
                    (
                        "reply_to",
                        "item.data.parent_comment_id && join('/', ['comment', to_string(item.data.parent_comment_id)]) || item.data.post_id || item.post_id",
                    ),
                    ("text", "item.data.body || item.body"),
                ],
            ),
            (
                "reaction_added",
                "contains(['like_created', 'post_liked', 'comment_liked', 'reaction.created'], item.event || item.type)",
                &[(
                    "reply_to",
                    "item.data.comment_id && join('/', ['comment', to_string(item.data.comment_id)]) || item.data.post_id || item.post_id",
                )],
            ),
            (
                "member_joined",
                "contains(['member_joined', 'community_member_created', 'member.created', 'member_added'], item.event || item.type)",
                &[(
                    "actor",
                    "item.data.id || item.data.community_member_id || item.id",
                )],
            ),
            (
                "member_left",
                "contains(['member_removed', 'community_member_deleted', 'member.deleted'], item.event || item.type)",
                &[(
                    "actor",
                    "item.data.id || item.data.community_member_id || item.id",
                )],
            ),
            (
                "live_registered",
                "contains(['event_rsvp', 'event_attendee_created', 'rsvp_created'], item.event || item.type)",
                &[("attributes", "{subject: item.data.event_id}")],
            ),
            (
                "live_attended",
                "contains(['event_attended', 'live_attended'], item.event || item.type)",
                &[("attributes", "{subject: item.data.event_id}")],
            ),
        ],
    },
    Preset {
        name: "hivebrite",
        base: &[
            ("id", "item.id || item.data.id"),
            (
                "occurred_at",
                "item.occurred_at || item.created_at || item.data.updated_at || item.data.created_at",
            ),
            (
                "actor",
                "item.data.user_id || item.user_id || item.data.user.id || item.user.id",
            ),
            (
                "email",
                "item.data.email || item.user.email || item.data.user.email || item.email",
            ),
            (
                "external_id",
                "item.data.external_id || item.user.external_id",
            ),
        ],
        rows: &[
            (
                "member_joined",
                "contains(['user.created', 'user.approved', 'user_created', 'user_activated'], item.event || item.type)",
                &[("actor", "item.data.id || item.user.id || item.data.user_id")],
            ),
            (
                "member_updated",
                "contains(['user.updated', 'user_updated'], item.event || item.type)",
                &[("actor", "item.data.id || item.user.id || item.data.user_id")],
            ),
            (
                "member_left",
                "contains(['user.deleted', 'user_deleted', 'user.deactivated'], item.event || item.type)",
                &[("actor", "item.data.id || item.user.id || item.data.user_id")],
            ),
            (
                "message_posted",
                "contains(['post.created', 'comment.created', 'forum_post.created'], item.event || item.type)",
                &[
                    ("channel", "item.data.group_id"),
                    (
                        "thread",
                        "item.data.topic_id || item.data.post_id || item.data.id",
                    ),
                    ("reply_to", "item.data.parent_id"),
                    ("text", "item.data.content || item.data.body"),
                ],
            ),
            (
                "live_registered",
                "contains(['event_registration.created', 'event.registration', 'booking.created'], item.event || item.type)",
                &[("attributes", "{subject: item.data.event_id}")],
            ),
            (
                "live_attended",
                "contains(['event.attended', 'attendance.created', 'booking.checked_in'], item.event || item.type)",
                &[("attributes", "{subject: item.data.event_id}")],
            ),
            (
                "content_published",
                "contains(['news.published', 'project.created', 'job_offer.created'], item.event || item.type)",
                &[("attributes", "{subject: item.data.id}")],
            ),
        ],
    },
    Preset {
        name: "khoros",
        base: &[
            (
                "id",
                "item.id || item.payload.id || item.payload.message.uid || item.payload.message.id",
            ),
            (
                "occurred_at",
                "item.time || item.event_time || item.payload.message.post_time || item.payload.post_time",
            ),
            (
                "actor",
                "item.payload.message.author.id || item.payload.author.id || item.payload.user.id || item.author.id",
            ),
            ("email", "item.payload.user.email"),
            (
                "channel",
                "item.payload.message.board.id || item.payload.board.id",
            ),
        ],
        rows: &[
            (
                "message_posted",
                "contains(['MessageCreate', 'message.create', 'message_created'], item.event || item.type || item.event_type)",
                &[
                    (
                        "id",
                        "item.payload.message.id || item.payload.id || item.id",
                    ),
                    (
                        "thread",
                        "item.payload.message.topic.id || item.payload.topic.id",
                    ),
                    (
                        "reply_to",
                        "item.payload.message.parent.id || item.payload.parent.id",
                    ),
                    ("text", "item.payload.message.body || item.payload.body"),
                ],
            ),
            (
                "message_edited",
                "contains(['MessageUpdate', 'message.update'], item.event || item.type || item.event_type)",
                &[("attributes", "{message: item.payload.message.id}")],
            ),
            (
                "message_deleted",
                "contains(['MessageDelete', 'message.delete'], item.event || item.type || item.event_type)",
                &[("attributes", "{message: item.payload.message.id}")],
            ),
            (
                "reaction_added",
                "contains(['KudosGiven', 'kudos.create', 'kudo'], item.event || item.type || item.event_type)",
                &[
                    ("reply_to", "item.payload.message.id"),
                    ("actor", "item.payload.user.id"),
                    ("target", "item.payload.message.author.id"),
                ],
            ),
            (
                "answer_accepted",
                "contains(['SolutionAccepted', 'solution.accept', 'MarkAcceptedSolution'], item.event || item.type || item.event_type)",
                &[
                    ("reply_to", "item.payload.message.id"),
                    ("actor", "item.payload.user.id"),
                    ("target", "item.payload.message.author.id"),
                    ("thread", "item.payload.message.topic.id"),
                ],
            ),
            (
                "member_joined",
                "contains(['UserCreate', 'UserRegistration', 'user.create'], item.event || item.type || item.event_type)",
                &[("actor", "item.payload.user.id")],
            ),
            (
                "member_left",
                "contains(['UserDelete', 'user.close'], item.event || item.type || item.event_type)",
                &[("actor", "item.payload.user.id")],
            ),
            (
                "badge_awarded",
                "contains(['UserBadgeEarned', 'badge.earned', 'UserRankChange'], item.event || item.type || item.event_type)",
                &[
                    ("actor", "item.payload.user.id"),
                    ("attributes", "{subject: item.payload.badge.id}"),
                ],
            ),
        ],
    },
    Preset {
        name: "tokywoky",
        base: &[
            ("id", "item.id"),
            (
                "occurred_at",
                "item.created_at || item.date || item.timestamp",
            ),
            ("actor", "item.user.id || item.user_id"),
            ("email", "item.user.email"),
            (
                "external_id",
                "item.user.external_id || item.user.customer_id",
            ),
            ("channel", "item.brand || item.channel"),
        ],
        rows: &[
            (
                "message_posted",
                "contains(['question', 'question_posted', 'answer', 'answer_posted', 'message', 'comment'], item.type)",
                &[
                    ("thread", "item.question_id || item.thread_id || item.id"),
                    ("reply_to", "item.question_id || item.parent_id"),
                    ("text", "item.text || item.content"),
                ],
            ),
            (
                "answer_accepted",
                "contains(['answer_accepted', 'best_answer'], item.type)",
                &[
                    ("reply_to", "item.answer_id"),
                    ("thread", "item.question_id"),
                    ("target", "item.answer_user_id"),
                ],
            ),
            (
                "reaction_added",
                "contains(['like', 'vote', 'thanks'], item.type)",
                &[("reply_to", "item.message_id || item.answer_id")],
            ),
            (
                "content_published",
                "contains(['review', 'review_posted', 'photo', 'video', 'mission_content'], item.type)",
                &[
                    (
                        "attributes",
                        "{subject: item.product_id, score: item.rating}",
                    ),
                    ("text", "item.text || item.content"),
                ],
            ),
            (
                "survey_answered",
                "contains(['survey', 'poll_survey', 'mission_survey'], item.type)",
                &[(
                    "attributes",
                    "{subject: item.mission_id || item.survey_id, score: item.score}",
                )],
            ),
            (
                "poll_answered",
                "contains(['poll', 'quiz'], item.type)",
                &[("attributes", "{subject: item.mission_id || item.poll_id}")],
            ),
            (
                "badge_awarded",
                "contains(['badge', 'points', 'level', 'mission_completed'], item.type)",
                &[(
                    "attributes",
                    "{subject: item.badge_id || item.mission_id, score: item.points}",
                )],
            ),
            (
                "member_joined",
                "contains(['registration', 'member_joined', 'user_created'], item.type)",
                &[],
            ),
            (
                "member_left",
                "contains(['unregistration', 'member_left', 'user_deleted'], item.type)",
                &[],
            ),
        ],
    },
    Preset {
        name: "superconnectr",
        base: &[
            ("id", "item.id || item.event_id"),
            (
                "occurred_at",
                "item.occurred_at || item.created_at || item.timestamp",
            ),
            ("actor", "item.member.id || item.user.id || item.member_id"),
            ("email", "item.member.email || item.user.email"),
            ("phone", "item.member.phone || item.user.phone"),
            ("channel", "item.community_id || item.group_id"),
        ],
        rows: &[
            (
                "member_joined",
                "contains(['member.joined', 'member_joined', 'member.created'], item.type || item.event)",
                &[],
            ),
            (
                "member_left",
                "contains(['member.left', 'member_left', 'member.deleted'], item.type || item.event)",
                &[],
            ),
            (
                "member_updated",
                "contains(['member.updated', 'member_updated'], item.type || item.event)",
                &[],
            ),
            (
                "message_posted",
                "contains(['message.posted', 'post.created', 'message_posted', 'comment.created'], item.type || item.event)",
                &[
                    ("thread", "item.thread_id || item.post_id"),
                    ("reply_to", "item.reply_to || item.parent_id"),
                    ("text", "item.text || item.content"),
                ],
            ),
            (
                "reaction_added",
                "contains(['reaction.added', 'like.created', 'reaction_added'], item.type || item.event)",
                &[("reply_to", "item.message_id || item.post_id")],
            ),
            (
                "invite_accepted",
                "contains(['invitation.accepted', 'introduction.accepted', 'invite_accepted'], item.type || item.event)",
                &[
                    ("target", "item.invited_by.id"),
                    ("attributes", "{invited_by: item.invited_by.id}"),
                ],
            ),
            (
                "live_registered",
                "contains(['event.registered', 'live_registered'], item.type || item.event)",
                &[("attributes", "{subject: item.event_id}")],
            ),
            (
                "live_attended",
                "contains(['event.attended', 'live_attended'], item.type || item.event)",
                &[("attributes", "{subject: item.event_id}")],
            ),
        ],
    },
    Preset {
        name: "gamification",
        base: &[
            ("id", "item.id || item.transaction_id"),
            (
                "occurred_at",
                "item.created_at || item.awarded_at || item.timestamp",
            ),
            (
                "actor",
                "item.player.id || item.user.id || item.player_id || item.user_id",
            ),
            ("email", "item.player.email || item.user.email"),
            (
                "attributes",
                "{subject: item.badge_id || item.challenge_id || item.reward_id || item.level, score: item.points}",
            ),
        ],
        rows: &[
            (
                "badge_awarded",
                "contains(['badge', 'badge_awarded', 'reward', 'level', 'level_up', 'points', 'challenge_completed', 'mission_completed'], item.type || item.event)",
                &[],
            ),
            (
                "survey_answered",
                "contains(['survey', 'quiz_completed'], item.type || item.event)",
                &[],
            ),
            (
                "content_viewed",
                "contains(['content_viewed', 'view'], item.type || item.event)",
                &[],
            ),
        ],
    },
    Preset {
        name: "mention",
        base: &[
            ("id", "item.data.id"),
            (
                "occurred_at",
                "item.data.published_at || item.data.created_at",
            ),
            ("channel", "item.data.source_type"),
            ("text", "item.data.description || item.data.title"),
            (
                "attributes",
                "{subject: item.alert || item.data.alert_id, score: item.data.tone}",
            ),
        ],
        rows: &[("mention_seen", "item.event == 'mention'", &[])],
    },
    Preset {
        name: "zapier",
        base: &[],
        rows: &[],
    },
    Preset {
        name: "make",
        base: &[],
        rows: &[],
    },
];

/// The names of all presets.
#[must_use]
pub fn names() -> Vec<&'static str> {
    PRESETS.iter().map(|preset| preset.name).collect()
}

/// The rules of a preset; none where it is Levier's own form, `None` where there is no such preset.
///
/// Each preset reads one event a body, or a list of them in `events`.
pub(crate) fn find(name: &str) -> Option<Vec<MapRule>> {
    let preset = PRESETS.iter().find(|preset| preset.name == name)?;
    let mut rules = Vec::new();
    for (kind, when, own) in preset.rows {
        let mut rule = MapRule {
            each: Some(LIST.to_owned()),
            when: Some((*when).to_owned()),
            kind: (*kind).to_owned(),
            ..MapRule::default()
        };
        for (field, path) in preset.base.iter().chain(own.iter()) {
            put(&mut rule, field, path);
        }
        rules.push(rule);
    }
    Some(rules)
}

/// One event a body, a list of them, or a list under `events`.
const LIST: &str = "body.events || body";

fn put(rule: &mut MapRule, field: &str, path: &str) {
    let path = path.to_owned();
    match field {
        "id" => rule.id = path,
        "occurred_at" => rule.occurred_at = path,
        "actor" => rule.actor = Some(path),
        "email" => rule.email = Some(path),
        "phone" => rule.phone = Some(path),
        "external_id" => rule.external_id = Some(path),
        "target" => rule.target = Some(path),
        "channel" => rule.channel = Some(path),
        "thread" => rule.thread = Some(path),
        "reply_to" => rule.reply_to = Some(path),
        "text" => rule.text = Some(path),
        "attributes" => rule.attributes = Some(path),
        _ => {}
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::mapping::Mapping;

    #[test]
    fn every_preset_compiles() {
        for name in names() {
            let rules = find(name).unwrap();
            if let Err((rule, field, problem)) = Mapping::compile(&rules) {
                panic!("{name}: rule {rule}: {field}: {problem}");
            }
        }
        assert!(find("myspace").is_none());
    }
}
