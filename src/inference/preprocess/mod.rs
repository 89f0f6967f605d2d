//! Encoded image bytes to model input, as Hugging Face's Qwen2-VL image processor does it.
//!
//! In: the bytes of a JPEG or PNG file. Out: [`PixelValues`], the patches of the resized and normalised image. The
//! stages are decode, resize (Catmull-Rom, on `u8`), and one pass that normalises and writes the patches:
//!
//! ```text
//! bytes ─▶ decode ─▶ RGB, as stored ─▶ smart_resize ─▶ RGB, at most max_pixels ─▶ patches ─▶ PixelValues
//! ```
//!
//! Decoding costs with the pixels of the file, patches and everything after them with the pixels after the clamp: this
//! is where the resolution knee of a vision-language model comes from.
//!
//! Promised: a damaged, truncated, foreign or oversized file is an error that says which of these it is, and the size
//! in the header is checked before memory for the pixels is asked for. (JPEG has no checksums: damage that leaves valid
//! codes, or an end marker put behind half of the data, can't be told from an ugly picture.) Not done, as the processor itself doesn't: the
//! orientation in EXIF isn't applied, colour profiles are ignored, and an alpha channel is dropped.

mod config;
mod decode;
mod patches;
mod preprocessor;
mod smart_resize;

pub use decode::{MAX_PIXELS, MAX_SIDE, rgb};
pub use patches::PixelValues;
pub use preprocessor::Preprocessor;
pub use smart_resize::SmartResize;
