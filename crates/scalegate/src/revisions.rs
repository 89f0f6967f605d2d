//! Revisions of the sources, and the one place where each is checked out.
//!
//! A revision is a tree of git: that of a commit, or of the working tree with what is not committed. All are checked out at one
//! path, one after the other, so that nothing in a program depends on the path, and only what differs is built again. What is not
//! committed goes into temporary objects: nothing is written into the repository, and no worktree is registered in it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::why::ChangedFile;
use crate::{Error, Result, measure, report, temporary};

/// What the present sources are called.
pub const WORKING_TREE: &str = "working tree";

/// Names of the default branch, if the remote does not say which it is.
const DEFAULT_BRANCHES: [&str; 4] = ["origin/main", "origin/master", "main", "master"];

/// Sources by the name that the user gave them, or that they have by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The name.
    pub name: String,
    /// The hash of git's tree.
    pub tree: String,
}

/// The repository of the working directory.
#[derive(Debug)]
pub struct Repository {
    root: PathBuf,
    /// From the root to the working directory.
    prefix: PathBuf,
    git_directory: PathBuf,
    objects: PathBuf,
    /// An index and a place for new objects.
    scratch: temporary::Directory,
}

impl Repository {
    /// The repository, with a place below `scratch` for what is not committed, which goes away with the value.
    ///
    /// # Errors
    /// The working directory is in none, or git is not installed.
    pub fn here(scratch: &Path) -> Result<Self> {
        let ask = |words: &[&str]| {
            let mut git = Command::new("git");
            git.args(["rev-parse", "--path-format=absolute"]).args(words);
            text(&mut git).map_err(|cause| {
                Error::new("this directory", cause, "run it in a git repository, which has the base to compare with")
            })
        };
        let made = temporary::Directory::within(scratch);
        Ok(Self {
            root: PathBuf::from(ask(&["--show-toplevel"])?),
            prefix: PathBuf::from(ask(&["--show-prefix"])?),
            git_directory: PathBuf::from(ask(&["--git-dir"])?),
            objects: PathBuf::from(ask(&["--git-path", "objects"])?),
            scratch: made.map_err(|error| Error::new(scratch.display(), error, "make room for temporary files"))?,
        })
    }

    /// Its directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where git keeps what it knows of it.
    pub fn git_directory(&self) -> &Path {
        &self.git_directory
    }

    /// Where objects of this value are, and its index.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// The revision that a name stands for.
    ///
    /// # Errors
    /// There is none.
    pub fn named(&self, name: &str) -> Result<Revision> {
        let tree = text(self.git().args(["rev-parse", "--verify", "--quiet"]).arg(format!("{name}^{{tree}}")));
        let tree = tree.map_err(|_| {
            let remedy = self.unless_shallow("name a commit, a branch or a tag; `git log --oneline` lists them");
            Error::new(name, "there is no such revision", remedy)
        })?;
        Ok(Revision { name: name.to_owned(), tree })
    }

    /// Where HEAD left the default branch.
    ///
    /// # Errors
    /// There is no default branch, or nothing in common with it.
    pub fn merge_base(&self) -> Result<Revision> {
        let branch = self.default_branch()?;
        let base = text(self.git().args(["merge-base", "HEAD", &branch])).map_err(|_| {
            let remedy = self.unless_shallow("name the base: a commit, a branch or a tag");
            Error::new(&branch, "HEAD has no commit in common with it here", remedy)
        })?;
        let tree = self.named(&base)?.tree;
        let short = base.get(..10).unwrap_or(&base).to_owned();
        Ok(Revision { name: short, tree })
    }

    fn default_branch(&self) -> Result<String> {
        let remote = text(self.git().args(["symbolic-ref", "--short", "refs/remotes/origin/HEAD"])).ok();
        let exists = |name: &str| text(self.git().args(["rev-parse", "--verify", "--quiet", name])).is_ok();
        // The name outlives the branch if the remote is removed.
        let branch = remote
            .filter(|name| exists(name))
            .or_else(|| DEFAULT_BRANCHES.into_iter().find(|name| exists(name)).map(str::to_owned));
        branch.ok_or_else(|| {
            let remedy = self.unless_shallow("name the base: a commit, a branch or a tag");
            Error::new("the base", format!("there is none of {}", DEFAULT_BRANCHES.join(", ")), remedy)
        })
    }

    /// A remedy; in a clone that lacks history, how to get it.
    fn unless_shallow<'a>(&self, remedy: &'a str) -> &'a str {
        match text(self.git().args(["rev-parse", "--is-shallow-repository"])).as_deref() {
            Ok("true") => {
                "this clone is shallow: get the rest with `git fetch --unshallow`, or name a commit that it has"
            }
            _ => remedy,
        }
    }

    /// What lies in the working tree, committed or not; ignored files are left out.
    ///
    /// # Errors
    /// Git cannot read it.
    pub fn working_tree(&self) -> Result<Revision> {
        let fail = |cause| Error::new(self.root.display(), cause, "see that git can read the working tree");
        text(self.git().args(["read-tree", "HEAD"])).map_err(fail)?;
        let mut add = self.git();
        add.arg("--work-tree").arg(&self.root).args(["add", "--all", "."]).current_dir(&self.root);
        text(&mut add).map_err(fail)?;
        self.written(WORKING_TREE)
    }

    /// What the index of this value holds.
    ///
    /// # Errors
    /// Git cannot write it.
    pub fn written(&self, name: &str) -> Result<Revision> {
        let tree = text(self.git().arg("write-tree"));
        let tree = tree.map_err(|cause| Error::new(name, cause, "make room for temporary files"))?;
        Ok(Revision { name: name.to_owned(), tree })
    }

    /// Submodules are repositories of their own, whose files are not checked out.
    ///
    /// # Errors
    /// The revision has one.
    pub fn refuse_submodules(&self, revision: &Revision) -> Result<()> {
        let fail = |cause| Error::new(&revision.name, cause, "see that git can read the revision");
        let entries = text(self.git().args(["ls-tree", "-r", "--full-tree", &revision.tree])).map_err(fail)?;
        let submodule = entries.lines().find_map(|line| line.strip_prefix("160000 ")?.split('\t').nth(1));
        submodule.map_or(Ok(()), |path| {
            Err(Error::new(
                format!("{}: {path}", revision.name),
                "it is a submodule, whose files are not checked out for a comparison",
                "compare a repository without one, or measure both revisions with `cargo bench` and `scalegate compare`",
            ))
        })
    }

    /// The files in which two revisions differ, with their texts in the second.
    ///
    /// # Errors
    /// Git cannot read them.
    pub fn changed_files(&self, base: &Revision, head: &Revision) -> Result<Vec<ChangedFile>> {
        let fail = |cause| Error::new(&head.name, cause, "see that git can read the revision");
        let names =
            text(self.git().args(["diff-tree", "-r", "--name-only", "-z", &base.tree, &head.tree])).map_err(fail)?;
        let file = |path: &str| {
            // What is gone, or no text, has none.
            let text = text(self.git().arg("show").arg(format!("{}:{path}", head.tree))).ok();
            ChangedFile { path: path.to_owned(), text: text.filter(|text| !text.contains('\0')) }
        };
        let files = names.split('\0').filter(|path| !path.is_empty()).map(file);
        // A report in the working directory is nobody's change.
        Ok(files.filter(|file| !file.text.as_deref().is_some_and(report::is_page)).collect())
    }

    /// Makes the files below `place` those of a revision. Only files that differ are written.
    ///
    /// # Errors
    /// There is no room, or the revision holds submodules.
    pub fn check_out(&self, revision: &Revision, place: &Path) -> Result<()> {
        self.refuse_submodules(revision)?;
        let fail = |cause: String| Error::new(place.display(), cause, "make room there, and see that it is writable");
        let index = place.with_extension("index");
        let lock = place.with_extension("index.lock");
        // A lock is left behind by a process that was ended while it wrote.
        if !place.is_dir() || !index.is_file() || lock.exists() {
            for path in [place, &index, &lock] {
                remove(path).map_err(|error| fail(error.to_string()))?;
            }
        }
        std::fs::create_dir_all(place).map_err(|error| fail(error.to_string()))?;
        let mut git = self.git();
        git.env("GIT_INDEX_FILE", &index).arg("--work-tree").arg(place);
        text(git.args(["read-tree", "--reset", "-u", &revision.tree])).map_err(fail)?;
        Ok(())
    }

    /// The directory of what is checked out at `place` that the working directory corresponds to.
    ///
    /// # Errors
    /// The revision has none.
    pub fn corresponding(&self, revision: &Revision, place: &Path) -> Result<PathBuf> {
        let directory = place.join(&self.prefix);
        if directory.is_dir() {
            return Ok(directory);
        }
        let remedy = "run it in a directory that both revisions have";
        Err(Error::new(self.place_in(revision), "there is no such directory", remedy))
    }

    /// The same with the package that is there.
    ///
    /// # Errors
    /// The revision has no such directory, or no package there.
    pub fn corresponding_package(&self, revision: &Revision, place: &Path) -> Result<PathBuf> {
        let directory = self.corresponding(revision, place)?;
        let fail = |cause, remedy| Error::new(self.place_in(revision), cause, remedy);
        // Cargo would go on looking above `place`, and build the package of the working tree.
        let mut within = directory.ancestors().take_while(|above| above.starts_with(place));
        if within.any(|above| above.join("Cargo.toml").is_file()) {
            Ok(directory)
        } else {
            Err(fail("there is no package: no `Cargo.toml` there or above", "name a revision that has the package"))
        }
    }

    /// The objects of the repository, and where git was told to find more.
    fn alternates(&self) -> OsString {
        let mut all = self.objects.clone().into_os_string();
        if let Some(more) = std::env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES").filter(|more| !more.is_empty()) {
            all.push(if cfg!(windows) { ";" } else { ":" });
            all.push(more);
        }
        all
    }

    /// The working directory in a revision, for a message.
    fn place_in(&self, revision: &Revision) -> String {
        format!("{}: {}", revision.name, Path::new(".").join(&self.prefix).display())
    }

    /// Git with an index of its own and a place of its own for new objects.
    pub fn git(&self) -> Command {
        let objects = self.scratch.path().join("objects");
        // Git makes no directory for objects.
        let _ = std::fs::create_dir_all(&objects);
        let mut git = Command::new("git");
        git.env("GIT_DIR", &self.git_directory)
            .env("GIT_INDEX_FILE", self.scratch.path().join("index"))
            .env("GIT_OBJECT_DIRECTORY", objects)
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", self.alternates());
        git
    }
}

/// The root of the repository that a directory belongs to; `None` if it is in none, or if git is not installed.
pub fn root_of(directory: &Path) -> Option<PathBuf> {
    let mut git = Command::new("git");
    git.args(["rev-parse", "--path-format=absolute", "--show-toplevel"]).current_dir(directory);
    text(&mut git).ok().map(PathBuf::from)
}

/// What a command prints, or why it failed.
fn text(command: &mut Command) -> std::result::Result<String, String> {
    // Nothing is written any more when the next process checks out.
    measure::end_with_this_process(command);
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("git: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(errors.trim().trim_start_matches("fatal: ").to_owned())
    }
}

pub(crate) fn remove(path: &Path) -> std::io::Result<()> {
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
