//! The costs of a run, size by size.

use crate::record::{Run, Series};
use crate::{Error, Result};

/// The costs of one size over the rounds.
pub(super) struct SizeCosts<'a> {
    pub(super) series: &'a Series,
    pub(super) size: u64,
    pub(super) median: f64,
    pub(super) lowest: f64,
    pub(super) highest: f64,
    pub(super) rounds: usize,
}

/// The costs of every size of the series that `is_wanted` names.
///
/// # Errors
/// There are none.
pub(super) fn costs(run: &Run, is_wanted: impl Fn(&Series) -> bool) -> Result<Vec<SizeCosts<'_>>> {
    let all: Vec<SizeCosts> = run.series.iter().filter(|series| is_wanted(series)).flat_map(of_series).collect();
    if all.is_empty() {
        return Err(nothing());
    }
    Ok(all)
}

/// Why there is nothing to write.
pub(super) fn nothing() -> Error {
    Error::new(
        "export",
        "no series of the run has samples that this format can hold",
        "measure with `cargo bench`, or name another record",
    )
}

fn of_series(series: &Series) -> impl Iterator<Item = SizeCosts<'_>> {
    series.sizes().into_iter().filter_map(move |size| {
        let of_size = series.costs().filter(|(n, ..)| *n == size as f64).map(|(.., cost)| cost);
        let mut costs: Vec<f64> = of_size.collect();
        costs.sort_by(f64::total_cmp);
        let middle = |i: usize| costs.get(i).copied();
        let rounds = costs.len();
        let median = f64::midpoint(middle(rounds.checked_sub(1)? / 2)?, middle(rounds / 2)?);
        Some(SizeCosts { series, size, median, lowest: *costs.first()?, highest: *costs.last()?, rounds })
    })
}
