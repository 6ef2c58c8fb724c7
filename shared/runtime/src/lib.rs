//! What every function needs to start: settings from the environment, the workspace's configuration, secrets, clients, the
//! clock and telemetry.
//!
//! This is the only room that reads a clock or an environment. A function's `main.rs` calls [`Dependencies::connect`] once per
//! cold start and hands the result to its handler; the local command builds the same [`Dependencies`] over its own servers.

mod clock;
mod dependencies;
mod job;
mod secrets;
mod settings;
mod telemetry;

pub use clock::{Clock, system_clock};
pub use dependencies::{Dependencies, StartError};
pub use job::{Invocation, JobError, Outcome, as_of, until};
pub use secrets::{SecretError, Secrets};
pub use settings::{Settings, SettingsError};
pub use telemetry::start as start_telemetry;
