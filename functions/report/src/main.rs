//! Lambda entry point of `report`: read the environment, build the dependencies, serve the router.

use lambda_http::Error;
use levier_report::Access;
use levier_runtime::{Dependencies, start_telemetry};

#[tokio::main]
async fn main() -> Result<(), Error> {
    start_telemetry();
    let deps = Dependencies::connect(|name| std::env::var(name).ok()).await?;
    lambda_http::run(levier_report::router(deps, Access::KeysOnly)).await
}
