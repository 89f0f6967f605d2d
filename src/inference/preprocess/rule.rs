//! What becomes of an image: the rules of the image processors behind one face.

use image::RgbImage;

use super::SmartResize;
use super::center_crop::{self, CenterCrop};
use super::longest_edge::LongestEdge;
use super::patches::{self, CHANNELS, Layout, Levels, PixelValues};
use super::planes::{self, Window};
use super::resample::{Filter, resized};
use super::tiles::Tiles;
use crate::suite::PATCH;
use crate::{Error, Result};

/// How an image is brought to the size of a model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Qwen2-VL: sides are multiples of 28 within bounds of the area; each patch is there `temporal` times.
    Smart { resize: SmartResize, temporal: usize },
    /// Idefics3, SmolVLM.
    Tiles(Tiles),
    /// CLIP, LLaVA.
    CenterCrop(CenterCrop),
    /// SigLIP: every image is stretched to one size, in pixels.
    Fixed { width: u32, height: u32 },
    /// Pixtral.
    LongestEdge(LongestEdge),
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
        let images = |count: usize, width: u32, height: u32| Layout::Images {
            count,
            height: height as usize,
            width: width as usize,
        };
        let (rows, cols, layout) = match *self {
            Self::Smart { resize, temporal } => {
                let (width, height) = resize.target(width, height)?;
                (height / PATCH as u32, width / PATCH as u32, Layout::Patches { temporal })
            }
            Self::Tiles(tiles) => match tiles.grid(tiles.scaled(width, height)) {
                (rows, cols) if tiles.is_split && rows * cols > 1 => {
                    (rows, cols, images((rows * cols + 1) as usize, tiles.tile, tiles.tile))
                }
                _ => (0, 0, images(1, tiles.tile, tiles.tile)),
            },
            Self::CenterCrop(rule) => {
                let (width, height) = rule.crop.unwrap_or_else(|| rule.scaled(width, height));
                (1, 1, images(1, width, height))
            }
            Self::Fixed { width, height } => (1, 1, images(1, width, height)),
            Self::LongestEdge(rule) => match rule.patches(width, height) {
                (0, _) | (_, 0) => return Err(narrow(width, height)),
                (cols, rows) => (rows, cols, images(1, cols * rule.patch.0, rows * rule.patch.1)),
            },
        };
        Ok(Geometry { rows: rows as usize, cols: cols as usize, layout })
    }

    /// The number of pixels from which on larger images of this ratio of width to height give no larger input; `None` if
    /// the input has one size whatever the image's is.
    pub(super) fn expected_knee(&self, aspect: f64) -> Option<f64> {
        match self {
            Self::Smart { resize, .. } => Some(resize.max_pixels() as f64),
            Self::LongestEdge(rule) => Some(rule.knee(aspect)),
            Self::Tiles(_) | Self::CenterCrop(_) | Self::Fixed { .. } => None,
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
        let mut planes = Planes { values: Vec::new(), levels, geometry };
        match *self {
            Self::Smart { temporal, .. } => {
                let image = resized(image, (cols * PATCH) as u32, (rows * PATCH) as u32)?;
                return Ok(patches::flatten(&image, levels, temporal));
            }
            Self::Tiles(tiles) => {
                let (width, height) = tiles.scaled(width, height);
                let mut image = resized(image, width, height)?;
                let tile = tiles.tile;
                if tiles.is_split {
                    let (rows, cols) = tiles.grid((width, height));
                    image = resized(image, cols * tile, rows * tile)?;
                    // A single tile is the whole image, which follows.
                    for at in (0..rows * cols).filter(|_| rows * cols > 1) {
                        let (left, top) = (i64::from(at % cols * tile), i64::from(at / cols * tile));
                        planes.append(&image, Window { left, top, width: tile, height: tile });
                    }
                }
                planes.append_whole(&resized(image, tile, tile)?);
            }
            Self::CenterCrop(rule) => {
                let (width, height) = rule.scaled(width, height);
                let image = resized(image, width, height)?;
                let (crop_width, crop_height) = rule.crop.unwrap_or((width, height));
                let left = center_crop::start(width, crop_width);
                let top = center_crop::start(height, crop_height);
                planes.append(&image, Window { left, top, width: crop_width, height: crop_height });
            }
            Self::Fixed { width, height } => planes.append_whole(&resized(image, width, height)?),
            Self::LongestEdge(rule) => {
                let (width, height) = (cols as u32 * rule.patch.0, rows as u32 * rule.patch.1);
                planes.append_whole(&resized(image, width, height)?);
            }
        }
        Ok(PixelValues { rows, cols, layout, values: planes.values })
    }
}

fn narrow(width: u32, height: u32) -> Error {
    Error::new(
        format!("image of {width}×{height} pixels"),
        "a side is 0, or becomes 0 when the image is reduced",
        "crop or pad the image to a smaller aspect ratio",
    )
}

/// The images of one input, one after the other.
struct Planes<'a> {
    values: Vec<f32>,
    levels: &'a Levels,
    geometry: Geometry,
}

impl Planes<'_> {
    fn append(&mut self, image: &RgbImage, window: Window) {
        if let (true, Layout::Images { count, height, width }) = (self.values.is_empty(), self.geometry.layout) {
            self.values.reserve_exact(count * CHANNELS * height * width);
        }
        planes::append(&mut self.values, image, window, self.levels);
    }

    fn append_whole(&mut self, image: &RgbImage) {
        self.append(image, Window::whole(image));
    }
}
