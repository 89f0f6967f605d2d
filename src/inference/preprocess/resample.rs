//! Resizing, with the filters of Pillow.

use std::borrow::Cow;

use image::RgbImage;
pub(super) use scalegate_resize::Filter;
use scalegate_resize::resize;

use super::MAX_PIXELS;
use crate::{Error, Result};

/// The filter of a number, as `resample` has it: Pillow's `Image.Resampling`.
pub(super) fn numbered(number: u32) -> Option<Filter> {
    match number {
        1 => Some(Filter::Lanczos),
        2 => Some(Filter::Bilinear),
        3 => Some(Filter::Bicubic),
        _ => None,
    }
}

/// Resizes an image, its width and its height one after the other, in the order of Pillow 13.0.
///
/// The order matters: between the two, values are rounded and cut to 0..=255, which a filter with negative lobes exceeds
/// at edges. `fast_image_resize` on its own starts with the height, and then 3 to 6 % of the values of a small noisy picture
/// are more than a level away from Pillow's. Pillow starts with the width, and since 13.0 with the height where that loses
/// more than twice as many pixels (found by trial of its sizes around that limit).
///
/// # Errors
/// The resized image, or the one between the two steps, has more than [`MAX_PIXELS`].
pub(super) fn resized<'a>(
    place: &str,
    image: Cow<'a, RgbImage>,
    (width, height): (u32, u32),
    filter: Filter,
) -> Result<Cow<'a, RgbImage>> {
    let loss = (image.width().saturating_sub(width), image.height().saturating_sub(height));
    let between = if loss.1 > 2 * loss.0 { (image.width(), height) } else { (width, image.height()) };
    step(place, step(place, image, between, filter)?, (width, height), filter)
}

fn step<'a>(
    place: &str,
    image: Cow<'a, RgbImage>,
    (width, height): (u32, u32),
    filter: Filter,
) -> Result<Cow<'a, RgbImage>> {
    if image.dimensions() == (width, height) {
        return Ok(image);
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MAX_PIXELS {
        return Err(Error::new(
            place,
            format!("the image would be resized to {width}×{height} pixels; the limit is {MAX_PIXELS} in all"),
            "crop the image, or lower the sizes in preprocessor_config.json",
        ));
    }
    let mut resized = RgbImage::new(width, height);
    resize((image.dimensions(), image.as_raw()), ((width, height), &mut resized), filter).map_err(|cause| {
        Error::new(place, format!("the image can't be resized: {cause}"), "report this, with the image, as a bug")
    })?;
    Ok(Cow::Owned(resized))
}
