//! What a driver asks of a process that measures: one JSON document in, one out.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::bench::Package;
use crate::config::MeasureSettings;
use crate::measure::HeapUse;
use crate::metric::Metric;
use crate::record::{ExpectedUnits, Series};
use crate::workload::{Parts, WorkloadName};
use crate::{Axis, Error, Result};

/// Names the document to the process.
pub(crate) const VARIABLE: &str = "SCALEGATE_JOB";

/// The whole of what a process is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    /// The process that waits for it, which it does not outlive.
    pub(super) parent: u32,
    pub(super) work: Work,
    /// Where programs or a server run, if it is these that are measured; a server without it in the working directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) places: Option<Places>,
    /// The name of the server that is asked, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) server: Option<String>,
}

/// Where programs and servers run, and where their files go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Places {
    /// The working directory of commands, and what their relative paths are relative to.
    pub(crate) directory: PathBuf,
    /// For the files of cases, which are made once for all processes that share it, and for what a server writes.
    pub(crate) work: PathBuf,
    /// How the names of callgrind's files begin, if it is to count.
    #[serde(skip)]
    pub(crate) callgrind: Option<PathBuf>,
}

impl Places {
    pub(crate) fn new(directory: PathBuf, work: PathBuf) -> Self {
        Self { directory, work, callgrind: None }
    }
}

/// One kind of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(super) enum Work {
    /// Says what the target measures.
    Describe {
        /// With what is under test, for which models may have to be written or read.
        with_subject: bool,
    },
    /// Says what counts depend on beside the code, as the process sees it.
    Environment,
    /// One pass over the sizes of `workloads`, each of which takes about so long at most; Criterion's files go to `directory`.
    Round { workloads: Vec<WorkloadName>, seed: u64, settings: MeasureSettings, size_limit_ms: u64, directory: PathBuf },
    /// Sizes of a workload below callgrind, each in a process of its own. Each is announced by [`CountedSize`] on standard output.
    Count { workload: WorkloadName, sizes: Vec<u64> },
    /// One run of a program below callgrind, whose files have names that begin with `out`.
    CountProgram { workload: WorkloadName, size: u64, out: PathBuf },
    /// One run of a size of a counted workload in parts; the answer has none for what has none.
    Parts { workload: WorkloadName, size: u64 },
    /// What one run of each size of a workload allocates.
    Heap { workload: WorkloadName },
    /// Instructions by the processor's own counter.
    CountByProcessor { workload: WorkloadName, seed: u64, rounds: u32 },
    /// One case, watched from outside: the process answers on its standard output.
    Sample { workload: WorkloadName, size: u64, window_ms: u64, inferences: u64 },
    /// Metrics that the target computes itself.
    Compute { workload: WorkloadName },
    /// All sizes of a workload, of which slices are asked for on standard input and answered on standard output.
    Slices { workload: WorkloadName, cores: Vec<usize> },
}

/// The child: a size has been counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CountedSize {
    pub(super) size: u64,
    /// The process that callgrind's file is named after.
    pub(super) pid: u32,
}

/// The child: all sizes are prepared, and have been run once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SlicesReady {
    /// Threads of the process.
    pub(super) threads: Option<usize>,
}

/// The parent: run a size so many times. The child answers with [`SliceTimes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SliceOrder {
    pub(super) size: u64,
    pub(super) inferences: u64,
    /// Whether there is to be a clock around each part.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) in_parts: bool,
}

/// What the inferences of a slice took together, in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SliceTimes {
    pub(super) wall_s: f64,
    pub(super) cpu_s: f64,
    /// The part of `wall_s` that another thread had the core.
    pub(super) wait_s: Option<f64>,
    /// Its parts with the sums of their times, if they were asked for and there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parts: Option<Parts>,
}

/// What a bench target is and measures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The name of the target.
    pub target: String,
    /// The package that it belongs to.
    pub package: Package,
    /// What is measured.
    pub workloads: Vec<Described>,
    /// The hash of each model, and the settings that may change its cost.
    pub subject: std::collections::BTreeMap<String, String>,
    /// The name of the global allocator.
    pub allocator: String,
    /// What its workloads are.
    #[serde(default, skip_serializing_if = "TargetKind::is_functions")]
    pub kind: TargetKind,
}

/// What the workloads of a target are, which decides by which clocks they are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// Functions: they run in the process that does the job.
    #[default]
    Functions,
    /// Programs: that process starts them.
    Programs,
    /// A server: that process starts it, and asks it.
    Server,
}

impl TargetKind {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "so serde gives it")]
    fn is_functions(&self) -> bool {
        *self == Self::Functions
    }
}

/// A workload of a target, with one way of measuring it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Described {
    /// As `llm/prefill`.
    pub name: WorkloadName,
    /// What its sizes count.
    pub axis: Axis,
    /// Ascending.
    pub sizes: Vec<u64>,
    /// Settings that define the work beside its size.
    pub protocol: std::collections::BTreeMap<String, String>,
    /// Tokens of an inference at each size; empty for what has none.
    pub tokens: Vec<u64>,
    /// What an image of each size is expected to become; absent for what has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_units: Option<ExpectedUnits>,
    /// How it is measured.
    pub instrument: Instrument,
}

impl Described {
    /// What images are expected to become, for a series of `metric`: with the map of all sizes in one series of each way of measuring.
    pub(super) fn expected_units_of(&self, metric: Metric) -> Option<ExpectedUnits> {
        let units = self.expected_units.clone()?;
        let has_map = matches!(metric, Metric::WallTime | Metric::Instructions);
        Some(ExpectedUnits { map: units.map.filter(|_| has_map), ..units })
    }

    /// Tokens of an inference, by size.
    pub(super) fn tokens_by_size(&self) -> std::collections::BTreeMap<u64, u64> {
        self.sizes.iter().copied().zip(self.tokens.iter().copied()).collect()
    }
}

/// A way of measuring, which gives one or more metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instrument {
    /// Metrics that the target computes itself, as the perplexity of a model.
    Own(Metric),
    /// Valgrind's callgrind.
    Callgrind,
    /// The processor's counter of instructions.
    Processor,
    /// The program's own allocator.
    Heap,
    /// Criterion, in rounds.
    Clock,
    /// A sampler of CPU time, memory and power, from outside.
    Sampler,
}

impl Instrument {
    /// All but [`Instrument::Own`].
    pub const ALL: [Self; 5] = [Self::Callgrind, Self::Processor, Self::Heap, Self::Clock, Self::Sampler];

    /// What it measures.
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Self::Own(Metric::Perplexity) => &[Metric::Perplexity],
            Self::Own(_) => &[],
            Self::Callgrind => &crate::measure::CALLGRIND_METRICS,
            Self::Processor => &[Metric::InstructionsHw],
            Self::Heap => &[Metric::HeapBytes, Metric::HeapBlocks],
            Self::Clock => &[Metric::WallTime],
            Self::Sampler => &super::sampled_series::METRICS,
        }
    }
}

/// The answer to [`Work::Round`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoundAnswer {
    pub(super) samples: Vec<TimedSample>,
}

/// What was timed of one size in one round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TimedSample {
    pub(super) workload: WorkloadName,
    pub(super) size: u64,
    /// Seconds per inference, one value per sample.
    pub(super) seconds: Vec<f64>,
}

/// The answer to [`Work::Heap`]: sizes with what was allocated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HeapAnswer {
    pub(super) uses: Vec<(u64, u64, u64)>,
}

impl HeapAnswer {
    pub(super) fn push(&mut self, size: u64, used: HeapUse) {
        self.uses.push((size, used.bytes, used.blocks));
    }
}

/// The answer to [`Work::CountByProcessor`]: samples as size, round and values, or why there are none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProcessorAnswer {
    pub(super) samples: std::result::Result<Vec<crate::record::Sample>, String>,
}

/// The answer to [`Work::Compute`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ComputeAnswer {
    pub(super) series: Vec<Series>,
}

impl Job {
    pub(super) fn new(work: Work) -> Self {
        Self { parent: std::process::id(), work, places: None, server: None }
    }

    /// The same for what runs at places of its own, if it does.
    pub(super) fn at(self, places: Option<Places>) -> Self {
        Self { places, ..self }
    }

    /// The same for a server, if it is one.
    pub(super) fn of_server(self, name: Option<String>) -> Self {
        Self { server: name, ..self }
    }

    /// The job of this process, if it was started for one, and where its answer goes.
    pub(super) fn of_this_process() -> Result<Option<(Self, PathBuf)>> {
        let Some(path) = std::env::var_os(VARIABLE).map(PathBuf::from) else { return Ok(None) };
        let fail = |cause: String, remedy: &str| Error::new(path.display(), cause, remedy);
        let unset = || format!("unset {VARIABLE}, or use `cargo bench`");
        let text = std::fs::read_to_string(&path).map_err(|error| fail(error.to_string(), &unset()))?;
        let job =
            serde_json::from_str(&text).map_err(|error| fail(error.to_string(), crate::measure::OTHER_VERSION))?;
        Ok(Some((job, answer_path(&path))))
    }

    /// Writes the document to `path`.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        write(path, self)
    }

    /// The variable that hands the document to a process.
    pub(super) fn variable(path: &Path) -> (&'static str, &Path) {
        (VARIABLE, path)
    }
}

/// Leaves an answer, or the error that took its place.
pub(super) fn answer<T: Serialize>(path: &Path, answer: &Result<T>) -> Result<()> {
    write(path, answer)
}

/// The answer to the job at `path`; `None` if the process left none.
pub(super) fn read_answer<T: DeserializeOwned>(path: &Path) -> Option<Result<T>> {
    serde_json::from_str(&std::fs::read_to_string(answer_path(path)).ok()?).ok()
}

/// The error that the process of the job at `path` left.
pub(super) fn read_error(path: &Path) -> Option<Error> {
    read_answer::<serde_json::Value>(path)?.err()
}

fn answer_path(job: &Path) -> PathBuf {
    job.with_extension("answer.json")
}

fn write<T: Serialize>(path: &Path, document: &T) -> Result<()> {
    serde_json::to_vec(document)
        .map_err(std::io::Error::from)
        .and_then(|text| std::fs::write(path, text))
        .map_err(|error| Error::new(path.display(), error, "make the directory writable; it takes the run's files"))
}
