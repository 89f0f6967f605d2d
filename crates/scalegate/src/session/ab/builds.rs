//! The executables of both sides.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use crate::config::ProgramSettings;
use crate::program;
use crate::record::Arm;
use crate::revisions::{Repository, Revision};
use crate::session::build::{Executable, build_in, build_with_link_argument};
use crate::session::package::{Workspace, hash_executable};
use crate::{Error, Result, artifacts, paths, temporary};

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
    /// Of bench targets.
    pub(super) executables: Vec<PathBuf>,
    /// Where the programs of the configuration run, if it has any.
    pub(super) programs: Option<PathBuf>,
    /// Why functions don't begin at multiples of [`FUNCTION_ALIGNMENT`], if they don't.
    pub(super) unaligned: Option<String>,
}

/// Bytes of a line of the instruction cache. An edit moves the functions after it, and where a loop lies in its line can change its
/// time by more than any tolerance of a pair (Mytkowicz et al., *Producing wrong data without doing anything obviously wrong!*, ASPLOS
/// 2009). If all functions begin with a line, loops keep their place in it unless they are edited; how far functions lie apart still changes. The Linux kernel has an option for this, made
/// against false alarms of its performance tests (`DEBUG_FORCE_FUNCTION_ALIGN_64B`).
pub(super) const FUNCTION_ALIGNMENT: u32 = 64;

/// A script that adds to the linker's own. GNU ld and LLD know both keywords; what is compiled need not be compiled again for it.
fn align_functions() -> String {
    format!("SECTIONS {{ .text : SUBALIGN({FUNCTION_ALIGNMENT}) {{ *(.text .text.*) }} }} INSERT AFTER .rodata;\n")
}

impl Built {
    /// Whether there are functions, and all begin at multiples of [`FUNCTION_ALIGNMENT`].
    pub(super) fn is_aligned(&self) -> bool {
        !self.executables.is_empty() && self.unaligned.is_none()
    }

    /// With the programs of the same side.
    pub(super) fn with_programs_of(mut self, programs: Self) -> Self {
        self.arm.executables.extend(programs.arm.executables);
        Self { programs: programs.programs, ..self }
    }
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

    /// Where Cargo builds.
    fn target(&self) -> PathBuf {
        self.place.join("target")
    }

    /// A directory for files of one comparison.
    pub(super) fn scratch(&self) -> Result<temporary::Directory> {
        temporary::Directory::within(&self.place)
            .map_err(|error| Error::new(self.place.display(), error, "make room for temporary files"))
    }

    /// Builds the bench targets of both revisions, and keeps them.
    ///
    /// # Errors
    /// One doesn't build, or has no bench target of this crate; the revision is named.
    pub(super) fn build_both(&self, repository: &Repository, revisions: [&Revision; 2]) -> Result<[Built; 2]> {
        // A package that Cargo cannot describe does not build either, and says why then.
        if let Ok(workspace) = Workspace::at(Path::new("."))
            && workspace.lock().is_file()
        {
            artifacts::carry_over(&workspace.lock(), workspace.compiled(), &self.target())?;
        }
        let both = |align| -> Result<[Built; 2]> {
            let [base, head] = revisions;
            Ok([self.build(repository, base, "base", align)?, self.build(repository, head, "head", align)?])
        };
        let built = both(true)?;
        // Sides that are placed in different ways are no pair.
        if built[0].unaligned.is_some() == built[1].unaligned.is_some() { Ok(built) } else { both(false) }
    }

    fn build(&self, repository: &Repository, revision: &Revision, side: &str, align: bool) -> Result<Built> {
        let tree = self.place.join("tree");
        let context = |error: Error| error.context(format!("{side} ({})", revision.name));
        repository.check_out(revision, &tree).map_err(context)?;
        let checkout = repository.corresponding_package(revision, &tree).map_err(|error| error.context(side))?;
        eprintln!("building the {side}: {}", revision.name);
        let aligned = if align { self.aligned(&checkout)? } else { Err("only one side could be".to_owned()) };
        let (found, unaligned) = match aligned {
            Ok(found) => (found, None),
            // If the sources are the cause, this fails too, and says so.
            Err(reason) => (build_in(&checkout, &self.target()).map_err(context)?, Some(reason)),
        };
        if found.is_empty() {
            let cause = "none of its bench targets is made with scalegate";
            let remedy = "name a revision that has one; docs/tutorial.md shows how to add it";
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
        for Executable { name, path, directory: package } in &found {
            // Packages of a workspace may have targets of one name.
            let is_alone = found.iter().filter(|other| other.name == *name).count() == 1;
            let package = package.file_name().unwrap_or_default().to_string_lossy();
            let name = if is_alone { name.clone() } else { format!("{package}-{name}") };
            let copy = directory.join(&name);
            std::fs::copy(path, &copy).map_err(keep)?;
            hashes.insert(name, hash_executable(&copy)?);
            executables.push(copy);
        }
        let arm = Arm { name: revision.name.clone(), tree: revision.tree.clone(), executables: hashes };
        Ok(Built { arm, executables, programs: None, unaligned })
    }

    /// Checks both revisions out, each at a place of its own since their programs take turns, and builds the programs there.
    ///
    /// # Errors
    /// A program does not build or is not there; the revision is named.
    pub(super) fn programs_of_both(
        &self,
        repository: &Repository,
        revisions: [&Revision; 2],
        programs: &[ProgramSettings],
    ) -> Result<[Built; 2]> {
        let [base, head] = revisions;
        let of = |revision, side| self.programs(repository, revision, side, programs);
        Ok([of(base, "base")?, of(head, "head")?])
    }

    fn programs(
        &self,
        repository: &Repository,
        revision: &Revision,
        side: &str,
        programs: &[ProgramSettings],
    ) -> Result<Built> {
        let context = |error: Error| error.context(format!("{side} ({})", revision.name));
        // Both names have four letters, so that no path is longer on one side.
        let place = self.place.join("programs").join(side);
        let room = |error: std::io::Error| Error::new(place.display(), error, "make room there");
        std::fs::create_dir_all(self.place.join("programs")).map_err(room)?;
        repository.check_out(revision, &place).map_err(context)?;
        let directory = repository.corresponding(revision, &place).map_err(|error| error.context(side))?;
        program::build(programs, &directory).map_err(context)?;
        let executables = program::identities(programs, &directory).map_err(context)?;
        let arm = Arm { name: revision.name.clone(), tree: revision.tree.clone(), executables };
        Ok(Built { arm, executables: Vec::new(), programs: Some(directory), unaligned: None })
    }

    /// The executables with aligned functions, or why there are none.
    fn aligned(&self, checkout: &Path) -> Result<std::result::Result<Vec<Executable>, String>> {
        if !cfg!(target_os = "linux") {
            return Ok(Err("this is known for linkers of Linux alone".to_owned()));
        }
        let script = self.place.join("align.ld");
        std::fs::write(&script, align_functions())
            .map_err(|error| Error::new(script.display(), error, "make room there"))?;
        build_with_link_argument(checkout, &self.target(), &format!("-T{}", script.display()))
    }
}
