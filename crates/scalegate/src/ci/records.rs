//! The records that the jobs of a run left, and the baselines that they are checked against.

use std::path::{Path, PathBuf};

use crate::record::Functions;
use crate::{Error, Result};

/// A directory with a directory for each host: its record `run.json`; `ab.json`, where it measured the change and its base in pairs;
/// in `base-counts` the counts of the base as baselines, and in `base.json` their record, where it made any.
#[derive(Debug, Clone)]
pub struct Records {
    root: PathBuf,
}

impl Records {
    /// The records below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The records of runs, by the names of their hosts' directories.
    ///
    /// # Errors
    /// A directory that cannot be read.
    pub fn runs(&self) -> Result<Vec<PathBuf>> {
        self.named("run.json")
    }

    /// The records of pairs, in the same order.
    ///
    /// # Errors
    /// As [`Records::runs`].
    pub fn pairs(&self) -> Result<Vec<PathBuf>> {
        self.named("ab.json")
    }

    /// The records of base and change that a host counted one after the other, in the same order.
    ///
    /// # Errors
    /// As [`Records::runs`].
    pub fn counted(&self) -> Result<Vec<[PathBuf; 2]>> {
        let mut both: Vec<[PathBuf; 2]> =
            entries(&self.root)?.into_iter().map(|host| [host.join("base.json"), host.join("run.json")]).collect();
        both.retain(|files| files.iter().all(|file| Functions::place_of(file).is_file() && file.is_file()));
        Ok(both)
    }

    fn named(&self, name: &str) -> Result<Vec<PathBuf>> {
        let mut files: Vec<PathBuf> = entries(&self.root)?.into_iter().map(|host| host.join(name)).collect();
        files.retain(|file| file.is_file());
        Ok(files)
    }

    /// What the hosts counted of the base.
    fn base_counts(&self) -> Result<Vec<PathBuf>> {
        let portable = |host: PathBuf| host.join("base-counts").join("portable");
        Ok(entries(&self.root)?.into_iter().map(portable).filter(|path| path.is_dir()).collect())
    }
}

/// Makes `merged` the baselines of a change: all that are `committed`, and the counts of the base under keys that none are
/// committed for.
///
/// Committed counts come first: against those of the base alone, many small regressions would each be within tolerance.
///
/// # Errors
/// A directory that cannot be read or written.
pub fn merge_baselines(committed: &Path, records: &Records, merged: &Path) -> Result<()> {
    if merged.exists() {
        std::fs::remove_dir_all(merged).map_err(|error| unusable(merged, &error))?;
    }
    copy_missing(committed, merged)?;
    for host in records.base_counts()? {
        for entry in entries(&host)? {
            let Some(name) = entry.file_name() else { continue };
            if !committed.join("portable").join(name).exists() {
                copy_missing(&entry, &merged.join("portable").join(name))?;
            }
        }
    }
    Ok(())
}

/// Copies a file, or all files of a directory, but for those that are there already.
fn copy_missing(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        for entry in entries(from)? {
            if let Some(name) = entry.file_name() {
                copy_missing(&entry, &to.join(name))?;
            }
        }
        return Ok(());
    }
    if !from.exists() || to.exists() {
        return Ok(());
    }
    let directory = to.parent().unwrap_or(to);
    std::fs::create_dir_all(directory).map_err(|error| unusable(directory, &error))?;
    std::fs::copy(from, to).map(drop).map_err(|error| unusable(from, &error))
}

/// What is in a directory, by name; an absent one is empty.
fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let fail = |error: std::io::Error| unusable(directory, &error);
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(fail)?,
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry.map_err(fail)?.path())).collect::<Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn unusable(path: &Path, error: &std::io::Error) -> Error {
    Error::new(path.display(), error, "name directories that can be read and written")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, name: &str, text: &str) {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn committed_counts_come_before_those_of_the_base() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        write(root, "baselines/hosts/m2/a.json", "accepted");
        write(root, "baselines/portable/key-1/a.json", "accepted");
        write(root, "records/x86/base-counts/portable/key-1/b.json", "of the base");
        write(root, "records/x86/base-counts/portable/key-2/a.json", "of the base");
        write(root, "records/arm/base-counts/portable/key-3/a.json", "of the base");
        write(root, "records/arm/base-counts/portable/text.json", "of the base");
        write(root, "records/arm/run.json", "");
        write(root, "merged/stale.json", "");
        let records = Records::new(root.join("records"));
        merge_baselines(&root.join("baselines"), &records, &root.join("merged")).unwrap();
        let read = |name: &str| std::fs::read_to_string(root.join("merged").join(name)).ok();
        assert_eq!(read("hosts/m2/a.json").unwrap(), "accepted");
        assert_eq!(read("portable/key-1/a.json").unwrap(), "accepted");
        assert_eq!(read("portable/key-1/b.json"), None);
        for name in ["key-2/a.json", "key-3/a.json", "text.json"] {
            assert_eq!(read(&format!("portable/{name}")).unwrap(), "of the base");
        }
        assert_eq!(read("stale.json"), None);
        assert_eq!(records.runs().unwrap(), [root.join("records/arm/run.json")]);
    }

    #[test]
    fn without_records_there_are_no_runs_and_without_baselines_none_are_merged() {
        let directory = tempfile::tempdir().unwrap();
        let records = Records::new(directory.path().join("none"));
        assert!(records.runs().unwrap().is_empty());
        merge_baselines(&directory.path().join("none"), &records, &directory.path().join("merged")).unwrap();
    }
}
