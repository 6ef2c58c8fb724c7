//! Lambda entry point of `alert`: connect at the first invocation (secrets cannot be read before it), then run.

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use levier_alert::Courier;
use levier_runtime::{Dependencies, Invocation, start_telemetry};
use tokio::sync::OnceCell;

#[tokio::main]
async fn main() -> Result<(), Error> {
    start_telemetry();
    let cell = &OnceCell::new();
    run(service_fn(|event: LambdaEvent<Invocation>| async move {
        let (deps, courier) = cell
            .get_or_try_init(|| async {
                let deps = Dependencies::connect(|name| std::env::var(name).ok()).await?;
                let courier = Courier::connect(&deps.config).await;
                Ok::<_, levier_runtime::StartError>((deps, courier))
            })
            .await?;
        levier_alert::alert(deps, courier, &event.payload, (deps.clock)())
            .await
            .map_err(Diagnostic::from)
    }))
    .await
}
