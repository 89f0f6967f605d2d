//! Laws over one another as a picture.

use maud::{Markup, html};

use super::frame::{AxisWords, Frame, LEFT, entry, path, polyline};
use super::markup::{BREAK, figure_id, prose};
use crate::Axis;
use crate::analysis::{Line, Overlay};
use crate::law::Fit;
use crate::report::laws::{Intervals, law_numbers};
use crate::units::cost_unit;

/// The styles of lines, by class. More lines than these can't be told apart, and are in the table only.
const STYLES: [&str; 4] = ["first", "second", "third", "fourth"];

/// The smallest factor that an axis covers.
const MIN_FACTOR: f64 = 2.0;

/// A section with a picture for each of `overlays`. `host` stands in the heading where there are several.
pub(super) fn laws_together(overlays: &[Overlay], host: Option<&str>) -> Markup {
    html! {
        h2 { "Laws over one another" @if let Some(host) = host { " on " (host) } }
        @if overlays.is_empty() {
            p { "Nothing is drawn: no workload has a law in two of the runs." }
        } @else {
            p class="muted" {
                "Both axes are logarithmic. Marks are the costs of a size, pooled over the rounds."
            }
            div class="plots" { (BREAK) @for overlay in overlays { (figure(overlay, host)) } }
        }
    }
}

fn figure(overlay: &Overlay, host: Option<&str>) -> Markup {
    let Overlay { workload, metric, lines, .. } = overlay;
    let id = figure_id(if overlay.of_models { "models" } else { "laws" }, workload, *metric, host);
    html! {
        figure class="overlay" id=(id) {
            (BREAK)
            h3 { (workload) " " (metric) }
            @match picture(overlay, &id) {
                Some(picture) => (picture),
                None => { p { "No cost above zero to draw." } }
            }
            figcaption {
                @if lines.len() > STYLES.len() { "The first " (STYLES.len()) " of " (lines.len()) " laws are drawn." }
                table {
                    tbody {
                        @for line in lines { tr { th scope="row" { (line.name) } td { (prose(&words(line))) } } }
                    }
                }
            }
            (BREAK)
        }
        (BREAK)
    }
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

fn picture(overlay: &Overlay, id: &str) -> Option<Markup> {
    let Overlay { workload, metric, axis, lines, .. } = overlay;
    let drawn = || lines.iter().zip(STYLES);
    let points: Vec<(f64, f64)> = drawn().flat_map(|(line, _)| line.curve.iter().copied().chain(costs(line))).collect();
    let frame = Frame::over(&points, MIN_FACTOR, 0.0)?;
    let description: Vec<String> = lines.iter().map(|line| format!("{}: {}", line.name, words(line))).collect();
    let (factor, unit) = cost_unit(points[points.len() / 2].1, metric.unit());
    let up =
        AxisWords { name: format!("{} ({unit})", metric.name().replace('_', " ")), factor, ticks: frame.y.ticks() };
    let (factor, unit) = axis.unit_at(largest(&points));
    let ticks = if *axis == Axis::TOKENS { frame.x.binary_ticks() } else { frame.x.ticks() };
    let across = AxisWords { name: format!("{} ({unit})", axis.title()), factor, ticks };
    let line_path = |line: &Line| {
        let positive = line.curve.iter().filter(|(_, cost)| *cost > 0.0);
        polyline(positive.map(|point| frame.at(*point)))
    };
    let marks = |line: &Line, style: &str| {
        costs(line).filter(|(_, cost)| *cost > 0.0).map(|at| mark(style, frame.at(at))).collect::<String>()
    };
    let content = html! {
        @for (line, style) in drawn() {
            (path(&format!("line {style}"), line_path(line)))
            (path(&format!("mark {style}"), marks(line, style)))
        }
        @for (index, (line, style)) in drawn().enumerate() {
            @let place = (LEFT + 204.0 * (index % 2) as f64, 14.0 + 18.0 * (index / 2) as f64);
            (entry(&sample(style), &shortened(&line.name), place))
        }
    };
    let alternatives = [&*format!("{workload} {metric}: laws over one another"), &*description.join(". ")];
    Some(frame.picture(id, alternatives, [&across, &up], &content))
}

/// A line and its mark in the legend.
fn sample(style: &str) -> Markup {
    html! {
        (path(&format!("line {style}"), "M0 -4H18"))
        (path(&format!("mark {style}"), mark(style, (9.0, -4.0))))
    }
}

/// A name that half of the width has room for.
fn shortened(name: &str) -> String {
    const MAX: usize = 22;
    if name.chars().count() <= MAX { name.to_owned() } else { name.chars().take(MAX - 1).chain(['…']).collect() }
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
