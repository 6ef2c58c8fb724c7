//! What a running `levier up` serves with: its configuration is read again when `levier.toml` changes, so that a mended mapping
//! or a new source needs no restart.
//!
//! A file that cannot be read changes nothing for the hooks, which go on with the configuration before it, and refuses jobs with
//! what is wrong. The hashing key and the schedules are those of the start.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use levier_report::Access;
use levier_runtime::{Dependencies, Secrets};
use tower::ServiceExt;

use crate::Failure;
use crate::arguments::Shared;
use crate::workspace::Used;

/// How often the file is looked at.
const TICK: Duration = Duration::from_secs(1);

/// Dependencies and routes of now.
#[derive(Clone)]
pub struct Live {
    shared: Shared,
    state: Arc<RwLock<State>>,
}

struct State {
    deps: Dependencies,
    routes: Router,
    /// The file when it was last looked at, and what was wrong with it.
    text: Option<String>,
    problem: Option<String>,
}

fn routes(deps: &Dependencies) -> Router {
    levier_receive::router(deps.clone())
        .merge(levier_report::router(deps.clone(), Access::OpenWithoutKeys))
}

impl Live {
    /// Begins with what was read at the start.
    pub fn new(shared: &Shared, deps: Dependencies) -> Self {
        let live = Self {
            shared: shared.clone(),
            state: Arc::new(RwLock::new(State {
                routes: routes(&deps),
                deps,
                text: None,
                problem: None,
            })),
        };
        live.state
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .text = live.text();
        live
    }

    fn text(&self) -> Option<String> {
        std::fs::read_to_string(crate::workspace::config_path(&self.shared)).ok()
    }

    /// The dependencies, of the file as it is now.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn deps(&self) -> Result<Dependencies, Failure> {
        self.refresh();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match &state.problem {
            Some(problem) => Err(Failure::Usage(problem.clone())),
            None => Ok(state.deps.clone()),
        }
    }

    /// The dependencies that the hooks are served with.
    pub fn served(&self) -> Dependencies {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        state.deps.clone()
    }

    /// The file, and whether what it says now is in use.
    pub fn used(&self) -> Used {
        self.refresh();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let file = crate::workspace::config_path(&self.shared);
        Used {
            file: std::path::absolute(&file).unwrap_or(file),
            digest: state.text.as_deref().map(crate::workspace::digest),
            problem: state.problem.clone(),
        }
    }

    /// Reads the file again if it changed.
    fn refresh(&self) {
        let text = self.text();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.text == text {
            return;
        }
        state.text = text;
        let file = crate::workspace::config_path(&self.shared);
        let file = file.display();
        match self.assemble(&state.deps) {
            Ok(deps) => {
                if state.problem.is_some() {
                    eprintln!("levier: {file} is mended and in use");
                }
                tracing::info!("levier.toml changed and is in use");
                state.routes = routes(&deps);
                state.deps = deps;
                state.problem = None;
            }
            Err(failure) => {
                // Logs are off unless they are asked for; whoever wrote the file looks here.
                eprintln!(
                    "levier: {file} changed and is not used: {failure}; hooks and jobs by the clock go on with what it said before, and other jobs are refused until it is mended"
                );
                state.problem = Some(failure.to_string());
            }
        }
    }

    fn assemble(&self, before: &Dependencies) -> Result<Dependencies, Failure> {
        let (config, folder) = crate::workspace::read_config(&self.shared)?;
        Dependencies::assemble(
            before.lake.clone(),
            before.results.clone(),
            config,
            &Secrets::local(folder),
            before.hash_key.clone(),
            before.clock,
        )
        .map_err(|error| Failure::Usage(error.to_string()))
    }

    /// Looks at the file for as long as the process lives.
    pub async fn watch(self) {
        loop {
            tokio::time::sleep(TICK).await;
            self.refresh();
        }
    }

    /// Answers a request with the routes of now.
    pub async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let routes = {
            let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
            state.routes.clone()
        };
        match routes.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}
