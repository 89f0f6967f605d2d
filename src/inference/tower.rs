//! The vision tower of a user model: an image of one size to features.

use std::path::Path;

use tract_onnx::prelude::*;

use super::ImageFeatures;
use super::onnx::{EXPORT, OnnxFile};
use super::plan::{Options, Plan, REMEDY, Runtime, floats};
use super::preprocess::{Geometry, Layout, PixelValues};
use super::rewrite::{Applied, Counts};
use super::still::{GRIDS, settle};
use super::vision_files::VisionFiles;
use crate::{Error, Result};

const PIXELS: &str = "pixel_values";
const CHANNELS: usize = 3;
const MASK: &str = "pixel_attention_mask";

/// A vision tower for images of one size. Graphs compute with the size of the image in ways that tract cannot leave open,
/// so that every size has a tower of its own. Clones share it.
#[derive(Debug, Clone)]
pub struct Tower {
    plan: Plan,
    geometry: Geometry,
    /// Of `pixel_values`, for one image or tile.
    shape: Vec<usize>,
    kind: DatumType,
    /// The inputs that every image of the size has in common.
    constants: Vec<(String, TValue)>,
}

impl Tower {
    /// Loads the vision graph at `path`, as [`super::VisionFiles`] finds it, for images of this geometry, of which `rows` and
    /// `cols` count only for patches, and the number of tiles not at all. What `pixel_values` are is given by their rank:
    ///
    /// - 4, as of CLIP, SigLIP and Pixtral: `[1, 3, height, width]`;
    /// - 5, as of Idefics3 and SmolVLM: one tile, `[1, 1, 3, height, width]`, perhaps beside `pixel_attention_mask`,
    ///   `[1, 1, height, width]`, which is all ones;
    /// - 2, as of Qwen2-VL: `[patches, values of a patch]` beside `image_grid_thw` or `grid_thw`, which becomes a constant.
    ///
    /// # Errors
    /// The file is missing, damaged, of another kind, or made for images of another size.
    pub fn load(path: &Path, geometry: Geometry, options: impl Into<Options>) -> Result<Self> {
        Self::load_on(VisionFiles::find(path).encoder(), geometry, &Runtime::of(options.into())?)
    }

    /// The same of the file `path`, with threads that are there.
    pub(super) fn load_on(path: &Path, geometry: Geometry, runtime: &Runtime) -> Result<Self> {
        let mut file = OnnxFile::read_changed(path, |graph| settle(graph, PIXELS))?;
        let shape = shape(&file, geometry)?;
        let mut constants = Vec::new();
        file.fix_shape(PIXELS, &shape)?;
        for name in file.inputs().to_vec() {
            let value = match name.as_str() {
                PIXELS => continue,
                MASK => mask(&file, &shape)?,
                _ => tensor2(&[[1, geometry.rows as i64, geometry.cols as i64]]),
            };
            file.fix_value(&name, value.clone())?;
            constants.push((name, value.into_tvalue()));
        }
        let kind = file.datum_type(PIXELS).unwrap_or(DatumType::F32);
        let (path, mut typed) = file.into_translated().map_err(|error| of_another_size(&error, &shape))?;
        typed.outputs.truncate(1);
        let (typed, applied) = runtime.rewritten(&path, typed, Some(&Counts::fixed()))?;
        let plan = Plan::new(&path, typed, runtime)?.with_rewrites(applied);
        Ok(Self { plan, geometry: geometry.of_one(), shape, kind, constants })
    }

    /// The rewrites that applied when it was loaded.
    pub fn applied(&self) -> &Applied {
        self.plan.applied()
    }

    /// The shape of `pixel_values`, of one image or tile.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        self.plan.path()
    }

    /// The first output for an image, whose tiles are run one after the other.
    ///
    /// # Errors
    /// The image has not the size of the tower, or the model fails.
    pub fn encode(&self, pixels: &PixelValues) -> Result<ImageFeatures> {
        let of_one = pixels.geometry().of_one();
        if of_one != self.geometry {
            let form = |it: Geometry| format!("{:?} in {}×{}", it.shape(), it.rows, it.cols);
            let cause = format!("pixel values {} for a tower that takes {}", form(of_one), form(self.geometry));
            return Err(Error::new(self.plan.path().display(), cause, "load the tower for the size of the image"));
        }
        let values = self.shape.iter().product();
        let mut all = ImageFeatures { tokens: 0, hidden: 0, values: Vec::new() };
        for tile in pixels.values.chunks(values) {
            let ImageFeatures { tokens, hidden, values } = self.encode_one(tile)?;
            all.tokens += tokens;
            all.hidden = hidden;
            all.values.extend(values);
        }
        Ok(all)
    }

    fn encode_one(&self, pixels: &[f32]) -> Result<ImageFeatures> {
        let unusable = |cause: TractError| self.unusable(&format!("{cause:#}"));
        let pixels = Tensor::from_shape(&self.shape, pixels).map_err(unusable)?;
        let pixels = if self.kind == DatumType::F32 {
            pixels.into_tvalue()
        } else {
            pixels.cast_to_dt(self.kind).map_err(unusable)?.into_owned().into_tvalue()
        };
        let input = |name: &String| {
            let constant = self.constants.iter().find(|(constant, _)| constant == name);
            constant.map_or_else(|| pixels.clone(), |(_, value)| value.clone())
        };
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

    fn unusable(&self, cause: &str) -> Error {
        Error::new(self.plan.path().display(), cause, REMEDY)
    }
}

/// Checks the inputs of a tower, and says what shape its `pixel_values` have for images of this geometry.
fn shape(file: &OnnxFile, geometry: Geometry) -> Result<Vec<usize>> {
    let made = match geometry.layout {
        Layout::Patches { .. } => "flattened patches, as of Qwen2-VL: 2 dimensions",
        Layout::Images { .. } => "whole images or tiles: 4 or 5 dimensions",
        Layout::Padded { .. } => {
            let cause = "its preprocessor_config.json makes padded patches (NaFlex), and encoders of these are not run";
            return Err(Error::new(file.path().display(), cause, "measure vlm/preprocess, which needs no encoder"));
        }
    };
    let rank = if file.inputs().iter().any(|name| name == PIXELS) { file.dims(PIXELS)?.len() } else { 0 };
    let known = |name: &str| match name {
        // Any of the three ranks; 4 is what another one is said to be.
        PIXELS => Some(if matches!(rank, 2 | 5) { rank } else { 4 }),
        MASK if rank == 5 => Some(4),
        _ if rank == 2 && GRIDS.contains(&name) => Some(2),
        _ => None,
    };
    file.check_inputs(known, &[PIXELS])?;
    if geometry.shape().contains(&0) {
        let cause = format!("an image of the shape {:?} has no pixels", geometry.shape());
        return Err(Error::new(file.path().display(), cause, "take the geometry from the preprocessor"));
    }
    match (rank, geometry.layout) {
        (2, Layout::Patches { .. }) if file.inputs().iter().any(|name| GRIDS.contains(&name.as_str())) => {
            Ok(geometry.shape())
        }
        (2, Layout::Patches { .. }) => {
            // The same message as for any other input that is not there.
            file.check_inputs(known, &[PIXELS, GRIDS[0]])?;
            Ok(geometry.shape())
        }
        (4, Layout::Images { height, width, .. }) => Ok(vec![1, CHANNELS, height, width]),
        (5, Layout::Images { height, width, .. }) => Ok(vec![1, 1, CHANNELS, height, width]),
        _ => Err(Error::new(
            file.path().display(),
            format!("the model's input {PIXELS} has {rank} dimensions, but its preprocessor_config.json makes {made}"),
            "put the preprocessor_config.json of this model beside it",
        )),
    }
}

/// Exports made by tracing keep numbers of the image that they were traced with, which no image of another size fits.
fn of_another_size(error: &Error, shape: &[usize]) -> Error {
    Error::new(
        error.place(),
        format!("it does not take {PIXELS} of the shape {shape:?}: {}", error.cause()),
        "export it anew for this size, or for all sizes; or let preprocessor_config.json make the size it was exported for",
    )
}

/// `[1, 1, height, width]` of ones: no pixel is padding.
fn mask(file: &OnnxFile, shape: &[usize]) -> Result<Tensor> {
    let ones = Tensor::from_shape(&[1, 1, shape[3], shape[4]], &vec![true; shape[3] * shape[4]]);
    let kind = file.datum_type(MASK).unwrap_or(DatumType::Bool);
    ones.and_then(|ones| Ok(ones.cast_to_dt(kind)?.into_owned()))
        .map_err(|cause| Error::new(file.path().display(), format!("{cause:#}"), EXPORT))
}
