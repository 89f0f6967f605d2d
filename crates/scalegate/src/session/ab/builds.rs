//! The executables of both sides.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use super::layout::{Linker, Parts};
use crate::config::Config;
use crate::program;
use crate::record::Arm;
use crate::revisions::{Repository, Revision};
use crate::session::build::{Executable, build_in, build_with_linker};
use crate::session::package::{Workspace, hash_executable};
use crate::{Error, Result, artifacts, measure, paths, server, temporary};

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
    pub(super) executables: Vec<Linked>,
    /// Where the programs and servers of the configuration run, if it has any.
    pub(super) commands: Option<PathBuf>,
    /// Why functions don't begin at multiples of [`FUNCTION_ALIGNMENT`], if they don't.
    pub(super) unaligned: Option<String>,
    /// Why no executable can be linked anew in another order, if none can.
    pub(super) fixed: Option<String>,
}

/// An executable.
#[derive(Debug)]
pub(super) struct Linked {
    pub(super) path: PathBuf,
    /// What links it anew.
    pub(super) parts: Option<Parts>,
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

    /// Whether there are executables, and all can be linked in another order.
    pub(super) fn is_shuffled(&self) -> bool {
        !self.executables.is_empty() && self.executables.iter().all(|executable| executable.parts.is_some())
    }

    /// Every process has the same layout.
    fn fix(&mut self, reason: &str) {
        self.fixed.get_or_insert_with(|| reason.to_owned());
        for executable in &mut self.executables {
            executable.parts = None;
        }
    }

    /// With the programs and servers of the same side.
    pub(super) fn with_commands_of(mut self, other: Self) -> Self {
        self.arm.executables.extend(other.arm.executables);
        Self { commands: other.commands, ..self }
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
        let mut built = both(true)?;
        // Sides that are placed in different ways are no pair.
        if built[0].unaligned.is_some() != built[1].unaligned.is_some() {
            built = both(false)?;
        }
        if built.iter().any(|side| !side.is_shuffled()) {
            for side in &mut built {
                side.fix("only one side could be linked anew");
            }
        }
        Ok(built)
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
        let mut fixed = unaligned.clone();
        for Executable { name, path, directory: package } in &found {
            // Packages of a workspace may have targets of one name.
            let is_alone = found.iter().filter(|other| other.name == *name).count() == 1;
            let package = package.file_name().unwrap_or_default().to_string_lossy();
            let name = if is_alone { name.clone() } else { format!("{package}-{name}") };
            let copy = directory.join(&name);
            std::fs::copy(path, &copy).map_err(keep)?;
            let mut parts = None;
            if fixed.is_none() {
                match self.parts(path, &directory.join(format!("{name}.parts"))) {
                    Ok(its) => parts = Some(its),
                    Err(error) if measure::interrupted() => return Err(error),
                    Err(error) => fixed = Some(error.to_string()),
                }
            }
            hashes.insert(name, hash_executable(&copy)?);
            executables.push(Linked { path: copy, parts });
        }
        let arm = Arm { name: revision.name.clone(), tree: revision.tree.clone(), executables: hashes };
        let mut built = Built { arm, executables, commands: None, unaligned, fixed: None };
        if let Some(reason) = fixed {
            built.fix(&reason);
        }
        Ok(built)
    }

    /// What links an executable anew, which was tried.
    fn parts(&self, executable: &Path, place: &Path) -> Result<Parts> {
        let parts = self.linker()?.parts(executable, place).map_err(|error| {
            Error::new(executable.display(), format!("what it was linked from: {error}"), "remove target/scalegate/ab")
        })?;
        let tried = place.join("tried");
        parts.link(1, &tried)?;
        std::fs::remove_file(&tried)
            .map_err(|error| Error::new(tried.display(), error, "make the directory writable"))?;
        Ok(parts)
    }

    fn linker(&self) -> Result<Linker> {
        Linker::new(self.place.join("linker"))
    }

    /// Checks both revisions out, each at a place of its own since their programs take turns, and builds programs and servers there.
    ///
    /// # Errors
    /// One does not build or is not there; the revision is named.
    pub(super) fn commands_of_both(
        &self,
        repository: &Repository,
        revisions: [&Revision; 2],
        config: &Config,
    ) -> Result<[Built; 2]> {
        let [base, head] = revisions;
        let of = |revision, side| self.commands(repository, revision, side, config);
        Ok([of(base, "base")?, of(head, "head")?])
    }

    fn commands(&self, repository: &Repository, revision: &Revision, side: &str, config: &Config) -> Result<Built> {
        let context = |error: Error| error.context(format!("{side} ({})", revision.name));
        // Both names have four letters, so that no path is longer on one side.
        let place = self.place.join("programs").join(side);
        let room = |error: std::io::Error| Error::new(place.display(), error, "make room there");
        std::fs::create_dir_all(self.place.join("programs")).map_err(room)?;
        repository.check_out(revision, &place).map_err(context)?;
        let directory = repository.corresponding(revision, &place).map_err(|error| error.context(side))?;
        program::build(config, &directory).map_err(context)?;
        let mut executables = program::identities(&config.programs, &directory).map_err(context)?;
        executables.extend(server::identities(&config.servers, &directory).map_err(context)?);
        let arm = Arm { name: revision.name.clone(), tree: revision.tree.clone(), executables };
        Ok(Built { arm, executables: Vec::new(), commands: Some(directory), unaligned: None, fixed: None })
    }

    /// The executables with aligned functions, or why there are none.
    fn aligned(&self, checkout: &Path) -> Result<std::result::Result<Vec<Executable>, String>> {
        if !cfg!(target_os = "linux") {
            return Ok(Err("this is known for linkers of Linux alone".to_owned()));
        }
        let script = self.place.join("align.ld");
        std::fs::write(&script, align_functions())
            .map_err(|error| Error::new(script.display(), error, "make room there"))?;
        build_with_linker(checkout, &self.target(), &self.linker()?.path(), &format!("-T{}", script.display()))
    }
}
