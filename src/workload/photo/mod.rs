//! Photo-like images, made from a seed.
//!
//! In: a size and a seed. Out: the same bytes on every machine, since all arithmetic is on integers.
//!
//! What a decoder and a resizer cost depends on what is in the picture: a flat image decodes several times faster than a
//! photo. The pictures therefore have what photos have: gradients (sky, vignette, shaded balls), hard edges
//! (roofs, windows, horizon lines), detail at every scale down to two pixels (clouds, slopes, grass in perspective), and
//! the noise of a sensor. A scene is laid out relative to the height of the image, so that one seed gives one
//! scene in any resolution.

mod encode;
mod noise;
mod scene;

pub use encode::{Format, JPEG_QUALITY, encode};
pub use scene::photo;
