//! `scalegate why`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use glob::Pattern;

use super::{Format, report as page};
use crate::config::Config;
use crate::metric::Metric;
use crate::output::print;
use crate::record::{self, Difference, Functions, Run};
use crate::session::{self, AbRequest};
use crate::why::{Counted, Why};
use crate::{Error, Result, measure, paths, report, revisions, temporary};

/// The exit code where a workload could not be explained.
const UNEXPLAINED: u8 = 3;

/// Name the functions whose instructions changed between two records or revisions, and which term of the law changed
///
/// BASE and HEAD are records of counted runs (or directories with a `run.json`), or else revisions, which are built as `scalegate ab`
/// builds them and counted below Valgrind.
///
/// Exits with 0 if every workload was explained, changed or not; 2 for wrong usage or a failure; 3 if one could not be.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Record or revision to compare with [default: the merge base of HEAD and the default branch]
    #[arg(value_name = "BASE")]
    base: Option<String>,
    /// Record or revision to explain [default: the working tree, committed or not]
    #[arg(value_name = "HEAD")]
    head: Option<String>,
    /// Workloads to explain, as names or globs such as `llm/*` [default: all]
    #[arg(long = "workload", value_name = "GLOB")]
    workloads: Vec<String>,
    /// Where to write a page: functions over size, and a flame graph of the change
    #[arg(long, value_name = "FILE.html")]
    out: Option<PathBuf>,
    /// How to print the cause
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let why = match (record_of(arguments.base.as_deref()), record_of(arguments.head.as_deref())) {
        (Some(base), Some(head)) => of_records([&base, &head], &arguments.workloads)?,
        (None, None) => {
            let request = AbRequest {
                base: arguments.base.clone(),
                head: arguments.head.clone(),
                aa: false,
                workloads: arguments.workloads.clone(),
                metrics: vec![Metric::Instructions],
                budget: None,
                out: paths::pairs(),
                names_cause: true,
            };
            match session::why(&request) {
                Err(error) if measure::interrupted() => {
                    eprintln!("{error}");
                    return Ok(ExitCode::from(session::INTERRUPTED));
                }
                outcome => outcome?,
            }
        }
        (Some(path), None) | (None, Some(path)) => {
            return Err(Error::new(
                path.display(),
                "it is a record, and the other side is none",
                "name two records, as `scalegate why base.json head.json`, or two revisions",
            ));
        }
    };
    match arguments.format {
        Format::Text => print(&report::why_text(&why))?,
        Format::Json => print(&report::why_json(&why))?,
    }
    if let Some(out) = &arguments.out {
        page::write(out, &report::why_html(&why))?;
    }
    Ok(if why.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(UNEXPLAINED) })
}

/// The record that an argument names, if it is no revision.
fn record_of(argument: Option<&str>) -> Option<PathBuf> {
    let path = Path::new(argument?);
    let within = path.join("run.json");
    if within.is_file() {
        return Some(within);
    }
    let is_record = path.is_file() || path.extension().is_some_and(|extension| extension == "json");
    is_record.then(|| path.to_path_buf())
}

/// Explains the second of two records.
pub(super) fn of_records([base, head]: [&Path; 2], workloads: &[String]) -> Result<Why> {
    let runs: [Run; 2] = [record::read_json(base)?, record::read_json(head)?];
    let [before, after] = &runs;
    let sides = [counted(base, before)?, counted(head, after)?];
    let wanted = wanted(workloads, &sides)?;
    let mut why = Why::new([&sides[0], &sides[1]], &Config::load_here()?.gate, |name| wanted.contains(name))?;
    why.differences = differences(before, after, &wanted);
    why.files = changed_files(before, after);
    Ok(why)
}

/// What a run counted by function, if that is what its record has the sums of.
fn counted(path: &Path, run: &Run) -> Result<Counted> {
    let place = Functions::place_of(path);
    if !place.exists() {
        return Err(Error::new(
            place.display(),
            format!("there are no counts by function of {}", path.display()),
            "count again with `scalegate run --metric instructions`, which keeps them beside the record, and copy both files",
        ));
    }
    let functions: Functions = record::read_json(&place)?;
    let mut workloads = Vec::new();
    for its in functions.workloads {
        let Some(series) = run.series(&its.workload, Metric::Instructions).filter(|it| it.unavailable.is_none()) else {
            continue;
        };
        let profiles = its.profiles();
        for sample in &series.samples {
            let total = profiles.get(&sample.size).map_or(0, |profile| profile.total);
            if sample.values != [total as f64] {
                return Err(Error::new(
                    place.display(),
                    format!(
                        "{} at size {} has {total} instructions, and {} where the record {} has the sum: they are of another build",
                        its.workload,
                        sample.size,
                        sample.values.first().copied().unwrap_or_default(),
                        path.display()
                    ),
                    "count again with `scalegate run --metric instructions`",
                ));
            }
        }
        workloads.push((its, series.axis.clone()));
    }
    Ok(Counted { name: path.display().to_string(), workloads })
}

/// The names that globs choose; all without any.
fn wanted(globs: &[String], sides: &[Counted; 2]) -> Result<BTreeSet<String>> {
    let all: BTreeSet<String> =
        sides.iter().flat_map(|side| &side.workloads).map(|its| its.0.workload.to_string()).collect();
    let mut chosen = BTreeSet::new();
    for glob in globs {
        let pattern = Pattern::new(glob).map_err(|error| {
            Error::new(format!("--workload {glob}"), error.msg, "name a workload, or a glob as `llm/*`")
        })?;
        let matching: Vec<String> = all.iter().filter(|name| pattern.matches(name)).cloned().collect();
        if matching.is_empty() {
            let known = all.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            return Err(Error::new(
                format!("--workload {glob}"),
                "no workload that was counted is called so",
                format!("name one of {known}"),
            ));
        }
        chosen.extend(matching);
    }
    Ok(if globs.is_empty() { all } else { chosen })
}

/// Compilers, kernels, settings and models in which two runs differ.
fn differences(before: &Run, after: &Run, workloads: &BTreeSet<String>) -> Vec<Difference> {
    let mut all = before.provenance.incomparable(&after.provenance);
    all.extend(before.provenance.subject_changes(&after.provenance));
    for name in workloads {
        let of = |run: &'_ Run| run.series(name, Metric::Instructions).cloned();
        if let (Some(before), Some(after)) = (of(before), of(after)) {
            for (field, before, after) in after.protocol_changes(&before) {
                let difference = Difference { field, before, after };
                if !all.contains(&difference) {
                    all.push(difference);
                }
            }
        }
    }
    all
}

/// The files that differ between the commits that two runs measured, or why that is not known.
fn changed_files(before: &Run, after: &Run) -> std::result::Result<Vec<crate::why::ChangedFile>, String> {
    let program = |run: &Run| run.provenance.program.clone().ok_or("a record does not say which commit it measured");
    let (base, head) = (program(before)?, program(after)?);
    let revision = |its: &record::Program| its.revision.clone().ok_or("a record does not say which commit it measured");
    let (base_name, head_name) = (revision(&base)?, revision(&head)?);
    if base.dirty == Some(true) {
        return Err("the base was measured with changes that were not committed".to_owned());
    }
    let scratch = temporary::Directory::within(&std::env::temp_dir()).map_err(|error| error.to_string())?;
    let of = || -> Result<Vec<crate::why::ChangedFile>> {
        let repository = revisions::Repository::here(scratch.path())?;
        let base = repository.named(&base_name)?;
        let head = if head.dirty == Some(true) { repository.working_tree()? } else { repository.named(&head_name)? };
        repository.changed_files(&base, &head)
    };
    of().map_err(|error| error.cause().to_owned())
}
