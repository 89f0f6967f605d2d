//! The stages in a row: decode, resize, patches.

use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};
use image::RgbImage;

use super::patches::{self, Levels, PixelValues};
use super::{SmartResize, decode};
use crate::suite::PATCH;
use crate::{Error, Result};

/// Turns encoded images into model input, as the `preprocessor_config.json` of a model says.
#[derive(Debug, Clone, PartialEq)]
pub struct Preprocessor {
    pub(super) resize: SmartResize,
    pub(super) levels: Levels,
    pub(super) temporal: usize,
}

impl Preprocessor {
    /// The rule for the size of the resized image.
    pub fn resize(&self) -> &SmartResize {
        &self.resize
    }

    /// The rows and columns of patches that an image of `width`×`height` pixels turns into.
    ///
    /// # Errors
    /// As [`SmartResize::target`].
    pub fn grid(&self, width: u32, height: u32) -> Result<(usize, usize)> {
        let (width, height) = self.resize.target(width, height)?;
        Ok((height as usize / PATCH, width as usize / PATCH))
    }

    /// Encoded JPEG or PNG bytes to model input. `place` names the image in errors: its path, or what made it.
    ///
    /// # Errors
    /// When the bytes are no whole JPEG or PNG file, when the image is larger than [`super::MAX_PIXELS`] or
    /// [`super::MAX_SIDE`], and when its aspect ratio is above 200.
    pub fn run(&self, place: &str, encoded: &[u8]) -> Result<PixelValues> {
        let original = decode::rgb(place, encoded)?;
        let target = self
            .resize
            .target(original.width(), original.height())
            .map_err(|error| Error::new(place, format!("{}: {}", error.place(), error.cause()), error.remedy()))?;
        let resized = if original.dimensions() == target { original } else { resized(place, &original, target)? };
        Ok(patches::flatten(&resized, &self.levels, self.temporal))
    }
}

/// Catmull-Rom with the kernel widened when shrinking, which is what Pillow's `BICUBIC` is.
fn resized(place: &str, original: &RgbImage, (width, height): (u32, u32)) -> Result<RgbImage> {
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::CatmullRom));
    let mut image = RgbImage::new(width, height);
    let source = ImageRef::new(original.width(), original.height(), original.as_raw(), PixelType::U8x3);
    let target = Image::from_slice_u8(width, height, &mut image, PixelType::U8x3);
    match (source, target) {
        (Ok(source), Ok(mut target)) => {
            Resizer::new().resize(&source, &mut target, &options).map_err(|cause| cause.to_string())
        }
        (Err(cause), _) | (_, Err(cause)) => Err(cause.to_string()),
    }
    .map_err(|cause| {
        Error::new(place, format!("the image can't be resized: {cause}"), "report this, with the image, as a bug")
    })?;
    Ok(image)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::ImageFormat;

    use super::*;

    /// Two slopes and a chequerboard, in one image.
    fn texture(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let square = if (x / 16 + y / 16).is_multiple_of(2) { 60 } else { 190 };
            image::Rgb([(255 * x / width) as u8, (255 * y / height) as u8, square])
        })
    }

    fn encoded(image: &RgbImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    fn preprocessor(levels: Levels) -> Preprocessor {
        Preprocessor { resize: SmartResize::new(56 * 56, 256 * 28 * 28).unwrap(), levels, temporal: 1 }
    }

    fn raw() -> Preprocessor {
        preprocessor(Levels::new(1.0, [0.0; 3], [1.0; 3]))
    }

    #[test]
    fn patches_grow_with_the_image_up_to_the_clamp() {
        let patches = |width, height| {
            let got = raw().run("photo", &encoded(&texture(width, height), ImageFormat::Jpeg)).unwrap();
            assert_eq!((got.rows, got.cols), raw().grid(width, height).unwrap());
            assert_eq!(got.values.len(), got.patches() * 588);
            got.patches()
        };
        assert_eq!([patches(112, 84), patches(448, 336), patches(896, 672), patches(1344, 1008)], [48, 768, 936, 936]);
    }

    #[test]
    fn an_image_that_fits_keeps_its_pixels() {
        let image = texture(84, 56);
        let got = raw().run("photo", &encoded(&image, ImageFormat::Png)).unwrap();
        let Preprocessor { levels, .. } = raw();
        assert_eq!(got, patches::flatten(&image, &levels, 1));
    }

    #[test]
    fn resized_pixels_are_those_of_pillow_to_one_level() {
        let [photo, expected] = [
            &include_bytes!("../../../tests/fixtures/images/photo.png")[..],
            &include_bytes!("../../../tests/fixtures/images/photo_bicubic.png")[..],
        ];
        let preprocessor = Preprocessor { resize: SmartResize::new(1, 6 * 28 * 28).unwrap(), ..raw() };
        let got = preprocessor.run("photo.png", photo).unwrap();
        let expected = preprocessor.run("photo_bicubic.png", expected).unwrap();
        assert_eq!((got.rows, got.cols), (4, 4));
        let largest = got.values.iter().zip(&expected.values).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(largest <= 1.0, "largest difference: {largest} levels of 255");
    }

    #[test]
    fn jpeg_and_png_of_one_image_agree() {
        let image = texture(800, 600);
        let [jpeg, png] = [ImageFormat::Jpeg, ImageFormat::Png].map(|format| {
            preprocessor(Levels::new(1.0 / 255.0, [0.5; 3], [0.5; 3])).run("", &encoded(&image, format)).unwrap()
        });
        let differences = jpeg.values.iter().zip(&png.values).map(|(a, b)| f64::from((a - b).abs()));
        let mean = differences.sum::<f64>() / jpeg.values.len() as f64;
        assert!(mean < 0.02, "mean difference {mean}");
        assert!(jpeg.values.iter().all(|value| (-1.0..=1.0).contains(value)));
    }

    #[test]
    fn an_image_too_long_for_its_width_is_refused_with_its_size_and_place() {
        let bytes = encoded(&texture(2010, 10), ImageFormat::Png);
        let error = raw().run("banner.png", &bytes).unwrap_err();
        assert_eq!(error.place(), "banner.png");
        assert!(error.cause().contains("2010×10"), "{error}");
    }
}
