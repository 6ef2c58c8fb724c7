//! A small HTTP/1 server on the loopback interface: accept, ask the faults, answer, stop gracefully.

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::CloudError;
use crate::faults::{Faults, Verdict};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long a request in flight may take to finish once the server is asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// Why a connection ends without an answer, or an answer ends early.
#[derive(Debug, thiserror::Error)]
#[error("a request could not be answered: {0}")]
pub(crate) struct ServeError(pub(crate) BoxError);

/// Serves the requests of one client connection, one after the other.
pub(crate) trait Handler: Send + Sync + 'static {
    type Body: Body<Data: Send, Error: std::error::Error + Send + Sync + 'static> + Send + 'static;

    fn handle(
        &self,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Self::Body>, ServeError>> + Send;

    /// Whether the request may change what is stored.
    fn is_write(request: &Request<Incoming>) -> bool;
}

/// A running server; dropping it stops it at once.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
}

/// The connection is closed without an answer.
fn dropped() -> ServeError {
    ServeError("dropped on purpose by fault injection".into())
}

pub(crate) async fn listen(port: u16) -> Result<TcpListener, CloudError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|source| CloudError::Listen { port, source })
}

impl Server {
    /// `connection` makes the handler of each new client connection.
    pub(crate) fn start<H: Handler>(
        listener: TcpListener,
        faults: Faults,
        connection: impl Fn() -> H + Send + 'static,
    ) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(accept(listener, faults, connection, stopped));
        Ok(Self {
            address,
            stop,
            task: Some(task),
        })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets the requests in flight finish.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            // A panic in a handler was reported where it happened.
            let _ = task.await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn accept<H: Handler>(
    listener: TcpListener,
    faults: Faults,
    connection: impl Fn() -> H,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = told_to_stop(&mut stopped) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(converse(stream, connection(), faults.clone(), stopped.clone()));
                }
                Err(error) => {
                    // Out of file handles, as a rule: wait for some to be closed instead of spinning.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::warn!("requests still in flight were cut off at the end of the grace period");
    }
}

/// Also resolves when the server itself is gone.
async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stop| *stop).await;
}

async fn converse<H: Handler>(
    stream: TcpStream,
    handler: H,
    faults: Faults,
    mut stopped: watch::Receiver<bool>,
) {
    // Small answers must not wait for more to send.
    let _ = stream.set_nodelay(true);
    let handler = Arc::new(handler);
    let service = service_fn(move |request: Request<Incoming>| {
        let verdict = faults.admit(H::is_write(&request));
        let handler = Arc::clone(&handler);
        async move {
            match verdict {
                Verdict::Drop => Err(dropped()),
                Verdict::Serve => handler.handle(request).await,
                Verdict::ServeThenDrop => {
                    handler.handle(request).await?;
                    Err(dropped())
                }
            }
        }
    });
    let mut conversation = pin!(
        http1::Builder::new()
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = conversation.as_mut() => ended,
        () = told_to_stop(&mut stopped) => {
            conversation.as_mut().graceful_shutdown();
            conversation.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a client connection ended early");
    }
}
