//! Pixtral: an image that is too long is reduced, and every image is stretched to whole patches.

/// The rule, with bounds and patches by width and height, in pixels.
///
/// As in `transformers` (`models/pixtral/image_processing_pixtral.py`), floating-point operations in the same order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LongestEdge {
    pub(super) longest: (u32, u32),
    pub(super) patch: (u32, u32),
}

impl LongestEdge {
    /// Columns and rows of patches. None of them are left of a side that vanishes.
    pub(super) fn patches(&self, width: u32, height: u32) -> (u32, u32) {
        let (w, h) = (f64::from(width), f64::from(height));
        let ratio = (h / f64::from(self.longest.1)).max(w / f64::from(self.longest.0));
        let (width, height) =
            if ratio > 1.0 { ((w / ratio).floor() as u32, (h / ratio).floor() as u32) } else { (width, height) };
        (width.div_ceil(self.patch.0), height.div_ceil(self.patch.1))
    }

    /// The number of pixels above which images of this ratio of width to height are reduced.
    pub(super) fn knee(&self, aspect: f64) -> f64 {
        let width = f64::from(self.longest.0).min(f64::from(self.longest.1) * aspect);
        width * width / aspect
    }
}
