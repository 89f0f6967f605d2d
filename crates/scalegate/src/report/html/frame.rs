//! What pictures of points are made of: axes, a legend, and names next to points where there is room for them.

use maud::{Markup, Render, html};

use super::scale::LogScale;
use crate::units::tick;

// Units of the drawing. It is narrow, so that its text can be read on a phone.
pub(super) const WIDTH: f64 = 480.0;
pub(super) const LEFT: f64 = 62.0;
pub(super) const RIGHT: f64 = 470.0;
const HEIGHT: f64 = 360.0;
pub(super) const TOP: f64 = 46.0;
pub(super) const BOTTOM: f64 = 310.0;

/// A position in a drawing.
pub(super) struct Px(pub(super) f64);

impl Render for Px {
    fn render_to(&self, buffer: &mut String) {
        buffer.push_str(&format!("{:.1}", self.0));
    }
}

/// The outline of a drawing: its height, and its text alternatives.
pub(super) fn drawing(id: &str, height: f64, title: &str, description: &str, content: &Markup) -> Markup {
    html! {
        svg viewBox=(format_args!("0 0 {WIDTH} {height}")) role="img" aria-labelledby={ (id) ":title " (id) ":description" } {
            title id={ (id) ":title" } { (title) }
            desc id={ (id) ":description" } { (description) }
            (content)
        }
    }
}

/// A path of a class; its data are numbers and letters.
pub(super) fn path(class: &str, data: impl Render) -> Markup {
    html! { path class=(class) d=(data) {} }
}

/// A line through points, in coordinates of the drawing.
pub(super) fn polyline(points: impl Iterator<Item = (f64, f64)>) -> String {
    points.enumerate().map(|(index, (x, y))| format!("{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' })).collect()
}

/// A mark with its name, at a place of the legend.
pub(super) fn entry(mark: &Markup, name: &str, (x, y): (f64, f64)) -> Markup {
    html! { g transform=(format_args!("translate({x} {y})")) { (mark) text x="24" { (name) } } }
}

/// The number at a line of the grid, to the left of the drawing.
pub(super) fn left_label(y: f64, text: &str) -> Markup {
    html! { text class="end" x=(LEFT - 6.0) y=(Px(y + 4.0)) { (text) } }
}

/// What the axes of a drawing that is `height` high stand for.
pub(super) fn titles(height: f64, middle: f64, across: &str, up: &str) -> Markup {
    html! {
        text class="mid axis" x=(f64::midpoint(LEFT, RIGHT)) y=(height - 12.0) { (across) }
        text class="mid axis" transform=(format_args!("translate(14 {middle}) rotate(-90)")) { (up) }
    }
}

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
    /// Covers `points` and at least a factor of `min_factor` along both axes, with `room` around them for what stands next to a
    /// point; `None` if no point can be drawn.
    pub(super) fn over(points: &[(f64, f64)], min_factor: f64, room: f64) -> Option<Self> {
        let x = LogScale::over(points.iter().map(|point| point.0), min_factor, (LEFT + room, RIGHT - room))?;
        let y = LogScale::over(points.iter().map(|point| point.1), min_factor, (BOTTOM - room, TOP + room))?;
        Some(Self { x, y })
    }

    /// Where a point lies in the drawing.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (self.x.at(x), self.y.at(y))
    }

    /// A picture with these axes.
    pub(super) fn picture(
        &self,
        id: &str,
        [title, description]: [&str; 2],
        [across, up]: [&AxisWords; 2],
        content: &Markup,
    ) -> Markup {
        let axes = html! {
            (path("frame", format_args!("M{LEFT} {TOP}V{BOTTOM}H{RIGHT}")))
            @for value in &up.ticks {
                @let y = self.y.at(*value);
                (path("grid", format_args!("M{LEFT} {y:.1}H{RIGHT}")))
                (left_label(y, &tick(value / up.factor)))
            }
            @for value in &across.ticks {
                @let x = self.x.at(*value);
                (path("grid", format_args!("M{x:.1} {TOP}V{BOTTOM}")))
                text class="mid" x=(Px(x)) y=(BOTTOM + 16.0) { (tick(value / across.factor)) }
            }
            (titles(HEIGHT, f64::midpoint(TOP, BOTTOM), &across.name, &up.name))
            (content)
        };
        drawing(id, HEIGHT, title, description, &axes)
    }
}

/// What a letter takes in the widest style, that of phones.
const LETTER: f64 = 8.0;
const LINE: f64 = 15.0;
/// How far letters as g reach below their line.
const DESCENT: f64 = 3.5;
/// Around the middle of a point.
const POINT: f64 = 5.0;
/// Between the middle of a point and its name, along both axes.
const GAP: f64 = 6.0;

/// A rectangle: left, top, right, bottom.
type Area = (f64, f64, f64, f64);

/// The names of points, and where a drawing has no more room.
pub(super) struct Labels {
    within: Area,
    occupied: Vec<Area>,
}

impl Labels {
    /// The drawing `within` which there are `points`.
    pub(super) fn around(points: &[(f64, f64)], within: Area) -> Self {
        let area = |&(x, y): &(f64, f64)| (x - POINT, y - POINT, x + POINT, y + POINT);
        Self { within, occupied: points.iter().map(area).collect() }
    }

    /// The name of a point in one of the four corners around it, which lines along the axes leave free; `None` where none of
    /// them is.
    pub(super) fn place(&mut self, name: &str, (x, y): (f64, f64)) -> Option<Markup> {
        let width = LETTER * name.chars().count() as f64;
        let (right, left) = ((x + GAP, x + GAP + width), (x - GAP - width, x - GAP));
        let (above, below) = ((y - GAP - LINE, y - GAP), (y + GAP, y + GAP + LINE));
        let corners = [(right, above), (left, below), (right, below), (left, above)];
        let areas = corners.map(|(across, up)| (across.0, up.0, across.1, up.1));
        let area = areas.into_iter().find(|area| self.is_free(*area))?;
        self.occupied.push(area);
        let (class, at) = if area.0 > x { ("label", area.0) } else { ("label end", area.2) };
        Some(html! { text class=(class) x=(Px(at)) y=(Px(area.3 - DESCENT)) { (name) } })
    }

    fn is_free(&self, area: Area) -> bool {
        let within = self.within;
        let is_inside = area.0 >= within.0 && area.1 >= within.1 && area.2 <= within.2 && area.3 <= within.3;
        let meets = |other: &Area| area.0 < other.2 && other.0 < area.2 && area.1 < other.3 && other.1 < area.3;
        is_inside && !self.occupied.iter().any(meets)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_where_nothing_else_does() {
        let points = [(50.0, 50.0), (70.0, 50.0), (390.0, 50.0)];
        let mut labels = Labels::around(&points, (0.0, 0.0, 400.0, 300.0));
        // Above to the right; at the edge to the left; to the left where the first is in the way.
        let places = [("abc", 0), ("c", 2), ("abc", 1), ("<b>", 1)]
            .map(|(name, at)| labels.place(name, points[at]).map(maud::PreEscaped::into_string).unwrap_or_default());
        insta::assert_snapshot!(places.join("\n"), @r#"
        <text class="label" x="56.0" y="40.5">abc</text>
        <text class="label end" x="384.0" y="67.5">c</text>
        <text class="label end" x="64.0" y="67.5">abc</text>
        <text class="label" x="76.0" y="67.5">&lt;b&gt;</text>
        "#);
        assert!(labels.place(&"long".repeat(40), points[1]).is_none(), "it fits nowhere");
    }
}
