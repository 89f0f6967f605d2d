//! Predictions put to the test: some sizes are held out of a fit, and then predicted.

use super::{FitOptions, Observations, Predictor};

/// How many of the largest sizes are held out.
const HELD_OUT: usize = 2;

/// How many costs of the two largest sizes lie within their 95 % prediction intervals by the law of the others, and how many there are;
/// `None` where nothing is predicted: too few sizes, no law, or sizes too far from the others.
pub fn hold_out(observations: &Observations) -> Option<(u64, u64)> {
    let sizes = observations.sizes();
    hold_out_sizes(observations, &sizes[sizes.len().checked_sub(HELD_OUT)?..])
}

/// The same of the costs of the sizes `held`, by the law of the others.
pub fn hold_out_sizes(observations: &Observations, held: &[f64]) -> Option<(u64, u64)> {
    let kept: Vec<f64> = observations.sizes().iter().copied().filter(|size| !held.contains(size)).collect();
    let predictor = Predictor::new(&observations.restricted_to(&kept)?, &FitOptions::default()).ok()?;
    let mut counts = (0, 0);
    for (size, _, cost) in observations.points().filter(|(size, ..)| held.contains(size)) {
        let its = predictor.at(size).ok()?.cost;
        counts = (counts.0 + u64::from(its.lower <= cost && cost <= its.upper), counts.1 + 1);
    }
    Some(counts)
}
