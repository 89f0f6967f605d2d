//! All that is known of a change: by function, and what else is another than before.

use std::ffi::OsStr;
use std::path::Path;

use super::{Explanation, GraphChange, Operators, Unexplained, compare, explain};
use crate::config::GateSettings;
use crate::metric::Metric;
use crate::record::{Difference, WorkloadFunctions};
use crate::workload::WorkloadName;
use crate::{Axis, Error, Result};

/// One side of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// What messages call it.
    pub name: String,
    /// By workload, with the axis of its sizes.
    pub workloads: Vec<(WorkloadFunctions, Axis)>,
}

/// Why a change costs what it does.
#[derive(Debug, Clone, PartialEq)]
pub struct Why {
    /// What both sides are called.
    pub sides: [String; 2],
    /// By workload.
    pub workloads: Vec<WorkloadWhy>,
    /// Workloads that one side has alone.
    pub alone: Vec<(WorkloadName, bool)>,
    /// Compilers, kernels, settings and models that differ.
    pub differences: Vec<Difference>,
    /// Files that differ, or why that is not known.
    pub files: std::result::Result<Vec<ChangedFile>, String>,
}

/// A workload of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkloadWhy {
    /// As `llm/prefill`.
    pub workload: WorkloadName,
    /// What sizes count.
    pub axis: Axis,
    /// The relative change of instructions that is tolerated.
    pub tolerance: f64,
    /// By function, or why not.
    pub outcome: std::result::Result<Explanation, Unexplained>,
    /// What became of the graph, if the workload knows what it runs.
    pub graph: Option<GraphChange>,
    /// Where wall time went, if it was timed by operator.
    pub operators: Option<Operators>,
}

/// A file in which two revisions differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    /// From the root of the repository.
    pub path: String,
    /// The text in the head; none if it is gone, or no text.
    pub text: Option<String>,
}

impl WorkloadWhy {
    /// Whether the whole changed beyond what is tolerated, at any size.
    pub fn is_changed(&self) -> bool {
        let beyond = |change: &f64| change.abs() > self.tolerance;
        self.outcome.as_ref().is_ok_and(|its| its.changes().iter().any(beyond))
    }
}

impl ChangedFile {
    /// The line of the definition of a function, by its name as a path.
    pub fn line_of(&self, function: &str) -> Option<usize> {
        let text = self.text.as_ref()?;
        let name = identifier(function)?;
        let extension = Path::new(&self.path).extension().and_then(OsStr::to_str)?;
        let rust = extension == "rs";
        if !(rust && may_hold(Path::new(&self.path), function) || LIKE_C.contains(&extension)) {
            return None;
        }
        let defines = |line: &str| {
            let line = line.trim_start();
            let is_end = |rest: &str| rest.trim_start().starts_with(['(', '<']);
            let mut places = line.match_indices(name);
            places.any(|(at, _)| {
                let (before, after) = (&line[..at], &line[at + name.len()..]);
                let is_whole = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
                // A call ends its line or lies within an expression; a definition in C begins in the first column with a type.
                let is_definition =
                    if rust { before.trim_end().ends_with("fn") } else { !before.is_empty() && !line.ends_with(';') };
                is_whole && is_definition && is_end(after) && !line.starts_with("//")
            })
        };
        text.lines().position(defines).map(|at| at + 1)
    }
}

/// Files in which a definition in C or C++ may lie; a text that speaks of a function defines none.
const LIKE_C: [&str; 10] = ["c", "cc", "cpp", "cu", "cxx", "h", "hh", "hpp", "m", "mm"];

/// Whether the path of a function goes through the module, or the crate, that a file of Rust is: every other function of that name is
/// another one.
fn may_hold(file: &Path, function: &str) -> bool {
    let name = |path: Option<&OsStr>| path.map(|it| it.to_string_lossy().replace('-', "_")).unwrap_or_default();
    let module = match name(file.file_stem()) {
        stem if stem == "mod" => name(file.parent().and_then(Path::file_name)),
        stem => stem,
    };
    // The root of a crate has the crate's name, which its file does not say.
    let is_root = ["lib", "main", "src"].contains(&module.as_str());
    is_root || function.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|part| part == module)
}

/// The last part of a path: `f` of `<a::S<_> as a::T>::f`.
fn identifier(function: &str) -> Option<&str> {
    let last = function.rsplit("::").next()?;
    let end = last.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(last.len());
    (end > 0).then_some(&last[..end])
}

impl Why {
    /// Explains every workload that both sides have and `is_wanted` names.
    ///
    /// # Errors
    /// There is none.
    pub fn new(sides: [&Counted; 2], settings: &GateSettings, is_wanted: impl Fn(&str) -> bool) -> Result<Self> {
        let [base, head] = sides;
        let tolerance = settings.tolerances(Metric::Instructions).cost;
        let name = |its: &(WorkloadFunctions, Axis)| its.0.workload.clone();
        let wanted = |side: &Counted| -> Vec<WorkloadName> {
            side.workloads.iter().map(name).filter(|its| is_wanted(its)).collect()
        };
        let of = |side: &Counted, workload: &WorkloadName| {
            side.workloads.iter().find(|its| its.0.workload == *workload).cloned()
        };
        let mut workloads = Vec::new();
        let mut alone = Vec::new();
        for workload in wanted(head) {
            let (Some((before, _)), Some((after, axis))) = (of(base, &workload), of(head, &workload)) else {
                alone.push((workload, true));
                continue;
            };
            let outcome = explain(&before.profiles(), &after.profiles());
            let graph = before.graph.as_ref().zip(after.graph.as_ref());
            let graph = graph.and_then(|(before, after)| compare(before, after));
            workloads.push(WorkloadWhy { workload, axis, tolerance, outcome, graph, operators: None });
        }
        alone.extend(
            wanted(base).into_iter().filter(|workload| of(head, workload).is_none()).map(|workload| (workload, false)),
        );
        if workloads.is_empty() {
            let counted = |side: &Counted| {
                side.workloads.iter().map(|its| its.0.workload.to_string()).collect::<Vec<_>>().join(", ")
            };
            return Err(Error::new(
                format!("{} and {}", base.name, head.name),
                format!("they have no counted workload in common: {} and {}", counted(base), counted(head)),
                "name workloads that both have, and count them with `scalegate run --metric instructions`",
            ));
        }
        let sides = [base.name.clone(), head.name.clone()];
        Ok(Self {
            sides,
            workloads,
            alone,
            differences: Vec::new(),
            files: Err("no revisions are compared".to_owned()),
        })
    }

    /// Whether every workload could be explained.
    pub fn is_whole(&self) -> bool {
        self.workloads.iter().all(|its| its.outcome.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_a_function_is_found_and_no_call_of_it() {
        let file = |path: &str, text: &str| ChangedFile { path: path.to_owned(), text: Some(text.to_owned()) };
        let rust = file(
            "src/lib.rs",
            "use a::count;\n// fn count()\n    let n = count(3);\npub fn recount() {}\npub(crate) fn count<T>(t: T) {\n",
        );
        assert_eq!(rust.line_of("a::count"), Some(5));
        assert_eq!(rust.line_of("<a::S<_> as a::T>::count"), Some(5));
        assert_eq!(rust.line_of("a::missing"), None);
        let module = file("src/cache/mod.rs", "impl Keys {\n    fn count(&self) {}\n}\n");
        assert_eq!(module.line_of("a::cache::Keys::count"), Some(2));
        assert_eq!(module.line_of("a::values::Values::count"), None);
        let c = file("sort.c", "int count(int n);\nstatic int count(int n) {\n  return count(n - 1);\n");
        assert_eq!(c.line_of("count"), Some(2));
        let text = file("CHANGELOG.md", "- There was a count (slow) before.\n");
        assert_eq!(text.line_of("a::count"), None);
        assert_eq!(ChangedFile { path: "gone.rs".to_owned(), text: None }.line_of("a::count"), None);
    }
}
