//! The S3 endpoint: `s3s` speaks the protocol, [`Store`] keeps the objects, this module lies between them.
//!
//! Everything that touches the disk runs on the blocking pool, whole operations at a time: an operation that was begun
//! ends, with its lock held to the end, even if the client hangs up.

mod attributes;
mod folders;
mod guests;
mod list;
mod multipart;
mod operations;
mod stage;
mod store;

use std::sync::Arc;

use http_body_util::BodyExt;
use http_body_util::combinators::MapErr;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper::{Method, Request, Response};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Error, S3Result};

pub(crate) use store::Store;

use crate::clients::credentials;
use crate::serve::{BoxError, Handler, ServeError};

/// The protocol over one store.
#[derive(Clone)]
pub(crate) struct Endpoint {
    service: S3Service,
}

impl Endpoint {
    pub(crate) fn over(store: Arc<Store>) -> Self {
        let keys = credentials();
        let mut builder = S3ServiceBuilder::new(operations::Operations { store });
        builder.set_auth(SimpleAuth::from_single(
            keys.access_key_id,
            keys.secret_access_key,
        ));
        builder.set_access(guests::LetIn);
        Self {
            service: builder.build(),
        }
    }
}

impl Handler for Endpoint {
    type Body = MapErr<s3s::Body, fn(BoxError) -> ServeError>;

    async fn handle(
        &self,
        mut request: Request<Incoming>,
    ) -> Result<Response<Self::Body>, ServeError> {
        guests::welcome(request.headers_mut());
        match Service::call(&self.service, request).await {
            Ok(response) => {
                Ok(response.map(|body| body.map_err(ServeError as fn(BoxError) -> ServeError)))
            }
            Err(error) => Err(ServeError(error.into())),
        }
    }

    fn is_write(request: &Request<Incoming>) -> bool {
        !matches!(*request.method(), Method::GET | Method::HEAD)
    }
}

/// Runs a disk operation off the threads that serve connections.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> S3Result<T> {
    blocking_s3(move || work().map_err(store::internal)).await
}

/// The same for an operation that answers in the terms of S3.
async fn blocking_s3<T: Send + 'static>(
    work: impl FnOnce() -> S3Result<T> + Send + 'static,
) -> S3Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(S3Error::internal_error(error)),
    }
}
