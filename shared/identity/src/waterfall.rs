//! How many handles reach the CRM, and why the others do not; how many CRM people have a handle.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use crate::candidates::kind_range;
use crate::evidence::{Edge, Evidence};
use crate::node;
use crate::rule::{Refusal, Rule};

/// How far a handle came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// The person has a CRM record.
    InCrm,
    /// The person is identified by an e-mail, but no CRM record is theirs.
    NotInCrm,
    /// The platform gave nothing but the handle.
    NoIdentifier,
    /// Only a role address is known.
    RoleEmail,
    /// Only an e-mail that too many records share is known.
    SharedEmail,
    /// The links were refused: they contradict one another, or a row of `links`.
    Conflict,
    /// Only a phone is known, which alone decides nothing.
    PhoneAlone,
    /// Only an external id is known that no single system has.
    UnknownId,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: &'static [Self] = &[
        Self::InCrm,
        Self::NotInCrm,
        Self::NoIdentifier,
        Self::RoleEmail,
        Self::SharedEmail,
        Self::Conflict,
        Self::PhoneAlone,
        Self::UnknownId,
    ];

    /// The outcome's id in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InCrm => "in_crm",
            Self::NotInCrm => "not_in_crm",
            Self::NoIdentifier => "no_identifier",
            Self::RoleEmail => "role_email",
            Self::SharedEmail => "shared_email",
            Self::Conflict => "conflict",
            Self::PhoneAlone => "phone_alone",
            Self::UnknownId => "unknown_id",
        }
    }

    /// Whether the handle is identified (by more than itself).
    #[must_use]
    pub fn is_identified(self) -> bool {
        matches!(self, Self::InCrm | Self::NotInCrm)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Counts; every handle is in exactly one outcome and every record on exactly one side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waterfall {
    /// Handles by platform and outcome.
    pub handles: BTreeMap<(String, Outcome), u64>,
    /// CRM records by source: all, and those whose person has a handle.
    pub records: BTreeMap<String, (u64, u64)>,
    /// Links by rule.
    pub links: BTreeMap<Rule, u64>,
    /// Refused links by reason.
    pub refused: BTreeMap<Refusal, u64>,
}

pub(crate) fn count(
    evidence: &Evidence,
    person_of: &[u32],
    persons: usize,
    accepted: &[Edge],
    refused: &[(Edge, Refusal)],
    spans: &HashMap<u32, Vec<(i64, i64, u32)>>,
) -> Waterfall {
    let mut out = Waterfall::default();
    for edge in accepted {
        *out.links.entry(edge.rule).or_default() += 1;
    }
    for (_, refusal) in refused {
        *out.refused.entry(*refusal).or_default() += 1;
    }
    let (mut with_record, mut with_email, mut with_handle) = (
        vec![false; persons],
        vec![false; persons],
        vec![false; persons],
    );
    for record in kind_range(evidence, node::RECORD) {
        with_record[person_of[record as usize] as usize] = true;
    }
    for kind in [node::EMAIL_PACKED, node::EMAIL] {
        for email in kind_range(evidence, kind) {
            with_email[person_of[email as usize] as usize] = true;
        }
    }
    for kind in [node::HANDLE, node::SPAN] {
        for handle in kind_range(evidence, kind) {
            with_handle[person_of[handle as usize] as usize] = true;
        }
    }
    let mut why: HashMap<u32, Refusal> = HashMap::new();
    for &(edge, refusal) in refused {
        for end in [edge.a, edge.b] {
            // Contradictions say more than a shared address; of the rest the first in the list.
            why.entry(end)
                .and_modify(|held| *held = (*held).min(refusal))
                .or_insert(refusal);
        }
    }
    let phones: HashSet<u32> = evidence.phones.iter().map(|&(_, node)| node).collect();
    let externals: HashSet<u32> = evidence.externals.iter().map(|&(_, node)| node).collect();
    for handle in kind_range(evidence, node::HANDLE) {
        let own = person_of[handle as usize] as usize;
        let spans = spans.get(&handle).map_or(&[][..], Vec::as_slice);
        let any = |with: &[bool]| {
            with[own]
                || spans
                    .iter()
                    .any(|&(.., span)| with[person_of[span as usize] as usize])
        };
        let outcome = if any(&with_record) {
            Outcome::InCrm
        } else if any(&with_email) {
            Outcome::NotInCrm
        } else {
            match why.get(&handle) {
                Some(Refusal::RoleEmail) => Outcome::RoleEmail,
                Some(Refusal::SharedEmail) => Outcome::SharedEmail,
                Some(_) => Outcome::Conflict,
                None if externals.contains(&handle) => Outcome::UnknownId,
                None if phones.contains(&handle) => Outcome::PhoneAlone,
                None => Outcome::NoIdentifier,
            }
        };
        let (platform, _) = node::split(evidence.nodes.bytes(handle));
        *out.handles
            .entry((platform.to_owned(), outcome))
            .or_default() += 1;
    }
    for record in kind_range(evidence, node::RECORD) {
        let (source, _) = node::split(evidence.nodes.bytes(record));
        let counts = out.records.entry(source.to_owned()).or_default();
        counts.0 += 1;
        counts.1 += u64::from(with_handle[person_of[record as usize] as usize]);
    }
    out
}
