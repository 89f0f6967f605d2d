//! GOT-OCR2, and with it InternVL and Aya Vision: the grid of tiles whose aspect ratio is closest to the image's.

use image::RgbImage;

use super::config::Config;
use super::planes::{Grid, Output};
use super::processor::{Unsupported, check_flag, check_pixels, number, sides, tiles};
use crate::Result;

/// The image is stretched to the grid of tiles that is closest to its aspect ratio. The encoder sees the tiles and, if there are
/// more than one, the whole image as one more of them.
///
/// As in `transformers` (`models/got_ocr2/image_processing_got_ocr2.py`), floating-point operations in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClosestRatio {
    /// Width and height of a tile, in pixels.
    pub(super) tile: (u32, u32),
    /// The fewest and the most tiles, without the whole image.
    pub(super) tiles: (u32, u32),
}

impl ClosestRatio {
    pub(super) fn from_config(config: &Config) -> Result<Self, Unsupported> {
        check_flag("do_center_crop", config.do_center_crop, false)?;
        let tile = sides(config.size, "size", 384)?;
        let most = tiles("max_patches", config.max_patches, 12)?;
        let least = number("min_patches", config.min_patches, 1, (1, most))?;
        let is_split = config.crop_to_patches.unwrap_or(false);
        check_pixels("max_patches", if is_split { most } else { 1 }, tile)?;
        Ok(Self { tile, tiles: if is_split { (least, most) } else { (1, 1) } })
    }

    /// The grid for an image of this width and height.
    pub(super) fn grid(&self, width: f64, height: f64) -> Grid {
        closest(width, height, f64::from(self.tile.0) * f64::from(self.tile.1), self.tiles)
    }

    /// Images that the encoder sees.
    pub(super) fn images(grid: Grid) -> u32 {
        grid.tiles() + u32::from(grid.tiles() > 1)
    }

    pub(super) fn apply(&self, image: &RgbImage, output: &mut Output<'_>) -> Result<()> {
        let grid = self.grid(f64::from(image.width()), f64::from(image.height()));
        let (width, height) = self.tile;
        let canvas = output.resized(image, grid.cols * width, grid.rows * height)?;
        output.append_tiles(&canvas, grid, self.tile);
        if grid.tiles() > 1 {
            let whole = output.resized(image, width, height)?;
            output.append_whole(&whole);
        }
        Ok(())
    }
}

/// Of the grids of `least` to `most` tiles the one whose ratio of columns to rows is closest to that of width to height. Of grids
/// that are equally close it is the largest one that is less than half empty: the image has more than half of its pixels.
///
/// `transformers` has it three times: `get_optimal_tiled_canvas` of GOT-OCR2, and `find_closest_aspect_ratio` of LFM2-VL and
/// of Phi-4-multimodal. These two go through the grids of one number of tiles in the order of a Python set, which decides only
/// between two such grids that are exactly equally close: with fewer than three tiles as the least, no others than 1×2 and 2×1
/// of two or three tiles, whose order is the same there.
pub(super) fn closest(width: f64, height: f64, tile_pixels: f64, (least, most): (u32, u32)) -> Grid {
    let aspect = width / height;
    let mut grids: Vec<Grid> = (1..=most)
        .flat_map(|cols| (1..=most / cols).map(move |rows| Grid { rows, cols }))
        .filter(|grid| grid.tiles() >= least)
        .collect();
    // Stable: of as many tiles, the ones with fewer columns stay in front.
    grids.sort_by_key(|grid| grid.tiles());
    let mut best = (f64::INFINITY, Grid { rows: 1, cols: 1 });
    for grid in grids {
        let difference = (aspect - f64::from(grid.cols) / f64::from(grid.rows)).abs();
        let is_filled = || width * height > 0.5 * tile_pixels * f64::from(grid.tiles());
        if difference < best.0 || (difference == best.0 && is_filled()) {
            best = (difference, grid);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_of_one_ratio_grow_with_the_image() {
        let rule = ClosestRatio { tile: (448, 448), tiles: (1, 12) };
        let grid = |side: f64| (rule.grid(side, side).rows, rule.grid(side, side).cols);
        assert_eq!(
            [grid(1.0), grid(633.0), grid(634.0), grid(950.0), grid(951.0)],
            [(1, 1), (1, 1), (2, 2), (2, 2), (3, 3)]
        );
        assert_eq!(rule.grid(4032.0, 3024.0), Grid { rows: 3, cols: 4 });
        assert_eq!(ClosestRatio::images(rule.grid(4032.0, 3024.0)), 13);
    }
}
