//! Instructions by function, beside the record that has their sums.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Document, read_json, write_json};
use crate::Result;
use crate::measure::{FunctionCount, Profile};
use crate::workload::{Parts, WorkloadName};

/// What the counted workloads of a run executed, by function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Functions {
    /// Version of this document's schema.
    pub schema: u32,
    /// One entry per workload.
    pub workloads: Vec<WorkloadFunctions>,
}

/// What a workload executed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkloadFunctions {
    /// As `llm/prefill`.
    pub workload: WorkloadName,
    /// Names of functions, to which all below refer by their place here.
    names: Vec<String>,
    /// Files of their sources, where there is debug information.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    files: BTreeMap<usize, String>,
    /// Executables and libraries that they are in, where that is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    objects: BTreeMap<usize, String>,
    /// By size.
    sizes: BTreeMap<u64, SizeFunctions>,
    /// What ran at the largest size, if the workload knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub graph: Option<Graph>,
}

/// What an inference consisted of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Graph {
    /// The size that ran.
    pub size: u64,
    /// In the order in which they ran.
    pub nodes: Vec<Node>,
    /// What else decides what runs, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
}

/// A part of an inference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its name, which no other has.
    pub name: String,
    /// What it does.
    pub operator: String,
    /// What it yields, as `1×512×64 F32`; empty if that is not known.
    pub form: String,
    /// How often it ran.
    pub runs: u64,
}

impl Graph {
    /// What ran at `size`.
    pub fn new(size: u64, parts: Parts) -> Self {
        let nodes = parts.list.into_iter();
        let nodes = nodes.map(|it| Node { name: it.name, operator: it.operator, form: it.form, runs: it.runs });
        Self { size, nodes: nodes.collect(), facts: parts.facts }
    }
}

/// What one size executed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SizeFunctions {
    /// All instructions.
    total: u64,
    /// Function, and instructions in it.
    own: Vec<(usize, u64)>,
    /// Caller, callee, and instructions below these calls.
    calls: Vec<(usize, usize, u64)>,
}

impl WorkloadFunctions {
    /// # Panics
    /// Never: every name is in the list that is made of all names.
    pub fn new(workload: WorkloadName, profiles: BTreeMap<u64, Profile>) -> Self {
        let profiles: BTreeMap<u64, Profile> =
            profiles.into_iter().map(|(size, profile)| (size, profile.pruned())).collect();
        let mut known: BTreeMap<String, FunctionCount> = BTreeMap::new();
        for profile in profiles.values() {
            for (name, its) in &profile.functions {
                let function = known.entry(name.clone()).or_default();
                function.file = function.file.take().or_else(|| its.file.clone());
                function.object = function.object.take().or_else(|| its.object.clone());
            }
            for name in profile.calls.keys().flat_map(|(caller, callee)| [caller, callee]) {
                known.entry(name.clone()).or_default();
            }
        }
        let place: BTreeMap<&String, usize> = known.keys().enumerate().map(|(at, name)| (name, at)).collect();
        let sizes = profiles.iter().map(|(size, profile)| {
            let own = profile.functions.iter().filter(|(_, its)| its.own > 0);
            let its = SizeFunctions {
                total: profile.total,
                own: own.map(|(name, its)| (place[name], its.own)).collect(),
                calls: profile.calls.iter().map(|((a, b), count)| (place[a], place[b], *count)).collect(),
            };
            (*size, its)
        });
        let sizes = sizes.collect();
        let of = |what: fn(&FunctionCount) -> &Option<String>| {
            known.values().enumerate().filter_map(|(at, its)| Some((at, what(its).clone()?))).collect()
        };
        let (files, objects) = (of(|its| &its.file), of(|its| &its.object));
        Self { workload, files, objects, sizes, names: known.into_keys().collect(), graph: None }
    }

    /// The same with what ran at the largest size.
    #[must_use]
    pub fn with_graph(self, graph: Option<Graph>) -> Self {
        Self { graph, ..self }
    }

    /// The profile of each size.
    pub fn profiles(&self) -> BTreeMap<u64, Profile> {
        let name = |at: &usize| self.names[*at].clone();
        let profile = |its: &SizeFunctions| Profile {
            total: its.total,
            functions: its
                .own
                .iter()
                .map(|(at, own)| {
                    let [file, object] = [&self.files, &self.objects].map(|list| list.get(at).cloned());
                    (name(at), FunctionCount { own: *own, file, object })
                })
                .collect(),
            calls: its.calls.iter().map(|(caller, callee, count)| ((name(caller), name(callee)), *count)).collect(),
        };
        self.sizes.iter().map(|(size, its)| (*size, profile(its))).collect()
    }
}

impl Functions {
    /// Where the functions of a record are: `run.functions.json` for `run.json`.
    pub fn place_of(record: &Path) -> PathBuf {
        record.with_extension("functions.json")
    }

    /// Keeps the functions of some workloads beside a record, in the place of those that were kept of them before.
    ///
    /// # Errors
    /// The place cannot be written to.
    pub fn keep(record: &Path, workloads: Vec<WorkloadFunctions>) -> Result<()> {
        if workloads.is_empty() {
            return Ok(());
        }
        let path = Self::place_of(record);
        // What cannot be read belongs to no record any more.
        let mut all = read_json::<Self>(&path).map(|it| it.workloads).unwrap_or_default();
        all.retain(|earlier| !workloads.iter().any(|its| its.workload == earlier.workload));
        all.extend(workloads);
        all.sort_by(|a, b| a.workload.cmp(&b.workload));
        write_json(&path, &Self { schema: Self::SCHEMA, workloads: all })
    }
}

impl Document for Functions {
    const SCHEMA: u32 = 2;
    const OLDEST: u32 = 1;
    const NOUN: &'static str = "list of functions";

    fn check(&self) -> std::result::Result<(), String> {
        for its in &self.workloads {
            let sizes = || its.sizes.values();
            let places = sizes().flat_map(|it| {
                it.own
                    .iter()
                    .map(|(at, _)| *at)
                    .chain(it.calls.iter().flat_map(|(caller, callee, _)| [*caller, *callee]))
            });
            if let Some(at) = places.chain(its.files.keys().copied()).find(|at| *at >= its.names.len()) {
                return Err(format!("{}: function {at} of {}", its.workload, its.names.len()));
            }
            let sum = |it: &SizeFunctions| it.own.iter().fold(0_u64, |sum, (_, own)| sum.saturating_add(*own));
            if let Some((size, it)) = its.sizes.iter().find(|(_, it)| it.total == 0 || sum(it) > it.total) {
                return Err(format!(
                    "{} at size {size}: {} of {} instructions are of functions",
                    its.workload,
                    sum(it),
                    it.total
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(factor: u64) -> Profile {
        let of = |own, file: Option<&str>| FunctionCount { own, file: file.map(str::to_owned), object: None };
        let edge = ("a::f".to_owned(), "memcpy".to_owned());
        Profile {
            total: 10 * factor,
            functions: BTreeMap::from([
                ("a::f".to_owned(), of(7 * factor, Some("src/lib.rs"))),
                ("memcpy".to_owned(), of(3 * factor, None)),
            ]),
            calls: BTreeMap::from([(edge, 3 * factor)]),
        }
    }

    #[test]
    fn profiles_are_kept_beside_a_record_by_workload() {
        let directory = tempfile::tempdir().unwrap();
        let record = directory.path().join("run.json");
        let profiles = BTreeMap::from([(1, profile(1)), (2, profile(2))]);
        let of = |name: &str, profiles: &BTreeMap<u64, Profile>| WorkloadFunctions::new(name.into(), profiles.clone());
        Functions::keep(&record, vec![of("b", &profiles), of("a", &profiles)]).unwrap();
        let again = BTreeMap::from([(4, profile(9))]);
        Functions::keep(&record, vec![of("b", &again)]).unwrap();
        let kept: Functions = read_json(&Functions::place_of(&record)).unwrap();
        let names: Vec<&str> = kept.workloads.iter().map(|it| &*it.workload).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!((kept.workloads[0].profiles(), kept.workloads[1].profiles()), (profiles, again));
    }

    #[test]
    fn a_damaged_list_is_refused_or_sound_but_no_panic() {
        let directory = tempfile::tempdir().unwrap();
        let record = directory.path().join("run.json");
        Functions::keep(&record, vec![WorkloadFunctions::new("a".into(), BTreeMap::from([(1, profile(1))]))]).unwrap();
        let path = Functions::place_of(&record);
        let sound = std::fs::read(&path).unwrap();
        for bytes in crate::mutate::damaged(&sound, 5, 2000) {
            std::fs::write(&path, bytes).unwrap();
            if let Ok(kept) = read_json::<Functions>(&path) {
                kept.workloads.iter().for_each(|it| drop(it.profiles()));
            }
        }
    }
}
