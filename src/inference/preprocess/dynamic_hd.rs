//! Phi-4-multimodal: as many tiles as the image covers and, above a maximum, those of the closest aspect ratio.

use std::borrow::Cow;

use image::{RgbImage, imageops};

use super::closest_ratio::closest;
use super::config::Config;
use super::planes::{Grid, Output};
use super::processor::{Unsupported, check_pixels, patch, sides, tiles};
use super::resample::{Filter, resized};
use super::sampling;
use crate::Result;

/// The least side of the image within its tiles, in pixels.
const MIN_SIDE: u32 = 10;

/// The image is reduced or enlarged into its tiles, with white at the right and below. The encoder sees all of that in the size of one
/// tile, and then the tiles.
///
/// As in `transformers` (`models/phi4_multimodal/image_processing_phi4_multimodal_fast.py`), floating-point operations in the
/// same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DynamicHd {
    /// Side of a tile, in pixels.
    pub(super) tile: u32,
    /// The most tiles.
    pub(super) max: u32,
    /// Side of a patch, in pixels, of which a tile has the same number along each side.
    pub(super) patch: u32,
}

impl DynamicHd {
    pub(super) fn from_config(config: &Config) -> Result<Self, Unsupported> {
        let tile = match sides(config.size, "size", 448)? {
            (width, height) if width != height => {
                return Err(Unsupported::new("size", format!("{width}×{height}"), "a square"));
            }
            (side, _) => side,
        };
        let max = tiles("dynamic_hd", config.dynamic_hd, 36)?;
        check_pixels("dynamic_hd", max + 1, (tile, tile))?;
        let patch = patch(config.patch_size, 14)?;
        if patch > tile {
            return Err(Unsupported::new("patch_size", patch, format!("up to the size, {tile},")));
        }
        Ok(Self { tile, max, patch })
    }

    pub(super) fn grid(&self, width: f64, height: f64) -> Grid {
        let tile = f64::from(self.tile);
        let (cols, rows) = ((width / tile).ceil(), (height / tile).ceil());
        if cols * rows > f64::from(self.max) {
            closest(width, height, tile * tile, (1, self.max))
        } else {
            Grid { rows: rows as u32, cols: cols as u32 }
        }
    }

    /// Images that the encoder sees.
    pub(super) fn images(grid: Grid) -> u32 {
        grid.tiles() + 1
    }

    /// Width and height of the image within its tiles; nothing if it is too narrow, which is refused.
    pub(super) fn fitted(&self, width: u32, height: u32) -> Option<(u32, u32)> {
        let (w, h) = (f64::from(width), f64::from(height));
        let grid = self.grid(w, h);
        let (target_width, target_height) = (grid.cols * self.tile, grid.rows * self.tile);
        let (ratio_w, ratio_h) = (f64::from(target_width) / w, f64::from(target_height) / h);
        let fitted = if ratio_w < ratio_h {
            (target_width, (h * ratio_w) as u32)
        } else {
            ((w * ratio_h) as u32, target_height)
        };
        (fitted.0.min(target_width) >= MIN_SIDE && fitted.1.min(target_height) >= MIN_SIDE).then_some(fitted)
    }

    /// Tokens of an image: of the whole one 16 rows of 16 with one after each, one in between, and of the tiles those that aren't
    /// white, with one after each row.
    pub(super) fn tokens(&self, width: u32, height: u32) -> Option<usize> {
        let fitted = self.fitted(width, height)?;
        let grid = self.grid(f64::from(width), f64::from(height));
        let side = self.tile / self.patch;
        // Every second patch of each tile, as far as the image reaches.
        let seen = |count: u32, fitted: u32| {
            let white = (count * self.tile).saturating_sub(fitted) / self.patch;
            let reach = (count * side).saturating_sub(white);
            let (tiles, rest) = (reach / side, reach % side);
            (tiles * side.div_ceil(2) + rest.div_ceil(2)) as usize
        };
        let (cols, rows) = (seen(grid.cols, fitted.0), seen(grid.rows, fitted.1));
        Some(256 + 1 + rows * cols + rows + 16)
    }

    pub(super) fn apply(&self, image: &RgbImage, (width, height): (u32, u32), output: &mut Output<'_>) -> Result<()> {
        let grid = self.grid(f64::from(image.width()), f64::from(image.height()));
        // Whatever `resample` says.
        let image = resized(output.place, Cow::Borrowed(image), (width, height), Filter::Bilinear)?;
        let (canvas_width, canvas_height) = (grid.cols * self.tile, grid.rows * self.tile);
        let mut canvas = RgbImage::from_pixel(canvas_width, canvas_height, image::Rgb([255; 3]));
        imageops::replace(&mut canvas, image.as_ref(), 0, 0);
        sampling::append(output, &canvas, self.tile);
        output.append_tiles(&canvas, grid, (self.tile, self.tile));
        Ok(())
    }
}
