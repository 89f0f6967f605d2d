//! Noise of real runs: the accepted baselines keep their raw samples.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use scalegate::baseline::Store;
use scalegate::config::Tolerances;
use scalegate::gate::{Case, Demand, Scope};
use scalegate::law::Observations;
use scalegate::law::random::uniform;
use scalegate::metric::Metric;
use scalegate::workload::WorkloadName;
use scalegate::{Axis, Error, Result, paths};

/// One workload as it was recorded: its costs, and what each round was relative to them.
#[derive(Debug, Clone)]
pub(crate) struct Recorded {
    pub(crate) workload: WorkloadName,
    pub(crate) axis: Axis,
    /// Size and geometric mean cost.
    pub(crate) costs: Vec<(f64, f64)>,
    /// Log cost over the mean, per round and size.
    rounds: Vec<Vec<f64>>,
}

/// The recorded wall times of all workloads.
pub(crate) fn load() -> Result<Vec<Recorded>> {
    let all: Vec<Recorded> = Store::new(paths::baselines())
        .portable()?
        .iter()
        .map(scalegate::baseline::Baseline::series)
        .filter(|series| series.metric == Metric::WallTime)
        .map(|series| Recorded::new(series.workload.clone(), series.axis.clone(), series.costs()))
        .collect();
    if all.is_empty() {
        return Err(Error::new("baselines", "no recorded wall times", "run this in the repository"));
    }
    Ok(all)
}

impl Recorded {
    fn new(workload: WorkloadName, axis: Axis, costs: impl Iterator<Item = (f64, u32, f64)>) -> Self {
        let mut by_round: BTreeMap<u32, BTreeMap<u64, f64>> = BTreeMap::new();
        for (size, round, cost) in costs {
            by_round.entry(round).or_default().insert(size as u64, cost.ln());
        }
        let most = by_round.values().map(BTreeMap::len).max().unwrap_or(0);
        // Every round of the accepted runs is whole; a partial one couldn't be drawn as a whole.
        let whole: Vec<&BTreeMap<u64, f64>> = by_round.values().filter(|round| round.len() == most).collect();
        let sizes: Vec<u64> = whole.first().map(|round| round.keys().copied().collect()).unwrap_or_default();
        let mean = |size: &u64| whole.iter().map(|round| round[size]).sum::<f64>() / whole.len() as f64;
        let means: Vec<f64> = sizes.iter().map(mean).collect();
        Self {
            workload,
            axis,
            rounds: whole.iter().map(|round| round.values().zip(&means).map(|(v, m)| v - m).collect()).collect(),
            costs: sizes.iter().zip(&means).map(|(&n, m)| (n as f64, m.exp())).collect(),
        }
    }

    pub(crate) fn n_rounds(&self) -> u32 {
        self.rounds.len() as u32
    }

    /// A run whose rounds are drawn from the recorded ones, with costs changed by `change(size, cost)`.
    pub(crate) fn resampled(&self, rng: &mut ChaCha8Rng, change: impl Fn(f64, f64) -> f64) -> Observations {
        let mut points = Vec::new();
        for round in 0..self.n_rounds() {
            let drawn = &self.rounds[(uniform(rng) * self.rounds.len() as f64) as usize];
            points.extend(self.costs.iter().zip(drawn).map(|(&(n, cost), e)| (n, round, change(n, cost) * e.exp())));
        }
        Observations::new(points).unwrap_or_else(|error| unreachable!("a recorded series has {error}"))
    }

    /// Both scopes of a comparison.
    pub(crate) fn cases(&self, tolerances: Tolerances, baseline: &Observations, run: &Observations) -> [Case; 2] {
        [Scope::Shape, Scope::Absolute].map(|scope| Case {
            host: String::new(),
            workload: self.workload.clone(),
            metric: Metric::WallTime,
            axis: self.axis.clone(),
            unit: "s".to_owned(),
            scope,
            tolerances,
            noise: None,
            // Stored costs are not decided by one run.
            paired: scope == Scope::Absolute,
            looks: Vec::new(),
            baseline: Some(baseline.clone()),
            further: Vec::new(),
            demand: Demand::Decided,
            run: Some(run.clone()),
            withheld: None,
        })
    }
}
