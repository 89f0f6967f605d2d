//! An untrusted `preprocessor_config.json`: it is refused with place and remedy, or every image finds a size under it, and
//! a small one has as many values as that size says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scalegate_suite::inference::preprocess::Preprocessor;

const FILE: &str = "preprocessor_config.json";
const IMAGE: &[u8] = include_bytes!("../../tests/fixtures/processors/tiny.png");
/// Width and height of [`IMAGE`], and sizes at the edges of what is decoded.
const SIZES: [(u32, u32); 7] = [(12, 9), (0, 1), (1, 1), (640, 480), (1, 16_384), (16_384, 1), (7_071, 7_071)];
/// More values than this make nothing new, but take long.
const MAX_VALUES: usize = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let directory = scalegate_fuzz::directory(&[(FILE, bytes)]);
    let preprocessor = match Preprocessor::from_config(&directory.path().join(FILE)) {
        Ok(preprocessor) => preprocessor,
        Err(error) => return assert!(error.place().ends_with(FILE) && !error.remedy().is_empty()),
    };
    let values = SIZES.map(|(width, height)| {
        let aspect = f64::from(width) / f64::from(height);
        let steps = preprocessor.expected_steps(aspect);
        assert!(steps.is_sorted_by(|a, b| a.pixels < b.pixels));
        assert!(steps.is_empty() || preprocessor.expected_knee(aspect) == steps.last().map(|step| step.pixels));
        let tokens = preprocessor.expected_tokens(width, height);
        assert_eq!(tokens.is_err(), preprocessor.geometry(width, height).is_err());
        preprocessor.geometry(width, height).map_or(0, |geometry| geometry.shape().iter().product())
    });
    if values[0] <= MAX_VALUES
        && let Ok(pixels) = preprocessor.run("tiny.png", IMAGE)
    {
        assert_eq!(pixels.values.len(), values[0]);
        assert!(pixels.values.iter().all(|value| value.is_finite()));
    }
});
