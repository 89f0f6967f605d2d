//! A server from its start to its end, with all that it starts.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::client::Client;
use crate::config::{PORT, Ready, ServerSettings};
use crate::{Error, Result, measure, session};

/// Between two looks at a server that starts.
const POLL: Duration = Duration::from_millis(20);
/// How long an answer about being ready may take: it may be late, but has to come.
const MAX_POLL: Duration = Duration::from_secs(5);
/// What a server is given to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How long a process that failed a request may take to be gone.
const LAST_MOMENTS: Duration = Duration::from_millis(300);
/// Of its output, what a message shows.
const LAST_BYTES: u64 = 4096;
const LAST_LINES: usize = 8;

/// A server that was started, by a process that has no other child.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// Standard output and standard error.
    log: PathBuf,
}

/// The address of the server, with a free port in it if the configuration leaves that open.
///
/// # Errors
/// No port is free; or another program listens at the port that the configuration gives.
pub(super) fn address(settings: &ServerSettings) -> Result<(String, Option<u16>)> {
    let url = &settings.url;
    if url.contains(PORT) {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let fail = |error| Error::new(url, error, "let this user open a port on 127.0.0.1");
        let port = free.map_err(fail)?.port();
        return Ok((url.replace(PORT, &port.to_string()), Some(port)));
    }
    if !settings.command.is_empty() && is_taken(url) {
        return Err(Error::new(
            format!("{}: {url}", place(settings)),
            "another program listens there already, and would be measured instead",
            format!("end it; or let `command` and `url` have `{PORT}`, for which a free port is put"),
        ));
    }
    Ok((url.clone(), None))
}

/// What a message about a server begins with.
pub(super) fn place(settings: &ServerSettings) -> String {
    format!("[[server]] {}", settings.name)
}

fn is_taken(url: &str) -> bool {
    let Ok(uri) = url.parse::<ureq::http::Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let addresses = (host, uri.port_u16().unwrap_or(80)).to_socket_addrs().into_iter().flatten();
    addresses.into_iter().any(|address| TcpStream::connect_timeout(&address, POLL).is_ok())
}

impl Process {
    /// Starts the server, whose output goes to `log`.
    ///
    /// # Errors
    /// There is no such program, or no place for the log.
    pub(super) fn start(
        settings: &ServerSettings,
        port: Option<u16>,
        directory: Option<&Path>,
        log: &Path,
    ) -> Result<Self> {
        let fill = |text: &String| port.map_or_else(|| text.clone(), |port| text.replace(PORT, &port.to_string()));
        let mut words = settings.command.iter().map(fill);
        let program = words.next().unwrap_or_default();
        let unwritten =
            |error| Error::new(log.display(), error, "make the directory writable; it takes the run's files");
        log.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(unwritten)?;
        let output = File::create(log).map_err(unwritten)?;
        let errors = output.try_clone().map_err(unwritten)?;
        let mut command = Command::new(&program);
        command.args(words).stdin(Stdio::null()).stdout(output).stderr(errors).env_remove(session::JOB_VARIABLE);
        if let Some(directory) = directory {
            command.current_dir(directory);
        }
        let fail = |error: std::io::Error| {
            let cause = format!("`{program}` cannot be started: {error}");
            Error::new(place(settings), cause, "correct `command` in the configuration, or install the program")
        };
        let child = command.spawn().map_err(fail)?;
        Ok(Self { child, log: log.to_path_buf() })
    }

    /// Waits until the server can be asked.
    ///
    /// # Errors
    /// It ended, or is not ready in time.
    pub(super) fn wait(&mut self, settings: &ServerSettings, client: &Client) -> Result<()> {
        let start = Instant::now();
        let limit = Duration::from_secs_f64(settings.ready_s);
        let ready = settings.ready();
        let mut seen = Vec::new();
        let mut log = File::open(&self.log).map_err(|error| Error::new(self.log.display(), error, "rerun"))?;
        loop {
            let left = limit.saturating_sub(start.elapsed());
            let is_ready = match &ready {
                Ready::Path(path) => client.is_ok(path, left.clamp(POLL, MAX_POLL)),
                Ready::Line(text) => {
                    // What cannot be read now may be later.
                    let _ = log.read_to_end(&mut seen);
                    String::from_utf8_lossy(&seen).lines().any(|line| line.contains(text))
                }
            };
            if let Some(status) = self.ended() {
                let cause = format!("the server ended with {status} before it was ready{}", self.last_lines());
                return Err(Error::new(place(settings), cause, "start its `command` by hand, and fix the cause"));
            }
            if is_ready {
                return Ok(());
            }
            if left.is_zero() {
                let sign = match &ready {
                    Ready::Path(path) => format!("`GET {path}` was not answered with 200"),
                    Ready::Line(text) => format!("no line with `{text}` was written"),
                };
                let cause = format!("{sign} within {} s{}", settings.ready_s, self.last_lines());
                let remedy = "give `ready_s` more seconds, or another `ready`: `{ path = \"/health\" }` or `{ line = \"listening\" }`";
                return Err(Error::new(place(settings), cause, remedy));
            }
            std::thread::sleep(POLL);
        }
    }

    /// The error of a request, seen from here: that the server ended explains it.
    pub(super) fn explain(&mut self, error: Error) -> Error {
        // A connection is closed a moment before its process is gone.
        let start = Instant::now();
        let mut ended = self.ended();
        while ended.is_none() && start.elapsed() < LAST_MOMENTS {
            std::thread::sleep(POLL);
            ended = self.ended();
        }
        let Some(status) = ended else { return error };
        let cause = format!("the server ended with {status} while it was asked{}", self.last_lines());
        Error::new(error.place(), cause, "fix what ended it, and rerun; earlier rounds are in the record")
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// The end of its output, for a message.
    fn last_lines(&self) -> String {
        let text = tail(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        match &lines[lines.len().saturating_sub(LAST_LINES)..] {
            [] => " and wrote nothing".to_owned(),
            last => format!("; {} ends with:\n{}", self.log.display(), last.join("\n")),
        }
    }
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LAST_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(LAST_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended().is_none() {
            ask_to_end(&self.child);
            let start = Instant::now();
            while self.ended().is_none() && start.elapsed() < GRACE {
                std::thread::sleep(POLL);
            }
        }
        measure::end_descendants();
    }
}

fn ask_to_end(child: &Child) {
    if let Ok(id) = i32::try_from(child.id()) {
        // It may be gone already.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGTERM);
    }
}
