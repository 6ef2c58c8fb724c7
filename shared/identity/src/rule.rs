//! Why two nodes are held to be one person, and why not.

use std::fmt;

/// The rule behind a link, strongest first. The same id of the same source needs no link: it is one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A row of `links` says so.
    Explicit,
    /// A roster names the CRM id beside the handle.
    Roster,
    /// The platform's external id (single sign-on) is the CRM id of exactly one system.
    ExternalId,
    /// A file in the own layout names a CRM id that exactly one system declares.
    OwnId,
    /// The same e-mail, declared by the CRM or learnt with the handle; neither a role address nor shared.
    Email,
    /// The same e-mail, as an order or ticket beside its customer id gives it.
    EmailMentioned,
    /// The same phone, and the same e-mail although that one alone decides nothing.
    PhoneAndEmail,
    /// The same phone, and the same id although that one alone decides nothing.
    PhoneAndId,
}

impl Rule {
    /// Every rule, strongest first.
    pub const ALL: &'static [Self] = &[
        Self::Explicit,
        Self::Roster,
        Self::ExternalId,
        Self::OwnId,
        Self::Email,
        Self::EmailMentioned,
        Self::PhoneAndEmail,
        Self::PhoneAndId,
    ];

    /// The rule's id in tables and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Explicit => "explicit",
            Self::Roster => "roster",
            Self::ExternalId => "external_id",
            Self::OwnId => "own_id",
            Self::Email => "email",
            Self::EmailMentioned => "email_mentioned",
            Self::PhoneAndEmail => "phone_and_email",
            Self::PhoneAndId => "phone_and_id",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a link was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// It would have led to two ids of one source in one person.
    TwoIdsOfOneSource,
    /// The person would have had more handles and records than `join.max_cluster`.
    TooLarge,
    /// A row of `links` says that the two are different people.
    SaidDifferent,
    /// The e-mail is a role address.
    RoleEmail,
    /// More records of one source than `join.max_records_per_email` have the e-mail.
    SharedEmail,
}

impl Refusal {
    /// The reason's id in tables and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TwoIdsOfOneSource => "two_ids_of_one_source",
            Self::TooLarge => "too_large",
            Self::SaidDifferent => "said_different",
            Self::RoleEmail => "role_email",
            Self::SharedEmail => "shared_email",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a pair waits for a person to decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Doubt {
    /// Only the phone agrees; switchboards and families share one.
    PhoneAlone,
    /// The external id or own-layout id occurs in several systems.
    IdInSeveralSources,
    /// Several records of one source have the e-mail: duplicates in the CRM, or people who share an address.
    EmailOfSeveralRecords,
}

impl Doubt {
    /// The doubt's id in tables and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PhoneAlone => "phone_alone",
            Self::IdInSeveralSources => "id_in_several_sources",
            Self::EmailOfSeveralRecords => "email_of_several_records",
        }
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
