//! The `levier` command: parse the arguments, run, say what went wrong.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

#[tokio::main]
async fn main() -> ExitCode {
    levier::telemetry();
    match levier::Arguments::try_parse() {
        Ok(arguments) => levier::run(arguments).await,
        Err(error) => {
            let asked = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            if !asked && std::env::args().any(|argument| argument == "--json") {
                levier::tell(&error.to_string());
                return ExitCode::from(2);
            }
            error.exit()
        }
    }
}
