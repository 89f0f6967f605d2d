//! Estimates from pairs: a location that outliers don't move, and ratios by size.

use super::interval::Spread;
use super::{FitError, Interval, Observations, Panel};

/// The median of the means of all pairs of values, each with itself included; `None` without values.
///
/// Its standard error on normal values is 1.02 times that of the mean, and of the values 29 % may be anything (Hodges and Lehmann,
/// *Estimates of location based on rank tests*, Ann. Math. Statist. 34, 1963).
pub fn hodges_lehmann(values: &[f64]) -> Option<f64> {
    let mut means: Vec<f64> =
        values.iter().enumerate().flat_map(|(i, a)| values[i..].iter().map(move |b| 0.5 * (a + b))).collect();
    if means.is_empty() {
        return None;
    }
    means.sort_unstable_by(f64::total_cmp);
    let middle = means.len() / 2;
    Some(if means.len() % 2 == 1 { means[middle] } else { 0.5 * (means[middle - 1] + means[middle]) })
}

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
    let ratio = |(s, estimate): (usize, f64)| {
        let column: Vec<f64> = without.iter().map(|row| row[s]).collect();
        let Interval { estimate, lower, upper } = Spread::serial_jackknife(estimate, &column).interval(confidence);
        let [estimate, lower, upper] = [estimate, lower, upper].map(f64::exp_m1);
        (before.sizes[s], Interval { estimate, lower, upper })
    };
    Ok(differences(None).into_iter().enumerate().map(ratio).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_the_values_may_be_anything() {
        assert_eq!(hodges_lehmann(&[]), None);
        assert_eq!(hodges_lehmann(&[3.0]), Some(3.0));
        assert_eq!(hodges_lehmann(&[1.0, 2.0, 6.0]), Some(2.75));
        let estimate = hodges_lehmann(&[1.0, 1.01, 0.99, 1.0, 1.02, 0.98, 1e9, 1e9]).unwrap();
        assert!((estimate - 1.0).abs() < 0.03, "{estimate}");
    }

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
