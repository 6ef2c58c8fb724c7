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
use sha2::{Digest, Sha256};

use crate::Failure;
use crate::arguments::Shared;

/// Name of the local bucket.
pub const BUCKET: &str = "levier";
/// Name of the local results table.
pub const TABLE: &str = "levier";
/// How long a command waits for another one to let go of the folder.
const PATIENCE: Duration = Duration::from_secs(15);

/// Where a running `levier up` says who it is.
pub const WHO: &str = "/local/up";

/// Where it says which configuration it uses.
pub const USED: &str = "/local/config";

/// The configuration of a running `levier up`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The file.
    pub file: PathBuf,
    /// Digest of what it says; `None` where there is no such file.
    pub digest: Option<String>,
    /// Why what it says now is not used.
    pub problem: Option<String>,
}

/// Digest of a configuration's text.
#[must_use]
pub fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

impl Used {
    /// What is wrong where a call names another configuration than the running `up` uses: what it asks of `up` would be done
    /// by the one of `up`, without a word.
    fn differs(&self, shared: &Shared, up: &Ready) -> Option<String> {
        let named = shared.config.as_ref()?;
        let text = std::fs::read_to_string(named).ok()?;
        (self.digest.as_deref() != Some(&digest(&text))).then(|| {
            format!(
                "--config {}: the levier up that runs on {} (process {}) uses {}, which says something else; stop it first, or start it with this --config, or leave --config away",
                named.display(),
                shared.data.display(),
                up.pid,
                self.file.display()
            )
        })
    }
}

/// Which configuration a running `levier up` uses.
///
/// # Errors
/// [`Failure`] where it does not answer.
pub async fn used(up: &Ready) -> Result<Used, Failure> {
    let answer = reqwest::get(format!("{}{USED}", up.url)).await;
    let read = async { answer?.error_for_status()?.json::<Used>().await };
    read.await.map_err(|error| {
        Failure::Failed(format!(
            "the running levier up does not say which configuration it uses: {error}; stop it and start it again"
        ))
    })
}

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

/// The file that holds the configuration of a call: the one named, else `levier.toml` here, else that of the data folder (where
/// `levier demo` leaves the made-up company's, without which its files would be hashed with another key).
#[must_use]
pub fn config_path(shared: &Shared) -> PathBuf {
    if let Some(path) = &shared.config {
        return path.clone();
    }
    let here = PathBuf::from("levier.toml");
    let with_the_data = shared.data.join("levier.toml");
    if !here.exists() && with_the_data.exists() {
        with_the_data
    } else {
        here
    }
}

/// The configuration of a call: the file that [`config_path`] says, or the defaults where there is none.
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
            Config::parse(&text).map_err(|error| {
                // Errors speak of `levier.toml`, which the file may not be called.
                let name = path.display().to_string();
                Failure::Usage(error.to_string().replacen("levier.toml", &name, 1))
            })?,
            folder,
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && shared.config.is_none() => {
            Ok((Config::default(), folder))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Failure::Usage(format!(
            "{} cannot be read: {error}; levier init writes one",
            path.display()
        ))),
        Err(error) => Err(Failure::Usage(format!(
            "{} cannot be read: {error}",
            path.display()
        ))),
    }
}

fn hash_key(shared: &Shared, config: &Config, secrets: &Secrets) -> Result<HashKey, Failure> {
    let weak = |error: levier_domain::private::WeakKey| Failure::Usage(error.to_string());
    if let Some(reference) = &config.workspace.hash_key {
        let key = secrets.read(reference).map_err(|problem| {
            let file = config_path(shared);
            Failure::Usage(format!(
                "{}: `workspace.hash_key`: {problem}",
                file.display()
            ))
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

/// The running `up` of a folder, if it answers as itself: on the port of one that was killed another may listen by now, and what
/// is meant for this folder must not go to that one's.
pub async fn running(data: &Path) -> Option<Ready> {
    let text = std::fs::read_to_string(data.join("up.json")).ok()?;
    let ready: Ready = serde_json::from_str(&text).ok()?;
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(5))
        .build()
        .ok()?;
    let answer = client
        .get(format!("{}{WHO}", ready.url))
        .send()
        .await
        .ok()?;
    (answer.json::<Ready>().await.ok()? == ready).then_some(ready)
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

    /// The same to read what is there: a folder that does not exist is not made, whose emptiness would pass for an answer.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn read(shared: &Shared) -> Result<Self, Failure> {
        if shared.profile.is_none() && !shared.data.is_dir() {
            return Err(Failure::Usage(format!(
                "there is no workspace in {}; --data names its folder, and levier up, levier demo or levier drop make one",
                shared.data.display()
            )));
        }
        Self::open(shared).await
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
        if let Some(up) = up.as_ref().filter(|_| shared.config.is_some())
            && let Some(problem) = used(up).await?.differs(shared, up)
        {
            return Err(Failure::Usage(problem));
        }
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// After a kill its port may be another folder's: only the one that wrote `up.json` is talked to.
    #[tokio::test]
    async fn only_the_up_of_the_folder_is_its_up() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = Ready {
            event: "ready".to_owned(),
            url: format!("http://{}", listener.local_addr().unwrap()),
            s3_url: "http://127.0.0.1:1".to_owned(),
            dynamodb_url: "http://127.0.0.1:2".to_owned(),
            pid: 7,
        };
        let said = own.clone();
        let router = axum::Router::new()
            .route(
                WHO,
                axum::routing::get(move || async move { axum::Json(said) }),
            )
            .route("/healthz", axum::routing::get(|| async { "ok" }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(running(folder.path()).await, None, "nothing is written");
        let killed = Ready {
            pid: 6,
            s3_url: "http://127.0.0.1:3".to_owned(),
            ..own.clone()
        };
        for (case, written, found) in [("its own", &own, Some(&own)), ("killed", &killed, None)] {
            std::fs::write(
                folder.path().join("up.json"),
                serde_json::to_string(written).unwrap(),
            )
            .unwrap();
            assert_eq!(running(folder.path()).await.as_ref(), found, "{case}");
        }
    }

    #[test]
    fn a_data_folder_brings_its_configuration_unless_another_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let mut shared = Shared {
            data: folder.path().to_path_buf(),
            config: None,
            json: false,
            profile: None,
        };
        assert_eq!(config_path(&shared), PathBuf::from("levier.toml"));
        std::fs::write(folder.path().join("levier.toml"), "").unwrap();
        assert_eq!(config_path(&shared), folder.path().join("levier.toml"));
        let named = folder.path().join("other.toml");
        shared.config = Some(named.clone());
        assert_eq!(config_path(&shared), named);
        std::fs::write(&named, "[workspace]\nnam = \"x\"\n").unwrap();
        let failure = read_config(&shared).unwrap_err().to_string();
        assert!(
            failure.contains("other.toml") && failure.contains("nam"),
            "{failure}"
        );
    }
}
