//! Made-up images, and how far two outputs are apart.

use scalegate_suite::inference::preprocess::{Geometry, PixelValues};

/// The image whose outputs the fixtures have.
pub(crate) fn made_up(geometry: Geometry) -> PixelValues {
    let values =
        (0..geometry.shape().iter().product::<usize>()).map(|i| ((i * 7 % 255) as f64 / 127.5 - 1.0) as f32).collect();
    PixelValues { rows: geometry.rows, cols: geometry.cols, layout: geometry.layout, values }
}

/// The largest difference, relative to the largest of `theirs`.
#[track_caller]
pub(crate) fn difference(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    assert!(ours.iter().chain(theirs).all(|value| value.is_finite()));
    let largest = theirs.iter().map(|value| value.abs()).fold(0.0, f32::max);
    ours.iter().zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / largest
}
