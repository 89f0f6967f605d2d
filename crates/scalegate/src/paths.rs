//! Where things are: below the root of the workspace, so that a member's bench target and the command find the same record.

use std::path::PathBuf;
use std::sync::OnceLock;

/// The nearest directory above this one that has a `Cargo.lock`; nothing if it is this one, or if there is none.
fn root() -> &'static PathBuf {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let here = std::env::current_dir().unwrap_or_default();
        let found = here.ancestors().find(|directory| directory.join("Cargo.lock").is_file());
        found.filter(|found| *found != here).map(std::path::Path::to_path_buf).unwrap_or_default()
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
