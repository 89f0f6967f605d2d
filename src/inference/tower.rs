//! A vision tower of the user's own: an image of one size to features.

use std::num::NonZeroUsize;
use std::path::Path;

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::DimLike;

use super::ImageFeatures;
use super::onnx::{EXPORT, OnnxFile, locate};
use super::plan::{Plan, REMEDY, Threads, floats};
use crate::{Error, Result};

const PIXELS: &str = "pixel_values";
const GRID: &str = "image_grid_thw";
const CHANNELS: usize = 3;
/// Frames in a flattened patch of Qwen2-VL, which takes an image for a film of two.
const FRAMES: usize = 2;

/// A vision tower for images of one size. Graphs compute with the size of the image in ways that tract cannot leave open,
/// so that every size has a tower of its own.
#[derive(Debug, Clone)]
pub struct Tower {
    plan: Plan,
    shape: Vec<usize>,
    /// `[1, 3]`: one frame of so many rows and columns of patches; only where the tower asks for it.
    grid: Option<TValue>,
}

impl Tower {
    /// Loads `onnx/vision_encoder.onnx` or `vision_encoder.onnx` below the directory `path`, or the ONNX file `path`, for
    /// images of `size`, which is height and width in pixels. What `pixel_values` are is told by their rank:
    ///
    /// - 4, as of CLIP and SigLIP: `[1, 3, height, width]`;
    /// - 5, as of Idefics3 and SmolVLM: one tile, `[1, 1, 3, height, width]`;
    /// - 2, as of Qwen2-VL: `[patches, values of a patch]` beside `image_grid_thw`, which becomes a constant.
    ///
    /// # Errors
    /// The file is missing, damaged, of another kind, or made for images of another size.
    pub fn load(path: &Path, size: [usize; 2], threads: NonZeroUsize) -> Result<Self> {
        let mut file = OnnxFile::read(&locate(path, "vision_encoder.onnx"))?;
        let dims = if file.inputs().iter().any(|name| name == PIXELS) { file.dims(PIXELS)? } else { tvec![] };
        let is_flat = dims.len() == 2;
        let known = |name: &str| match name {
            // Any of the three ranks; 4 is what another one is told to be.
            PIXELS => Some(if matches!(dims.len(), 2 | 5) { dims.len() } else { 4 }),
            GRID if is_flat => Some(2),
            _ => None,
        };
        file.check_inputs(known, if is_flat { &[PIXELS, GRID] } else { &[PIXELS] })?;
        let [height, width] = size;
        let mut grid = None;
        let shape = match dims.len() {
            2 => {
                let side = patch_side(&file, &dims[1])?;
                if height == 0 || width == 0 || !height.is_multiple_of(side) || !width.is_multiple_of(side) {
                    return Err(Error::new(
                        file.path().display(),
                        format!("an image of {height}×{width} pixels is no grid of patches of {side}×{side}"),
                        format!("choose multiples of {side}"),
                    ));
                }
                let (rows, cols) = (height / side, width / side);
                let value = tensor2(&[[1, rows as i64, cols as i64]]);
                file.fix_value(GRID, value.clone())?;
                grid = Some(value.into_tvalue());
                vec![rows * cols, FRAMES * CHANNELS * side * side]
            }
            4 => vec![1, CHANNELS, height, width],
            _ => vec![1, 1, CHANNELS, height, width],
        };
        file.fix_shape(PIXELS, &shape)?;
        let (path, mut typed) = file.into_typed()?;
        typed.outputs.truncate(1);
        Ok(Self { plan: Plan::new(&path, typed, &Threads::new(threads)?)?, shape, grid })
    }

    /// The shape of `pixel_values`.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The first output for an image, whose values are in the order of [`Tower::shape`].
    ///
    /// # Errors
    /// Another number of values, or the model fails.
    pub fn encode(&self, pixels: &[f32]) -> Result<ImageFeatures> {
        let unusable = |cause: TractError| Error::new(self.plan.path().display(), format!("{cause:#}"), REMEDY);
        let pixels = Tensor::from_shape(&self.shape, pixels).map_err(unusable)?.into_tvalue();
        let input = |name: &String| self.grid.clone().filter(|_| name == GRID).unwrap_or_else(|| pixels.clone());
        let inputs = self.plan.inputs().iter().map(input).collect();
        let outputs = self.plan.run(&mut self.plan.spawn()?, inputs)?;
        let features = &outputs[0];
        match *features.shape() {
            [tokens, hidden] | [1, tokens, hidden] => {
                Ok(ImageFeatures { tokens, hidden, values: floats(features).map_err(unusable)? })
            }
            ref shape => {
                let cause = format!("the features have the shape {shape:?} instead of [tokens, hidden]");
                Err(Error::new(self.plan.path().display(), cause, EXPORT))
            }
        }
    }
}

/// The side of a square patch in pixels, by the number of its values.
fn patch_side(file: &OnnxFile, values: &TDim) -> Result<usize> {
    let side = values.to_usize().map_or(0, |values| (values / (FRAMES * CHANNELS)).isqrt());
    if side > 0 && values.to_usize().ok() == Some(FRAMES * CHANNELS * side * side) {
        return Ok(side);
    }
    let cause = format!("a patch of {values} values is no square of {CHANNELS} colours in {FRAMES} frames");
    Err(Error::new(file.path().display(), cause, EXPORT))
}
