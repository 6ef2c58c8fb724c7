//! A running local cloud, from the folder lock to the last answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;

use crate::dynamodb::{Forward, Tables};
use crate::lock::FolderLock;
use crate::s3::{Endpoint, Store};
use crate::serve::{Server, listen};
use crate::{CloudError, Faults};

/// Where the local cloud keeps its data and where it listens.
#[derive(Clone, Debug)]
pub struct CloudOptions {
    /// The data folder, made if absent: objects under `s3/{bucket}/{key}`, tables in `dynamodb.sqlite`.
    pub data: PathBuf,
    /// Loopback port of the S3 endpoint; 0 takes a free one.
    pub s3_port: u16,
    /// Loopback port of the DynamoDB endpoint; 0 takes a free one.
    pub dynamodb_port: u16,
    /// Whether an acknowledged write survives a power cut (the default). Without it a write survives the end of the
    /// process, `kill -9` included, but the operating system decides when it reaches the disk: for throw-away data.
    pub durable: bool,
}

impl CloudOptions {
    /// Durable, on free ports.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            s3_port: 0,
            dynamodb_port: 0,
            durable: true,
        }
    }
}

/// A running local cloud. Dropping it cuts it off; [`Cloud::stop`] lets the requests in flight finish.
pub struct Cloud {
    data: PathBuf,
    s3_url: String,
    dynamodb_url: String,
    s3: Server,
    dynamodb: Server,
    tables: Tables,
    store: Arc<Store>,
    faults: Faults,
}

impl Cloud {
    /// Takes the folder and opens both endpoints.
    ///
    /// # Errors
    /// [`CloudError::InUse`] while another cloud, in this process or another, serves the folder; [`CloudError::Listen`]
    /// when a port is taken; [`CloudError::Io`] and [`CloudError::Tables`] when the folder or the SQLite file is
    /// unusable.
    pub async fn start(options: CloudOptions) -> Result<Self, CloudError> {
        let CloudOptions {
            data,
            s3_port,
            dynamodb_port,
            durable,
        } = options;
        let folder = data.clone();
        let opened = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&folder).map_err(CloudError::io("create", &folder))?;
            let lock = FolderLock::take(&folder)?;
            Store::open(&folder, durable, lock)
        });
        let store = opened
            .await
            .map_err(|error| CloudError::io("open", &data)(std::io::Error::other(error)))??;
        let store = Arc::new(store);

        let s3_listener = listen(s3_port).await?;
        let dynamodb_listener = listen(dynamodb_port).await?;
        let tables = Tables::open(data.join("dynamodb.sqlite"), durable).await?;
        let faults = Faults::default();

        let endpoint = Endpoint::over(Arc::clone(&store));
        let s3 = Server::start(s3_listener, faults.clone(), move || endpoint.clone()).map_err(
            |source| CloudError::Listen {
                port: s3_port,
                source,
            },
        )?;
        let engine = tables.address();
        let dynamodb = Server::start(dynamodb_listener, faults.clone(), move || {
            Forward::to(engine)
        })
        .map_err(|source| CloudError::Listen {
            port: dynamodb_port,
            source,
        })?;
        Ok(Self {
            data,
            s3_url: s3.url(),
            dynamodb_url: dynamodb.url(),
            s3,
            dynamodb,
            tables,
            store,
            faults,
        })
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The S3 endpoint, `http://127.0.0.1:PORT`.
    pub fn s3_url(&self) -> &str {
        &self.s3_url
    }

    /// The DynamoDB endpoint, `http://127.0.0.1:PORT`.
    pub fn dynamodb_url(&self) -> &str {
        &self.dynamodb_url
    }

    /// Sends the key of every object created or replaced under `prefix`, in any bucket, once it is stored. As with S3
    /// events, a notice can be lost when the process dies between the write and its handling: whoever listens looks
    /// through the prefix when it starts.
    pub fn on_put(&self, prefix: impl Into<String>, sender: UnboundedSender<String>) {
        self.store.watch(prefix.into(), sender);
    }

    /// Fault injection, for tests.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// Deletes expired table items now, as a timer does every minute; the count of them.
    ///
    /// # Errors
    /// [`CloudError::Tables`] when the SQLite file cannot be read or written.
    pub async fn sweep_expired(&self) -> Result<usize, CloudError> {
        self.tables.sweep().await
    }

    /// Lets the requests in flight finish, for five seconds at most, and gives the folder back.
    pub async fn stop(self) {
        let Self {
            s3,
            dynamodb,
            tables,
            store,
            ..
        } = self;
        tokio::join!(s3.stop(), dynamodb.stop());
        tables.stop().await;
        drop(store);
    }
}
