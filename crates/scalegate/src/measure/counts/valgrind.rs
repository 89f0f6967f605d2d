//! Is there a Valgrind that can run this program, and which?

use std::process::{Command, Output};

/// A Valgrind that has run the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Valgrind {
    /// For instance `3.19.0`.
    pub version: String,
}

/// Asks the `valgrind` on `PATH` for its version, and lets it run the program once; `complete` adds program, arguments and
/// environment.
///
/// A processor or a system that Valgrind does not know shows in that run, and not halfway through the measurement.
///
/// # Errors
/// Why there can be no counts on this host, and what would help, in one line: this is what a record says of them.
pub fn find_valgrind(complete: impl FnOnce(&mut Command)) -> Result<Valgrind, String> {
    let version = Command::new("valgrind").arg("--version").output().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("valgrind is not on PATH; {}", remedy(std::env::consts::OS)),
        _ => format!("valgrind cannot be started: {error}; {}", remedy(std::env::consts::OS)),
    })?;
    let version = parse_version(&String::from_utf8_lossy(&version.stdout))?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=none", "--quiet"]);
    complete(&mut command);
    let run = command.output().map_err(|error| format!("valgrind {version} cannot be started: {error}"))?;
    check(&version, &run)?;
    Ok(Valgrind { version })
}

fn check(version: &str, run: &Output) -> Result<(), String> {
    if run.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&run.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing");
    Err(format!(
        "valgrind {version} cannot run this program ({}; it said: {last}); install a newer valgrind",
        run.status
    ))
}

/// `valgrind-3.19.0`, or with a suffix as distributions add it: `valgrind-3.19.0-8d3c8034b8`.
fn parse_version(text: &str) -> Result<String, String> {
    text.trim()
        .strip_prefix("valgrind-")
        .map(|version| version.split('-').next().unwrap_or(version).to_owned())
        .filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))
        .ok_or_else(|| format!("`valgrind --version` says `{}`, which is no version of Valgrind", text.trim()))
}

/// How to get Valgrind on a system, or what to measure instead.
fn remedy(os: &str) -> &'static str {
    match os {
        "linux" => "install it, for instance with `sudo apt-get install valgrind`",
        "macos" => "it does not run on Apple silicon, where `instructions_hw` takes its place",
        _ => "it runs on Linux",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_with_and_without_a_suffix() {
        assert_eq!(parse_version("valgrind-3.19.0\n"), Ok("3.19.0".to_owned()));
        assert_eq!(parse_version("valgrind-3.24.0.GIT-lbmacos"), Ok("3.24.0.GIT".to_owned()));
    }

    #[test]
    fn something_else_on_the_path_is_not_taken_for_valgrind() {
        insta::assert_snapshot!(parse_version("").unwrap_err(), @"`valgrind --version` says ``, which is no version of Valgrind");
        assert!(parse_version("valgrind-").is_err());
        assert!(parse_version("mock 1.0").is_err());
    }
}
