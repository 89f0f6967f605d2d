//! LFM2-VL: an image that is not too large is one piece of its own size, and a larger one is cut into tiles.

use image::RgbImage;

use super::SmartResize;
use super::closest_ratio::closest;
use super::config::Config;
use super::decode::{MAX_PIXELS, MAX_SIDE};
use super::planes::{Grid, Output, Window};
use super::processor::{Unsupported, check_flag, check_pixels, number, tiles};
use crate::Result;

/// An image is resized within bounds of its tokens. If it is much larger, it is stretched to the grid of tiles that is closest to its
/// aspect ratio; the encoder sees these and then the image within the bounds. Each is patches, padded to one number.
///
/// As in `transformers` (`models/lfm2_vl/image_processing_lfm2_vl_fast.py`), floating-point operations in the same order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Splitting {
    /// The bounds, in blocks of pixels that become one token.
    pub(super) resize: SmartResize,
    /// Side of such a block, in pixels.
    pub(super) block: u32,
    /// Side of a patch, in pixels.
    pub(super) patch: u32,
    /// Side of a tile, in pixels.
    pub(super) tile: u32,
    /// The fewest and the most tiles; nothing if images aren't split.
    pub(super) tiles: Option<(u32, u32)>,
    /// The largest number of pixels that are one piece, as rounded to blocks.
    pub(super) max_whole: f64,
    /// Whether the whole image follows the tiles.
    pub(super) has_thumbnail: bool,
    /// Patches that the rows are padded to.
    pub(super) length: u32,
}

/// What becomes of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pieces {
    pub(super) grid: Grid,
    /// Whether the grid is of tiles, and not the whole image alone.
    is_split: bool,
    /// Width and height of the image within the bounds, if it is seen.
    whole: Option<(u32, u32)>,
    /// Patches of each piece.
    pub(super) length: u32,
}

impl Pieces {
    /// Images that the encoder sees.
    pub(super) fn images(&self) -> u32 {
        if self.is_split { self.grid.tiles() + u32::from(self.whole.is_some()) } else { 1 }
    }
}

impl Splitting {
    pub(super) fn from_config(config: &Config) -> Result<Self, Unsupported> {
        check_flag("do_pad", config.do_pad, true)?;
        let patch = number("encoder_patch_size", config.encoder_patch_size, 16, (1, 512))?;
        let factor = number("downsample_factor", config.downsample_factor, 2, (1, 16))?;
        let block = patch * factor;
        let block_pixels = u64::from(block) * u64::from(block);
        let max_tokens = (MAX_PIXELS / block_pixels).max(1) as u32;
        let max_tokens = number("max_image_tokens", config.max_image_tokens, 256, (1, max_tokens))?;
        let min_tokens = number("min_image_tokens", config.min_image_tokens, 64, (1, max_tokens))?;
        let tile = number("tile_size", config.tile_size, 512, (1, MAX_SIDE))?;
        let is_split = config.do_image_splitting.unwrap_or(true);
        let most = tiles("max_tiles", config.max_tiles, 10)?;
        let least = number("min_tiles", config.min_tiles, 2, (1, most))?;
        if is_split && !tile.is_multiple_of(patch) {
            return Err(Unsupported::new("tile_size", tile, format!("a multiple of encoder_patch_size, {patch},")));
        }
        let tolerance = config.max_pixels_tolerance.unwrap_or(2.0);
        if !(tolerance.is_finite() && tolerance >= 0.0) {
            return Err(Unsupported::new("max_pixels_tolerance", tolerance, "0 or more"));
        }
        let resize =
            SmartResize::new(block, u64::from(min_tokens) * block_pixels, u64::from(max_tokens) * block_pixels)
                .map_err(|error| Unsupported::new("max_image_tokens", error.cause(), error.remedy()))?;
        let tile_patches = if is_split { (tile / patch) * (tile / patch) } else { 0 };
        let length = (max_tokens * factor * factor).max(tile_patches);
        if is_split {
            check_pixels("max_tiles", most + 1, (length * patch, patch))?;
        }
        Ok(Self {
            resize,
            block,
            patch,
            tile,
            tiles: Some((least, most)).filter(|&tiles| is_split && tiles != (1, 1)),
            max_whole: (u64::from(max_tokens) * block_pixels) as f64 * tolerance,
            has_thumbnail: config.use_thumbnail.unwrap_or(true),
            length,
        })
    }

    /// Nothing where pieces would have different numbers of patches, which is refused.
    pub(super) fn pieces(&self, width: f64, height: f64) -> Option<Pieces> {
        let block = f64::from(self.block);
        // A patch and not a block is the least here.
        let rounded = |side: f64| ((side / block).round_ties_even() * block).max(f64::from(self.patch));
        let whole = self.resize.lenient_target(width, height);
        let patches = (whole.0 / self.patch) * (whole.1 / self.patch);
        match self.tiles {
            Some(tiles) if rounded(width) * rounded(height) > self.max_whole => {
                let tile = f64::from(self.tile);
                let grid = closest(width, height, tile * tile, tiles);
                let whole = Some(whole).filter(|_| self.has_thumbnail && grid.tiles() > 1);
                let fits = whole.is_none() || patches <= self.length;
                fits.then_some(Pieces { grid, is_split: true, whole, length: self.length })
            }
            _ => {
                let grid = Grid { rows: 1, cols: 1 };
                Some(Pieces { grid, is_split: false, whole: Some(whole), length: self.length.max(patches) })
            }
        }
    }

    /// Tokens of an image, without those between its pieces (`_get_image_num_tokens` in `models/lfm2_vl/processing_lfm2_vl.py`).
    pub(super) fn tokens(&self, pieces: Pieces) -> usize {
        let tokens = |(width, height): (u32, u32)| {
            (width.div_ceil(self.block) as usize) * (height.div_ceil(self.block) as usize)
        };
        let tiles = if pieces.is_split { pieces.grid.tiles() as usize } else { 0 };
        tiles * tokens((self.tile, self.tile)) + pieces.whole.map_or(0, tokens)
    }

    pub(super) fn apply(&self, image: &RgbImage, pieces: Pieces, output: &mut Output<'_>) -> Result<()> {
        let length = pieces.length as usize;
        if pieces.is_split {
            let Grid { rows, cols } = pieces.grid;
            let canvas = output.resized(image, cols * self.tile, rows * self.tile)?;
            for window in pieces.grid.windows((self.tile, self.tile)) {
                output.append_patches(&canvas, window, self.patch, length);
            }
        }
        if let Some((width, height)) = pieces.whole {
            let whole = output.resized(image, width, height)?;
            output.append_patches(&whole, Window::whole(&whole), self.patch, length);
        }
        Ok(())
    }
}
