//! A law as a picture: inline SVG whose colours are those of the page's style sheet, light or dark.
//!
//! Written here and not with a plotting crate: `plotters`, the common one, paints fixed colours into every element of its SVG
//! and has neither classes nor titles there. These pictures need classes, so that a style sheet turns them dark or prints
//! them, text alternatives for screen readers, and marks that a test can count. What a crate would add is a logarithmic
//! scale, which is `scale.rs`.

use std::fmt::Write;

use super::scale::LogScale;
use crate::Axis;
use crate::analysis::{AcceptedLaw, SeriesFit};
use crate::law::{Fit, Interval};
use crate::report::escape::escape;
use crate::report::fits::{Intervals, grounds, law_numbers};
use crate::units::{cost_unit, size, tick};

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

// Units of the drawing. It is narrow, so that its text can be read on a phone.
const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 390.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 470.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = 280.0;
const STRIP_TOP: f64 = 294.0;
const STRIP_BOTTOM: f64 = 340.0;

/// The least factor that an axis covers.
const LEAST_FACTOR: f64 = 2.0;
/// The least residual that the strip has room for, so that noise isn't blown up to fill it.
const LEAST_RESIDUAL: f64 = 0.02;

/// The picture; text alternatives are its title and description.
pub(super) fn svg(plot: &Plot) -> String {
    let Some(frame) = Frame::new(plot) else {
        return "<p>No cost above zero to draw.</p>".to_owned();
    };
    let id = plot.id;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id}:title {id}:description\">\n\
         <title id=\"{id}:title\">{}</title>\n<desc id=\"{id}:description\">{}</desc>\n",
        escape(&format!("{} {}: {} law", plot.series.workload, plot.series.metric, plot.fit.class)),
        escape(&description(plot)),
    );
    frame.axes(&mut svg, plot);
    frame.breakpoint(&mut svg, plot);
    frame.costs(&mut svg, plot);
    frame.residuals(&mut svg, plot);
    legend(&mut svg, plot);
    svg.push_str("</svg>\n");
    svg
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
        let x = LogScale::over(fit.sizes.iter().copied(), LEAST_FACTOR, (LEFT, RIGHT))?;
        let costs = law_points(plot)
            .into_iter()
            .chain(baseline_points(plot))
            .map(|(_, cost)| cost)
            .chain(fit.costs.iter().copied())
            .chain(rounds.iter().map(|(_, cost)| *cost));
        let y = LogScale::over(costs, LEAST_FACTOR, (BOTTOM, TOP))?;
        let residual = fit.residuals.iter().fold(LEAST_RESIDUAL, |most, residual| most.max(residual.abs()));
        Some(Self { x, y, residual })
    }

    fn axes(&self, svg: &mut String, plot: &Plot) {
        let axis = &plot.series.axis;
        let (size_factor, size_name) = axis.unit_at(plot.fit.sizes.last().copied().unwrap_or(1.0));
        let (cost_factor, cost_name) = cost_unit(middle(&plot.fit.costs), &plot.series.unit);
        let _ = writeln!(
            svg,
            "<path class=\"frame\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}M{LEFT} {STRIP_TOP}V{STRIP_BOTTOM}H{RIGHT}\"/>"
        );
        for value in self.y.ticks() {
            let y = self.y.at(value);
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>\
                 <text class=\"end\" x=\"{}\" y=\"{:.1}\">{}</text>",
                LEFT - 6.0,
                y + 4.0,
                tick(value / cost_factor)
            );
        }
        let sizes = if *axis == Axis::TOKENS { self.x.binary_ticks() } else { self.x.ticks() };
        for value in sizes {
            let x = self.x.at(value);
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{x:.1} {TOP}V{BOTTOM}M{x:.1} {STRIP_TOP}V{STRIP_BOTTOM}\"/>\
                 <text class=\"mid\" x=\"{x:.1}\" y=\"{}\">{}</text>",
                STRIP_BOTTOM + 16.0,
                tick(value / size_factor)
            );
        }
        let (across, up) = (f64::midpoint(LEFT, RIGHT), f64::midpoint(TOP, BOTTOM));
        let _ = writeln!(
            svg,
            "<text class=\"mid axis\" x=\"{across}\" y=\"{}\">{}</text>\
             <text class=\"mid axis\" transform=\"translate(14 {up}) rotate(-90)\">{}</text>",
            HEIGHT - 12.0,
            escape(&format!("{} ({size_name})", axis.title())),
            escape(&format!("{} ({cost_name})", plot.series.metric.name().replace('_', " "))),
        );
    }

    /// The breakpoint with its interval and the size in words.
    fn breakpoint(&self, svg: &mut String, plot: &Plot) {
        let Some(interval) = plot.fit.parameter("breakpoint") else { return };
        let (lower, at, upper) = (self.x.at(interval.lower), self.x.at(interval.estimate), self.x.at(interval.upper));
        let label = format!("knee at {}", size(interval.estimate, &plot.series.axis));
        let _ = writeln!(
            svg,
            "<rect class=\"band\" x=\"{lower:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{}\"/>\
             <path class=\"breakpoint\" d=\"M{at:.1} {TOP}V{STRIP_BOTTOM}\"/>\
             <text class=\"mid breakpoint-label\" x=\"{:.1}\" y=\"{}\">{}</text>",
            upper - lower,
            STRIP_BOTTOM - TOP,
            at.clamp(LEFT + 60.0, RIGHT - 60.0),
            TOP - 7.0,
            escape(&label)
        );
    }

    fn costs(&self, svg: &mut String, plot: &Plot) {
        // A stroke of no length with round ends is a dot.
        let dots = plot.rounds.iter().filter(|(_, cost)| *cost > 0.0).fold(String::new(), |mut d, (n, cost)| {
            let _ = write!(d, "M{:.1} {:.1}h0", self.x.at(*n), self.y.at(*cost));
            d
        });
        let _ = writeln!(svg, "<path class=\"rounds\" d=\"{dots}\"/>");
        let lower = plot.band.iter().rev().map(|(n, interval)| (*n, interval.lower.max(f64::MIN_POSITIVE)));
        let around: Vec<(f64, f64)> = plot.band.iter().map(|(n, interval)| (*n, interval.upper)).chain(lower).collect();
        let _ = writeln!(svg, "<path class=\"interval\" d=\"{}\"/>", self.path(&around));
        let _ = writeln!(svg, "<path class=\"law\" d=\"{}\"/>", self.path(&law_points(plot)));
        // Over the law, so that both are seen where they agree.
        if plot.baseline.is_some() {
            let _ = writeln!(svg, "<path class=\"baseline\" d=\"{}\"/>", self.path(&baseline_points(plot)));
        }
        if let Some(clamp) = plot.series.expected_knee {
            let _ = writeln!(svg, "<path class=\"clamp\" d=\"M{:.1} {}l-6 11h12z\"/>", self.x.at(clamp), BOTTOM - 11.0);
        }
        for (&n, &cost) in plot.fit.sizes.iter().zip(&plot.fit.costs) {
            let _ = write!(
                svg,
                "<circle class=\"point\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\"/>",
                self.x.at(n),
                self.y.at(cost)
            );
        }
        svg.push('\n');
    }

    fn path(&self, points: &[(f64, f64)]) -> String {
        let mut path = String::new();
        for (n, cost) in points.iter().filter(|(_, cost)| *cost > 0.0) {
            let command = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{command}{:.1} {:.1}", self.x.at(*n), self.y.at(*cost));
        }
        path
    }

    fn residuals(&self, svg: &mut String, plot: &Plot) {
        let zero = f64::midpoint(STRIP_TOP, STRIP_BOTTOM);
        let half = (STRIP_BOTTOM - STRIP_TOP) / 2.0 - 4.0;
        let _ = writeln!(svg, "<path class=\"zero\" d=\"M{LEFT} {zero}H{RIGHT}\"/>");
        for (share, sign) in [(1.0, "+"), (-1.0, "−")] {
            let _ = write!(
                svg,
                "<text class=\"end\" x=\"{}\" y=\"{:.1}\">{sign}{:.0} %</text>",
                LEFT - 6.0,
                zero - share * half + 4.0,
                100.0 * self.residual
            );
        }
        for (&n, residual) in plot.fit.sizes.iter().zip(&plot.fit.residuals) {
            let (x, y) = (self.x.at(n), zero - half * residual / self.residual);
            let _ = write!(
                svg,
                "<path class=\"stem\" d=\"M{x:.1} {zero}V{y:.1}\"/><circle class=\"point\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\"/>"
            );
        }
        svg.push('\n');
    }
}

fn legend(svg: &mut String, plot: &Plot) {
    let entry = |mark: &str, name: String, at: (f64, f64)| {
        let (x, y) = at;
        format!("<g transform=\"translate({x} {y})\">{mark}<text x=\"24\">{}</text></g>", escape(&name))
    };
    let first = LEFT;
    let (second, third) = (LEFT + 116.0, LEFT + 250.0);
    let (above, below) = (14.0, 32.0);
    let cost = "<circle class=\"point\" cx=\"8\" cy=\"-4\" r=\"3.5\"/>";
    let rounds = "<path class=\"rounds\" d=\"M4 -4h0M9 -7h0M13 -3h0\"/>";
    let law = "<path class=\"interval\" d=\"M0 -9H18V1H0z\"/><path class=\"law\" d=\"M0 -4H18\"/>";
    svg.push_str(&entry(law, "law, 95 % interval".to_owned(), (third, above)));
    svg.push_str(&entry(cost, "cost".to_owned(), (first, above)));
    svg.push_str(&entry(rounds, "single rounds".to_owned(), (second, above)));
    if let Some(baseline) = plot.baseline {
        let name = if baseline.comparable { "baseline" } else { "shape of the baseline" };
        svg.push_str(&entry("<path class=\"baseline\" d=\"M0 -4H18\"/>", name.to_owned(), (first, below)));
    }
    if let Some(clamp) = plot.series.expected_knee {
        let name = format!("clamp at {}", size(clamp, &plot.series.axis));
        svg.push_str(&entry("<path class=\"clamp\" d=\"M9 -10l-6 11h12z\"/>", name, (third - 46.0, below)));
    }
    svg.push('\n');
}

fn law_points(plot: &Plot) -> Vec<(f64, f64)> {
    plot.band.iter().map(|(n, _)| (*n, plot.fit.predict(*n))).collect()
}

/// The accepted law over the sizes of the run, with its breakpoint among them.
fn baseline_points(plot: &Plot) -> Vec<(f64, f64)> {
    let Some(AcceptedLaw { fit, comparable }) = plot.baseline else { return Vec::new() };
    let (smallest, largest) = (plot.fit.sizes[0], plot.fit.sizes[plot.fit.sizes.len() - 1]);
    let scale = if *comparable { 1.0 } else { plot.fit.predict(smallest) / fit.predict(smallest) };
    let mut sizes: Vec<f64> = plot.band.iter().map(|(n, _)| *n).collect();
    sizes.extend(fit.curve.breakpoint().filter(|k| (smallest..=largest).contains(k)));
    sizes.sort_by(f64::total_cmp);
    sizes.into_iter().map(|n| (n, scale * fit.predict(n))).collect()
}

/// The geometric mean of the smallest and the largest cost, which picks the unit of the axis.
fn middle(costs: &[f64]) -> f64 {
    let (low, high) = costs.iter().fold((f64::INFINITY, 0f64), |(low, high), c| (low.min(*c), high.max(*c)));
    (0.5 * (low.ln() + high.ln())).exp()
}
