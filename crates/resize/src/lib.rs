//! Resizing of RGB images with the filters of Pillow, by `fast_image_resize`.
//!
//! That crate is generic, and compiled where it is used. Here it is compiled alone and for one type of pixel, so that an edit elsewhere does not
//! change what the compiler makes of it: as a part of the suite it took another number of instructions after one.

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

/// A filter of Pillow, whose kernel is widened when an image is reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Three lobes.
    Lanczos,
    /// A triangle.
    Bilinear,
    /// Catmull-Rom.
    Bicubic,
}

impl Filter {
    fn kernel(self) -> FilterType {
        match self {
            Self::Lanczos => FilterType::Lanczos3,
            Self::Bilinear => FilterType::Bilinear,
            Self::Bicubic => FilterType::CatmullRom,
        }
    }
}

/// An image to read: width and height in pixels, and `[height, width, 3]` values.
pub type Source<'a> = ((u32, u32), &'a [u8]);

/// An image to write, in the same form.
pub type Target<'a> = ((u32, u32), &'a mut [u8]);

/// Resizes `source` to the size of `target`. Of two sides that differ the height is done first.
///
/// ```
/// use scalegate_resize::{Filter, resize};
///
/// let mut half = [0; 3];
/// resize(((2, 1), &[0, 10, 20, 100, 110, 120]), ((1, 1), &mut half), Filter::Bilinear).unwrap();
/// assert_eq!(half, [50, 60, 70]);
/// ```
///
/// # Errors
/// There are fewer values than a size asks for.
pub fn resize(source: Source<'_>, target: Target<'_>, filter: Filter) -> Result<(), String> {
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter.kernel()));
    let ((width, height), values) = source;
    let source = TypedImageRef::<U8x3>::from_buffer(width, height, values).map_err(|error| error.to_string())?;
    let ((width, height), values) = target;
    let mut target = TypedImage::<U8x3>::from_buffer(width, height, values).map_err(|error| error.to_string())?;
    Resizer::new().resize_typed(&source, &mut target, &options).map_err(|error| error.to_string())
}
