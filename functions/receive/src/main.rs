//! Lambda entry point of `receive`: connect at the first request (secrets cannot be read before it), then serve the router.

use lambda_http::{Error, Request, run, service_fn};
use levier_runtime::{Dependencies, StartError, start_telemetry};
use tokio::sync::OnceCell;
use tower::ServiceExt;

#[tokio::main]
async fn main() -> Result<(), Error> {
    start_telemetry();
    let cell = &OnceCell::new();
    run(service_fn(|request: Request| async move {
        let connect = || async {
            let deps = Dependencies::connect(|name| std::env::var(name).ok()).await?;
            Ok::<_, StartError>(levier_receive::router(deps))
        };
        let router = cell.get_or_try_init(connect).await?;
        Ok::<_, Error>(router.clone().oneshot(request).await?)
    }))
    .await
}
