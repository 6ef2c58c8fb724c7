//! The DynamoDB endpoint: `dynoxide` over one SQLite file, on a thread of its own, behind a thin proxy.
//!
//! The engine answers on the thread that reads the request and blocks it while SQLite works; on a thread of its own it
//! holds nobody up. The proxy in front counts requests and injects faults; it opens one engine connection per client
//! connection and copies nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use dynoxide::Database;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;

use crate::CloudError;
use crate::serve::{BoxError, Handler, ServeError};

/// How often expired items are deleted. On AWS it takes up to days, so nothing may lean on it being soon.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// The running engine.
pub(crate) struct Tables {
    path: PathBuf,
    database: Database,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
    sweeper: JoinHandle<()>,
}

impl Tables {
    pub(crate) async fn open(path: PathBuf, durable: bool) -> Result<Self, CloudError> {
        let failed = |reason: String| CloudError::Tables {
            path: path.clone(),
            reason,
        };
        let file = path.clone();
        let database = tokio::task::spawn_blocking(move || open_database(&file, durable))
            .await
            .map_err(|error| failed(error.to_string()))?
            .map_err(failed)?;

        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .map_err(|source| CloudError::Listen { port: 0, source })?;
        let address = listener
            .local_addr()
            .map_err(|source| CloudError::Listen { port: 0, source })?;
        let (stop, stopped) = oneshot::channel();
        let served = database.clone();
        let thread = std::thread::Builder::new()
            .name("levier-tables".to_owned())
            .spawn(move || engine(listener, served, stopped))
            .map_err(CloudError::io("start a thread for", &path))?;

        let swept = database.clone();
        let sweeper = tokio::spawn(async move {
            let mut timer = tokio::time::interval(SWEEP_EVERY);
            timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                timer.tick().await;
                let database = swept.clone();
                match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
                    Ok(Ok(0)) => {}
                    Ok(Ok(deleted)) => tracing::debug!(deleted, "expired items deleted"),
                    Ok(Err(error)) => tracing::warn!(%error, "expired items could not be deleted"),
                    Err(_) => return,
                }
            }
        });
        Ok(Self {
            path,
            database,
            address,
            stop: Some(stop),
            thread: Some(thread),
            sweeper,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Deletes expired items now; the count of them.
    pub(crate) async fn sweep(&self) -> Result<usize, CloudError> {
        let database = self.database.clone();
        let swept = tokio::task::spawn_blocking(move || {
            database.sweep_ttl().map_err(|error| error.to_string())
        });
        swept
            .await
            .map_err(|error| error.to_string())
            .and_then(|result| result)
            .map_err(|reason| CloudError::Tables {
                path: self.path.clone(),
                reason,
            })
    }

    pub(crate) async fn stop(mut self) {
        self.sweeper.abort();
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            // A panic in the engine was reported where it happened.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        self.sweeper.abort();
    }
}

fn open_database(path: &Path, durable: bool) -> Result<Database, String> {
    let path = path
        .to_str()
        .ok_or_else(|| "the path is not valid UTF-8".to_owned())?;
    let database = Database::new(path).map_err(|error| error.to_string())?;
    if !durable {
        // The engine's everyday setting after a bulk load: the log is synced at checkpoints, not at every commit.
        database
            .disable_bulk_loading()
            .map_err(|error| error.to_string())?;
    }
    Ok(database)
}

/// Runs until `stopped` resolves or its sender is gone.
fn engine(listener: std::net::TcpListener, database: Database, stopped: oneshot::Receiver<()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "the table engine has no runtime");
            return;
        }
    };
    let served = runtime.block_on(async move {
        let listener =
            tokio::net::TcpListener::from_std(listener).map_err(|error| error.to_string())?;
        dynoxide::server::serve_with_shutdown(listener, database, async move {
            let _ = stopped.await;
        })
        .await
    });
    if let Err(error) = served {
        tracing::error!(error, "the table engine ended");
    }
}

/// One client connection, forwarded to one engine connection that is opened with the first request.
pub(crate) struct Forward {
    engine: SocketAddr,
    sender: Mutex<Option<SendRequest<Incoming>>>,
}

impl Forward {
    pub(crate) fn to(engine: SocketAddr) -> Self {
        Self {
            engine,
            sender: Mutex::new(None),
        }
    }
}

impl Forward {
    async fn forward(&self, request: Request<Incoming>) -> Result<Response<Incoming>, BoxError> {
        let mut slot = self.sender.lock().await;
        if slot.as_ref().is_none_or(SendRequest::is_closed) {
            let stream = TcpStream::connect(self.engine).await?;
            stream.set_nodelay(true)?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "an engine connection ended early");
                }
            });
            *slot = Some(sender);
        }
        let Some(sender) = slot.as_mut() else {
            return Err("no engine connection".into());
        };
        sender.ready().await?;
        Ok(sender.send_request(request).await?)
    }
}

impl Handler for Forward {
    type Body = Incoming;

    async fn handle(&self, request: Request<Incoming>) -> Result<Response<Incoming>, ServeError> {
        self.forward(request).await.map_err(ServeError)
    }

    fn is_write(request: &Request<Incoming>) -> bool {
        let operation = request
            .headers()
            .get("x-amz-target")
            .and_then(|target| target.to_str().ok())
            .and_then(|target| target.rsplit('.').next())
            .unwrap_or_default();
        ![
            "Get",
            "BatchGet",
            "TransactGet",
            "Query",
            "Scan",
            "Describe",
            "List",
        ]
        .iter()
        .any(|reading| operation.starts_with(reading))
    }
}
