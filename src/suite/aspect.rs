//! The ratio of width to height of a workload's images.

use std::fmt;

/// A ratio of width to height in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Aspect {
    /// The part of the width.
    pub width: u32,
    /// The part of the height.
    pub height: u32,
}

impl Aspect {
    /// That of most photos, and of the images of a workload that names none.
    pub const DEFAULT: Self = Self { width: 4, height: 3 };

    /// Width over height.
    pub fn ratio(self) -> f64 {
        f64::from(self.width) / f64::from(self.height)
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.width, self.height)
    }
}
