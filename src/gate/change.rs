//! The change of a quantity between two runs, with its uncertainty.

use super::quantity::{Quantity, Range};
use crate::law::{Form, Interval, Sample, Spread};

/// A quantity on one side: as it is, and its logarithm (NaN unless positive).
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    raw: Uncertain,
    log: Uncertain,
}

/// What a quantity is read off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reading {
    /// The law of this form: all sizes have a part in it.
    Law(Form),
    /// The costs of the smallest and the largest size themselves.
    Costs,
}

/// A value with what is known about its error: a spread over rounds, or a bound.
#[derive(Debug, Clone, Copy)]
struct Uncertain {
    spread: Spread,
    bound: f64,
}

/// A change, and how uncertain it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    centre: Uncertain,
    scale: Scale,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    /// The centre is the logarithm of a ratio.
    Log,
    /// The centre is the change itself, relative or not.
    Plain,
}

impl Measured {
    /// Reads a quantity off `sample`, with costs in the user's unit.
    pub(super) fn new(
        sample: &Sample,
        reading: Reading,
        quantity: Quantity,
        range: Range,
        noise: Option<f64>,
    ) -> Option<Self> {
        let read = |costs: Vec<f64>| {
            let value = match reading {
                Reading::Law(form) => quantity.of(&form.fit(&sample.points(costs))?.curve, range),
                Reading::Costs => quantity.of_ends(*costs.first()?, *costs.last()?)?,
            };
            Some(vec![value, value.ln()])
        };
        let uncertain: Vec<Uncertain> = match noise {
            None => {
                sample.spreads_over_rounds(read)?.into_iter().map(|spread| Uncertain { spread, bound: 0.0 }).collect()
            }
            Some(noise) => {
                let rows = sample.sensitivities(read)?;
                let exact = |estimate| Spread { estimate, standard_error: 0.0, degrees_of_freedom: 1.0 };
                // The worst that errors within the bound can do, to first order.
                let bound = |j: usize| noise * rows.iter().map(|row| row[j].abs()).sum::<f64>();
                let values = read(sample.panel.pooled(None))?;
                values.into_iter().enumerate().map(|(j, v)| Uncertain { spread: exact(v), bound: bound(j) }).collect()
            }
        };
        let (raw, mut log) = (uncertain[0], uncertain[1]);
        if !quantity.has_cost_unit() {
            return Some(Self { raw, log });
        }
        log.spread.estimate += sample.scale().ln();
        Some(Self { raw: raw.scaled(sample.scale()), log })
    }

    /// A value that is known but for a relative error of at most `bound`.
    pub(super) fn exact(value: f64, bound: f64) -> Self {
        let exact = |estimate| Spread { estimate, standard_error: 0.0, degrees_of_freedom: 1.0 };
        Self {
            raw: Uncertain { spread: exact(value), bound: bound * value.abs() },
            log: Uncertain { spread: exact(value.ln()), bound },
        }
    }

    pub(super) fn estimate(&self) -> f64 {
        self.raw.spread.estimate
    }
}

impl Uncertain {
    fn is_known(&self) -> bool {
        self.spread.estimate.is_finite() && self.spread.standard_error.is_finite() && self.bound.is_finite()
    }

    fn scaled(&self, by: f64) -> Self {
        let spread = Spread {
            estimate: self.spread.estimate * by,
            standard_error: self.spread.standard_error * by.abs(),
            ..self.spread
        };
        Self { spread, bound: self.bound * by.abs() }
    }

    /// `self − other`, with the degrees of freedom of Welch (*The generalization of Student's problem when several different
    /// population variances are involved*, Biometrika 34, 1947).
    fn minus(&self, other: &Self) -> Self {
        let (v, w) = (self.spread.standard_error.powi(2), other.spread.standard_error.powi(2));
        let (df_v, df_w) = (self.spread.degrees_of_freedom, other.spread.degrees_of_freedom);
        let degrees_of_freedom =
            if v + w > 0.0 { (v + w).powi(2) / (v * v / df_v + w * w / df_w) } else { df_v.min(df_w) };
        let spread = Spread {
            estimate: self.spread.estimate - other.spread.estimate,
            standard_error: (v + w).sqrt(),
            degrees_of_freedom,
        };
        Self { spread, bound: self.bound + other.bound }
    }
}

impl Change {
    /// From `baseline` to `run`; `None` where the quantity has no value on one side.
    pub(super) fn between(baseline: &Measured, run: &Measured, relative: bool) -> Option<Self> {
        let known = |c: &Uncertain| c.is_known();
        let change = if !relative {
            Self { centre: run.raw.minus(&baseline.raw), scale: Scale::Plain }
        } else if baseline.log.is_known() && run.log.is_known() {
            Self { centre: run.log.minus(&baseline.log), scale: Scale::Log }
        } else {
            // A ratio that is zero or negative on some round: its error by the delta method.
            let base = baseline.raw.spread.estimate;
            if base <= 0.0 {
                return None;
            }
            let ratio = run.raw.spread.estimate / base;
            let mut centre = run.raw.scaled(1.0 / base).minus(&baseline.raw.scaled(ratio / base));
            centre.spread.estimate = ratio - 1.0;
            Self { centre, scale: Scale::Plain }
        };
        known(&change.centre).then_some(change)
    }

    /// The interval by which a change is called one beyond `tolerance`, and its two-sided confidence: of a change within the
    /// tolerance, it lies above or below with a probability of at most `rate`.
    ///
    /// The null hypothesis is an interval (Hodges and Lehmann, *Testing the approximate validity of statistical hypotheses*, J. R.
    /// Statist. Soc. B 16, 1954), and hardest to tell from an alarm at one of its ends, where the other end's alarm is as far
    /// away as the tolerance is wide. Unless noise is as large as that, all of the rate belongs to the near end; split evenly,
    /// half of it would be lost.
    pub(super) fn alarm(&self, tolerance: f64, rate: f64) -> (Interval, f64) {
        let width = match self.scale {
            Scale::Log => tolerance.ln_1p() - (-tolerance).max(-1.0).ln_1p(),
            Scale::Plain => 2.0 * tolerance,
        };
        let far = self.centre.spread.tail_beyond(1.0 - 2.0 * rate, width);
        let near = (rate - far).max(rate / 2.0);
        let confidence = 1.0 - 2.0 * near;
        (self.interval(confidence), confidence)
    }

    /// The interval of the change at a two-sided confidence: relative (0.1 is +10 %) or a difference.
    pub(super) fn interval(&self, confidence: f64) -> Interval {
        let Interval { estimate, lower, upper } = self.centre.spread.interval(confidence);
        let (lower, upper) = (lower - self.centre.bound, upper + self.centre.bound);
        let ends = match self.scale {
            Scale::Log => [estimate, lower, upper].map(f64::exp_m1),
            Scale::Plain => [estimate, lower, upper],
        };
        // JSON has no infinity, and a change beyond 10^300 is none to argue about.
        let [estimate, lower, upper] = ends.map(|v| v.clamp(-1e300, 1e300));
        Interval { estimate, lower, upper }
    }
}

#[cfg(test)]
mod tests {
    use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

    use super::*;

    const DF: f64 = 18.0;
    const RATE: f64 = 0.001;

    fn change(standard_error: f64) -> Change {
        let spread = Spread { estimate: 0.0, standard_error, degrees_of_freedom: DF };
        Change { centre: Uncertain { spread, bound: 0.0 }, scale: Scale::Plain }
    }

    /// How often a change of just the tolerance of 1 is called one beyond it, up or down, with normal noise of this size: the
    /// mean over what the standard error may come out as.
    fn false_alarms(noise: f64) -> f64 {
        const STEPS: u32 = 4000;
        let (variance, normal) = (ChiSquared::new(DF).unwrap(), Normal::standard());
        let given = |step: u32| {
            let share = (f64::from(step) + 0.5) / f64::from(STEPS);
            let error = noise * (variance.inverse_cdf(share) / DF).sqrt();
            let half = change(error).alarm(1.0, RATE).0.upper;
            normal.sf(half / noise) + normal.sf((half + 2.0) / noise)
        };
        (0..STEPS).map(given).sum::<f64>() / f64::from(STEPS)
    }

    #[test]
    fn a_change_as_large_as_the_tolerance_is_an_alarm_no_more_often_than_the_rate() {
        for noise in [0.01, 0.1, 0.3, 0.5, 0.7, 1.0, 2.0, 5.0, 100.0] {
            let rate = false_alarms(noise);
            assert!(rate <= 1.01 * RATE, "{noise}: {rate}");
            assert!(rate >= 0.5 * RATE, "{noise}: {rate}");
        }
        let all = false_alarms(0.01);
        assert!((all / RATE - 1.0).abs() < 0.01, "little noise: {all}");
    }

    #[test]
    fn counts_without_spread_are_compared_with_the_tolerance_alone() {
        let (interval, confidence) = change(0.0).alarm(0.002, RATE);
        assert_eq!((interval.lower, interval.upper), (0.0, 0.0));
        assert!((confidence - (1.0 - 2.0 * RATE)).abs() < 1e-12);
    }
}
