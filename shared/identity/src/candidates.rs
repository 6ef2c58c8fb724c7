//! From evidence to candidate links: which statements may link at all, before clusters are looked at.
//!
//! An e-mail links unless it is a role address or shared; a phone links only where a second field agrees; an id without a system
//! (external id, roster, own layout) links only where exactly one system has it. Names and promo codes never come here.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::evidence::{Edge, Evidence};
use crate::node;
use crate::rule::{Doubt, Refusal, Rule};

/// Phones and e-mails with more nodes than this give no review pairs: a switchboard of fifty would give 1,225.
const MAX_REVIEWED: usize = 6;

/// The system of files in the own layout, which has no people of its own unless a file declares them.
const OWN_SOURCE: &str = "levier";

#[derive(Debug, Default)]
pub(crate) struct Candidates {
    /// Sorted by rule, then node.
    pub(crate) edges: Vec<Edge>,
    pub(crate) refused: Vec<(Edge, Refusal)>,
    pub(crate) doubts: BTreeSet<(u32, u32, Doubt)>,
    pub(crate) different: Vec<(u32, u32)>,
    /// E-mails that identify nobody.
    pub(crate) mute_emails: BTreeSet<u32>,
    /// Source number of records, `u32::MAX` for other nodes.
    pub(crate) source_of: Vec<u32>,
}

pub(crate) fn candidates(evidence: &Evidence, max_records_per_email: usize) -> Candidates {
    let mut out = Candidates {
        source_of: sources(evidence),
        ..Candidates::default()
    };
    let ids = Ids::new(evidence);
    let mut edges: Vec<Edge> = Vec::with_capacity(evidence.edges.len());

    // A record that only rosters, links or own-layout files mention stands for the one system that has the id.
    for (&mention, owners) in &ids.loose {
        match owners[..] {
            [] => {}
            [owner] => edges.push(edge(Rule::OwnId, mention, owner)),
            _ => out.doubts.extend(
                owners
                    .iter()
                    .map(|&owner| doubt(mention, owner, Doubt::IdInSeveralSources)),
            ),
        }
    }
    for &(external, handle) in &evidence.externals {
        match ids.with_id(external) {
            [] => {}
            [owner] => edges.push(edge(Rule::ExternalId, handle, *owner)),
            owners => out.doubts.extend(
                owners
                    .iter()
                    .map(|&owner| doubt(handle, owner, Doubt::IdInSeveralSources)),
            ),
        }
    }

    let shared = shared_emails(evidence, &out.source_of, max_records_per_email);
    for &Edge { rule, a, b } in &evidence.edges {
        let is_email = matches!(rule, Rule::Email | Rule::EmailMentioned);
        // E-mails have the greatest numbers, so that `b` is the e-mail.
        if is_email && evidence.role_emails.contains(&b) {
            out.refused.push((edge(rule, a, b), Refusal::RoleEmail));
        } else if is_email && shared.contains(&b) {
            out.refused.push((edge(rule, a, b), Refusal::SharedEmail));
        } else {
            // What is said of a mention is said of the record that it stands for.
            match (rule, ids.owner(a), ids.owner(b)) {
                (Rule::Explicit | Rule::Roster, owner_a, owner_b) => {
                    edges.push(edge(rule, owner_a.unwrap_or(a), owner_b.unwrap_or(b)));
                }
                _ => edges.push(edge(rule, a, b)),
            }
        }
    }
    phones(
        evidence,
        &out.source_of,
        max_records_per_email,
        &mut edges,
        &mut out.doubts,
    );

    out.mute_emails = evidence.role_emails.union(&shared).copied().collect();
    for &(handle, target) in &evidence.different {
        out.different.push((handle, target));
        for &owner in ids.loose.get(&target).map_or(&[][..], Vec::as_slice) {
            out.different.push((handle, owner));
        }
    }
    // An undoing of a handle holds for its spans too.
    let mut spans: HashMap<u32, Vec<u32>> = HashMap::new();
    for (span, handle) in span_nodes(evidence) {
        spans.entry(handle).or_default().push(span);
    }
    for (handle, target) in out.different.clone() {
        for &span in spans.get(&handle).map_or(&[][..], Vec::as_slice) {
            out.different.push((span, target));
        }
    }
    out.different.sort_unstable();
    out.different.dedup();
    edges.sort_unstable();
    edges.dedup();
    out.edges = edges;
    out.refused.sort_unstable();
    out
}

/// Every span with its handle.
pub(crate) fn span_nodes(evidence: &Evidence) -> Vec<(u32, u32)> {
    kind_range(evidence, node::SPAN)
        .filter_map(|span| {
            let (key, ..) = node::span_parts(evidence.nodes.bytes(span));
            Some((span, evidence.nodes.get(&key)?))
        })
        .collect()
}

/// The nodes of one kind; they are neighbours because the kind is the first byte.
pub(crate) fn kind_range(evidence: &Evidence, kind: u8) -> std::ops::Range<u32> {
    let first = |kind: u8| {
        let (mut low, mut high) = (0, evidence.nodes.len() as u32);
        while low < high {
            let middle = low + (high - low) / 2;
            if evidence.nodes.bytes(middle)[0] < kind {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    };
    first(kind)..first(kind + 1)
}

fn edge(rule: Rule, a: u32, b: u32) -> Edge {
    Edge {
        rule,
        a: a.min(b),
        b: a.max(b),
    }
}

fn doubt(a: u32, b: u32, why: Doubt) -> (u32, u32, Doubt) {
    (a.min(b), a.max(b), why)
}

fn sources(evidence: &Evidence) -> Vec<u32> {
    let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
    let mut of = vec![u32::MAX; evidence.nodes.len()];
    for record in kind_range(evidence, node::RECORD) {
        let (source, _) = node::split(evidence.nodes.bytes(record));
        let next = numbers.len() as u32;
        of[record as usize] = *numbers.entry(source).or_insert(next);
    }
    of
}

/// Which systems have an id that was given without one.
struct Ids {
    /// Mentions of the own layout that no file declares, with the records of other systems that have the id.
    loose: BTreeMap<u32, Vec<u32>>,
    by_text: HashMap<u32, Vec<u32>>,
}

impl Ids {
    fn new(evidence: &Evidence) -> Self {
        let records = || kind_range(evidence, node::RECORD);
        let is_loose = |record: u32| {
            !evidence.declared.contains(&record)
                && node::split(evidence.nodes.bytes(record)).0 == OWN_SOURCE
        };
        let mut wanted: HashMap<&[u8], Vec<u32>> = HashMap::new();
        for &(external, _) in &evidence.externals {
            wanted.entry(evidence.texts.bytes(external)).or_default();
        }
        let loose: Vec<u32> = records().filter(|&record| is_loose(record)).collect();
        for &mention in &loose {
            wanted
                .entry(node::split(evidence.nodes.bytes(mention)).1)
                .or_default();
        }
        if !wanted.is_empty() {
            for record in records() {
                if let Some(found) = wanted.get_mut(node::split(evidence.nodes.bytes(record)).1) {
                    found.push(record);
                }
            }
        }
        // A declared record is worth more than one that orders mention, and both more than a loose one.
        let best = |found: &[u32]| -> Vec<u32> {
            let pick = |keep: &dyn Fn(u32) -> bool| -> Vec<u32> {
                found
                    .iter()
                    .copied()
                    .filter(|&record| keep(record))
                    .collect()
            };
            let declared = pick(&|record| evidence.declared.contains(&record));
            if declared.is_empty() {
                pick(&|record| !is_loose(record))
            } else {
                declared
            }
        };
        let loose = loose
            .into_iter()
            .map(|mention| {
                let id = node::split(evidence.nodes.bytes(mention)).1;
                (
                    mention,
                    wanted.get(id).map(|found| best(found)).unwrap_or_default(),
                )
            })
            .collect();
        let mut by_text = HashMap::new();
        for &(external, _) in &evidence.externals {
            by_text.entry(external).or_insert_with(|| {
                let found = wanted
                    .get(evidence.texts.bytes(external))
                    .map_or(&[][..], Vec::as_slice);
                let owners = best(found);
                // Nobody else has it: the own layout's mention is the record.
                if owners.is_empty() {
                    found.to_vec()
                } else {
                    owners
                }
            });
        }
        Self { loose, by_text }
    }

    fn with_id(&self, text: u32) -> &[u32] {
        self.by_text.get(&text).map_or(&[], Vec::as_slice)
    }

    /// The one record that a loose mention stands for.
    fn owner(&self, record: u32) -> Option<u32> {
        match self.loose.get(&record)?[..] {
            [owner] => Some(owner),
            _ => None,
        }
    }
}

/// E-mails that more than `max` records of one source have.
fn shared_emails(evidence: &Evidence, source_of: &[u32], max: usize) -> BTreeSet<u32> {
    let mut claims: Vec<(u32, u32, u32)> = evidence
        .edges
        .iter()
        .filter(|edge| matches!(edge.rule, Rule::Email | Rule::EmailMentioned))
        .map(|edge| (edge.b, source_of[edge.a as usize], edge.a))
        .filter(|&(_, source, _)| source != u32::MAX)
        .collect();
    claims.sort_unstable();
    claims.dedup();
    claims
        .chunk_by(|x, y| (x.0, x.1) == (y.0, y.1))
        .filter(|chunk| chunk.len() > max)
        .map(|chunk| chunk[0].0)
        .collect()
}

/// Pairs that share a phone: linked where a second field agrees too, else left for review.
fn phones(
    evidence: &Evidence,
    source_of: &[u32],
    max_records: usize,
    edges: &mut Vec<Edge>,
    doubts: &mut BTreeSet<(u32, u32, Doubt)>,
) {
    let mut emails: Vec<(u32, u32)> = Vec::new();
    let with_phone: BTreeSet<u32> = evidence.phones.iter().map(|&(_, node)| node).collect();
    for edge in &evidence.edges {
        if matches!(edge.rule, Rule::Email | Rule::EmailMentioned)
            && with_phone.contains(&edge.a)
            && !evidence.role_emails.contains(&edge.b)
        {
            emails.push((edge.a, edge.b));
        }
    }
    emails.sort_unstable();
    let emails_of = |node: u32| {
        let from = emails.partition_point(|&(n, _)| n < node);
        emails[from..]
            .iter()
            .take_while(move |&&(n, _)| n == node)
            .map(|&(_, email)| email)
    };
    let mut externals: Vec<(u32, u32)> = evidence.externals.iter().map(|&(t, n)| (n, t)).collect();
    externals.sort_unstable();
    let id_of = |node: u32| -> Vec<&[u8]> {
        if source_of[node as usize] != u32::MAX {
            return vec![node::split(evidence.nodes.bytes(node)).1];
        }
        let from = externals.partition_point(|&(n, _)| n < node);
        externals[from..]
            .iter()
            .take_while(|&&(n, _)| n == node)
            .map(|&(_, text)| evidence.texts.bytes(text))
            .collect()
    };
    for group in evidence.phones.chunk_by(|x, y| x.0 == y.0) {
        let nodes: Vec<u32> = group.iter().map(|&(_, node)| node).collect();
        // A phone of that many is a switchboard, whatever else agrees.
        if nodes.len() > (2 * MAX_REVIEWED).max(2 * max_records) {
            continue;
        }
        for (at, &a) in nodes.iter().enumerate() {
            for &b in &nodes[at + 1..] {
                let same_source = source_of[a as usize] != u32::MAX
                    && source_of[a as usize] == source_of[b as usize];
                if same_source {
                    continue;
                }
                if emails_of(a).any(|x| emails_of(b).any(|y| x == y)) {
                    edges.push(edge(Rule::PhoneAndEmail, a, b));
                } else if id_of(a).iter().any(|x| id_of(b).contains(x)) {
                    edges.push(edge(Rule::PhoneAndId, a, b));
                } else if nodes.len() <= MAX_REVIEWED {
                    doubts.insert(doubt(a, b, Doubt::PhoneAlone));
                }
            }
        }
    }
    for group in email_groups(evidence) {
        let records: Vec<u32> = group
            .iter()
            .map(|&(_, node)| node)
            .filter(|&node| source_of[node as usize] != u32::MAX)
            .collect();
        if records.len() > MAX_REVIEWED || evidence.role_emails.contains(&group[0].0) {
            continue;
        }
        for (at, &a) in records.iter().enumerate() {
            for &b in &records[at + 1..] {
                if source_of[a as usize] == source_of[b as usize] {
                    doubts.insert(doubt(a, b, Doubt::EmailOfSeveralRecords));
                }
            }
        }
    }
}

fn email_groups(evidence: &Evidence) -> Vec<Vec<(u32, u32)>> {
    let mut pairs: Vec<(u32, u32)> = evidence
        .edges
        .iter()
        .filter(|edge| matches!(edge.rule, Rule::Email | Rule::EmailMentioned))
        .map(|edge| (edge.b, edge.a))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
        .chunk_by(|x, y| x.0 == y.0)
        .filter(|chunk| chunk.len() > 1)
        .map(<[_]>::to_vec)
        .collect()
}
