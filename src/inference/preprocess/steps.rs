//! Where the number of tiles jumps while images of one aspect ratio grow.

use super::decode::{MAX_PIXELS, MAX_SIDE};

/// By how much the shorter side grows from one size that is looked at to the next one.
const GROWTH: f64 = 1.004;

/// A jump of the number of images that an encoder sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The smallest image that is behind the step, in pixels, to a pixel of its shorter side.
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
    // The shorter side is whole, so that a ratio that isn't rounded stays what it is.
    let long = aspect.max(1.0 / aspect);
    let size = |short: f64| if aspect >= 1.0 { (short * aspect, short) } else { (short, short / aspect) };
    let largest = (MAX_PIXELS as f64 / long).sqrt().min(f64::from(MAX_SIDE) / long).floor();
    let at = |short: f64| images(size(short).0, size(short).1);
    let (mut short, mut before) = (1.0, at(1.0));
    while short < largest {
        let next = (short * GROWTH).floor().max(short + 1.0).min(largest);
        let after = at(next);
        if let (Some(count), Some(known)) = (after, before)
            && count != known
        {
            // Between the two, the first size at which it is no longer what it was.
            let (mut low, mut high) = (short, next);
            while high - low > 1.0 {
                let middle = f64::midpoint(low, high).floor();
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
    }

    #[test]
    fn tall_images_have_the_steps_of_wide_ones() {
        let images = |width: f64, height: f64| Some(1 + u32::from(width.max(height) > 1000.0));
        assert_eq!(along(0.5, images), along(2.0, images));
    }
}
