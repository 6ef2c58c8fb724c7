//! The `levier` command: a local cloud in one process, the same handlers as on AWS, a scheduler.
//!
//! Every subcommand opens the workspace of a data folder ([`workspace::Workspace`]): it talks to a running `levier up` where
//! there is one, or starts what it needs itself. Handlers are called as they are; nothing of the pipeline is written here.
#![expect(clippy::print_stderr, reason = "a command prints")]

#[macro_use]
mod output;

mod arguments;
mod check;
mod demo;
mod drop;
mod expire;
mod export;
mod init;
mod jobs;
mod labelled;
mod live;
mod notice;
mod people;
mod quarantine;
mod results;
mod schedule;
mod send;
mod sentiment;
mod simulate;
mod up;
pub mod workspace;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

pub use crate::arguments::Arguments;
use crate::arguments::Command;

/// Logs go to standard error and stay quiet unless `LEVIER_LOG` asks.
pub fn telemetry() {
    if std::env::var_os("LEVIER_LOG").is_some() {
        levier_runtime::start_telemetry();
    }
}

/// What ends a command early.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The command was called wrongly: exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The work failed: exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl Failure {
    pub(crate) fn failed(error: impl std::error::Error) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        Self::Failed(text)
    }
}

/// Says what ended a command, to a program: one JSON object on standard error.
fn tell(error: &str) {
    eprintln!(
        "{}",
        serde_json::json!({"error": error.trim_start_matches("error: ").trim()})
    );
}

/// Runs what the command line asks for; where it asks wrongly for JSON, what is wrong is said in JSON.
pub async fn from_command_line() -> ExitCode {
    let error = match Arguments::try_parse() {
        Ok(arguments) => return run(arguments).await,
        Err(error) => error,
    };
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    if asked || !std::env::args().any(|argument| argument == "--json") {
        error.exit()
    }
    tell(&error.to_string());
    ExitCode::from(2)
}

/// Runs one command; the exit code is 0, 1 when the work failed, 2 on usage, or the command's own.
pub async fn run(arguments: Arguments) -> ExitCode {
    let Arguments { shared, command } = arguments;
    let ended = match command {
        Command::Demo(arguments) => demo::demo(&shared, &arguments).await,
        Command::Up(arguments) => up::up(&shared, &arguments).await,
        Command::Init(arguments) => init::init(&shared, &arguments),
        Command::Check(arguments) => check::check(&shared, &arguments).await,
        Command::Send(arguments) => send::send(&shared, &arguments).await,
        Command::Drop(arguments) => drop::drop_files(&shared, &arguments).await,
        Command::Run(arguments) => jobs::run(&shared, &arguments).await,
        Command::Table(arguments) => results::table(&shared, &arguments).await,
        Command::Snapshot(arguments) => results::snapshot(&shared, &arguments).await,
        Command::Analyse(arguments) => results::analyse(&shared, &arguments),
        Command::Digest(arguments) => notice::digest(&shared, &arguments).await,
        Command::Sentiment(arguments) => sentiment::sentiment(&shared, &arguments),
        Command::Quarantine(arguments) => quarantine::quarantine(&shared, &arguments).await,
        Command::Reprocess(arguments) => quarantine::reprocess(&shared, &arguments).await,
        Command::Simulate(arguments) => simulate::simulate(&shared, &arguments),
        Command::Identity(arguments) => people::identity(&shared, &arguments).await,
        Command::Key(arguments) => people::key(&shared, &arguments).await,
    };
    match ended {
        Ok(code) => code,
        Err(failure) => {
            if shared.json {
                tell(&failure.to_string());
            } else {
                eprintln!("levier: {failure}");
            }
            ExitCode::from(if matches!(failure, Failure::Usage(_)) {
                2
            } else {
                1
            })
        }
    }
}
