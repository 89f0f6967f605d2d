//! The package in the working directory, as `scalegate run` and `scalegate check` see it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::build::build;
use super::driver::Session;
use super::job::{Description, Places, TargetKind, Work};
use super::package::{Workspace, executables, sources_of};
use super::record::{Target, nothing_to_measure};
use super::{Request, measure_and_show};
use crate::bench::Package;
use crate::config::{Config, ServerSettings};
use crate::program::{self, identities};
use crate::record::{self, Provenance};
use crate::server;
use crate::{Error, Result, measure, paths};

/// What is measured in the working directory: a package with its bench targets, programs of the configuration, or both.
pub(crate) struct Tree {
    workspace: Option<Workspace>,
}

impl Tree {
    /// What is measured in the working directory.
    ///
    /// # Errors
    /// There is no package, and the configuration names no program and no server.
    pub(crate) fn here(config: &Config) -> Result<Self> {
        let workspace = if paths::is_without_package() { None } else { Some(Workspace::at(Path::new("."))) };
        match workspace {
            Some(Ok(workspace)) => Ok(Self { workspace: Some(workspace) }),
            None | Some(Err(_)) if has_commands(config) => Ok(Self { workspace: None }),
            Some(Err(error)) => Err(error),
            None => Err(nothing_to_measure()),
        }
    }

    /// Bench targets and programs, built from the sources as they are, each with what it measures.
    ///
    /// # Errors
    /// They don't build, or one cannot say what it measures.
    pub(crate) fn targets(&self, config: &Config) -> Result<Vec<Target>> {
        measure::watch_for_ctrl_c();
        let mut targets = Vec::new();
        if self.has_bench_targets(config) {
            targets = Self::bench_targets(config)?;
        }
        if has_commands(config) {
            program::build(config, &here()?)?;
        }
        targets.extend(programs(config)?);
        refuse_equal_names(&targets)?;
        for settings in &config.servers {
            targets.push(server(config, settings)?);
            refuse_equal_names(&targets)?;
        }
        Ok(targets)
    }

    /// Whether Cargo has a bench target to build; without programs and servers that is for its build to say.
    pub(super) fn has_bench_targets(&self, config: &Config) -> bool {
        let has_any = |workspace: &Workspace| !has_commands(config) || workspace.has_bench_targets();
        self.workspace.as_ref().is_some_and(has_any)
    }

    fn bench_targets(config: &Config) -> Result<Vec<Target>> {
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
                programs: BTreeMap::new(),
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
        let sources = match &self.workspace {
            Some(workspace) => workspace.sources()?,
            None => {
                let mut hashes = identities(&config.programs, &here()?)?;
                hashes.extend(server::identities(&config.servers, &here()?)?);
                sources_of(&hashes)
            }
        };
        if record.build.source != sources {
            reasons.push("the sources were edited since it was measured".to_owned());
        }
        if program.configuration != config.sha256 {
            reasons.push("the configuration was changed since it was measured".to_owned());
        }
        Ok(reasons)
    }
}

/// The target of all programs, where the configuration has any.
fn programs(config: &Config) -> Result<Option<Target>> {
    if config.programs.is_empty() {
        return Ok(None);
    }
    let directory = here()?;
    // What is described is not prepared, and so needs no files.
    let places = Places::new(directory.clone(), PathBuf::new());
    let description = super::worker::describe(&program::bench(places), config, true)?;
    let programs = identities(&config.programs, &directory)?;
    Ok(Some(Target { executable: command_itself()?, directory, arguments: Vec::new(), description, programs }))
}

/// The target of a server, which is not started for it.
fn server(config: &Config, settings: &ServerSettings) -> Result<Target> {
    let directory = here()?;
    let programs = server::identities([settings], &directory)?;
    let description = super::worker::describe(&server::bench(&settings.name, None), config, false)?;
    Ok(Target { executable: command_itself()?, directory, arguments: Vec::new(), description, programs })
}

pub(super) fn has_commands(config: &Config) -> bool {
    !config.programs.is_empty() || !config.servers.is_empty()
}

/// The executable of this command, which runs programs and asks servers.
pub(super) fn command_itself() -> Result<PathBuf> {
    std::env::current_exe().map_err(|error| Error::new("this program", error, "start it by its path"))
}

fn here() -> Result<PathBuf> {
    std::env::current_dir().map_err(|error| Error::new("the working directory", error, "run it where it can be read"))
}

/// A series is named by its workload, whichever target it is of.
fn refuse_equal_names(targets: &[Target]) -> Result<()> {
    let Some((last, others)) = targets.split_last() else { return Ok(()) };
    let others = || others.iter().flat_map(|target| &target.description.workloads);
    let section = match last.description.kind {
        TargetKind::Functions => return Ok(()),
        TargetKind::Programs => "[[program]]",
        TargetKind::Server => "[[server]]",
    };
    let twice = last.description.workloads.iter().find(|it| others().any(|other| other.name == it.name));
    twice.map_or(Ok(()), |it| {
        let cause = "another workload has this name too";
        Err(Error::new(format!("{section} {}", it.name), cause, "give one of them another name"))
    })
}

/// Of a target that has not been asked yet.
pub(super) fn unknown() -> Description {
    Description {
        target: String::new(),
        package: Package { name: String::new(), version: String::new(), directory: PathBuf::new() },
        workloads: Vec::new(),
        subject: BTreeMap::new(),
        allocator: String::new(),
        kind: TargetKind::Functions,
    }
}

/// What the targets of the package in the working directory measure, and which of them a record measured with another executable.
///
/// # Errors
/// As [`Tree::targets`].
pub(crate) fn described(tree: &Tree, config: &Config, record: &Provenance) -> Result<(Vec<Description>, Vec<String>)> {
    let targets = tree.targets(config)?;
    let mut others = Vec::new();
    for target in &targets {
        let what = match target.description.kind {
            TargetKind::Functions => "bench target",
            TargetKind::Programs => "program",
            TargetKind::Server => "server",
        };
        for (name, hash) in executables(target)? {
            let measured = record.program.as_ref().and_then(|program| program.executables.get(&name));
            if measured.is_some_and(|measured| *measured != hash) {
                others.push(format!("the {what} {name} is another executable than the one that was measured"));
            }
        }
    }
    Ok((targets.into_iter().map(|target| target.description).collect(), others))
}

/// Drives the bench targets of the package in the working directory, which are built first. `globs` choose among their workloads;
/// without one all are measured. False if all that was to be measured is unavailable.
///
/// # Errors
/// There is no package or no target, a target doesn't build, a glob matches nothing, or the first workload that could not be
/// measured; what was measured before is in the record.
pub(crate) fn run(globs: &[String], request: Request) -> Result<bool> {
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
    let mut targets = Tree::here(&config)?.targets(&config)?;
    if targets.is_empty() {
        return Err(nothing_to_measure());
    }
    let _adopted = has_commands(&config).then(measure::Adopted::new);
    let descriptions: Vec<Description> = targets.iter().map(|target| target.description.clone()).collect();
    let request = Request { workloads: matching(globs, &descriptions)?, ..request };
    ask_servers(&config, &request, &mut targets)?;
    measure_and_show(&config, &request, &targets)
}

/// Starts each server of which something is chosen once, so that one that cannot be asked fails before anything is measured, and
/// says which of them cache prompts.
fn ask_servers(config: &Config, request: &Request, targets: &mut [Target]) -> Result<()> {
    let session = Session::new(config, request, &[])?;
    for target in targets.iter_mut().filter(|target| target.description.kind == TargetKind::Server) {
        if !target.description.workloads.iter().any(|workload| request.chooses(workload)) {
            continue;
        }
        let place = format!("[[server]] {}", target.description.target);
        target.description = session.ask(target, &place, Work::Describe { with_subject: true })?;
        if server::caches_prompts(&target.description.subject) {
            eprintln!(
                "note: {place} answers a prompt that it has seen before from a cache; none that is measured is one, so that costs are \
                 those of new prompts"
            );
        }
    }
    Ok(())
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
