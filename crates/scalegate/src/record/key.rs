//! What names a series within a run.

use std::fmt;

use crate::metric::Metric;
use crate::workload::WorkloadName;

/// A workload and what was measured of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    /// The workload.
    pub workload: WorkloadName,
    /// The metric.
    pub metric: Metric,
}

impl SeriesKey {
    /// The key of this workload and metric.
    pub fn new(workload: impl Into<WorkloadName>, metric: Metric) -> Self {
        Self { workload: workload.into(), metric }
    }
}

impl fmt::Display for SeriesKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.workload, self.metric)
    }
}
