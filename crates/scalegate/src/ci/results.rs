//! The files that a verdict leaves for the jobs after it.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::{Digest, fault_summary};
use crate::{Error, Result};

/// What GitHub's runners name the file of a job's summary in.
const JOB_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// A directory with `check.json`, `summary.md`, `digest.json`, and the baselines that were compared with.
#[derive(Debug, Clone)]
pub struct Results {
    directory: PathBuf,
}

impl Results {
    /// Makes the directory, without a verdict of an earlier run.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn new(directory: impl Into<PathBuf>) -> Result<Self> {
        let directory = directory.into();
        let results = Self { directory };
        std::fs::create_dir_all(&results.directory).map_err(|error| unwritable(&results.directory, &error))?;
        for path in [results.check(), results.summary(), results.digest()] {
            if path.exists() {
                std::fs::remove_file(&path).map_err(|error| unwritable(&path, &error))?;
            }
        }
        Ok(results)
    }

    /// The JSON of the check; not there if there is no verdict.
    pub fn check(&self) -> PathBuf {
        self.directory.join("check.json")
    }

    /// The summary in Markdown.
    pub fn summary(&self) -> PathBuf {
        self.directory.join("summary.md")
    }

    /// What a comment needs.
    pub fn digest(&self) -> PathBuf {
        self.directory.join("digest.json")
    }

    /// The baselines that were compared with.
    pub fn baselines(&self) -> PathBuf {
        self.directory.join("baselines")
    }

    /// Writes the JSON of the check.
    ///
    /// # Errors
    /// As [`Results::new`].
    pub fn write_check(&self, json: &str) -> Result<()> {
        write(&self.check(), json)
    }

    /// Writes what a comment needs.
    ///
    /// # Errors
    /// As [`Results::new`].
    pub fn write_digest(&self, digest: &Digest) -> Result<()> {
        write(&self.digest(), &digest.json()?)
    }

    /// Writes the summary, also to where GitHub's runners want that of a job.
    ///
    /// # Errors
    /// As [`Results::new`].
    pub fn write_summary(&self, text: &str) -> Result<()> {
        write(&self.summary(), text)?;
        let Some(path) = std::env::var_os(JOB_SUMMARY).filter(|path| !path.is_empty()).map(PathBuf::from) else {
            return Ok(());
        };
        let file = OpenOptions::new().append(true).create(true).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| unwritable(&path, &error))
    }

    /// Says in place of a verdict why there is none.
    ///
    /// # Errors
    /// As [`Results::new`].
    pub fn write_fault(&self, fault: &Digest) -> Result<()> {
        self.write_summary(&fault_summary(fault))?;
        self.write_digest(fault)
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(path.display(), error, "name a directory that can be written to")
}
