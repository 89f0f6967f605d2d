//! Comma-separated values, as [`import::csv`](crate::import::csv) reads them.

use super::costs::nothing;
use crate::record::Run;
use crate::{Error, Result};

/// A row for each workload, metric, size and round.
///
/// # Errors
/// A run without a sample.
pub fn csv(run: &Run) -> Result<Vec<u8>> {
    if run.series.iter().all(|series| series.samples.is_empty()) {
        return Err(nothing());
    }
    let fail = |error: String| Error::new("export", error, "report this as a fault of scalegate");
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer
        .write_record(["workload", "axis", "metric", "unit", "size", "round", "value"])
        .map_err(|error| fail(error.to_string()))?;
    for series in &run.series {
        for (size, round, cost) in series.costs() {
            let (axis, metric) = (series.axis.name(), series.metric.name());
            // Rust writes the shortest digits that read back as the same number.
            let row = [
                &series.workload,
                axis,
                metric,
                &series.unit,
                &size.to_string(),
                &round.to_string(),
                &cost.to_string(),
            ];
            writer.write_record(row).map_err(|error| fail(error.to_string()))?;
        }
    }
    writer.into_inner().map_err(|error| fail(error.to_string()))
}
