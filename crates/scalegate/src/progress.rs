//! How far a command is.

use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Columns that every terminal has.
const COLUMNS: usize = 79;
/// Columns of a whole bar.
const BAR: usize = 20;
/// Back to the start of the line, and nothing on it (ECMA-48, EL).
const CLEAR: &str = "\r\x1b[K";

/// A line on the terminal; nothing elsewhere. It goes away with the value.
pub struct Progress(Option<Line>);

/// A thread that draws the words with the time since its start.
struct Line {
    shown: Arc<Mutex<Shown>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shown {
    words: String,
    is_over: bool,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// An empty line.
    pub fn new() -> Self {
        Self(std::io::stderr().is_terminal().then(Line::begin))
    }

    /// Shows how many steps are done, of how many, and what comes next.
    pub fn show(&self, done: usize, steps: usize, next: &str) {
        self.say(format!("{} {done}/{steps} {next}", bar(done, steps)));
    }

    /// Says what goes on.
    pub fn say(&self, words: String) {
        if let Some(line) = &self.0 {
            line.change(|shown| shown.words = words);
        }
    }
}

impl Line {
    fn begin() -> Self {
        let shown = Arc::<Mutex<Shown>>::default();
        let drawn = Arc::clone(&shown);
        Self { shown, thread: Some(std::thread::spawn(move || draw(&drawn))) }
    }

    fn change(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut lock(&self.shown));
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.change(|shown| shown.is_over = true);
        // A thread that panicked leaves its line behind, and nothing else.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn draw(shown: &Mutex<Shown>) {
    let start = Instant::now();
    loop {
        std::thread::park_timeout(Duration::from_millis(500));
        let shown = lock(shown);
        if shown.is_over {
            break;
        }
        put(&format!("{CLEAR}{}", line(&shown.words, start.elapsed())));
    }
    put(CLEAR);
}

fn lock(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    // Words have no state that a panic could leave half-changed.
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What cannot be written to the terminal is missing there, and nowhere else.
fn put(text: &str) {
    let mut terminal = std::io::stderr().lock();
    let _ = terminal.write_all(text.as_bytes()).and_then(|()| terminal.flush());
}

/// The words, as far as there is room, and the time.
fn line(words: &str, elapsed: Duration) -> String {
    let time = format!(" {} s", elapsed.as_secs());
    let words: String = words.chars().take(COLUMNS - time.len()).collect();
    words + &time
}

fn bar(done: usize, steps: usize) -> String {
    let full = (BAR * done).checked_div(steps).unwrap_or(0).min(BAR);
    "█".repeat(full) + &"░".repeat(BAR - full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_full_as_steps_are_done() {
        assert_eq!(bar(0, 8), "░".repeat(20));
        assert_eq!(bar(2, 8), "█████░░░░░░░░░░░░░░░");
        assert_eq!(bar(9, 8), "█".repeat(20));
        assert_eq!(bar(0, 0), "░".repeat(20));
    }

    #[test]
    fn a_line_stays_within_the_terminal_and_ends_on_the_time() {
        assert_eq!(line("round 1", Duration::from_millis(61_900)), "round 1 61 s");
        let long = line(&"ü".repeat(200), Duration::from_secs(5));
        assert!(long.chars().count() == COLUMNS && long.ends_with("ü 5 s"), "{long}");
    }
}
