//! A working directory, and a command that is run in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use tempfile::TempDir;

use crate::costs::HEAD;

/// Variables of whoever runs the tests that would make a command do something else than that of a user.
const FOREIGN: [&str; 7] = [
    "SCALEGATE_JOB",
    "SCALEGATE_HOST_CLASS",
    "CARGO_CRITERION_PORT",
    "PULL_REQUEST",
    "COMMIT",
    "RUN_URL",
    "GITHUB_STEP_SUMMARY",
];

/// A working directory, empty at first, in which a command is run.
pub struct Place {
    directory: TempDir,
    program: PathBuf,
}

impl Place {
    /// An empty directory for `program`.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { directory: tempfile::tempdir().unwrap(), program: program.into() }
    }

    /// The path of a file here.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file, and the directories above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The text of a file.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Replaces one text of a file, which has to be there, by another.
    #[track_caller]
    pub fn edit(&self, name: &str, old: &str, new: &str) {
        let text = self.read(name);
        assert!(text.contains(old), "{name} has changed; adapt the test: {old}");
        self.write(name, text.replacen(old, new, 1));
    }

    /// Names and contents of all files and directories here, but for those in `left_out`.
    pub fn files(&self, left_out: &[&str]) -> BTreeMap<PathBuf, Vec<u8>> {
        let left_out: Vec<PathBuf> = left_out.iter().map(|name| self.path(name)).collect();
        let mut files = BTreeMap::new();
        let mut open = vec![self.path("")];
        while let Some(directory) = open.pop() {
            for path in std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()) {
                if left_out.contains(&path) {
                    continue;
                }
                let is_directory = path.is_dir();
                files.insert(path.clone(), if is_directory { Vec::new() } else { std::fs::read(&path).unwrap() });
                open.extend(is_directory.then_some(path));
            }
        }
        files
    }

    /// `program` with the words of `line`, ready to start here, as a user without variables of these programs starts it.
    pub fn start(&self, program: &Path, line: &str) -> std::process::Command {
        let mut command = std::process::Command::new(program);
        command.current_dir(self.directory.path()).env("NO_COLOR", "1").args(line.split_whitespace());
        for variable in FOREIGN {
            command.env_remove(variable);
        }
        command
    }

    /// The command of this place, ready to start.
    pub fn command(&self, line: &str) -> Command {
        Command::from_std(self.start(&self.program, line))
    }

    /// Runs the command of this place.
    pub fn scalegate(&self, line: &str) -> Assert {
        self.command(line).assert()
    }

    /// Imports `rows` (without the header) as the record `name`.
    pub fn import_as(&self, name: &str, rows: &str) {
        self.write("costs.csv", format!("{HEAD}{rows}"));
        self.scalegate(&format!("import csv costs.csv --out {name}")).success();
    }

    /// Imports `rows` as the record of the next commands.
    pub fn import(&self, rows: &str) {
        self.import_as("target/scalegate/run.json", rows);
    }
}

/// Standard output of a finished command.
pub fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

/// Standard error of a finished command.
pub fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}
