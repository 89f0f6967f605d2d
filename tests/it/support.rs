//! A working directory with the files that a test needs, and the commands run in it.

pub(crate) mod bench;
mod built;
pub(crate) mod towers;

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use tempfile::TempDir;

/// An empty working directory.
pub(crate) struct Place {
    directory: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Runs `scalegate` here with the words of `line`. There is no package here, so that records are judged as they are.
    pub(crate) fn scalegate(&self, line: &str) -> Assert {
        let mut command = Command::new(built::executable("scalegate"));
        command.current_dir(self.directory.path()).env("NO_COLOR", "1").env_remove("SCALEGATE_HOST_CLASS");
        command.args(line.split_whitespace()).assert()
    }

    /// Imports `rows` (without the header) as the record of the next commands.
    pub(crate) fn import(&self, rows: &str) {
        self.write("costs.csv", format!("workload,axis,metric,unit,size,round,value\n{rows}"));
        self.scalegate("import csv costs.csv").success();
    }
}

/// Standard output of a finished command.
pub(crate) fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

/// Standard error of a finished command.
pub(crate) fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

/// A message without what differs from run to run: hashes, times of day, and the place of a temporary directory.
pub(crate) fn lasting(message: &str) -> String {
    let words = message.split_inclusive(|c: char| !(c.is_ascii_alphanumeric() || "-/_.".contains(c)));
    words.map(lasting_word).collect()
}

fn lasting_word(word: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-/_.".contains(c);
    let (bare, end) = word.split_at(word.find(|c| !is_part(c)).unwrap_or(word.len()));
    let temporary = std::env::temp_dir();
    let bare = match bare.strip_prefix(&format!("{}/", temporary.display())).and_then(|rest| rest.split_once('/')) {
        Some((_, file)) => format!("[place]/{file}"),
        None if bare.len() >= 12 && bare.chars().all(|c| c.is_ascii_hexdigit()) => "[hash]".to_owned(),
        None => match bare.split_once("run.20") {
            Some((before, _)) if bare.ends_with("Z.json") => format!("{before}run.[time].json"),
            _ => bare.to_owned(),
        },
    };
    format!("{bare}{end}")
}

/// The suite file of this repository.
pub(crate) fn suite() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("suite.toml")).unwrap()
}

/// Rows of a workload over `sizes` and `rounds`, with the cost that `cost(size)` gives and a little noise by round and
/// size, the same in every run of the test.
pub(crate) fn rows(workload: &str, axis: &str, sizes: &[u64], rounds: u32, cost: impl Fn(f64) -> f64) -> String {
    let mut rows = String::new();
    for round in 0..rounds {
        for (i, &size) in sizes.iter().enumerate() {
            let wobble = 1.0 + 0.004 * (f64::from(round) * 2.3 + i as f64 * 1.7).sin();
            let value = cost(size as f64) * wobble;
            rows.push_str(&format!("{workload},{axis},wall_time,s,{size},{round},{value:e}\n"));
        }
    }
    rows
}

pub(crate) const TOKENS: [u64; 8] = [16, 32, 64, 128, 192, 256, 512, 1024];

/// Prefill, without a KV cache's worth of doubt: 1 ms and 150 µs a token.
pub(crate) fn line(n: f64) -> f64 {
    1e-3 + 150e-6 * n
}
