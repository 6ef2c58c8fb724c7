//! Everything that a handler takes as an argument, built once.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use levier_domain::config::{Config, ConfigError, Reference};
use levier_domain::private::{HashKey, WeakKey};
use levier_lake::{Lake, LakeError};
use levier_platforms::Source;
use levier_results::Results;

use crate::clock::{Clock, system_clock};
use crate::secrets::{SecretError, Secrets};
use crate::settings::{Settings, SettingsError};

/// Stores, configuration, sources, key and clock.
#[derive(Clone)]
pub struct Dependencies {
    /// The bucket.
    pub lake: Lake,
    /// The results table.
    pub results: Results,
    /// `levier.toml`.
    pub config: Arc<Config>,
    /// Compiled sources, by route.
    pub sources: Arc<BTreeMap<String, Source>>,
    /// The workspace's hashing key.
    pub hash_key: HashKey,
    /// Secrets by reference, for what signs rather than verifies.
    pub secrets: Arc<Secrets>,
    /// The workspace's time zone.
    pub zone: TimeZone,
    /// The time.
    pub clock: Clock,
}

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting is absent.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The bucket could not be read.
    #[error("cannot read the configuration")]
    Lake(#[from] LakeError),
    /// There is no `levier.toml`.
    #[error(
        "there is no `{key}` in bucket `{bucket}`; upload levier.toml there (levier init writes a commented one)"
    )]
    NoConfig {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// `levier.toml` is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// No hashing key is configured.
    #[error(
        "workspace.hash_key is not set; set it to a reference to at least 16 random bytes, for example ssm:/levier/hash-key"
    )]
    NoHashKey,
    /// The hashing key is too short.
    #[error(transparent)]
    WeakKey(#[from] WeakKey),
}

impl StartError {
    /// Whether trying again may help.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Lake(error) => error.is_retryable(),
            Self::Secret(error) => error.retryable,
            _ => false,
        }
    }
}

impl Dependencies {
    /// Connects as a Lambda function does: settings from the environment, configuration from the bucket, secrets by reference.
    ///
    /// # Errors
    /// [`StartError`] says what to set.
    pub async fn connect(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        let settings = Settings::read(&lookup)?;
        let shared = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        // A bucket behind a local endpoint has no host name of its own.
        let path_style = lookup("AWS_ENDPOINT_URL_S3").is_some();
        let s3 = aws_sdk_s3::Client::from_conf(
            aws_sdk_s3::config::Builder::from(&shared)
                .force_path_style(path_style)
                .build(),
        );
        let lake = Lake::new(s3, &settings.bucket);
        let results = Results::new(aws_sdk_dynamodb::Client::new(&shared), &settings.table);
        let text = lake.get(&settings.config_key).await?;
        let text = text.ok_or_else(|| StartError::NoConfig {
            bucket: settings.bucket.clone(),
            key: settings.config_key.clone(),
        })?;
        let config = Config::parse(&String::from_utf8_lossy(&text))?;
        let secrets = Secrets::fetch(&config, lookup("AWS_SESSION_TOKEN").as_deref()).await?;
        let reference = config
            .workspace
            .hash_key
            .as_ref()
            .ok_or(StartError::NoHashKey)?;
        let key = read_reference(&secrets, "workspace.hash_key", reference)?;
        Self::assemble(
            lake,
            results,
            config,
            &secrets,
            HashKey::new(key)?,
            system_clock,
        )
    }

    /// The same from parts that already exist.
    ///
    /// # Errors
    /// [`StartError::Config`] where a source is wrong or a secret cannot be read.
    pub fn assemble(
        lake: Lake,
        results: Results,
        config: Config,
        secrets: &Secrets,
        hash_key: HashKey,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let mut sources = BTreeMap::new();
        for (name, source) in &config.sources {
            sources.insert(
                name.clone(),
                Source::compile(name, source, &|reference| secrets.read(reference))?,
            );
        }
        let zone = config.workspace.zone();
        Ok(Self {
            lake,
            results,
            config: Arc::new(config),
            sources: Arc::new(sources),
            hash_key,
            secrets: Arc::new(secrets.clone()),
            zone,
            clock,
        })
    }
}

fn read_reference(
    secrets: &Secrets,
    key: &str,
    reference: &Reference,
) -> Result<Vec<u8>, ConfigError> {
    secrets
        .read(reference)
        .map_err(|problem| ConfigError::Reference {
            key: key.to_owned(),
            problem,
        })
}
