//! The classes of laws.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How cost grows with size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The same at every size.
    Constant,
    /// `a + b·n`.
    Linear,
    /// `a + b·n·ln n`.
    Linearithmic,
    /// `a + b·n + c·n²` with c > 0.
    Quadratic,
    /// Growing up to a breakpoint, nearly flat above it.
    Knee,
}

impl Class {
    /// The name used in JSON and in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Linear => "linear",
            Self::Linearithmic => "linearithmic",
            Self::Quadratic => "quadratic",
            Self::Knee => "knee",
        }
    }

    /// The order of growth beyond all sizes: a knee ends nearly flat, and so ranks with the constant.
    pub fn order(self) -> u8 {
        match self {
            Self::Constant | Self::Knee => 0,
            Self::Linear => 1,
            Self::Linearithmic => 2,
            Self::Quadratic => 3,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
