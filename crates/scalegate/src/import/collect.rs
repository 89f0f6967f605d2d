//! Measured values on their way to a record.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::metric::Metric;
use crate::record::{Document, Provenance, Run, Sample, Series, SeriesKey};
use crate::workload::WorkloadName;
use crate::{Axis, Error, Result, bounded};

/// One value that a tool measured.
pub(super) struct Measured<'a> {
    pub(super) workload: &'a str,
    pub(super) axis: Axis,
    pub(super) metric: Metric,
    pub(super) size: u64,
    pub(super) value: f64,
    /// Tokens that are read and made at this size, if the tool says how many.
    pub(super) tokens: Option<u64>,
    /// Settings that make series incomparable if they differ.
    pub(super) protocol: BTreeMap<String, String>,
}

impl<'a> Measured<'a> {
    /// A time in seconds of a tool that tells neither tokens nor settings.
    pub(super) fn wall_time(workload: &'a str, axis: &Axis, size: u64, value: f64) -> Self {
        let (axis, metric) = (axis.clone(), Metric::WallTime);
        Self { workload, axis, metric, size, value, tokens: None, protocol: BTreeMap::new() }
    }
}

/// A record, with how its rounds came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The record.
    pub run: Run,
    /// In which order the tool took its repetitions.
    pub order: Order,
}

impl Imported {
    /// Gives the one workload of the record another name.
    ///
    /// # Errors
    /// There are several workloads, or the name is none.
    pub fn rename(&mut self, name: &WorkloadName) -> Result<()> {
        let workloads: BTreeSet<&str> = self.run.series.iter().map(|series| &*series.workload).collect();
        if workloads.len() > 1 {
            let all = workloads.into_iter().map(|workload| format!("`{workload}`")).collect::<Vec<_>>().join(", ");
            let remedy = "leave --name out, or let the tool run one benchmark alone";
            return Err(Error::new("--name", format!("there are several workloads: {all}"), remedy));
        }
        for series in &mut self.run.series {
            series.workload = name.clone();
        }
        self.run.check().map_err(|cause| Error::new("--name", cause, "give it a name such as `sort/stable`"))
    }
}

/// In which order a tool repeats its sizes. Only what takes turns over the sizes makes rounds: repetitions that follow one another at
/// a size share the minute in which they were taken, and that minute would pass for a property of the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// All of a size one after the other: what a file holds is one round.
    Consecutive,
    /// In turns or in a random order over all sizes: each repetition is a round.
    Interleaved,
    /// All of a size one after the other, of which only the median is read: each run of the tool is one round.
    Medians,
    /// The file says which round each value is of.
    Given,
}

/// Values by workload and metric.
#[derive(Default)]
pub(super) struct Collector {
    series: BTreeMap<SeriesKey, Series>,
    /// The first round of the file that is read.
    first: u32,
}

impl Collector {
    /// What is added from now on comes from another run of the tool, whose rounds follow those of the files before.
    pub(super) fn next_file(&mut self) {
        let rounds = self.series.values().flat_map(|series| &series.samples).map(|sample| sample.round + 1);
        self.first = rounds.max().unwrap_or(0);
    }

    /// Adds a value: to the round of its file if the tool repeats a size at once, else as the next round of its size.
    ///
    /// # Errors
    /// What makes it no cost, or no cost of the series that has its name.
    pub(super) fn add(&mut self, measured: Measured, order: Order) -> Result<(), String> {
        let Measured { workload, axis, metric, size, value, tokens, protocol } = measured;
        if !value.is_finite() || value < 0.0 {
            return Err(format!("a value of {value}; costs are finite and not negative"));
        }
        if size == 0 {
            return Err("a size of zero".to_owned());
        }
        let series = self
            .series
            .entry(SeriesKey::new(workload, metric))
            .or_insert_with(|| Series { protocol: protocol.clone(), ..Series::new(workload, axis.clone(), metric) });
        if series.axis != axis {
            return Err(format!("axis {}, but before {}", axis.name(), series.axis.name()));
        }
        if let Some((name, before, after)) = difference(&series.protocol, &protocol) {
            return Err(format!("{name} is {after}, but {before} for other sizes of {workload}"));
        }
        series.tokens.extend(tokens.map(|tokens| (size, tokens)));
        let first = self.first;
        let mut taken = series.samples.iter_mut().filter(|sample| sample.size == size && sample.round >= first);
        if order == Order::Consecutive
            && let Some(sample) = taken.next_back()
        {
            sample.values.push(value);
            return Ok(());
        }
        let round = first + u32::try_from(taken.count()).map_err(|error| error.to_string())?;
        series.samples.push(Sample { size, round, values: vec![value] });
        Ok(())
    }

    /// The record of what the files hold.
    ///
    /// # Errors
    /// There is no value.
    pub(super) fn imported(
        self,
        paths: &[PathBuf],
        provenance: Provenance,
        order: Order,
        remedy: &str,
    ) -> Result<Imported> {
        let place = || paths.iter().map(|path| place(path)).collect::<Vec<_>>().join(", ");
        if self.series.is_empty() {
            return Err(Error::new(place(), "there is no result of a benchmark in it", remedy));
        }
        let mut run = Run::new(provenance);
        run.series = self.series.into_values().collect();
        run.check().map_err(|cause| Error::new(place(), cause, remedy))?;
        Ok(Imported { run, order })
    }
}

fn difference<'a>(
    before: &'a BTreeMap<String, String>,
    after: &'a BTreeMap<String, String>,
) -> Option<(&'a str, &'a str, &'a str)> {
    before.iter().find_map(|(name, value)| {
        let other = after.get(name).map_or("absent", String::as_str);
        (other != value).then_some((name.as_str(), value.as_str(), other))
    })
}

/// The most that is read of a file: a run of pytest-benchmark with all of its data takes a few MB.
const MAX_BYTES: u64 = 64 << 20;

/// The text of a file that another tool wrote, or of standard input if it is called `-`. Nothing else is waited for: a pipe that
/// has a name may have nobody who writes to it.
///
/// # Errors
/// It cannot be read, is no file, has more than 64 MiB or is not UTF-8.
pub(super) fn read(path: &Path) -> Result<String> {
    let text = if is_standard_input(path) {
        bounded::text_of_reader(std::io::stdin().lock(), MAX_BYTES)
    } else {
        bounded::text(path, MAX_BYTES)
    };
    let remedy = "name the file that the tool wrote, or `-` for standard input; up to 64 MiB of UTF-8 text are read";
    text.map_err(|error| Error::new(place(path), error, remedy))
}

/// A file as messages name it.
pub(super) fn place(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_owned() } else { path.display().to_string() }
}

fn is_standard_input(path: &Path) -> bool {
    path == Path::new("-")
}

/// Text without its quotes, other values as JSON has them.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Provenance {
    /// Notes the processor that a file of a tool names.
    ///
    /// # Errors
    /// An earlier file names another one.
    pub(super) fn on_processor(&mut self, cpu: Option<String>) -> Result<(), String> {
        let Some(cpu) = cpu else { return Ok(()) };
        let earlier = std::mem::replace(&mut self.host.cpu, cpu);
        if earlier == Self::imported().host.cpu || earlier == self.host.cpu {
            return Ok(());
        }
        Err(format!("it was measured on `{}`, but the files before on `{earlier}`", self.host.cpu))
    }
}
