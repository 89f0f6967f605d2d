//! Axes for pictures of points, both logarithmic.

use std::fmt::Write;

use super::scale::LogScale;
use crate::metric::Metric;
use crate::report::escape::escape;
use crate::units::tick;

// Units of the drawing, as those of the laws' pictures.
pub(super) const WIDTH: f64 = 480.0;
pub(super) const HEIGHT: f64 = 360.0;
pub(super) const LEFT: f64 = 62.0;
pub(super) const RIGHT: f64 = 470.0;
pub(super) const TOP: f64 = 46.0;
pub(super) const BOTTOM: f64 = 310.0;

/// Two scales and the space between them.
pub(super) struct Frame {
    pub(super) x: LogScale,
    pub(super) y: LogScale,
}

/// What an axis says.
pub(super) struct AxisWords {
    pub(super) name: String,
    /// What a unit of the labels is in units of the values.
    pub(super) factor: f64,
    /// Values to label.
    pub(super) ticks: Vec<f64>,
}

impl Frame {
    /// Covers `points` and at least a factor of `least` along both axes, with `room` around them for what stands beside a point;
    /// `None` if no point can be drawn.
    pub(super) fn over(points: &[(f64, f64)], least: f64, room: f64) -> Option<Self> {
        let x = LogScale::over(points.iter().map(|point| point.0), least, (LEFT + room, RIGHT - room))?;
        let y = LogScale::over(points.iter().map(|point| point.1), least, (BOTTOM - room, TOP + room))?;
        Some(Self { x, y })
    }

    /// Where a point lies in the drawing.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x.at(x), self.y.at(y))
    }

    pub(super) fn axes(&self, svg: &mut String, across: &AxisWords, up: &AxisWords) {
        let _ = writeln!(svg, "<path class=\"frame\" d=\"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}\"/>");
        for value in &up.ticks {
            let y = self.y.at(*value);
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{RIGHT}\"/>\
                 <text class=\"end\" x=\"{}\" y=\"{:.1}\">{}</text>",
                LEFT - 6.0,
                y + 4.0,
                tick(value / up.factor)
            );
        }
        for value in &across.ticks {
            let x = self.x.at(*value);
            let _ = writeln!(
                svg,
                "<path class=\"grid\" d=\"M{x:.1} {TOP}V{BOTTOM}\"/>\
                 <text class=\"mid\" x=\"{x:.1}\" y=\"{}\">{}</text>",
                BOTTOM + 16.0,
                tick(value / across.factor)
            );
        }
        let middle = (f64::midpoint(LEFT, RIGHT), f64::midpoint(TOP, BOTTOM));
        let _ = writeln!(
            svg,
            "<text class=\"mid axis\" x=\"{}\" y=\"{}\">{}</text>\
             <text class=\"mid axis\" transform=\"translate(14 {}) rotate(-90)\">{}</text>",
            middle.0,
            HEIGHT - 12.0,
            escape(&across.name),
            middle.1,
            escape(&up.name),
        );
    }
}

/// Names a picture of a `kind` within the page.
pub(super) fn figure_id(kind: &str, workload: &str, metric: Metric, host: Option<&str>) -> String {
    let host = host.map(|host| format!("@{host}")).unwrap_or_default();
    let name = format!("{kind}:{workload}:{metric}{host}");
    escape(&name.replace(|c: char| c.is_whitespace() || c == '%', "_"))
}

/// The beginning of a picture, with its text alternatives.
pub(super) fn opening(id: &str, title: &str, description: &str) -> String {
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id}:title {id}:description\">\n\
         <title id=\"{id}:title\">{}</title>\n<desc id=\"{id}:description\">{}</desc>\n",
        escape(title),
        escape(description)
    )
}

/// A mark with its name, at a place of the legend.
pub(super) fn entry(svg: &mut String, mark: &str, name: &str, (x, y): (f64, f64)) {
    let _ = writeln!(svg, "<g transform=\"translate({x} {y})\">{mark}<text x=\"24\">{}</text></g>", escape(name));
}
