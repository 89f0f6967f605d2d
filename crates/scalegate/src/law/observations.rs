//! What a fit is made from: one cost per size and round.

use std::collections::BTreeMap;

use thiserror::Error;

/// Costs of one workload and metric, one value per size and round (the statistic of that round's samples).
///
/// Sizes are ascending and distinct, rounds ascending; a cell may be missing. The unit of cost is the caller's.
#[derive(Debug, Clone, PartialEq)]
pub struct Observations {
    sizes: Vec<f64>,
    rounds: Vec<u32>,
    /// Round-major: `costs[round * sizes.len() + size]`.
    costs: Vec<Option<f64>>,
}

/// Why a set of points is no set of observations.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ObservationsError {
    /// There is not a single point.
    #[error("no observation at all")]
    Empty,
    /// A size that is zero, negative, infinite or NaN.
    #[error("size {size} is not a positive finite number")]
    Size {
        /// The offending size.
        size: f64,
    },
    /// A cost that is negative, infinite or NaN.
    #[error("cost {cost} at size {size} in round {round} is not a finite number from 0 upwards")]
    Cost {
        /// The size of the offending point.
        size: f64,
        /// Its round.
        round: u32,
        /// The offending cost.
        cost: f64,
    },
    /// Two costs for one size in one round.
    #[error("size {size} occurs twice in round {round}")]
    Duplicate {
        /// The repeated size.
        size: f64,
        /// The round that has it twice.
        round: u32,
    },
}

impl Observations {
    /// Collects points of (size, round, cost), in any order.
    ///
    /// # Errors
    /// No point, a size that isn't positive and finite, a cost that isn't finite or is below zero, or a cell twice.
    pub fn new(points: impl IntoIterator<Item = (f64, u32, f64)>) -> Result<Self, ObservationsError> {
        // Positive floats order as their bits do, which makes them usable as keys.
        let mut cells: BTreeMap<(u32, u64), f64> = BTreeMap::new();
        for (size, round, cost) in points {
            if !(size.is_finite() && size > 0.0) {
                return Err(ObservationsError::Size { size });
            }
            if !(cost.is_finite() && cost >= 0.0) {
                return Err(ObservationsError::Cost { size, round, cost });
            }
            if cells.insert((round, size.to_bits()), cost).is_some() {
                return Err(ObservationsError::Duplicate { size, round });
            }
        }
        if cells.is_empty() {
            return Err(ObservationsError::Empty);
        }
        let mut keys: Vec<u64> = cells.keys().map(|&(_, size)| size).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut rounds: Vec<u32> = cells.keys().map(|&(round, _)| round).collect();
        rounds.dedup();
        let costs = rounds
            .iter()
            .flat_map(|&r| keys.iter().map(move |&k| (r, k)))
            .map(|key| cells.get(&key).copied())
            .collect();
        Ok(Self { sizes: keys.into_iter().map(f64::from_bits).collect(), rounds, costs })
    }

    /// The sizes, ascending.
    pub fn sizes(&self) -> &[f64] {
        &self.sizes
    }

    /// The labels of the rounds, ascending.
    pub fn rounds(&self) -> &[u32] {
        &self.rounds
    }

    /// The number of rounds that have at least one cost.
    pub fn n_rounds(&self) -> usize {
        self.rounds.len()
    }

    /// The costs of the `round`-th round in the order of the sizes; a missing cell is `None`.
    pub fn round(&self, round: usize) -> &[Option<f64>] {
        let n = self.sizes.len();
        &self.costs[round * n..(round + 1) * n]
    }

    /// Whether every round has a cost at every size.
    pub fn is_complete(&self) -> bool {
        self.costs.iter().all(Option::is_some)
    }

    /// The points as (size, round, cost).
    pub fn points(&self) -> impl Iterator<Item = (f64, u32, f64)> + '_ {
        self.rounds.iter().enumerate().flat_map(move |(r, &round)| {
            self.sizes.iter().zip(self.round(r)).filter_map(move |(&size, cost)| cost.map(|c| (size, round, c)))
        })
    }

    /// The same observations at some of the sizes only; `None` when nothing is left.
    pub fn restricted_to(&self, keep: &[f64]) -> Option<Self> {
        Self::new(self.points().filter(|(size, _, _)| keep.contains(size))).ok()
    }
}
