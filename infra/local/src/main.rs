//! The `levier` command: parse the arguments, run, say what went wrong.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    levier::telemetry();
    levier::from_command_line().await
}
