//! What goes away again. It lies beside what it belongs to, so that a rename stays within one file system.
//!
//! A process that is killed leaves it behind, and the next one that makes something there removes it. What is in use is locked, so
//! that it is told from what was left whichever machine, or container, the process is of.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// With the number of the process and one of its own.
const PREFIX: &str = ".scalegate-";

/// A directory that goes away with the value, and all that is in it.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    /// Locked; `None` on systems that open no directories.
    _lock: Option<File>,
}

/// A file that goes away with the value, unless it is given a name.
#[derive(Debug)]
pub(crate) struct Unnamed {
    path: PathBuf,
    pub(crate) file: File,
}

impl Directory {
    /// An empty directory within `directory`, which is there.
    pub(crate) fn within(directory: &Path) -> io::Result<Self> {
        let make = |path: &Path| fs::create_dir(path).map(|()| File::open(path).ok());
        unused(directory, make, Option::as_ref).map(|(path, lock)| Self { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be removed is in the way of nothing.
        let _ = fs::remove_dir_all(&self.path);
    }
}

impl Unnamed {
    /// An empty file within `directory`, which is there.
    pub(crate) fn within(directory: &Path) -> io::Result<Self> {
        let make = |path: &Path| File::create_new(path);
        unused(directory, make, |file| Some(file)).map(|(path, file)| Self { path, file })
    }

    /// Gives it the name `path` in place of the file that has it.
    pub(crate) fn rename(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.path, path)
    }
}

impl Drop for Unnamed {
    fn drop(&mut self) {
        // Once it has a name, there is nothing of the old one.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes something at the first path that is free, of those that no other process makes anything at, and locks it.
fn unused<T>(
    directory: &Path,
    make: impl Fn(&Path) -> io::Result<T>,
    file: impl Fn(&T) -> Option<&File>,
) -> io::Result<(PathBuf, T)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let directory = std::path::absolute(directory)?;
    clear(&directory);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!("{PREFIX}{}-{number}", std::process::id()));
        let made = match make(&path) {
            // A process of that number is at work in another container.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            made => made?,
        };
        // Before it was locked, another process may have taken it for one that was left.
        let is_lost = file(&made).is_some_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
        if !is_lost && path.exists() {
            return Ok((path, made));
        }
    }
}

/// Removes what processes left that were killed.
fn clear(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let is_own = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        let path = entry.path();
        if is_own && File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            // What cannot be removed is in the way of nothing.
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_directory_goes_away_with_what_is_in_it() {
        let place = tempfile::tempdir().unwrap();
        let [first, second] = [(), ()].map(|()| Directory::within(place.path()).unwrap());
        fs::write(first.path().join("file"), "").unwrap();
        assert_ne!(first.path(), second.path());
        drop((first, second));
        assert_eq!(names(place.path()), [""; 0]);
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_is_in_use_is_not() {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join(".scalegate-1-0")).unwrap();
        fs::write(place.path().join(".scalegate-1-0/file"), "").unwrap();
        fs::write(place.path().join(".scalegate-1-1"), "").unwrap();
        fs::write(place.path().join("run.json"), "").unwrap();
        let directory = Directory::within(place.path()).unwrap();
        let file = Unnamed::within(place.path()).unwrap();
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut expected = [name(directory.path()), name(&file.path), "run.json".to_owned()];
        let mut found = names(place.path());
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_file_takes_the_place_of_another_or_goes_away() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("run.json");
        fs::write(&path, "old").unwrap();
        drop(Unnamed::within(place.path()).unwrap());
        assert_eq!(
            (names(place.path()), fs::read_to_string(&path).unwrap()),
            (vec!["run.json".to_owned()], "old".to_owned())
        );
        Unnamed::within(place.path()).unwrap().rename(&path).unwrap();
        assert_eq!(
            (names(place.path()), fs::read_to_string(&path).unwrap()),
            (vec!["run.json".to_owned()], String::new())
        );
    }
}
