//! CLIP and LLaVA: the shortest side is brought to one length, and the middle is cut out.

/// What an image is resized to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// The shortest side gets this length, in pixels, and the aspect ratio is kept.
    Shortest(u32),
    /// Width and height, in pixels.
    Exact(u32, u32),
}

/// A resize and, perhaps, a cut from the middle.
///
/// As in `transformers` (`models/clip/image_processing_clip.py` and `get_resize_output_image_size` in
/// `image_transforms.py`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CenterCrop {
    pub(super) size: Edge,
    /// Width and height of the part that is kept, in pixels; black is put around an image that is smaller.
    pub(super) crop: Option<(u32, u32)>,
}

impl CenterCrop {
    /// Width and height before the cut.
    pub(super) fn scaled(&self, width: u32, height: u32) -> (u32, u32) {
        match self.size {
            Edge::Exact(width, height) => (width, height),
            Edge::Shortest(edge) => {
                let product = u64::from(edge) * u64::from(width.max(height));
                let long = (product as f64 / f64::from(width.min(height))) as u32;
                if width <= height { (edge, long) } else { (long, edge) }
            }
        }
    }
}

/// Where a cut of `length` from the middle of `side` starts: below 0 if the cut is the longer one.
pub(super) fn start(side: u32, length: u32) -> i64 {
    (i64::from(side) - i64::from(length)).div_euclid(2)
}
