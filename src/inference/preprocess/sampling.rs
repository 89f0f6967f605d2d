//! Resizing without a wider kernel for reduction, as PyTorch's `interpolate` does it on floating-point values.

use image::RgbImage;

use super::patches::CHANNELS;
use super::planes::Output;
use super::resample::Filter;

/// The parameter of PyTorch's bicubic kernel (`aten/src/ATen/native/UpSample.h`), which is not Pillow's −0.5.
const A: f32 = -0.75;

/// Appends the planes of an image sampled at `side`×`side` points: of each, four or two neighbours in each direction count.
pub(super) fn append(output: &mut Output<'_>, image: &RgbImage, side: u32) {
    let is_cubic = output.filter == Filter::Bicubic;
    let (columns, rows) = (taps(image.width(), side, is_cubic), taps(image.height(), side, is_cubic));
    let stride = CHANNELS * image.width() as usize;
    for (channel, table) in output.levels.0.iter().enumerate() {
        for row in &rows {
            for column in &columns {
                let line = |y: usize| -> f32 {
                    let level = |x: usize| table[usize::from(image.as_raw()[y * stride + x * CHANNELS + channel])];
                    column.iter().map(|&(x, weight)| weight * level(x)).sum()
                };
                output.values.push(row.iter().map(|&(y, weight)| weight * line(y)).sum());
            }
        }
    }
}

/// For each of `side` points along `length` pixels the pixels that count, and how much each does.
fn taps(length: u32, side: u32, is_cubic: bool) -> Vec<[(usize, f32); 4]> {
    let scale = length as f32 / side as f32;
    let within = |at: i64| at.clamp(0, i64::from(length) - 1) as usize;
    let points = (0..side).map(|point| {
        let place = scale * (point as f32 + 0.5) - 0.5;
        let place = if is_cubic { place } else { place.max(0.0) };
        let (start, t) = (place.floor() as i64, place - place.floor());
        let weights =
            if is_cubic { [outer(t + 1.0), inner(t), inner(1.0 - t), outer(2.0 - t)] } else { [0.0, 1.0 - t, t, 0.0] };
        let mut taps = [(0, 0.0); 4];
        for (tap, (offset, weight)) in taps.iter_mut().zip((-1..).zip(weights)) {
            *tap = (within(start + offset), weight);
        }
        taps
    });
    points.collect()
}

/// The kernel up to one pixel away.
fn inner(x: f32) -> f32 {
    ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
}

/// The kernel from one pixel to two pixels away.
fn outer(x: f32) -> f32 {
    ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one_and_a_pixel_at_a_point_counts_alone() {
        for (length, side) in [(7, 7), (448, 7), (900, 448), (3, 16)] {
            for is_cubic in [true, false] {
                for taps in taps(length, side, is_cubic) {
                    let sum: f32 = taps.iter().map(|&(_, weight)| weight).sum();
                    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
                }
            }
        }
        assert_eq!(taps(9, 9, true)[4], [(3, 0.0), (4, 1.0), (5, 0.0), (6, 0.0)]);
    }
}
