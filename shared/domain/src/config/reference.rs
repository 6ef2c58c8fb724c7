//! References to secrets: `env:NAME`, `file:PATH`, `ssm:NAME`, `secretsmanager:NAME`; never a value.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reference {
    /// An environment variable.
    Env(String),
    /// A file, relative to `levier.toml`; one final newline is dropped.
    File(String),
    /// A parameter of AWS Systems Manager.
    Ssm(String),
    /// A secret of AWS Secrets Manager.
    SecretsManager(String),
}

/// The text is no reference. The text itself is not repeated: it may be the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a reference to a secret; write env:NAME, file:PATH, ssm:NAME or secretsmanager:NAME, never the value"
)]
pub struct ReferenceError;

impl FromStr for Reference {
    type Err = ReferenceError;
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (scheme, name) = text.split_once(':').ok_or(ReferenceError)?;
        if name.is_empty() {
            return Err(ReferenceError);
        }
        let name = name.to_owned();
        match scheme {
            "env" => Ok(Self::Env(name)),
            "file" => Ok(Self::File(name)),
            "ssm" => Ok(Self::Ssm(name)),
            "secretsmanager" => Ok(Self::SecretsManager(name)),
            _ => Err(ReferenceError),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(name) => write!(f, "file:{name}"),
            Self::Ssm(name) => write!(f, "ssm:{name}"),
            Self::SecretsManager(name) => write!(f, "secretsmanager:{name}"),
        }
    }
}

impl Serialize for Reference {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
