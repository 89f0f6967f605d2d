//! The sizes of a workload that a configuration describes: an axis of any name, tokens, or resolutions.

use serde::Deserialize;

use crate::workload::check_sizes;
use crate::{Axis, Resolution};

/// What a workload's sizes count, and what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// What the sizes count.
    pub axis: Axis,
    /// Ascending by size.
    pub inputs: Vec<Input>,
}

/// One size of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Input {
    /// The position on the axis.
    pub size: u64,
    /// Of the image, where sizes are resolutions.
    pub resolution: Option<Resolution>,
}

/// `axis = { name = "bytes", sizes = [1e5, 3e5] }`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AxisSection {
    name: String,
    unit: Option<String>,
    sizes: Vec<f64>,
}

/// Sizes are whole numbers as floats, and these are exact up to here.
const MAX_SIZE: f64 = 9_007_199_254_740_992.0;

impl Inputs {
    /// Of the three ways to give sizes, the one that is used.
    ///
    /// # Errors
    /// None or several are; or a list that doesn't ascend, or has what is no size.
    pub(super) fn of(
        axis: Option<AxisSection>,
        tokens: Option<Vec<f64>>,
        resolutions: Option<Vec<Resolution>>,
    ) -> Result<Self, String> {
        let all = match (axis, tokens, resolutions) {
            (Some(AxisSection { name, unit, sizes }), None, None) => {
                let axis = match unit {
                    Some(unit) => Axis::with_unit(name, unit),
                    None => Axis::new(name),
                };
                Self { axis, inputs: whole(&sizes)? }
            }
            (None, Some(tokens), None) => Self { axis: Axis::TOKENS, inputs: whole(&tokens)? },
            (None, None, Some(resolutions)) => {
                let input = |it: &Resolution| Input { size: it.pixels(), resolution: Some(*it) };
                Self { axis: Axis::PIXELS, inputs: resolutions.iter().map(input).collect() }
            }
            (None, None, None) => return Err("it has no sizes".to_owned()),
            _ => return Err("it has more than one list of sizes".to_owned()),
        };
        all.axis.check()?;
        check_sizes(&all.sizes())?;
        Ok(all)
    }

    /// The positions on the axis.
    pub fn sizes(&self) -> Vec<u64> {
        self.inputs.iter().map(|input| input.size).collect()
    }
}

fn whole(sizes: &[f64]) -> Result<Vec<Input>, String> {
    let input = |size: &f64| match size.fract() == 0.0 && (0.0..=MAX_SIZE).contains(size) {
        true => Ok(Input { size: *size as u64, resolution: None }),
        false => Err(format!("a size of {size}, which is no whole number")),
    };
    sizes.iter().map(input).collect()
}
