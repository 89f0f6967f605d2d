//! What Cargo knows of the package whose code is measured, and the hash of its sources.
//!
//! The hash covers the workspace's default members and every package that they reach by path: `Cargo.toml`, `build.rs`, `src/`
//! and `benches/` of each, and the lock file. Registry dependencies are named by the lock file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use serde::Deserialize;
use walkdir::WalkDir;

use super::job::TargetKind;
use super::record::Target;
use crate::bench::Package;
use crate::record::Program;
use crate::{Error, Result, bounded, sha256};

/// A workspace as Cargo describes it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Workspace {
    packages: Vec<CargoPackage>,
    workspace_root: PathBuf,
    #[serde(default)]
    workspace_default_members: Vec<String>,
    #[cfg(feature = "cli")]
    target_directory: PathBuf,
    /// Where Cargo keeps what it has compiled; Cargo before 1.91 has no such directory apart from that of the results.
    #[cfg(feature = "cli")]
    #[serde(default)]
    build_directory: Option<PathBuf>,
}

#[derive(Debug, Clone, Deserialize)]
struct CargoPackage {
    id: String,
    #[cfg(feature = "cli")]
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<Dependency>,
    targets: Vec<CargoTarget>,
}

#[derive(Debug, Clone, Deserialize)]
struct Dependency {
    path: Option<PathBuf>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CargoTarget {
    pub(super) name: String,
    pub(super) kind: Vec<String>,
}

impl CargoTarget {
    #[cfg(feature = "cli")]
    pub(super) fn is_bench(&self) -> bool {
        self.kind.iter().any(|kind| kind == "bench")
    }
}

impl CargoPackage {
    fn directory(&self) -> Option<PathBuf> {
        self.manifest_path.parent().map(Path::to_path_buf)
    }
}

/// The cargo that this process was started by, or the one on `PATH`.
pub(super) fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

impl Workspace {
    /// The workspace of the package in `directory`.
    ///
    /// # Errors
    /// There is no package, or no Cargo.
    pub(crate) fn at(directory: &Path) -> Result<Self> {
        let fail = |cause: String| {
            let remedy = "run it in a directory with a `Cargo.toml`; records are judged anywhere if they are named";
            Error::new(directory.display(), cause, remedy)
        };
        let mut cargo = cargo();
        cargo.args(["metadata", "--no-deps", "--offline", "--format-version=1"]).current_dir(directory);
        let output = cargo.stdin(Stdio::null()).output().map_err(|error| fail(format!("cargo metadata: {error}")))?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(fail(errors.trim().trim_start_matches("error: ").to_owned()));
        }
        serde_json::from_str(&String::from_utf8_lossy(&output.stdout))
            .map_err(|error| fail(format!("cargo metadata: {error}")))
    }

    /// The lock file.
    pub(super) fn lock(&self) -> PathBuf {
        self.workspace_root.join("Cargo.lock")
    }

    /// The directory of what is compiled.
    #[cfg(feature = "cli")]
    pub(super) fn compiled(&self) -> &Path {
        self.build_directory.as_ref().unwrap_or(&self.target_directory)
    }

    /// The directory of the workspace's manifest.
    #[cfg(feature = "cli")]
    pub(crate) fn root(&self) -> &Path {
        &self.workspace_root
    }

    /// The directories of the default members.
    fn default_members(&self) -> Vec<PathBuf> {
        let is_default = |package: &&CargoPackage| {
            self.workspace_default_members.is_empty() || self.workspace_default_members.contains(&package.id)
        };
        self.packages.iter().filter(is_default).filter_map(CargoPackage::directory).collect()
    }

    /// The bench targets that `cargo bench` builds in `directory`, each with the directory of its package: those of the package that
    /// it belongs to, and at the root of the workspace those of the default members. This crate's own are left out: it does not measure
    /// itself, and would be compiled once more for them.
    #[cfg(feature = "cli")]
    pub(super) fn bench_targets_of(&self, directory: &Path) -> Vec<(PathBuf, String)> {
        let own =
            self.packages.iter().filter(|package| package.directory().is_some_and(|it| directory.starts_with(it)));
        let nearest = own.max_by_key(|package| package.manifest_path.components().count());
        let inner = nearest.and_then(CargoPackage::directory).filter(|it| *it != self.workspace_root);
        let members = inner.map_or_else(|| self.default_members(), |directory| vec![directory]);
        let of = |package: &CargoPackage| {
            let names = package.targets.iter().filter(|target| target.is_bench()).map(|target| target.name.clone());
            let directory = package.directory().unwrap_or_default();
            names.map(|name| (directory.clone(), name)).collect::<Vec<_>>()
        };
        let is_member = |package: &&CargoPackage| package.directory().is_some_and(|it| members.contains(&it));
        let is_another = |package: &&CargoPackage| package.name != env!("CARGO_PKG_NAME");
        self.packages.iter().filter(is_member).filter(is_another).flat_map(of).collect()
    }

    /// Whether a default member has a bench target, made with this crate or not.
    #[cfg(feature = "cli")]
    pub(crate) fn has_bench_targets(&self) -> bool {
        let members = self.default_members();
        let is_member = |package: &&CargoPackage| package.directory().is_some_and(|it| members.contains(&it));
        self.packages.iter().filter(is_member).flat_map(|package| &package.targets).any(CargoTarget::is_bench)
    }

    /// The packages at `open` and those that they reach by path, by the directory of each.
    fn reached(&self, mut open: Vec<PathBuf>) -> BTreeMap<PathBuf, CargoPackage> {
        let is_at = |package: &CargoPackage, directory: &Path| package.manifest_path.parent() == Some(directory);
        let mut found = BTreeMap::new();
        while let Some(directory) = open.pop() {
            if found.contains_key(&directory) {
                continue;
            }
            let inside = self.packages.iter().find(|package| is_at(package, &directory)).cloned();
            let package = inside.or_else(|| {
                let outside = Self::at(&directory).ok()?;
                outside.packages.into_iter().find(|package| is_at(package, &directory))
            });
            // What Cargo knows nothing of is hashed nevertheless.
            let package = package.unwrap_or_else(|| CargoPackage {
                id: String::new(),
                #[cfg(feature = "cli")]
                name: String::new(),
                manifest_path: directory.join("Cargo.toml"),
                dependencies: Vec::new(),
                targets: Vec::new(),
            });
            open.extend(package.dependencies.iter().filter_map(|dependency| dependency.path.clone()));
            found.insert(directory, package);
        }
        found
    }

    /// SHA-256 over names and contents of the sources, in the order of their names.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn sources(&self) -> Result<String> {
        let mut files = BTreeSet::from([self.lock()]);
        for directory in self.reached(self.default_members()).into_keys() {
            files.extend([directory.join("Cargo.toml"), directory.join("build.rs")]);
            for part in ["src", "benches"] {
                let entries = WalkDir::new(directory.join(part)).into_iter().filter_map(std::result::Result::ok);
                files.extend(entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path));
            }
        }
        let mut hash = sha256::Pieces::default();
        for file in files {
            let content = match std::fs::read(&file) {
                Ok(content) => content,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::new(file.display(), error, "make the sources readable")),
            };
            let name = file.strip_prefix(&self.workspace_root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            hash.push(format!("{name}\0{}\0", content.len()).as_bytes());
            hash.push(&content);
        }
        Ok(hash.finish())
    }
}

/// The bytes of an executable.
pub(super) fn read_executable(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::new(path.display(), error, "build it again with `cargo bench --no-run`"))
}

/// SHA-256 of an executable.
pub(super) fn hash_executable(path: &Path) -> Result<String> {
    Ok(sha256::of(&read_executable(path)?))
}

/// SHA-256 of what a target runs: its executable by the name of the target, or the files of each program by the name of that.
///
/// # Errors
/// The executable is gone.
pub(super) fn executables(target: &Target) -> Result<BTreeMap<String, String>> {
    match target.description.kind {
        TargetKind::Programs | TargetKind::Server => Ok(target.programs.clone()),
        TargetKind::Functions => {
            Ok(BTreeMap::from([(target.description.target.clone(), hash_executable(&target.executable)?)]))
        }
    }
}

/// The hash of programs that have no package, by those of their files.
pub(super) fn sources_of(executables: &BTreeMap<String, String>) -> String {
    let list: String = executables.iter().map(|(name, hash)| format!("{name}\0{hash}\0")).collect();
    sha256::of(list.as_bytes())
}

/// Who is measured: the hash of the sources, and the program.
///
/// Where there is no Cargo, or the package is not where it was built, the executables stand for their sources.
///
/// # Errors
/// A source was edited after the executable was built: what it measures is not what the sources say.
pub(super) fn identify(target: &Target, configuration: &str) -> Result<(String, Program)> {
    let package = &target.description.package;
    let executables = executables(target)?;
    let source = match target.description.kind {
        TargetKind::Programs | TargetKind::Server => sources_of(&executables),
        TargetKind::Functions => {
            source_of_package(package, &target.description.target, &target.executable, &executables)?
        }
    };
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(&package.directory).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let program = Program {
        package: package.name.clone(),
        version: package.version.clone(),
        revision: git(&["rev-parse", "HEAD"]),
        dirty: git(&["status", "--porcelain", "--untracked-files=no"]).map(|list| !list.is_empty()),
        configuration: configuration.to_owned(),
        executables,
    };
    Ok((source, program))
}

fn source_of_package(
    package: &Package,
    target: &str,
    executable: &Path,
    hashes: &BTreeMap<String, String>,
) -> Result<String> {
    let Ok(workspace) = Workspace::at(&package.directory) else {
        return Ok(format!("executable {}", hashes.get(target).map_or("", |hash| hash)));
    };
    refuse_edited(&workspace, package, target, executable)?;
    workspace.sources()
}

/// Fails if Cargo would build the executable anew: one of the files that it was compiled from is younger.
fn refuse_edited(workspace: &Workspace, package: &Package, target: &str, executable: &Path) -> Result<()> {
    let Some(built) = modified(executable) else { return Ok(()) };
    let Some(directory) = executable.parent() else { return Ok(()) };
    let reached = workspace.reached(vec![package.directory.clone()]);
    let is_library = |target: &CargoTarget| target.kind.iter().any(|kind| kind.ends_with("lib"));
    let libraries = reached.into_values().flat_map(|package| package.targets).filter(is_library);
    let libraries: Vec<String> = libraries.map(|target| target.name.replace('-', "_")).collect();
    let own = std::iter::once(executable.with_extension("d"));
    let lists = own.chain(libraries.iter().filter_map(|library| newest_list(directory, library)));
    for list in lists {
        for file in compiled_from(&workspace.workspace_root, &list) {
            if modified(&file).is_some_and(|edited| edited > built) {
                return Err(Error::new(
                    file.display(),
                    format!("it was edited after the bench target {target} was built"),
                    "run `cargo bench` again: what was built is not what the sources say",
                ));
            }
        }
    }
    Ok(())
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).ok()?.modified().ok()
}

/// The newest of the compiler's lists of what a library was compiled from, of which there is one for each set of flags.
fn newest_list(directory: &Path, library: &str) -> Option<PathBuf> {
    let is_its = |path: &PathBuf| {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let name = stem.rsplit_once('-').map_or("", |(name, _)| name);
        path.extension().is_some_and(|extension| extension == "d") && name == library
    };
    let entries = std::fs::read_dir(directory).ok()?.flatten().map(|entry| entry.path());
    entries.filter(is_its).max_by_key(|path| modified(path))
}

/// The files in a list of the compiler's, which is written as a Makefile.
fn compiled_from(root: &Path, list: &Path) -> Vec<PathBuf> {
    let text = bounded::text(list, bounded::MAX_SETTINGS).unwrap_or_default();
    let first = text.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, files)| files);
    // A space within a name is written with a backslash before it.
    let files = first.replace("\\ ", "\0");
    files.split_whitespace().map(|file| root.join(file.replace('\0', " "))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_compilers_list_is_read_with_spaces_in_names() {
        let place = tempfile::tempdir().unwrap();
        let list = place.path().join("x.d");
        std::fs::write(&list, "/t/x: benches/x.rs src/a\\ b.rs /abs/c.rs\n\nbenches/x.rs:\n").unwrap();
        let files = compiled_from(Path::new("/root"), &list);
        assert_eq!(files, ["/root/benches/x.rs", "/root/src/a b.rs", "/abs/c.rs"].map(PathBuf::from));
        assert!(compiled_from(Path::new("/root"), Path::new("none.d")).is_empty());
    }

    #[test]
    fn this_workspace_has_sources_and_an_edit_changes_their_hash() {
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = place.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "Cargo.toml",
            "[package]\nname = \"own\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\nother = { path = \"other\" }\n",
        );
        write("src/lib.rs", "");
        write("other/Cargo.toml", "[package]\nname = \"other\"\nversion = \"1.0.0\"\nedition = \"2024\"\n");
        write("other/src/lib.rs", "");
        let sources = || Workspace::at(place.path()).unwrap().sources().unwrap();
        let first = sources();
        assert_eq!(sources(), first);
        write("README.md", "words");
        assert_eq!(sources(), first, "no source");
        write("other/src/lib.rs", "pub fn f() {}");
        let second = sources();
        assert_ne!(second, first, "a package that is reached by path");
        write("benches/a.rs", "fn main() {}");
        assert_ne!(sources(), second);
    }
}
