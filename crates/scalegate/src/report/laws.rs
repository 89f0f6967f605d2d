//! Laws as text.

use super::expected_units;
use crate::Axis;
use crate::analysis::{SeriesFit, Unfitted};
use crate::law::{Class, Fit, FittedStep, Interval};
use crate::units::{cost, rounded, share, size, value};

/// One line per law, aligned; under it what its costs say against the units that were expected, if they say something.
pub fn fits_text(fits: &[SeriesFit]) -> String {
    let width = fits.iter().map(|fit| fit.workload.len()).max().unwrap_or(0);
    let metric_width = fits.iter().map(|fit| fit.metric.name().len()).max().unwrap_or(0);
    let indent = width + metric_width + 4;
    fits.iter()
        .map(|fit| {
            let found = expected_units::line(fit).map(|line| format!("{:indent$}{line}\n", ""));
            let law = law_words(fit);
            format!("{:width$}  {:metric_width$}  {law}\n{}", fit.workload, fit.metric, found.unwrap_or_default())
        })
        .collect()
}

/// The law of a series in words, or why there is none.
pub(super) fn law_words(series: &SeriesFit) -> String {
    let fit = match &series.outcome {
        Ok(fit) => fit,
        Err(Unfitted::Fault(reason)) => return format!("no law: {reason}"),
        Err(Unfitted::Value(number)) => return value(*number),
    };
    let clamp = series.expected_knee.map(|pixels| format!(", clamp at {}", size(pixels, &series.axis)));
    let numbers = law_numbers(series, fit, Intervals::Shown);
    format!(
        "{:12} {numbers}{}{}",
        fit.class,
        r_squared(fit).map_or_else(String::new, |it| format!(", {it}")),
        clamp.unwrap_or_default()
    )
}

/// A law in a few words: its class and the number that tells most, with half the width of its interval.
pub(super) fn brief_law(series: &SeriesFit, fit: &Fit) -> String {
    let words = Words { fit, axis: &series.axis, unit: &series.unit, intercept: "", intervals: Intervals::Left };
    let relative = |name: &str, words: String| match fit.parameter(name) {
        Some(its) if its.estimate > 0.0 => {
            let half = 50.0 * (its.upper - its.lower) / its.estimate;
            if half < 100.0 { format!("{words} ±{} %", crate::units::rounded_to_two(half)) } else { words }
        }
        _ => words,
    };
    let at_largest = |its: &Fit| cost(its.costs.last().copied().unwrap_or(0.0), &series.unit);
    match fit.class {
        Class::Constant => {
            format!("constant {}", relative("intercept", words.interval("intercept", |it| cost(it, &series.unit))))
        }
        Class::Knee => {
            format!("knee at {}", relative("breakpoint", words.interval("breakpoint", |it| size(it, &series.axis))))
        }
        Class::Staircase => {
            format!(
                "staircase, {} steps, growth {}",
                fit.steps.len(),
                relative("growth", words.interval("growth", factor))
            )
        }
        Class::Linear => format!("linear {}", relative("slope", words.interval("slope", |it| words.slope(it)))),
        Class::Linearithmic => format!("n log n {}", relative("slope", words.slope_at_largest())),
        Class::Quadratic => match fit.parameter("curvature_share") {
            Some(its) => {
                let half = 50.0 * (its.upper - its.lower);
                format!("quadratic, {:.0} % curved ±{} %", 100.0 * its.estimate, crate::units::rounded_to_two(half))
            }
            None => format!("quadratic, {} at the largest", at_largest(fit)),
        },
    }
}

/// Of more steps than these, the first and the last are named; JSON has all.
const MAX_SHOWN_STEPS: usize = 4;

/// `2.5×`.
fn factor(value: f64) -> String {
    format!("{}×", rounded(value))
}

/// What a law rests on, and how well it holds.
pub(super) fn grounds(fit: &Fit) -> String {
    let plural = if fit.n_rounds == 1 { "" } else { "s" };
    let sizes = format!("{} sizes in {} round{plural}", fit.n_sizes(), fit.n_rounds);
    r_squared(fit).map_or_else(|| sizes.clone(), |it| format!("{it}, {sizes}"))
}

/// The share of the variance that a law explains; a constant explains none, and is none the worse for it.
fn r_squared(fit: &Fit) -> Option<String> {
    (fit.class != Class::Constant).then(|| format!("R² {:.4}", fit.r_squared))
}

/// The numbers of a law in words, without its class.
pub(super) fn law_numbers(series: &SeriesFit, fit: &Fit, intervals: Intervals) -> String {
    let intercept = if series.has_startup { "start-up" } else { "intercept" };
    let words = Words { fit, axis: &series.axis, unit: &series.unit, intercept, intervals };
    std::iter::once(words.headline()).chain(words.curvature()).collect::<Vec<_>>().join(", ")
}

/// Whether numbers come with their intervals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Intervals {
    Shown,
    Left,
}

struct Words<'a> {
    fit: &'a Fit,
    axis: &'a Axis,
    unit: &'a str,
    /// What the cost at size zero is called.
    intercept: &'static str,
    intervals: Intervals,
}

impl Words<'_> {
    fn headline(&self) -> String {
        match self.fit.class {
            Class::Constant => self.interval("intercept", |value| cost(value, self.unit)),
            Class::Knee => format!(
                "at {}, {} below, level {}, {} above",
                self.interval("breakpoint", |value| size(value, self.axis)),
                self.interval("slope", |value| self.slope(value)),
                self.interval("level", |value| cost(value, self.unit)),
                self.interval("slope_above", |value| self.slope(value)),
            ),
            Class::Staircase => self.staircase(),
            Class::Linearithmic => format!("{} at {}", self.slope_at_largest(), size(self.largest(), self.axis)),
            Class::Linear | Class::Quadratic => format!(
                "{}, {} {}",
                self.interval("slope", |value| self.slope(value)),
                self.intercept,
                self.interval("intercept", |value| cost(value, self.unit)),
            ),
        }
    }

    /// How many steps of which height are where; of many, the first and the last.
    fn staircase(&self) -> String {
        let steps = &self.fit.steps;
        let place = |step: &FittedStep| {
            format!("between {} and {}", size(step.place.lower, self.axis), size(step.place.upper, self.axis))
        };
        let height = |interval| self.number(interval, |value| cost(value, self.unit));
        let each = |step: &FittedStep| match self.fit.parameter("height") {
            Some(_) => place(step),
            None => format!("{} {}", height(step.height), place(step)),
        };
        let shown: Vec<String> = match &steps[..] {
            [first, .., last] if steps.len() > MAX_SHOWN_STEPS => vec![each(first), "…".to_owned(), each(last)],
            all => all.iter().map(each).collect(),
        };
        let equal = self.fit.parameter("height").map_or_else(String::new, |its| format!(" of {}", height(its)));
        let slope = match self.fit.parameter("slope") {
            Some(its) => format!("{} between them", self.number(its, |value| self.slope(value))),
            None => "flat between them".to_owned(),
        };
        let growth = self.interval("growth", factor);
        format!("{} steps{equal}: {}; {slope}, growth {growth}", steps.len(), shown.join(", "))
    }

    /// How much of the cost at the largest size is curvature.
    fn curvature(&self) -> Option<String> {
        // Where the cost at the largest size is small beside what its terms take from one another, a share of it says nothing.
        let is_share = |curvature: &Interval| curvature.lower >= -1.0 && curvature.upper <= 1.0;
        let curvature = self.fit.parameter("curvature_share").filter(is_share)?;
        Some(format!("curvature {}", self.number(curvature, share)))
    }

    fn largest(&self) -> f64 {
        self.fit.sizes.last().copied().unwrap_or(1.0)
    }

    /// Of a linearithmic law, cost over n at the largest size: what is fitted is over n·ln n.
    fn slope_at_largest(&self) -> String {
        self.interval("slope", |value| self.slope(value * self.largest().ln()))
    }

    fn slope(&self, value: f64) -> String {
        let (step, name) = self.axis.slope_unit(self.largest());
        format!("{}/{name}", cost(value * step, self.unit))
    }

    fn interval(&self, name: &str, render: impl Fn(f64) -> String) -> String {
        self.fit.parameter(name).map_or_else(|| format!("no {name}"), |interval| self.number(interval, render))
    }

    /// `1.23 ms [1.20 ms, 1.26 ms]`, or `1.23 ms`.
    fn number(&self, Interval { estimate, lower, upper }: Interval, render: impl Fn(f64) -> String) -> String {
        match self.intervals {
            Intervals::Shown => format!("{} [{}, {}]", render(estimate), render(lower), render(upper)),
            Intervals::Left => render(estimate),
        }
    }
}
