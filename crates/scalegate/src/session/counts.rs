//! Instruction counts: every size in a process of its own below callgrind, as many at once as the machine has cores.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::driver::{Chosen, Session, case_error, ended};
use super::job::{self, CountedSize, Described, Job, Work};
use super::record::{Recorder, Target};
use crate::measure::{self, CALLGRIND_METRICS, Ended, Profile, Valgrind};
use crate::metric::Metric;
use crate::progress::Progress;
use crate::record::{Functions, Graph, Sample, Series, WorkloadFunctions};
use crate::workload::Parts;
use crate::{Error, Result, paths};

/// What a counted process sees of the environment: its job, and nothing that differs between users. How long the values are
/// decides where its stack begins.
const DIRECTORY: &str = "instructions";

/// A workload with its counts by size, and what they depend on beside the code.
pub(super) struct CountedWorkload {
    pub(super) by_size: BTreeMap<u64, Counted>,
    pub(super) environment: BTreeMap<String, String>,
    /// What ran at the largest size, if the workload knows.
    pub(super) graph: Option<Graph>,
}

impl CountedWorkload {
    /// The series of its metrics that `session` wants.
    pub(super) fn series(&self, session: &Session<'_>, chosen: Chosen<'_>) -> Vec<Series> {
        let wanted = CALLGRIND_METRICS.into_iter().filter(|metric| session.request.wants(*metric));
        let of = |metric| {
            let samples = self.by_size.iter().map(|(size, counted)| sample(*size, counted.counts[&metric])).collect();
            Series { samples, ..Session::series(chosen, metric, &self.environment) }
        };
        wanted.map(of).collect()
    }

    /// Its instructions by function.
    pub(super) fn functions(self, workload: &Described) -> WorkloadFunctions {
        let profiles = self.by_size.into_iter().map(|(size, counted)| (size, counted.profile)).collect();
        WorkloadFunctions::new(workload.name.clone(), profiles).with_graph(self.graph)
    }
}

/// Counts by callgrind, or the reason that there are none.
pub(super) fn below_callgrind(session: &Session<'_>, recorder: &mut Recorder, chosen: &[Chosen<'_>]) -> Result<()> {
    let all = match counted(session, chosen)? {
        Ok(all) => all,
        Err(reason) => return unavailable(session, recorder, chosen, &reason),
    };
    let mut functions = Vec::new();
    for (&chosen, counted) in chosen.iter().zip(all) {
        recorder.keep(counted.series(session, chosen))?;
        functions.push(counted.functions(chosen.1));
    }
    Functions::keep(&session.request.out, functions)
}

/// What callgrind counts of all sizes of the chosen, in their order; or why it can't.
pub(super) fn counted(
    session: &Session<'_>,
    chosen: &[Chosen<'_>],
) -> Result<std::result::Result<Vec<CountedWorkload>, String>> {
    let Some((first, _)) = chosen.first() else { return Ok(Ok(Vec::new())) };
    let directory = directory(first)?;
    let valgrind = match find(first, &directory) {
        Ok(valgrind) => valgrind,
        Err(reason) => return Ok(Err(reason)),
    };
    let parts = threads().div_ceil(chosen.len());
    let cases: Vec<Case<'_>> = chosen.iter().flat_map(|chosen| Case::parts(*chosen, parts)).collect();
    write_what_is_written_once(session, chosen)?;
    let counts = fixed_addresses(|| count_all(&cases, |case, number, done| count(case, number, &directory, done)))?;
    let (mut counts, mut all) = (cases.iter().zip(counts), Vec::new());
    for &chosen @ (target, _) in chosen {
        let environment = read_environment(target, &directory)?;
        let mut environment = measure::count_environment(&valgrind, environment);
        environment.insert("allocator".to_owned(), "size classes".to_owned());
        let its = counts.by_ref().take(parts);
        let by_size = its.flat_map(|(case, counted)| case.sizes.iter().copied().zip(counted)).collect();
        all.push(CountedWorkload { by_size, environment, graph: graph(session, chosen) });
    }
    Ok(Ok(all))
}

/// What runs at the largest size, if the workload knows. Nothing rests on it, so that a failure leaves it unknown.
fn graph(session: &Session<'_>, (target, workload): Chosen<'_>) -> Option<Graph> {
    let size = *workload.sizes.last()?;
    let work = Work::Parts { workload: workload.name.clone(), size };
    let parts: Option<Parts> = session.ask(target, &workload.name, work).ok()?;
    Some(Graph::new(size, parts?))
}

/// Records that there are no counts, and why.
pub(super) fn unavailable(
    session: &Session<'_>,
    recorder: &mut Recorder,
    chosen: &[Chosen<'_>],
    reason: &str,
) -> Result<()> {
    if session.request.verbose {
        eprintln!("instructions: unavailable: {reason}");
    }
    let unavailable = |chosen: &Chosen<'_>| {
        let series = Session::series(*chosen, Metric::Instructions, &BTreeMap::new());
        Series { unavailable: Some(reason.to_owned()), ..series }
    };
    recorder.keep(chosen.iter().map(unavailable).collect())
}

/// A count as a sample; counts below 2^53 are exact.
pub(super) fn sample(size: u64, count: u64) -> Sample {
    Sample { size, round: 0, values: vec![count as f64] }
}

/// What callgrind counted of one case.
pub(super) struct Counted {
    pub(super) counts: BTreeMap<Metric, u64>,
    /// The instructions by function.
    pub(super) profile: Profile,
}

/// Sizes of a workload that are counted one after the other.
pub(super) struct Case<'a> {
    pub(super) target: &'a Target,
    pub(super) workload: &'a Described,
    pub(super) sizes: Vec<u64>,
}

impl<'a> Case<'a> {
    /// The sizes of a workload in so many parts, each of which has small and large ones.
    pub(super) fn parts((target, workload): Chosen<'a>, parts: usize) -> impl Iterator<Item = Self> {
        let sizes = move |part| workload.sizes.iter().copied().skip(part).step_by(parts).collect();
        (0..parts).map(move |part| Self { target, workload, sizes: sizes(part) })
    }

    /// Names a size in messages.
    pub(super) fn place(&self, size: u64) -> String {
        format!("{} at size {size}", self.workload.name)
    }
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// An empty directory for callgrind's files, which stay until the next run for `callgrind_annotate`. It is relative to where the
/// target runs, so that its name has the same length everywhere.
fn directory(target: &Target) -> Result<PathBuf> {
    let directory = target.directory.join(paths::target()).join(DIRECTORY);
    let fail =
        |error| Error::new(directory.display(), error, "make the directory writable; it takes callgrind's files");
    if directory.exists() {
        std::fs::remove_dir_all(&directory).map_err(fail)?;
    }
    std::fs::create_dir_all(&directory).map_err(fail)?;
    Ok(directory)
}

/// The variables of a counted process, which has no others. The same length for every case, so that its stack begins at one place.
fn isolate(command: &mut Command, target: &Target, job: &Path) {
    let relative = job.strip_prefix(&target.directory).unwrap_or(job);
    let (variable, value) = Job::variable(relative);
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env(variable, value).current_dir(&target.directory);
    // Valgrind itself is found through this; the process that it runs sees it too, and may not depend on its length.
    command.env("PATH", path).env(measure::BY_VECTORS.0, measure::BY_VECTORS.1);
}

fn find(target: &Target, directory: &Path) -> std::result::Result<Valgrind, String> {
    let job = directory.join("environment.json");
    Job::new(Work::Environment).write(&job).map_err(|error| error.to_string())?;
    if !cfg!(target_os = "linux") {
        return Err("Valgrind runs on Linux; elsewhere `instructions_hw` takes its place".to_owned());
    }
    measure::find_valgrind(|command| {
        isolate(command, target, &job);
        command.arg(&target.executable);
    })
}

/// What a target says of itself below Valgrind, which shows it another processor.
fn read_environment(target: &Target, directory: &Path) -> Result<BTreeMap<String, String>> {
    let job = directory.join("environment.json");
    Job::new(Work::Environment).write(&job)?;
    let mut command = Command::new("valgrind");
    command.args(["--tool=none", "--quiet"]).arg(&target.executable);
    isolate(&mut command, target, &job);
    let Ended { status, errors } = measure::run_child("instructions", command, |_| ())?;
    job::read_answer(&job).unwrap_or_else(|| Err(ended("instructions", &job, status, &errors)))
}

/// Runs what writes files on first use now: a process that writes them first would not be measured as those that only read them.
fn write_what_is_written_once(session: &Session<'_>, chosen: &[Chosen<'_>]) -> Result<()> {
    let mut seen: Vec<&Path> = Vec::new();
    for (target, _) in chosen {
        if !seen.contains(&target.executable.as_path()) {
            seen.push(&target.executable);
            let work = Work::Describe { with_subject: true };
            session.ask::<serde_json::Value>(target, "instructions", work)?;
        }
    }
    Ok(())
}

/// Counts the cases by `count`, which takes one with its number and is told to say when a size is done; as many at once as there are
/// cores: a count does not depend on what else the machine does.
pub(super) fn count_all<T: Send>(
    cases: &[Case<'_>],
    count: impl Fn(&Case<'_>, usize, &dyn Fn(u64)) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let threads = threads().min(cases.len());
    let sizes = cases.iter().map(|case| case.sizes.len()).sum();
    // What takes longest comes first, so that no thread is left with it while the others have nothing to do.
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.sort_by_key(|number| std::cmp::Reverse(cases[*number].sizes.len()));
    let next = AtomicUsize::new(0);
    let counts: Vec<Mutex<Option<Result<T>>>> = cases.iter().map(|_| Mutex::new(None)).collect();
    let progress = Progress::new();
    let done = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(&number) = order.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let case = &cases[number];
                    let counted = count(case, number, &|size| {
                        let done = 1 + done.fetch_add(1, Ordering::SeqCst);
                        progress.show(done, sizes, &format!("{} {size}", case.workload.name));
                    });
                    let has_failed = counted.is_err();
                    if let Ok(mut slot) = counts[number].lock() {
                        *slot = Some(counted);
                    }
                    if has_failed {
                        // The first error is the answer; no more cases are begun.
                        next.store(cases.len(), Ordering::SeqCst);
                        break;
                    }
                }
            });
        }
    });
    let mut all = Vec::with_capacity(cases.len());
    let mut missing = None;
    for (slot, case) in counts.into_iter().zip(cases) {
        match slot.into_inner().ok().flatten() {
            Some(Ok(counts)) => all.push(counts),
            Some(Err(error)) => return Err(error),
            None => missing = missing.or(Some(case)),
        }
    }
    match missing {
        None => Ok(all),
        Some(case) => Err(Error::new(
            case.workload.name.to_string(),
            "it was not counted",
            "rerun; if it stays, report it as a bug",
        )),
    }
}

/// Counts the sizes of a case. A process that can't be copied counts one of them, and there is another for the rest.
fn count(case: &Case<'_>, number: usize, directory: &Path, done: &dyn Fn(u64)) -> Result<Vec<Counted>> {
    let mut all = Vec::new();
    while let Some(&next) = case.sizes.get(all.len()) {
        let rest = &case.sizes[all.len()..];
        // The number has the same length in all of them.
        let job = directory.join(format!("case-{number:04}.json"));
        Job::new(Work::Count { workload: case.workload.name.clone(), sizes: rest.to_vec() }).write(&job)?;
        let mut command = measure::callgrind(&case.target.executable, &file(directory, number, "%p")?);
        isolate(&mut command, case.target, &job);
        let mut counted: Vec<CountedSize> = Vec::new();
        let Ended { status, errors } = measure::run_child(&case.place(next), command, |line| {
            // What the workload prints is no announcement.
            if let Ok(its) = serde_json::from_str::<CountedSize>(line) {
                counted.push(its);
                done(its.size);
            }
        })?;
        let of_failed = rest.get(counted.len()).copied().unwrap_or(next);
        let in_order = counted.iter().zip(rest).all(|(its, size)| its.size == *size);
        if !status.success() || counted.is_empty() || !in_order {
            let error = ended(&case.place(of_failed), &job, status, &errors);
            return Err(case_error(error, case.workload, of_failed));
        }
        for its in counted {
            let named = directory.join(format!("{}.{}.callgrind.out", case.workload.name.replace('/', "-"), its.size));
            std::fs::rename(file(directory, number, &its.pid.to_string())?, &named)
                .map_err(|error| Error::new(named.display(), error, "rerun; if it stays, report it as a bug"))?;
            all.push(Counted { counts: measure::read_callgrind(&named)?, profile: measure::read_functions(&named)? });
        }
        forget_what_only_loaded(directory, number);
    }
    Ok(all)
}

/// Removes the file of the process that was copied, which counted nothing itself.
fn forget_what_only_loaded(directory: &Path, number: usize) {
    let prefix = format!("case-{number:04}.");
    let is_its = |name: &str| name.starts_with(&prefix) && name.ends_with(".callgrind.out");
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(is_its)) {
        // It is in nobody's way.
        let _ = std::fs::remove_file(entry.path());
    }
}

/// The file that callgrind leaves of a process.
fn file(directory: &Path, number: usize, pid: &str) -> Result<PathBuf> {
    std::path::absolute(directory.join(format!("case-{number:04}.{pid}.callgrind.out")))
        .map_err(|error| Error::new(directory.display(), error, "rerun where the directory can be named"))
}

/// Runs `work` with children whose memory lies at the same addresses each time (personality(2)).
#[cfg(target_os = "linux")]
pub(super) fn fixed_addresses<T>(work: impl FnOnce() -> T) -> T {
    use nix::sys::personality::{self, Persona};

    let before = personality::get().ok();
    if let Some(before) = before {
        // Where it is forbidden, as in some containers, addresses move and counts may differ by a few instructions.
        let _ = personality::set(before | Persona::ADDR_NO_RANDOMIZE);
    }
    let outcome = work();
    if let Some(before) = before {
        let _ = personality::set(before);
    }
    outcome
}

#[cfg(not(target_os = "linux"))]
pub(super) fn fixed_addresses<T>(work: impl FnOnce() -> T) -> T {
    work()
}
