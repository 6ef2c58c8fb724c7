//! Intercom's entry in the registry; see [`crate::desk`].

pub(crate) use crate::desk::Intercom;

pub(crate) const KEYS: &[&str] = &["secret", "secrets"];
