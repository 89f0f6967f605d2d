//! How far a command is.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A line on the terminal; nothing elsewhere. It goes away with the value.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar of steps.
    pub fn steps() -> Self {
        Self::styled("{bar:20} {pos}/{len} {wide_msg} {elapsed}")
    }

    /// A line that says what goes on.
    pub fn line() -> Self {
        Self::styled("{spinner} {wide_msg} {elapsed}")
    }

    fn styled(template: &str) -> Self {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        // The template is a constant; a fault in it costs the style and not the command.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Shows how many steps are done, of how many, and what comes next.
    pub fn show(&self, done: usize, steps: usize, next: &str) {
        self.0.set_length(steps as u64);
        self.0.set_position(done as u64);
        self.0.set_message(next.to_owned());
    }

    /// Says what goes on.
    pub fn say(&self, words: String) {
        self.0.set_message(words);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
