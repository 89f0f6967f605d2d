//! A photo of the user's own that cannot be used is refused by its name, and the earlier run stays.

use crate::support::Place;

const PHOTO: &[u8] = include_bytes!("../fixtures/images/subsampled_422.jpg");

/// What `vlm` says of a photo with this content.
fn refused(name: &str, content: &[u8]) -> String {
    let place = Place::with_earlier_run(&format!("[images]\nphoto = \"{name}\""));
    place.write(name, content);
    place.refused("vlm", "")
}

#[test]
fn a_whole_photo_is_measured() {
    let place = Place::with_suite("[images]\nphoto = \"photo.jpg\"");
    place.write("photo.jpg", PHOTO);
    place.bench("vlm", "").success();
    let photo = place.record().series[0].protocol["photo"].clone();
    assert_eq!(photo, "photo.jpg", "the record tells where the pictures come from");
}

#[test]
fn a_truncated_jpeg_is_refused() {
    let message = refused("photo.jpg", &PHOTO[..PHOTO.len() / 2]);
    insta::assert_snapshot!(message, @"
    error: vlm/preprocess at size 3136: photo.jpg: damaged JPEG: I/O errors Not enough bytes, expected 162 but found 75

      help: copy or export the file again, or give another image
    ");
}

#[test]
fn an_empty_photo_is_refused() {
    let message = refused("photo.jpg", b"");
    insta::assert_snapshot!(message, @"
    error: vlm/preprocess at size 3136: photo.jpg: the image file is empty (0 bytes)
      help: copy or export the file again, or give another image
    ");
}

#[test]
fn a_text_in_the_place_of_a_photo_is_refused() {
    let message = refused("photo.jpg", b"Here was a photo.\n");
    insta::assert_snapshot!(message, @"
    error: vlm/preprocess at size 3136: photo.jpg: neither a JPEG nor a PNG, but an unknown format (it starts with [48, 65, 72, 65])
      help: convert it to JPEG or PNG
    ");
}

#[test]
fn a_header_of_50_000_by_50_000_is_refused_with_the_limit() {
    // The pixels are missing: a decoder that looked for them would complain of that.
    let message = refused("photo.png", &png_header(50_000, 50_000));
    insta::assert_snapshot!(message, @"
    error: vlm/preprocess at size 3136: photo.png: the image has 50000×50000 pixels; the limit is 16384 per side and 50000000 in all
      help: scale the image down before giving it
    ");
}

#[test]
fn a_missing_photo_is_named() {
    let place = Place::with_earlier_run("[images]\nphoto = \"photo.jpg\"");
    let message = place.refused("vlm", "");
    insta::assert_snapshot!(message, @"
    error: photo.jpg: No such file or directory (os error 2)
      help: name a readable JPEG or PNG under `photo` in `suite.toml`, or leave it out
    ");
}

/// A PNG that ends after its first chunk.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut chunk = b"IHDR".to_vec();
    chunk.extend(width.to_be_bytes());
    chunk.extend(height.to_be_bytes());
    // 8 bits per channel, RGB; the only compression and filter; not interlaced.
    chunk.extend([8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    png.extend(&chunk);
    png.extend(crc32(&chunk).to_be_bytes());
    png
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}
