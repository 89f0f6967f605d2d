//! SigLIP2 NaFlex: as many patches as there may be, in the image's own aspect ratio.

use image::RgbImage;

use super::config::Config;
use super::decode::MAX_PIXELS;
use super::planes::{Grid, Output, Window};
use super::processor::{Unsupported, number, patch};
use crate::Result;

/// The most patches that a configuration may ask for.
const MAX_PATCHES: u64 = 65_536;
/// How exactly the scale is searched for.
const EPSILON: f64 = 1e-5;
/// The largest scale.
const MAX_SCALE: f64 = 100.0;

/// The image is reduced or enlarged until no more patches fit; the rows of patches are padded to the largest number.
///
/// As `get_image_size_for_max_num_patches` in `transformers` (`models/siglip2/image_processing_siglip2.py`), floating-point operations
/// in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Naflex {
    /// Side of a patch, in pixels.
    pub(super) patch: u32,
    /// The largest number of patches.
    pub(super) max: u32,
}

impl Naflex {
    pub(super) fn from_config(config: &Config) -> Result<Self, Unsupported> {
        let patch = patch(config.patch_size, 16)?;
        let most = (MAX_PIXELS / (u64::from(patch) * u64::from(patch))).min(MAX_PATCHES) as u32;
        let max = number("max_num_patches", config.max_num_patches, 256, (1, most))?;
        Ok(Self { patch, max })
    }

    /// Rows and columns of patches.
    pub(super) fn grid(self, width: u32, height: u32) -> Grid {
        let patch = f64::from(self.patch);
        let patches = |side: u32, scale: f64| (f64::from(side) * scale / patch).ceil().max(1.0);
        let (mut low, mut high) = (EPSILON / 10.0, MAX_SCALE);
        while high - low >= EPSILON {
            let scale = f64::midpoint(low, high);
            if patches(height, scale) * patches(width, scale) <= f64::from(self.max) {
                low = scale;
            } else {
                high = scale;
            }
        }
        Grid { rows: patches(height, low) as u32, cols: patches(width, low) as u32 }
    }

    pub(super) fn apply(self, image: &RgbImage, grid: Grid, output: &mut Output<'_>) -> Result<()> {
        let image = output.resized(image, grid.cols * self.patch, grid.rows * self.patch)?;
        output.append_patches(&image, Window::whole(&image), self.patch, self.max as usize);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_nearly_all_patches_in_its_own_ratio() {
        let grid = |width, height| {
            let Grid { rows, cols } = Naflex { patch: 16, max: 256 }.grid(width, height);
            (rows, cols)
        };
        assert_eq!(grid(500, 500), (16, 16));
        assert_eq!(grid(640, 480), (14, 18));
        assert_eq!(grid(8000, 1), (1, 256));
        assert_eq!(grid(1, 1), (7, 7), "not more than a hundred times as large");
    }
}
