//! Energy for a record from a log that is read later.

use super::sampled_series::{LOST_WINDOW, OF_ENERGY, lost, of_energy};
use crate::measure::energy::{Energies, Readings, energies};
use crate::metric::Metric;
use crate::record::{Run, Sample, Series};
use crate::workload::WorkloadName;

/// A workload with the number of its cases that have an energy now and the window that was lost, or why it has none.
pub(crate) type Attached = (WorkloadName, Result<(usize, Option<String>), String>);

/// Replaces the energy of every workload whose windows are known, and what is derived from it; that of the others stays as it is.
pub(crate) fn attach_energy(run: &mut Run, meter: &str, readings: &Readings) -> Vec<Attached> {
    let has_windows = |series: &&Series| series.metric == Metric::Energy && !series.windows.is_empty();
    let known: Vec<Series> = run.series.iter().filter(has_windows).cloned().collect();
    let mut attached = Vec::new();
    for before in known {
        let workload = before.workload.clone();
        let outcome = match energies(&before.windows, readings) {
            Err((window, error)) => Err(format!("{workload} {}", lost(&window, &error))),
            Ok(all) => {
                run.series.retain(|series| series.workload != workload || !OF_ENERGY.contains(&series.metric));
                run.series.extend(OF_ENERGY.into_iter().filter_map(|metric| series(&before, metric, meter, &all)));
                Ok((all.cases.len(), all.lost.map(|(window, error)| lost(&window, &error))))
            }
        };
        attached.push((workload, outcome));
    }
    Series::sort(&mut run.series);
    attached
}

/// One of the series of a workload, with the settings and conditions of `before`; `None` if a case has no value.
fn series(before: &Series, metric: Metric, meter: &str, all: &Energies) -> Option<Series> {
    let mut series = Series { metric, unit: metric.unit().to_owned(), unavailable: None, ..before.clone() };
    series.protocol.insert("meter".to_owned(), meter.to_owned());
    series.conditions.remove(LOST_WINDOW);
    series.conditions.extend(all.lost.iter().map(|(window, error)| (LOST_WINDOW.to_owned(), lost(window, error))));
    if metric != Metric::Energy {
        series.windows.clear();
    }
    let sample = |energy: &crate::measure::energy::Energy| {
        let value = of_energy(metric, energy, before.tokens.get(&energy.size).copied())?;
        Some(Sample { size: energy.size, round: energy.round, values: vec![value] })
    };
    series.samples = all.cases.iter().map(sample).collect::<Option<Vec<Sample>>>()?;
    series.samples.sort_unstable_by_key(|sample| (sample.round, sample.size));
    Some(series)
}
