//! Encoded image bytes to model input, as the image processors of Hugging Face's `transformers` do it: a rule each, of which
//! `docs/models.md` has the list.
//!
//! In: the bytes of a JPEG or PNG file. Out: [`PixelValues`], the patches or planes of the resized and normalised image. The
//! stages are decode, resize (on `u8`, with the filter that the model's configuration names), and one pass that normalises
//! and writes the values in the model's order:
//!
//! ```text
//! bytes ─▶ decode ─▶ RGB, as stored ─▶ rule: resize, crop, cut into tiles ─▶ patches or planes ─▶ PixelValues
//! ```
//!
//! Decoding costs with the pixels of the file, patches and everything after them with the pixels after the clamp: this
//! is where the resolution knee of a vision-language model comes from.
//!
//! Promised: a damaged, truncated, foreign or oversized file is an error that says which of these it is, and the size
//! in the header is checked before memory for the pixels is asked for. (JPEG has no checksums: damage that leaves valid
//! codes, or an end marker put after half of the data, can't be told from an ugly picture.) Not done, as the processor itself doesn't: the
//! orientation in EXIF isn't applied, colour profiles are ignored, and an alpha channel is dropped.

mod any_resolution;
mod center_crop;
mod closest_ratio;
mod config;
mod decode;
mod dynamic_hd;
mod largest_scale;
mod longest_edge;
mod naflex;
mod pan_and_scan;
mod patches;
mod planes;
mod preprocessor;
mod processor;
mod resample;
mod rule;
mod sampling;
mod smart_resize;
mod splitting;
mod steps;
mod tiles;

#[cfg(test)]
mod tests;

pub use decode::{MAX_PIXELS, MAX_SIDE, rgb};
pub use patches::{Layout, PixelValues};
pub use preprocessor::Preprocessor;
pub use rule::Geometry;
pub use smart_resize::SmartResize;
pub use steps::Step;
