//! What is known about who is who, collected from events and records in any order.
//!
//! Evidence is a set: the same fact twice counts once, and [`crate::resolve`] renumbers everything in byte order before it
//! decides anything, so that no result can depend on the order in which facts came in.
//!
//! ```
//! use levier_identity::{Evidence, Identifiers, Options, resolve};
//! let mut evidence = Evidence::new();
//! evidence.add_person("hubspot", "42", &Identifiers { email_key: Some("0af1"), ..Identifiers::default() });
//! evidence.add_handle("slack", "U02AB", &Identifiers { email_key: Some("0af1"), ..Identifiers::default() });
//! let who = resolve(evidence, &Options::default());
//! assert_eq!(who.person_of_handle("slack", "U02AB"), who.person_of_record("hubspot", "42"));
//! ```

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use levier_domain::entity::Entity;
use levier_domain::event::{Event, attribute};
use levier_domain::private::{EMAIL_DOMAIN, EMAIL_ROLE};
use levier_domain::record::{Record, Value};

use crate::account::normalise_domain;
use crate::intern::Interner;
use crate::node;
use crate::rule::Rule;

/// One statement that two nodes are one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) rule: Rule,
    pub(crate) a: u32,
    pub(crate) b: u32,
}

/// What came with a handle or a CRM record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Identifiers<'a> {
    /// Keyed hash of the e-mail.
    pub email_key: Option<&'a str>,
    /// Whether that e-mail is a role address (contact@…), which identifies nobody.
    pub email_is_role: bool,
    /// Keyed hash of the phone.
    pub phone_key: Option<&'a str>,
    /// Id of the member in the company's own systems; for handles only.
    pub external_id: Option<&'a str>,
    /// CRM account; for records only.
    pub account_id: Option<&'a str>,
    /// Company domain of the e-mail; for records only.
    pub email_domain: Option<&'a str>,
    /// When the CRM says that the record was created; for records only.
    pub created_at: Option<Timestamp>,
}

/// An explicit identity, or its undoing, as a row of `links` says it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExplicitLink<'a> {
    /// CRM id of the person.
    pub person_id: Option<&'a str>,
    /// Keyed hash of an e-mail of the person.
    pub email_key: Option<&'a str>,
    /// First instant at which the handle was that person's.
    pub since: Option<Timestamp>,
    /// End (exclusive).
    pub until: Option<Timestamp>,
    /// `true`: same person; `false`: not the same, whatever else says so.
    pub same: bool,
}

/// Creation of a record that does not say it.
pub(crate) const UNDATED: u32 = u32::MAX;

/// Whole minutes since 1900, which are enough to tell which of two records is older: those of one bulk import tie anyhow.
fn minutes(at: Timestamp) -> u32 {
    const FROM_1900_TO_1970: i64 = 2_208_988_800;
    let minutes = (at.as_second() + FROM_1900_TO_1970).div_euclid(60);
    u32::try_from(minutes.max(0)).map_or(UNDATED - 1, |minutes| minutes.min(UNDATED - 1))
}

/// A handle by the number that [`Evidence`] gave it on arrival: looked up by its name once an event, whatever is counted of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HandleId(pub(crate) u32);

impl HandleId {
    /// The number, small enough to be a position in a list.
    #[must_use]
    pub fn position(self) -> usize {
        self.0 as usize
    }
}

/// A set of facts about who is who; see the module.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    pub(crate) nodes: Interner,
    /// Where nodes stand since they are in byte order, by the number of their arrival.
    pub(crate) arrived: Vec<u32>,
    pub(crate) texts: Interner,
    pub(crate) edges: Vec<Edge>,
    /// Records that a people file declares.
    pub(crate) declared: BTreeSet<u32>,
    /// When records were created by their own account: record, minutes since 1900. Eight bytes each, of millions.
    created: Vec<(u32, u32)>,
    /// The same by record, once nodes are in byte order, records first; [`UNDATED`] where it is not said.
    pub(crate) created_of: Vec<u32>,
    pub(crate) role_emails: BTreeSet<u32>,
    pub(crate) phones: Vec<(u32, u32)>,
    pub(crate) externals: Vec<(u32, u32)>,
    pub(crate) different: BTreeSet<(u32, u32)>,
    pub(crate) accounts: Vec<(u32, u32)>,
    pub(crate) domains: Vec<(u32, u32)>,
    pub(crate) account_domains: BTreeSet<(u32, u32)>,
    /// Accounts that a contract, won deal, invoice or ticket names without naming a person.
    pub(crate) billed: BTreeSet<u32>,
    layouts: BTreeMap<Entity, Layout>,
    key: Vec<u8>,
}

/// The cells that matter here.
const WANTED: [&str; 14] = [
    "source",
    "person_id",
    "email_key",
    "phone_key",
    "account_id",
    "domain",
    "attributes",
    "created_at",
    "platform",
    "handle",
    "since",
    "until",
    "relation",
    "status",
];

/// Where those cells lie in a record; looking each up by name in the entity would cost more than all the rest.
#[derive(Clone, Copy, Debug)]
struct Layout([Option<usize>; WANTED.len()]);

impl Layout {
    fn new(entity: Entity) -> Self {
        let columns = entity.lake_columns();
        Self(WANTED.map(|name| columns.iter().position(|column| column.name == name)))
    }

    fn value<'r>(&self, record: &'r Record, name: &str) -> Option<&'r Value> {
        let wanted = WANTED.iter().position(|&known| known == name)?;
        self.0[wanted].and_then(|at| record.values.get(at))
    }

    fn text<'r>(&self, record: &'r Record, name: &str) -> Option<&'r str> {
        self.value(record, name)
            .and_then(Value::as_text)
            .filter(|text| !text.is_empty())
    }

    fn instant(&self, record: &Record, name: &str) -> Option<Timestamp> {
        self.value(record, name).and_then(Value::as_instant)
    }
}

/// Adds to a set kept as a list: sorted and freed of repetitions whenever it is full, so that a customer's hundredth order,
/// which says what the first said, costs nothing.
fn put<T: Ord>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() && list.len() >= 1 << 16 {
        list.sort_unstable();
        list.dedup();
        if list.len() > list.capacity() / 2 {
            list.reserve(list.len());
        }
    }
    list.push(item);
}

/// The numbers that the handles of one [`Evidence`] have in another, once that has taken it in.
#[derive(Clone, Debug)]
pub struct Renumbered(Vec<u32>);

impl Renumbered {
    /// The handle as the other numbers it.
    #[must_use]
    pub fn of(&self, handle: HandleId) -> HandleId {
        HandleId(self.0[handle.position()])
    }
}

impl Evidence {
    /// Nothing known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in all that another has been told, of other events and rows; gives the numbers that its handles have here.
    pub fn merge(&mut self, other: Self) -> Renumbered {
        let all = |from: &Interner, to: &mut Interner| -> Vec<u32> {
            (0..from.len() as u32)
                .map(|index| to.intern(from.bytes(index)))
                .collect()
        };
        let nodes = all(&other.nodes, &mut self.nodes);
        let texts = all(&other.texts, &mut self.texts);
        let n = |old: u32| nodes[old as usize];
        let t = |old: u32| texts[old as usize];
        for Edge { rule, a, b } in other.edges {
            let (a, b) = (n(a), n(b));
            put(&mut self.edges, Edge { rule, a, b });
        }
        self.declared
            .extend(other.declared.iter().map(|old| n(*old)));
        for (record, at) in other.created {
            put(&mut self.created, (n(record), at));
        }
        self.role_emails
            .extend(other.role_emails.iter().map(|old| n(*old)));
        for (text, node) in other.phones {
            put(&mut self.phones, (t(text), n(node)));
        }
        for (text, node) in other.externals {
            put(&mut self.externals, (t(text), n(node)));
        }
        for (node, text) in other.accounts {
            put(&mut self.accounts, (n(node), t(text)));
        }
        for (node, text) in other.domains {
            put(&mut self.domains, (n(node), t(text)));
        }
        let different = other.different.iter();
        self.different
            .extend(different.map(|(a, b)| (n(*a), n(*b))));
        let domains = other.account_domains.iter();
        self.account_domains
            .extend(domains.map(|(a, b)| (t(*a), t(*b))));
        self.billed.extend(other.billed.iter().map(|old| t(*old)));
        Renumbered(nodes)
    }

    fn node(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> u32 {
        let mut key = std::mem::take(&mut self.key);
        write(&mut key);
        let index = self.nodes.intern(&key);
        self.key = key;
        index
    }

    fn record(&mut self, source: &str, id: &str) -> u32 {
        self.node(|key| node::record_key(key, source, id))
    }

    fn handle(&mut self, platform: &str, handle: &str) -> u32 {
        self.node(|key| node::handle_key(key, platform, handle))
    }

    fn email(&mut self, email_key: &str) -> u32 {
        self.node(|key| node::email_node_key(key, email_key))
    }

    fn link(&mut self, rule: Rule, a: u32, b: u32) {
        if a == b {
            return;
        }
        put(&mut self.edges, Edge { rule, a, b });
    }

    fn identify(&mut self, node: u32, rule: Rule, with: &Identifiers<'_>) {
        if let Some(email_key) = present(with.email_key) {
            let email = self.email(email_key);
            if with.email_is_role {
                self.role_emails.insert(email);
            }
            self.link(rule, node, email);
        }
        if let Some(phone_key) = present(with.phone_key) {
            let phone = self.texts.intern(phone_key.as_bytes());
            put(&mut self.phones, (phone, node));
        }
    }

    /// A member as a platform names them, with what came along. Call it once per handle or once per event, as is convenient.
    pub fn add_handle(
        &mut self,
        platform: &str,
        handle: &str,
        with: &Identifiers<'_>,
    ) -> Option<HandleId> {
        if platform.trim().is_empty() || handle.is_empty() {
            return None;
        }
        let node = self.handle(platform, handle);
        self.identify(node, Rule::Email, with);
        if let Some(external_id) = present(with.external_id) {
            let external = self.texts.intern(external_id.as_bytes());
            put(&mut self.externals, (external, node));
        }
        Some(HandleId(node))
    }

    /// A person as a CRM system declares them (a row of `people`).
    pub fn add_person(&mut self, source: &str, person_id: &str, with: &Identifiers<'_>) {
        if person_id.is_empty() {
            return;
        }
        let node = self.record(source, person_id);
        self.declared.insert(node);
        if let Some(at) = with.created_at {
            put(&mut self.created, (node, minutes(at)));
        }
        self.identify(node, Rule::Email, with);
        if let Some(account_id) = present(with.account_id) {
            let account = self.account(source, account_id);
            put(&mut self.accounts, (node, account));
        }
        if let Some(domain) = present(with.email_domain).and_then(normalise_domain) {
            let domain = self.texts.intern(domain.as_bytes());
            put(&mut self.domains, (node, domain));
        }
    }

    fn account(&mut self, source: &str, account_id: &str) -> u32 {
        self.texts
            .intern(format!("{source}:{account_id}").as_bytes())
    }

    /// A mention of a person in an order, ticket, deal…: by native id, by e-mail, or both.
    pub fn add_mention(&mut self, source: &str, person_id: Option<&str>, email_key: Option<&str>) {
        let record = present(person_id).map(|id| self.record(source, id));
        let email = present(email_key).map(|key| self.email(key));
        if let (Some(record), Some(email)) = (record, email) {
            self.link(Rule::EmailMentioned, record, email);
        }
    }

    /// A row of a roster. `person_id` is the CRM's, in whichever system holds it.
    pub fn add_roster(
        &mut self,
        source: &str,
        platform: &str,
        handle: &str,
        person_id: Option<&str>,
        with: &Identifiers<'_>,
    ) -> Option<HandleId> {
        let node = self.add_handle(platform, handle, with)?;
        if let Some(id) = present(person_id) {
            let record = self.record(source, id);
            self.link(Rule::Roster, node.0, record);
        }
        Some(node)
    }

    /// An explicit identity, or its undoing. The time bounds of an undoing are ignored: it holds always.
    pub fn add_link(
        &mut self,
        source: &str,
        platform: &str,
        handle: &str,
        link: &ExplicitLink<'_>,
    ) {
        if platform.trim().is_empty() || handle.is_empty() {
            return;
        }
        let mut node = self.handle(platform, handle);
        if link.same && (link.since.is_some() || link.until.is_some()) {
            let since = link.since.map_or(i64::MIN, Timestamp::as_microsecond);
            let until = link.until.map_or(i64::MAX, Timestamp::as_microsecond);
            if since >= until {
                return;
            }
            let of = self.nodes.bytes(node).to_vec();
            node = self.node(|key| node::span_key(key, &of, since, until));
        }
        let record = present(link.person_id).map(|id| self.record(source, id));
        let email = present(link.email_key).map(|key| self.email(key));
        for target in record.into_iter().chain(email) {
            if link.same {
                self.link(Rule::Explicit, node, target);
            } else {
                self.different.insert((node, target));
            }
        }
    }

    /// What an event teaches: its actor, the identifiers learnt with it, and the member to whom it was done.
    ///
    /// A machine's identifiers are not read: an integration posts with the address of whoever set it up. Gives the actor.
    pub fn add_event(&mut self, event: &Event) -> Option<HandleId> {
        let learnt = |name: &str| event.attributes.get(name).map(String::as_str);
        if let Some(target) = &event.target {
            self.add_handle(&event.platform, target, &Identifiers::default());
        }
        let with = if event.is_bot || event.attributes.is_empty() {
            Identifiers::default()
        } else {
            Identifiers {
                email_key: learnt(attribute::EMAIL_KEY),
                email_is_role: learnt(EMAIL_ROLE) == Some("true"),
                phone_key: learnt(attribute::PHONE_KEY),
                external_id: learnt(attribute::EXTERNAL_ID),
                ..Identifiers::default()
            }
        };
        self.add_handle(&event.platform, event.actor.as_deref()?, &with)
    }

    /// What a CRM record teaches. Entities that name no person teach nothing. Feed the row that holds, not its history. Gives the
    /// handle that a row of a roster is about.
    pub fn add_record(&mut self, record: &Record) -> Option<HandleId> {
        let layout = *self
            .layouts
            .entry(record.entity)
            .or_insert_with(|| Layout::new(record.entity));
        let text = |name: &str| layout.text(record, name);
        let source = text("source").unwrap_or("levier");
        let attributes = match layout.value(record, "attributes") {
            Some(Value::Attributes(map)) => Some(map),
            _ => None,
        };
        let extra = |name: &str| attributes.and_then(|map| map.get(name)).map(String::as_str);
        let with = Identifiers {
            email_key: text("email_key"),
            email_is_role: extra(EMAIL_ROLE) == Some("true"),
            phone_key: text("phone_key"),
            external_id: None,
            account_id: text("account_id"),
            email_domain: extra(EMAIL_DOMAIN),
            created_at: layout.instant(record, "created_at"),
        };
        match record.entity {
            Entity::People => {
                if let Some(id) = text("person_id") {
                    self.add_person(source, id, &with);
                }
            }
            Entity::Accounts => {
                if let (Some(id), Some(domain)) = (
                    text("account_id"),
                    text("domain").and_then(normalise_domain),
                ) {
                    let account = self.account(source, id);
                    let domain = self.texts.intern(domain.as_bytes());
                    self.account_domains.insert((domain, account));
                }
            }
            Entity::Orders
            | Entity::Deals
            | Entity::Subscriptions
            | Entity::Invoices
            | Entity::Tickets
            | Entity::Surveys
            | Entity::Assignments => {
                let (person, email) = (text("person_id"), text("email_key"));
                self.add_mention(source, person, email);
                let customers = match record.entity {
                    Entity::Deals => text("status") == Some("won"),
                    entity => !matches!(entity, Entity::Surveys | Entity::Assignments),
                };
                if let (true, None, None, Some(account)) =
                    (customers, person, email, text("account_id"))
                {
                    let account = self.account(source, account);
                    self.billed.insert(account);
                }
            }
            Entity::Members => {
                if let (Some(platform), Some(handle)) = (text("platform"), text("handle")) {
                    return self.add_roster(source, platform, handle, text("person_id"), &with);
                }
            }
            Entity::Links => {
                if let (Some(platform), Some(handle)) = (text("platform"), text("handle")) {
                    let link = ExplicitLink {
                        person_id: text("person_id"),
                        email_key: text("email_key"),
                        since: layout.instant(record, "since"),
                        until: layout.instant(record, "until"),
                        same: text("relation") != Some("different"),
                    };
                    self.add_link(source, platform, handle, &link);
                }
            }
            Entity::Spend
            | Entity::Costs
            | Entity::WebTraffic
            | Entity::Mentions
            | Entity::Rates
            | Entity::Activity => {}
        }
        None
    }

    /// Renumbers nodes and texts in byte order, sorts everything and drops repetitions: from here on no order of arrival exists.
    pub(crate) fn canonicalise(&mut self) {
        let node = self.nodes.canonicalise();
        let text = self.texts.canonicalise();
        let n = |old: u32| node[old as usize];
        let t = |old: u32| text[old as usize];
        for edge in &mut self.edges {
            let (a, b) = (n(edge.a), n(edge.b));
            (edge.a, edge.b) = (a.min(b), a.max(b));
        }
        self.edges.sort_unstable();
        self.edges.dedup();
        self.declared = self.declared.iter().map(|&old| n(old)).collect();
        let records = (0..self.nodes.len() as u32)
            .take_while(|&node| self.nodes.bytes(node)[0] == node::RECORD)
            .count();
        self.created_of = vec![UNDATED; records];
        for (old, at) in std::mem::take(&mut self.created) {
            let held = &mut self.created_of[n(old) as usize];
            *held = at.min(*held);
        }
        self.role_emails = self.role_emails.iter().map(|&old| n(old)).collect();
        self.different = self.different.iter().map(|&(a, b)| (n(a), n(b))).collect();
        self.billed = self.billed.iter().map(|&old| t(old)).collect();
        self.account_domains = self
            .account_domains
            .iter()
            .map(|&(a, b)| (t(a), t(b)))
            .collect();
        for (list, first_is_node) in [
            (&mut self.phones, false),
            (&mut self.externals, false),
            (&mut self.accounts, true),
            (&mut self.domains, true),
        ] {
            for pair in list.iter_mut() {
                *pair = if first_is_node {
                    (n(pair.0), t(pair.1))
                } else {
                    (t(pair.0), n(pair.1))
                };
            }
            list.sort_unstable();
            list.dedup();
        }
        self.arrived = node;
    }
}

fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}
