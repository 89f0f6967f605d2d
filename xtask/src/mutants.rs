//! Does the gate see what it should, by counts of instructions or by wall time in pairs?
//!
//! A mutant is a patch of `xtask/mutants/` whose head says what has to become of it:
//!
//! ```text
//! Every image is resized twice.
//!
//! expect: caught
//! workloads: vlm/preprocess
//! function: preprocess::rule
//! term: slope
//! ```
//!
//! The last two say what `scalegate why` has to name ([`causes`]), and no benign one has them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Instant;

use clap::Args;
use scalegate::ci::CheckFile;
use scalegate::gate::{Outcome, Quantity, Verdict};
use scalegate::{Error, Result};
use serde::Deserialize;

use crate::causes;
use crate::process::{self, command};
use crate::sources::{Checkout, Sources, Version};
use crate::suite;

/// Where the patches are, from the root of the repository.
pub(crate) const DIRECTORY: &str = "xtask/mutants";

/// Apply each mutant alone, count, and compare with the counts of the sources without it
///
/// Prints a table; ends with 1 unless every harmful mutant is caught and every benign one passes. Takes about two minutes for
/// each. Needs Valgrind, unless wall time is measured in pairs instead. Tract is not compiled again where `cargo bench` or the tests
/// have compiled it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Mutants to apply; all by default
    names: Vec<String>,
    /// Measure wall time in pairs instead, by `scalegate ab`
    #[arg(long, conflicts_with = "why")]
    pairs: bool,
    /// Name the cause of each instead, by `scalegate why`
    #[arg(long)]
    why: bool,
    /// With `--why`, the mutants of `examples/own-code` instead, which take seconds each
    #[arg(long, requires = "why")]
    own_code: bool,
}

/// What has to become of a change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It fails the gate.
    Caught,
    /// It passes.
    Benign,
}

/// A patch with what its head says.
#[derive(Debug)]
struct Mutant {
    name: String,
    patch: PathBuf,
    expected: Expected,
    /// A glob of the workloads that it can show in.
    workloads: String,
}

/// The file of a mutant.
pub(crate) fn patch(root: &Path, name: &str) -> Result<PathBuf> {
    let path = root.join(DIRECTORY).join(name).with_extension("patch");
    if path.is_file() {
        return Ok(path);
    }
    Err(Error::new(path.display(), "there is no such patch", format!("name one of {}", names(root)?.join(", "))))
}

/// All mutants, by name.
fn names(root: &Path) -> Result<Vec<String>> {
    let directory = root.join(DIRECTORY);
    let fail = |error: std::io::Error| Error::new(directory.display(), error, "run this in the repository");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&directory).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        if path.extension().is_some_and(|extension| extension == "patch") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let sources = Sources::here()?;
    if arguments.why {
        let directory = if arguments.own_code { causes::OWN_CODE } else { DIRECTORY };
        return causes::run(&sources, directory, &arguments.names);
    }
    let chosen = if arguments.names.is_empty() { names(sources.root())? } else { arguments.names.clone() };
    let mutants = chosen.into_iter().map(|name| Mutant::read(sources.root(), name)).collect::<Result<Vec<_>>>()?;
    if arguments.pairs {
        return in_pairs(&sources, &mutants);
    }
    process::need("valgrind", "install it, for instance with `ci/install.sh valgrind`")?;
    let trial = Trial::of_unchanged(sources)?;
    println!("{:<26} {:<8} {:<13} {:<6} what the gate says", "mutant", "expected", "verdict", "right");
    let mut all_right = true;
    for mutant in &mutants {
        all_right &= trial.judge(mutant)?;
    }
    Ok(if all_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Compares the sources without a patch and with it by `scalegate ab`.
fn in_pairs(sources: &Sources, mutants: &[Mutant]) -> Result<ExitCode> {
    sources.build_scalegate()?;
    let unchanged = sources.working_tree()?;
    println!("{:<26} {:<8} {:<13} {:<6} {:>8} what the gate says", "mutant", "expected", "verdict", "right", "took");
    let mut all_right = true;
    for mutant in mutants {
        let patched = sources.patched(&unchanged, &mutant.patch)?;
        let mut ab = sources.scalegate(["ab", &unchanged.tree, &patched.tree, "--format", "json", "--workload"]);
        let start = Instant::now();
        let output = process::output(sources.with_scratch(&mut ab).arg(&mutant.workloads))?;
        let took_s = start.elapsed().as_secs_f64();
        let Ok(said) = serde_json::from_slice::<InPairs>(&output.stdout) else {
            eprint!("{}", String::from_utf8_lossy(&output.stderr));
            return Err(Error::new(
                "scalegate ab",
                format!("it ended with {}", output.status),
                "see what it said above",
            ));
        };
        let is_right = mutant.expected.is_met_by(said.verdict);
        all_right &= is_right;
        let (verdict, expected) = (said.verdict, mutant.expected.name());
        let right = if is_right { "yes" } else { "NO" };
        println!("{:<26} {expected:<8} {verdict:<13} {right:<6} {took_s:>6.0} s {}", mutant.name, said.words());
    }
    Ok(if all_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is read of the JSON of `scalegate ab`.
#[derive(Deserialize)]
struct InPairs {
    verdict: Verdict,
    findings: Vec<FindingInPairs>,
}

#[derive(Deserialize)]
struct FindingInPairs {
    workload: String,
    outcome: Outcome,
    words: String,
}

impl InPairs {
    /// The worst that was found.
    fn words(&self) -> String {
        let mut open = Outcome::WORST_FIRST.into_iter().filter(|outcome| *outcome != Outcome::Pass);
        let worst = open.find_map(|outcome| self.findings.iter().find(|its| its.outcome == outcome));
        worst.map_or_else(
            || "nothing beyond the tolerances".to_owned(),
            |its| format!("{}: {}", its.workload, its.words),
        )
    }
}

impl Mutant {
    fn read(root: &Path, name: String) -> Result<Self> {
        let patch = patch(root, &name)?;
        let text = process::read(&patch)?;
        let head: Vec<&str> = text.lines().take_while(|line| !line.starts_with("diff ")).collect();
        let field = |key: &str| {
            let prefix = format!("{key}: ");
            head.iter().find_map(|line| line.strip_prefix(&prefix)).ok_or_else(|| {
                Error::new(
                    patch.display(),
                    format!("its head has no `{key}:`"),
                    "say it above the first line of the diff",
                )
            })
        };
        let expected =
            field("expect")?.parse().map_err(|cause: String| Error::new(patch.display(), cause, "fix its head"))?;
        let workloads = field("workloads")?.to_owned();
        Ok(Self { name, patch, expected, workloads })
    }
}

impl FromStr for Expected {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "caught" => Ok(Self::Caught),
            "benign" => Ok(Self::Benign),
            _ => Err(format!("`expect: {text}`, where `caught` or `benign` belongs")),
        }
    }
}

impl Expected {
    fn name(&self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::Benign => "benign",
        }
    }

    /// Whether a verdict is the right one.
    pub(crate) fn is_met_by(&self, verdict: Verdict) -> bool {
        verdict.exit_code() == u8::from(*self == Self::Caught)
    }
}

/// The sources without a patch, counted and accepted.
struct Trial {
    sources: Sources,
    unchanged: Version,
    /// The command line of the unchanged sources, and the configuration that it checks with.
    work: tempfile::TempDir,
}

impl Trial {
    const PROGRAM: &str = "scalegate";
    const BASELINES: &str = "baselines";

    fn of_unchanged(sources: Sources) -> Result<Self> {
        let unchanged = sources.working_tree()?;
        let work = process::temporary_directory()?;
        eprintln!("counting the sources without a patch");
        let checkout = sources.check_out(&unchanged)?;
        checkout.build()?;
        let program = work.path().join(Self::PROGRAM);
        std::fs::copy(checkout.program(), &program)
            .map_err(|error| Error::new(program.display(), error, "make room for temporary files"))?;
        // Nothing else is asked for: what is caught here is caught by counts of instructions alone.
        let text = suite::with_required(&sources.file(&unchanged, suite::FILE)?, &["instructions"])?;
        process::write(&work.path().join(suite::FILE), text)?;
        let trial = Self { sources, unchanged, work };
        trial.accept(&trial.count(&checkout, "*")?)?;
        Ok(trial)
    }

    /// Counts a mutant, prints its row, and says whether the gate was right.
    fn judge(&self, mutant: &Mutant) -> Result<bool> {
        let checkout = self.sources.check_out(&self.sources.patched(&self.unchanged, &mutant.patch)?)?;
        checkout.build()?;
        let record = self.count(&checkout, &mutant.workloads)?;
        let check = self.check(&record)?;
        let is_right = mutant.expected.is_met_by(check.verdict);
        let said = match check.open().next() {
            Some(finding) if check.verdict.exit_code() != 0 => finding.words.clone(),
            _ => largest_change(&check),
        };
        let (verdict, expected) = (check.verdict, mutant.expected.name());
        println!("{:<26} {expected:<8} {verdict:<13} {:<6} {said}", mutant.name, if is_right { "yes" } else { "NO" });
        if !is_right {
            for finding in check.open() {
                println!("    {} {} {}: {}", finding.outcome, finding.workload, finding.metric, finding.words);
            }
        }
        Ok(is_right)
    }

    fn count(&self, checkout: &Checkout, workloads: &str) -> Result<PathBuf> {
        let record = self.work.path().join("counts.json");
        checkout.run(["--metric", "instructions", "--workload", workloads], &record)?;
        Ok(record)
    }

    fn accept(&self, record: &Path) -> Result<()> {
        let mut accept =
            command(self.work.path().join(Self::PROGRAM), ["accept", "--reason", "sources without a patch"]);
        process::run_quietly(accept.arg(record).args(["--baseline", Self::BASELINES]).current_dir(self.work.path()))
    }

    /// Any verdict may come out; an error has no JSON.
    fn check(&self, record: &Path) -> Result<CheckFile> {
        let mut check = command(self.work.path().join(Self::PROGRAM), ["check", "--format", "json"]);
        check.arg(record).args(["--baseline", Self::BASELINES]).current_dir(self.work.path());
        checked(&mut check)
    }
}

/// What `scalegate check --format json` says; any verdict may come out, and an error has no JSON.
pub(crate) fn checked(check: &mut std::process::Command) -> Result<CheckFile> {
    checked_with_code(check).map(|(_, check)| check)
}

/// The same, after the exit code.
pub(crate) fn checked_with_code(check: &mut std::process::Command) -> Result<(Option<i32>, CheckFile)> {
    let output = process::output(check)?;
    if output.stdout.is_empty() {
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        return Err(Error::new(
            "scalegate check",
            format!("it ended with {}", output.status),
            "fix what it printed above",
        ));
    }
    let check = CheckFile::parse("scalegate check", &String::from_utf8_lossy(&output.stdout))?;
    Ok((output.status.code(), check))
}

/// The largest change of any quantity, passed or not; what a budget leaves is none.
fn largest_change(check: &CheckFile) -> String {
    let compared = check.findings.iter().filter(|finding| finding.quantity != Quantity::Budget);
    let changes: Vec<f64> = compared.filter_map(|finding| finding.change).map(|change| change.estimate.abs()).collect();
    let largest = changes.iter().copied().fold(0.0, f64::max);
    format!("largest of {} changes: {:.4} %", changes.len(), 100.0 * largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutant_says_what_has_to_become_of_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let names = names(root).unwrap();
        assert!(names.len() > 10, "{names:?}");
        for name in names {
            Mutant::read(root, name).unwrap();
        }
    }

    #[test]
    fn every_mutant_applies_to_the_working_tree() {
        let sources = Sources::here().unwrap();
        let tree = sources.working_tree().unwrap();
        for name in names(sources.root()).unwrap() {
            assert_ne!(sources.patched(&tree, &patch(sources.root(), &name).unwrap()).unwrap(), tree, "{name}");
        }
    }

    #[test]
    fn a_mixed_verdict_catches_and_an_improved_one_is_benign() {
        let caught = [Verdict::Regressed, Verdict::Mixed];
        let benign = [Verdict::Pass, Verdict::Improved];
        for verdict in caught.into_iter().chain(benign).chain([Verdict::Inconclusive]) {
            assert_eq!(Expected::Caught.is_met_by(verdict), caught.contains(&verdict), "{verdict}");
            assert_eq!(Expected::Benign.is_met_by(verdict), benign.contains(&verdict), "{verdict}");
        }
    }
}
