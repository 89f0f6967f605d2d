//! Idefics3 and SmolVLM: an image of one fixed length, cut into square tiles.

/// The longest side of a resized image, whatever the configuration says, in pixels.
const MAX_SIDE: u32 = 4096;

/// The longest side is brought to one length, short or long, and the image then stretched to whole tiles. The encoder sees
/// the tiles and, if there are more than one, the whole image as one more of them.
///
/// As in `transformers` (`models/idefics3/image_processing_idefics3.py`), floating-point operations in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tiles {
    /// What the longest side is brought to, in pixels.
    pub(super) longest_edge: u32,
    /// Side of a tile, in pixels.
    pub(super) tile: u32,
    /// Otherwise there is the whole image alone, as one tile.
    pub(super) is_split: bool,
}

impl Tiles {
    /// Width and height with the longest side of the configured length; the other one is even, if it was computed.
    pub(super) fn scaled(&self, width: u32, height: u32) -> (u32, u32) {
        let even = |side: u32| (side + side % 2).max(1);
        let (long, short) = along(width, height, self.longest_edge);
        let (width, height) = if width >= height { (long, even(short)) } else { (even(short), long) };
        if width.max(height) <= MAX_SIDE {
            return (width, height);
        }
        let (long, short) = along(width, height, MAX_SIDE);
        if width >= height { (long, short.max(1)) } else { (short.max(1), long) }
    }

    /// Rows and columns of the tiles that an image of this scaled size is stretched to.
    pub(super) fn grid(&self, (width, height): (u32, u32)) -> (u32, u32) {
        let tiles = |side: u32| side.div_ceil(self.tile);
        let (_, short) = along(width, height, tiles(width.max(height)) * self.tile);
        let long = tiles(width.max(height));
        if width >= height { (tiles(short), long) } else { (long, tiles(short)) }
    }
}

/// The longer side and the shorter one, when the longer one becomes `length` and the aspect ratio is kept.
fn along(width: u32, height: u32, length: u32) -> (u32, u32) {
    let aspect = f64::from(width) / f64::from(height);
    let length_f64 = f64::from(length);
    (length, if width >= height { length_f64 / aspect } else { length_f64 * aspect } as u32)
}
