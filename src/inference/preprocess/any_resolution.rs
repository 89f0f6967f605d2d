//! LLaVA-NeXT and LLaVA-OneVision: of a list of resolutions the one that keeps most of the image, cut into tiles.

use image::{RgbImage, imageops};

use super::center_crop::{self, CenterCrop, Edge};
use super::config::{Config, Sides};
use super::planes::{Grid, Output, Window};
use super::processor::{Unsupported, check_flag, check_pixels, side, sides, tiles_within};
use crate::Result;

/// The most resolutions that a configuration may list.
const MAX_PINPOINTS: usize = 1024;

/// The image is reduced or enlarged into one of some resolutions, with black around it, and cut into tiles. The encoder sees the whole
/// image, stretched to a square, and then the tiles; each of them is resized and cropped as CLIP does it.
///
/// As in `transformers` (`models/llava_next/image_processing_llava_next.py`, `models/llava_onevision/…`, and
/// `select_best_resolution` in `image_processing_utils.py`), floating-point operations in the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AnyResolution {
    /// Heights and widths, in pixels, in the order of the configuration.
    pub(super) pinpoints: Vec<(u32, u32)>,
    /// Width and height that the whole image is stretched to.
    pub(super) whole: (u32, u32),
    /// What a resolution is cut into, in pixels; tiles at the right and the lower edge may be smaller.
    pub(super) tile: u32,
    /// What is done to each tile, and to the whole image.
    pub(super) each: CenterCrop,
}

impl AnyResolution {
    /// LLaVA-NeXT's rule: tiles are as high as the crop.
    pub(super) fn next(config: &Config) -> Result<Self, Unsupported> {
        check_flag("do_center_crop", config.do_center_crop, true)?;
        let size = match config.size {
            None => Edge::Shortest(224),
            Some(Sides::One(edge) | Sides::Keys { shortest_edge: Some(edge), .. }) => {
                Edge::Shortest(side("size", edge)?)
            }
            other => match sides(other, "size", 224)? {
                // Of the two kinds one takes the shorter side for the whole image, and the other one takes both.
                (width, height) if width != height => {
                    return Err(Unsupported::new("size", format!("{width}×{height}"), "a square"));
                }
                (width, height) => Edge::Exact(width, height),
            },
        };
        let whole = match size {
            Edge::Shortest(side) => (side, side),
            Edge::Exact(width, height) => (width, height),
        };
        let crop = sides(config.crop_size, "crop_size", 224)?;
        let each = CenterCrop { size, crop: Some(crop) };
        let sizes = [(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)];
        Self { pinpoints: pinpoints(config, &sizes)?, whole, tile: crop.1, each }.checked("crop_size")
    }

    /// LLaVA-OneVision's rule: tiles are as high as what they are stretched to.
    pub(super) fn one_vision(config: &Config) -> Result<Self, Unsupported> {
        check_flag("do_center_crop", config.do_center_crop, false)?;
        if let Some(found) = config.crop_size {
            return Err(Unsupported::new("crop_size", found, "null"));
        }
        let (width, height) = match config.size {
            Some(Sides::Keys { shortest_edge: Some(edge), .. }) => (side("size", edge)?, side("size", edge)?),
            other => sides(other, "size", 384)?,
        };
        let sizes: Vec<(u32, u32)> = (1..=6).flat_map(|row| (1..=6).map(move |col| (384 * row, 384 * col))).collect();
        let each = CenterCrop { size: Edge::Exact(width, height), crop: None };
        Self { pinpoints: pinpoints(config, &sizes)?, whole: (width, height), tile: height, each }.checked("size")
    }

    /// Refuses a tile so small that a resolution has too many of them, by the key that says how large it is.
    fn checked(self, key: &'static str) -> Result<Self, Unsupported> {
        for &(height, width) in &self.pinpoints {
            let tiles = u64::from(height.div_ceil(self.tile)) * u64::from(width.div_ceil(self.tile));
            let tiles = tiles_within(key, tiles)?;
            check_pixels(key, tiles + 1, self.size())?;
        }
        Ok(self)
    }

    /// Height and width of the resolution for an image of this width and height.
    pub(super) fn best(&self, width: f64, height: f64) -> (u32, u32) {
        let mut best = (0.0, f64::INFINITY, (0, 0));
        for &(rows, cols) in &self.pinpoints {
            let (h, w) = (f64::from(rows), f64::from(cols));
            let scale = (w / width).min(h / height);
            let effective = ((width * scale).trunc() * (height * scale).trunc()).min(width * height);
            let wasted = w * h - effective;
            if effective > best.0 || (effective == best.0 && wasted < best.1) {
                best = (effective, wasted, (rows, cols));
            }
        }
        best.2
    }

    pub(super) fn grid(&self, width: f64, height: f64) -> Grid {
        let (height, width) = self.best(width, height);
        Grid { rows: height.div_ceil(self.tile), cols: width.div_ceil(self.tile) }
    }

    /// Images that the encoder sees.
    pub(super) fn images(grid: Grid) -> u32 {
        grid.tiles() + 1
    }

    /// Width and height of each of them.
    pub(super) fn size(&self) -> (u32, u32) {
        // A crop, or an exact size, as the reader of the configuration makes sure.
        self.each.crop.unwrap_or_else(|| self.each.scaled(1, 1))
    }

    /// Width and height of an image within a resolution.
    pub(super) fn fitted(width: u32, height: u32, (rows, cols): (u32, u32)) -> (u32, u32) {
        let (w, h) = (f64::from(width), f64::from(height));
        let (scale_w, scale_h) = (f64::from(cols) / w, f64::from(rows) / h);
        if scale_w < scale_h {
            (cols, ((h * scale_w).ceil() as u32).min(rows))
        } else {
            (((w * scale_h).ceil() as u32).min(cols), rows)
        }
    }

    pub(super) fn apply(&self, image: &RgbImage, output: &mut Output<'_>) -> Result<()> {
        let whole = output.resized(image, self.whole.0, self.whole.1)?;
        self.append(&whole, output)?;
        let (height, width) = self.best(f64::from(image.width()), f64::from(image.height()));
        let (inner_width, inner_height) = Self::fitted(image.width(), image.height(), (height, width));
        let inner = output.resized(image, inner_width, inner_height)?;
        let mut canvas = RgbImage::new(width, height);
        let (left, top) = ((width - inner_width) / 2, (height - inner_height) / 2);
        imageops::replace(&mut canvas, inner.as_ref(), i64::from(left), i64::from(top));
        for top in (0..height).step_by(self.tile as usize) {
            for left in (0..width).step_by(self.tile as usize) {
                let (tile_width, tile_height) = (self.tile.min(width - left), self.tile.min(height - top));
                let tile = imageops::crop_imm(&canvas, left, top, tile_width, tile_height).to_image();
                self.append(&tile, output)?;
            }
        }
        Ok(())
    }

    fn append(&self, tile: &RgbImage, output: &mut Output<'_>) -> Result<()> {
        let (width, height) = self.each.scaled(tile.width(), tile.height());
        let tile = output.resized(tile, width, height)?;
        let (crop_width, crop_height) = self.each.crop.unwrap_or((width, height));
        let (left, top) = (center_crop::start(width, crop_width), center_crop::start(height, crop_height));
        output.append(&tile, Window { left, top, width: crop_width, height: crop_height });
        Ok(())
    }
}

fn pinpoints(config: &Config, default: &[(u32, u32)]) -> Result<Vec<(u32, u32)>, Unsupported> {
    const KEY: &str = "image_grid_pinpoints";
    let Some(found) = &config.image_grid_pinpoints else { return Ok(default.to_vec()) };
    if !(1..=MAX_PINPOINTS).contains(&found.len()) {
        let found = format!("a list of {} resolutions", found.len());
        return Err(Unsupported::new(KEY, found, format!("a list of 1 to {MAX_PINPOINTS}")));
    }
    let checked = |&(height, width): &(u64, u64)| {
        let (height, width) = (side(KEY, height)?, side(KEY, width)?);
        check_pixels(KEY, 1, (width, height))?;
        Ok((height, width))
    };
    found.iter().map(checked).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resolution_keeps_the_image_and_wastes_least() {
        let pinpoints = vec![(336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)];
        let each = CenterCrop { size: Edge::Shortest(336), crop: Some((336, 336)) };
        let rule = AnyResolution { pinpoints, whole: (336, 336), tile: 336, each };
        assert_eq!(rule.best(640.0, 480.0), (672, 672));
        assert_eq!(
            rule.best(300.0, 200.0),
            (336, 672),
            "both that are wide enough keep it, and the smaller is earlier"
        );
        assert_eq!(rule.best(8000.0, 1000.0), (336, 1008));
        assert_eq!(rule.grid(4032.0, 3024.0), Grid { rows: 2, cols: 2 });
    }
}
