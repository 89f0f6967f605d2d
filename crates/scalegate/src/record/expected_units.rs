//! What the input of a workload is expected to become, by what something else than the measured program says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the configuration of an image processor says that an image of each size becomes, whatever the measured program made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExpectedUnits {
    /// What is counted.
    pub unit: InputUnit,
    /// How many, by size.
    pub by_size: BTreeMap<u64, u64>,
}

/// What the cost of an encoder hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum InputUnit {
    /// Image tokens, each a fixed number of patches.
    Tokens,
    /// Patches of pixels.
    Patches,
    /// Images of one size, as the tiles of an image and the whole of it.
    Tiles,
}

impl InputUnit {
    /// The word for several of them.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::Patches => "patches",
            Self::Tiles => "tiles",
        }
    }
}
