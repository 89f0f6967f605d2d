//! Cost against perplexity as pictures: which models nothing beats in both.

use maud::{Markup, html};

use super::frame::{AxisWords, BOTTOM, Frame, LEFT, Labels, Px, RIGHT, TOP, entry, path};
use super::markup::{BREAK, figure_id, prose};
use crate::analysis::{Absence, Absent, Point, Tradeoff, Tradeoffs};
use crate::report::findings::listed;
use crate::units::{cost, cost_unit, size, value};

/// The smallest factor that an axis covers, so that noise isn't blown up to fill it.
const MIN_FACTOR: f64 = 1.2;
/// For a name next to a point at the edge.
const ROOM: f64 = 18.0;

/// A section with a picture for each cost. `host` stands in the headings where there are several.
pub(super) fn fronts(tradeoffs: &Tradeoffs, host: Option<&str>) -> Markup {
    html! {
        h2 { "Cost against accuracy" @if let Some(host) = host { " on " (host) } }
        @if !tradeoffs.plots.is_empty() {
            p class="muted" {
                "Less is better along both axes, which are logarithmic. On the front are the models that no other beats in both, by \
                 the medians over the rounds."
            }
            div class="plots" { (BREAK) @for tradeoff in &tradeoffs.plots { (figure(tradeoff, host)) } }
        } @else if tradeoffs.models == 0 {
            p { "Nothing is drawn: no perplexity was measured that compares." }
        } @else {
            p { "Nothing is drawn: it takes two models with a perplexity and a cost that compare." }
        }
        (absent_list("Not in the pictures:", &tradeoffs.absent))
    }
}

fn absent_list(title: &str, absent: &[Absent]) -> Markup {
    html! {
        @if !absent.is_empty() {
            p { (title) }
            ul { @for Absent { name, reason } in absent { li { strong { (name) } ": " (prose(&absence(reason))) } } }
        }
    }
}

fn figure(tradeoff: &Tradeoff, host: Option<&str>) -> Markup {
    let Tradeoff { workload, metric, axis, size: at, points, .. } = tradeoff;
    let id = figure_id("front", workload, *metric, host);
    html! {
        figure class="front" id=(id) {
            (BREAK)
            h3 { (workload) " " (metric) " at " (size(*at as f64, axis)) ", and perplexity" }
            @if let Some(picture) = picture(tradeoff, &id) { (picture) }
            figcaption {
                (words(points))
                details {
                    summary { "costs and perplexities" }
                    (table(tradeoff))
                }
                (absent_list("Not in this picture:", &tradeoff.absent))
            }
            (BREAK)
        }
        (BREAK)
    }
}

fn table(tradeoff: &Tradeoff) -> Markup {
    let costs = |value: f64| cost(value, tradeoff.metric.unit());
    html! {
        div class="scroll" {
            table {
                thead {
                    tr { @for name in ["model", "cost", "range", "perplexity", "beaten by"] { th scope="col" { (name) } } }
                }
                tbody {
                    @for point in &tradeoff.points {
                        tr {
                            th scope="row" { (point.name) }
                            td class="number" { (costs(point.cost)) }
                            td class="number" { (costs(point.range.0)) " to " (costs(point.range.1)) }
                            td class="number" { (value(point.perplexity)) }
                            td { (point.dominated_by.as_deref().unwrap_or("none: on the front")) }
                        }
                    }
                }
            }
        }
    }
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

fn picture(tradeoff: &Tradeoff, id: &str) -> Option<Markup> {
    let Tradeoff { workload, metric, points, .. } = tradeoff;
    let ends =
        points.iter().flat_map(|point| [point.range.0, point.cost, point.range.1].map(|x| (x, point.perplexity)));
    let frame = Frame::over(&ends.collect::<Vec<_>>(), MIN_FACTOR, ROOM)?;
    let (factor, unit) = cost_unit(points[points.len() / 2].cost, metric.unit());
    let name = format!("{} ({unit})", metric.name().replace('_', " "));
    let across = AxisWords { name, factor, ticks: frame.x.ticks() };
    let up = AxisWords { name: "perplexity".to_owned(), factor: 1.0, ticks: frame.y.ticks() };

    let places: Vec<(f64, f64)> = points.iter().map(|point| frame.at((point.cost, point.perplexity))).collect();
    let step = |(index, point): (usize, &Point)| {
        let (x, y) = frame.at((point.cost, point.perplexity));
        if index == 0 { format!("M{x:.1} {y:.1}") } else { format!("H{x:.1}V{y:.1}") }
    };
    let line: String = front(points).enumerate().map(step).collect();
    let mut labels = Labels::around(&places, (LEFT, TOP, RIGHT, BOTTOM));
    // Names on the front are placed first.
    let order =
        |beaten: bool| points.iter().zip(&places).filter(move |(point, _)| point.dominated_by.is_some() == beaten);
    let content = html! {
        @for point in points {
            @let y = frame.y.at(point.perplexity);
            @let (low, high) = (frame.x.at(point.range.0), frame.x.at(point.range.1));
            (path("spread", format_args!("M{low:.1} {y:.1}H{high:.1}")))
        }
        (path("pareto", line))
        @for (point, &(x, y)) in order(false).chain(order(true)) {
            @let class = if point.dominated_by.is_none() { "point" } else { "dominated" };
            circle class=(class) cx=(Px(x)) cy=(Px(y)) r="4.5" { title { (point.name) } }
            @if let Some(label) = labels.place(&point.name, (x, y)) { (label) }
        }
        (legend())
    };
    let alternatives = [&*format!("{workload} {metric} against perplexity"), &*words(points)];
    Some(frame.picture(id, alternatives, [&across, &up], &content))
}

fn legend() -> Markup {
    let (first, second) = (LEFT, LEFT + 200.0);
    let (above, below) = (14.0, 32.0);
    let circle = |class: &str| html! { circle class=(class) cx="9" cy="-4" r="4.5" {} };
    let on = html! { (path("pareto", "M0 -4H18")) (circle("point")) };
    html! {
        (entry(&on, "on the front", (first, above)))
        (entry(&circle("dominated"), "dominated", (second, above)))
        (entry(&path("spread", "M0 -4H18"), "range over the rounds", (first, below)))
    }
}

/// Why a model is not in a plot.
fn absence(reason: &Absence) -> String {
    match reason {
        Absence::NoPerplexity => {
            "no perplexity was measured of it; name it under `[accuracy]` in `suite.toml`".to_owned()
        }
        Absence::NotPositive(value) => format!("a perplexity of {value} is none"),
        Absence::Unusable(fault) => fault.clone(),
        Absence::OtherText(settings) => {
            format!("its perplexity is of another text, or of another tokenizer's tokens ({})", listed(settings))
        }
        Absence::NotMeasured(workload, metric) => format!("{workload} {metric} was not measured"),
        Absence::Unavailable(workload, metric, why) => format!("{workload} {metric} was unavailable: {why}"),
        Absence::OtherHost(first, field) => format!("its costs don't compare with those of {first} ({field})"),
        Absence::OtherSettings(workload, first, settings) => {
            format!("{workload} was measured in other settings than that of {first} ({})", listed(settings))
        }
        Absence::NoCommonSize(workload) => format!("{workload} was measured at none of the sizes of the others"),
        Absence::Zero(workload, metric) => format!("{workload} {metric} was zero in a round"),
    }
}
