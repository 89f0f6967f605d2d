//! The executables of both sides.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::record::Arm;
use crate::revisions::{Repository, Revision};
use crate::session::build::{Executable, build_in};
use crate::session::package::hash_executable;
use crate::{Error, Result, paths, temporary};

/// Where sources are checked out and built, for one process at a time.
pub(super) struct Workshop {
    place: PathBuf,
    /// Held for as long as this value lives; the system lets go of it however the process ends.
    _lock: File,
}

/// A side: its executables, by name.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) arm: Arm,
    pub(super) executables: Vec<PathBuf>,
}

impl Workshop {
    /// # Errors
    /// Another process has it, or it cannot be written to.
    pub(super) fn open() -> Result<Self> {
        let place = paths::target().join("ab");
        let fail = |error: std::io::Error| Error::new(place.display(), error, "make the directory writable");
        std::fs::create_dir_all(&place).map_err(fail)?;
        // From here on builds run in other directories.
        let place = place.canonicalize().map_err(fail)?;
        let lock = File::create(place.join("lock")).map_err(fail)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                Error::new(place.display(), "another `scalegate ab` is at work here", "wait for it to end")
            }
            TryLockError::Error(error) => Error::new(place.display(), error, "use a file system that has locks"),
        })?;
        Ok(Self { place, _lock: lock })
    }

    /// The directory.
    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// A directory for files of one comparison.
    pub(super) fn scratch(&self) -> Result<temporary::Directory> {
        temporary::Directory::within(&self.place)
            .map_err(|error| Error::new(self.place.display(), error, "make room for temporary files"))
    }

    /// Builds the bench targets of a revision, and keeps them as those of a side.
    ///
    /// # Errors
    /// It doesn't build, or has no bench target of this crate; the revision is named.
    pub(super) fn build(&self, repository: &Repository, revision: &Revision, side: &str) -> Result<Built> {
        let tree = self.place.join("tree");
        let context = |error: Error| error.context(format!("{side} ({})", revision.name));
        repository.check_out(revision, &tree).map_err(context)?;
        let checkout = repository.corresponding(revision, &tree).map_err(|error| error.context(side))?;
        eprintln!("building the {side}: {}", revision.name);
        let found = build_in(&checkout, &self.place.join("target")).map_err(context)?;
        if found.is_empty() {
            let cause = "none of its bench targets is made with scalegate";
            let remedy = "name a revision that has one; docs/own-code.md shows how to add it";
            return Err(context(Error::new("this package", cause, remedy)));
        }
        let directory = self.place.join(side);
        let keep = |error: std::io::Error| Error::new(directory.display(), error, "make room there");
        if directory.exists() {
            std::fs::remove_dir_all(&directory).map_err(keep)?;
        }
        std::fs::create_dir_all(&directory).map_err(keep)?;
        let mut executables = Vec::new();
        let mut hashes = BTreeMap::new();
        for Executable { path, .. } in found {
            let name = target_name(&path);
            let copy = directory.join(&name);
            std::fs::copy(&path, &copy).map_err(keep)?;
            hashes.insert(name, hash_executable(&copy)?);
            executables.push(copy);
        }
        let arm = Arm { name: revision.name.clone(), tree: revision.tree.clone(), executables: hashes };
        Ok(Built { arm, executables })
    }
}

/// Cargo adds a dash and a hash to the name of a target.
fn target_name(path: &Path) -> String {
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.rsplit_once('-').map_or_else(|| name.clone(), |(name, _)| name.to_owned())
}
