//! Building one event: hashes addresses at once, so that no plain e-mail or phone lives longer than the line that reads it.

use jiff::Timestamp;
use levier_domain::event::{Event, Kind, Visibility, attribute};
use levier_domain::item::{Draft, Item};
use levier_domain::private::{EMAIL_ROLE, Reach, is_role_address, normalise_email};
use levier_domain::record::Record;
use levier_identity::company_domain;

use crate::ids::Object;
use crate::platform::Origin;

/// An event being built. Every setter takes an option, so that readers need no branches for what is absent.
pub(crate) struct Building<'a> {
    origin: &'a Origin<'a>,
    draft: Draft,
}

impl<'a> Origin<'a> {
    /// Begins an event with its identity.
    pub(crate) fn event(&'a self, kind: Kind, at: Timestamp, object: &Object) -> Building<'a> {
        let event = Event::new(
            self.platform,
            self.community,
            self.source,
            kind,
            at,
            &object.parts(),
        );
        Building {
            origin: self,
            draft: Draft {
                event,
                text: None,
                record: None,
                domain: None,
            },
        }
    }
}

impl Building<'_> {
    /// Who did it. A sender that names its members by their address has told the address, too.
    pub(crate) fn actor(mut self, actor: Option<impl Into<String>>) -> Self {
        let Some(raw) = filled(actor) else {
            self.draft.event.actor = None;
            return self;
        };
        self.tell_domain(&raw);
        let (learnt, handle) = self.handle(raw);
        self.draft.event.actor = Some(handle.clone());
        match learnt {
            Some(key) => self.attribute(key, Some(handle)),
            None => self,
        }
    }

    /// Keeps of a company's domain of an address what tells staff from others.
    fn tell_domain(&mut self, email: &str) {
        if let Some(domain) = company_domain(email) {
            self.draft.domain = Some(self.origin.context.hash_key.domain(&domain));
        }
    }

    pub(crate) fn target(mut self, target: Option<impl Into<String>>) -> Self {
        self.draft.event.target = filled(target).map(|raw| self.handle(raw).1);
        self
    }

    /// A handle that may enter an event: an address becomes its key, and which attribute the key belongs to is told beside.
    fn handle(&self, raw: String) -> (Option<&'static str>, String) {
        let context = self.origin.context;
        match context.hash_key.reach(&raw, context.country) {
            Some(Reach::Email(key)) => (Some(attribute::EMAIL_KEY), key),
            Some(Reach::Phone(key)) => (Some(attribute::PHONE_KEY), key),
            None => (None, raw),
        }
    }

    pub(crate) fn channel(mut self, channel: Option<impl Into<String>>) -> Self {
        self.draft.event.channel = filled(channel);
        self
    }

    pub(crate) fn thread(mut self, thread: Option<impl Into<String>>) -> Self {
        self.draft.event.thread = filled(thread);
        self
    }

    pub(crate) fn reply_to(mut self, message: Option<impl Into<String>>) -> Self {
        self.draft.event.reply_to = filled(message);
        self
    }

    pub(crate) fn visibility(mut self, visibility: Option<Visibility>) -> Self {
        self.draft.event.visibility = visibility;
        self
    }

    pub(crate) fn bot(mut self, is_bot: bool) -> Self {
        self.draft.event.is_bot = is_bot;
        self
    }

    pub(crate) fn staff(mut self, is_staff: bool) -> Self {
        self.draft.event.is_staff = is_staff;
        self
    }

    pub(crate) fn attribute(mut self, key: &str, value: Option<impl Into<String>>) -> Self {
        if let Some(value) = filled(value) {
            self.draft.event.attributes.insert(key.to_owned(), value);
        }
        self
    }

    /// The platform's id of the message that the event is about.
    pub(crate) fn message(self, id: Option<impl Into<String>>) -> Self {
        self.attribute(attribute::MESSAGE, id)
    }

    /// The live, survey, content or campaign that the event is about.
    pub(crate) fn subject(self, id: Option<impl Into<String>>) -> Self {
        self.attribute(attribute::SUBJECT, id)
    }

    pub(crate) fn email(mut self, raw: Option<&str>) -> Self {
        let email = raw.and_then(normalise_email);
        if let Some(email) = &email {
            self.tell_domain(email);
        }
        // Once hashed nobody can tell a role address any more.
        let role = email
            .as_deref()
            .is_some_and(is_role_address)
            .then_some("true");
        let key = email.and_then(|email| self.origin.context.hash_key.email(&email));
        self.attribute(attribute::EMAIL_KEY, key)
            .attribute(EMAIL_ROLE, role)
    }

    pub(crate) fn phone(self, raw: Option<&str>) -> Self {
        let context = self.origin.context;
        let key = raw.and_then(|raw| context.hash_key.phone(raw, context.country));
        self.attribute(attribute::PHONE_KEY, key)
    }

    /// The actor's id in the company's systems; an address there becomes the address's key.
    pub(crate) fn external_id(self, raw: Option<impl Into<String>>) -> Self {
        let key = filled(raw).map(|raw| self.handle(raw).1);
        self.attribute(attribute::EXTERNAL_ID, key)
    }

    pub(crate) fn text(mut self, text: Option<impl Into<String>>) -> Self {
        self.draft.text = filled(text);
        self
    }

    pub(crate) fn record(mut self, record: Record) -> Self {
        self.draft.record = Some(record);
        self
    }

    pub(crate) fn item(self) -> Item {
        Item::Event(Box::new(self.draft))
    }
}

fn filled(value: Option<impl Into<String>>) -> Option<String> {
    value
        .map(Into::into)
        .filter(|text: &String| !text.trim().is_empty())
}
