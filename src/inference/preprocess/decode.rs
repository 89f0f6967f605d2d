//! Encoded bytes to RGB pixels, with the size checked first and nothing damaged let through.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Limits, RgbImage, codecs::png::PngDecoder};
use zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

use crate::{Error, Result};

/// The longest side that is decoded, in pixels.
pub const MAX_SIDE: u32 = 16_384;
/// The largest area that is decoded, in pixels. At 3 bytes per pixel this bounds the decoded image at 150 MB; while it is
/// decoded, the coefficients of a progressive JPEG take up to 300 MB more, and a PNG of 4 × 16 bits takes 400 MB more.
pub const MAX_PIXELS: u64 = 50_000_000;

/// What a PNG may ask for besides its pixels (colour profiles and texts, which are compressed), in bytes.
const PNG_EXTRAS_BYTES: u64 = 16 << 20;

/// The marker that closes a JPEG.
const END_OF_IMAGE: [u8; 2] = [0xff, 0xd9];

const DAMAGED: &str = "copy or export the file again, or give another image";

/// Decodes a JPEG or PNG to 8 bits per channel: gray becomes RGB, 16 bits are rounded, an alpha channel is dropped.
///
/// # Errors
/// When the bytes are no whole JPEG or PNG file, or the image is larger than [`MAX_PIXELS`] or [`MAX_SIDE`].
pub fn rgb(place: &str, encoded: &[u8]) -> Result<RgbImage> {
    if encoded.is_empty() {
        return Err(Error::new(place, "the image file is empty (0 bytes)", DAMAGED));
    }
    match image::guess_format(encoded) {
        Ok(ImageFormat::Jpeg) => jpeg(place, encoded),
        Ok(ImageFormat::Png) => png(place, encoded),
        other => {
            let found = match other {
                Ok(format) => format!("a {} image", format.extensions_str().first().unwrap_or(&"foreign")),
                Err(_) => format!("an unknown format (it starts with {:02x?})", &encoded[..encoded.len().min(4)]),
            };
            Err(Error::new(place, format!("neither a JPEG nor a PNG, but {found}"), "convert it to JPEG or PNG"))
        }
    }
}

/// The decoder that `image` has inside, but strict: there, what is cut off or damaged is filled with gray, and a broken
/// file would turn into a cheap one.
fn jpeg(place: &str, encoded: &[u8]) -> Result<RgbImage> {
    let damaged = |cause| Error::new(place, format!("damaged JPEG: {cause}"), DAMAGED);
    let options = DecoderOptions::default()
        .set_strict_mode(true)
        .jpeg_set_out_colorspace(ColorSpace::RGB)
        // The check below names the size, and nothing is allocated in between.
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(encoded), options);
    decoder.decode_headers().map_err(|cause| damaged(cause.to_string()))?;
    let info = decoder.info().ok_or_else(|| damaged("no frame header".to_owned()))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check_size(place, width, height)?;
    // Strict mode misses what is cut off the last row of blocks. With an end marker as the last bytes there is no need
    // to search: the one of a thumbnail lies in the headers, which were whole.
    if !(encoded.ends_with(&END_OF_IMAGE) || reaches_end_of_image(encoded)) {
        return Err(damaged(format!("truncated after {} bytes, before the end of the image", encoded.len())));
    }
    let mut image = RgbImage::new(width, height);
    decoder.decode_into(&mut image).map_err(|cause| damaged(cause.to_string()))?;
    Ok(image)
}

fn png(place: &str, encoded: &[u8]) -> Result<RgbImage> {
    let damaged = |cause: String| Error::new(place, format!("damaged PNG: {cause}"), DAMAGED);
    let Some((width, height)) = png_size(encoded) else {
        return Err(damaged("no complete header".to_owned()));
    };
    check_size(place, width, height)?;
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(PNG_EXTRAS_BYTES);
    PngDecoder::with_limits(Cursor::new(encoded), limits)
        .and_then(DynamicImage::from_decoder)
        .map(DynamicImage::into_rgb8)
        .map_err(|cause| damaged(cause.to_string()))
}

fn check_size(place: &str, width: u32, height: u32) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(Error::new(
            place,
            format!("the image has {width}×{height} pixels; the limit is {MAX_SIDE} per side and {MAX_PIXELS} in all"),
            "scale the image down before giving it",
        ));
    }
    Ok(())
}

/// Width and height in a PNG's header chunk, which is always the first one and always in the same place.
fn png_size(encoded: &[u8]) -> Option<(u32, u32)> {
    let header = encoded.get(8..24)?;
    let (tag, size) = header.split_first_chunk::<8>()?;
    let (width, height) = size.split_first_chunk::<4>()?;
    (&tag[4..] == b"IHDR")
        .then(|| (u32::from_be_bytes(*width), u32::from_be_bytes([height[0], height[1], height[2], height[3]])))
}

/// Whether the segments and scans of a JPEG lead to its end-of-image marker (ITU-T T.81, annex B).
///
/// Cameras append data after it, and thumbnails have one of their own, so it can't be searched from the end.
fn reaches_end_of_image(encoded: &[u8]) -> bool {
    const STUFFED: u8 = 0x00;
    const FILL: u8 = 0xff;
    const TEMPORARY: u8 = 0x01;
    const START_OF_IMAGE: u8 = 0xd8;

    let mut rest = encoded;
    loop {
        // Scan data up to the next marker, or no byte at all after a segment.
        let Some(at) = rest.iter().position(|&byte| byte == 0xff) else { return false };
        let Some((&marker, after)) = rest[at + 1..].split_first() else { return false };
        rest = match marker {
            _ if marker == END_OF_IMAGE[1] => return true,
            FILL => &rest[at + 1..],
            STUFFED | TEMPORARY | 0xd0..=0xd7 | START_OF_IMAGE => after,
            _ => {
                let length = after.first_chunk().map(|bytes| usize::from(u16::from_be_bytes(*bytes)));
                match length.and_then(|length| after.get(length..)) {
                    Some(after) => after,
                    None => return false,
                }
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, Rgb};

    use super::*;

    const JPEG: &[u8] = include_bytes!("../../../tests/fixtures/images/subsampled_422.jpg");
    const PNG: &[u8] = include_bytes!("../../../tests/fixtures/images/photo.png");

    fn cause(encoded: &[u8]) -> String {
        let error = rgb("photo.jpg", encoded).expect_err("the image was accepted");
        assert_eq!(error.place(), "photo.jpg");
        assert!(!error.remedy().is_empty());
        error.cause().to_owned()
    }

    fn png_of(image: &DynamicImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
        bytes
    }

    /// A JPEG whose frame header claims another size.
    fn jpeg_claiming(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = JPEG.to_vec();
        let frame = bytes.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        bytes
    }

    /// The start of a PNG up to and with the header chunk, whose checksum fits. No pixels follow.
    fn png_claiming(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = png_of(&DynamicImage::new_rgb8(1, 1))[..33].to_vec();
        bytes[16..20].copy_from_slice(&width.to_be_bytes());
        bytes[20..24].copy_from_slice(&height.to_be_bytes());
        let crc = crc32(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        bytes
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, &byte| {
            (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
        })
    }

    #[test]
    fn an_empty_file_is_refused() {
        assert!(cause(&[]).contains("0 bytes"));
    }

    #[test]
    fn a_foreign_format_is_refused_by_name() {
        assert!(cause(b"GIF89a\x01\x00\x01\x00").contains("a gif image"));
        assert!(cause(b"RIFF\0\0\0\0WEBPVP8 ").contains("a webp image"));
        assert!(cause(b"<html>").contains("starts with [3c, 68, 74, 6d]"));
        assert!(cause(&[0xff]).contains("unknown format"));
    }

    #[test]
    fn a_jpeg_cut_anywhere_is_refused() {
        assert!(rgb("photo.jpg", JPEG).is_ok());
        for length in 3..JPEG.len() {
            assert!(cause(&JPEG[..length]).contains("damaged JPEG"), "{length} of {} bytes", JPEG.len());
        }
        assert!(cause(&JPEG[..JPEG.len() - 100]).contains("truncated after 945 bytes"));
    }

    #[test]
    fn a_jpeg_with_a_code_that_does_not_exist_is_refused() {
        let mut bytes = JPEG.to_vec();
        let middle = bytes.len() - 200;
        // All ones is never a code; a lenient decoder paints the rest gray.
        bytes[middle..middle + 24].copy_from_slice(&[0xff, 0].repeat(12));
        assert!(cause(&bytes).contains("Bad Huffman Code"));
        assert!(image::load_from_memory(&bytes).is_ok());
    }

    #[test]
    fn bytes_behind_the_end_of_a_jpeg_are_ignored() {
        let appended = [JPEG, &[0, 0xff, 0xe1, 7]].concat();
        assert_eq!(rgb("photo.jpg", &appended).unwrap(), rgb("photo.jpg", JPEG).unwrap());
    }

    #[test]
    fn a_png_cut_before_its_last_pixel_is_refused() {
        assert!(rgb("photo.png", PNG).is_ok());
        // Behind the pixels come a checksum and the closing chunk.
        for length in 4..PNG.len() - 24 {
            assert!(rgb("photo.png", &PNG[..length]).is_err(), "{length} of {} bytes", PNG.len());
        }
        assert!(cause(&PNG[..PNG.len() / 2]).contains("damaged PNG"));
        assert!(cause(&PNG[..20]).contains("no complete header"));
    }

    #[test]
    fn a_png_with_a_flipped_byte_is_refused() {
        let mut bytes = PNG.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        assert!(cause(&bytes).contains("damaged PNG"));
    }

    #[test]
    fn oversized_headers_are_refused_before_the_pixels_are_looked_for() {
        // None of these has the pixels that it claims, so any other order would say "truncated".
        for bytes in [png_claiming(50_000, 50_000), jpeg_claiming(50_000, 50_000)] {
            let cause = cause(&bytes);
            assert!(cause.contains("50000×50000 pixels") && cause.contains("16384"), "{cause}");
        }
        assert!(cause(&png_claiming(u32::MAX, u32::MAX)).contains("4294967295×4294967295"));
        assert!(cause(&png_claiming(16_385, 1)).contains("16385×1"));
        assert!(cause(&png_claiming(10_000, 5_001)).contains("10000×5001"));
        assert!(cause(&jpeg_claiming(10_000, 5_001)).contains("10000×5001"));
        assert!(!cause(&png_claiming(10_000, 5_000)).contains("limit"));
    }

    #[test]
    fn sides_of_zero_are_refused() {
        assert!(cause(&png_claiming(0, 10)).contains("damaged PNG"));
        assert!(cause(&jpeg_claiming(0, 10)).contains("damaged JPEG"));
    }

    #[test]
    fn other_kinds_of_jpeg_are_decoded() {
        let close = |image: &RgbImage, place: (u32, u32), expected: [i32; 3]| {
            let Rgb(found) = *image.get_pixel(place.0, place.1);
            found.iter().zip(expected).all(|(&found, expected)| (i32::from(found) - expected).abs() <= 6)
        };
        let colored: [(&str, &[u8]); 4] = [
            ("progressive", include_bytes!("../../../tests/fixtures/images/progressive_420.jpg")),
            ("with restarts", include_bytes!("../../../tests/fixtures/images/restart_420.jpg")),
            ("subsampled", include_bytes!("../../../tests/fixtures/images/subsampled_422.jpg")),
            ("CMYK", include_bytes!("../../../tests/fixtures/images/cmyk.jpg")),
        ];
        for (kind, bytes) in colored {
            let image = rgb(kind, bytes).unwrap();
            assert_eq!(image.dimensions(), (60, 44), "{kind}");
            assert!(close(&image, (30, 22), [120, 110, 90]), "{kind}: {:?}", image.get_pixel(30, 22));
            assert!(close(&image, (5, 40), [20, 200, 90]), "{kind}: {:?}", image.get_pixel(5, 40));
            for length in (3..bytes.len()).step_by(7) {
                assert!(rgb(kind, &bytes[..length]).is_err(), "{kind}, {length} of {} bytes", bytes.len());
            }
        }
        let gray = rgb("gray", include_bytes!("../../../tests/fixtures/images/gray.jpg")).unwrap();
        assert!(close(&gray, (30, 22), [111; 3]), "{:?}", gray.get_pixel(30, 22));
    }

    #[test]
    fn other_kinds_of_png_become_rgb() {
        let gray = DynamicImage::ImageLuma8(image::GrayImage::from_pixel(3, 2, image::Luma([77])));
        assert_eq!(*rgb("", &png_of(&gray)).unwrap().get_pixel(2, 1), Rgb([77; 3]));
        let transparent = DynamicImage::ImageRgba8(image::RgbaImage::from_pixel(3, 2, image::Rgba([9, 8, 7, 0])));
        assert_eq!(*rgb("", &png_of(&transparent)).unwrap().get_pixel(2, 1), Rgb([9, 8, 7]));
        let deep = image::ImageBuffer::from_pixel(3, 2, Rgb([0u16, 0x8080, 0xffff]));
        assert_eq!(*rgb("", &png_of(&DynamicImage::ImageRgb16(deep))).unwrap().get_pixel(2, 1), Rgb([0, 128, 255]));
        // More bytes than a PNG may ask for besides its pixels.
        let large = image::ImageBuffer::from_pixel(2400, 1600, Rgb([0x8080u16; 3]));
        assert_eq!(rgb("", &png_of(&DynamicImage::ImageRgb16(large))).unwrap().dimensions(), (2400, 1600));
        let deep_gray = image::ImageBuffer::from_pixel(3, 2, image::LumaA([0x8080u16, 5]));
        assert_eq!(*rgb("", &png_of(&DynamicImage::ImageLumaA16(deep_gray))).unwrap().get_pixel(0, 0), Rgb([128; 3]));
    }
}
