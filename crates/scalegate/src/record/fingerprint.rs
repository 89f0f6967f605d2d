//! Who measured: the host, the build, and what was under test.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What stands for a field that nobody reported. Accepted baselines have these words, which are compared as any others.
pub const UNKNOWN: &str = "not told";

/// The origin of a run's samples.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The machine.
    pub host: Host,
    /// The compiler and the sources.
    pub build: Build,
    /// The package whose code was measured; absent if another tool measured, and in records from before version 4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Program>,
    /// What is under test: SHA-256 of each model, and the settings that may change its cost. These may differ between a
    /// run and its baseline; showing what the difference costs is what a check is for.
    pub subject: BTreeMap<String, String>,
}

/// A machine, as far as costs depend on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Name of the class of machines that share absolute costs, for instance `raspberry-pi-5`.
    pub class: String,
    /// Processor as it names itself, with family, model and stepping where these are reported.
    pub cpu: String,
    /// For instance `x86_64`.
    pub architecture: String,
    /// Logical processors by largest frequency, for instance `4 x 2400 MHz`; one entry per kind.
    pub cores: Vec<String>,
    /// Memory in GiB, rounded, since kernels reserve a little more or less.
    pub memory_gib: u64,
    /// For instance `Debian GNU/Linux 12`.
    pub os: String,
    /// Release of the kernel.
    pub kernel: String,
    /// Frequency governor, where the host tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governor: Option<String>,
}

/// A program, as far as costs depend on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// SHA-256 over the sources and the lock file.
    pub source: String,
    /// Version of the compiler.
    pub rustc: String,
    /// Target triple.
    pub target: String,
    /// Optimisation level and extra compiler flags.
    pub optimisation: String,
}

/// The package whose code was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// Its name.
    pub package: String,
    /// Its version.
    pub version: String,
    /// The commit that was checked out, or the tree, where git tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Whether files differed from that commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dirty: Option<bool>,
    /// SHA-256 over what of the configuration a measurement depends on.
    pub configuration: String,
    /// SHA-256 of the executable of each bench target that was run.
    pub executables: BTreeMap<String, String>,
}

impl Program {
    /// Whether two programs are of one build: a target that both ran is the same executable. The commit does not matter, since
    /// it can change without the sources.
    fn differences(&self, after: &Self) -> Vec<Difference> {
        let executables = self.executables.iter().filter_map(|(target, before)| {
            difference(&format!("program.executables.{target}"), before, after.executables.get(target)?)
        });
        difference("program.configuration", &self.configuration, &after.configuration)
            .into_iter()
            .chain(executables)
            .collect()
    }
}

/// A field in which two fingerprints differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Difference {
    /// For instance `host.kernel`.
    pub field: String,
    /// The value in the baseline, or in the earlier part.
    pub before: String,
    /// The value in the run.
    pub after: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} → {}", self.field, self.before, self.after)
    }
}

impl Provenance {
    /// Of samples that came without any: another tool's host and build are unknown.
    pub fn imported() -> Self {
        let unknown = || UNKNOWN.to_owned();
        Self {
            host: Host {
                class: "imported".to_owned(),
                cpu: unknown(),
                architecture: unknown(),
                cores: Vec::new(),
                memory_gib: 0,
                os: unknown(),
                kernel: unknown(),
                governor: None,
            },
            build: Build { source: unknown(), rustc: unknown(), target: unknown(), optimisation: unknown() },
            program: None,
            subject: BTreeMap::new(),
        }
    }

    /// Whether another tool measured this. Such a tool may name its sources, but neither a package nor a compiler.
    pub fn is_imported(&self) -> bool {
        self.program.is_none() && self.build.rustc == UNKNOWN
    }

    /// Fields that forbid comparing absolute costs: all of the host, and of the build all but its sources.
    pub fn incomparable(&self, after: &Self) -> Vec<Difference> {
        let mut list = self.host.differences(&after.host);
        list.extend(self.build.differences(&after.build).into_iter().filter(|d| d.field != "build.source"));
        list
    }

    /// Fields of what is under test that differ.
    pub fn subject_changes(&self, after: &Self) -> Vec<Difference> {
        let keys = self.subject.keys().chain(after.subject.keys()).collect::<std::collections::BTreeSet<_>>();
        let text = |map: &BTreeMap<String, String>, key: &str| map.get(key).cloned().unwrap_or_else(|| "absent".into());
        keys.into_iter()
            .filter_map(|key| difference(key, &text(&self.subject, key), &text(&after.subject, key)))
            .collect()
    }

    /// What differs of the sources and of what is under test, which have to be the same on all hosts of one verdict. Samples
    /// without sources are taken at their word.
    pub fn other_sources(&self, after: &Self) -> Vec<Difference> {
        if [self, after].iter().any(|provenance| provenance.build.source == UNKNOWN) {
            return Vec::new();
        }
        let mut list: Vec<Difference> =
            difference("build.source", &self.build.source, &after.build.source).into_iter().collect();
        list.extend(self.subject_changes(after));
        list
    }

    /// What forbids that two runs are taken for ones of the same program on the same host: all but the executables and the commit. A
    /// program that was built again may lie elsewhere in memory, which is a part of what changes between runs.
    pub fn other_program(&self, after: &Self) -> Vec<Difference> {
        let mut list = self.host.differences(&after.host);
        list.extend(self.build.differences(&after.build));
        let configuration = |it: &Self| it.program.as_ref().map_or_else(String::new, |it| it.configuration.clone());
        list.extend(difference("program.configuration", &configuration(self), &configuration(after)));
        list.extend(self.subject_changes(after));
        list
    }

    /// Every field that differs: series are put into one run only if there is none.
    pub fn differences(&self, after: &Self) -> Vec<Difference> {
        let mut list = self.host.differences(&after.host);
        list.extend(self.build.differences(&after.build));
        if let (Some(before), Some(after)) = (&self.program, &after.program) {
            list.extend(before.differences(after));
        }
        list.extend(self.subject_changes(after));
        list
    }

    /// Adds the executables that `earlier` names, whose series are reused.
    #[must_use]
    pub fn with_programs_of(mut self, earlier: &Self) -> Self {
        if let (Some(program), Some(before)) = (&mut self.program, &earlier.program) {
            for (target, hash) in &before.executables {
                program.executables.entry(target.clone()).or_insert_with(|| hash.clone());
            }
        }
        self
    }
}

impl Host {
    pub(crate) fn differences(&self, after: &Self) -> Vec<Difference> {
        let governor = |host: &Self| host.governor.clone().unwrap_or_else(|| UNKNOWN.to_owned());
        [
            difference("host.class", &self.class, &after.class),
            difference("host.cpu", &self.cpu, &after.cpu),
            difference("host.architecture", &self.architecture, &after.architecture),
            difference("host.cores", &self.cores.join(" + "), &after.cores.join(" + ")),
            difference("host.memory_gib", &self.memory_gib.to_string(), &after.memory_gib.to_string()),
            difference("host.os", &self.os, &after.os),
            difference("host.kernel", &self.kernel, &after.kernel),
            difference("host.governor", &governor(self), &governor(after)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Build {
    fn differences(&self, after: &Self) -> Vec<Difference> {
        [
            difference("build.source", &self.source, &after.source),
            difference("build.rustc", &self.rustc, &after.rustc),
            difference("build.target", &self.target, &after.target),
            difference("build.optimisation", &self.optimisation, &after.optimisation),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

fn difference(field: &str, before: &str, after: &str) -> Option<Difference> {
    (before != after).then(|| Difference { field: field.into(), before: before.into(), after: after.into() })
}
