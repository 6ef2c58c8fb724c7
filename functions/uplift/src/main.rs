//! Lambda entry point of `uplift`: read the environment, build the dependencies, run.

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use levier_runtime::{Dependencies, Invocation, JobError, start_telemetry};

#[tokio::main]
async fn main() -> Result<(), Error> {
    start_telemetry();
    let deps = Dependencies::connect(|name| std::env::var(name).ok()).await?;
    let deps = &deps;
    run(service_fn(|event: LambdaEvent<Invocation>| async move {
        levier_uplift_job::uplift(deps, &event.payload, (deps.clock)()).await.map_err(JobError::from)
    }))
    .await
}
