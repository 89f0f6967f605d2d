//! One server for all its workloads in a process: started when the first of them needs it, and ended with the value.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::client::Client;
use super::process::{Process, address, place};
use super::reply::{Answer, Request};
use super::{http, llama_cpp, openai};
use crate::config::{HttpSettings, ServerKind, ServerSettings};
use crate::token_ids::TokenIds;
use crate::{Error, Result};

/// A server that may be running.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(super) settings: ServerSettings,
    /// What prompts of tokens are drawn from.
    pub(super) ids: TokenIds,
    /// Where it is started; `None` for the working directory.
    directory: Option<PathBuf>,
    /// Takes its output.
    log: PathBuf,
    running: RefCell<Option<Running>>,
    random: RefCell<ChaCha8Rng>,
}

#[derive(Debug)]
struct Running {
    client: Client,
    /// `None` for a server that was there already.
    process: Option<Process>,
}

impl Engine {
    /// A server that has not been started; what it writes will go to `log`.
    pub(crate) fn new(settings: ServerSettings, ids: TokenIds, directory: Option<PathBuf>, log: PathBuf) -> Self {
        // A server that outlives this process may have kept the prompts of another one.
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64);
        let random = RefCell::new(ChaCha8Rng::seed_from_u64(seed));
        Self { settings, ids, directory, log, running: RefCell::new(None), random }
    }

    /// Starts the server unless it runs, and waits until it can be asked.
    ///
    /// # Errors
    /// It is on another machine, cannot be started, ends, or is not ready in time.
    pub(super) fn start(&self) -> Result<()> {
        let mut running = self.running.borrow_mut();
        if running.is_some() {
            return Ok(());
        }
        let (url, port) = address(&self.settings)?;
        let timeout = Duration::from_secs_f64(self.settings.timeout_s);
        let client = Client::new(&url, self.settings.allow_remote, timeout);
        let client = client.map_err(|error| error.context(place(&self.settings)))?;
        let mut process = None;
        if !self.settings.command.is_empty() {
            let mut started = Process::start(&self.settings, port, self.directory.as_deref(), &self.log)?;
            started.wait(&self.settings, &client)?;
            process = Some(started);
        }
        *running = Some(Running { client, process });
        Ok(())
    }

    /// What prompts are drawn from.
    pub(super) fn with_random<T>(&self, draw: impl FnOnce(&mut ChaCha8Rng) -> T) -> T {
        draw(&mut self.random.borrow_mut())
    }

    /// The answer to a request, which is one of `http` if there are settings of it.
    ///
    /// # Errors
    /// There is none, or it makes no sense. That the server ended is said if it did.
    pub(super) fn ask(&self, request: &Request, http: Option<&HttpSettings>) -> Result<Answer> {
        let mut running = self.running.borrow_mut();
        let Some(Running { client, process }) = running.as_mut() else {
            return Err(Error::new(place(&self.settings), "the server was not started", "rerun"));
        };
        answer(client, self.settings.kind, request, http).map_err(|error| match process {
            Some(process) => process.explain(error),
            None => error,
        })
    }

    /// What a message about a request begins with.
    pub(super) fn place(&self, request: &Request) -> String {
        let running = self.running.borrow();
        running.as_ref().map_or_else(|| request.path.clone(), |running| running.client.place(request))
    }
}

fn answer(client: &Client, kind: ServerKind, request: &Request, http: Option<&HttpSettings>) -> Result<Answer> {
    let nonsense = |cause: String| client.nonsense(request, &cause);
    match (kind, http) {
        (_, Some(settings)) => {
            let whole = client.send(request)?;
            let told_s = settings.result.as_ref().map(|result| http::read(&whole.text, result)).transpose();
            Ok(Answer::of_http(told_s.map_err(nonsense)?, whole.wall_s))
        }
        (ServerKind::LlamaCpp, None) => {
            let whole = client.send(request)?;
            llama_cpp::read(&whole.text, whole.wall_s).map_err(nonsense)
        }
        (_, None) => {
            let mut stream = openai::Stream::default();
            let wall_s = client.stream(request, |line, at_s| stream.push(line, at_s))?;
            stream.finish(wall_s).map_err(nonsense)
        }
    }
}
