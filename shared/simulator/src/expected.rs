//! What a right pipeline must find, to the unit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::company::Company;
use crate::deliveries::SourceExpected;
use crate::files::FileExpected;

/// Counts to reconcile with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// By configured source.
    pub sources: BTreeMap<String, SourceExpected>,
    /// By dropped file, in the order of [`Company::files`].
    pub files: Vec<FileExpected>,
}

impl Company {
    /// What the pipeline must find. Walks through everything once.
    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected {
            sources: self.expected_deliveries(),
            files: self.expected_files(),
        }
    }
}
