//! Does `scalegate why` name the function and the term that a mutant changed?

use std::path::{Path, PathBuf};
use std::process::{ExitCode, Output};
use std::time::Instant;

use scalegate::{Error, Result};
use serde::Deserialize;
use tempfile::TempDir;

use crate::process;
use crate::sources::{Sources, Version};

/// The mutants of `examples/own-code`, which take seconds each.
pub(crate) const OWN_CODE: &str = "xtask/mutants/own-code";

/// Where the sources of these are.
const EXAMPLE: &str = "examples/own-code";

/// What the head of a patch says of its cause.
struct Planted {
    /// Another patch, in the directory `on` beside this one, that both sides have.
    on: Option<PathBuf>,
    workloads: String,
    is_harmful: bool,
    /// A part of the name of the function, if the head has it.
    function: Option<String>,
    term: Option<String>,
}

/// What is read of the JSON of `scalegate why`.
#[derive(Deserialize)]
struct Said {
    workloads: Vec<Explained>,
}

#[derive(Deserialize)]
struct Explained {
    workload: String,
    changed: bool,
    #[serde(default)]
    functions: Vec<Function>,
    /// The whole and what is of no function; none of a workload that could not be explained.
    all: Option<Counts>,
    of_no_function: Option<Counts>,
}

/// Instructions by size, on both sides.
#[derive(Deserialize)]
struct Counts {
    base: Vec<f64>,
    head: Vec<f64>,
}

#[derive(Deserialize)]
struct Function {
    function: String,
    term: Option<String>,
    share: Option<f64>,
    #[serde(flatten)]
    counts: Counts,
}

/// By how much the functions may differ from the whole, at any size of any workload.
const MAX_GAP: f64 = 0.02;

/// Names the cause of each patch of `directory`, or of those that are named, and prints a table; ends with 1 if a cause is another than
/// the head of its patch says, if a benign one has a cause, or if functions don't add up to the whole.
pub(crate) fn run(sources: &Sources, directory: &str, names: &[String]) -> Result<ExitCode> {
    process::need("valgrind", "install it, for instance with `ci/install.sh valgrind`")?;
    sources.build_scalegate()?;
    let unchanged = sources.working_tree()?;
    let records = if directory == OWN_CODE { None } else { Some(Records::new(sources, &unchanged)?) };
    println!(
        "| mutant | workload | first function | term | right | of the change | sum off by | took |\n|---|---|---|---|---|---|---|---|"
    );
    let mut all_right = true;
    for patch in patches(&sources.root().join(directory), names)? {
        let planted = Planted::read(&patch)?;
        let base = match &planted.on {
            Some(on) => sources.patched(&unchanged, on)?,
            None => unchanged.clone(),
        };
        let patched = sources.patched(&base, &patch)?;
        let start = Instant::now();
        let output = match &records {
            Some(records) => records.why(&patched, &planted.workloads)?,
            None => {
                let mut why = sources.scalegate(["why", &base.tree, &patched.tree, "--format", "json", "--workload"]);
                let why = sources.with_scratch(&mut why).arg(&planted.workloads);
                process::output(why.current_dir(sources.root().join(EXAMPLE)))?
            }
        };
        let took_s = start.elapsed().as_secs_f64();
        let said: Said = serde_json::from_slice(&output.stdout).map_err(|_| {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            Error::new("scalegate why", format!("it ended with {}", output.status), "see what it said above")
        })?;
        let changed = said.workloads.iter().find(|its| its.changed);
        let gap = said.workloads.iter().map(Explained::gap).fold(0.0, f64::max);
        let is_right = planted.is_met_by(changed) && gap <= MAX_GAP;
        all_right &= is_right;
        let first = changed.and_then(|its| its.functions.first());
        let name = patch.file_stem().unwrap_or_default().to_string_lossy();
        let workload = changed.map_or("–", |its| its.workload.as_str());
        let function = first.map_or_else(|| "–".to_owned(), |its| format!("`{}`", its.function));
        let term = first.and_then(|its| its.term.as_deref()).unwrap_or("–");
        let share = first.and_then(|its| its.share);
        let share = share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", 100.0 * share));
        let right = if is_right { "yes" } else { "**no**" };
        println!(
            "| {name} | {workload} | {function} | {term} | {right} | {share} | {:.2} % | {took_s:.0} s |",
            100.0 * gap
        );
    }
    Ok(if all_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Counts of the suite, of which those without a patch are taken once. Two revisions would be built twice for each patch.
struct Records<'a> {
    sources: &'a Sources,
    directory: TempDir,
}

impl<'a> Records<'a> {
    fn new(sources: &'a Sources, unchanged: &Version) -> Result<Self> {
        let records = Self { sources, directory: process::temporary_directory()? };
        eprintln!("counting the sources without a patch");
        records.count(unchanged, "*", BASE)?;
        Ok(records)
    }

    fn count(&self, version: &Version, workloads: &str, name: &str) -> Result<()> {
        let checkout = self.sources.check_out(version)?;
        checkout.build()?;
        checkout.run(["--metric", "instructions", "--workload", workloads], &self.directory.path().join(name))
    }

    /// What `scalegate why` says of a patched version.
    fn why(&self, patched: &Version, workloads: &str) -> Result<Output> {
        self.count(patched, workloads, HEAD)?;
        let mut why = self.sources.scalegate(["why", "--format", "json", "--workload", workloads]);
        process::output(why.args([BASE, HEAD].map(|name| self.directory.path().join(name))))
    }
}

/// The names of records.
const BASE: &str = "base.json";
const HEAD: &str = "head.json";

/// The patches of a directory by name; all without any names.
fn patches(directory: &Path, names: &[String]) -> Result<Vec<PathBuf>> {
    let fail = |error: std::io::Error| Error::new(directory.display(), error, "run this in the repository");
    let entries = std::fs::read_dir(directory).map_err(fail)?;
    let mut all: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    all.retain(|path| path.extension().is_some_and(|extension| extension == "patch"));
    all.sort();
    let name = |path: &PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if let Some(unknown) = names.iter().find(|its| !all.iter().any(|path| name(path) == **its)) {
        let known = all.iter().map(name).collect::<Vec<_>>().join(", ");
        return Err(Error::new(
            directory.join(unknown).display(),
            "there is no such patch",
            format!("name one of {known}"),
        ));
    }
    all.retain(|path| names.is_empty() || names.contains(&name(path)));
    Ok(all)
}

impl Explained {
    /// By how much the functions differ from the whole at any size, relative to the whole; what is of no function is missing from them.
    fn gap(&self) -> f64 {
        let (Some(all), Some(rest)) = (&self.all, &self.of_no_function) else { return 0.0 };
        let of = |side: fn(&Counts) -> &Vec<f64>| {
            let off = |(at, whole): (usize, &f64)| {
                let sum: f64 = self.functions.iter().map(|its| side(&its.counts)[at]).sum();
                let left = side(rest)[at];
                ((sum + left) / whole - 1.0).abs().max((left / whole).abs())
            };
            side(all).iter().enumerate().map(off).fold(0.0, f64::max)
        };
        of(|its| &its.base).max(of(|its| &its.head))
    }
}

impl Planted {
    fn read(patch: &Path) -> Result<Self> {
        let text = process::read(patch)?;
        let head: Vec<&str> = text.lines().take_while(|line| !line.starts_with("diff ")).collect();
        let field = |key: &str| head.iter().find_map(|line| line.strip_prefix(key)).map(str::to_owned);
        let fail = |key: &str| {
            Error::new(patch.display(), format!("its head has no `{key}`"), "say it above the first line of the diff")
        };
        let on = |name: String| patch.with_file_name("on").join(name).with_extension("patch");
        Ok(Self {
            on: field("on: ").map(on),
            workloads: field("workloads: ").ok_or_else(|| fail("workloads: "))?,
            is_harmful: field("expect: ").ok_or_else(|| fail("expect: "))? == "caught",
            function: field("function: "),
            term: field("term: "),
        })
    }

    fn is_met_by(&self, changed: Option<&Explained>) -> bool {
        let Some(first) = changed.and_then(|its| its.functions.first()) else { return !self.is_harmful };
        let is_function = self.function.as_ref().is_none_or(|name| first.function.contains(name.as_str()));
        let is_term = self.term.as_ref().is_none_or(|term| first.term.as_ref() == Some(term));
        self.is_harmful && is_function && is_term
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants;

    #[test]
    fn every_mutant_applies_and_says_what_its_cause_is() {
        let sources = Sources::here().unwrap();
        let tree = sources.working_tree().unwrap();
        let all =
            [OWN_CODE, mutants::DIRECTORY].map(|directory| patches(&sources.root().join(directory), &[]).unwrap());
        assert!(all.iter().all(|patches| patches.len() >= 15), "{all:?}");
        for patch in all.concat() {
            let planted = Planted::read(&patch).unwrap();
            assert_eq!((planted.function.is_some(), planted.term.is_some()), (planted.is_harmful, planted.is_harmful));
            let base = planted.on.map_or_else(|| tree.clone(), |on| sources.patched(&tree, &on).unwrap());
            assert_ne!(sources.patched(&base, &patch).unwrap(), base, "{}", patch.display());
        }
    }

    #[test]
    fn functions_that_do_not_add_up_have_a_gap() {
        let said = |function: f64, rest: f64| -> Explained {
            let text = serde_json::json!({
                "workload": "a", "changed": false,
                "functions": [{"function": "f", "term": null, "share": null, "base": [90.0], "head": [function]}],
                "all": {"base": [90.0], "head": [100.0]},
                "of_no_function": {"base": [0.0], "head": [rest]},
            });
            serde_json::from_value(text).unwrap()
        };
        assert!(said(100.0, 0.0).gap() < 1e-12);
        assert!((said(95.0, 0.0).gap() - 0.05).abs() < 1e-12);
        assert!((said(95.0, 5.0).gap() - 0.05).abs() < 1e-12);
    }

    #[test]
    fn a_cause_is_right_by_function_and_term_and_a_benign_change_has_none() {
        let planted = |is_harmful: bool| Planted {
            on: None,
            workloads: String::new(),
            is_harmful,
            function: is_harmful.then(|| "f".to_owned()),
            term: is_harmful.then(|| "slope".to_owned()),
        };
        let named = |function: &str, term: &str| Explained {
            workload: String::new(),
            changed: true,
            functions: vec![Function {
                function: function.to_owned(),
                term: Some(term.to_owned()),
                share: None,
                counts: Counts { base: Vec::new(), head: Vec::new() },
            }],
            all: None,
            of_no_function: None,
        };
        assert!(planted(true).is_met_by(Some(&named("a::f", "slope"))));
        assert!(!planted(true).is_met_by(Some(&named("a::f", "constant"))));
        assert!(!planted(true).is_met_by(Some(&named("a::g", "slope"))));
        assert!(!planted(true).is_met_by(None));
        assert!(planted(false).is_met_by(None));
        assert!(!planted(false).is_met_by(Some(&named("a::f", "slope"))));
    }
}
