//! Sets a directory up: what a first verdict needs, and nothing that is there already is replaced.
//!
//! In: a directory, and the command of a program if it is one. Out: files that were written, and what to run next. In a Cargo package
//! that is a bench target with its entries in `Cargo.toml`; elsewhere a configuration with a `[[program]]`. Both get a configuration and
//! a workflow.

mod manifest;
mod program;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::revisions;
use crate::session::Workspace;
use crate::{Error, Result};

const BENCH_TARGET: &str = include_str!("templates/scaling.rs");
const PACKAGE: &str = include_str!("templates/package.toml");
const WORKFLOW: &str = include_str!("templates/workflow.yml");

/// Where the workflow goes, below the repository's root.
const WORKFLOW_PATH: &str = ".github/workflows/scaling.yml";

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative to the directory that is set up, where it is below.
    pub path: PathBuf,
    /// What was done.
    pub done: Done,
}

/// What was done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It was not there.
    Written,
    /// It had no such entries.
    Extended,
    /// It is there already, and stays as it was.
    Kept,
}

/// What was set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// In the order in which they were written.
    pub files: Vec<File>,
    /// What the user has to know or to do besides.
    pub notes: Vec<String>,
    /// Commands that lead to a first verdict.
    pub next: Vec<&'static str>,
}

/// A file that is to be written.
struct Planned {
    path: PathBuf,
    text: String,
    /// Whether the text comes at the end of a file that is there.
    extends: bool,
}

/// Sets `directory` up. Everything that can fail by what is there does so before the first file is written.
///
/// # Errors
/// A `Cargo.toml` that is none, or to which nothing can be added; a command without a size; a file that cannot be written.
pub fn set_up(directory: &Path, program: Option<&str>) -> Result<Setup> {
    let mut setup = Setup { files: Vec::new(), notes: Vec::new(), next: Vec::new() };
    let is_package = program.is_none() && directory.join("Cargo.toml").exists();
    let mut planned =
        if is_package { package(directory, &mut setup)? } else { of_program(directory, program, &mut setup)? };
    planned.extend(workflow(directory, &mut setup));
    for file in planned {
        let done = write(&file)?;
        let path = file.path.strip_prefix(directory).map(Path::to_path_buf).unwrap_or(file.path);
        setup.files.push(File { path, done });
    }
    Ok(setup)
}

/// A bench target, its entries in the manifest, and a configuration beside the lock file.
fn package(directory: &Path, setup: &mut Setup) -> Result<Vec<Planned>> {
    let path = directory.join("Cargo.toml");
    let fail = |cause: String, remedy: &str| Error::new(path.display(), cause, remedy);
    let text = std::fs::read_to_string(&path).map_err(|error| fail(error.to_string(), "make it readable"))?;
    let sources = Path::new(env!("CARGO_MANIFEST_DIR"));
    let target = directory.join("benches/scaling.rs");
    let addition =
        manifest::addition(&text, sources, target.exists()).map_err(|(cause, remedy)| fail(cause, &remedy))?;
    let mut planned = vec![Planned { path: target, text: BENCH_TARGET.to_owned(), extends: false }];
    if addition.contains("path = ") {
        setup.notes.push(
            "scalegate is not published yet: Cargo.toml names the sources that this command was built from. Before anybody else builds \
             this, put their repository there: `scalegate = { git = \"…\", default-features = false }`"
                .to_owned(),
        );
    }
    if !addition.is_empty() {
        planned.push(Planned { path, text: addition, extends: true });
    }
    let root = Workspace::at(directory)?.root().to_path_buf();
    planned.push(Planned { path: root.join(Config::FILE), text: PACKAGE.to_owned(), extends: false });
    setup.next = vec!["cargo bench", ACCEPT, "scalegate check"];
    Ok(planned)
}

const ACCEPT: &str = "scalegate accept --reason \"the first run\"";

/// A configuration with a program.
fn of_program(directory: &Path, command: Option<&str>, setup: &mut Setup) -> Result<Vec<Planned>> {
    let text = program::configuration(directory, command)?;
    setup.next = vec!["scalegate run", ACCEPT, "scalegate check"];
    let path = directory.join(Config::FILE);
    if path.exists() && command.is_some() {
        let remedy = "add the `[[program]]` to it by hand: docs/programs.md shows the form";
        return Err(Error::new(path.display(), "it is there already, and nothing is added to it", remedy));
    }
    Ok(vec![Planned { path, text, extends: false }])
}

/// The workflow, where the repository begins in this directory.
fn workflow(directory: &Path, setup: &mut Setup) -> Option<Planned> {
    let path = directory.join(WORKFLOW_PATH);
    match revisions::root_of(directory) {
        Some(root) if root != directory => {
            let root = root.display();
            setup.notes.push(format!(
                "no workflow was written, since the repository begins at {root}: let one of yours run `scalegate ci ab` in this directory"
            ));
            None
        }
        _ => {
            if !path.exists() {
                setup.notes.push(format!(
                    "{WORKFLOW_PATH} has OWNER and zeros: put in who publishes scalegate, and the commit that you trust"
                ));
            }
            Some(Planned { path, text: WORKFLOW.to_owned(), extends: false })
        }
    }
}

/// Writes a file that is not there, or appends to one that is; any other stays as it is.
fn write(file: &Planned) -> Result<Done> {
    let fail =
        |error: std::io::Error| Error::new(file.path.display(), error, "make the file and its directory writable");
    if let Some(parent) = file.path.parent() {
        std::fs::create_dir_all(parent).map_err(fail)?;
    }
    let mut options = OpenOptions::new();
    let options = if file.extends { options.append(true) } else { options.write(true).create_new(true) };
    match options.open(&file.path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(Done::Kept),
        opened => opened.and_then(|mut open| open.write_all(file.text.as_bytes())).map_err(fail)?,
    }
    Ok(if file.extends { Done::Extended } else { Done::Written })
}
