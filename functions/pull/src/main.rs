//! Lambda entry point of `pull`: connect at the first invocation (secrets cannot be read before it), then run until the time is
//! nearly up.

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use levier_pull::{Ticking, pull};
use levier_runtime::{Dependencies, Invocation, start_telemetry};
use tokio::sync::OnceCell;

#[tokio::main]
async fn main() -> Result<(), Error> {
    start_telemetry();
    let cell = &OnceCell::new();
    run(service_fn(|event: LambdaEvent<Invocation>| async move {
        let deps = cell
            .get_or_try_init(|| Dependencies::connect(|name| std::env::var(name).ok()))
            .await?;
        let pace = Ticking::until(deps.clock, event.context.deadline());
        pull(deps, &event.payload, (deps.clock)(), &pace)
            .await
            .map_err(Diagnostic::from)
    }))
    .await
}
