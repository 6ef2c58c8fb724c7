//! One Graph notification as items: by its resource alone where it is basic, by its decrypted resource where it is rich.
//!
//! Both give a message the same id, so that a subscription may change from one to the other without counting twice.

use jiff::Timestamp;
use levier_domain::event::{Kind, Visibility};
use levier_domain::item::Item;
use serde_json::Value;

use crate::draft::Building;
use crate::ids;
use crate::platform::Origin;
use crate::read::{Read, need, unix, unknown_type, without_tags};

/// What the resource's path says: where, in which thread, which message.
struct Place {
    id: Option<String>,
    first: String,
    reply: Option<String>,
    seen_by: Visibility,
}

impl Place {
    /// `None` for what is no message of a channel or chat; mail is not the community's.
    fn of(resource: &str) -> Option<Self> {
        let channel = named(resource, "channels");
        let chat = named(resource, "chats");
        let seen_by = if channel.is_some() {
            Visibility::Public
        } else {
            Visibility::Private
        };
        Some(Self {
            id: Some(channel.or(chat)?),
            first: named(resource, "messages")?,
            reply: named(resource, "replies"),
            seen_by,
        })
    }

    fn message(&self) -> &str {
        self.reply.as_deref().unwrap_or(&self.first)
    }

    fn begin<'a>(
        &self,
        origin: &'a Origin<'a>,
        kind: Kind,
        at: Timestamp,
        version: &str,
    ) -> Building<'a> {
        let place = self.id.as_deref().unwrap_or_default();
        let object = if kind == Kind::MessageEdited {
            ids::teams::edit(place, self.message(), version)
        } else {
            ids::teams::message(place, self.message())
        };
        self.about(origin.event(kind, at, &object))
            .reply_to(self.reply.is_some().then_some(self.first.as_str()))
    }

    fn about<'a>(&self, building: Building<'a>) -> Building<'a> {
        building
            .channel(self.id.as_deref())
            .thread(Some(self.first.as_str()))
            .visibility(Some(self.seen_by))
            .message(Some(self.message()))
    }

    /// A chat message's id is the millisecond in which it was written.
    fn written(&self) -> Option<Timestamp> {
        let id = self.message().parse::<i64>().ok()?;
        (id > 1_000_000_000_000).then(|| unix(id)).flatten()
    }
}

fn change(one: &Value) -> Result<Option<Kind>, Item> {
    Ok(match need(one.str("/changeType"), "value.changeType")? {
        "created" => Some(Kind::MessagePosted),
        "updated" => Some(Kind::MessageEdited),
        "deleted" => Some(Kind::MessageDeleted),
        _ => None,
    })
}

/// A basic notification: that something happened to a message, not what it says nor who wrote it.
pub(crate) fn basic(one: &Value, received: Timestamp, origin: &Origin<'_>) -> Result<Item, Item> {
    let resource = need(one.str("/resource"), "value.resource")?;
    let (Some(kind), Some(place)) = (change(one)?, Place::of(resource)) else {
        return Ok(unknown_type());
    };
    let at = match kind {
        Kind::MessagePosted => place.written().unwrap_or(received),
        _ => received,
    };
    let version = one.str("/resourceData/@odata.etag").unwrap_or_default();
    Ok(place.begin(origin, kind, at, version).item())
}

/// A rich notification, decrypted.
pub(crate) fn rich(
    one: &Value,
    content: &Value,
    received: Timestamp,
    origin: &Origin<'_>,
) -> Result<Vec<Item>, Item> {
    let resource = need(one.str("/resource"), "value.resource")?;
    let Some(kind) = change(one)? else {
        return Ok(vec![unknown_type()]);
    };
    if let Some(place) = Place::of(resource) {
        if content.get_at("/eventDetail").is_some() {
            return Ok(membership_messages(content, &place, received, origin));
        }
        if content
            .str("/messageType")
            .is_some_and(|kind| kind != "message")
        {
            return Ok(vec![Item::ignored("system_message")]);
        }
        return Ok(message(kind, content, &place, one, received, origin));
    }
    if named(resource, "members").is_some() {
        return Ok(vec![member(
            kind, resource, one, content, received, origin,
        )?]);
    }
    Ok(vec![unknown_type()])
}

fn message(
    kind: Kind,
    content: &Value,
    place: &Place,
    one: &Value,
    received: Timestamp,
    origin: &Origin<'_>,
) -> Vec<Item> {
    let removed = content.time("/deletedDateTime");
    let edited = content.time("/lastEditedDateTime");
    let kind = if removed.is_some() {
        Kind::MessageDeleted
    } else {
        kind
    };
    let mut items = Vec::new();
    // A reaction, too, comes as an update: without a time of editing nobody edited anything.
    if kind != Kind::MessageEdited || edited.is_some() {
        let at = match kind {
            Kind::MessagePosted => content
                .time("/createdDateTime")
                .or_else(|| place.written())
                .unwrap_or(received),
            Kind::MessageEdited => edited.unwrap_or(received),
            _ => removed.unwrap_or(received),
        };
        let version = edited.map_or_else(
            || {
                let etag = one.str("/resourceData/@odata.etag");
                etag.unwrap_or_default().to_owned()
            },
            |at| at.to_string(),
        );
        let text = content
            .str("/body/content")
            .filter(|_| kind != Kind::MessageDeleted);
        let text = match content.str("/body/contentType") {
            Some("text") => text.map(str::to_owned),
            _ => text.map(without_tags),
        };
        let user = content.id("/from/user/id");
        items.push(
            place
                .begin(origin, kind, at, &version)
                .bot(user.is_none() && content.get_at("/from/application").is_some())
                .actor(user.or_else(|| content.id("/from/application/id")))
                .text(text)
                .item(),
        );
    }
    if kind == Kind::MessageEdited {
        items.extend(reactions(content, place, received, origin));
    }
    if items.is_empty() {
        items.push(Item::ignored("not_an_edit"));
    }
    items
}

/// All reactions that a message has by now: each has an id of its own, so repeating them counts nothing.
fn reactions(
    content: &Value,
    place: &Place,
    received: Timestamp,
    origin: &Origin<'_>,
) -> Vec<Item> {
    content
        .list("/reactions")
        .iter()
        .map(|reaction| {
            let (Some(who), Some(word)) =
                (reaction.id("/user/user/id"), reaction.str("/reactionType"))
            else {
                return Item::quarantined("reactions.user is missing or unreadable");
            };
            let at = reaction.time("/createdDateTime").unwrap_or(received);
            let object = ids::teams::reaction(
                place.id.as_deref().unwrap_or_default(),
                place.message(),
                &who,
                word,
            );
            place
                .about(origin.event(Kind::ReactionAdded, at, &object))
                .actor(Some(who))
                .target(content.id("/from/user/id"))
                .attribute("reaction", Some(word))
                .item()
        })
        .collect()
}

/// The lines "X added Y" that Teams writes into a chat or channel.
fn membership_messages(
    content: &Value,
    place: &Place,
    received: Timestamp,
    origin: &Origin<'_>,
) -> Vec<Item> {
    let detail = content.str("/eventDetail/@odata.type").unwrap_or_default();
    let kind = if detail.ends_with("membersAddedEventMessageDetail")
        || detail.ends_with("membersJoinedEventMessageDetail")
    {
        Kind::MemberJoined
    } else if detail.ends_with("membersDeletedEventMessageDetail")
        || detail.ends_with("membersLeftEventMessageDetail")
    {
        Kind::MemberLeft
    } else {
        return vec![Item::ignored("system_message")];
    };
    let at = content.time("/createdDateTime").unwrap_or(received);
    let initiator = content.id("/eventDetail/initiator/user/id");
    let items: Vec<Item> = content
        .list("/eventDetail/members")
        .iter()
        .filter_map(|member| member.id("/id"))
        .map(|who| {
            let channel = place.id.as_deref().unwrap_or_default();
            let object = ids::teams::member(channel, &who, at.as_second());
            let inviter = initiator
                .clone()
                .filter(|from| kind == Kind::MemberJoined && *from != who);
            origin
                .event(kind, at, &object)
                .actor(Some(who))
                .channel(Some(channel))
                .visibility(Some(place.seen_by))
                .attribute(levier_domain::event::attribute::INVITED_BY, inviter)
                .item()
        })
        .collect();
    if items.is_empty() {
        vec![Item::quarantined(
            "eventDetail.members is missing or unreadable",
        )]
    } else {
        items
    }
}

/// A subscription to the members of a team, channel or chat. Graph does not say when.
fn member(
    kind: Kind,
    resource: &str,
    one: &Value,
    content: &Value,
    received: Timestamp,
    origin: &Origin<'_>,
) -> Result<Item, Item> {
    let place = ["channels", "chats", "teams"]
        .iter()
        .find_map(|segment| named(resource, segment));
    let place = need(place, "value.resource")?;
    let who = need(content.id("/userId"), "decrypted.userId")?;
    let kind = match kind {
        Kind::MessagePosted => Kind::MemberJoined,
        Kind::MessageDeleted => Kind::MemberLeft,
        _ => Kind::MemberUpdated,
    };
    let is_owner = content
        .list("/roles")
        .iter()
        .any(|role| role.as_str() == Some("owner"));
    // No time of its own: what was said names it, so that the same notification sent again is the same event.
    let version = one.str("/resourceData/@odata.etag").map(str::to_owned);
    let version = version.unwrap_or_else(|| ids::digest(content.to_string().as_bytes()));
    let object = ids::teams::membership(&place, &who, &version);
    Ok(origin
        .event(kind, received, &object)
        .actor(Some(who))
        .email(content.str("/email"))
        .staff(is_owner)
        .channel(Some(place))
        .item())
}

/// The id after a segment, in either form: `messages('1615')` or `messages/1615`.
fn named(resource: &str, segment: &str) -> Option<String> {
    let mut rest = resource.split('/').peekable();
    while let Some(part) = rest.next() {
        if let Some(id) = part
            .strip_prefix(segment)
            .and_then(|id| id.strip_prefix("('"))
            .and_then(|id| id.strip_suffix("')"))
        {
            return Some(id.to_owned());
        }
        if part.eq_ignore_ascii_case(segment) {
            return rest.peek().map(|id| (*id).to_owned());
        }
    }
    None
}
