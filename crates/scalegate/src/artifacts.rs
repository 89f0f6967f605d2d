//! Compiled dependencies, carried over from one target directory to another.
//!
//! Cargo names what it compiles of a package after its place in the workspace, and not after the workspace's: two versions of one
//! repository that share a target directory take each other's programs for their own. So versions have a directory apart from the
//! working tree's. What comes from the registry is the same in both, and is carried over, so that it is compiled once.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::revisions::remove;
use crate::{Error, Result};

/// Below `release`: what Cargo knows of each package, what build scripts left, and the libraries.
const KNOWN: &str = ".fingerprint";
const BUILD_SCRIPTS: &str = "build";
const LIBRARIES: &str = "deps";

/// The lock file that the artifacts were compiled by, as it was when they were carried over.
const LOCK: &str = "carried-over.lock";

/// Extensions of libraries, among them procedural macros, on all systems.
const LIBRARY_EXTENSIONS: [&str; 5] = ["rlib", "rmeta", "so", "dylib", "dll"];

/// Carries the dependencies that are compiled in the target directory `from` over to `to`, unless it was done for this lock file
/// before. What is not compiled yet is missing in `to` as well, and Cargo compiles it there.
///
/// # Errors
/// A file that cannot be read or written; `to` is then carried over anew the next time.
pub fn carry_over(lock: &Path, from: &Path, to: &Path) -> Result<()> {
    let text = std::fs::read_to_string(lock).map_err(|error| fault(lock, error))?;
    let done = to.join(LOCK);
    if std::fs::read_to_string(&done).is_ok_and(|earlier| earlier == text) {
        return Ok(());
    }
    let (from, release) = (from.join("release"), to.join("release"));
    for path in [&done, &release] {
        remove(path).map_err(|error| fault(path, error))?;
    }
    let carried = Carried { members: members(&text).map_err(|cause| fault(lock, cause))? };
    carried.copy(&from, &release)?;
    std::fs::create_dir_all(to).and_then(|()| std::fs::write(&done, text)).map_err(|error| fault(&done, error))
}

/// The packages of the workspace itself, which have no source in the lock file.
fn members(lock: &str) -> Result<BTreeSet<String>, String> {
    let table: Table = lock.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let packages = table.get("package").and_then(Value::as_array).ok_or("no package in it")?;
    let own = packages.iter().filter(|package| package.get("source").is_none());
    Ok(own.filter_map(|package| package.get("name")?.as_str().map(str::to_owned)).collect())
}

/// What is carried over: all but the members of the workspace.
struct Carried {
    members: BTreeSet<String>,
}

impl Carried {
    fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        // Cargo writes to what it knows in place, and build scripts may: these are copies. A library is replaced and never written
        // to, so that a link serves, and takes no room.
        for directory in [KNOWN, BUILD_SCRIPTS] {
            for path in entries(&from.join(directory))? {
                if !self.is_of_member(&path) {
                    copy_all(&path, &to.join(directory))?;
                }
            }
        }
        for path in entries(&from.join(LIBRARIES))? {
            let extension = path.extension().unwrap_or_default().to_string_lossy();
            if LIBRARY_EXTENSIONS.contains(&&*extension) && !self.is_of_member(&path) {
                link(&path, &to.join(LIBRARIES))?;
            }
        }
        Ok(())
    }

    /// Whether `path` is called after a member, as `scalegate-0123456789abcdef` and `libscalegate-0123456789abcdef.rlib` are.
    fn is_of_member(&self, path: &Path) -> bool {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name = stem.rsplit_once('-').map_or(&*stem, |(name, _)| name);
        self.members.iter().any(|member| name == member || name.strip_prefix("lib") == Some(&member.replace('-', "_")))
    }
}

/// What is in a directory; nothing if there is none.
fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(directory).map_err(|error| fault(directory, error))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(|error| fault(directory, error))).collect()
}

/// Copies a file, or a directory with all that is in it, into `to`.
fn copy_all(path: &Path, to: &Path) -> Result<()> {
    if !path.is_dir() {
        return copy(path, to);
    }
    let to = in_directory(path, to);
    entries(path)?.iter().try_for_each(|entry| copy_all(entry, &to))
}

/// Copies a file with its time, by which Cargo tells what is newer than what.
fn copy(path: &Path, to: &Path) -> Result<()> {
    let copy = in_directory(path, to);
    let time = std::fs::metadata(path).and_then(|metadata| metadata.modified()).map_err(|error| fault(path, error))?;
    std::fs::create_dir_all(to)
        .and_then(|()| std::fs::copy(path, &copy))
        .and_then(|_| std::fs::File::open(&copy)?.set_modified(time))
        .map_err(|error| fault(&copy, error))
}

/// Makes another name for a file, or a copy where the file system has no such links.
fn link(path: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).map_err(|error| fault(to, error))?;
    std::fs::hard_link(path, in_directory(path, to)).or_else(|_| copy(path, to))
}

fn in_directory(path: &Path, directory: &Path) -> PathBuf {
    directory.join(path.file_name().unwrap_or_default())
}

fn fault(path: &Path, cause: impl std::fmt::Display) -> Error {
    Error::new(path.display(), cause, "make the target directory writable, and make room")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    const LOCK_FILE: &str = r#"
version = 4
[[package]]
name = "own-suite"
version = "1.0.0"
[[package]]
name = "anyhow"
version = "1.0.0"
source = "registry+https://github.com/rust-lang/crates.io-index"
"#;

    #[test]
    fn dependencies_are_carried_over_with_their_times_and_members_are_not() {
        let place = tempfile::tempdir().unwrap();
        let [lock, from, to] = ["Cargo.lock", "from", "to"].map(|name| place.path().join(name));
        write(&lock, LOCK_FILE);
        let files = [
            ".fingerprint/anyhow-01/lib-anyhow",
            ".fingerprint/own-suite-01/lib-own_suite",
            "build/anyhow-02/out/deep/probe",
            "build/own-suite-02/output",
            "deps/libanyhow-01.rlib",
            "deps/libanyhow-01.rmeta",
            "deps/libown_suite-01.rlib",
            "deps/own_suite-03",
            "deps/anyhow-01.d",
        ];
        let earlier = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        for name in files {
            let path = from.join("release").join(name);
            write(&path, name);
            std::fs::File::open(path).unwrap().set_modified(earlier).unwrap();
        }
        carry_over(&lock, &from, &to).unwrap();
        let carried: Vec<&str> = files.into_iter().filter(|name| to.join("release").join(name).is_file()).collect();
        assert_eq!(carried, [files[0], files[2], files[4], files[5]]);
        for name in carried {
            let path = to.join("release").join(name);
            assert_eq!(std::fs::metadata(path).unwrap().modified().unwrap(), earlier, "{name}");
        }
    }

    #[test]
    fn what_was_carried_over_stays_until_the_lock_file_changes() {
        let place = tempfile::tempdir().unwrap();
        let [lock, from, to] = ["Cargo.lock", "from", "to"].map(|name| place.path().join(name));
        let [library, own] = ["libanyhow-01.rlib", "libown-01.rlib"].map(|name| Path::new("release/deps").join(name));
        write(&lock, LOCK_FILE);
        write(&from.join(&library), "old");
        carry_over(&lock, &from, &to).unwrap();
        write(&to.join(&own), "");
        carry_over(&lock, &from, &to).unwrap();
        assert!(to.join(&own).is_file());
        write(&lock, &format!("{LOCK_FILE}\n"));
        carry_over(&lock, &from, &to).unwrap();
        assert!(to.join(&library).is_file() && !to.join(&own).exists());
    }
}
