//! Causes as a page: parts over size for base and head, and a differential flame graph.

use maud::{Markup, html};

use super::frame::{BOTTOM, LEFT, Px, RIGHT, TOP, drawing, left_label, path, titles};
use super::markup::{BREAK, anchor, document, prose};
use super::scale::steps;
use crate::report::why::{changed, lines, nothing, parts};
use crate::report::why_table::{FUNCTIONS, OPERATORS, rows};
use crate::units::{percent, size, tick};
use crate::why::{Explanation, Frame, Part, Why, WorkloadWhy};

const HEIGHT: f64 = 360.0;

/// Functions with a colour of their own; the others are one part.
const MAX_COLOURS: usize = 5;

/// Told apart in print and by those who see no red or green (Okabe and Ito, *Color universal design*, 2008).
const COLOURS: [&str; MAX_COLOURS + 1] = ["#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#999999"];

/// Of a frame of the flame graph, in units of the drawing.
const FRAME_HEIGHT: f64 = 16.0;
const FLAME_WIDTH: f64 = 480.0;
/// What a letter takes.
const LETTER: f64 = 5.6;
/// The relative change at which a frame has its full colour.
const FULL_CHANGE: f64 = 0.5;

/// The page.
pub fn why_html(why: &Why) -> String {
    let body = html! {
        h1 { "scalegate: where the change comes from" }
        p { (prose(&why.sides[0])) " against " (prose(&why.sides[1])) }
        @for (its, explanation) in changed(why) { (section(why, its, explanation)) }
        @for its in why.workloads.iter().filter(|its| !its.is_changed()) {
            p { (prose(&nothing(its, &why.sides))) }
            (labelled(&parts(its)))
            (times(its))
        }
    };
    document("scalegate: why", &body)
}

fn section(why: &Why, its: &WorkloadWhy, explanation: &Explanation) -> Markup {
    let id = anchor(&format!("why:{}", its.workload));
    let mut lines = lines(why, its, explanation);
    let (_, what) = lines.remove(0);
    html! {
        h2 id=(id) { (its.workload) }
        p { (prose(&what)) }
        (labelled(&lines))
        div class="plots" {
            (BREAK)
            figure { (BREAK) h3 { "By function over size" } (stacks(&format!("{id}:stacks"), its, explanation, "instructions")) (BREAK) }
            figure { (BREAK) h3 { "By calls, at " (size(explanation.sizes[explanation.at] as f64, &its.axis)) } (flames(&id, explanation)) (BREAK) }
        }
        (table(&rows(explanation, &its.axis, FUNCTIONS)))
        (times(its))
    }
}

/// Wall time by operator, if it changed.
fn times(its: &WorkloadWhy) -> Markup {
    let changed = its.operators.as_ref().filter(|operators| operators.is_changed());
    html! {
        @if let Some(operators) = changed {
            div class="plots" {
                (BREAK)
                figure {
                    (BREAK)
                    h3 { "Wall time by operator over size" }
                    (stacks(&anchor(&format!("why:{}:operators", its.workload)), its, &operators.explanation, "wall time"))
                    (BREAK)
                }
            }
            (table(&rows(&operators.explanation, &its.axis, OPERATORS)))
        }
    }
}

fn labelled(lines: &[(&str, String)]) -> Markup {
    html! { ul { @for (label, line) in lines { li { b { (label) } " " (prose(line)) } } } }
}

fn table(rows: &[[String; 6]]) -> Markup {
    html! {
        div class="scroll" {
            table {
                thead { tr { @for cell in &rows[0] { th { (cell) } } } }
                tbody { @for row in &rows[1..] { tr { @for cell in row { td { (prose(cell)) } } } } }
            }
        }
    }
}

/// A bar for each side of each size, as high as its `cost` over that of the base.
fn stacks(id: &str, its: &WorkloadWhy, explanation: &Explanation, cost: &str) -> Markup {
    let (coloured, others) = explanation.parts.split_at(explanation.parts.len().min(MAX_COLOURS));
    let whole = &explanation.whole;
    let highest = (0..explanation.sizes.len()).map(|at| whole.head[at] / whole.base[at]).fold(1.0, f64::max);
    let y = |value: f64| BOTTOM - value / (1.05 * highest) * (BOTTOM - TOP);
    let place = (RIGHT - LEFT) / explanation.sizes.len() as f64;
    let width = 0.36 * place;
    let bar = |at: usize, is_head: bool| {
        let of = |part: &Part| (if is_head { part.head[at] } else { part.base[at] }) / whole.base[at];
        let heights: Vec<f64> =
            coloured.iter().map(of).chain([others.iter().map(of).sum::<f64>() + of(&explanation.rest)]).collect();
        let x = LEFT + place * at as f64 + if is_head { 0.52 } else { 0.12 } * place;
        let mut below = 0.0;
        let segments: Vec<(f64, f64, &str)> = heights
            .iter()
            .zip(COLOURS.iter().take(coloured.len()).chain([&COLOURS[MAX_COLOURS]]))
            .map(|(height, colour)| {
                below += height.max(0.0);
                (y(below), y(below - height.max(0.0)) - y(below), *colour)
            })
            .collect();
        html! {
            @for (top, height, colour) in segments {
                rect x=(Px(x)) y=(Px(top)) width=(Px(width)) height=(Px(height)) fill=(colour) {}
            }
        }
    };
    let description = (0..explanation.sizes.len()).map(|at| {
        format!("{}: {}", size(explanation.sizes[at] as f64, &its.axis), percent(whole.head[at] / whole.base[at] - 1.0))
    });
    let description = description.collect::<Vec<_>>().join("; ");
    let (factor, unit) = its.axis.unit_at(explanation.sizes[explanation.sizes.len() - 1] as f64);
    let content = html! {
        (path("frame", format_args!("M{LEFT} {TOP}V{BOTTOM}H{RIGHT}")))
        @for value in steps(0.0, highest) {
            (path("grid", format_args!("M{LEFT} {:.1}H{RIGHT}", y(value))))
            (left_label(y(value), &tick(value)))
        }
        @for at in 0..explanation.sizes.len() {
            (bar(at, false)) (bar(at, true))
            text class="mid" x=(Px(LEFT + place * (at as f64 + 0.5))) y=(BOTTOM + 16.0) {
                (tick(explanation.sizes[at] as f64 / factor))
            }
        }
        (titles(HEIGHT, f64::midpoint(TOP, BOTTOM), &format!("{} ({unit})", its.axis.title()), &format!("{cost}, of the base = 1")))
        text x=(LEFT) y="16" { "left: base, right: head" }
    };
    html! {
        (drawing(id, HEIGHT, &format!("Parts of {cost} over size"), &description, &content))
        figcaption {
            @for (part, colour) in coloured.iter().zip(COLOURS) {
                span style=(format_args!("color:{colour}")) { "■" } " " code { (part.name) } " "
            }
            span style=(format_args!("color:{}", COLOURS[MAX_COLOURS])) { "■" } " others"
        }
    }
}

/// Frames as wide as their instructions in the head, red where these grew and blue where they shrank (Gregg, *The flame graph*,
/// Communications of the ACM 59, 2016, differential flame graphs).
fn flames(id: &str, explanation: &Explanation) -> Markup {
    let root = &explanation.calls;
    let mut placed = Vec::new();
    place(root, 0.0, FLAME_WIDTH / root.head.max(1.0), 0, &mut placed);
    let depth = placed.iter().map(|(.., depth)| depth + 1).max().unwrap_or(1);
    let height = FRAME_HEIGHT * depth as f64 + 4.0;
    let content = html! {
        @for (frame, x, width, depth) in &placed {
            @let y = FRAME_HEIGHT * *depth as f64;
            @let name = if frame.name.is_empty() { "all" } else { &frame.name };
            g {
                title { (name) ": " (frame.base.round()) " → " (frame.head.round()) " instructions (" (change_of(frame)) ")" }
                rect x=(Px(*x)) y=(Px(y)) width=(Px((width - 0.4).max(0.2))) height=(FRAME_HEIGHT - 1.0) fill=(colour(frame)) {}
                @if let Some(text) = shortened(name, *width) {
                    text x=(Px(x + 2.0)) y=(Px(y + 11.0)) style="font-size:9px;fill:#111" { (text) }
                }
            }
        }
    };
    html! {
        (drawing(&format!("{id}:flames"), height, "Calls, as wide as their instructions in the head", "the table has the numbers", &content))
        figcaption { "As wide as in the head; red has grown, blue has shrunk. Point at a frame for its numbers." }
    }
}

fn place<'a>(frame: &'a Frame, x: f64, scale: f64, depth: usize, placed: &mut Vec<(&'a Frame, f64, f64, usize)>) {
    placed.push((frame, x, frame.head * scale, depth));
    let mut at = x;
    for child in frame.children.iter().filter(|child| child.head > 0.0) {
        place(child, at, scale, depth + 1, placed);
        at += child.head * scale;
    }
}

fn change_of(frame: &Frame) -> String {
    if frame.base > 0.0 { percent(frame.head / frame.base - 1.0) } else { "new".to_owned() }
}

/// From white over red or blue, by the change.
fn colour(frame: &Frame) -> String {
    let change = if frame.base > 0.0 { frame.head / frame.base - 1.0 } else { FULL_CHANGE };
    let strength = (change / FULL_CHANGE).clamp(-1.0, 1.0);
    let faded = (235.0 - 135.0 * strength.abs()).round();
    if strength >= 0.0 { format!("rgb(240,{faded},{faded})") } else { format!("rgb({faded},{faded},240)") }
}

/// As much of the end of a name as there is room for; nothing where that would say nothing.
fn shortened(name: &str, width: f64) -> Option<String> {
    let room = ((width - 4.0) / LETTER).floor() as usize;
    let length = name.chars().count();
    if length <= room {
        return Some(name.to_owned());
    }
    (room >= 6).then(|| std::iter::once('…').chain(name.chars().skip(length - room + 1)).collect())
}
