//! RGB pixels to the normalised patches that a vision encoder takes.

use image::RgbImage;

use super::planes::Window;
use super::rule::Geometry;
use crate::suite::{MERGE, PATCH};

pub(super) const CHANNELS: usize = 3;

/// What a vision encoder reads of one image.
#[derive(Debug, Clone, PartialEq)]
pub struct PixelValues {
    /// Rows of patches (Qwen2-VL, where they come in blocks, Pixtral and SigLIP2), or of tiles (0 if Idefics3 or Gemma 3
    /// doesn't split the image); otherwise 1.
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
    /// `[rows · cols, 3 · T · side · side]`, as Qwen2-VL flattens patches, with `T` the temporal patch size (1 for the models
    /// of the suite).
    ///
    /// The patches of each block (2×2, and a token for it) follow each other, blocks and the patches in them in reading
    /// order. A patch is its red plane, its green plane, its blue plane; with `T` > 1 each plane is there `T` times.
    Patches {
        /// `T`.
        temporal: usize,
        /// Side of a patch, in pixels.
        side: usize,
        /// Side of a block, in patches.
        merge: usize,
    },
    /// `[count, 3, height, width]`: the tiles in reading order, with the whole image after them or in front of them as the
    /// processor has it; or just one image.
    Images {
        /// Number of images.
        count: usize,
        /// Height of each, in pixels.
        height: usize,
        /// Width of each, in pixels.
        width: usize,
    },
    /// `[count, length, 3 · patch · patch]`, as NaFlex has it: the patches of each image or tile in reading order, each with its
    /// pixels in reading order and their channels together, and zeroes up to the length.
    Padded {
        /// Number of images.
        count: usize,
        /// Patches of each, with those that are zeroes.
        length: usize,
        /// Side of a patch, in pixels.
        patch: usize,
    },
}

impl Layout {
    pub(super) fn shape(self, patches: usize) -> Vec<usize> {
        match self {
            Self::Patches { temporal, side, .. } => vec![patches, temporal * CHANNELS * side * side],
            Self::Images { count, height, width } => vec![count, CHANNELS, height, width],
            Self::Padded { count, length, patch } => vec![count, length, CHANNELS * patch * patch],
        }
    }

    /// As Qwen2-VL has it: patches of 14×14 pixels in blocks of 2×2.
    pub fn qwen2_vl(temporal: usize) -> Self {
        Self::Patches { temporal, side: PATCH, merge: MERGE }
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
    /// The same with each step rounded to `bfloat16`, as Llama 4 computes. A level of 255 needs no rounding.
    pub(super) fn bfloat16(scale: f64, mean: [f64; CHANNELS], std: [f64; CHANNELS]) -> Self {
        let rounded = |value: f32| {
            let bits = value.to_bits();
            // To nearest, ties to even; what isn't finite stays so, and is refused by whoever reads the configuration.
            f32::from_bits(bits.wrapping_add(0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
        };
        Self(std::array::from_fn(|channel| {
            let (mean, std) = (rounded(mean[channel] as f32), rounded(std[channel] as f32));
            std::array::from_fn(|level| rounded(rounded(rounded(level as f32 * scale as f32) - mean) / std))
        }))
    }

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

/// How often each patch is there, its side in pixels, and the side of a block in patches.
pub(super) type Form = (usize, usize, usize);

/// Normalises an image whose sides are whole blocks and writes it in the order of its patches, in one pass.
pub(super) fn flattened(image: &RgbImage, levels: &Levels, form: Form) -> PixelValues {
    // A side that the compiler knows is worth a few instructions for each pixel.
    match form {
        (_, PATCH, _) => flatten::<PATCH>(image, levels, form),
        (_, 16, _) => flatten::<16>(image, levels, form),
        _ => flatten::<0>(image, levels, form),
    }
}

/// The same for patches of `SIDE` pixels, or, if that is 0, of those of the form.
fn flatten<const SIDE: usize>(image: &RgbImage, levels: &Levels, (temporal, side, merge): Form) -> PixelValues {
    let side = if SIDE == 0 { side } else { SIDE };
    let (cols, rows) = (image.width() as usize / side, image.height() as usize / side);
    let stride = CHANNELS * image.width() as usize;
    let pixels = image.as_raw();
    // Written from front to back, so that the memory needs no zeroes first.
    let mut values = Vec::with_capacity(rows * cols * CHANNELS * temporal * side * side);
    for (block_row, block_col) in product(rows / merge, cols / merge) {
        for (row, col) in product(merge, merge) {
            let top = (block_row * merge + row) * side;
            let left = (block_col * merge + col) * side * CHANNELS;
            for (channel, table) in levels.0.iter().enumerate() {
                for (_, y) in product(temporal, side) {
                    let line = &pixels[(top + y) * stride + left..][..side * CHANNELS];
                    let (line, _) = line.as_chunks::<CHANNELS>();
                    values.extend(line.iter().map(|pixel| table[usize::from(pixel[channel])]));
                }
            }
        }
    }
    PixelValues { rows, cols, layout: Layout::Patches { temporal, side, merge }, values }
}

/// Appends the patches of a part of an image in reading order, channels together, normalised, and zeroes up to `length` patches.
/// The part lies within the image, and its sides are whole patches.
pub(super) fn append_rows(
    values: &mut Vec<f32>,
    image: &RgbImage,
    window: Window,
    levels: &Levels,
    (patch, length): (usize, usize),
) {
    let Window { left, top, width, height } = window;
    let (left, top) = (left.max(0) as usize, top.max(0) as usize);
    let end = values.len() + length * CHANNELS * patch * patch;
    let stride = CHANNELS * image.width() as usize;
    for (row, col) in product(height as usize / patch, width as usize / patch) {
        for y in 0..patch {
            let start = (top + row * patch + y) * stride + (left + col * patch) * CHANNELS;
            let (line, _) = image.as_raw()[start..start + patch * CHANNELS].as_chunks::<CHANNELS>();
            let [red, green, blue] = &levels.0;
            let value =
                |&[r, g, b]: &[u8; CHANNELS]| [red[usize::from(r)], green[usize::from(g)], blue[usize::from(b)]];
            values.extend(line.iter().flat_map(value));
        }
    }
    values.resize(end.max(values.len()), 0.0);
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
        let got = flattened(&image, &identity(), (1, PATCH, MERGE));
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
        let (once, twice) =
            (flattened(&image, &identity(), (1, PATCH, MERGE)), flattened(&image, &identity(), (2, PATCH, MERGE)));
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
        let values = flattened(&image, &levels, (1, PATCH, MERGE)).values;
        for patch in values.chunks(588) {
            assert_eq!((patch[0], patch[195], patch[196], patch[391], patch[392]), (1.0, 1.0, -1.0, -1.0, 0.5));
        }
    }

    #[test]
    fn patches_are_as_large_as_the_configuration_says() {
        let image = gradient(12, 6);
        let got = flattened(&image, &identity(), (1, 2, 3));
        assert_eq!((got.rows, got.cols, got.values.len()), (3, 6, 12 * 6 * 3));
        // The fourth patch begins the second row of the first block of 3×3, the tenth the second block.
        assert_eq!((got.values[3 * 12], got.values[3 * 12 + 4]), (0.0, 2.0));
        assert_eq!((got.values[9 * 12], got.values[9 * 12 + 4]), (6.0, 0.0));
    }

    #[test]
    fn padded_patches_have_their_channels_together_and_zeroes_after_them() {
        let image = gradient(5, 2);
        let mut values = vec![7.0];
        let window = Window { left: 1, top: 0, width: 4, height: 2 };
        append_rows(&mut values, &image, window, &identity(), (2, 3));
        let patch = |x: f32| [x, 0.0, x, x + 1.0, 0.0, x + 1.0, x, 1.0, x + 100.0, x + 1.0, 1.0, x + 101.0];
        assert_eq!(values, [&[7.0][..], &patch(1.0), &patch(3.0), &[0.0; 12]].concat());
    }
}
