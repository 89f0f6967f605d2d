//! An untrusted image: it is refused with place and remedy, or decoded within the limits that its header was held to.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scalegate_suite::inference::preprocess::{MAX_PIXELS, MAX_SIDE, rgb};

fuzz_target!(|bytes: &[u8]| {
    match rgb("image", bytes) {
        Ok(image) => {
            let (width, height) = image.dimensions();
            assert!(width.max(height) <= MAX_SIDE && u64::from(width) * u64::from(height) <= MAX_PIXELS);
        }
        Err(error) => assert!(error.place() == "image" && !error.remedy().is_empty()),
    }
});
