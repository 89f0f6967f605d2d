//! Ratios by size, from pairs of rounds.

use super::interval::Spread;
use super::{FitError, Interval, Observations, Panel};

/// The relative change from `base` to `head` at each size, with intervals over the pairs of rounds.
///
/// # Errors
/// Too few sizes, a cost of zero, or sides that are no pairs.
pub fn ratios(base: &Observations, head: &Observations, confidence: f64) -> Result<Vec<(f64, Interval)>, FitError> {
    let (before, after) = Panel::paired(base, head)?;
    let level = (after.scale / before.scale).ln();
    let differences = |without: Option<usize>| -> Vec<f64> {
        before.pooled(without).iter().zip(after.pooled(without)).map(|(b, a)| level + (a / b).ln()).collect()
    };
    let without: Vec<Vec<f64>> = (0..before.n_rounds()).map(|round| differences(Some(round))).collect();
    let shared = before.serial_correlation(&after);
    let ratio = |(s, estimate): (usize, f64)| {
        let column: Vec<f64> = without.iter().map(|row| row[s]).collect();
        let Interval { estimate, lower, upper } =
            Spread::serial_jackknife(estimate, &column, shared).interval(confidence);
        let [estimate, lower, upper] = [estimate, lower, upper].map(f64::exp_m1);
        (before.sizes[s], Interval { estimate, lower, upper })
    };
    Ok(differences(None).into_iter().enumerate().map(ratio).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_that_of_the_costs() {
        let side = |ratio: f64| {
            let cells =
                [100.0, 200.0, 400.0, 800.0].into_iter().flat_map(|size| (0..10).map(move |round| (size, round)));
            Observations::new(cells.map(|(size, round)| (size, round, ratio * size * (1.0 + 0.1 * f64::from(round)))))
                .unwrap()
        };
        for (_, change) in ratios(&side(1.0), &side(1.02), 0.95).unwrap() {
            assert!((change.estimate - 0.02).abs() < 1e-9, "{change:?}");
            assert!(change.upper - change.lower < 1e-6, "{change:?}");
        }
    }
}
