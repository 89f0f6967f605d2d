//! Laws over one another as a picture.

use std::fmt::Write;

use super::frame::{AxisWords, Frame, LEFT, entry, figure_id, opening};
use crate::Axis;
use crate::analysis::{Line, Overlay};
use crate::law::Fit;
use crate::report::escape::{escape, prose};
use crate::report::fits::{Intervals, law_numbers};
use crate::units::cost_unit;

/// The styles of lines, by class. More lines than these can't be told apart, and are in the table only.
const STYLES: [&str; 4] = ["first", "second", "third", "fourth"];

/// The least factor that an axis covers.
const LEAST_FACTOR: f64 = 2.0;

/// A section with a picture for each of `overlays`. `host` stands in the heading where there are several.
pub(super) fn laws_together(html: &mut String, overlays: &[Overlay], host: Option<&str>) {
    let on = host.map(|host| format!(" on {}", escape(host))).unwrap_or_default();
    let _ = writeln!(html, "<h2>Laws over one another{on}</h2>");
    if overlays.is_empty() {
        html.push_str("<p>Nothing is drawn: no workload has a law in two of the runs.</p>\n");
        return;
    }
    html.push_str(
        "<p class=\"muted\">Both axes are logarithmic. Marks are the costs of a size, pooled over the rounds.</p>\n\
         <div class=\"plots\">\n",
    );
    for overlay in overlays {
        figure(html, overlay, host);
    }
    html.push_str("</div>\n");
}

fn figure(html: &mut String, overlay: &Overlay, host: Option<&str>) {
    let Overlay { workload, metric, lines, .. } = overlay;
    let id = figure_id(if overlay.of_models { "models" } else { "laws" }, workload, *metric, host);
    let svg = picture(overlay, &id).unwrap_or_else(|| "<p>No cost above zero to draw.</p>\n".to_owned());
    let _ = write!(
        html,
        "<figure class=\"overlay\" id=\"{id}\">\n<h3>{} {metric}</h3>\n{svg}<figcaption>",
        escape(workload)
    );
    if lines.len() > STYLES.len() {
        let _ = writeln!(html, "The first {} of {} laws are drawn.", STYLES.len(), lines.len());
    }
    html.push_str("<table><tbody>\n");
    for line in lines {
        let _ =
            writeln!(html, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(&line.name), prose(&words(line)));
    }
    html.push_str("</tbody></table></figcaption>\n</figure>\n");
}

/// A law in words.
fn words(line: &Line) -> String {
    let numbers = |fit: &Fit| format!("{}: {}", fit.class, law_numbers(&line.series, fit, Intervals::Shown));
    line.series.outcome.as_ref().map(numbers).unwrap_or_default()
}

/// What was measured of a line.
fn costs(line: &Line) -> impl Iterator<Item = (f64, f64)> {
    let fit = line.series.outcome.as_ref().ok();
    fit.into_iter().flat_map(|fit| fit.sizes.iter().copied().zip(fit.costs.iter().copied()))
}

fn largest(points: &[(f64, f64)]) -> f64 {
    points.iter().map(|(size, _)| *size).fold(0.0, f64::max)
}

fn picture(overlay: &Overlay, id: &str) -> Option<String> {
    let Overlay { workload, metric, axis, lines, .. } = overlay;
    let drawn = || lines.iter().zip(STYLES);
    let points: Vec<(f64, f64)> = drawn().flat_map(|(line, _)| line.curve.iter().copied().chain(costs(line))).collect();
    let frame = Frame::over(&points, LEAST_FACTOR, 0.0)?;
    let description: Vec<String> = lines.iter().map(|line| format!("{}: {}", line.name, words(line))).collect();
    let mut svg = opening(id, &format!("{workload} {metric}: laws over one another"), &description.join(". "));
    let (factor, unit) = cost_unit(points[points.len() / 2].1, metric.unit());
    let up =
        AxisWords { name: format!("{} ({unit})", metric.name().replace('_', " ")), factor, ticks: frame.y.ticks() };
    let (factor, unit) = axis.unit_at(largest(&points));
    let ticks = if *axis == Axis::TOKENS { frame.x.binary_ticks() } else { frame.x.ticks() };
    let name = axis.title();
    frame.axes(&mut svg, &AxisWords { name: format!("{name} ({unit})"), factor, ticks }, &up);
    for (line, style) in drawn() {
        let mut path = String::new();
        for point in line.curve.iter().filter(|(_, cost)| *cost > 0.0) {
            let (x, y) = frame.at(*point);
            let _ = write!(path, "{}{x:.1} {y:.1}", if path.is_empty() { 'M' } else { 'L' });
        }
        let _ = writeln!(svg, "<path class=\"line {style}\" d=\"{path}\"/>");
        let marks: String = costs(line).filter(|(_, cost)| *cost > 0.0).map(|at| mark(style, frame.at(at))).collect();
        let _ = writeln!(svg, "<path class=\"mark {style}\" d=\"{marks}\"/>");
    }
    for (index, (line, style)) in drawn().enumerate() {
        let sample = format!(
            "<path class=\"line {style}\" d=\"M0 -4H18\"/><path class=\"mark {style}\" d=\"{}\"/>",
            mark(style, (9.0, -4.0))
        );
        let place = (LEFT + 204.0 * (index % 2) as f64, 14.0 + 18.0 * (index / 2) as f64);
        entry(&mut svg, &sample, &shortened(&line.name), place);
    }
    svg.push_str("</svg>\n");
    Some(svg)
}

/// A name that half of the width has room for.
fn shortened(name: &str) -> String {
    const MOST: usize = 22;
    if name.chars().count() <= MOST { name.to_owned() } else { name.chars().take(MOST - 1).chain(['…']).collect() }
}

/// The shape that stands for a line, so that it is not told by its colour alone.
fn mark(style: &str, (x, y): (f64, f64)) -> String {
    match style {
        "first" => format!("M{:.1} {y:.1}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0", x - 3.0),
        "second" => format!("M{:.1} {:.1}h6v6h-6z", x - 3.0, y - 3.0),
        "third" => format!("M{x:.1} {:.1}l3.5 6h-7z", y - 4.0),
        _ => format!("M{x:.1} {:.1}l4 4l-4 4l-4 -4z", y - 4.0),
    }
}
