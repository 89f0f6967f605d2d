//! The stages in a row: decode, then the rule of the model's image processor.

use super::decode;
use super::patches::{Levels, PixelValues};
use super::resample::Filter;
use super::rule::{Geometry, Rule};
use super::steps::Step;
use crate::Result;

/// Turns encoded images into model input, as the `preprocessor_config.json` of a model says.
#[derive(Debug, Clone, PartialEq)]
pub struct Preprocessor {
    pub(super) rule: Rule,
    pub(super) filter: Filter,
    pub(super) levels: Levels,
}

impl Preprocessor {
    /// What an image of `width`×`height` pixels turns into.
    ///
    /// # Errors
    /// A side is 0; or the image is so long and narrow that the processor refuses it.
    pub fn geometry(&self, width: u32, height: u32) -> Result<Geometry> {
        self.rule.geometry(width, height)
    }

    /// The number of pixels from which on larger images of this ratio of width to height give no larger input, and so cost
    /// the encoder no more: where a knee is expected. `None` if the input has one size whatever the image's is.
    pub fn expected_knee(&self, aspect: f64) -> Option<f64> {
        self.rule.expected_knee(aspect)
    }

    /// Where the number of images that the encoder sees jumps, for growing images of this ratio of width to height, from small to
    /// large; empty where it doesn't, as for patches, whose number grows with nearly every pixel.
    pub fn expected_steps(&self, aspect: f64) -> Vec<Step> {
        self.rule.expected_steps(aspect)
    }

    /// Width and height in pixels of the blocks that images are brought to whole numbers of, so that one which is made of them and is
    /// within the processor's bounds keeps its size. `None` where the input has one size, or is cut into tiles.
    pub fn block(&self) -> Option<(u32, u32)> {
        self.rule.block()
    }

    /// The tokens of an image of `width`×`height` pixels in a prompt, without those that mark its rows or its ends; `None` where the
    /// model decides and not its image processor.
    ///
    /// # Errors
    /// As [`Preprocessor::geometry`].
    pub fn expected_tokens(&self, width: u32, height: u32) -> Result<Option<usize>> {
        self.rule.tokens(width, height)
    }

    /// Encoded JPEG or PNG bytes to model input. `place` names the image in errors: its path, or what made it.
    ///
    /// # Errors
    /// When the bytes are no whole JPEG or PNG file, when the image is larger than [`super::MAX_PIXELS`] or
    /// [`super::MAX_SIDE`] or would be resized to more than [`super::MAX_PIXELS`]; and as [`Preprocessor::geometry`].
    pub fn run(&self, place: &str, encoded: &[u8]) -> Result<PixelValues> {
        self.rule.apply(place, decode::rgb(place, encoded)?, self.filter, &self.levels)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{ImageFormat, RgbImage};

    use super::*;
    use crate::inference::preprocess::{SmartResize, patches};

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

    fn smart(min_pixels: u64, max_pixels: u64) -> Rule {
        Rule::Smart { resize: SmartResize::new(28, min_pixels, max_pixels).unwrap(), patches: (1, 14, 2) }
    }

    fn preprocessor(levels: Levels) -> Preprocessor {
        Preprocessor { rule: smart(56 * 56, 256 * 28 * 28), filter: Filter::Bicubic, levels }
    }

    fn raw() -> Preprocessor {
        preprocessor(Levels::new(1.0, [0.0; 3], [1.0; 3]))
    }

    #[test]
    fn patches_grow_with_the_image_up_to_the_clamp() {
        let patches = |width, height| {
            let got = raw().run("photo", &encoded(&texture(width, height), ImageFormat::Jpeg)).unwrap();
            let geometry = raw().geometry(width, height).unwrap();
            assert_eq!((got.rows, got.cols, got.layout), (geometry.rows, geometry.cols, geometry.layout));
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
        assert_eq!(got, patches::flattened(&image, &levels, (1, 14, 2)));
    }

    #[test]
    fn resized_pixels_are_those_of_pillow_to_one_level() {
        let [photo, expected] = [
            &include_bytes!("../../../tests/fixtures/images/photo.png")[..],
            &include_bytes!("../../../tests/fixtures/images/photo_bicubic.png")[..],
        ];
        let preprocessor = Preprocessor { rule: smart(1, 6 * 28 * 28), ..raw() };
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
