//! A width and a height in pixels, written `WIDTHxHEIGHT`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// The size of an image in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Resolution {
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
}

impl Resolution {
    /// Width times height: the size on the `pixels` axis.
    pub fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl FromStr for Resolution {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text
            .split_once('x')
            .and_then(|(width, height)| Some(Self { width: width.parse().ok()?, height: height.parse().ok()? }));
        match parsed {
            Some(resolution) if resolution.pixels() > 0 => Ok(resolution),
            _ => Err(format!("`{text}` is not a resolution; write it as WIDTHxHEIGHT, for instance \"640x480\"")),
        }
    }
}

impl<'de> Deserialize<'de> for Resolution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
