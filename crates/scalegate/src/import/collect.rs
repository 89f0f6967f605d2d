//! Measured values on their way to a record.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::Axis;
use crate::metric::Metric;
use crate::record::{Document, Provenance, Run, Sample, Series, SeriesKey};
use crate::{Error, Result};

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

/// A record, with how its rounds came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The record.
    pub run: Run,
    /// In which order the tool took its repetitions.
    pub order: Order,
}

/// In which order a tool repeats its sizes. Only what takes turns over the sizes makes rounds: repetitions that follow one another at
/// a size share the minute in which they were taken, and that minute would pass for a property of the size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// All of a size one after the other: what a file holds is one round.
    Consecutive,
    /// In turns or in a random order over all sizes: each repetition is a round.
    Interleaved,
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
            && let Some(sample) = taken.next()
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
        let mut run = Run::new(provenance);
        run.series = self.series.into_values().collect();
        let place = || paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ");
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

/// The text of a file.
///
/// # Errors
/// It cannot be read.
pub(super) fn read(path: &Path, remedy: &str) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| Error::new(path.display(), error, remedy))
}

/// A size as tools write it: a whole number above zero.
pub(super) fn size(text: &str) -> Option<u64> {
    text.parse().ok().filter(|size| *size > 0)
}
