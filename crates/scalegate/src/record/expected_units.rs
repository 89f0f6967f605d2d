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
    /// How many images of any width and height become; absent in the series of most metrics, so that a record has it once for a workload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<UnitMap>,
}

/// Units over width and height.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UnitMap {
    /// Widths, and heights as well, in pixels, ascending.
    pub sides: Vec<u32>,
    /// Units by height and in it by width; null where the image is refused.
    pub units: Vec<Vec<Option<u64>>>,
    /// Width and height of images from which on larger ones of the same ratio become no more, from narrow to wide; empty without a clamp.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clamp: Vec<(u32, u32)>,
}

/// The most sides of a map: a record may come from anybody, and each square of it is drawn.
const MAX_SIDES: usize = 64;

impl UnitMap {
    /// Says what is wrong with it.
    pub(super) fn check(&self) -> Result<(), String> {
        let sides = self.sides.len();
        if !(2..=MAX_SIDES).contains(&sides) || self.sides[0] == 0 || !self.sides.is_sorted_by(|a, b| a < b) {
            return Err(format!("a map of units with sides that are not 2 to {MAX_SIDES} ascending ones"));
        }
        if self.units.len() != sides || self.units.iter().any(|row| row.len() != sides) {
            return Err(format!("a map of units that is not {sides} by {sides}"));
        }
        if self.clamp.len() > MAX_SIDES || self.clamp.iter().any(|(width, height)| *width == 0 || *height == 0) {
            return Err("a map of units with a clamp at images that are none".to_owned());
        }
        Ok(())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_that_cannot_be_drawn_is_refused() {
        let map = UnitMap { sides: vec![10, 20], units: vec![vec![Some(1), None]; 2], clamp: vec![(10, 20)] };
        assert_eq!(map.check(), Ok(()));
        let refused = [
            UnitMap { sides: vec![20, 10], ..map.clone() },
            UnitMap { sides: vec![0, 10], ..map.clone() },
            UnitMap { units: vec![vec![None; 2]; 3], ..map.clone() },
            UnitMap { units: vec![vec![None]; 2], ..map.clone() },
            UnitMap { clamp: vec![(0, 1)], ..map.clone() },
        ];
        assert!(refused.iter().all(|map| map.check().is_err()));
    }
}
