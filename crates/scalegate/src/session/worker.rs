//! The process that measures: does one job, and leaves its answer or its error.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use super::job::{
    self, ComputeAnswer, CountedSize, Described, Description, HeapAnswer, Instrument, Job, ProcessorAnswer,
    RoundAnswer, TargetKind, TimedSample, Work,
};
use super::sampled_case::{Sampled, hear, lost, speak};
use super::{runs, slices};
use crate::bench::Bench;
use crate::config::Config;
use crate::measure::placement::Placement;
use crate::measure::resources::words;
use crate::measure::{self, CriterionSample, InstructionCounter, LongSize, RecordedPass};
use crate::record::Sample;
use crate::workload::Parts;
use crate::{Error, Prepared, Result, Workload};

/// Runs that are counted for each size and round: an interrupt of the kernel leaves a few instructions in one of
/// them, and the median of five does not see it.
const COUNTED_RUNS: usize = 5;

/// Does the job of this process.
pub(super) fn run(bench: &Bench, job: Job, answer: &Path) -> ExitCode {
    measure::end_with_parent(job.parent);
    remember_panics();
    ExitCode::from(leave(guarded(|| perform(bench, job.work, answer)), answer))
}

/// Leaves the error, if there is one, and gives the exit code of the process.
fn leave(outcome: Result<()>, answer: &Path) -> u8 {
    let Err(error) = outcome else { return 0 };
    // If this fails, the driver shows what this process prints instead.
    let _ = job::answer::<()>(answer, &Err(error.clone()));
    eprintln!("error: {error}");
    2
}

/// What Criterion left of a round, whose throughput in elements is the size.
fn timed_by_criterion(directory: &Path) -> Result<Vec<TimedSample>> {
    let sample = |its: CriterionSample| {
        let cause = "a benchmark has no throughput in elements, which is where its size stands";
        let size = its.elements.ok_or_else(|| Error::new(directory.display(), cause, "measure again"))?;
        Ok(TimedSample { workload: its.group.into(), size, seconds: its.seconds })
    };
    let mut samples = measure::read_criterion(directory)?.into_iter().map(sample).collect::<Result<Vec<_>>>()?;
    samples.sort_unstable_by(|a, b| (&a.workload, a.size).cmp(&(&b.workload, b.size)));
    Ok(samples)
}

/// The samples of sizes that took too long for Criterion in the place of what it has of them.
fn with_long(mut samples: Vec<TimedSample>, long: Vec<LongSize>) -> Vec<TimedSample> {
    for LongSize { workload, size, seconds } in long {
        if let Some(its) = samples.iter_mut().find(|its| its.workload == *workload.as_str() && its.size == size) {
            its.seconds = seconds;
        }
    }
    samples
}

fn perform(bench: &Bench, work: Work, answer: &Path) -> Result<()> {
    match work {
        Work::Describe { with_subject } => {
            let described = describe(bench, &Config::load_here()?, with_subject);
            job::answer(answer, &Ok(described?))
        }
        Work::Environment => job::answer(answer, &Ok((bench.environment)())),
        Work::Round { workloads, seed, settings, size_limit_ms, directory } => {
            place_this_process()?;
            let config = Config::load_here()?;
            let measures = bench.measured(&config)?;
            let chosen: Vec<&dyn Workload> = measures
                .by(Instrument::Clock)
                .filter(|workload| workloads.iter().any(|name| name == workload.name()))
                .collect();
            let samples = match bench.kind {
                TargetKind::Functions => {
                    let size_limit = Duration::from_millis(size_limit_ms);
                    let pass = RecordedPass { order_seed: seed, directory: &directory, size_limit };
                    let long = measure::criterion_pass(&chosen, &settings, Some(pass))?;
                    with_long(timed_by_criterion(&directory)?, long)
                }
                TargetKind::Programs | TargetKind::Server => runs::round(&chosen, &settings, seed)?,
            };
            job::answer(answer, &Ok(RoundAnswer { samples }))
        }
        Work::Count { workload, sizes } => count(bench, &workload, &sizes, answer),
        Work::CountProgram { workload, size, .. } => {
            let config = Config::load_here()?;
            let measures = bench.measured(&config)?;
            let workload = measures.find(Instrument::Callgrind, &workload)?;
            // What has to be made for it is made below no Valgrind.
            let counted = guarded(|| workload.prepare(size)?.run());
            job::answer(answer, &Ok(counted.map_err(|error| at(error, workload.name(), size))?))
        }
        Work::Parts { workload, size } => {
            let config = Config::load_here()?;
            let measures = bench.measured(&config)?;
            let workload = measures.find(Instrument::Callgrind, &workload)?;
            let parts = guarded(|| parts(workload, size)).map_err(|error| at(error, workload.name(), size))?;
            job::answer(answer, &Ok(parts))
        }
        Work::Heap { workload } => {
            let config = Config::load_here()?;
            let measures = bench.measured(&config)?;
            job::answer(answer, &Ok(heap(bench, measures.find(Instrument::Heap, &workload)?)?))
        }
        Work::CountByProcessor { workload, seed, rounds } => {
            let config = Config::load_here()?;
            let measures = bench.measured(&config)?;
            let workload = measures.find(Instrument::Processor, &workload)?;
            let samples = match measure::instruction_counter() {
                Ok(mut counter) => by_processor(workload, counter.as_mut(), seed, rounds)?,
                Err(reason) => Err(reason),
            };
            job::answer(answer, &Ok(ProcessorAnswer { samples }))
        }
        Work::Sample { workload, size, window_ms, inferences } => {
            place_this_process()?;
            speak(words::STARTED)?;
            if hear()?.as_deref() != Some(words::LOAD) {
                return Ok(());
            }
            let config = Config::load_here()?;
            let measures = bench.measured(&config)?;
            let sampled = Sampled {
                window: Duration::from_millis(window_ms),
                inferences,
                release: bench.release,
                kind: bench.kind,
            };
            let outcome =
                guarded(|| sampled.dialogue(&measures, &workload, size)).map_err(|error| at(error, &workload, size));
            outcome.inspect_err(|error| {
                if let Ok(text) = serde_json::to_string(error) {
                    let _ = speak(&text);
                }
            })
        }
        Work::Slices { workload, cores } => {
            if cores.is_empty() {
                place_this_process()?;
            } else {
                place_on(&Placement::Pinned(cores))?;
            }
            let config = Config::load_here()?;
            let measures = bench.measured(&config)?;
            guarded(|| slices::serve(measures.find(Instrument::Clock, &workload)?, bench.kind)).inspect_err(|error| {
                if let Ok(text) = serde_json::to_string(error) {
                    let _ = speak(&text);
                }
            })
        }
        Work::Compute { workload } => {
            let config = Config::load_here()?;
            let compute = bench.compute.as_ref().ok_or_else(|| {
                Error::new(&workload, "this target computes no metric", "measure it with `cargo bench`")
            })?;
            let series = compute(&config, &workload)?;
            job::answer(answer, &Ok(ComputeAnswer { series }))
        }
    }
}

/// The parts of one run; none of what has none.
fn parts(workload: &dyn Workload, size: u64) -> Result<Option<Parts>> {
    let mut prepared = workload.prepare(size)?;
    prepared.reset();
    prepared.run_in_parts()
}

/// What a target measures by this configuration.
pub(super) fn describe(bench: &Bench, config: &Config, with_subject: bool) -> Result<Description> {
    let measures = bench.measured(config)?;
    let mut workloads = Vec::new();
    for (workload, instruments) in measures.iter() {
        let sizes = workload.sizes();
        let tokens = sizes.iter().map_while(|size| workload.tokens(*size)).collect();
        let expected_units = workload.expected_units();
        workloads.extend(instruments.iter().map(|instrument| Described {
            name: workload.name().into(),
            axis: workload.axis(),
            sizes: sizes.clone(),
            protocol: workload.protocol(),
            tokens: Clone::clone(&tokens),
            expected_units: expected_units.clone(),
            instrument: *instrument,
        }));
    }
    // Resources are sampled where the configuration says how.
    workloads.retain(|workload| workload.instrument != Instrument::Sampler || config.resources.is_some());
    for (metric, names) in &bench.values {
        workloads.extend(names(config)?.into_iter().map(|name| Described {
            name,
            axis: crate::Axis::TOKENS,
            sizes: Vec::new(),
            protocol: BTreeMap::new(),
            tokens: Vec::new(),
            expected_units: None,
            instrument: Instrument::Own(*metric),
        }));
    }
    let subject = if with_subject { bench.subject_of(config)? } else { BTreeMap::new() };
    Ok(Description {
        target: bench.name.clone(),
        package: bench.package.clone(),
        workloads,
        subject,
        allocator: bench.allocator_name.clone(),
        kind: bench.kind,
    })
}

/// Counts sizes, each in a copy of this process, all of which begin with the model just loaded. A process with threads can't be copied:
/// it counts the first size itself, and the driver asks another for the rest.
fn count(bench: &Bench, name: &str, sizes: &[u64], answer: &Path) -> Result<()> {
    let Some(&first) = sizes.first() else { return Ok(()) };
    if let Some(allocator) = bench.allocator {
        allocator.use_size_classes();
    }
    let config = in_a_thread(Config::load_here)?;
    let measures = bench.measured(&config)?;
    let workload = measures.find(Instrument::Callgrind, name)?;
    guarded(|| workload.load()).map_err(|error| at(error, name, first))?;
    if sizes.len() == 1 || !measure::can_be_copied() {
        count_one(workload, first)?;
        return announce(first, std::process::id());
    }
    for &size in sizes {
        let pid = measure::in_a_copy(|| leave(count_one(workload, size), answer))?;
        announce(size, pid)?;
    }
    Ok(())
}

fn announce(size: u64, pid: u32) -> Result<()> {
    let line = serde_json::to_string(&CountedSize { size, pid });
    // The workload may have left a line of its own unfinished.
    speak(&format!("\n{}", line.map_err(|error| lost(&error.into()))?))
}

/// One case, run once to warm up and once to be counted.
fn count_one(workload: &dyn Workload, size: u64) -> Result<()> {
    let counted = || -> Result<()> {
        let mut prepared = workload.prepare(size)?;
        measure::start_instrumentation();
        prepared.run()?;
        prepared.reset();
        measure::toggle_collection();
        let outcome = prepared.run();
        measure::toggle_collection();
        outcome
    };
    guarded(counted).map_err(|error| at(error, workload.name(), size))
}

/// Runs `read` in a thread that ends with it. The standard library gives every map of a thread another seed than the one
/// before: what is read first must not decide how the maps of a model are searched.
fn in_a_thread<T: Send>(read: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| scope.spawn(read).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn heap(bench: &Bench, workload: &dyn Workload) -> Result<HeapAnswer> {
    let allocator = bench.allocator.ok_or_else(|| {
        let remedy =
            "start the target with `scalegate::bench!`, or wrap its global allocator in `scalegate::Allocator`";
        Error::new(workload.name(), "the allocator of this program does not count", remedy)
    })?;
    let mut answer = HeapAnswer { uses: Vec::new() };
    for size in workload.sizes() {
        let counted = || {
            let mut prepared = workload.prepare(size)?;
            prepared.run()?;
            prepared.reset();
            let mut outcome = Ok(());
            let used = allocator.count(&mut || outcome = prepared.run());
            outcome.map(|()| used)
        };
        answer.push(size, guarded(counted).map_err(|error| at(error, workload.name(), size))?);
    }
    Ok(answer)
}

/// Samples, or why the counter has none.
fn by_processor(
    workload: &dyn Workload,
    counter: &mut dyn InstructionCounter,
    seed: u64,
    rounds: u32,
) -> Result<Result<Vec<Sample>, String>> {
    let mut prepared: BTreeMap<u64, Box<dyn Prepared>> = BTreeMap::new();
    for size in workload.sizes() {
        let ready = guarded(|| {
            let mut ready = workload.prepare(size)?;
            ready.run()?;
            Ok(ready)
        });
        prepared.insert(size, ready.map_err(|error| at(error, workload.name(), size))?);
    }
    let mut samples = Vec::new();
    for round in 0..rounds {
        let mut sizes = workload.sizes();
        measure::shuffle(&mut sizes, seed.wrapping_add(u64::from(round)));
        for size in sizes {
            let Some(ready) = prepared.get_mut(&size) else { continue };
            match counted_runs(ready.as_mut(), counter).map_err(|error| at(error, workload.name(), size))? {
                Ok(values) => samples.push(Sample { size, round, values }),
                Err(reason) => return Ok(Err(reason)),
            }
        }
    }
    Ok(Ok(samples))
}

fn counted_runs(
    ready: &mut dyn Prepared,
    counter: &mut dyn InstructionCounter,
) -> Result<std::result::Result<Vec<f64>, String>> {
    let mut values = Vec::with_capacity(COUNTED_RUNS);
    for _ in 0..COUNTED_RUNS {
        ready.reset();
        if let Err(reason) = counter.start() {
            return Ok(Err(reason));
        }
        let outcome = ready.run();
        match counter.stop() {
            Ok(count) => values.push(count as f64),
            Err(reason) => return Ok(Err(reason)),
        }
        outcome?;
    }
    Ok(Ok(values))
}

/// Puts a measured process on the fast cores of a machine that has others too.
fn place_this_process() -> Result<()> {
    Placement::here().map_or(Ok(()), |placement| place_on(&placement))
}

fn place_on(placement: &Placement) -> Result<()> {
    placement.apply().map_err(|cause| {
        Error::new(placement, cause, "allow this user to choose cores, or allow this process the fast cores alone")
    })
}

pub(crate) fn at(error: Error, workload: &str, size: u64) -> Error {
    error.context(format!("{workload} at size {size}"))
}

thread_local! {
    static PANIC: RefCell<Option<(String, String)>> = const { RefCell::new(None) };
}

/// Keeps the place and the message of a panic for the error that it becomes.
fn remember_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map_or_else(|| "the routine".to_owned(), ToString::to_string);
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        PANIC.with_borrow_mut(|last| *last = Some((place, text)));
        before(panic);
    }));
}

/// Makes an error of a panic.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let (place, text) = PANIC.with_borrow_mut(Option::take).unwrap_or_default();
        Err(Error::new(
            place,
            format!("it panicked: {text}"),
            "fix the routine; nothing of this run is recorded for it",
        ))
    })
}
