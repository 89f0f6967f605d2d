//! A working directory with the files that a test needs, and the binary run in it.

mod outline;

use std::collections::BTreeMap;
use std::path::PathBuf;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use scalegate::record::{self, Run};
use tempfile::TempDir;

pub(crate) use outline::{outline, section};

/// The default record.
pub(crate) const RUN: &str = "target/scalegate/run.json";

/// The columns of costs as comma-separated values.
pub(crate) const HEAD: &str = "workload,axis,metric,unit,size,round,value\n";

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

    /// Replaces one text of a file, which has to be there, by another.
    pub(crate) fn edit(&self, name: &str, old: &str, new: &str) {
        let text = self.read(name);
        assert!(text.contains(old), "{name} has changed; adapt the test: {old}");
        self.write(name, text.replacen(old, new, 1));
    }

    /// The second half of a file is lost.
    pub(crate) fn cut(&self, name: &str) {
        let text = self.read(name);
        self.write(name, &text[..text.len() / 2]);
    }

    /// The binary, ready to start here with the words of `line`, as a user without variables of this program starts it.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scalegate"));
        command.current_dir(self.directory.path()).env("NO_COLOR", "1").env_remove("SCALEGATE_HOST_CLASS");
        command.args(line.split_whitespace());
        command
    }

    /// Runs `scalegate` here with the words of `line`.
    pub(crate) fn scalegate(&self, line: &str) -> Assert {
        self.command(line).assert()
    }

    /// What a command says that is refused with exit code 2, and changes no file.
    #[track_caller]
    pub(crate) fn refused(&self, line: &str) -> String {
        let before = self.files();
        let assert = self.scalegate(line).code(2);
        assert_eq!(stdout(&assert), "");
        assert!(self.files() == before, "a file was changed, or one was left: {}", stderr(&assert));
        stderr(&assert)
    }

    /// Imports `rows` (without the header) as the record of the next commands.
    pub(crate) fn import(&self, rows: &str) {
        self.import_as(RUN, rows);
    }

    /// Imports `rows` as the record `name`.
    pub(crate) fn import_as(&self, name: &str, rows: &str) {
        self.write("costs.csv", format!("{HEAD}{rows}"));
        self.scalegate(&format!("import csv costs.csv --out {name}")).success();
    }

    /// The default record.
    pub(crate) fn record(&self) -> Run {
        record::read_json(&self.path(RUN)).unwrap()
    }

    /// Names and contents of all files and directories here.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut open = vec![self.path("")];
        while let Some(directory) = open.pop() {
            for path in std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()) {
                let is_directory = path.is_dir();
                files.insert(path.clone(), if is_directory { Vec::new() } else { std::fs::read(&path).unwrap() });
                open.extend(is_directory.then_some(path));
            }
        }
        files
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

/// A file among the fixtures.
pub(crate) fn fixture(name: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    std::fs::read_to_string(&path).unwrap()
}

/// A message without the columns of a document on one line: they change with every field that comes before.
pub(crate) fn without_columns(message: &str) -> String {
    let mut parts = message.split(" column ");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str(" column [column]");
        text.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    text
}

/// Messages one after the other, each with what it is about.
pub(crate) fn list(messages: impl IntoIterator<Item = (impl std::fmt::Display, String)>) -> String {
    messages.into_iter().map(|(about, message)| format!("{about}\n{message}\n")).collect()
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
pub(crate) const PIXELS: [u64; 12] =
    [9_408, 37_632, 49_392, 68_992, 84_672, 101_920, 129_360, 150_528, 293_216, 583_296, 917_280, 1_630_720];

/// Prefill, without a KV cache's worth of doubt: 1 ms and 150 µs a token.
pub(crate) fn line(n: f64) -> f64 {
    1e-3 + 150e-6 * n
}

/// A cost that stops growing at `clamp` pixels.
pub(crate) fn knee(clamp: f64) -> impl Fn(f64) -> f64 {
    move |pixels| 2e-3 + 0.4e-6 * pixels.min(clamp) + 2e-9 * (pixels - clamp).max(0.0)
}
