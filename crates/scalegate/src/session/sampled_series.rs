//! From the sampled cases of a workload to its series.

use std::collections::BTreeMap;

use super::job::Described;
use crate::config::ResourceSettings;
use crate::measure::disturbance::{Surroundings, summary};
use crate::measure::energy::{Alignment, Energies, Energy, Load, Metered};
use crate::measure::placement::Placement;
use crate::measure::resources::{Costs, Rate, Trace, Windows};
use crate::metric::Metric;
use crate::record::{Sample, Series, Span, Window};
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

/// One case in one round.
pub(super) struct Measurement {
    pub(super) workload: WorkloadName,
    pub(super) size: u64,
    pub(super) round: u32,
    pub(super) windows: Windows,
    pub(super) surroundings: Surroundings,
    /// The CPU use while it did nothing, in cores, or what disturbed the last attempt.
    pub(super) idle_cores: Result<f64, String>,
    /// What disturbed each attempt that was.
    pub(super) disturbances: Vec<String>,
}

impl Measurement {
    /// Its windows with the CPU use in each; `None` without samples.
    pub(super) fn load(&self) -> Option<Load> {
        let Windows { before, busy, after, .. } = &self.windows;
        Some(Load::new(&self.window()?, [before, busy, after].map(Trace::mean_cores)))
    }

    /// When it was measured; `None` without samples.
    pub(super) fn window(&self) -> Option<Window> {
        let span = |trace: &Trace| {
            let (first, last) = trace.0.first().zip(trace.0.last())?;
            let at = |time_s: f64| self.windows.start_unix_s + time_s;
            Some(Span { from_s: at(first.time_s), to_s: at(last.time_s) })
        };
        Some(Window {
            size: self.size,
            round: self.round,
            inferences: self.windows.report.inferences,
            before: span(&self.windows.before)?,
            busy: span(&self.windows.busy)?,
            after: span(&self.windows.after)?,
        })
    }
}

/// What a meter reported, or why there is nothing.
pub(super) type Meter = Result<Metered, String>;

/// How often a process is polled by these settings.
pub(super) fn rate_of(settings: &ResourceSettings) -> Rate {
    let rate = if settings.polls_with_samples_only { Rate::exactly } else { Rate::of };
    rate(settings.rate_hz)
}

/// All series of a workload; none if no case of it was taken.
///
/// A case that stayed disturbed makes all of them unavailable: leaving it out would leave out what a change disturbs.
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
    let energies = energies_of(&cases, meter);
    let maker = Maker { workload, settings, allocator, cases, meter, energies };
    METRICS.into_iter().filter_map(|metric| maker.series(metric)).collect()
}

/// What the cases used, where all of them have windows without a disturbance.
fn energies_of(cases: &[&Measurement], meter: &Meter) -> Result<Energies, String> {
    // Said before what the meter lacks: no log that is attached later makes up for it.
    for case in cases {
        case.idle_cores.as_ref().map_err(|reason| stayed_disturbed(case, reason))?;
    }
    let meter = meter.as_ref().map_err(Clone::clone)?;
    meter.energies(&windows_of(cases)?).map_err(|(window, error)| {
        let place = format!("{} at size {} in round {}", cases[0].workload, window.size, window.round + 1);
        format!("{place}: {error}; `scalegate attach-energy LOG RUN` reads a log again that is complete by now")
    })
}

fn windows_of(cases: &[&Measurement]) -> Result<Vec<Window>, String> {
    let window = |case: &&Measurement| case.window().ok_or_else(|| in_case(case, "a window without samples"));
    cases.iter().map(window).collect()
}

fn in_case(case: &Measurement, reason: &str) -> String {
    format!("{} at size {} in round {}: {reason}", case.workload, case.size, case.round + 1)
}

fn stayed_disturbed(case: &Measurement, reason: &str) -> String {
    in_case(case, &format!("it stayed disturbed in {} attempts: {reason}", case.disturbances.len()))
}

/// Energy, and what is derived from it.
pub(super) const OF_ENERGY: [Metric; 3] = [Metric::Energy, Metric::MeanPower, Metric::TokensPerJoule];

/// A value of a case that is one of [`OF_ENERGY`]; `None` where there is none, as of tokens without energy.
pub(super) fn of_energy(metric: Metric, energy: &Energy, tokens: Option<u64>) -> Option<f64> {
    match metric {
        Metric::Energy => Some(energy.per_inference_j),
        Metric::MeanPower => Some(energy.busy_w),
        _ => tokens.filter(|_| energy.per_inference_j > 0.0).map(|tokens| tokens as f64 / energy.per_inference_j),
    }
}

struct Maker<'a> {
    workload: &'a Described,
    settings: &'a ResourceSettings,
    allocator: &'a str,
    cases: Vec<&'a Measurement>,
    meter: &'a Meter,
    energies: Result<Energies, String>,
}

impl Maker<'_> {
    /// A series; `None` for what has no meaning here, and for what a missing energy would only repeat.
    fn series(&self, metric: Metric) -> Option<Series> {
        let samples = if OF_ENERGY.contains(&metric) {
            self.energy_samples(metric)
        } else {
            let value = |case: &&Measurement| Ok(sample(case.size, case.round, self.value(metric, case)?));
            self.cases.iter().map(value).collect::<Result<Vec<Sample>, String>>()
        };
        if matches!(metric, Metric::TokensPerJoule | Metric::MeanPower) && samples.is_err() {
            return None;
        }
        let (mut samples, unavailable) = match samples {
            Ok(samples) => (samples, None),
            Err(reason) => (Vec::new(), Some(reason)),
        };
        samples.sort_unstable_by_key(|sample| (sample.round, sample.size));
        let windows = if metric == Metric::Energy { self.windows() } else { Vec::new() };
        Some(Series {
            measured: Some(time::now()),
            protocol: self.protocol(metric),
            conditions: self.conditions(metric),
            tokens: self.workload.tokens_by_size(),
            expected_units: self.workload.expected_units_of(metric),
            samples,
            windows,
            unavailable,
            ..Series::new(self.workload.name.clone(), self.workload.axis.clone(), metric)
        })
    }

    fn tokens(&self, size: u64) -> Option<u64> {
        self.workload.tokens_by_size().get(&size).copied()
    }

    /// For a log that is attached later; none if a disturbed case would spoil the energy anyway.
    fn windows(&self) -> Vec<Window> {
        let is_steady = self.cases.iter().all(|case| case.idle_cores.is_ok());
        if is_steady { windows_of(&self.cases).unwrap_or_default() } else { Vec::new() }
    }

    fn energy_samples(&self, metric: Metric) -> Result<Vec<Sample>, String> {
        let all = self.energies.as_ref().map_err(Clone::clone)?;
        let value = |energy: &Energy| {
            let value = of_energy(metric, energy, self.tokens(energy.size)).ok_or("no energy above idle was seen")?;
            Ok(sample(energy.size, energy.round, value))
        };
        all.cases.iter().map(value).collect()
    }

    fn value(&self, metric: Metric, case: &Measurement) -> Result<f64, String> {
        let idle_cores = case.idle_cores.as_ref().map_err(|reason| stayed_disturbed(case, reason))?;
        let costs = Costs::new(&case.windows, *idle_cores);
        Ok(match metric {
            Metric::CpuAuc => costs.cpu_auc,
            Metric::CpuTime => costs.cpu_time,
            Metric::RssAuc => costs.rss_auc,
            Metric::PeakRss if self.kernel_tells_peaks() => case.windows.peak_bytes.unwrap_or(costs.sampled_peak),
            Metric::PeakRss => costs.sampled_peak,
            _ => costs.utilisation,
        })
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
                protocol.insert("above".to_owned(), "the unloaded process".to_owned());
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
            (Metric::Energy | Metric::MeanPower | Metric::TokensPerJoule, Ok(meter)) => {
                protocol.insert("meter".to_owned(), meter.description.clone());
            }
            _ => {}
        }
        protocol
    }

    /// What went on meanwhile, and what had to be measured again.
    fn conditions(&self, metric: Metric) -> BTreeMap<String, String> {
        let windows: Vec<Surroundings> = self.cases.iter().map(|case| case.surroundings.clone()).collect();
        let mut conditions = summary(&windows);
        let disturbed = || self.cases.iter().flat_map(|case| &case.disturbances);
        if let Some(last) = disturbed().last() {
            conditions.insert("disturbed_windows".to_owned(), disturbed().count().to_string());
            conditions.insert("last_disturbance".to_owned(), last.clone());
        }
        if let (true, Ok(meter), Ok(energies)) = (OF_ENERGY.contains(&metric), self.meter, &self.energies) {
            conditions.extend(of_meter(meter, energies));
        }
        conditions
    }
}

/// The conditions that name the window which the meter's log ended in, and how its clock was found.
const LOST_WINDOW: &str = "lost_window";
const CLOCK: &str = "clock_of_the_log";

/// What has to be known of a meter's figures.
pub(super) fn of_meter(meter: &Metered, energies: &Energies) -> BTreeMap<String, String> {
    let lost = energies.lost.as_ref().map(|(window, error)| (LOST_WINDOW.to_owned(), lost(window, error)));
    let clock = meter.alignment.as_ref().map(|found| (CLOCK.to_owned(), clock(found, energies.clock_share)));
    lost.into_iter().chain(clock).collect()
}

/// Takes away what [`of_meter`] said before.
#[cfg(feature = "cli")]
pub(super) fn forget_meter(conditions: &mut BTreeMap<String, String>) {
    conditions.retain(|key, _| ![LOST_WINDOW, CLOCK].contains(&&**key));
}

fn clock(found: &Alignment, share: f64) -> String {
    format!(
        "{:+.3} s ± {:.3} s by the CPU use (correlation {:.3}), which changes no energy by more than {:.1} %",
        found.offset_s,
        found.error_s,
        found.correlation,
        100.0 * share
    )
}

/// What is said of it.
pub(super) fn lost(window: &Window, error: &impl std::fmt::Display) -> String {
    format!("size {} in round {}: {error}", window.size, window.round + 1)
}

fn sample(size: u64, round: u32, value: f64) -> Sample {
    Sample { size, round, values: vec![value] }
}
