//! Energy for a record from a log that is read later.

use super::sampled_series::{OF_ENERGY, forget_meter, lost, of_energy, of_meter};
use crate::measure::energy::{Energies, Energy, Load, Metered};
use crate::metric::Metric;
use crate::record::{Run, Sample, Series, Window};
use crate::workload::WorkloadName;

/// A workload with the number of its cases that have an energy now and the window that was lost, or why it has none.
pub(crate) type Attached = (WorkloadName, Result<(usize, Option<String>), String>);

/// Replaces the energy of every workload whose windows are known, and what is derived from it; that of the others stays as it is.
pub(crate) fn attach_energy(run: &mut Run, meter: &Metered) -> Vec<Attached> {
    let known: Vec<Series> = of_energy_alone(run).cloned().collect();
    let mut attached = Vec::new();
    for before in known {
        let workload = before.workload.clone();
        let outcome = match meter.energies(&before.windows) {
            _ if before.windows.is_empty() => match &before.unavailable {
                Some(reason) => Err(reason.clone()),
                None => continue,
            },
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

/// What the cases of a record used of the CPU, for the clock of a log.
pub(crate) fn loads(run: &Run) -> Vec<Load> {
    let of_series = |series: &Series| {
        let above_idle = run.series(&series.workload, Metric::Utilisation);
        let cores = |size, round| {
            let samples = above_idle.iter().flat_map(|series| &series.samples);
            // Where nothing else is known, a window in which inferences ran differs from one in which none did.
            let mut of_case = samples.filter(|sample| (sample.size, sample.round) == (size, round));
            of_case.next().and_then(|sample| sample.values.first().copied()).unwrap_or(1.0)
        };
        let load = |window: &Window| Load::new(window, [0.0, cores(window.size, window.round), 0.0]);
        series.windows.iter().map(load).collect::<Vec<Load>>()
    };
    of_energy_alone(run).flat_map(of_series).collect()
}

fn of_energy_alone(run: &Run) -> impl Iterator<Item = &Series> {
    run.series.iter().filter(|series| series.metric == Metric::Energy)
}

/// One of the series of a workload, with the settings and conditions of `before`; `None` if a case has no value.
fn series(before: &Series, metric: Metric, meter: &Metered, all: &Energies) -> Option<Series> {
    let mut series = Series { metric, unit: metric.unit().to_owned(), unavailable: None, ..before.clone() };
    series.protocol.insert("meter".to_owned(), meter.description.clone());
    forget_meter(&mut series.conditions);
    series.conditions.extend(of_meter(meter, all));
    if metric != Metric::Energy {
        series.windows.clear();
    }
    let sample = |energy: &Energy| {
        let value = of_energy(metric, energy, before.tokens.get(&energy.size).copied())?;
        Some(Sample { size: energy.size, round: energy.round, values: vec![value] })
    };
    series.samples = all.cases.iter().map(sample).collect::<Option<Vec<Sample>>>()?;
    series.samples.sort_unstable_by_key(|sample| (sample.round, sample.size));
    Some(series)
}
