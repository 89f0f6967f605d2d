//! A law as a picture: inline SVG whose colours are those of the page's style sheet, light or dark.
//!
//! Written here and not with a plotting crate: `plotters`, the common one, paints fixed colours into every element of its SVG
//! and has neither classes nor titles there. These pictures need classes, so that a style sheet turns them dark or prints
//! them, text alternatives for screen readers, and marks that a test can count. What a crate would add is a logarithmic
//! scale, which is `scale.rs`.

use std::fmt::Write;

use maud::{Markup, html};

use super::frame::{LEFT, Px, RIGHT, drawing, entry, left_label, path, polyline, titles};
use super::scale::LogScale;
use crate::Axis;
use crate::analysis::{AcceptedLaw, SeriesFit};
use crate::law::{Fit, FittedStep, Interval};
use crate::report::laws::{Intervals, grounds, law_numbers};
use crate::units::{self, cost_unit, percent, size, tick};

/// A fitted series and what is drawn around it.
pub(super) struct Plot<'a> {
    pub(super) series: &'a SeriesFit,
    pub(super) fit: &'a Fit,
    /// Sizes along the law, ascending, with its interval there.
    pub(super) band: &'a [(f64, Interval)],
    /// The cost of each size in each round.
    pub(super) rounds: &'a [(f64, f64)],
    /// The accepted law. If only its shape compares, it is drawn through the cost of the smallest size.
    pub(super) baseline: Option<&'a AcceptedLaw>,
    /// Distinguishes the picture from the others of the page.
    pub(super) id: &'a str,
}

// Units of the drawing, whose width is that of all pictures.
const HEIGHT: f64 = 390.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = 280.0;
const STRIP_TOP: f64 = 294.0;
const STRIP_BOTTOM: f64 = 340.0;

/// The smallest factor that an axis covers.
const MIN_FACTOR: f64 = 2.0;
/// The smallest residual that the strip has room for, so that noise isn't blown up to fill it.
const MIN_RESIDUAL: f64 = 0.02;

/// The picture; text alternatives are its title and description.
pub(super) fn svg(plot: &Plot) -> Markup {
    let Some(frame) = Frame::new(plot) else { return html! { p { "No cost above zero to draw." } } };
    let title = format!("{} {}: {} law", plot.series.workload, plot.series.metric, plot.fit.class);
    let content = html! {
        (frame.axes(plot))
        (frame.breakpoint(plot))
        (frame.steps(plot))
        (frame.costs(plot))
        (frame.residuals(plot))
        (legend(plot))
    };
    drawing(plot.id, HEIGHT, &title, &description(plot), &content)
}

fn description(plot: &Plot) -> String {
    let Plot { series, fit, .. } = plot;
    let mut text = format!(
        "Cost against size, both axes logarithmic. The law is {}: {}; {}.",
        fit.class,
        law_numbers(series, fit, Intervals::Shown),
        grounds(fit),
    );
    if let Some(baseline) = plot.baseline {
        let law = &baseline.fit;
        let _ = if baseline.comparable {
            write!(text, " The baseline's law is {}: {}.", law.class, law_numbers(series, law, Intervals::Left))
        } else {
            write!(
                text,
                " The law of the baseline is {}; it comes from another host, so that only its shape is drawn.",
                law.class
            )
        };
    }
    if let Some(clamp) = plot.series.expected_knee {
        let _ = write!(text, " The model clamps images to {}.", size(clamp, &series.axis));
    }
    text
}

struct Frame {
    x: LogScale,
    y: LogScale,
    /// The residual at the ends of the strip.
    residual: f64,
}

impl Frame {
    fn new(plot: &Plot) -> Option<Self> {
        let Plot { fit, rounds, .. } = plot;
        let x = LogScale::over(fit.sizes.iter().copied(), MIN_FACTOR, (LEFT, RIGHT))?;
        let costs = law_points(plot)
            .into_iter()
            .chain(baseline_points(plot))
            .map(|(_, cost)| cost)
            .chain(fit.costs.iter().copied())
            .chain(rounds.iter().map(|(_, cost)| *cost));
        let y = LogScale::over(costs, MIN_FACTOR, (BOTTOM, TOP))?;
        let residual = fit.residuals.iter().fold(MIN_RESIDUAL, |largest, residual| largest.max(residual.abs()));
        Some(Self { x, y, residual })
    }

    fn axes(&self, plot: &Plot) -> Markup {
        let axis = &plot.series.axis;
        let (size_factor, size_name) = axis.unit_at(plot.fit.sizes.last().copied().unwrap_or(1.0));
        let (cost_factor, cost_name) = cost_unit(middle(&plot.fit.costs), &plot.series.unit);
        let sizes = if *axis == Axis::TOKENS { self.x.binary_ticks() } else { self.x.ticks() };
        let across = format!("{} ({size_name})", axis.title());
        let up = format!("{} ({cost_name})", plot.series.metric.name().replace('_', " "));
        html! {
            (path("frame", format_args!("M{LEFT} {TOP}V{BOTTOM}H{RIGHT}M{LEFT} {STRIP_TOP}V{STRIP_BOTTOM}H{RIGHT}")))
            @for value in self.y.ticks() {
                @let y = self.y.at(value);
                (path("grid", format_args!("M{LEFT} {y:.1}H{RIGHT}")))
                (left_label(y, &tick(value / cost_factor)))
            }
            @for value in sizes {
                @let x = self.x.at(value);
                (path("grid", format_args!("M{x:.1} {TOP}V{BOTTOM}M{x:.1} {STRIP_TOP}V{STRIP_BOTTOM}")))
                text class="mid" x=(Px(x)) y=(STRIP_BOTTOM + 16.0) { (tick(value / size_factor)) }
            }
            (titles(HEIGHT, f64::midpoint(TOP, BOTTOM), &across, &up))
        }
    }

    /// The breakpoint with its interval and the size in words.
    fn breakpoint(&self, plot: &Plot) -> Markup {
        let Some(interval) = plot.fit.parameter("breakpoint") else { return html! {} };
        let (lower, at, upper) = (self.x.at(interval.lower), self.x.at(interval.estimate), self.x.at(interval.upper));
        html! {
            rect class="band" x=(Px(lower)) y=(TOP) width=(Px(upper - lower)) height=(STRIP_BOTTOM - TOP) {}
            (path("breakpoint", format_args!("M{at:.1} {TOP}V{STRIP_BOTTOM}")))
            text class="mid breakpoint-label" x=(Px(at.clamp(LEFT + 60.0, RIGHT - 60.0))) y=(TOP - 7.0) {
                "knee at " (size(interval.estimate, &plot.series.axis))
            }
        }
    }

    /// Between which sizes each step is.
    fn steps(&self, plot: &Plot) -> Markup {
        html! {
            @for FittedStep { place, .. } in &plot.fit.steps {
                @let (lower, upper) = (self.x.at(place.lower), self.x.at(place.upper));
                rect class="band" x=(Px(lower)) y=(TOP) width=(Px(upper - lower)) height=(STRIP_BOTTOM - TOP) {}
            }
        }
    }

    fn costs(&self, plot: &Plot) -> Markup {
        // A stroke of no length with round ends is a dot.
        let dot = |(n, cost): &(f64, f64)| format!("M{:.1} {:.1}h0", self.x.at(*n), self.y.at(*cost));
        let dots: String = plot.rounds.iter().filter(|(_, cost)| *cost > 0.0).map(dot).collect();
        let lower = plot.band.iter().rev().map(|(n, interval)| (*n, interval.lower.max(f64::MIN_POSITIVE)));
        let around: Vec<(f64, f64)> = plot.band.iter().map(|(n, interval)| (*n, interval.upper)).chain(lower).collect();
        html! {
            (path("rounds", dots))
            (path("interval", self.line(&around)))
            (path("law", self.line(&law_points(plot))))
            // Over the law, so that both are seen where they agree.
            @if plot.baseline.is_some() { (path("baseline", self.line(&baseline_points(plot)))) }
            @if let Some(clamp) = plot.series.expected_knee {
                (path("clamp", format_args!("M{:.1} {}l-6 11h12z", self.x.at(clamp), BOTTOM - 11.0)))
            }
            @for ((&n, &cost), residual) in plot.fit.sizes.iter().zip(&plot.fit.costs).zip(&plot.fit.residuals) {
                (self.datum(plot, (n, cost), *residual))
            }
        }
    }

    /// The cost of a size, whose numbers show when it is pointed at or reached by the keyboard.
    fn datum(&self, plot: &Plot, (n, cost): (f64, f64), residual: f64) -> Markup {
        let (x, y) = (self.x.at(n), self.y.at(cost));
        let words = format!(
            "{}: {}, {} from the law",
            size(n, &plot.series.axis),
            units::cost(cost, &plot.series.unit),
            percent(residual)
        );
        html! {
            g class="datum" tabindex="0" role="img" aria-label=(words) {
                circle class="point" cx=(Px(x)) cy=(Px(y)) r="3.5" {}
                text class="mid tip" x=(f64::midpoint(LEFT, RIGHT)) y=(TOP + 12.0) { (words) }
            }
        }
    }

    fn line(&self, points: &[(f64, f64)]) -> String {
        let positive = points.iter().filter(|(_, cost)| *cost > 0.0);
        polyline(positive.map(|(n, cost)| (self.x.at(*n), self.y.at(*cost))))
    }

    fn residuals(&self, plot: &Plot) -> Markup {
        let zero = f64::midpoint(STRIP_TOP, STRIP_BOTTOM);
        let half = (STRIP_BOTTOM - STRIP_TOP) / 2.0 - 4.0;
        html! {
            (path("zero", format_args!("M{LEFT} {zero}H{RIGHT}")))
            @for (share, sign) in [(1.0, "+"), (-1.0, "−")] {
                (left_label(zero - share * half, &format!("{sign}{:.0} %", 100.0 * self.residual)))
            }
            @for (&n, residual) in plot.fit.sizes.iter().zip(&plot.fit.residuals) {
                @let (x, y) = (self.x.at(n), zero - half * residual / self.residual);
                (path("stem", format_args!("M{x:.1} {zero}V{y:.1}")))
                circle class="point" cx=(Px(x)) cy=(Px(y)) r="2.5" {}
            }
        }
    }
}

fn legend(plot: &Plot) -> Markup {
    let (first, second, third) = (LEFT, LEFT + 116.0, LEFT + 250.0);
    let (above, below) = (14.0, 32.0);
    let law = html! { (path("interval", "M0 -9H18V1H0z")) (path("law", "M0 -4H18")) };
    let cost = html! { circle class="point" cx="8" cy="-4" r="3.5" {} };
    html! {
        (entry(&law, "law, 95 % interval", (third, above)))
        (entry(&cost, "cost", (first, above)))
        (entry(&path("rounds", "M4 -4h0M9 -7h0M13 -3h0"), "single rounds", (second, above)))
        @if let Some(baseline) = plot.baseline {
            @let name = if baseline.comparable { "baseline" } else { "shape of the baseline" };
            (entry(&path("baseline", "M0 -4H18"), name, (first, below)))
        }
        @if let Some(clamp) = plot.series.expected_knee {
            @let name = format!("clamp at {}", size(clamp, &plot.series.axis));
            (entry(&path("clamp", "M9 -10l-6 11h12z"), &name, (third - 46.0, below)))
        }
    }
}

fn law_points(plot: &Plot) -> Vec<(f64, f64)> {
    plot.band.iter().map(|(n, _)| (*n, plot.fit.predict(*n))).collect()
}

/// The accepted law over the sizes of the run, with its corners among them.
fn baseline_points(plot: &Plot) -> Vec<(f64, f64)> {
    let Some(AcceptedLaw { fit, comparable }) = plot.baseline else { return Vec::new() };
    let (smallest, largest) = (plot.fit.sizes[0], plot.fit.sizes[plot.fit.sizes.len() - 1]);
    let scale = if *comparable { 1.0 } else { plot.fit.predict(smallest) / fit.predict(smallest) };
    let mut sizes: Vec<f64> = plot.band.iter().map(|(n, _)| *n).collect();
    sizes.extend(fit.curve.corners().into_iter().filter(|k| (smallest..=largest).contains(k)));
    sizes.sort_by(f64::total_cmp);
    sizes.into_iter().map(|n| (n, scale * fit.predict(n))).collect()
}

/// The geometric mean of the smallest and the largest cost, which picks the unit of the axis.
fn middle(costs: &[f64]) -> f64 {
    let (low, high) = costs.iter().fold((f64::INFINITY, 0f64), |(low, high), c| (low.min(*c), high.max(*c)));
    (0.5 * (low.ln() + high.ln())).exp()
}
