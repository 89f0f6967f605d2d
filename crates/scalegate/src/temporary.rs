//! What goes away again. It lies beside what it belongs to, so that a rename stays within one file system.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A directory that goes away with the value, and all that is in it.
#[derive(Debug)]
pub(crate) struct Directory(PathBuf);

/// A file that goes away with the value, unless it is given a name.
#[derive(Debug)]
pub(crate) struct Unnamed {
    path: PathBuf,
    pub(crate) file: File,
}

impl Directory {
    /// An empty directory within `directory`, which is there.
    pub(crate) fn within(directory: &Path) -> io::Result<Self> {
        unused(directory, |path| fs::create_dir(path)).map(|(path, ())| Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be removed is in the way of nothing.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Unnamed {
    /// An empty file within `directory`, which is there.
    pub(crate) fn within(directory: &Path) -> io::Result<Self> {
        unused(directory, |path| File::create_new(path)).map(|(path, file)| Self { path, file })
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

/// Makes something at the first path that is free, of those that no other process makes anything at.
fn unused<T>(directory: &Path, make: impl Fn(&Path) -> io::Result<T>) -> io::Result<(PathBuf, T)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let directory = std::path::absolute(directory)?;
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!(".tmp-{}-{number}", std::process::id()));
        match make(&path) {
            // An earlier process of that number was killed.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return Ok((path, made?)),
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
