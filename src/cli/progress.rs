//! How far a command is.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on the terminal; nothing elsewhere.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        // The template is a constant; a fault in it costs the style and not the command.
        if let Ok(style) = ProgressStyle::with_template("{bar:20} {pos}/{len} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// Shows how many steps are done, of how many, and what comes next.
    pub(crate) fn show(&self, done: usize, steps: usize, next: &str) {
        self.0.set_length(steps as u64);
        self.0.set_position(done as u64);
        self.0.set_message(next.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
