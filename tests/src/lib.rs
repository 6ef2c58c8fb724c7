//! A small world for tests: embedded servers in a temporary folder, the real SDK clients, the real handlers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failure here is a failed test"
)]

pub mod fuzz;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use levier_cloud::{Cloud, CloudOptions, Faults};
use levier_domain::config::Config;
use levier_domain::private::HashKey;
use levier_domain::receipt::Receipt;
use levier_domain::table::TableName;
use levier_lake::{ByteStream, Lake};
use levier_platforms::{Reply, Request};
use levier_report::Filter;
use levier_results::Results;
use levier_runtime::{Dependencies, Invocation, JobError, Secrets, system_clock};
use tempfile::TempDir;

/// A configuration with one source of each of the first platforms.
pub const CONFIG: &str = r#"
[sources.team]
platform = "slack"
community = "main"
secret = "file:slack"
[sources.forum]
platform = "discourse"
community = "main"
secret = "file:discourse"
[sources.own]
platform = "standard-webhooks"
community = "main"
secret = "file:own"
[commerce]
margin = 0.5
[privacy]
min_cell = 2
"#;

/// Embedded servers, clients and handlers over one temporary folder.
pub struct World {
    /// What handlers take.
    pub deps: Dependencies,
    /// The servers.
    pub cloud: Cloud,
    /// The folder.
    pub folder: TempDir,
}

impl World {
    /// A world of [`CONFIG`].
    pub async fn new() -> Self {
        Self::with(
            CONFIG,
            &[
                ("slack", b"slack-secret"),
                ("discourse", b"discourse-secret"),
                ("own", b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            ],
        )
        .await
    }

    /// A world of another configuration; secrets are files beside it.
    pub async fn with(config: &str, secrets: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, secret) in secrets {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, secret).unwrap();
        }
        let cloud = Cloud::start(CloudOptions {
            durable: false,
            ..CloudOptions::new(folder.path().join("data"))
        })
        .await
        .unwrap();
        let deps = connect(&cloud, config, folder.path()).await;
        Self {
            deps,
            cloud,
            folder,
        }
    }

    /// Where faults are injected.
    pub fn faults(&self) -> Faults {
        self.cloud.faults()
    }

    /// Signs a body as the platform does and gives it to `receive` at `at`.
    pub async fn send(&self, source: &str, body: &str, at: &str) -> Reply {
        let at: Timestamp = at.parse().unwrap();
        let request = self.signed(source, body, at);
        levier_receive::receive(&self.deps, &request, at).await
    }

    /// A signed request to `/hooks/{source}`.
    pub fn signed(&self, source: &str, body: &str, at: Timestamp) -> Request {
        let id = format!("msg-{}-{}", at.as_microsecond(), body.len());
        let mut request = self.deps.sources[source]
            .sign(body.as_bytes(), at, &id)
            .unwrap();
        request.path = format!("/hooks/{source}");
        request
    }

    /// Drops a file as known at `at` and gives its receipts.
    pub async fn drop_file(
        &self,
        name: &str,
        bytes: &[u8],
        at: &str,
    ) -> Result<Vec<Receipt>, JobError> {
        let key = format!("drop/{name}");
        self.deps
            .lake
            .drop_file(
                &key,
                ByteStream::from(bytes.to_vec()),
                Some(at.parse().unwrap()),
            )
            .await?;
        levier_import::import_object(&self.deps, &key).await
    }

    /// Drops a file in February 2026, every row of which must be taken.
    pub async fn take(&self, name: &str, text: &str) {
        let receipts = self
            .drop_file(name, text.as_bytes(), "2026-02-01T08:00:00Z")
            .await
            .unwrap();
        for receipt in receipts {
            assert_eq!(receipt.rows.refused, 0, "{name}: {receipt:?}");
            assert!(receipt.rows.new > 0, "{name}: {receipt:?}");
        }
    }

    /// Runs a job as of a day that is over.
    pub async fn run(&self, job: &str, as_of: &str) -> Result<(), JobError> {
        let day: Date = as_of.parse().unwrap();
        let now = levier_domain::time::start_of_day(day.tomorrow().unwrap(), &self.deps.zone);
        self.run_at(job, Some(day), now).await
    }

    /// Runs a job as of a day, or of today, at an instant.
    pub async fn run_at(
        &self,
        job: &str,
        day: Option<Date>,
        now: Timestamp,
    ) -> Result<(), JobError> {
        let invocation = Invocation {
            job: job.to_owned(),
            as_of: day,
            buckets: None,
        };
        match job {
            "compact" => levier_compact::compact(&self.deps, &invocation, now)
                .await
                .map(drop),
            "join" => levier_join::join(&self.deps, &invocation, now)
                .await
                .map(drop),
            "health" => levier_health::health(&self.deps, &invocation, now)
                .await
                .map(drop),
            "uplift" => levier_uplift_job::uplift(&self.deps, &invocation, now)
                .await
                .map(drop),
            "alert" => {
                let courier = levier_alert::Courier::new(None, Duration::from_millis(400));
                levier_alert::alert(&self.deps, &courier, &invocation, now)
                    .await
                    .map(drop)
            }
            "snapshot" => levier_snapshot::snapshot(&self.deps, &invocation, now)
                .await
                .map(drop),
            other => panic!("no job {other}"),
        }
    }

    /// Runs the whole night and the snapshot.
    pub async fn night(&self, as_of: &str) -> Result<(), JobError> {
        for job in ["compact", "join", "health", "uplift", "alert", "snapshot"] {
            self.run(job, as_of).await?;
        }
        Ok(())
    }

    /// Every result table as JSON, but those that tell how often something ran.
    pub async fn tables(&self) -> BTreeMap<TableName, String> {
        let mut all = BTreeMap::new();
        for table in TableName::ALL
            .iter()
            .copied()
            .filter(|table| !matches!(table, TableName::Runs))
        {
            let rows = levier_report::rows(&self.deps.results, table, &Filter::default())
                .await
                .unwrap();
            let mut lines: Vec<String> = rows
                .iter()
                .map(|row| levier_report::fields(table, row).to_string())
                .collect();
            lines.sort();
            all.insert(table, lines.join("\n"));
        }
        all
    }

    /// Rows of one table as JSON objects.
    pub async fn rows(&self, table: TableName) -> Vec<serde_json::Value> {
        let rows = levier_report::rows(&self.deps.results, table, &Filter::default())
            .await
            .unwrap();
        rows.iter()
            .map(|row| levier_report::fields(table, row))
            .collect()
    }

    /// Every object of the lake outside of the prefixes that hold raw bytes.
    pub async fn lake(&self) -> BTreeMap<String, Vec<u8>> {
        let mut all = BTreeMap::new();
        for object in self.deps.lake.list("").await.unwrap() {
            if !["drop/", "landing/", "quarantine/", "refused/"]
                .iter()
                .any(|raw| object.key.starts_with(raw))
            {
                let bytes = self.deps.lake.get(&object.key).await.unwrap().unwrap();
                all.insert(object.key, bytes.to_vec());
            }
        }
        all
    }
}

/// Handlers over running servers.
pub async fn connect(cloud: &Cloud, config: &str, folder: &std::path::Path) -> Dependencies {
    let (s3, dynamodb) = levier_cloud::clients(cloud.s3_url(), cloud.dynamodb_url()).await;
    levier_cloud::prepare(&s3, &dynamodb, "levier", "levier")
        .await
        .unwrap();
    let key = HashKey::new(*b"a key of the tests").unwrap();
    let config = Config::parse(config).unwrap();
    Dependencies::assemble(
        Lake::new(s3, "levier"),
        Results::new(dynamodb, "levier"),
        config,
        &Secrets::local(folder),
        key,
        system_clock,
    )
    .unwrap()
}
