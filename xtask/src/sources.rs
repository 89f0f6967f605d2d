//! Versions of this repository's sources, and the one place where they are built.
//!
//! A version is a tree of git: that of a commit, of the working tree with what is not committed yet, or of either with a patch or
//! a changed file. All versions are built at one path with one target directory, so that nothing in a program depends on the
//! path. The directory is not that of the working tree, whose compiled dependencies are carried over, so that tract is compiled once.
//! Objects and index of what is not committed are temporary: nothing is written into the repository.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use scalegate::revisions::{Repository, Revision};
use scalegate::{Error, Result, artifacts};
use tempfile::TempDir;

use crate::process::{self, command};

/// A version of the sources.
pub(crate) type Version = Revision;

/// The repository that this program belongs to.
#[derive(Debug)]
pub(crate) struct Sources {
    repository: Repository,
    /// Where the repository keeps what is not committed; it goes away with this value.
    _scratch: TempDir,
}

impl Sources {
    /// The repository of the working directory.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn here() -> Result<Self> {
        let scratch = process::temporary_directory()?;
        Ok(Self { repository: Repository::here(scratch.path())?, _scratch: scratch })
    }

    /// The directory that holds `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        self.repository.root()
    }

    /// Where cargo builds the working tree.
    pub(crate) fn target(&self) -> PathBuf {
        std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| self.root().join("target"), |directory| self.root().join(directory))
    }

    /// Builds the command line of the working tree, together with this program and so in the same form, without tract.
    pub(crate) fn build_scalegate(&self) -> Result<()> {
        let build = ["build", "--release", "--locked", "--quiet", "--package", "xtask", "--package", "scalegate"];
        process::run(command(cargo(), build).current_dir(self.root()))
    }

    /// Builds all programs and bench targets of the working tree, in the form that `cargo bench` asks for.
    pub(crate) fn build_all(&self) -> Result<()> {
        process::run(command(cargo(), BUILD_ALL).current_dir(self.root()))
    }

    /// The command line of the working tree with these words, once it is built.
    pub(crate) fn scalegate(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = command(program(&self.target()), words);
        command.current_dir(self.root());
        command
    }

    /// A command that reads versions which are not committed, by the hashes of their trees.
    pub(crate) fn with_scratch<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.repository.scratch().join("objects"))
    }

    /// The same for one that runs at a place for building, which is no clone by itself.
    pub(crate) fn in_repository<'a>(&self, command: &'a mut Command, place: &Path) -> &'a mut Command {
        command.env("GIT_DIR", self.repository.git_directory()).env("GIT_WORK_TREE", place);
        self.with_scratch(command)
    }

    /// The version of a commit.
    pub(crate) fn commit(&self, name: &str) -> Result<Version> {
        self.repository.named(name)
    }

    /// Where HEAD left the default branch.
    pub(crate) fn merge_base(&self) -> Result<Version> {
        self.repository.merge_base()
    }

    /// The version that lies in the working tree, committed or not; ignored files are left out.
    pub(crate) fn working_tree(&self) -> Result<Version> {
        self.repository.working_tree()
    }

    /// `version` with a patch applied.
    pub(crate) fn patched(&self, version: &Version, patch: &Path) -> Result<Version> {
        process::run_quietly(self.repository.git().args(["read-tree", &version.tree]))?;
        process::run_quietly(self.repository.git().args(["apply", "--cached"]).arg(patch)).map_err(|_| {
            Error::new(
                patch.display(),
                "it does not apply any more",
                "make it anew from a change of the sources with `git diff`",
            )
        })?;
        self.repository.written(&format!("{} with {}", version.name, patch.display()))
    }

    /// `version` with other content in a file.
    pub(crate) fn with_file(&self, version: &Version, name: &str, content: &str) -> Result<Version> {
        let copy = self.repository.scratch().join("content");
        process::write(&copy, content)?;
        let blob = process::text(self.repository.git().args(["hash-object", "-w", "--no-filters"]).arg(&copy))?;
        process::run_quietly(self.repository.git().args(["read-tree", &version.tree]))?;
        let entry = format!("100644,{blob},{name}");
        process::run_quietly(self.repository.git().args(["update-index", "--add", "--cacheinfo", &entry]))?;
        self.repository.written(&format!("{} with another {name}", version.name))
    }

    /// A file of a version.
    pub(crate) fn file(&self, version: &Version, name: &str) -> Result<String> {
        process::text(self.repository.git().arg("show").arg(format!("{}:{name}", version.tree))).map(|text| text + "\n")
    }

    /// Makes the files at the place for building those of `version`. Only files that differ are written, so that only what
    /// changed is built again.
    pub(crate) fn check_out(&self, version: &Version) -> Result<Checkout> {
        let place = self.target().join("checkout");
        self.repository.check_out(version, &place)?;
        let checkout = Checkout { place, host_class: None };
        artifacts::carry_over(&self.root().join("Cargo.lock"), &self.target(), &checkout.target())?;
        Ok(checkout)
    }
}

/// The command line, where cargo builds it.
fn program(target: &Path) -> PathBuf {
    target.join("release").join("scalegate")
}

/// A version of the sources that lies at the place for building.
#[derive(Debug)]
pub(crate) struct Checkout {
    place: PathBuf,
    host_class: Option<String>,
}

impl Checkout {
    /// The directory that holds its `Cargo.toml`.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// Where cargo builds it.
    fn target(&self) -> PathBuf {
        self.place.join("target")
    }

    /// Measures as a host of this class.
    pub(crate) fn on_host_class(mut self, class: &str) -> Self {
        self.host_class = Some(class.to_owned());
        self
    }

    /// Builds the bench targets and the command line.
    pub(crate) fn build(&self) -> Result<()> {
        process::run_quietly(self.here(&mut command(cargo(), BUILD_ALL)))
    }

    /// The command line as this version builds it.
    pub(crate) fn program(&self) -> PathBuf {
        program(&self.target())
    }

    /// The command line with these words, in this version's directory.
    pub(crate) fn scalegate(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = command(self.program(), words);
        self.here(&mut command);
        command
    }

    /// Measures by `scalegate run` with these words, which takes no more rounds than decide.
    pub(crate) fn run(&self, words: impl IntoIterator<Item = impl AsRef<OsStr>>, record: &Path) -> Result<()> {
        let record = process::absolute(record)?;
        process::remove(&record)?;
        process::run_quietly(self.scalegate(["run"]).args(words).arg("--out").arg(record))
    }

    /// Measures what is called so by these bench targets, in all rounds.
    pub(crate) fn bench(&self, targets: &[&str], filter: Option<&str>, record: &Path) -> Result<()> {
        let written = self.target().join("scalegate/run.json");
        process::remove(&written)?;
        let mut bench = command(cargo(), ["bench", "--locked"]);
        bench.args(targets.iter().flat_map(|target| ["--bench", target])).args(["--", "--all-rounds"]).args(filter);
        process::run_quietly(self.here(&mut bench))?;
        process::write(record, process::read(&written)?)
    }

    fn here<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        if let Some(class) = &self.host_class {
            command.env("SCALEGATE_HOST_CLASS", class);
        }
        // A version is no commit; git would find that of the repository around the place.
        command.env("GIT_CEILING_DIRECTORIES", self.place.parent().unwrap_or(&self.place));
        command.current_dir(&self.place).env("CARGO_TARGET_DIR", self.target())
    }
}

/// Asked for together with the bench targets, the programs are built with the same features of their dependencies, so that tract is
/// compiled once.
const BUILD_ALL: [&str; 5] = ["build", "--release", "--locked", "--bins", "--benches"];

/// The cargo that started this program.
pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
