//! RGB pixels to normalised planes, one per channel.

use image::RgbImage;

use super::patches::{CHANNELS, Levels};

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
