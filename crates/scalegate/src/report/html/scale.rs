//! Logarithmic axes: equal factors have equal lengths, as the laws' errors are relative.

/// From positive values to positions in a drawing.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogScale {
    /// Logarithms of the values at the two ends.
    ends: (f64, f64),
    /// Positions of the two ends.
    positions: (f64, f64),
}

/// Room around the outermost values, as a share of the axis.
const MARGIN: f64 = 0.04;
/// More labels than this run into each other at the width of a phone.
const MAX_TICKS: usize = 8;
/// Fewer labels than this don't let a reader tell the scale.
const MIN_TICKS: usize = 3;

/// The largest logarithm that is drawn (a value of about 1e260): with the room around it, its power is still finite.
const MAX_LOGARITHM: f64 = 600.0;

impl LogScale {
    /// Covers `values` and at least a factor of `min_factor`, so that noise isn't blown up to fill the picture. Values
    /// that have no logarithm are left out; `None` when nothing is left.
    pub(super) fn over(values: impl Iterator<Item = f64>, min_factor: f64, positions: (f64, f64)) -> Option<Self> {
        let (low, high) = values
            .filter(|value| value.is_finite() && *value > 0.0)
            .map(|value| value.ln().clamp(-MAX_LOGARITHM, MAX_LOGARITHM))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), ln| (low.min(ln), high.max(ln)));
        if low > high {
            return None;
        }
        let missing = (min_factor.ln() - (high - low)).max(0.0) / 2.0;
        let margin = MARGIN * (high - low + 2.0 * missing);
        Some(Self { ends: (low - missing - margin, high + missing + margin), positions })
    }

    /// From one value to another, without room around them; `None` if they are no two ascending ones above zero.
    pub(super) fn exactly((low, high): (f64, f64), positions: (f64, f64)) -> Option<Self> {
        (low > 0.0 && high > low && high.is_finite()).then(|| Self { ends: (low.ln(), high.ln()), positions })
    }

    /// The position of a value; beyond the ends, that of the end.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = (value.max(f64::MIN_POSITIVE).ln() - self.ends.0) / (self.ends.1 - self.ends.0);
        self.positions.0 + share.clamp(0.0, 1.0) * (self.positions.1 - self.positions.0)
    }

    /// Values to label, ascending: 1, 2 and 5 times powers of ten, or steps of a line where the axis is short.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let (low, high) = (self.ends.0.exp(), self.ends.1.exp());
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let within = |value: &f64| (low..=high).contains(value);
        let power = |exponent: i32, digit: f64| format!("{digit}e{exponent}").parse::<f64>().unwrap_or(f64::NAN);
        let fine: Vec<f64> =
            (first..=last).flat_map(|e| [1.0, 2.0, 5.0].map(|digit| power(e, digit))).filter(within).collect();
        if fine.len() < MIN_TICKS {
            return steps(low, high);
        }
        if fine.len() <= MAX_TICKS {
            return fine;
        }
        thinned((first..=last).map(|e| power(e, 1.0)).filter(within).collect())
    }

    /// Values to label where sizes double, as those of contexts and prompts do.
    pub(super) fn binary_ticks(&self) -> Vec<f64> {
        let (low, high) = (self.ends.0.exp(), self.ends.1.exp());
        let (first, last) = (low.log2().ceil() as i32, high.log2().floor() as i32);
        let powers: Vec<f64> = (first.max(0)..=last).map(f64::from).map(f64::exp2).collect();
        if powers.len() < MIN_TICKS { self.ticks() } else { thinned(powers) }
    }
}

/// Every n-th, so that few enough are left.
fn thinned(ticks: Vec<f64>) -> Vec<f64> {
    let stride = ticks.len().div_ceil(MAX_TICKS).max(1);
    ticks.into_iter().step_by(stride).collect()
}

/// Multiples of 1, 2 or 5 times a power of ten between `low` and `high`.
pub(super) fn steps(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / MIN_TICKS as f64;
    let decade = 10f64.powf(rough.log10().floor());
    let step = [5.0, 2.0, 1.0].map(|m| m * decade).into_iter().find(|step| *step <= rough).unwrap_or(rough);
    let first = (low / step).ceil();
    let count = ((high / step).floor() - first + 1.0).clamp(0.0, MAX_TICKS as f64) as usize;
    (0..count).map(|i| (first + i as f64) * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(low: f64, high: f64) -> LogScale {
        LogScale::over([low, high].into_iter(), 1.01, (0.0, 100.0)).unwrap()
    }

    #[test]
    fn equal_factors_have_equal_lengths() {
        let scale = over(1.0, 100.0);
        assert!((scale.at(10.0) - 50.0).abs() < 1e-9);
        assert!((scale.at(10.0) - scale.at(1.0) - (scale.at(100.0) - scale.at(10.0))).abs() < 1e-9);
        assert_eq!(scale.at(1e9), 100.0);
    }

    #[test]
    fn ticks_are_round_numbers_and_few() {
        assert_eq!(over(1e4, 3.6e6).ticks(), [1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6]);
        assert_eq!(over(16.0, 1024.0).binary_ticks(), [16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0]);
        assert_eq!(over(1.02, 1.38).ticks().len(), 3);
        assert_eq!(over(1.4, 3.3).ticks(), [1.5, 2.0, 2.5, 3.0]);
        for (low, high) in
            [(1e-9, 1e9), (1e-300, 1e300), (1e299, 1e300), (1e-308, 1e-307), (0.99, 1.01), (7.0, 7.001), (1.0, 1e6)]
        {
            for ticks in [over(low, high).ticks(), over(low, high).binary_ticks()] {
                assert!(ticks.len() <= MAX_TICKS && ticks.len() >= 2, "{low} to {high}: {ticks:?}");
                assert!(ticks.is_sorted(), "{ticks:?}");
            }
        }
    }

    #[test]
    fn values_without_a_logarithm_are_left_out() {
        assert!(LogScale::over([0.0, -1.0, f64::NAN].into_iter(), 2.0, (0.0, 1.0)).is_none());
        let scale = LogScale::over([0.0, 5.0].into_iter(), 2.0, (0.0, 1.0)).unwrap();
        assert!((scale.at(5.0) - 0.5).abs() < 1e-9);
    }
}
