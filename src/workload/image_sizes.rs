//! Sizes of images at which a law shows: on both sides of each step and of the clamp of a model's image processor.
//!
//! In: the image processor and a ratio of width to height. Out: sizes, ascending. Pure: the same configuration gives the same sizes.
//!
//! - **Tiles.** Every tread of the staircase gets sizes apart from each other and from its ends: as many as Akaike's criterion for few
//!   points, by which a law's number of steps is chosen, asks of steps that all differ. More steps than six, it cannot tell from so many
//!   sizes. The sides are in exactly the ratio, since some processors tell 4000×2999 from 4000×3000.
//! - **A clamp.** Whole blocks of pixels, so that rounding to blocks hides nothing: up to the clamp images that keep their size, above it
//!   images that all become one size. The sides are in the ratio as nearly as whole blocks allow.
//! - **One size.** What only decoding grows with: equal factors from small to large.

use std::collections::BTreeMap;

use crate::inference::preprocess::{Geometry, MAX_PIXELS, MAX_SIDE, Preprocessor, Step};
use crate::suite::Aspect;
use scalegate::Resolution;

/// Sizes of one law at most: every one is measured in every round.
const MAX_SIZES: usize = 24;

/// Sizes of the first and of the last tread, and of one between at the most.
const OUTER: usize = 4;
const INNER: usize = 4;

/// Steps that are told from each other at most: with [`MAX_SIZES`] sizes the correction of Akaike's criterion for the fourteen numbers of six
/// steps is 47, and for the eighteen of eight 137, as much as steps of a tenth of the cost add to the likelihood.
const MAX_STEPS: usize = 6;

/// How far the first and the last tread reach, as factors of a side.
const REACH: f64 = 3.0;

/// How far from the ends of a tread its sizes are, as a share of it: near enough that the place of a step is known, and far enough that
/// a size is not on the other side of it by a rounded pixel.
const INSET: f64 = 0.15;

/// How far a ratio of whole blocks may be from the one asked for, as a logarithm: as little as leaves `BELOW_ENOUGH` sizes up to the clamp. Below a
/// clamp of few blocks there are few ratios.
const RATIO_TOLERANCES: [f64; 3] = [0.04, 0.08, 0.12];
const BELOW_ENOUGH: usize = 6;

/// Sizes up to a clamp: sides in equal distances between these shares of the clamp's.
const BELOW: usize = 9;
const BELOW_FROM: f64 = 0.2;
const BELOW_TO: f64 = 0.95;

/// Sizes above a clamp: in equal factors between these multiples of its pixels. With less room than `ABOVE_LEAST` nothing above it could
/// be told from what is below.
const ABOVE: usize = 5;
const ABOVE_FROM: f64 = 1.3;
const ABOVE_TO: f64 = 8.0;
const ABOVE_LEAST: f64 = 1.6;

/// Sizes without a step or a clamp, in pixels from and to.
const PLAIN: usize = 10;
const PLAIN_FROM: f64 = 0.05e6;
const PLAIN_TO: f64 = 8e6;

/// Fewer sizes have no law.
const MIN_SIZES: usize = 4;

/// The sizes of a workload's images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ImageSizes {
    /// Ascending in pixels.
    pub(super) list: Vec<Resolution>,
    /// How many steps the image processor has, and how many of them in the middle no two sizes lie between.
    steps: (usize, usize),
}

impl ImageSizes {
    /// Those that the user lists.
    pub(super) fn listed(list: Vec<Resolution>) -> Self {
        Self { list, steps: (0, 0) }
    }

    /// Those at which the steps and the clamp of `preprocessor` show, for images of one aspect ratio; `None` if it accepts too few of
    /// them for a law.
    pub(super) fn chosen(preprocessor: &Preprocessor, aspect: Aspect) -> Option<Self> {
        let images = Images { preprocessor, aspect };
        let steps = preprocessor.expected_steps(aspect.ratio());
        let chosen = if steps.is_empty() {
            let knee = preprocessor.expected_knee(aspect.ratio());
            let around = |tolerance| images.around(knee?, preprocessor.block()?, tolerance);
            let mut found = None;
            for its in RATIO_TOLERANCES.into_iter().filter_map(around) {
                let is_enough = its.below >= BELOW_ENOUGH;
                found = Some(its);
                if is_enough {
                    break;
                }
            }
            Self::listed(found.map_or_else(|| images.plain(knee.is_none()), |around| around.list))
        } else {
            images.on_treads(&steps)
        };
        (chosen.list.len() >= MIN_SIZES).then_some(chosen)
    }

    /// What the sizes leave out of the image processor's steps, in words for a record.
    pub(super) fn steps_left_out(&self) -> Option<String> {
        let (all, left_out) = self.steps;
        (left_out > 0).then(|| format!("{left_out} of {all}, in the middle"))
    }
}

/// Sizes on both sides of a clamp.
struct Around {
    /// Ascending in pixels.
    list: Vec<Resolution>,
    /// How many of them are up to it.
    below: usize,
}

/// Images of one ratio of width to height, as an image processor takes them.
struct Images<'a> {
    preprocessor: &'a Preprocessor,
    aspect: Aspect,
}

impl Images<'_> {
    /// The image whose sides are `multiple` times those of the ratio.
    fn exact(&self, multiple: u32) -> Resolution {
        Resolution { width: self.aspect.width * multiple, height: self.aspect.height * multiple }
    }

    /// What an image becomes, if it can be decoded and is taken.
    fn geometry(&self, image: Resolution) -> Option<Geometry> {
        let is_decoded = image.pixels() <= MAX_PIXELS && image.width.max(image.height) <= MAX_SIDE;
        if is_decoded { self.preprocessor.geometry(image.width, image.height).ok() } else { None }
    }

    /// The multiple of the ratio that has about so many pixels.
    fn multiple(&self, pixels: f64) -> f64 {
        (pixels / self.exact(1).pixels() as f64).sqrt()
    }

    /// The largest multiple of the ratio that is decoded.
    fn largest(&self) -> u32 {
        let by_side = MAX_SIDE / self.aspect.width.max(self.aspect.height);
        by_side.min(self.multiple(MAX_PIXELS as f64) as u32)
    }

    /// Sizes on the treads of a staircase.
    fn on_treads(&self, steps: &[Step]) -> ImageSizes {
        // Where each tread begins, and where the last one ends.
        let starts: Vec<u32> = steps.iter().map(|step| self.multiple(step.pixels).round() as u32).collect();
        let (first, last) = (starts[0], starts[starts.len() - 1]);
        let bottom = (f64::from(first) / REACH).ceil() as u32;
        let top = ((f64::from(last) * REACH) as u32).min(self.largest());
        let inner: Vec<(u32, u32)> = starts
            .windows(2)
            .map(|pair| (pair[0], pair[1] - 1))
            // Two steps so close that no two sizes are between them show as one.
            .filter(|(start, end)| end > start)
            .collect();
        // Of too many, the first ones and, with the clamp, the last ones: what is between them shows as one step.
        let room = MAX_STEPS - 1;
        let left_out = (starts.len() - 1) - inner.len().min(room);
        let each = ((MAX_SIZES - 2 * OUTER) / inner.len().clamp(1, room)).min(INNER);
        let (head, tail) = if inner.len() > room { (room - room / 2, room / 2) } else { (inner.len(), 0) };
        let shown = inner[..head].iter().chain(&inner[inner.len() - tail..]);
        let mut list = self.spread((bottom, first - 1), OUTER);
        list.extend(shown.flat_map(|tread| self.spread(*tread, each)));
        list.extend(self.spread((last, top), OUTER));
        ImageSizes { list, steps: (steps.len(), left_out) }
    }

    /// `count` images on a tread from one multiple of the ratio to another, or as many as there are.
    fn spread(&self, (start, end): (u32, u32), count: usize) -> Vec<Resolution> {
        let (start, end) = (f64::from(start.max(1)), f64::from(end));
        if end < start {
            return Vec::new();
        }
        let share = |index: usize| INSET + (1.0 - 2.0 * INSET) * index as f64 / (count - 1) as f64;
        let at = |index: usize| (start * (end / start).powf(share(index))).round().clamp(start, end) as u32;
        let mut multiples: Vec<u32> = (0..count).map(at).collect();
        multiples.dedup();
        if multiples.len() < count {
            // So short that rounding meets: its ends are the farthest apart.
            multiples.extend([start as u32, end as u32]);
            multiples.sort_unstable();
            multiples.dedup();
            let middle = multiples.len().saturating_sub(count);
            multiples.drain(1..=middle);
        }
        let taken = |image: &Resolution| self.geometry(*image).is_some();
        multiples.into_iter().map(|multiple| self.exact(multiple)).filter(taken).collect()
    }

    /// Sizes up to a clamp and above it; `None` if there is no room on one of its sides.
    fn around(&self, knee: f64, block: (u32, u32), tolerance: f64) -> Option<Around> {
        let room = f64::from(MAX_SIDE).powi(2) / self.aspect.ratio().max(self.aspect.ratio().recip());
        let highest = ABOVE_TO.min(room.min(MAX_PIXELS as f64) / (knee * (1.0 + tolerance)));
        if highest < ABOVE_LEAST {
            return None;
        }
        let area = |(width, height): (usize, usize)| (width * height) as f64;
        // The largest input that a ratio near this one has: of those that rounding leaves, the one closest to the clamp.
        let far = |image: &Resolution| {
            let resized = self.geometry(*image).map(|geometry| geometry.resized());
            resized.map_or(f64::INFINITY, |resized| (area(resized) / knee).ln().abs())
        };
        let largest = self.blocks(knee * highest.sqrt(), block, tolerance).min_by(|a, b| far(a).total_cmp(&far(b)))?;
        let largest = self.geometry(largest)?.resized();
        let is_clamped = |image: &Resolution| self.geometry(*image).is_some_and(|it| it.resized() == largest);
        let is_kept = |image: &Resolution| {
            let own = (image.width as usize, image.height as usize);
            area(own) <= area(largest) && self.geometry(*image).is_some_and(|it| it.resized() == own)
        };
        let below_at = |share: f64| self.closest(share * share * knee, (block, tolerance), is_kept);
        // Smaller images than the processor's least are enlarged, and there may be no whole blocks of the ratio.
        let from = (0..=20).map(|step| BELOW_FROM + 0.02 * f64::from(step)).find(|share| below_at(*share).is_some())?;
        let share = |index: usize, count: usize| index as f64 / (count - 1) as f64;
        let below = (0..BELOW)
            .filter_map(|index| below_at(from + (BELOW_TO - from) * share(index, BELOW)))
            .map(|it| (it, true));
        let above = (0..ABOVE)
            .filter_map(|index| {
                let factor = ABOVE_FROM * (highest / ABOVE_FROM).powf(share(index, ABOVE));
                self.closest(factor * knee, (block, tolerance), is_clamped)
            })
            .map(|it| (it, false));
        // By pixels, since two targets may have one closest image.
        let all: BTreeMap<u64, (Resolution, bool)> = below.chain(above).map(|it| (it.0.pixels(), it)).collect();
        let count = |is_below| all.values().filter(|it| it.1 == is_below).count();
        let below = count(true);
        let is_enough = below >= MIN_SIZES && count(false) >= 2;
        is_enough.then(|| Around { list: all.into_values().map(|(image, _)| image).collect(), below })
    }

    /// Of the images of whole blocks for which `is_wanted` holds the one that is closest to so many pixels and to the ratio.
    fn closest(
        &self,
        pixels: f64,
        (block, tolerance): ((u32, u32), f64),
        is_wanted: impl Fn(&Resolution) -> bool,
    ) -> Option<Resolution> {
        let off = |image: &Resolution| {
            let ratio = f64::from(image.width) / f64::from(image.height);
            (image.pixels() as f64 / pixels).ln().abs() + (ratio / self.aspect.ratio()).ln().abs()
        };
        self.blocks(pixels, block, tolerance).filter(is_wanted).min_by(|a, b| off(a).total_cmp(&off(b)))
    }

    /// Images of whole blocks that have about so many pixels, and about the ratio.
    fn blocks(
        &self,
        pixels: f64,
        (block_width, block_height): (u32, u32),
        tolerance: f64,
    ) -> impl Iterator<Item = Resolution> {
        let ratio = self.aspect.ratio();
        let height = (pixels / ratio).sqrt();
        let tolerance = tolerance.exp();
        let whole = |from: f64, to: f64, block: u32| {
            let block = f64::from(block);
            // The nearest whole number of blocks, even if it is farther than that.
            let nearest = (f64::midpoint(from, to) / block).round().max(1.0);
            (from / block).ceil().min(nearest) as u32..=(to / block).floor().max(nearest) as u32
        };
        whole(height / tolerance, height * tolerance, block_height).flat_map(move |rows| {
            let height = rows * block_height;
            let width = f64::from(height) * ratio;
            let (from, to) = (width / tolerance, width * tolerance);
            let images = whole(from, to, block_width).map(move |cols| Resolution { width: cols * block_width, height });
            images.filter(move |image| (from..=to).contains(&f64::from(image.width)))
        })
    }

    /// Sizes in equal factors; only those that become the same as the largest does, if the input `is_one_size`.
    fn plain(&self, is_one_size: bool) -> Vec<Resolution> {
        let (from, to) = (self.multiple(PLAIN_FROM).ceil(), self.multiple(PLAIN_TO).min(f64::from(self.largest())));
        let at = |index: usize| (from * (to / from).powf(index as f64 / (PLAIN - 1) as f64)).round() as u32;
        let mut multiples: Vec<u32> = (0..PLAIN).map(at).filter(|multiple| *multiple > 0).collect();
        multiples.dedup();
        let images = || multiples.iter().map(|multiple| self.exact(*multiple));
        let largest = images().rev().find_map(|image| self.geometry(image));
        let is_taken = |image: &Resolution| match self.geometry(*image) {
            Some(geometry) => !is_one_size || Some(geometry) == largest,
            None => false,
        };
        images().filter(is_taken).collect()
    }
}

#[cfg(test)]
mod tests;
