//! Who is who: handles, CRM records and e-mail keys resolved into persons.
//!
//! The join decides whether anyone believes the figures, so that it is conservative and explains itself. Every link carries its
//! [`Rule`]; names and promo codes never link; what contradicts itself is refused and listed ([`Resolution::conflicts`]); what
//! is merely likely waits for a person ([`Resolution::review`]); a row of `links` with `relation = different` undoes a merge.
//! A false match shrinks every effect that is measured later, a missed one only widens the interval: in doubt, two persons.
//!
//! The result is a function of the *set* of evidence. Evidence is renumbered in byte order before anything is decided, and no
//! step of [`mod@resolve`](crate::resolve) breaks a tie by order of arrival. A person is named after the earliest-created record,
//! so that later evidence does not rename anybody who stays one person; names are never published.
//!
//! [`Membership`] then says who was a member of which community when.

mod account;
mod candidates;
mod cluster;
mod evidence;
mod intern;
mod membership;
mod node;
mod person;
mod resolution;
mod rule;
mod waterfall;

pub use account::{company_domain, normalise_domain};
pub use evidence::{Evidence, ExplicitLink, HandleId, Identifiers, Renumbered};
pub use membership::{Interval, Membership, MembershipEvidence, PersonMembership};
pub use node::Node;
pub use person::ID_LENGTH;
pub use resolution::{Conflict, Link, Options, Resolution, Review, resolve};
pub use rule::{Doubt, Refusal, Rule};
pub use waterfall::{Outcome, Waterfall};
