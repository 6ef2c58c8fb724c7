//! Lambda entry point of `import`: read the environment, build the dependencies, run.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use levier_import::Call;
use levier_runtime::{Dependencies, JobError, start_telemetry};

#[tokio::main]
async fn main() -> Result<(), Error> {
    start_telemetry();
    let deps = Dependencies::connect(|name| std::env::var(name).ok()).await?;
    let deps = &deps;
    run(service_fn(|event: LambdaEvent<Call>| async move {
        levier_import::import(deps, &event.payload).await.map_err(JobError::from)
    }))
    .await
}
