//! Where things are: below the root of the workspace, so that a member's bench target and the command find the same record.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The configuration's name in the root.
pub(crate) const CONFIGURATION: &str = "scalegate.toml";

/// Whether this directory has a configuration and no package: programs are measured here, and what Cargo knows of above is of no concern.
pub fn is_without_package() -> bool {
    Path::new(CONFIGURATION).is_file() && !Path::new("Cargo.toml").is_file()
}

/// The nearest directory above this one that has a `Cargo.lock`; nothing if it is this one, if there is none, or if this one has a
/// configuration and no package.
fn root() -> &'static PathBuf {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        if is_without_package() {
            return PathBuf::new();
        }
        let here = std::env::current_dir().unwrap_or_default();
        let found = here.ancestors().find(|directory| directory.join("Cargo.lock").is_file());
        found.filter(|found| *found != here).map(Path::to_path_buf).unwrap_or_default()
    })
}

/// A file or directory of the workspace.
pub fn of_workspace(name: &str) -> PathBuf {
    root().join(name)
}

/// The directory for everything that can be made again.
pub fn target() -> PathBuf {
    of_workspace("target/scalegate")
}

/// Where generated models are kept.
pub fn models() -> PathBuf {
    target().join("models")
}

/// The default run record.
pub fn run() -> PathBuf {
    target().join("run.json")
}

/// The default record of pairs.
pub fn pairs() -> PathBuf {
    target().join("ab.json")
}

/// The default directory of baselines.
pub fn baselines() -> PathBuf {
    of_workspace("baselines")
}
