//! Comma-separated values: one row per measured value.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde::Deserialize;

use super::collect::{Imported, Order, place, read};
use crate::Axis;
use crate::metric::Metric;
use crate::record::{Document, Provenance, Run, Sample, Series, SeriesKey};
use crate::workload::WorkloadName;
use crate::{Error, Result};

const COLUMNS: [&str; 7] = ["workload", "axis", "metric", "unit", "size", "round", "value"];

#[derive(Deserialize)]
struct Row {
    workload: WorkloadName,
    axis: Axis,
    metric: Metric,
    unit: String,
    size: u64,
    round: u32,
    value: f64,
}

/// Reads a file with the columns `workload,axis,metric,unit,size,round,value` in any order.
///
/// # Errors
/// A missing or unknown column, a value that does not parse, is not finite or is negative, a second row for the same
/// size and round, or another unit than the metric has; each names its line.
pub fn csv(path: &Path) -> Result<Imported> {
    let remedy = "write one row per workload, metric, size and round, with the columns of docs/formats.md";
    let fail = |line: Option<u64>, cause: String| {
        let place = place(path);
        Error::new(line.map_or_else(|| place.clone(), |line| format!("{place}:{line}")), cause, remedy)
    };
    let text = read(path)?;
    let mut reader = ::csv::ReaderBuilder::new().trim(::csv::Trim::All).from_reader(text.as_bytes());
    let headers = reader.headers().map_err(|error| fail(Some(1), error.to_string()))?.clone();
    check_headers(&headers).map_err(|cause| fail(Some(1), cause))?;

    let mut series: BTreeMap<SeriesKey, Series> = BTreeMap::new();
    let mut seen = HashSet::new();
    for record in reader.records() {
        let record = record.map_err(|error| fail(error.position().map(::csv::Position::line), error.to_string()))?;
        let line = record.position().map(::csv::Position::line);
        let row: Row = record.deserialize(Some(&headers)).map_err(|error| fail(line, words(&error, &headers)))?;
        if !seen.insert((row.workload.clone(), row.metric, row.size, row.round)) {
            return Err(fail(line, format!("size {} and round {} have a row already", row.size, row.round)));
        }
        add(&mut series, row).map_err(|cause| fail(line, cause))?;
    }
    let mut run = Run::new(Provenance::imported());
    run.series = series.into_values().collect();
    run.check().map_err(|cause| fail(None, cause))?;
    Ok(Imported { run, order: Order::Given })
}

fn check_headers(headers: &::csv::StringRecord) -> Result<(), String> {
    if headers.len() == 1 && headers.iter().any(|header| header.contains(';')) {
        return Err("its columns are separated by `;`, and not by `,`".to_owned());
    }
    if let Some(missing) = COLUMNS.into_iter().find(|column| !headers.iter().any(|header| header == *column)) {
        return Err(format!("the column `{missing}` is missing"));
    }
    match headers.iter().enumerate().find(|(i, h)| !COLUMNS.contains(h) || headers.iter().take(*i).any(|o| o == *h)) {
        Some((_, header)) => Err(format!("the column `{header}` is unknown or there twice")),
        None => Ok(()),
    }
}

fn words(error: &::csv::Error, headers: &::csv::StringRecord) -> String {
    let ::csv::ErrorKind::Deserialize { err, .. } = error.kind() else { return error.to_string() };
    let column = err.field().and_then(|field| headers.get(usize::try_from(field).ok()?));
    column.map_or_else(|| err.to_string(), |column| format!("{column}: {}", err.kind()))
}

fn add(series: &mut BTreeMap<SeriesKey, Series>, row: Row) -> Result<(), String> {
    if row.unit != row.metric.unit() {
        return Err(format!("unit `{}`, but {} is in `{}`", row.unit, row.metric, row.metric.unit()));
    }
    if !row.value.is_finite() || row.value < 0.0 {
        return Err(format!("a value of {}; costs are finite and not negative", row.value));
    }
    if row.workload.is_empty() {
        return Err("a row without a workload".to_owned());
    }
    if row.size == 0 {
        return Err("a size of zero".to_owned());
    }
    let key = SeriesKey::new(row.workload, row.metric);
    let entry =
        series.entry(key).or_insert_with_key(|key| Series::new(key.workload.clone(), row.axis.clone(), key.metric));
    if entry.axis != row.axis {
        return Err(format!("axis {}, but earlier rows of the workload have {}", row.axis.name(), entry.axis.name()));
    }
    entry.samples.push(Sample { size: row.size, round: row.round, values: vec![row.value] });
    Ok(())
}
