//! The programs of wall time that `scalegate run` starts once per round.
//!
//! A run takes all its rounds with the programs that Cargo built at its beginning, so that an edit of the sources meanwhile
//! does not change what is measured.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::workload::Workload;
use crate::{Error, Result};

/// A bench target as Cargo built and started it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// The executable.
    pub path: PathBuf,
    /// Where it runs.
    pub directory: PathBuf,
    /// The names of what it measures.
    pub workloads: Vec<String>,
}

impl Program {
    /// This process, measuring `workloads`.
    pub(super) fn of_this_process(workloads: &[Box<dyn Workload>]) -> Result<Self> {
        let fail = |error: std::io::Error| Error::new("this program", error, "start it by its path");
        Ok(Self {
            path: std::env::current_exe().map_err(fail)?,
            directory: std::env::current_dir().map_err(fail)?,
            workloads: workloads.iter().map(|workload| workload.name().to_owned()).collect(),
        })
    }

    /// Adds a line to `file`, which the process that drives the run reads.
    pub(super) fn leave_in(&self, file: &Path) -> Result<()> {
        let line = serde_json::to_string(self).map_err(std::io::Error::from);
        let open = || std::fs::File::options().append(true).create(true).open(file);
        line.and_then(|line| writeln!(open()?, "{line}"))
            .map_err(|error| Error::new(file.display(), error, "make room for temporary files"))
    }

    /// The programs that have left their names in `file`.
    ///
    /// # Errors
    /// A file that cannot be read; an absent one holds none.
    pub fn all_in(file: &Path) -> Result<Vec<Self>> {
        let fail = |cause: String| Error::new(file.display(), cause, "run it again");
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(fail(error.to_string())),
        };
        text.lines().map(|line| serde_json::from_str(line).map_err(|error| fail(error.to_string()))).collect()
    }
}
