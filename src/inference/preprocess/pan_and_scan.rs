//! Gemma 3: every image is stretched to one size, and with pan-and-scan parts of a long one are seen too.

use image::{RgbImage, imageops};

use super::config::Config;
use super::planes::{Grid, Output};
use super::processor::{Unsupported, check_pixels, side, sides, tiles};
use crate::Result;

/// The encoder sees the whole image and, if it is long enough, its parts one beside or below the other, each stretched to one size.
///
/// As in `transformers` (`models/gemma3/image_processing_gemma3.py`), floating-point operations in the same order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PanAndScan {
    /// Width and height that everything is stretched to, in pixels.
    pub(super) size: (u32, u32),
    /// Nothing without `do_pan_and_scan`.
    pub(super) parts: Option<Parts>,
}

/// When an image has parts, and how many.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parts {
    /// The least side of a part, in pixels.
    pub(super) min_side: u32,
    /// The most parts.
    pub(super) max: u32,
    /// The least ratio of the longer side to the shorter one.
    pub(super) min_ratio: f64,
}

impl PanAndScan {
    pub(super) fn from_config(config: &Config) -> Result<Self, Unsupported> {
        let size = sides(config.size, "size", 224)?;
        if !config.do_pan_and_scan.unwrap_or(false) {
            return Ok(Self { size, parts: None });
        }
        let missing = |key| move || Unsupported::new(key, "missing", "a number with do_pan_and_scan");
        let key = "pan_and_scan_min_crop_size";
        let min_side = side(key, config.pan_and_scan_min_crop_size.ok_or_else(missing(key))?)?;
        let key = "pan_and_scan_max_num_crops";
        let max = tiles(key, Some(config.pan_and_scan_max_num_crops.ok_or_else(missing(key))?), 0)?;
        check_pixels(key, max + 1, size)?;
        let key = "pan_and_scan_min_ratio_to_activate";
        let min_ratio = config.pan_and_scan_min_ratio_to_activate.ok_or_else(missing(key))?;
        if !(min_ratio.is_finite() && min_ratio >= 0.0) {
            return Err(Unsupported::new(key, min_ratio, "0 or more"));
        }
        Ok(Self { size, parts: Some(Parts { min_side, max, min_ratio }) })
    }

    /// Rows and columns of the parts; 0 if there are none, and nothing if the last one would be empty, which is refused.
    pub(super) fn grid(&self, width: f64, height: f64) -> Option<Grid> {
        const NONE: Grid = Grid { rows: 0, cols: 0 };
        let Some(Parts { min_side, max, min_ratio }) = self.parts else { return Some(NONE) };
        let (long, short, min_side) = (width.max(height), width.min(height), f64::from(min_side));
        if long / short < min_ratio {
            return Some(NONE);
        }
        let count = (long / short + 0.5).floor().min((long / min_side).floor()).max(2.0).min(f64::from(max));
        let part = (long / count).ceil();
        if part.min(short) < min_side {
            return Some(NONE);
        }
        if part * (count - 1.0) >= long {
            return None;
        }
        let count = count as u32;
        Some(if width >= height { Grid { rows: 1, cols: count } } else { Grid { rows: count, cols: 1 } })
    }

    /// Images that the encoder sees.
    pub(super) fn images(grid: Grid) -> u32 {
        grid.tiles() + 1
    }

    pub(super) fn apply(&self, image: &RgbImage, grid: Grid, output: &mut Output<'_>) -> Result<()> {
        let (width, height) = self.size;
        let whole = output.resized(image, width, height)?;
        output.append_whole(&whole);
        let side = |side: u32, count: u32| side.div_ceil(count.max(1));
        let (part_width, part_height) = (side(image.width(), grid.cols), side(image.height(), grid.rows));
        for at in 0..grid.tiles() {
            let (left, top) = (at % grid.cols * part_width, at / grid.cols * part_height);
            let (part_width, part_height) =
                (part_width.min(image.width() - left), part_height.min(image.height() - top));
            let part = imageops::crop_imm(image, left, top, part_width, part_height).to_image();
            let part = output.resized(&part, width, height)?;
            output.append_whole(&part);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_images_have_parts_that_are_about_square() {
        let rule = PanAndScan { size: (896, 896), parts: Some(Parts { min_side: 256, max: 4, min_ratio: 1.2 }) };
        let grid = |width, height| rule.grid(width, height).map(|grid| (grid.rows, grid.cols));
        assert_eq!(grid(1000.0, 900.0), Some((0, 0)), "not long enough");
        assert_eq!(grid(1000.0, 500.0), Some((1, 2)));
        assert_eq!(grid(500.0, 1500.0), Some((3, 1)));
        assert_eq!(grid(9000.0, 500.0), Some((1, 4)), "no more than four");
        assert_eq!(grid(500.0, 300.0), Some((0, 0)), "halves would be too narrow");
        let tiny = PanAndScan { parts: Some(Parts { min_side: 1, max: 4, min_ratio: 1.2 }), ..rule };
        assert_eq!(tiny.grid(5.0, 1.0), None, "the fourth part would start behind the image");
    }
}
