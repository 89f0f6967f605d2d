//! How wide the terminal is, and whether it takes colours.

use std::io::IsTerminal;

/// The width where none is known.
const COLUMNS: usize = 80;
/// Narrower than this no table is laid out.
const MIN_COLUMNS: usize = 40;

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns of a line.
    pub columns: usize,
    /// Whether outcomes are coloured.
    pub colour: bool,
}

impl Style {
    /// That of standard output: `COLUMNS` or the terminal's own width; colours on a terminal unless `NO_COLOR` is set, or anywhere with
    /// `CLICOLOR_FORCE`.
    pub fn of_stdout() -> Self {
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let columns = named.or_else(window).filter(|columns| *columns >= MIN_COLUMNS).unwrap_or(COLUMNS);
        let colour = !is_set("NO_COLOR") && (is_set("CLICOLOR_FORCE") || std::io::stdout().is_terminal());
        Self { columns, colour }
    }
}

#[cfg(unix)]
fn window() -> Option<usize> {
    #![expect(unsafe_code, reason = "there is no safe wrapper of TIOCGWINSZ")]
    nix::ioctl_read_bad!(window_size, libc::TIOCGWINSZ, libc::winsize);
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the call writes a `winsize` to where it is told, which is one; standard output is open as long as the process.
    unsafe { window_size(libc::STDOUT_FILENO, &raw mut size) }.ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

#[cfg(not(unix))]
fn window() -> Option<usize> {
    None
}
