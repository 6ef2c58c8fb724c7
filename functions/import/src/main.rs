//! Lambda entry point of `import`: connect at the first invocation (secrets cannot be read before it), then run.

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use levier_import::Call;
use levier_runtime::{Dependencies, start_telemetry};
use tokio::sync::OnceCell;

#[tokio::main]
async fn main() -> Result<(), Error> {
    start_telemetry();
    let cell = &OnceCell::new();
    run(service_fn(|event: LambdaEvent<Call>| async move {
        let deps = cell
            .get_or_try_init(|| Dependencies::connect(|name| std::env::var(name).ok()))
            .await?;
        levier_import::import(deps, &event.payload)
            .await
            .map_err(Diagnostic::from)
    }))
    .await
}
