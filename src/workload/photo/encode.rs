//! Pixels to a file.

use image::RgbImage;
use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};

use crate::{Error, Result};

/// The quality of the JPEGs, that of a camera's normal setting.
pub const JPEG_QUALITY: u8 = 90;

/// A file format for images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Baseline, 4:4:4, quality [`JPEG_QUALITY`].
    Jpeg,
    /// 8 bits per channel, with the encoder's default compression.
    Png,
}

/// Encodes an image.
///
/// # Errors
/// When the format can't hold the image: JPEG ends at 65,535 pixels per side, and neither holds an empty image.
pub fn encode(image: &RgbImage, format: Format) -> Result<Vec<u8>> {
    let (width, height) = image.dimensions();
    let error = |cause: String| {
        Error::new(format!("image of {width}×{height} pixels"), cause, "ask for a size between 1 and 65,535 per side")
    };
    if width == 0 || height == 0 {
        return Err(error("an empty image can't be encoded".to_owned()));
    }
    let mut bytes = Vec::new();
    match format {
        Format::Jpeg => image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)),
        Format::Png => image.write_with_encoder(PngEncoder::new(&mut bytes)),
    }
    .map_err(|cause| error(format!("can't be encoded as {format:?}: {cause}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::super::photo;
    use super::*;

    #[test]
    fn jpegs_have_the_bits_per_pixel_of_photos() {
        for (width, height) in [(160, 120), (640, 480), (1600, 1200)] {
            for seed in 0..4 {
                let bytes = encode(&photo(width, height, seed), Format::Jpeg).unwrap().len();
                let bits_per_pixel = 8.0 * bytes as f64 / f64::from(width * height);
                assert!((0.5..4.0).contains(&bits_per_pixel), "{width}×{height} seed {seed}: {bits_per_pixel:.2}");
            }
        }
    }

    #[test]
    fn png_gives_the_pixels_back() {
        let image = photo(61, 47, 9);
        let decoded = image::load_from_memory(&encode(&image, Format::Png).unwrap()).unwrap();
        assert_eq!(decoded.into_rgb8(), image);
    }

    #[test]
    fn what_a_format_cannot_hold_is_refused_with_its_size() {
        for (width, height) in [(0, 0), (0, 4), (65_536, 1)] {
            let error = encode(&RgbImage::new(width, height), Format::Jpeg).unwrap_err();
            assert!(error.place().contains(&format!("{width}×{height}")), "{error}");
        }
    }
}
