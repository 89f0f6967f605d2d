//! RGB pixels to the normalised patches that a vision encoder takes.

use image::RgbImage;

use super::rule::Geometry;
use crate::suite::{MERGE, PATCH, PATCH_VALUES};

pub(super) const CHANNELS: usize = 3;

/// What a vision encoder reads of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct PixelValues {
    /// Rows of patches (Qwen2-VL, where they are even, and Pixtral), or of tiles (Idefics3: 0 if the image isn't split);
    /// otherwise 1.
    pub rows: usize,
    /// Columns, likewise.
    pub cols: usize,
    /// The order of the values.
    pub layout: Layout,
    /// As many as [`PixelValues::shape`] says.
    pub values: Vec<f32>,
}

/// The order of pixel values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// `[rows · cols, 3 · T · 14 · 14]`, as Qwen2-VL flattens patches, with `T` the temporal patch size (1 for the models
    /// of the suite).
    ///
    /// The four patches of each 2×2 block follow each other, blocks and the patches in them in reading order. A patch is
    /// its red plane, its green plane, its blue plane; with `T` > 1 each plane is there `T` times.
    Patches {
        /// `T`.
        temporal: usize,
    },
    /// `[count, 3, height, width]`: the tiles in reading order and then the whole image, or just one image.
    Images {
        /// Number of images.
        count: usize,
        /// Height of each, in pixels.
        height: usize,
        /// Width of each, in pixels.
        width: usize,
    },
}

impl Layout {
    pub(super) fn shape(self, patches: usize) -> Vec<usize> {
        match self {
            Self::Patches { temporal } => vec![patches, temporal * PATCH_VALUES],
            Self::Images { count, height, width } => vec![count, CHANNELS, height, width],
        }
    }
}

impl PixelValues {
    /// The number of patches or tiles, `rows · cols`.
    pub fn patches(&self) -> usize {
        self.rows * self.cols
    }

    /// What the image's size gave before there were values.
    pub fn geometry(&self) -> Geometry {
        Geometry { rows: self.rows, cols: self.cols, layout: self.layout }
    }

    /// The shape of the values as a tensor.
    pub fn shape(&self) -> Vec<usize> {
        self.layout.shape(self.patches())
    }
}

/// The normalised value of each of the 256 levels of each channel.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Levels(pub(super) [[f32; 256]; CHANNELS]);

impl Levels {
    /// `(level · scale − mean) / std`, rounded to `f32` after each step as the image processor does.
    pub(super) fn new(scale: f64, mean: [f64; CHANNELS], std: [f64; CHANNELS]) -> Self {
        Self(std::array::from_fn(|channel| {
            let (mean, std) = (mean[channel] as f32, std[channel] as f32);
            std::array::from_fn(|level| ((level as f64 * scale) as f32 - mean) / std)
        }))
    }

    pub(super) fn is_finite(&self) -> bool {
        self.0.iter().flatten().all(|value| value.is_finite())
    }
}

/// Normalises an image whose sides are multiples of 28 and writes it in the order of its patches, in one pass.
pub(super) fn flatten(image: &RgbImage, levels: &Levels, temporal: usize) -> PixelValues {
    let (cols, rows) = (image.width() as usize / PATCH, image.height() as usize / PATCH);
    let stride = CHANNELS * image.width() as usize;
    let pixels = image.as_raw();
    // Written from front to back, so that the memory needs no zeroes first.
    let mut values = Vec::with_capacity(rows * cols * CHANNELS * temporal * PATCH * PATCH);
    for (block_row, block_col) in product(rows / MERGE, cols / MERGE) {
        for (row, col) in product(MERGE, MERGE) {
            let top = (block_row * MERGE + row) * PATCH;
            let left = (block_col * MERGE + col) * PATCH * CHANNELS;
            for (channel, table) in levels.0.iter().enumerate() {
                for (_, y) in product(temporal, PATCH) {
                    let line = &pixels[(top + y) * stride + left..][..PATCH * CHANNELS];
                    let (line, _) = line.as_chunks::<CHANNELS>();
                    values.extend(line.iter().map(|pixel| table[usize::from(pixel[channel])]));
                }
            }
        }
    }
    PixelValues { rows, cols, layout: Layout::Patches { temporal }, values }
}

fn product(outer: usize, inner: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..outer).flat_map(move |i| (0..inner).map(move |j| (i, j)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels that leave pixels as they are.
    fn identity() -> Levels {
        Levels::new(1.0, [0.0; 3], [1.0; 3])
    }

    /// An image whose pixels name their own place: column, row, and the two folded into blue.
    fn gradient(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| image::Rgb([x as u8, y as u8, (x + 100 * y) as u8]))
    }

    #[test]
    fn patches_come_in_merge_blocks_with_planar_channels() {
        let (width, height) = (3 * 28, 2 * 28);
        let image = gradient(width, height);
        let got = flatten(&image, &identity(), 1);
        assert_eq!((got.rows, got.cols, got.patches()), (4, 6, 24));

        // The order written down in Qwen2-VL: [block row, block col, row in block, col in block, channel, y, x].
        let mut expected = Vec::new();
        for block_row in 0..2 {
            for block_col in 0..3 {
                for (row, col) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    for channel in 0..3 {
                        for y in 0..14 {
                            for x in 0..14 {
                                let pixel =
                                    image.get_pixel(block_col * 28 + col * 14 + x, block_row * 28 + row * 14 + y);
                                expected.push(f32::from(pixel[channel]));
                            }
                        }
                    }
                }
            }
        }
        assert_eq!(got.values, expected);
        // And by hand: the second patch starts 14 pixels to the right, the third one 14 down.
        assert_eq!((got.values[588], got.values[588 + 196]), (14.0, 0.0));
        assert_eq!((got.values[2 * 588], got.values[2 * 588 + 196]), (0.0, 14.0));
    }

    #[test]
    fn a_temporal_patch_repeats_each_plane() {
        let image = gradient(28, 28);
        let (once, twice) = (flatten(&image, &identity(), 1), flatten(&image, &identity(), 2));
        assert_eq!((twice.rows, twice.cols), (2, 2));
        for (plane, doubled) in once.values.chunks(196).zip(twice.values.chunks(392)) {
            assert_eq!((plane, plane), (&doubled[..196], &doubled[196..]));
        }
    }

    #[test]
    fn levels_are_scaled_then_centred_then_divided() {
        let levels = Levels::new(1.0 / 255.0, [0.5, 0.25, 0.0], [0.5, 0.25, 2.0]);
        assert_eq!([levels.0[0][0], levels.0[0][255]], [-1.0, 1.0]);
        assert_eq!([levels.0[1][0], levels.0[1][255]], [-1.0, 3.0]);
        assert_eq!([levels.0[2][0], levels.0[2][255]], [0.0, 0.5]);
        let image = RgbImage::from_pixel(28, 28, image::Rgb([255, 0, 255]));
        let values = flatten(&image, &levels, 1).values;
        for patch in values.chunks(588) {
            assert_eq!((patch[0], patch[195], patch[196], patch[391], patch[392]), (1.0, 1.0, -1.0, -1.0, 0.5));
        }
    }
}
