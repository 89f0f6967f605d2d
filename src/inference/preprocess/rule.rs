//! What becomes of an image: the rules of the image processors behind one face.

use std::borrow::Cow;

use image::RgbImage;

use super::SmartResize;
use super::any_resolution::AnyResolution;
use super::center_crop::{self, CenterCrop};
use super::closest_ratio::ClosestRatio;
use super::decode::MAX_PIXELS;
use super::dynamic_hd::DynamicHd;
use super::largest_scale::LargestScale;
use super::longest_edge::LongestEdge;
use super::naflex::Naflex;
use super::pan_and_scan::PanAndScan;
use super::patches::{self, CHANNELS, Form, Layout, Levels, PixelValues};
use super::planes::{Grid, Output, Window};
use super::resample::{Filter, resized};
use super::splitting::Splitting;
use super::steps::{self, Step};
use super::tiles::Tiles;
use crate::{Error, Result};

/// How an image is brought to the size of a model's input.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rule {
    /// Qwen2-VL: sides are whole blocks within bounds of the area.
    Smart { resize: SmartResize, patches: Form },
    /// Idefics3, SmolVLM.
    Tiles(Tiles),
    /// CLIP, LLaVA.
    CenterCrop(CenterCrop),
    /// SigLIP: every image is stretched to one size, in pixels.
    Fixed { width: u32, height: u32 },
    /// Pixtral.
    LongestEdge(LongestEdge),
    /// GOT-OCR2, InternVL.
    ClosestRatio(ClosestRatio),
    /// LLaVA-NeXT, LLaVA-OneVision.
    AnyResolution(AnyResolution),
    /// Gemma 3.
    PanAndScan(PanAndScan),
    /// LFM2-VL.
    Splitting(Splitting),
    /// SigLIP2.
    Naflex(Naflex),
    /// Phi-4-multimodal.
    DynamicHd(DynamicHd),
    /// Llama 4.
    LargestScale(LargestScale),
}

/// The form of what an image turns into, which its size alone tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// As in [`PixelValues::rows`].
    pub rows: usize,
    /// As in [`PixelValues::cols`].
    pub cols: usize,
    /// As in [`PixelValues::layout`].
    pub layout: Layout,
}

impl Geometry {
    /// Width and height in pixels that an image is resized to, of one that is not cut into tiles; of tiles, those of one.
    pub fn resized(&self) -> (usize, usize) {
        match self.layout {
            Layout::Patches { side, .. } | Layout::Padded { patch: side, .. } => (self.cols * side, self.rows * side),
            Layout::Images { height, width, .. } => (width, height),
        }
    }

    /// The shape of the values as a tensor.
    pub fn shape(&self) -> Vec<usize> {
        self.layout.shape(self.rows * self.cols)
    }

    /// The form of one of its tiles, which is the same for any number of them; a grid of patches is one.
    #[must_use]
    pub fn of_one(self) -> Self {
        match self.layout {
            Layout::Patches { .. } => self,
            Layout::Images { height, width, .. } => {
                Self { rows: 1, cols: 1, layout: Layout::Images { count: 1, height, width } }
            }
            Layout::Padded { length, patch, .. } => {
                Self { rows: 1, cols: 1, layout: Layout::Padded { count: 1, length, patch } }
            }
        }
    }
}

impl Rule {
    /// What an image of `width`×`height` pixels turns into.
    ///
    /// # Errors
    /// A side is 0; or the image is so long and narrow that the processor refuses it.
    pub(super) fn geometry(&self, width: u32, height: u32) -> Result<Geometry> {
        if width == 0 || height == 0 {
            return Err(narrow(width, height));
        }
        let images = |count: u32, (width, height): (u32, u32)| Layout::Images {
            count: count as usize,
            height: height as usize,
            width: width as usize,
        };
        let (w, h) = (f64::from(width), f64::from(height));
        let (grid, layout) = match self {
            Self::Smart { resize, patches: (temporal, side, merge) } => {
                let (width, height) = resize.target(width, height)?;
                let grid = Grid { rows: height / *side as u32, cols: width / *side as u32 };
                (grid, Layout::Patches { temporal: *temporal, side: *side, merge: *merge })
            }
            Self::Tiles(tiles) => match tiles.grid(tiles.scaled(width, height)) {
                (rows, cols) if tiles.is_split && rows * cols > 1 => {
                    (Grid { rows, cols }, images(rows * cols + 1, (tiles.tile, tiles.tile)))
                }
                _ => (Grid { rows: 0, cols: 0 }, images(1, (tiles.tile, tiles.tile))),
            },
            Self::CenterCrop(rule) => (ONE, images(1, rule.crop.unwrap_or_else(|| rule.scaled(width, height)))),
            Self::Fixed { width, height } => (ONE, images(1, (*width, *height))),
            Self::LongestEdge(rule) => match rule.patches(width, height) {
                (0, _) | (_, 0) => return Err(narrow(width, height)),
                (cols, rows) => (Grid { rows, cols }, images(1, (cols * rule.patch.0, rows * rule.patch.1))),
            },
            Self::ClosestRatio(rule) => {
                let grid = rule.grid(w, h);
                (grid, images(ClosestRatio::images(grid), rule.tile))
            }
            Self::AnyResolution(rule) => {
                let grid = rule.grid(w, h);
                (grid, images(AnyResolution::images(grid), rule.size()))
            }
            Self::PanAndScan(rule) => {
                let grid = rule.grid(w, h).ok_or_else(|| narrow(width, height))?;
                (grid, images(PanAndScan::images(grid), rule.size))
            }
            Self::Splitting(rule) => {
                let pieces = rule.pieces(w, h).ok_or_else(|| narrow(width, height))?;
                let (count, length) = (pieces.images() as usize, pieces.length as usize);
                (pieces.grid, Layout::Padded { count, length, patch: rule.patch as usize })
            }
            Self::Naflex(rule) => {
                let (length, patch) = (rule.max as usize, rule.patch as usize);
                (rule.grid(width, height), Layout::Padded { count: 1, length, patch })
            }
            Self::DynamicHd(rule) => {
                rule.fitted(width, height).ok_or_else(|| narrow(width, height))?;
                let grid = rule.grid(w, h);
                (grid, images(DynamicHd::images(grid), (rule.tile, rule.tile)))
            }
            Self::LargestScale(rule) => {
                let grid = rule.grid(w, h);
                (grid, images(LargestScale::images(grid), (rule.tile, rule.tile)))
            }
        };
        Ok(Geometry { rows: grid.rows as usize, cols: grid.cols as usize, layout })
    }

    /// The number of pixels from which on larger images of this ratio of width to height give no larger input; `None` if
    /// the input has one size whatever the image's is.
    pub(super) fn expected_knee(&self, aspect: f64) -> Option<f64> {
        match self {
            Self::Smart { resize, .. } => Some(resize.max_pixels() as f64),
            Self::LongestEdge(rule) => Some(rule.knee(aspect)),
            _ => self.expected_steps(aspect).last().map(|step| step.pixels),
        }
    }

    /// Where the number of images that the encoder sees jumps, for growing images of one ratio of width to height.
    pub(super) fn expected_steps(&self, aspect: f64) -> Vec<Step> {
        steps::along(aspect, |width, height| self.images(width, height))
    }

    /// Images that the encoder sees, where this depends on more than the image's aspect ratio.
    fn images(&self, width: f64, height: f64) -> Option<u32> {
        match self {
            Self::ClosestRatio(rule) => Some(ClosestRatio::images(rule.grid(width, height))),
            Self::AnyResolution(rule) => Some(AnyResolution::images(rule.grid(width, height))),
            Self::PanAndScan(rule) => rule.grid(width, height).map(PanAndScan::images),
            Self::Splitting(rule) => rule.pieces(width, height).map(|pieces| pieces.images()),
            Self::DynamicHd(rule) => Some(DynamicHd::images(rule.grid(width, height))),
            Self::LargestScale(rule) => Some(LargestScale::images(rule.grid(width, height))),
            Self::Smart { .. }
            | Self::Tiles(_)
            | Self::CenterCrop(_)
            | Self::Fixed { .. }
            | Self::LongestEdge(_)
            | Self::Naflex(_) => None,
        }
    }

    /// Width and height of the blocks that an image is brought to whole numbers of.
    pub(super) fn block(&self) -> Option<(u32, u32)> {
        match self {
            Self::Smart { patches: (_, side, merge), .. } => Some(((side * merge) as u32, (side * merge) as u32)),
            Self::LongestEdge(rule) => Some(rule.patch),
            _ => None,
        }
    }

    /// The tokens of an image, where the image processor decides how many; `None` where the model does.
    ///
    /// # Errors
    /// As [`Rule::geometry`].
    pub(super) fn tokens(&self, width: u32, height: u32) -> Result<Option<usize>> {
        let Geometry { rows, cols, .. } = self.geometry(width, height)?;
        Ok(match self {
            Self::Smart { patches: (_, _, merge), .. } => Some(rows * cols / (merge * merge)),
            Self::Splitting(rule) => rule.pieces(f64::from(width), f64::from(height)).map(|pieces| rule.tokens(pieces)),
            Self::DynamicHd(rule) => rule.tokens(width, height),
            _ => None,
        })
    }

    /// Width and height of an image within its canvas of tiles, which a shape does not show.
    #[cfg(test)]
    pub(super) fn fitted(&self, width: u32, height: u32) -> Option<(u32, u32)> {
        match self {
            Self::AnyResolution(rule) => {
                Some(AnyResolution::fitted(width, height, rule.best(f64::from(width), f64::from(height))))
            }
            Self::DynamicHd(rule) => rule.fitted(width, height),
            Self::LargestScale(rule) => {
                Some(rule.fitted(width, height, rule.grid(f64::from(width), f64::from(height))))
            }
            _ => None,
        }
    }

    /// The values of a decoded image.
    ///
    /// # Errors
    /// As [`Rule::geometry`] and [`resized`].
    pub(super) fn apply(&self, place: &str, image: RgbImage, filter: Filter, levels: &Levels) -> Result<PixelValues> {
        let (width, height) = image.dimensions();
        let geometry = self
            .geometry(width, height)
            .map_err(|error| Error::new(place, format!("{}: {}", error.place(), error.cause()), error.remedy()))?;
        let Geometry { rows, cols, layout } = geometry;
        let resized = |image, width, height| resized(place, image, (width, height), filter);
        let mut output = Output { place, filter, levels, values: Vec::new() };
        if let Layout::Images { .. } | Layout::Padded { .. } = layout {
            let values: usize = geometry.shape().iter().product();
            check_values(place, values)?;
            output.values.reserve_exact(values);
        }
        let owned = Cow::Owned(image);
        match self {
            Self::Smart { patches, .. } => {
                let (_, side, _) = *patches;
                let image = resized(owned, (cols * side) as u32, (rows * side) as u32)?;
                return Ok(patches::flattened(&image, levels, *patches));
            }
            Self::Tiles(tiles) => {
                let (width, height) = tiles.scaled(width, height);
                let mut image = resized(owned, width, height)?;
                let tile = tiles.tile;
                if tiles.is_split {
                    let (rows, cols) = tiles.grid((width, height));
                    image = resized(image, cols * tile, rows * tile)?;
                    // A single tile is the whole image, which follows.
                    if rows * cols > 1 {
                        output.append_tiles(&image, Grid { rows, cols }, (tile, tile));
                    }
                }
                output.append_whole(&*resized(image, tile, tile)?);
            }
            Self::CenterCrop(rule) => {
                let (width, height) = rule.scaled(width, height);
                let image = resized(owned, width, height)?;
                let (crop_width, crop_height) = rule.crop.unwrap_or((width, height));
                let left = center_crop::start(width, crop_width);
                let top = center_crop::start(height, crop_height);
                output.append(&image, Window { left, top, width: crop_width, height: crop_height });
            }
            Self::Fixed { width, height } => output.append_whole(&*resized(owned, *width, *height)?),
            Self::LongestEdge(rule) => {
                let (width, height) = (cols as u32 * rule.patch.0, rows as u32 * rule.patch.1);
                output.append_whole(&*resized(owned, width, height)?);
            }
            Self::ClosestRatio(rule) => rule.apply(&owned, &mut output)?,
            Self::AnyResolution(rule) => rule.apply(&owned, &mut output)?,
            Self::PanAndScan(rule) => {
                rule.apply(&owned, Grid { rows: rows as u32, cols: cols as u32 }, &mut output)?;
            }
            Self::Splitting(rule) => {
                let pieces = rule.pieces(f64::from(width), f64::from(height)).ok_or_else(|| narrow(width, height))?;
                rule.apply(&owned, pieces, &mut output)?;
            }
            Self::Naflex(rule) => rule.apply(&owned, Grid { rows: rows as u32, cols: cols as u32 }, &mut output)?,
            Self::DynamicHd(rule) => {
                let fitted = rule.fitted(width, height).ok_or_else(|| narrow(width, height))?;
                rule.apply(&owned, fitted, &mut output)?;
            }
            Self::LargestScale(rule) => rule.apply(&owned, &mut output)?,
        }
        Ok(PixelValues { rows, cols, layout, values: output.values })
    }
}

/// What isn't cut into several.
const ONE: Grid = Grid { rows: 1, cols: 1 };

/// Refuses an input of more tiles and padding than the largest image and one tile have, before memory for it is asked for.
fn check_values(place: &str, values: usize) -> Result<()> {
    let pixels = (values / CHANNELS) as u64;
    if pixels <= 2 * MAX_PIXELS {
        return Ok(());
    }
    Err(Error::new(
        place,
        format!("the image would become an input of {pixels} pixels; the limit is {}", 2 * MAX_PIXELS),
        "crop the image, or lower the sizes in preprocessor_config.json",
    ))
}

fn narrow(width: u32, height: u32) -> Error {
    Error::new(
        format!("image of {width}×{height} pixels"),
        "a side is 0, or becomes too short when the image is resized or cut",
        "crop or pad the image to a smaller aspect ratio",
    )
}
