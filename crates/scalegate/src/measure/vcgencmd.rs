//! The Raspberry Pi's firmware, asked through its own tool.

use std::ffi::OsString;
use std::process::Command;

/// The program that asks the firmware, or one in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vcgencmd(OsString);

impl Default for Vcgencmd {
    fn default() -> Self {
        Self("vcgencmd".into())
    }
}

impl Vcgencmd {
    /// Another program that answers like it.
    pub fn new(program: impl Into<OsString>) -> Self {
        Self(program.into())
    }

    /// The answer to one question.
    ///
    /// # Errors
    /// Why there is none, and what would help, in one line.
    pub fn ask(&self, question: &str) -> Result<String, String> {
        let name = format!("{} {question}", self.0.display());
        let output = Command::new(&self.0).arg(question).output().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => format!("{name}: this is no Raspberry Pi, or its tool is not on PATH"),
            _ => format!("{name}: {error}"),
        })?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{name}: {} ({}); is the user in the group `video`?", words.trim(), output.status));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
