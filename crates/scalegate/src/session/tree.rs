//! The package in the working directory, as `scalegate run` and `scalegate check` see it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::build::build;
use super::driver::Session;
use super::job::{Description, Work};
use super::package::{Workspace, hash_executable};
use super::record::{Target, nothing_to_measure};
use super::{Request, measure_and_show};
use crate::bench::Package;
use crate::config::Config;
use crate::record::{self, Provenance};
use crate::{Error, Result, measure};

/// A package with its bench targets.
pub(crate) struct Tree {
    workspace: Workspace,
}

impl Tree {
    /// The package in the working directory.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn here() -> Result<Self> {
        Ok(Self { workspace: Workspace::at(Path::new("."))? })
    }

    /// Its bench targets, built from the sources as they are, each with what it measures.
    ///
    /// # Errors
    /// They don't build, or one cannot say what it measures.
    pub(crate) fn targets(config: &Config) -> Result<Vec<Target>> {
        measure::watch_for_ctrl_c();
        let executables = build()?;
        let request = Request::default();
        let session = Session::new(config, &request, &[])?;
        let mut targets = Vec::new();
        for executable in executables {
            let mut target = Target {
                executable: executable.path,
                directory: executable.directory,
                arguments: Vec::new(),
                description: unknown(),
            };
            target.description = session.ask(&target, "a bench target", Work::Describe { with_subject: true })?;
            targets.push(target);
        }
        Ok(targets)
    }

    /// In what a record differs from the sources and the configuration here, in words; empty if it is of them.
    ///
    /// # Errors
    /// The sources cannot be read.
    pub(crate) fn staleness(&self, config: &Config, record: &Provenance) -> Result<Vec<String>> {
        let Some(program) = &record.program else {
            return Ok(vec!["the record does not say which sources it measured".to_owned()]);
        };
        let mut reasons = Vec::new();
        if record.build.source != self.workspace.sources()? {
            reasons.push("the sources were edited since it was measured".to_owned());
        }
        if program.configuration != config.sha256 {
            reasons.push("the configuration was changed since it was measured".to_owned());
        }
        Ok(reasons)
    }
}

/// Of a target that has not been asked yet.
pub(super) fn unknown() -> Description {
    Description {
        target: String::new(),
        package: Package { name: String::new(), version: String::new(), directory: PathBuf::new() },
        workloads: Vec::new(),
        subject: BTreeMap::new(),
        allocator: String::new(),
    }
}

/// What the targets of the package in the working directory measure, and which of them a record measured with another executable.
///
/// # Errors
/// As [`Tree::targets`].
pub(crate) fn described(config: &Config, record: &Provenance) -> Result<(Vec<Description>, Vec<String>)> {
    let targets = Tree::targets(config)?;
    let mut others = Vec::new();
    for target in &targets {
        let name = &target.description.target;
        let measured = record.program.as_ref().and_then(|program| program.executables.get(name));
        if let Some(measured) = measured
            && *measured != hash_executable(&target.executable)?
        {
            others.push(format!("the bench target {name} is another executable than the one that was measured"));
        }
    }
    Ok((targets.into_iter().map(|target| target.description).collect(), others))
}

/// Drives the bench targets of the package in the working directory, which are built first. `globs` choose among their workloads;
/// without one all are measured.
///
/// # Errors
/// There is no package or no target, a target doesn't build, a glob matches nothing, or the first workload that could not be
/// measured; what was measured before is in the record.
pub(crate) fn run(globs: &[String], request: Request) -> Result<()> {
    let config = Config::load_here()?;
    record::check_place(&request.out)?;
    if request.resume && !request.out.exists() {
        return Err(Error::new(
            request.out.display(),
            "there is no record to resume",
            "start a run without `--resume`, or name the record with `--out`",
        ));
    }
    // Where there is no package, this says more of it than `cargo bench` does.
    Tree::here()?;
    let targets = Tree::targets(&config)?;
    if targets.is_empty() {
        return Err(nothing_to_measure());
    }
    let descriptions: Vec<Description> = targets.iter().map(|target| target.description.clone()).collect();
    let request = Request { workloads: matching(globs, &descriptions)?, ..request };
    measure_and_show(&config, &request, &targets)
}

/// The workloads that globs name; none without a glob.
///
/// # Errors
/// A glob that is malformed or that no workload matches.
pub(super) fn matching(globs: &[String], targets: &[Description]) -> Result<Vec<String>> {
    let mut names: Vec<&str> =
        targets.iter().flat_map(|target| &target.workloads).map(|workload| &*workload.name).collect();
    names.sort_unstable();
    names.dedup();
    let mut chosen = Vec::new();
    for glob in globs {
        let place = || format!("--workload {glob}");
        let pattern = Pattern::new(glob)
            .map_err(|error| Error::new(place(), error.msg, "give a name or a glob such as `llm/*`"))?;
        let found: Vec<&str> = names.iter().copied().filter(|name| pattern.matches(name)).collect();
        if found.is_empty() {
            let cause = "no workload of this package matches";
            return Err(Error::new(place(), cause, format!("choose among {}", names.join(", "))));
        }
        chosen.extend(found.into_iter().map(str::to_owned));
    }
    Ok(chosen)
}
