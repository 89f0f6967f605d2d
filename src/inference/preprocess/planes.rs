//! RGB pixels to normalised planes, one per channel.

use std::borrow::Cow;

use image::RgbImage;

use super::patches::{self, CHANNELS, Levels};
use super::resample::{self, Filter};
use crate::Result;

/// Where the values of one input are written, image by image, and how images are resized for it.
pub(super) struct Output<'a> {
    /// Names the image in errors.
    pub(super) place: &'a str,
    pub(super) filter: Filter,
    pub(super) levels: &'a Levels,
    pub(super) values: Vec<f32>,
}

impl Output<'_> {
    /// The image in another size, with the configured filter.
    ///
    /// # Errors
    /// As [`resample::resized`].
    pub(super) fn resized<'b>(&self, image: &'b RgbImage, width: u32, height: u32) -> Result<Cow<'b, RgbImage>> {
        resample::resized(self.place, Cow::Borrowed(image), (width, height), self.filter)
    }

    /// Appends the planes of a part of an image.
    pub(super) fn append(&mut self, image: &RgbImage, window: Window) {
        append(&mut self.values, image, window, self.levels);
    }

    /// Appends the planes of a whole image.
    pub(super) fn append_whole(&mut self, image: &RgbImage) {
        self.append(image, Window::whole(image));
    }

    /// Appends the planes of each tile, in reading order.
    pub(super) fn append_tiles(&mut self, image: &RgbImage, grid: Grid, tile: (u32, u32)) {
        for window in grid.windows(tile) {
            self.append(image, window);
        }
    }

    /// Appends the patches of a part of an image in reading order, and zeroes up to `length` of them.
    pub(super) fn append_patches(&mut self, image: &RgbImage, window: Window, patch: u32, length: usize) {
        patches::append_rows(&mut self.values, image, window, self.levels, (patch as usize, length));
    }
}

/// Rows and columns of tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) rows: u32,
    pub(super) cols: u32,
}

impl Grid {
    pub(super) fn tiles(self) -> u32 {
        self.rows * self.cols
    }

    /// The parts of an image that its tiles of this width and height are, in reading order.
    pub(super) fn windows(self, (width, height): (u32, u32)) -> impl Iterator<Item = Window> {
        (0..self.tiles()).map(move |at| {
            let (left, top) = (at % self.cols * width, at / self.cols * height);
            Window { left: i64::from(left), top: i64::from(top), width, height }
        })
    }
}

/// A part of an image, which may reach beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) left: i64,
    pub(super) top: i64,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Window {
    /// All of an image.
    pub(super) fn whole(image: &RgbImage) -> Self {
        Self { left: 0, top: 0, width: image.width(), height: image.height() }
    }
}

/// Appends the red, the green and the blue plane of a part of an image, normalised; black where there is no image.
pub(super) fn append(values: &mut Vec<f32>, image: &RgbImage, window: Window, levels: &Levels) {
    let Window { left, top, width, height } = window;
    let inside = |from: i64, length: u32, side: u32| {
        let clamp = |at: i64| at.clamp(0, i64::from(side)) as usize;
        clamp(from)..clamp(from + i64::from(length))
    };
    let (columns, rows) = (inside(left, width, image.width()), inside(top, height, image.height()));
    let before = left.saturating_neg().clamp(0, i64::from(width)) as usize;
    let after = width as usize - before - columns.len();
    let stride = CHANNELS * image.width() as usize;
    for (channel, table) in levels.0.iter().enumerate() {
        for y in (top..).take(height as usize) {
            let Some(y) = usize::try_from(y).ok().filter(|y| rows.contains(y)) else {
                values.extend(std::iter::repeat_n(table[0], width as usize));
                continue;
            };
            let line = &image.as_raw()[y * stride..][columns.start * CHANNELS..columns.end * CHANNELS];
            let (line, _) = line.as_chunks::<CHANNELS>();
            values.extend(std::iter::repeat_n(table[0], before));
            values.extend(line.iter().map(|pixel| table[usize::from(pixel[channel])]));
            values.extend(std::iter::repeat_n(table[0], after));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_cut_out_channel_by_channel_and_black_beyond_the_image() {
        let image = RgbImage::from_fn(3, 2, |x, y| image::Rgb([x as u8 + 1, y as u8 + 1, 9]));
        let levels = Levels::new(1.0, [0.0; 3], [1.0; 3]);
        let cut = |left, top, width, height| {
            let mut values = Vec::new();
            append(&mut values, &image, Window { left, top, width, height }, &levels);
            values
        };
        assert_eq!(cut(1, 0, 2, 2), [2.0, 3.0, 2.0, 3.0, 1.0, 1.0, 2.0, 2.0, 9.0, 9.0, 9.0, 9.0]);
        assert_eq!(cut(-1, 1, 5, 2)[..10], [0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(cut(2, -1, 2, 2)[..4], [0.0, 0.0, 3.0, 0.0]);
        assert_eq!(cut(9, 9, 1, 1), [0.0; 3]);
        assert_eq!(cut(-9, -9, 2, 1), [0.0; 6]);
    }
}
