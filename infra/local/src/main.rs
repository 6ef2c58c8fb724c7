//! The `levier` command: parse the arguments, run, say what went wrong.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    levier::telemetry();
    levier::run(levier::Arguments::parse()).await
}
