//! Logs as JSON lines on standard error, at the level of `LEVIER_LOG` (default `info`). No bodies, no addresses, no names.

use tracing_subscriber::EnvFilter;

/// Starts logging for this process; a second call changes nothing.
pub fn start() {
    let filter = EnvFilter::try_from_env("LEVIER_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,aws_config=warn,aws_smithy_runtime=warn"));
    // Refused only where a subscriber already stands, which is what a second call means.
    let _ = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
