//! Where the number of tiles jumps while images of one aspect ratio grow.

use super::decode::{MAX_PIXELS, MAX_SIDE};

/// By how much the shorter side grows from one size that is looked at to the next one.
const GROWTH: f64 = 1.004;

/// The largest shorter side of a ratio of whole numbers, and how far a ratio may be from it.
const MAX_UNIT: u32 = 64;
const TOLERANCE: f64 = 1e-12;

/// A jump of the number of images that an encoder sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The smallest image after the step, in pixels, of those with sides in this ratio: as 1012×759 for 4:3, after 1008×756.
    pub pixels: f64,
    /// Images that the encoder sees from here on, the whole one included where the processor has it.
    pub images: u32,
}

/// The steps of a function of width and height, for sizes of a ratio of width to height up to the largest ones that are decoded. Where it
/// has no value it is passed over. Two steps closer than 0.4 % of a side that undo each other can be missed.
pub(super) fn along(aspect: f64, images: impl Fn(f64, f64) -> Option<u32>) -> Vec<Step> {
    let mut steps = Vec::new();
    if !(aspect.is_finite() && aspect > 0.0) {
        return steps;
    }
    let ratio = aspect.max(1.0 / aspect);
    // Both sides are whole where the ratio is one of small numbers: a rounded side is another ratio, which some rules tell from it.
    let is_whole = |unit: &f64| (ratio * unit - (ratio * unit).round()).abs() < TOLERANCE * ratio * unit;
    let unit = (1..=MAX_UNIT).map(f64::from).find(is_whole);
    let long = |short: f64| if unit.is_some() { (short * ratio).round() } else { short * ratio };
    let unit = unit.unwrap_or(1.0);
    let size = |short: f64| if aspect >= 1.0 { (long(short), short) } else { (short, long(short)) };
    let whole = |short: f64| (short / unit).floor() * unit;
    let largest = whole((MAX_PIXELS as f64 / ratio).sqrt().min(f64::from(MAX_SIDE) / ratio));
    if largest < unit {
        return steps;
    }
    let at = |short: f64| images(size(short).0, size(short).1);
    let (mut short, mut before) = (unit, at(unit));
    while short < largest {
        let next = whole(short * GROWTH).max(short + unit).min(largest);
        let after = at(next);
        if let (Some(count), Some(known)) = (after, before)
            && count != known
        {
            // Between the two, the first size at which it is no longer what it was.
            let (mut low, mut high) = (short, next);
            while high - low > unit {
                let middle = whole(f64::midpoint(low, high)).max(low + unit);
                if at(middle) == before { low = middle } else { high = middle }
            }
            let (width, height) = size(high);
            steps.push(Step { pixels: width * height, images: count });
        }
        before = after.or(before);
        short = next;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_found_to_a_pixel() {
        let images = |width: f64, height: f64| (width >= 4.0).then_some(1 + (width * height / 1e6) as u32);
        let steps = along(2.0, images);
        assert_eq!(steps.len(), 50);
        assert_eq!(steps[0], Step { pixels: 708.0 * 1416.0, images: 2 });
        assert_eq!(along(2.0, |_, _| None), []);
        assert_eq!(along(f64::NAN, images), []);
        assert_eq!(along(0.0, images), []);
        assert_eq!(along(1e300, |_, _| unreachable!("no image is so long")), []);
    }

    #[test]
    fn sides_are_whole_where_the_ratio_is_one_of_small_numbers() {
        let images = |width: f64, height: f64| {
            assert_eq!(width * 3.0, height * 4.0);
            Some(1 + u32::from(height > 756.0))
        };
        assert_eq!(along(4.0 / 3.0, images), [Step { pixels: 1012.0 * 759.0, images: 2 }]);
    }

    #[test]
    fn tall_images_have_the_steps_of_wide_ones() {
        let images = |width: f64, height: f64| Some(1 + u32::from(width.max(height) > 1000.0));
        assert_eq!(along(0.5, images), along(2.0, images));
    }
}
