//! What the counting targets count: the workloads of `[instructions]` that this run asks for.

use super::record::Destination;
use super::request::{Request, Step};
use super::wall_time::is_for_criterion;
use crate::metric::Metric;
use crate::record::{Sample, Series};
use crate::suite::Suite;
use crate::workload::{Registry, Workload};
use crate::{Result, time};

use std::collections::BTreeMap;

/// The work of a counting target.
pub(super) struct Cases {
    /// The suite of the file.
    pub(super) suite: Suite,
    /// What `scalegate run` asks for.
    pub(super) request: Request,
    /// At the sizes of `[instructions]`.
    pub(super) workloads: Vec<Box<dyn Workload>>,
    /// Where the series go.
    pub(super) destination: Destination,
}

impl Cases {
    /// The cases of this process; `None` if it is asked for nothing that yields one of `metrics`.
    pub(super) fn of_this_process(metrics: &[Metric]) -> Result<Option<Self>> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        if is_for_criterion(&arguments) {
            return Ok(None);
        }
        let suite = Suite::load_here()?;
        let Some(counted) = suite.counted() else { return Ok(None) };
        let request = Request::of_this_process()?;
        let is_chosen = request.chooser(&arguments)?;
        let mut workloads = Registry::all(&counted)?;
        workloads.retain(|workload| is_chosen(workload.name()));
        let is_round = matches!(request.step, Some(Step::Round(_)));
        if is_round || workloads.is_empty() || !metrics.iter().any(|metric| request.wants(*metric)) {
            return Ok(None);
        }
        let destination = Destination::open(&suite, &request)?;
        let wanted: Vec<Metric> = metrics.iter().copied().filter(|metric| request.wants(*metric)).collect();
        workloads.retain(|workload| !destination.holds(workload.name(), &wanted));
        if workloads.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self { suite, request, workloads, destination }))
    }

    /// The series of one workload and metric, or why it has none.
    pub(super) fn series(
        workload: &dyn Workload,
        metric: Metric,
        environment: &BTreeMap<String, String>,
        samples: std::result::Result<Vec<Sample>, String>,
    ) -> Series {
        let mut protocol = workload.protocol();
        protocol.extend(environment.clone());
        let (samples, unavailable) = match samples {
            Ok(samples) => (samples, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        Series {
            workload: workload.name().to_owned(),
            axis: workload.axis(),
            metric,
            unit: metric.unit().to_owned(),
            measured: Some(time::now()),
            protocol,
            conditions: BTreeMap::new(),
            looks: Vec::new(),
            samples,
            unavailable,
        }
    }
}

/// A count as a sample; counts below 2^53 are exact.
pub(super) fn sample(size: u64, count: u64) -> Sample {
    Sample { size, round: 0, values: vec![count as f64] }
}
