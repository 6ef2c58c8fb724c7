//! The answer: who every handle, record and e-mail is, with every reason.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use levier_domain::config::Join;

use crate::account::{Accounts, is_weighty};
use crate::candidates::{candidates, kind_range, span_nodes};
use crate::cluster::cluster;
use crate::evidence::{Edge, Evidence, HandleId};
use crate::node::{self, Node};
use crate::person::PersonIds;
use crate::rule::{Doubt, Refusal, Rule};
use crate::waterfall::{Waterfall, count};

/// How identities are resolved.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `[join]` of `levier.toml`.
    pub join: Join,
}

/// Two nodes that are one person, and the rule that says so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link<'a> {
    /// The smaller node.
    pub from: Node<'a>,
    /// The greater node.
    pub to: Node<'a>,
    /// Why.
    pub rule: Rule,
}

/// A link that a rule proposed and that was refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict<'a> {
    /// What was proposed.
    pub link: Link<'a>,
    /// Why not.
    pub refusal: Refusal,
}

/// Two nodes that may be one person; only a row of `links` can say so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Review<'a> {
    /// The smaller node.
    pub a: Node<'a>,
    /// The greater node.
    pub b: Node<'a>,
    /// What speaks for it, without being enough.
    pub doubt: Doubt,
}

/// Who everybody is. Made by [`resolve`].
#[derive(Debug)]
pub struct Resolution {
    evidence: Evidence,
    person_of: Vec<u32>,
    persons: PersonIds,
    accepted: Vec<Edge>,
    refused: Vec<(Edge, Refusal)>,
    doubts: Vec<(u32, u32, Doubt)>,
    mute_emails: BTreeSet<u32>,
    nobodies: usize,
    spans: HashMap<u32, Vec<(i64, i64, u32)>>,
    accounts: Accounts,
    /// Accounts that stand for themselves, ascending: rows name them and nobody in them.
    billed: Vec<u32>,
    waterfall: Waterfall,
}

/// Resolves: a pure function of the set of evidence.
#[must_use]
pub fn resolve(mut evidence: Evidence, options: &Options) -> Resolution {
    evidence.canonicalise();
    let found = candidates(&evidence, options.join.max_records_per_email);
    let clusters = cluster(
        &found.source_of,
        is_weighty(&evidence),
        &found.edges,
        &found.different,
        options.join.max_cluster,
    );
    let mut refused = found.refused;
    refused.extend(clusters.refused);
    refused.sort_unstable();
    let mut person_of = clusters.root;
    let mut smallest: Vec<u32> = Vec::new();
    for node in 0..person_of.len() {
        // Roots are the smallest nodes, so that each is met before the rest of its cluster.
        person_of[node] = if person_of[node] as usize == node {
            smallest.push(node as u32);
            smallest.len() as u32 - 1
        } else {
            person_of[person_of[node] as usize]
        };
    }
    let doubts = found
        .doubts
        .into_iter()
        .filter(|&(a, b, _)| person_of[a as usize] != person_of[b as usize])
        .filter(|&(a, b, _)| {
            found.different.binary_search(&(a, b)).is_err()
                && found.different.binary_search(&(b, a)).is_err()
        })
        .collect();
    let mut spans: HashMap<u32, Vec<(i64, i64, u32)>> = HashMap::new();
    for (span, handle) in span_nodes(&evidence) {
        let (_, since, until) = node::span_parts(evidence.nodes.bytes(span));
        spans.entry(handle).or_default().push((since, until, span));
    }
    let persons = PersonIds::assign(&evidence, &smallest, &person_of);
    let accounts = Accounts::new(&evidence, &person_of, persons.len());
    let billed = evidence.billed.iter();
    let billed: BTreeSet<u32> = billed.map(|account| accounts.canonical(*account)).collect();
    let waterfall = count(
        &evidence,
        &person_of,
        persons.len(),
        &clusters.accepted,
        &refused,
        &spans,
    );
    // An e-mail that smallest a cluster is alone in it: e-mails are the greatest nodes and link only to others.
    let nobodies = found
        .mute_emails
        .iter()
        .filter(|email| smallest.binary_search(email).is_ok())
        .count();
    Resolution {
        person_of,
        nobodies,
        persons,
        accepted: clusters.accepted,
        refused,
        doubts,
        mute_emails: found.mute_emails,
        spans,
        accounts,
        billed: billed.into_iter().collect(),
        waterfall,
        evidence,
    }
}

impl Resolution {
    fn find(&self, write: impl FnOnce(&mut Vec<u8>)) -> Option<u32> {
        let mut key = Vec::with_capacity(64);
        write(&mut key);
        self.evidence.nodes.get(&key)
    }

    pub(crate) fn person(&self, node: u32) -> &str {
        self.persons.get(self.person_of[node as usize])
    }

    fn handle(&self, platform: &str, handle: &str) -> Option<u32> {
        self.find(|key| node::handle_key(key, platform, handle))
    }

    /// The person behind a handle, outside of the spans of explicit links.
    #[must_use]
    pub fn person_of_handle(&self, platform: &str, handle: &str) -> Option<&str> {
        self.handle(platform, handle).map(|node| self.person(node))
    }

    /// The person behind a handle at an instant: an explicit link with `since` or `until` decides within its bounds (the one
    /// that began last, where several hold), all other evidence outside.
    #[must_use]
    pub fn person_of_handle_at(&self, platform: &str, handle: &str, at: Timestamp) -> Option<&str> {
        let node = self.handle(platform, handle)?;
        Some(self.person_at(node, at.as_microsecond()))
    }

    /// The person behind the node of a handle at an instant, µs.
    pub(crate) fn person_at(&self, node: u32, at: i64) -> &str {
        let span = self.spans.get(&node).and_then(|spans| {
            spans
                .iter()
                .filter(|&&(since, until, _)| since <= at && at < until)
                .max()
        });
        self.person(span.map_or(node, |&(.., span)| span))
    }

    /// The node of a handle that has been numbered on arrival, in byte order.
    pub(crate) fn placed(&self, handle: HandleId) -> u32 {
        self.evidence.arrived[handle.position()]
    }

    /// Platform and name of a handle, as they are compared.
    #[must_use]
    pub fn name_of(&self, handle: HandleId) -> (&str, &str) {
        match self.node(self.placed(handle)) {
            Node::Handle { platform, handle } => (platform, handle),
            _ => ("", ""),
        }
    }

    /// The position of the person behind a handle, outside of the spans of explicit links.
    #[must_use]
    pub fn position_of(&self, handle: HandleId) -> u32 {
        self.person_of[self.placed(handle) as usize]
    }

    /// The instants at which the person behind the node of a handle may change, ascending, µs.
    pub(crate) fn handle_bounds(&self, node: u32) -> Vec<i64> {
        let mut bounds: Vec<i64> = self
            .spans
            .get(&node)
            .into_iter()
            .flatten()
            .flat_map(|&(since, until, _)| [since, until])
            .collect();
        bounds.sort_unstable();
        bounds.dedup();
        bounds
    }

    /// The person of a CRM record.
    #[must_use]
    pub fn person_of_record(&self, source: &str, id: &str) -> Option<&str> {
        self.find(|key| node::record_key(key, source, id))
            .map(|node| self.person(node))
    }

    /// The person of an e-mail key; `None` where it was never seen, is a role address or is shared.
    #[must_use]
    pub fn person_of_email(&self, email_key: &str) -> Option<&str> {
        self.find(|key| node::email_node_key(key, email_key))
            .filter(|node| !self.mute_emails.contains(node))
            .map(|node| self.person(node))
    }

    /// The person of a CRM row: by the native id, else by e-mail.
    #[must_use]
    pub fn person_of_row(
        &self,
        source: &str,
        person_id: Option<&str>,
        email_key: Option<&str>,
    ) -> Option<&str> {
        person_id
            .and_then(|id| self.person_of_record(source, id))
            .or_else(|| email_key.and_then(|key| self.person_of_email(key)))
    }

    fn node(&self, index: u32) -> Node<'_> {
        node::view(self.evidence.nodes.bytes(index))
    }

    fn link(&self, edge: &Edge) -> Link<'_> {
        Link {
            from: self.node(edge.a),
            to: self.node(edge.b),
            rule: edge.rule,
        }
    }

    /// Every link that holds, strongest rule first, then by node.
    pub fn links(&self) -> impl ExactSizeIterator<Item = Link<'_>> {
        self.accepted.iter().map(|edge| self.link(edge))
    }

    /// Every link that was refused.
    pub fn conflicts(&self) -> impl ExactSizeIterator<Item = Conflict<'_>> {
        self.refused.iter().map(|(edge, refusal)| Conflict {
            link: self.link(edge),
            refusal: *refusal,
        })
    }

    /// Pairs that wait for a person to decide, by node.
    pub fn review(&self) -> impl ExactSizeIterator<Item = Review<'_>> {
        self.doubts.iter().map(|&(a, b, doubt)| Review {
            a: self.node(a),
            b: self.node(b),
            doubt,
        })
    }

    /// Number of persons. An e-mail that identifies nobody is none.
    #[must_use]
    pub fn len(&self) -> usize {
        self.persons.len() - self.nobodies
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every node that names somebody, in byte order, with the person's id.
    pub fn nodes(&self) -> impl Iterator<Item = (Node<'_>, &str)> {
        (0..self.person_of.len() as u32)
            .filter(|node| !self.mute_emails.contains(node))
            .map(|node| (self.node(node), self.person(node)))
    }

    fn text(&self, index: u32) -> &str {
        std::str::from_utf8(self.evidence.texts.bytes(index)).unwrap_or_default()
    }

    /// Every person that belongs to an account, with the account's id (`source:account_id`).
    pub fn accounts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.accounts
            .of_person
            .iter()
            .enumerate()
            .filter_map(|(person, account)| {
                account.map(|account| (self.persons.get(person as u32), self.text(account)))
            })
    }

    /// The account that stands for one of a source: the same, or that of the alphabetically first source with its domain.
    #[must_use]
    pub fn account_of<'a>(&'a self, source: &str, account_id: &str) -> Option<&'a str> {
        let text = format!("{source}:{account_id}");
        let account = self.evidence.texts.get(text.as_bytes())?;
        Some(self.text(self.accounts.canonical(account)))
    }

    /// Nodes of a person's records, by source and id.
    pub fn records(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        kind_range(&self.evidence, node::RECORD).filter_map(|node| {
            if let Node::Record { source, id } = self.node(node) {
                Some((source, id, self.person(node)))
            } else {
                None
            }
        })
    }

    /// Every handle with its person (outside of spans).
    pub fn handles(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        kind_range(&self.evidence, node::HANDLE).filter_map(|node| {
            if let Node::Handle { platform, handle } = self.node(node) {
                Some((platform, handle, self.person(node)))
            } else {
                None
            }
        })
    }

    /// Company domains that people's e-mails have: person, domain.
    pub fn domains(&self) -> impl Iterator<Item = (&str, &str)> {
        self.evidence
            .domains
            .iter()
            .map(|&(record, domain)| (self.person(record), self.text(domain)))
    }

    /// The range of positions: how many persons there are, those whom nothing identifies included, and after them the accounts
    /// that rows name without naming a person.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.persons.len() + self.billed.len()
    }

    /// The id of the person at a position, or of the account (`source:account_id`).
    #[must_use]
    pub fn id(&self, position: u32) -> &str {
        match self.billed_at(position) {
            Some(account) => self.text(account),
            None => self.persons.get(position),
        }
    }

    fn billed_at(&self, position: u32) -> Option<u32> {
        let after = (position as usize).checked_sub(self.persons.len())?;
        self.billed.get(after).copied()
    }

    fn position_of_billed(&self, account: u32) -> Option<u32> {
        let at = self.billed.binary_search(&account).ok()?;
        Some((self.persons.len() + at) as u32)
    }

    /// The position of an account that rows name without naming a person.
    #[must_use]
    pub fn position_of_account(&self, source: &str, account_id: &str) -> Option<u32> {
        let text = format!("{source}:{account_id}");
        let account = self.evidence.texts.get(text.as_bytes())?;
        self.position_of_billed(self.accounts.canonical(account))
    }

    /// Positions of such accounts, each with that of somebody who belongs to it.
    pub fn billed_members(&self) -> impl Iterator<Item = (u32, u32)> {
        let persons = (0_u32..).zip(&self.accounts.of_person);
        persons
            .filter_map(|(person, account)| Some((self.position_of_billed((*account)?)?, person)))
    }

    /// [`Resolution::person_of_row`], as a position; of a row that names neither id nor e-mail, that of its account.
    #[must_use]
    pub fn position_of_row(
        &self,
        source: &str,
        person_id: Option<&str>,
        email_key: Option<&str>,
        account_id: Option<&str>,
    ) -> Option<u32> {
        if let (None, None, Some(account)) = (person_id, email_key, account_id) {
            return self.position_of_account(source, account);
        }
        let record = |id| self.find(|key| node::record_key(key, source, id));
        let email = |email| {
            self.find(|key| node::email_node_key(key, email))
                .filter(|node| !self.mute_emails.contains(node))
        };
        person_id
            .and_then(record)
            .or_else(|| email_key.and_then(email))
            .map(|node| self.person_of[node as usize])
    }

    /// [`Resolution::nodes`], with positions.
    pub fn placed_nodes(&self) -> impl Iterator<Item = (Node<'_>, u32)> {
        (0..self.person_of.len() as u32)
            .filter(|node| !self.mute_emails.contains(node))
            .map(|node| (self.node(node), self.person_of[node as usize]))
    }

    /// Positions of everybody whom some node names, and of the accounts that stand for themselves, ascending.
    #[must_use]
    pub fn somebodies(&self) -> Vec<u32> {
        let mut named = vec![false; self.persons.len()];
        for node in 0..self.person_of.len() as u32 {
            if !self.mute_emails.contains(&node) {
                named[self.person_of[node as usize] as usize] = true;
            }
        }
        let accounts = self.persons.len()..self.positions();
        (0..named.len() as u32)
            .filter(|person| named[*person as usize])
            .chain(accounts.map(|account| account as u32))
            .collect()
    }

    /// The account of the person at a position, or the account that stands there.
    #[must_use]
    pub fn account_of_person(&self, position: u32) -> Option<&str> {
        let of_person = self.accounts.of_person.get(position as usize);
        let account = of_person.copied().flatten();
        account
            .or_else(|| self.billed_at(position))
            .map(|account| self.text(account))
    }

    /// What was lost between handle and CRM, and why.
    #[must_use]
    pub fn waterfall(&self) -> &Waterfall {
        &self.waterfall
    }
}
