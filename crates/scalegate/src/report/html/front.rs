//! Cost against perplexity as pictures: which models nothing beats in both.

use std::fmt::Write;

use super::frame::{AxisWords, BOTTOM, Frame, LEFT, RIGHT, TOP, entry, figure_id, opening};
use super::labels::Labels;
use crate::analysis::{Absent, Point, Tradeoff, Tradeoffs};
use crate::report::escape::{escape, prose};
use crate::report::fits::number;
use crate::units::{cost, cost_unit, size};

/// The least factor that an axis covers, so that noise isn't blown up to fill it.
const LEAST_FACTOR: f64 = 1.2;
/// For a name beside a point at the edge.
const ROOM: f64 = 18.0;

/// A section with a picture for each cost. `host` stands in the headings where there are several.
pub(super) fn fronts(html: &mut String, tradeoffs: &Tradeoffs, host: Option<&str>) {
    let on = host.map(|host| format!(" on {}", escape(host))).unwrap_or_default();
    let _ = writeln!(html, "<h2>Cost against accuracy{on}</h2>");
    if !tradeoffs.plots.is_empty() {
        html.push_str(
            "<p class=\"muted\">Less is better along both axes, which are logarithmic. On the front are the models that no \
             other beats in both, by the medians over the rounds.</p>\n<div class=\"plots\">\n",
        );
        for tradeoff in &tradeoffs.plots {
            figure(html, tradeoff, host);
        }
        html.push_str("</div>\n");
    } else if tradeoffs.models == 0 {
        html.push_str("<p>Nothing is drawn: no perplexity was measured that compares.</p>\n");
    } else {
        html.push_str("<p>Nothing is drawn: it takes two models with a perplexity and a cost that compare.</p>\n");
    }
    absent(html, "Not in the pictures:", &tradeoffs.absent);
}

fn absent(html: &mut String, title: &str, absent: &[Absent]) {
    if absent.is_empty() {
        return;
    }
    let _ = write!(html, "<p>{title}</p>\n<ul>\n");
    for Absent { name, reason } in absent {
        let _ = writeln!(html, "<li><strong>{}</strong>: {}</li>", escape(name), prose(reason));
    }
    html.push_str("</ul>\n");
}

fn figure(html: &mut String, tradeoff: &Tradeoff, host: Option<&str>) {
    let Tradeoff { workload, metric, axis, size: at, points, .. } = tradeoff;
    let id = figure_id("front", workload, *metric, host);
    let at = size(*at as f64, axis);
    let _ = write!(
        html,
        "<figure class=\"front\" id=\"{id}\">\n<h3>{} {metric} at {at}, and perplexity</h3>\n{}<figcaption>{}\n",
        escape(workload),
        picture(tradeoff, &id).unwrap_or_default(),
        escape(&words(points))
    );
    html.push_str(
        "<details><summary>costs and perplexities</summary><div class=\"scroll\"><table><thead><tr><th scope=\"col\">model</th>\
         <th scope=\"col\">cost</th><th scope=\"col\">range</th><th scope=\"col\">perplexity</th><th scope=\"col\">beaten by</th>\
         </tr></thead><tbody>\n",
    );
    for point in points {
        let cells = [
            cost(point.cost, metric.unit()),
            format!("{} to {}", cost(point.range.0, metric.unit()), cost(point.range.1, metric.unit())),
            number(point.perplexity),
        ];
        let cells = cells.map(|cell| format!("<td class=\"number\">{}</td>", escape(&cell)));
        let by = point.dominated_by.as_deref().unwrap_or("none: on the front");
        let _ = writeln!(
            html,
            "<tr><th scope=\"row\">{}</th>{}<td>{}</td></tr>",
            escape(&point.name),
            cells.concat(),
            escape(by)
        );
    }
    html.push_str("</tbody></table></div></details>\n");
    absent(html, "Not in this picture:", &tradeoff.absent);
    html.push_str("</figcaption>\n</figure>\n");
}

/// Who is on the front, and who is beaten by whom.
fn words(points: &[Point]) -> String {
    let front: Vec<&str> = front(points).map(|point| &*point.name).collect();
    let beaten: Vec<String> = points
        .iter()
        .filter_map(|point| Some(format!("{} (by {})", point.name, point.dominated_by.as_ref()?)))
        .collect();
    let dominated = if beaten.is_empty() { String::new() } else { format!(" Dominated: {}.", beaten.join(", ")) };
    format!("On the front: {}.{dominated}", front.join(", "))
}

/// By cost, so that their perplexities fall.
fn front(points: &[Point]) -> impl Iterator<Item = &Point> {
    points.iter().filter(|point| point.dominated_by.is_none())
}

fn picture(tradeoff: &Tradeoff, id: &str) -> Option<String> {
    let Tradeoff { workload, metric, points, .. } = tradeoff;
    let ends =
        points.iter().flat_map(|point| [point.range.0, point.cost, point.range.1].map(|x| (x, point.perplexity)));
    let frame = Frame::over(&ends.collect::<Vec<_>>(), LEAST_FACTOR, ROOM)?;
    let mut svg = opening(id, &format!("{workload} {metric} against perplexity"), &words(points));
    let (factor, unit) = cost_unit(points[points.len() / 2].cost, metric.unit());
    let name = format!("{} ({unit})", metric.name().replace('_', " "));
    let across = AxisWords { name, factor, ticks: frame.x.ticks() };
    let up = AxisWords { name: "perplexity".to_owned(), factor: 1.0, ticks: frame.y.ticks() };
    frame.axes(&mut svg, &across, &up);

    let mut line = String::new();
    for point in front(points) {
        let (x, y) = frame.at((point.cost, point.perplexity));
        let _ = if line.is_empty() { write!(line, "M{x:.1} {y:.1}") } else { write!(line, "H{x:.1}V{y:.1}") };
    }
    for point in points {
        let y = frame.y.at(point.perplexity);
        let (low, high) = (frame.x.at(point.range.0), frame.x.at(point.range.1));
        let _ = write!(svg, "<path class=\"spread\" d=\"M{low:.1} {y:.1}H{high:.1}\"/>");
    }
    let _ = writeln!(svg, "<path class=\"pareto\" d=\"{line}\"/>");
    let places: Vec<(f64, f64)> = points.iter().map(|point| frame.at((point.cost, point.perplexity))).collect();
    let mut labels = Labels::around(&places, (LEFT, TOP, RIGHT, BOTTOM));
    // Names on the front are placed first.
    let order =
        |beaten: bool| points.iter().zip(&places).filter(move |(point, _)| point.dominated_by.is_some() == beaten);
    for (point, &(x, y)) in order(false).chain(order(true)) {
        let class = if point.dominated_by.is_none() { "point" } else { "dominated" };
        let _ = write!(
            svg,
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"><title>{}</title></circle>",
            escape(&point.name)
        );
        svg.push_str(&labels.place(&point.name, (x, y)));
    }
    svg.push('\n');
    legend(&mut svg);
    svg.push_str("</svg>\n");
    Some(svg)
}

fn legend(svg: &mut String) {
    let (first, second) = (LEFT, LEFT + 200.0);
    let (above, below) = (14.0, 32.0);
    let on = "<path class=\"pareto\" d=\"M0 -4H18\"/><circle class=\"point\" cx=\"9\" cy=\"-4\" r=\"4.5\"/>";
    entry(svg, on, "on the front", (first, above));
    entry(svg, "<circle class=\"dominated\" cx=\"9\" cy=\"-4\" r=\"4.5\"/>", "dominated", (second, above));
    entry(svg, "<path class=\"spread\" d=\"M0 -4H18\"/>", "range over the rounds", (first, below));
}
