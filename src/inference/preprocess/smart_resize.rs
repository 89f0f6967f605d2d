//! The size that an image is resized to: `smart_resize` of Qwen2-VL and its relatives.

use crate::{Error, Result};

/// The longest side may be this many times the shortest one.
const MAX_ASPECT_RATIO: f64 = 200.0;

/// Qwen2-VL's rule for the size of an image: sides are multiples of a factor, the area lies between two bounds, and the
/// aspect ratio is kept as well as these allow.
///
/// As in `smart_resize` of `transformers` (`models/qwen2_vl/image_processing_qwen2_vl.py`; with frames as in
/// `models/glm4v/image_processing_glm4v.py`), floating-point operations in the same order, so that the sizes are equal and
/// not just close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SmartResize {
    factor: u32,
    min_pixels: u64,
    max_pixels: u64,
    /// How often the image's area counts within the bounds: once, or for GLM-4V once for each frame of a temporal patch.
    frames: Option<u32>,
}

impl SmartResize {
    /// A rule with sides of whole blocks of `factor` pixels, 28 for Qwen2-VL and 32 for Qwen3-VL, and an area of `min_pixels`
    /// to `max_pixels`.
    ///
    /// # Errors
    /// When the bounds leave no room: a minimum of 0, a maximum below one block or below the minimum.
    pub fn new(factor: u32, min_pixels: u64, max_pixels: u64) -> Result<Self> {
        let block = u64::from(factor) * u64::from(factor);
        let cause = if min_pixels == 0 {
            "min_pixels is 0".to_owned()
        } else if max_pixels < block {
            format!("max_pixels is {max_pixels}, less than one block of {factor}×{factor} pixels")
        } else if max_pixels < min_pixels {
            format!("max_pixels is {max_pixels}, less than min_pixels, {min_pixels}")
        } else {
            return Ok(Self { factor, min_pixels, max_pixels, frames: None });
        };
        let remedy = format!("set 1 ≤ min_pixels ≤ max_pixels, and max_pixels to {block} or more");
        Err(Error::new("image size bounds", cause, remedy))
    }

    /// The same, as GLM-4V has it: the bounds are for a temporal patch of `frames` frames, as which an image counts, and an image
    /// with a side below one block is refused.
    #[must_use]
    pub(super) fn of_frames(self, frames: u32) -> Self {
        Self { frames: Some(frames), ..self }
    }

    /// The smallest area of a resized image, in pixels, up to the rounding of its sides.
    pub fn min_pixels(&self) -> u64 {
        self.min_pixels / u64::from(self.frames.unwrap_or(1))
    }

    /// The largest area of a resized image, in pixels: the clamp.
    pub fn max_pixels(&self) -> u64 {
        self.max_pixels / u64::from(self.frames.unwrap_or(1))
    }

    /// The width and height that an image of `width`×`height` pixels is resized to.
    ///
    /// The area can exceed the maximum only where a side would vanish otherwise (a very long and narrow image).
    ///
    /// # Errors
    /// When a side is 0 or one side is more than 200 times the other; for GLM-4V, when a side is less than one block.
    pub fn target(&self, width: u32, height: u32) -> Result<(u32, u32)> {
        let (w, h) = (f64::from(width), f64::from(height));
        if width == 0 || height == 0 || w.max(h) / w.min(h) > MAX_ASPECT_RATIO {
            return Err(Error::new(
                format!("image of {width}×{height} pixels"),
                format!("the aspect ratio is more than {MAX_ASPECT_RATIO}, or a side is 0"),
                "crop or pad the image, for a ratio of 200 or less",
            ));
        }
        if self.frames.is_some() && width.min(height) < self.factor {
            return Err(Error::new(
                format!("image of {width}×{height} pixels"),
                format!("a side is less than {} pixels", self.factor),
                "give a larger image",
            ));
        }
        let factor = f64::from(self.factor);
        // Python's `round` rounds halves to the even neighbour.
        let rounded = ((w / factor).round_ties_even() * factor, (h / factor).round_ties_even() * factor);
        Ok(self.within(rounded, w, h))
    }

    /// The same for LFM2-VL: a side is at least one block before the area is looked at, and any aspect ratio is taken
    /// (`models/lfm2_vl/image_processing_lfm2_vl_fast.py`).
    pub(super) fn lenient_target(&self, w: f64, h: f64) -> (u32, u32) {
        let factor = f64::from(self.factor);
        let rounded = |side: f64| ((side / factor).round_ties_even() * factor).max(factor);
        self.within((rounded(w), rounded(h)), w, h)
    }

    fn within(&self, rounded: (f64, f64), w: f64, h: f64) -> (u32, u32) {
        let (factor, frames) = (f64::from(self.factor), f64::from(self.frames.unwrap_or(1)));
        let (min, max) = (self.min_pixels as f64, self.max_pixels as f64);
        let area = frames * rounded.0 * rounded.1;
        let (w, h) = if area > max {
            let beta = (frames * w * h / max).sqrt();
            let floor = |side: f64| ((side / beta / factor).floor() * factor).max(factor);
            (floor(w), floor(h))
        } else if area < min {
            let beta = (min / (frames * w * h)).sqrt();
            let ceil = |side: f64| (side * beta / factor).ceil() * factor;
            (ceil(w), ceil(h))
        } else {
            rounded
        };
        (w as u32, h as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Case {
        width: u32,
        height: u32,
        min_pixels: u64,
        max_pixels: u64,
        target: Option<(u32, u32)>,
    }

    #[test]
    fn sizes_are_those_of_the_published_formula() {
        let cases: Vec<Case> =
            serde_json::from_str(include_str!("../../../tests/fixtures/smart_resize/cases.json")).unwrap();
        assert!(cases.len() >= 200, "{} cases", cases.len());
        for case in cases {
            let got =
                SmartResize::new(28, case.min_pixels, case.max_pixels).unwrap().target(case.width, case.height).ok();
            assert_eq!(got, case.target, "{}×{} within {}", case.width, case.height, case.max_pixels);
        }
    }

    #[test]
    fn too_long_and_empty_images_are_refused_with_their_size() {
        let rule = SmartResize::new(28, 3136, 200_704).unwrap();
        for (width, height) in [(2010, 10), (10, 2001), (0, 10), (10, 0), (0, 0)] {
            let error = rule.target(width, height).unwrap_err();
            assert!(error.place().contains(&format!("{width}×{height}")), "{error}");
        }
        assert_eq!(rule.target(2000, 10).unwrap(), (812, 28));
    }

    #[test]
    fn bounds_without_room_are_refused() {
        for (min, max, cause) in [(0, 784, "is 0"), (1, 783, "one block"), (2000, 1999, "less than min_pixels")] {
            assert!(SmartResize::new(28, min, max).unwrap_err().cause().contains(cause));
        }
    }
}
