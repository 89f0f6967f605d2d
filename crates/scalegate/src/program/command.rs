//! A program with its arguments, found and ready to start.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::config::{Placeholder, Template};
use crate::measure::{self, End, LINGER, PLAIN_FILE, SIMULATION, TreeEnded};
use crate::session::JOB_VARIABLE;
use crate::{Error, Result};

/// What a program said last, of which a message shows no more.
const LAST_LINES: usize = 20;
const LAST_BYTES: usize = 8 << 10;

/// The words of a command, without placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    words: Vec<String>,
    /// The same with placeholders, as in the configuration: what these stand for is long, or another one each time.
    written: Vec<String>,
    directory: PathBuf,
    /// Whether it sees of the environment `PATH` alone, so that counts do not depend on who counts.
    is_isolated: bool,
}

/// Where the output of a command goes.
#[derive(Debug, Clone)]
pub(super) struct Output {
    /// Of its standard output; nowhere without it.
    pub(super) out: Option<PathBuf>,
    pub(super) errors: PathBuf,
}

impl Line {
    /// The words with their placeholders filled in.
    pub(super) fn new(words: &[Template], directory: &Path, value: impl Fn(Placeholder) -> String) -> Self {
        let filled: Vec<String> = words.iter().map(|word| word.fill(&value)).collect();
        let written = words.iter().map(|word| word.as_str().to_owned()).collect();
        Self { written, ..Self::plain(&filled, directory) }
    }

    /// Words without placeholders.
    pub(super) fn plain(words: &[String], directory: &Path) -> Self {
        let (words, written) = (words.to_vec(), words.to_vec());
        Self { words, written, directory: directory.to_path_buf(), is_isolated: false }
    }

    /// The same below callgrind, which writes files whose names begin with `out`.
    pub(super) fn below_callgrind(&self, out: &Path) -> Self {
        let options = ["valgrind", "--tool=callgrind", "--quiet", "--trace-children=yes"];
        let options = options.into_iter().chain(SIMULATION).chain(PLAIN_FILE);
        let file = format!("--callgrind-out-file={}.%p", out.display());
        let words = options.map(str::to_owned).chain([file]).chain(self.words.iter().cloned()).collect();
        Self { words, is_isolated: true, ..self.clone() }
    }

    /// To be started in its directory, from which a relative path of the program counts too.
    pub(super) fn command(&self) -> Command {
        let program = match self.words[0].contains('/') {
            true => self.directory.join(&self.words[0]),
            false => PathBuf::from(&self.words[0]),
        };
        let mut command = Command::new(program);
        command.args(&self.words[1..]).current_dir(&self.directory).env_remove(JOB_VARIABLE);
        if self.is_isolated {
            command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
            command.env(measure::BY_VECTORS.0, measure::BY_VECTORS.1);
        }
        command
    }

    /// Runs it, with all that it starts, to a successful end.
    ///
    /// # Errors
    /// It could not be started, failed, took longer than `timeout`, or left processes behind.
    pub(super) fn run(&self, output: &Output, timeout: Duration) -> Result<TreeEnded> {
        let fail = |cause: &dyn fmt::Display, remedy: &str| Error::new(self, cause, remedy);
        let file = |path: &Path| {
            let place = |error| Error::new(path.display(), error, "make room for the files of a run");
            File::create(path).map_err(place)
        };
        let out = output.out.as_deref().map(file).transpose()?.map_or_else(Stdio::null, Stdio::from);
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(out).stderr(file(&output.errors)?);
        let ended = measure::run_tree(&mut command, timeout).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => fail(&"there is no such program", NOT_FOUND),
            std::io::ErrorKind::ArgumentListTooLong => {
                fail(&error, "give a long text by `{prompt_file}`, and many ids by `{tokens_file}`")
            }
            _ => fail(&error, "see that this user may run it; there is no shell"),
        })?;
        match &ended.end {
            End::Status(status) if status.success() => Ok(ended),
            End::Status(status) => {
                let said = measure::how_it_ended(&format!("ended with {status}"), &last_lines(&output.errors));
                Err(fail(&said, remedy(*status)))
            }
            End::TimedOut => Err(fail(
                &format!("it did not end within {} s, and was ended", timeout.as_secs_f64()),
                "find out what it waits for, raise `timeout_s`, or leave out the largest sizes",
            )),
            End::Left(names) => {
                let (list, limit) = (names.join(", "), LINGER.min(timeout).as_secs_f64());
                Err(fail(
                    &format!("it left processes behind that still ran {limit} s after it, and were ended: {list}"),
                    "name a command that stays until all it starts is done, as a server does without its option for a daemon",
                ))
            }
        }
    }
}

impl fmt::Display for Line {
    /// As it would be written for a shell, if its words are plain.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |word: &String| !word.is_empty() && !word.contains(char::is_whitespace);
        let quoted = self.written.iter().map(|word| if is_plain(word) { word.clone() } else { format!("'{word}'") });
        f.write_str(&quoted.collect::<Vec<_>>().join(" "))
    }
}

pub(super) const NOT_FOUND: &str = "build it, put it on PATH, or correct `command`: relative paths are of the working directory, and there is no shell";

fn remedy(status: ExitStatus) -> &'static str {
    use std::os::unix::process::ExitStatusExt;

    match status.signal() {
        Some(libc::SIGKILL) => {
            "the system kills what takes more memory than there is: `dmesg` tells; leave out the largest sizes, or give it more"
        }
        _ => "fix the cause and rerun; earlier records are as they were",
    }
}

fn last_lines(path: &Path) -> String {
    let bytes = std::fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(LAST_BYTES)..]).into_owned();
    let lines: Vec<&str> = text.trim_end().lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}
