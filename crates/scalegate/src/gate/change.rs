//! The change of a quantity between two runs, with its uncertainty.

use super::{Quantity, Range, between_runs};
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

impl Reading {
    /// A quantity of pooled costs, which are relative to the scale of `sample`.
    fn value(self, quantity: Quantity, range: Range, sample: &Sample, costs: Vec<f64>) -> Option<f64> {
        match self {
            Self::Law(form) => Some(quantity.of(&form.fit(&sample.points(costs))?.curve, range)),
            Self::Costs => quantity.of_ends(*costs.first()?, *costs.last()?),
        }
    }
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
            let value = reading.value(quantity, range, sample, costs)?;
            Some(vec![value, value.ln()])
        };
        let uncertain: Vec<Uncertain> = match noise {
            None if sample.panel.n_rounds() < 2 => {
                let values = read(sample.panel.pooled(None))?.into_iter();
                values.map(|value| Uncertain { spread: Spread::of_one(value), bound: 0.0 }).collect()
            }
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
    /// population variances are involved*, Biometrika 34, 1947), and no more than it would have if rounds vary alike on both
    /// sides.
    ///
    /// Welch's count is an estimate. Where a run has a quarter of its baseline's rounds, and they happen to lie close together, it
    /// says many degrees of freedom for a standard error that is too small, and an alarm at the first look would be false far
    /// more often than it may be.
    fn minus(&self, other: &Self) -> Self {
        let (v, w) = (self.spread.standard_error.powi(2), other.spread.standard_error.powi(2));
        let df = (self.spread.degrees_of_freedom, other.spread.degrees_of_freedom);
        let welch = |v: f64, w: f64| (v + w).powi(2) / (v * v / df.0 + w * w / df.1);
        let alike = welch((df.0 + 1.0).recip(), (df.1 + 1.0).recip());
        let degrees_of_freedom = if v + w > 0.0 { welch(v, w).min(alike) } else { alike };
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

    /// From runs that were accepted to `run`, of a quantity that is relative, with what changes between runs; `None` where the
    /// quantity has no value on one side.
    pub(super) fn from_accepted(accepted: &[Measured], run: &Measured) -> Option<Self> {
        let (centre, scale) = if run.log.is_known() && accepted.iter().all(|it| it.log.is_known()) {
            let logs: Vec<Spread> = accepted.iter().map(|it| it.log.spread).collect();
            (between_runs::change(&logs, run.log.spread, 1.0), Scale::Log)
        } else {
            // As in `between`, of a ratio that is zero or negative on some round.
            let base = between_runs::mean(accepted.iter().map(Measured::estimate));
            if base.is_nan() || base <= 0.0 {
                return None;
            }
            let shares: Vec<Spread> = accepted.iter().map(|it| it.raw.scaled(1.0 / base).spread).collect();
            let ratio = run.raw.scaled(1.0 / base).spread;
            (between_runs::change(&shares, ratio, ratio.estimate), Scale::Plain)
        };
        let centre = Uncertain { spread: centre, bound: 0.0 };
        centre.is_known().then_some(Self { centre, scale })
    }

    /// From `baseline` to `run`, which were measured in pairs of rounds, with the values of both; `None` where the quantity has no
    /// value on one side.
    pub(super) fn of_pairs(
        baseline: &Sample,
        run: &Sample,
        reading: Reading,
        quantity: Quantity,
        range: Range,
    ) -> Option<(f64, f64, Option<Self>)> {
        let scales = match quantity.has_cost_unit() {
            true => (baseline.scale(), run.scale()),
            false => (1.0, 1.0),
        };
        let read = |before: Vec<f64>, after: Vec<f64>| {
            let before = scales.0 * reading.value(quantity, range, baseline, before)?;
            let after = scales.1 * reading.value(quantity, range, run, after)?;
            Some(vec![before, after, (after / before).ln(), after / before - 1.0, after - before])
        };
        let spreads = baseline.spreads_over_pairs(run, read)?;
        let (before, after) = (spreads[0].estimate, spreads[1].estimate);
        let of = |index: usize, scale| Self { centre: Uncertain { spread: spreads[index], bound: 0.0 }, scale };
        let change = match quantity.is_relative() {
            false => of(4, Scale::Plain),
            true if spreads[2].estimate.is_finite() && spreads[2].standard_error.is_finite() => of(2, Scale::Log),
            true => of(3, Scale::Plain),
        };
        let is_known = change.centre.is_known() && (!quantity.is_relative() || before > 0.0);
        Some((before, after, is_known.then_some(change)))
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
    use statrs::distribution::{ChiSquared, Continuous, ContinuousCDF, Normal};

    use super::*;
    use crate::gate::interim::{looks, share};

    const RATE: f64 = 2.5e-5;

    fn uncertain(standard_error: f64, rounds: f64) -> Uncertain {
        let spread = Spread { estimate: 0.0, standard_error, degrees_of_freedom: rounds - 1.0 };
        Uncertain { spread, bound: 0.0 }
    }

    fn alarm(centre: Uncertain, tolerance: f64, rate: f64) -> (Interval, f64) {
        Change { centre, scale: Scale::Plain }.alarm(tolerance, rate)
    }

    /// What the variance of so many rounds may come out as, relative to the true one, with the probability of each.
    fn variances(rounds: f64) -> Vec<(f64, f64)> {
        const STEPS: u32 = 80;
        let distribution = ChiSquared::new(rounds - 1.0).unwrap();
        let at = |step: u32| (-9.0 + 11.0 * (f64::from(step) + 0.5) / f64::from(STEPS)).exp();
        let weighed: Vec<(f64, f64)> =
            (0..STEPS).map(|step| (at(step), at(step) * distribution.pdf(at(step) * (rounds - 1.0)))).collect();
        let whole: f64 = weighed.iter().map(|(_, weight)| weight).sum();
        weighed.into_iter().map(|(variance, weight)| (variance, weight / whole)).collect()
    }

    /// How often a change of just the tolerance of 1 is called one beyond it, up or down. Rounds have normal noise, of these
    /// standard deviations.
    fn false_alarms(run: (f64, f64), baseline: (f64, f64), rate: f64) -> f64 {
        let normal = Normal::standard();
        let square = |(rounds, deviation): (f64, f64)| deviation * deviation / rounds;
        let noise = (square(run) + square(baseline)).sqrt();
        let mut sum = 0.0;
        for &(v, p) in &variances(run.0) {
            for &(w, q) in &variances(baseline.0) {
                let sides = [(v, run), (w, baseline)].map(|(v, side)| uncertain((v * square(side)).sqrt(), side.0));
                let half = alarm(sides[0].minus(&sides[1]), 1.0, rate).0.upper;
                sum += p * q * (normal.sf(half / noise) + normal.sf((half + 2.0) / noise));
            }
        }
        sum
    }

    #[test]
    fn a_change_as_large_as_the_tolerance_is_an_alarm_no_more_often_than_the_rate() {
        for noise in [0.01, 0.1, 0.3, 1.0, 3.0, 10.0, 100.0] {
            let side = (10.0, noise);
            let rate = false_alarms(side, side, 0.001) / 0.001;
            assert!((0.4..1.0).contains(&rate), "{noise}: {rate}");
        }
    }

    /// The rate at the edge of the tolerance over the one allowed, all looks together, for a quantity of 40.
    #[test]
    #[expect(clippy::print_stdout, reason = "the rates go into docs/policy.md")]
    fn alarms_keep_to_their_rate_with_other_numbers_of_rounds() {
        for rounds in [10, 20] {
            for ratio in [0.25, 0.5, 1.0, 2.0, 4.0] {
                let looks = looks(rounds);
                let spent = |&look: &u32| {
                    let run = (f64::from(look), 0.01 * f64::sqrt(ratio));
                    false_alarms(run, (f64::from(rounds), 0.01), RATE * share(&looks, look)) / RATE
                };
                let rate: f64 = looks.iter().map(spent).sum();
                println!("| {rounds} | {ratio} | {rate:.2} |");
                let most = if (0.5..=2.0).contains(&ratio) { 1.1 } else { 2.0 };
                assert!(rate <= most, "{rounds} rounds, variances as {ratio} to 1: {rate}");
            }
        }
    }

    #[test]
    fn counts_without_spread_are_compared_with_the_tolerance_alone() {
        let (interval, confidence) = alarm(uncertain(0.0, 2.0), 0.002, RATE);
        assert_eq!((interval.lower, interval.upper), (0.0, 0.0));
        assert!((confidence - (1.0 - 2.0 * RATE)).abs() < 1e-12);
    }
}
