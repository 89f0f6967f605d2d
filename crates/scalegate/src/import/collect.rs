//! Measured values on their way to a record.

use std::collections::BTreeMap;
use std::path::Path;

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

/// Values by workload and metric. A tool that measures a size again and again makes a round each time.
#[derive(Default)]
pub(super) struct Collector {
    series: BTreeMap<SeriesKey, Series>,
}

impl Collector {
    /// Adds a value as the next round of its size.
    ///
    /// # Errors
    /// What makes it no cost, or no cost of the series that has its name.
    pub(super) fn add(&mut self, measured: Measured) -> Result<(), String> {
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
        let round = series.samples.iter().filter(|sample| sample.size == size).count();
        let round = u32::try_from(round).map_err(|error| error.to_string())?;
        series.samples.push(Sample { size, round, values: vec![value] });
        Ok(())
    }

    /// The record.
    ///
    /// # Errors
    /// There is no value.
    pub(super) fn into_run(self, provenance: Provenance) -> Result<Run, String> {
        let mut run = Run::new(provenance);
        run.series = self.series.into_values().collect();
        run.check()?;
        Ok(run)
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
