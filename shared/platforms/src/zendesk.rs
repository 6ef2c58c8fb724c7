//! Zendesk's entry in the registry; see [`crate::desk`].

pub(crate) use crate::desk::{KEYS, Zendesk};
