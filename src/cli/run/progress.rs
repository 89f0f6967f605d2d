//! What a run is waiting for, and how long at most.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// A line on the terminal; nothing elsewhere.
pub(super) struct Progress {
    bar: ProgressBar,
    started: Instant,
}

impl Progress {
    pub(super) fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        // The template is a constant; a fault in it costs the style and not the run.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { bar, started: Instant::now() }
    }

    /// Says which round begins.
    pub(super) fn begin(&mut self, round: u32, rounds: u32, undecided: &[&str], last_round: Option<Duration>) {
        self.started = Instant::now();
        self.bar.set_message(words(round, rounds, undecided, last_round));
    }

    /// How long the round has taken.
    pub(super) fn taken(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn words(round: u32, rounds: u32, undecided: &[&str], last_round: Option<Duration>) -> String {
    let left = last_round.map_or_else(String::new, |last| {
        let seconds = (last * rounds.saturating_sub(round)).as_secs_f64().ceil();
        if seconds < 90.0 {
            format!(", {seconds} s left at most")
        } else {
            format!(", {} min left at most", (seconds / 60.0).ceil())
        }
    });
    format!("round {} of at most {rounds}{left}, undecided: {}", round + 1, undecided.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_tells_the_round_what_is_undecided_and_the_time_left() {
        let undecided = ["llm/decode", "vlm/encode"];
        assert_eq!(words(0, 10, &undecided, None), "round 1 of at most 10, undecided: llm/decode vlm/encode");
        let seven = Some(Duration::from_secs(7));
        assert_eq!(
            words(5, 10, &undecided[..1], seven),
            "round 6 of at most 10, 35 s left at most, undecided: llm/decode"
        );
        assert_eq!(
            words(1, 20, &undecided[..1], seven),
            "round 2 of at most 20, 3 min left at most, undecided: llm/decode"
        );
    }
}
