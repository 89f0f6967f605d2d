//! A child process that answers.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};

use crate::measure::child::{self, Ended, Errors, Running};
use crate::{Error, Result};

/// A line of a child's standard output.
pub type Heard = String;

/// A child whose lines come in through a channel, while its parent samples it. It is ended with its dialogue.
#[derive(Debug)]
pub struct Dialogue {
    place: String,
    id: u64,
    pid: u32,
    input: ChildStdin,
    lines: Receiver<Heard>,
    errors: Option<Errors>,
}

impl Dialogue {
    /// Starts `command`; `place` is what a message names.
    ///
    /// # Errors
    /// The child could not be started, or Ctrl-C came.
    pub fn start(place: &str, mut command: Command) -> Result<Self> {
        let Running { id, pid, input, output, errors } = child::start_child(place, command.stdin(Stdio::piped()))?;
        let input = input.ok_or_else(|| Error::new(place, "its input is not piped", "measure again"))?;
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self { place: place.to_owned(), id, pid, input, lines, errors: Some(errors) })
    }

    /// The child's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// What the child says, line by line.
    pub fn lines(&self) -> &Receiver<Heard> {
        &self.lines
    }

    /// Gives the child a line. Whether it was still there to take it shows in its answer.
    pub fn say(&self, word: &str) {
        let _ = (&self.input).write_all(format!("{word}\n").as_bytes());
    }

    /// Waits for the line `word`.
    ///
    /// # Errors
    /// The child said something else, an error of its own for instance, or ended.
    pub fn expect(&mut self, word: &str) -> Result<()> {
        let heard = self.lines.recv().ok();
        if heard.as_deref() == Some(word) { Ok(()) } else { Err(self.unexpected(heard)) }
    }

    /// The error for a line that was not expected: the child's own, which it says as JSON, or how it ended.
    pub fn unexpected(&mut self, heard: Option<Heard>) -> Error {
        match heard {
            None => self.ended_early(),
            Some(line) => serde_json::from_str(&line).unwrap_or_else(|_| {
                let cause = format!("the measured process said `{line}`, which is no part of the measurement");
                Error::new(&self.place, cause, "let workloads print nothing on standard output")
            }),
        }
    }

    /// Lets the child end, and waits for it.
    ///
    /// # Errors
    /// It failed, or Ctrl-C came.
    pub fn end(mut self) -> Result<()> {
        self.say(super::words::END);
        let errors = self.errors.take();
        let Some(Ended { status, errors }) =
            errors.map(|errors| child::end_child(&self.place, self.id, errors)).transpose()?
        else {
            return Ok(());
        };
        if status.success() { Ok(()) } else { Err(self.failure(&format!("ended with {status}"), &errors)) }
    }

    fn ended_early(&mut self) -> Error {
        match self.errors.take().map(|errors| child::end_child(&self.place, self.id, errors)) {
            Some(Ok(Ended { status, errors })) => self.failure(&format!("ended with {status}"), &errors),
            Some(Err(error)) => error,
            None => self.failure("has ended", ""),
        }
    }

    fn failure(&self, how: &str, errors: &str) -> Error {
        let cause = child::how_it_ended(how, errors);
        Error::new(&self.place, cause, "fix the cause and rerun; earlier records are as they were")
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        if let Some(errors) = self.errors.take() {
            child::kill_child(self.id);
            // A child that is given up has nothing to say.
            let _ = child::end_child(&self.place, self.id, errors);
        }
    }
}
