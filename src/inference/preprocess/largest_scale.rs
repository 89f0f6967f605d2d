//! Llama 4: the canvas of tiles that shows the image largest, without enlarging it.

use image::RgbImage;

use super::config::Config;
use super::planes::{Grid, Output};
use super::processor::{Unsupported, check_flag, check_pixels, sides, tiles};
use crate::Result;

/// The image keeps its size if it can, and lies in the upper left of the smallest canvas that it fits in; an image too large for all of
/// them is reduced as little as possible. The encoder sees the tiles of the canvas and, if there are more than one, the whole image.
///
/// As in `transformers` (`models/llama4/image_processing_llama4_fast.py`), floating-point operations in the same order and width:
/// PyTorch divides whole numbers as `f32`, Python as `f64`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LargestScale {
    /// Side of a tile, in pixels.
    pub(super) tile: u32,
    /// The most tiles, without the whole image.
    pub(super) max: u32,
}

/// A side that is a number of PyTorch's, whose quotients are `f32`, or one of Python's.
#[derive(Clone, Copy)]
enum Side {
    Torch(u32),
    Python(u32),
}

impl Side {
    fn pixels(self) -> u32 {
        match self {
            Self::Torch(pixels) | Self::Python(pixels) => pixels,
        }
    }

    /// What `original` pixels are multiplied by for this side. In `f64` either way, which has room for both.
    fn scale(self, original: u32) -> f64 {
        match self {
            Self::Torch(pixels) => f64::from(pixels as f32 / original as f32),
            Self::Python(pixels) => f64::from(pixels) / f64::from(original),
        }
    }

    /// `original` pixels at the scale of this side, which is that of the other direction.
    fn scaled(self, along: u32, original: u32) -> u32 {
        match self {
            Self::Torch(pixels) => (original as f32 * (pixels as f32 / along as f32)).floor() as u32,
            Self::Python(pixels) => (f64::from(original) * (f64::from(pixels) / f64::from(along))).floor() as u32,
        }
    }
}

impl LargestScale {
    pub(super) fn from_config(config: &Config) -> Result<Self, Unsupported> {
        // With it, transformers 4.57.6 ends in an error: it reads a variable that has no value yet.
        check_flag("resize_to_max_canvas", config.resize_to_max_canvas, false)?;
        let tile = match sides(config.size, "size", 336)? {
            (width, height) if width != height => {
                return Err(Unsupported::new("size", format!("{width}×{height}"), "a square"));
            }
            (side, _) => side,
        };
        let max = tiles("max_patches", config.max_patches, 16)?;
        check_pixels("max_patches", max + 1, (tile, tile))?;
        Ok(Self { tile, max })
    }

    pub(super) fn grid(self, width: f64, height: f64) -> Grid {
        let scale = |grid: Grid| {
            let along = |count: u32, side: f64| (count * self.tile) as f32 / side as f32;
            along(grid.cols, width).min(along(grid.rows, height))
        };
        let grids = || (1..=self.max).flat_map(|rows| (1..=self.max / rows).map(move |cols| Grid { rows, cols }));
        // The least scale that enlarges; if none does, the largest one.
        let better = |(a, b): (f32, f32)| if a >= 1.0 && b >= 1.0 { a < b } else { a > b };
        let mut best = (scale(Grid { rows: 1, cols: 1 }), Grid { rows: 1, cols: 1 });
        for grid in grids() {
            let scale = scale(grid);
            if better((scale, best.0)) || (scale == best.0 && grid.tiles() < best.1.tiles()) {
                best = (scale, grid);
            }
        }
        best.1
    }

    /// Images that the encoder sees.
    pub(super) fn images(grid: Grid) -> u32 {
        grid.tiles() + u32::from(grid.tiles() > 1)
    }

    /// Width and height of the image within its canvas.
    pub(super) fn fitted(self, width: u32, height: u32, grid: Grid) -> (u32, u32) {
        // A side of the canvas comes from PyTorch, and that of an image within it is Python's.
        let bound = |side: u32, canvas: u32| match side.max(self.tile) {
            side if canvas < side => Side::Torch(canvas),
            side => Side::Python(side),
        };
        let (w, h) = (bound(width, grid.cols * self.tile), bound(height, grid.rows * self.tile));
        let is_torch = matches!((w, h), (Side::Torch(_), _) | (_, Side::Torch(_)));
        let (scale_w, scale_h) = (w.scale(width), h.scale(height));
        let is_wide = if is_torch { (scale_w as f32) < (scale_h as f32) } else { scale_w < scale_h };
        let fitted = if is_wide {
            (w.pixels(), w.scaled(width, height).min(h.pixels()))
        } else {
            (h.scaled(height, width).min(w.pixels()), h.pixels())
        };
        (fitted.0.max(1), fitted.1.max(1))
    }

    pub(super) fn apply(self, image: &RgbImage, output: &mut Output<'_>) -> Result<()> {
        let grid = self.grid(f64::from(image.width()), f64::from(image.height()));
        let (width, height) = self.fitted(image.width(), image.height(), grid);
        // What lies beyond it is black.
        let fitted = output.resized(image, width, height)?;
        output.append_tiles(&fitted, grid, (self.tile, self.tile));
        if grid.tiles() > 1 {
            let whole = output.resized(image, self.tile, self.tile)?;
            output.append_whole(&whole);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canvas_is_the_smallest_that_holds_the_image() {
        let rule = LargestScale { tile: 336, max: 16 };
        let grid = |width, height| (rule.grid(width, height).rows, rule.grid(width, height).cols);
        assert_eq!([grid(1.0, 1.0), grid(336.0, 336.0), grid(337.0, 336.0)], [(1, 1), (1, 1), (1, 2)]);
        assert_eq!([grid(1000.0, 900.0), grid(4032.0, 3024.0), grid(8000.0, 40.0)], [(3, 3), (3, 4), (1, 16)]);
        assert_eq!(rule.fitted(200, 100, rule.grid(200.0, 100.0)), (336, 168), "a small one is enlarged to a tile");
        assert_eq!(rule.fitted(1000, 900, rule.grid(1000.0, 900.0)), (1000, 900));
    }
}
