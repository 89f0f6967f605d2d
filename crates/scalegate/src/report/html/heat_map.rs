//! What images of every width and height become, as a picture: darker where they become more.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::frame::{LEFT, Px, RIGHT, WIDTH, drawing, entry, left_label, path, polyline, titles};
use super::markup::{BREAK, anchor};
use super::page::Page;
use super::scale::LogScale;
use crate::record::{ExpectedUnits, InputUnit, Run, UnitMap};
use crate::report::expected_units::grouped;
use crate::units::tick;
use crate::{Axis, Resolution};

// Units of the drawing, whose field is a square.
const HEIGHT: f64 = 540.0;
const TOP: f64 = 62.0;
const BOTTOM: f64 = TOP + RIGHT - LEFT;

/// Shades, each of which has a class of the style sheet.
const SHADES: usize = 8;

/// Numbers stand in every so many cells, along both sides.
const LABELLED: usize = 6;

/// A map and the workloads that have it.
struct Shared<'a> {
    workloads: Vec<&'a str>,
    unit: InputUnit,
    map: &'a UnitMap,
    /// What was measured.
    images: Vec<Resolution>,
}

/// A section with a map for each image processor of the runs; nothing where no record has one.
pub(super) fn heat_maps(page: &Page) -> Markup {
    let runs = page.runs.iter().map(|run| (&*run.run.provenance.host.class, shared(run.run)));
    let all: Vec<(&str, Vec<Shared>)> = runs.filter(|(_, maps)| !maps.is_empty()).collect();
    html! {
        @if !all.is_empty() {
            h2 { "What images become" }
            p class="muted" {
                "By the configuration of the image processor, whatever ran; both axes are logarithmic. Dots are the images that were \
                 measured, the line is where larger images become no more."
            }
            div class="plots" {
                (BREAK)
                @for (host, maps) in &all {
                    @for map in maps { (figure(map, &page.on(host))) }
                }
            }
        }
    }
}

/// The maps of a run, each once, with all images that were measured of its workloads.
fn shared(run: &Run) -> Vec<Shared<'_>> {
    let mut maps: Vec<Shared> = Vec::new();
    for series in &run.series {
        let Some(ExpectedUnits { unit, map: Some(map), .. }) = &series.expected_units else { continue };
        let place = maps.iter().position(|its| its.map == map && its.unit == *unit).unwrap_or_else(|| {
            maps.push(Shared { workloads: Vec::new(), unit: *unit, map, images: Vec::new() });
            maps.len() - 1
        });
        let its = &mut maps[place];
        if !its.workloads.contains(&series.workload.as_str()) {
            its.workloads.push(&series.workload);
        }
        for image in series.images().into_values() {
            if !its.images.contains(&image) {
                its.images.push(image);
            }
        }
    }
    maps
}

fn figure(shared: &Shared, on: &str) -> Markup {
    let names = shared.workloads.join(", ");
    let id = anchor(&format!("units:{names}{on}"));
    html! {
        figure class="units" id=(id) {
            (BREAK)
            h3 { (names) ": expected " (shared.unit.plural()) (on) }
            @match picture(shared, &id) {
                Some(picture) => (picture),
                None => { p { "The image processor takes none of these images." } }
            }
            (BREAK)
        }
        (BREAK)
    }
}

fn picture(shared: &Shared, id: &str) -> Option<Markup> {
    let Shared { unit, map, images, .. } = shared;
    let sides: Vec<f64> = map.sides.iter().map(|side| f64::from(*side)).collect();
    let ends = edges(&sides);
    let x = LogScale::exactly((*ends.first()?, *ends.last()?), (LEFT, RIGHT))?;
    let y = LogScale::exactly((*ends.first()?, *ends.last()?), (BOTTOM, TOP))?;
    let shades = Shades::of(map)?;
    let mut cells: BTreeMap<usize, String> = BTreeMap::new();
    let mut numbers = Vec::new();
    for (row, units) in map.units.iter().enumerate() {
        for (col, units) in units.iter().enumerate() {
            let Some(units) = units else { continue };
            let [left, right] = [x.at(ends[col]), x.at(ends[col + 1])];
            let [bottom, top] = [y.at(ends[row]), y.at(ends[row + 1])];
            let cell = format!("M{left:.1} {top:.1}H{right:.1}V{bottom:.1}H{left:.1}z");
            cells.entry(shades.shade(*units)).or_default().push_str(&cell);
            if row % LABELLED == LABELLED / 2 && col % LABELLED == LABELLED / 2 {
                numbers.push((x.at(sides[col]), y.at(sides[row]), grouped(*units as f64)));
            }
        }
    }
    let is_inside = |image: &&Resolution| {
        let within = |side: u32| (ends[0]..=ends[ends.len() - 1]).contains(&f64::from(side));
        within(image.width) && within(image.height)
    };
    let marks: Vec<&Resolution> = images.iter().filter(is_inside).collect();
    let clamp = polyline(map.clamp.iter().map(|(width, height)| (x.at(f64::from(*width)), y.at(f64::from(*height)))));
    let content = html! {
        @for (shade, data) in &cells { (path(&format!("heat heat-{shade}"), data)) }
        (path("frame", format_args!("M{LEFT} {TOP}V{BOTTOM}H{RIGHT}")))
        @for value in x.ticks() {
            text class="mid" x=(Px(x.at(value))) y=(BOTTOM + 16.0) { (tick(value)) }
            (left_label(y.at(value), &tick(value)))
        }
        @for (x, y, number) in &numbers { text class="mid heat-number" x=(Px(*x)) y=(Px(y + 4.0)) { (number) } }
        @if !map.clamp.is_empty() { (path("clamp-line", &clamp)) }
        @for image in &marks {
            circle class="point" cx=(Px(x.at(f64::from(image.width)))) cy=(Px(y.at(f64::from(image.height)))) r="3" {}
        }
        (titles(HEIGHT, f64::midpoint(TOP, BOTTOM), "width (pixels)", "height (pixels)"))
        (legend(&shades, *unit, !map.clamp.is_empty()))
    };
    let title = format!("{}: expected {} over width and height", shared.workloads.join(", "), unit.plural());
    Some(drawing(id, HEIGHT, &title, &description(shared, &shades, marks.len()), &content))
}

fn description(Shared { unit, map, images, .. }: &Shared, shades: &Shades, marks: usize) -> String {
    let sides = [map.sides.first(), map.sides.last()].map(|side| side.copied().unwrap_or_default());
    let mut text = format!(
        "Images with sides from {} to {} pixels become {} to {} {}: the darker, the more. {marks} of {} measured images are marked.",
        sides[0],
        sides[1],
        grouped(shades.least as f64),
        grouped(shades.most as f64),
        unit.plural(),
        images.len()
    );
    if let Some((width, height)) = map.clamp.get(map.clamp.len() / 2) {
        let pixels = f64::from(*width) * f64::from(*height);
        text.push_str(&format!(
            " A line is drawn where larger images become no more, as at {}.",
            crate::units::size(pixels, &Axis::PIXELS)
        ));
    }
    text
}

fn legend(shades: &Shades, unit: InputUnit, has_clamp: bool) -> Markup {
    let width = (WIDTH - LEFT - 10.0) / SHADES as f64;
    html! {
        @for shade in 0..shades.count {
            @let left = LEFT + width * shade as f64;
            (path(&format!("heat heat-{}", shades.class(shade)), format_args!("M{left:.1} 4h{width:.1}v12h-{width:.1}z")))
            text class="mid" x=(Px(left + width / 2.0)) y="30" { (shades.label(shade)) }
        }
        text class="end" x=(LEFT - 6.0) y="15" { (unit.plural()) }
        (entry(&html! { circle class="point" cx="8" cy="-4" r="3" {} }, "measured", (LEFT, 50.0)))
        @if has_clamp { (entry(&path("clamp-line", "M0 -4H18"), "clamp", (LEFT + 116.0, 50.0))) }
    }
}

/// The borders between cells and around them: geometric means of neighbouring sides.
fn edges(sides: &[f64]) -> Vec<f64> {
    let (Some(first), Some(last)) = (sides.first(), sides.last()) else { return Vec::new() };
    let ratio = |pair: &[f64]| (pair[1] / pair[0]).sqrt();
    let start = sides.get(..2).map_or(1.5, ratio);
    let end = if sides.len() > 1 { ratio(&sides[sides.len() - 2..]) } else { 1.5 };
    let between = sides.windows(2).map(|pair| (pair[0] * pair[1]).sqrt());
    std::iter::once(first / start).chain(between).chain([last * end]).collect()
}

/// Ranges of units in equal factors, or single numbers where there are few.
struct Shades {
    least: u64,
    most: u64,
    /// The numbers, where each has a shade of its own.
    single: Option<Vec<u64>>,
    count: usize,
}

impl Shades {
    fn of(map: &UnitMap) -> Option<Self> {
        let mut numbers: Vec<u64> = map.units.iter().flatten().flatten().copied().collect();
        numbers.sort_unstable();
        numbers.dedup();
        let (least, most) = (*numbers.first()?, *numbers.last()?);
        let count = numbers.len().min(SHADES);
        Some(Self { least, most, single: (numbers.len() <= SHADES).then_some(numbers), count })
    }

    /// Where a range begins.
    fn start(&self, shade: usize) -> f64 {
        let (least, most) = (self.least.max(1) as f64, self.most.max(1) as f64);
        least * (most / least).powf(shade as f64 / self.count as f64)
    }

    fn index(&self, units: u64) -> usize {
        match &self.single {
            Some(numbers) => numbers.iter().position(|its| *its == units).unwrap_or_default(),
            None => (1..self.count).take_while(|shade| units as f64 >= self.start(*shade)).count(),
        }
    }

    /// The class of a range: the last is the darkest however few there are.
    fn class(&self, index: usize) -> usize {
        SHADES - self.count + index
    }

    fn shade(&self, units: u64) -> usize {
        self.class(self.index(units))
    }

    fn label(&self, index: usize) -> String {
        match &self.single {
            Some(numbers) => grouped(numbers[index] as f64),
            None => format!("{}+", grouped(self.start(index).ceil())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(units: [[Option<u64>; 3]; 3]) -> UnitMap {
        UnitMap {
            sides: vec![100, 200, 400],
            units: units.map(Vec::from).to_vec(),
            clamp: vec![(100, 400), (200, 200), (400, 100)],
        }
    }

    fn drawn(map: &UnitMap) -> String {
        let images = [(200, 100), (900, 100)].map(|(width, height)| Resolution { width, height }).to_vec();
        let shared = Shared { workloads: vec!["vlm/<encode>"], unit: InputUnit::Tokens, map, images };
        picture(&shared, "units").unwrap().into_string()
    }

    #[test]
    fn a_map_has_cells_a_legend_the_clamp_and_the_images_within_it() {
        let picture =
            drawn(&map([[Some(4), Some(8), Some(16)], [Some(8), Some(16), Some(16)], [None, Some(16), Some(16)]]));
        insta::assert_snapshot!(picture.replace("><", ">\n<"));
    }

    #[test]
    fn many_numbers_share_shades_in_equal_factors() {
        let units = |row: u64| [0, 1, 2].map(|col| Some(10u64.pow((row * 3 + col) as u32)));
        let shades = Shades::of(&map([units(0), units(1), units(2)])).unwrap();
        let all: Vec<usize> = (0..9).map(|power| shades.shade(10u64.pow(power))).collect();
        assert_eq!(all, [0, 1, 2, 3, 4, 5, 6, 7, 7]);
        assert_eq!((shades.label(0), shades.label(3)), ("1+".to_owned(), "1,000+".to_owned()));
        assert!(Shades::of(&map([[None; 3]; 3])).is_none());
    }
}
