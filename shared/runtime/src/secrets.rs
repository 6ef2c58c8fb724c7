//! Secrets by reference. `env:` and `file:` are read here; `ssm:` and `secretsmanager:` through the AWS Parameters and Secrets
//! Lambda extension, which caches and decrypts on the function's own loopback, so that no further SDK is shipped.

use std::collections::HashMap;
use std::path::PathBuf;

use levier_domain::config::{Config, Reference};

/// Why a secret cannot be read. Never holds the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{reference}` cannot be read: {problem}")]
pub struct SecretError {
    /// The reference.
    pub reference: String,
    /// What failed and what to set.
    pub problem: String,
    /// Whether trying again may help.
    pub retryable: bool,
}

/// Secrets that were read at start.
#[derive(Clone, Default)]
pub struct Secrets {
    /// Folder to which `file:` references are relative.
    pub folder: PathBuf,
    remote: HashMap<Reference, Vec<u8>>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Secrets {
    /// Local secrets only: `env:` and `file:` relative to `folder`.
    #[must_use]
    pub fn local(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            remote: HashMap::new(),
        }
    }

    /// Reads every remote secret that `config` refers to, once.
    ///
    /// # Errors
    /// [`SecretError`] for the first that cannot be read.
    pub async fn fetch(config: &Config, token: Option<&str>) -> Result<Self, SecretError> {
        let mut secrets = Self::local(".");
        let client = reqwest::Client::new();
        for reference in references(config) {
            let url = match reference {
                Reference::Ssm(name) => {
                    format!(
                        "http://localhost:2773/systemsmanager/parameters/get?name={}&withDecryption=true",
                        encode(name)
                    )
                }
                Reference::SecretsManager(name) => format!(
                    "http://localhost:2773/secretsmanager/get?secretId={}",
                    encode(name)
                ),
                Reference::Env(_) | Reference::File(_) => continue,
            };
            let failed = |problem: String, retryable| SecretError {
                reference: reference.to_string(),
                problem,
                retryable,
            };
            let token = token.ok_or_else(|| {
                failed("AWS_SESSION_TOKEN is not set; this reference is only readable inside AWS Lambda, use env: or file: elsewhere".to_owned(), false)
            })?;
            let response = client
                .get(url)
                .header("X-Aws-Parameters-Secrets-Token", token)
                .send()
                .await
                .map_err(|error| failed(format!("the secrets extension does not answer ({error}); add its layer to the function"), true))?;
            let status = response.status();
            let body: serde_json::Value = response.json().await.map_err(|error| {
                failed(
                    format!("the secrets extension answered {status}: {error}"),
                    true,
                )
            })?;
            let value = body["Parameter"]["Value"]
                .as_str()
                .or_else(|| body["SecretString"].as_str());
            let value = value.ok_or_else(|| failed(format!("status {status} without a value; does the name exist, may the function read it?"), false))?;
            secrets
                .remote
                .insert(reference.clone(), value.as_bytes().to_vec());
        }
        Ok(secrets)
    }

    /// The bytes behind a reference.
    ///
    /// # Errors
    /// What failed and what to set, never the value.
    pub fn read(&self, reference: &Reference) -> Result<Vec<u8>, String> {
        match reference {
            Reference::Env(name) => std::env::var(name)
                .ok()
                .filter(|value| !value.is_empty())
                .map(String::into_bytes)
                .ok_or_else(|| {
                    format!("the environment variable {name} is not set; set it, or use file:PATH")
                }),
            Reference::File(path) => {
                let full = self.folder.join(path);
                let mut bytes = std::fs::read(&full).map_err(|error| format!("the file {path} cannot be read ({error}); the path is relative to levier.toml"))?;
                if bytes.last() == Some(&b'\n') {
                    bytes.pop();
                    if bytes.last() == Some(&b'\r') {
                        bytes.pop();
                    }
                }
                if bytes.is_empty() {
                    Err(format!("the file {path} is empty"))
                } else {
                    Ok(bytes)
                }
            }
            remote => self.remote.get(remote).cloned().ok_or_else(|| {
                format!("{remote} is only readable inside AWS Lambda; use env: or file: here")
            }),
        }
    }
}

fn references(config: &Config) -> Vec<&Reference> {
    let mut all: Vec<&Reference> = config.workspace.hash_key.iter().collect();
    for source in config.sources.values() {
        all.extend(source.all_secrets());
        all.extend(source.all_private_keys());
        all.extend(&source.verify_token);
        all.extend(source.pull.iter().map(|pull| &pull.token));
    }
    all.extend(config.notify.values().filter_map(|to| to.url.as_ref()));
    all
}

fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
