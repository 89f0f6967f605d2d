//! From the sampled cases of a workload to its series.

use std::collections::BTreeMap;

use super::job::Described;
use crate::config::ResourceSettings;
use crate::measure::disturbance::{Surroundings, summary};
use crate::measure::energy::Readings;
use crate::measure::placement::Placement;
use crate::measure::resources::{Costs, Idle, Rate, Trace, Windows};
use crate::metric::Metric;
use crate::record::{Sample, Series};
use crate::time;
use crate::workload::WorkloadName;

/// What the sampler measures.
pub(super) const METRICS: [Metric; 8] = [
    Metric::CpuAuc,
    Metric::CpuTime,
    Metric::RssAuc,
    Metric::PeakRss,
    Metric::Utilisation,
    Metric::Energy,
    Metric::MeanPower,
    Metric::TokensPerJoule,
];

/// The idle power before and after a window may differ by this share of it.
const MAX_POWER_APART: f64 = 0.25;

/// One case in one round.
pub(super) struct Measurement {
    pub(super) workload: WorkloadName,
    pub(super) size: u64,
    pub(super) round: u32,
    pub(super) windows: Windows,
    pub(super) surroundings: Surroundings,
    /// The idle level, or what disturbed the last attempt.
    pub(super) level: Result<Idle, String>,
    /// What disturbed each attempt that was.
    pub(super) disturbances: Vec<String>,
}

/// A meter's description and what it reported, or why there is nothing.
pub(super) type Meter = Result<(String, Readings), String>;

/// How often a process is polled by these settings.
pub(super) fn rate_of(settings: &ResourceSettings) -> Rate {
    let rate = if settings.polls_with_samples_only { Rate::exactly } else { Rate::of };
    rate(settings.rate_hz)
}

/// All series of a workload; none if no case of it was taken.
///
/// A case that stayed disturbed makes all of them unavailable: leaving it out would leave out what a change disturbs.
/// Memory that stayed unsteady does so to its area alone.
pub(super) fn series(
    workload: &Described,
    settings: &ResourceSettings,
    allocator: &str,
    taken: &[Measurement],
    meter: &Meter,
) -> Vec<Series> {
    let cases: Vec<&Measurement> = taken.iter().filter(|case| case.workload == workload.name).collect();
    if cases.is_empty() {
        return Vec::new();
    }
    let maker = Maker { workload, settings, allocator, cases, meter };
    METRICS.into_iter().filter_map(|metric| maker.series(metric)).collect()
}

struct Maker<'a> {
    workload: &'a Described,
    settings: &'a ResourceSettings,
    allocator: &'a str,
    cases: Vec<&'a Measurement>,
    meter: &'a Meter,
}

impl Maker<'_> {
    /// A series; `None` for what has no meaning here, and for what a missing energy would only repeat.
    fn series(&self, metric: Metric) -> Option<Series> {
        let values: Result<Vec<f64>, String> = self.cases.iter().map(|case| self.value(metric, case)).collect();
        let has_tokens = self.cases.iter().all(|case| self.tokens(case.size).is_some());
        if (metric == Metric::TokensPerJoule && (!has_tokens || values.is_err()))
            || (metric == Metric::MeanPower && values.is_err())
        {
            return None;
        }
        let samples = values.as_ref().map_or_else(|_| Vec::new(), |values| self.samples(values));
        Some(Series {
            measured: Some(time::now()),
            protocol: self.protocol(metric),
            conditions: self.conditions(),
            tokens: self.workload.tokens_by_size(),
            samples,
            unavailable: values.err(),
            ..Series::new(self.workload.name.clone(), self.workload.axis.clone(), metric)
        })
    }

    fn tokens(&self, size: u64) -> Option<u64> {
        self.workload.tokens_by_size().get(&size).copied()
    }

    fn samples(&self, values: &[f64]) -> Vec<Sample> {
        let mut samples: Vec<Sample> = self
            .cases
            .iter()
            .zip(values)
            .map(|(case, value)| Sample { size: case.size, round: case.round, values: vec![*value] })
            .collect();
        samples.sort_unstable_by_key(|sample| (sample.round, sample.size));
        samples
    }

    fn value(&self, metric: Metric, case: &Measurement) -> Result<f64, String> {
        let in_case =
            |reason: String| format!("{} at size {} in round {}: {reason}", case.workload, case.size, case.round + 1);
        let stayed =
            |reason: &String| in_case(format!("it stayed disturbed in {} attempts: {reason}", case.disturbances.len()));
        let costs = Costs::new(&case.windows, case.level.as_ref().map_err(stayed)?);
        match metric {
            Metric::CpuAuc => Ok(costs.cpu_auc),
            Metric::CpuTime => Ok(costs.cpu_time),
            Metric::RssAuc => costs.rss_auc.map_err(in_case),
            Metric::PeakRss if self.kernel_tells_peaks() => Ok(case.windows.peak_bytes.unwrap_or(costs.sampled_peak)),
            Metric::PeakRss => Ok(costs.sampled_peak),
            Metric::Utilisation => Ok(costs.utilisation),
            _ => {
                let (_, readings) = self.meter.as_ref().map_err(Clone::clone)?;
                let power = Power::new(&case.windows, readings).map_err(in_case)?;
                let energy = (power.busy_w - power.idle_w).max(0.0) * case.windows.busy.duration_s()
                    / case.windows.report.inferences as f64;
                match (metric, self.tokens(case.size)) {
                    (Metric::MeanPower, _) => Ok(power.busy_w),
                    (Metric::TokensPerJoule, Some(tokens)) if energy > 0.0 => Ok(tokens as f64 / energy),
                    (Metric::TokensPerJoule, _) => Err(in_case("no energy above idle was seen".to_owned())),
                    _ => Ok(energy),
                }
            }
        }
    }

    /// All peaks of a series are taken in the same way.
    fn kernel_tells_peaks(&self) -> bool {
        self.cases.iter().all(|case| case.windows.peak_bytes.is_some())
    }

    fn protocol(&self, metric: Metric) -> BTreeMap<String, String> {
        let ResourceSettings { window_ms, inferences, idle_ms, rate_hz, attempts, others_cores, .. } = self.settings;
        let mut protocol = self.workload.protocol.clone();
        protocol.insert("allocator".to_owned(), self.allocator.to_owned());
        protocol.extend(Placement::here().map(|placement| ("cores".to_owned(), placement.to_string())));
        protocol.insert("window_ms".to_owned(), window_ms.to_string());
        protocol.insert("inferences".to_owned(), inferences.to_string());
        protocol.insert("idle_ms".to_owned(), idle_ms.to_string());
        protocol.insert("rate_hz".to_owned(), rate_hz.to_string());
        protocol.insert("attempts".to_owned(), attempts.to_string());
        protocol.insert("others_cores".to_owned(), others_cores.to_string());
        match (metric, self.meter) {
            (Metric::RssAuc, _) => {
                protocol.insert("polls_hz".to_owned(), rate_of(self.settings).polls_hz().to_string());
            }
            (Metric::PeakRss, _) => {
                let polls = format!("{} polls a second", rate_of(self.settings).polls_hz());
                let is_of_several = self.cases.iter().any(|case| case.windows.report.peak_bytes.is_some());
                let by = match self.kernel_tells_peaks() {
                    true if is_of_several => format!("{polls} of all processes, and the kernel of each"),
                    true => "the kernel".to_owned(),
                    false => polls,
                };
                protocol.insert("peak".to_owned(), by);
            }
            (Metric::Energy | Metric::MeanPower | Metric::TokensPerJoule, Ok((description, _))) => {
                protocol.insert("meter".to_owned(), description.clone());
            }
            _ => {}
        }
        protocol
    }

    /// What went on meanwhile, and what had to be measured again.
    fn conditions(&self) -> BTreeMap<String, String> {
        let windows: Vec<Surroundings> = self.cases.iter().map(|case| case.surroundings.clone()).collect();
        let mut conditions = summary(&windows);
        let disturbed = || self.cases.iter().flat_map(|case| &case.disturbances);
        if let Some(last) = disturbed().last() {
            conditions.insert("disturbed_windows".to_owned(), disturbed().count().to_string());
            conditions.insert("last_disturbance".to_owned(), last.clone());
        }
        conditions
    }
}

/// Power within the windows of a case, in watts.
struct Power {
    busy_w: f64,
    idle_w: f64,
}

impl Power {
    fn new(windows: &Windows, readings: &Readings) -> Result<Self, String> {
        let mean = |trace: &Trace| -> Result<f64, String> {
            let ends = trace.0.first().zip(trace.0.last()).ok_or("a window without samples")?;
            let (from, to) = (windows.start_unix_s + ends.0.time_s, windows.start_unix_s + ends.1.time_s);
            Ok(readings.energy_j(from, to)? / trace.duration_s())
        };
        let (before, after) = (mean(&windows.before)?, mean(&windows.after)?);
        let idle_w = f64::midpoint(before, after);
        if (before - after).abs() > MAX_POWER_APART * idle_w {
            return Err(format!("idle power was {before:.2} W before and {after:.2} W after, which is no level"));
        }
        Ok(Self { busy_w: mean(&windows.busy)?, idle_w })
    }
}
