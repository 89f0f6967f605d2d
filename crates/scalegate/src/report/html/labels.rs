//! Names beside points, where there is room for them.

use crate::report::escape::escape;

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

/// What is taken of a drawing.
pub(super) struct Labels {
    within: Area,
    taken: Vec<Area>,
}

impl Labels {
    /// The drawing `within` which there are `points`.
    pub(super) fn around(points: &[(f64, f64)], within: Area) -> Self {
        let area = |&(x, y): &(f64, f64)| (x - POINT, y - POINT, x + POINT, y + POINT);
        Self { within, taken: points.iter().map(area).collect() }
    }

    /// The name of a point in one of the four corners around it, which lines along the axes leave free; nothing where none of them
    /// is.
    pub(super) fn place(&mut self, name: &str, (x, y): (f64, f64)) -> String {
        let width = LETTER * name.chars().count() as f64;
        let (right, left) = ((x + GAP, x + GAP + width), (x - GAP - width, x - GAP));
        let (above, below) = ((y - GAP - LINE, y - GAP), (y + GAP, y + GAP + LINE));
        let corners = [(right, above), (left, below), (right, below), (left, above)];
        let areas = corners.map(|(across, up)| (across.0, up.0, across.1, up.1));
        let Some(area) = areas.into_iter().find(|area| self.is_free(*area)) else {
            return String::new();
        };
        self.taken.push(area);
        let (class, at) = if area.0 > x { ("", area.0) } else { ("end", area.2) };
        format!("<text class=\"label {class}\" x=\"{at:.1}\" y=\"{:.1}\">{}</text>", area.3 - DESCENT, escape(name))
    }

    fn is_free(&self, area: Area) -> bool {
        let within = self.within;
        let is_inside = area.0 >= within.0 && area.1 >= within.1 && area.2 <= within.2 && area.3 <= within.3;
        let meets = |other: &Area| area.0 < other.2 && other.0 < area.2 && area.1 < other.3 && other.1 < area.3;
        is_inside && !self.taken.iter().any(meets)
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
        let places = [("abc", 0), ("c", 2), ("abc", 1), ("<b>", 1)].map(|(name, at)| labels.place(name, points[at]));
        insta::assert_snapshot!(places.join("\n"), @r#"
        <text class="label " x="56.0" y="40.5">abc</text>
        <text class="label end" x="384.0" y="67.5">c</text>
        <text class="label end" x="64.0" y="67.5">abc</text>
        <text class="label " x="76.0" y="67.5">&lt;b&gt;</text>
        "#);
        assert_eq!(labels.place(&"long".repeat(40), points[1]), "", "it fits nowhere");
    }
}
