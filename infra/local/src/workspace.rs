//! The workspace of a data folder: configuration, hashing key, stores.
//!
//! A running `levier up` is found by `up.json` in the folder and talked to; else the stores are started in this process for as
//! long as the workspace lives.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use levier_cloud::{Cloud, CloudError, CloudOptions};
use levier_domain::config::Config;
use levier_domain::private::HashKey;
use levier_lake::Lake;
use levier_results::Results;
use levier_runtime::{Dependencies, Secrets, system_clock};
use serde::{Deserialize, Serialize};

use crate::Failure;
use crate::arguments::Shared;

/// Name of the local bucket.
pub const BUCKET: &str = "levier";
/// Name of the local results table.
pub const TABLE: &str = "levier";
/// How long a command waits for another one to let go of the folder.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a running `levier up` says of itself, in `up.json` and on its first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// `ready`.
    pub event: String,
    /// Hooks, tables and dashboard.
    pub url: String,
    /// The S3 endpoint.
    pub s3_url: String,
    /// The DynamoDB endpoint.
    pub dynamodb_url: String,
    /// The process.
    pub pid: u32,
}

/// An open workspace.
pub struct Workspace {
    /// What handlers take.
    pub deps: Dependencies,
    /// The stores of this process, unless a running `up` has them.
    pub cloud: Option<Cloud>,
    /// The running `up`, if any.
    pub up: Option<Ready>,
}

/// The file that holds the configuration of a call.
#[must_use]
pub fn config_path(shared: &Shared) -> PathBuf {
    shared
        .config
        .clone()
        .unwrap_or_else(|| PathBuf::from("levier.toml"))
}

/// The configuration of a call: the file named, or `levier.toml` here, or the defaults.
///
/// # Errors
/// [`Failure::Usage`] says what to set.
pub fn read_config(shared: &Shared) -> Result<(Config, PathBuf), Failure> {
    let path = config_path(shared);
    let folder = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok((
            Config::parse(&text).map_err(|error| Failure::Usage(error.to_string()))?,
            folder,
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && shared.config.is_none() => {
            Ok((Config::default(), folder))
        }
        Err(error) => Err(Failure::Usage(format!(
            "{} cannot be read: {error}; levier init writes one",
            path.display()
        ))),
    }
}

fn hash_key(shared: &Shared, config: &Config, secrets: &Secrets) -> Result<HashKey, Failure> {
    let weak = |error: levier_domain::private::WeakKey| Failure::Usage(error.to_string());
    if let Some(reference) = &config.workspace.hash_key {
        let key = secrets.read(reference).map_err(|problem| {
            Failure::Usage(format!("levier.toml: `workspace.hash_key`: {problem}"))
        })?;
        return HashKey::new(key).map_err(weak);
    }
    let path = shared.data.join("hash.key");
    let failed = |error: std::io::Error| {
        Failure::Failed(format!("{} cannot be used: {error}", path.display()))
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => HashKey::new(text.trim().as_bytes()).map_err(weak),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let key = hex::encode(random()?);
            match options.open(&path) {
                Ok(mut file) => file
                    .write_all(key.as_bytes())
                    .and_then(|()| file.sync_all())
                    .map_err(failed)?,
                // Another command made it a moment ago.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    return hash_key(shared, config, secrets);
                }
                Err(error) => return Err(failed(error)),
            }
            HashKey::new(key.into_bytes()).map_err(weak)
        }
        Err(error) => Err(failed(error)),
    }
}

/// 32 bytes of the system's randomness.
///
/// # Errors
/// [`Failure::Failed`] where the system has none.
pub fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::Failed(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes)
}

/// The running `up` of a folder, if its process still answers.
pub async fn running(data: &Path) -> Option<Ready> {
    let text = std::fs::read_to_string(data.join("up.json")).ok()?;
    let ready: Ready = serde_json::from_str(&text).ok()?;
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .build()
        .ok()?;
    client
        .get(format!("{}/healthz", ready.url))
        .send()
        .await
        .ok()?;
    Some(ready)
}

impl Workspace {
    /// Opens the workspace of a call.
    ///
    /// # Errors
    /// [`Failure`] says what to set or to stop.
    pub async fn open(shared: &Shared) -> Result<Self, Failure> {
        let (config, folder) = read_config(shared)?;
        Self::open_with(shared, config, folder, true).await
    }

    /// The same with a configuration that is already read; `durable` says whether writes survive a power cut.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn open_with(
        shared: &Shared,
        config: Config,
        folder: PathBuf,
        durable: bool,
    ) -> Result<Self, Failure> {
        if let Some(profile) = &shared.profile {
            return Self::open_aws(profile).await;
        }
        std::fs::create_dir_all(&shared.data).map_err(|error| {
            Failure::Failed(format!("{} cannot be made: {error}", shared.data.display()))
        })?;
        let secrets = Secrets::local(folder);
        let key = hash_key(shared, &config, &secrets)?;
        let (cloud, up) = connect(&shared.data, durable).await?;
        let (s3_url, dynamodb_url) = match (&cloud, &up) {
            (Some(cloud), _) => (cloud.s3_url().to_owned(), cloud.dynamodb_url().to_owned()),
            (None, Some(up)) => (up.s3_url.clone(), up.dynamodb_url.clone()),
            (None, None) => return Err(Failure::Failed("no store answers".to_owned())),
        };
        let (s3, dynamodb) = levier_cloud::clients(&s3_url, &dynamodb_url).await;
        levier_cloud::prepare(&s3, &dynamodb, BUCKET, TABLE)
            .await
            .map_err(Failure::failed)?;
        let deps = Dependencies::assemble(
            Lake::new(s3, BUCKET),
            Results::new(dynamodb, TABLE),
            config,
            &secrets,
            key,
            system_clock,
        )
        .map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(Self { deps, cloud, up })
    }

    async fn open_aws(profile: &str) -> Result<Self, Failure> {
        // The SDK and Settings read the environment; the profile is one of its variables.
        let lookup = |name: &str| {
            if name == "AWS_PROFILE" {
                Some(profile.to_owned())
            } else {
                std::env::var(name).ok()
            }
        };
        if std::env::var("AWS_PROFILE").ok().as_deref() != Some(profile) {
            return Err(Failure::Usage(format!(
                "set AWS_PROFILE={profile} beside --profile {profile}, so that the AWS SDK finds it too"
            )));
        }
        let deps = Dependencies::connect(lookup)
            .await
            .map_err(Failure::failed)?;
        Ok(Self {
            deps,
            cloud: None,
            up: None,
        })
    }

    /// Lets requests in flight finish.
    pub async fn close(self) {
        if let Some(cloud) = self.cloud {
            cloud.stop().await;
        }
    }
}

async fn connect(data: &Path, durable: bool) -> Result<(Option<Cloud>, Option<Ready>), Failure> {
    let begun = Instant::now();
    loop {
        if let Some(ready) = running(data).await {
            return Ok((None, Some(ready)));
        }
        let options = CloudOptions {
            durable,
            ..CloudOptions::new(data)
        };
        match Cloud::start(options).await {
            Ok(cloud) => return Ok((Some(cloud), None)),
            Err(CloudError::InUse { .. }) if begun.elapsed() < PATIENCE => {
                tokio::time::sleep(Duration::from_millis(100)).await
            }
            Err(error) => return Err(Failure::failed(error)),
        }
    }
}

/// Now, at the edge.
#[must_use]
pub fn now() -> Timestamp {
    system_clock()
}
