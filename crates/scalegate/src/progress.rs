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

/// How often a log hears of it.
const LOG_EVERY: Duration = Duration::from_secs(30);
/// How often the line on a terminal is drawn again.
const DRAW_EVERY: Duration = Duration::from_millis(500);

/// One live line on a terminal, which goes away with the value; elsewhere a line every half a minute, which stays.
pub struct Progress {
    shown: Arc<Mutex<Shown>>,
    thread: Option<JoinHandle<()>>,
}

/// What is told while something runs, as how many cases are done.
type Detail = Box<dyn Fn() -> String + Send>;

#[derive(Default)]
struct Shown {
    words: String,
    detail: Option<Detail>,
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
        let shown = Arc::<Mutex<Shown>>::default();
        let drawn = Arc::clone(&shown);
        let show = if std::io::stderr().is_terminal() { draw } else { log };
        Self { shown, thread: Some(std::thread::spawn(move || show(&drawn))) }
    }

    /// Shows how many steps are done, of how many, and what comes next.
    pub fn show(&self, done: usize, steps: usize, next: &str) {
        self.say(format!("{} {done}/{steps} {next}", bar(done, steps)));
    }

    /// Says what goes on.
    pub fn say(&self, words: String) {
        self.change(|shown| (shown.words, shown.detail) = (words, None));
    }

    /// What is asked for, whenever the line is drawn, until something else is said.
    pub fn detail(&self, detail: impl Fn() -> String + Send + 'static) {
        self.change(|shown| shown.detail = Some(Box::new(detail)));
    }

    fn change(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut lock(&self.shown));
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.change(|shown| shown.is_over = true);
        // A thread that panicked leaves its line behind, and nothing else.
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Shown {
    fn line(&self) -> String {
        let detail = self.detail.as_ref().map(|detail| detail()).unwrap_or_default();
        if detail.is_empty() { self.words.clone() } else { format!("{}, {detail}", self.words) }
    }
}

fn draw(shown: &Mutex<Shown>) {
    let start = Instant::now();
    loop {
        std::thread::park_timeout(DRAW_EVERY);
        let shown = lock(shown);
        if shown.is_over {
            break;
        }
        put(&format!("{CLEAR}{}", line(&shown.line(), start.elapsed())));
    }
    put(CLEAR);
}

/// One phase may be short, and all of them together long.
fn log(shown: &Mutex<Shown>) {
    static NEXT: Mutex<Option<Instant>> = Mutex::new(None);
    loop {
        let due =
            *NEXT.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| Instant::now() + LOG_EVERY);
        std::thread::park_timeout(due.saturating_duration_since(Instant::now()));
        let shown = lock(shown);
        if shown.is_over {
            break;
        }
        if Instant::now() >= due {
            *NEXT.lock().unwrap_or_else(PoisonError::into_inner) = None;
            put(&format!("{}\n", without_bar(&shown.line())));
        }
    }
}

/// A log has no use for a picture of how far it is.
fn without_bar(words: &str) -> &str {
    words.trim_start_matches(['█', '░', ' '])
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
    fn a_detail_comes_after_the_words_and_a_log_has_no_bar() {
        let with = |detail: &'static str| Shown {
            words: format!("{} 1/2 sort 16", bar(1, 2)),
            detail: Some(Box::new(move || detail.to_owned())),
            is_over: false,
        };
        assert_eq!(without_bar(&with("case 3 of 8").line()), "1/2 sort 16, case 3 of 8");
        assert_eq!(without_bar(&with("").line()), "1/2 sort 16");
    }

    #[test]
    fn a_line_stays_within_the_terminal_and_ends_on_the_time() {
        assert_eq!(line("round 1", Duration::from_millis(61_900)), "round 1 61 s");
        let long = line(&"ü".repeat(200), Duration::from_secs(5));
        assert!(long.chars().count() == COLUMNS && long.ends_with("ü 5 s"), "{long}");
    }
}
