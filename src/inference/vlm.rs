//! A vision-language model: an image becomes tokens, which are read in front of the text.

use std::path::Path;

use tract_onnx::prelude::*;

use super::Logits;
use super::decoder::Decoder;
use super::onnx::{OnnxFile, locate};
use super::plan::{Options, Plan, REMEDY, Runtime, floats};
use super::preprocess::{Layout, PixelValues, Preprocessor};
use super::rewrite::Counts;
use super::vision_files::VisionFiles;
use crate::suite::{MERGE, PATCH, PATCH_VALUES};
use crate::{Error, Result};

const PIXELS: &str = "pixel_values";
const POSITIONS: &str = "pixel_position_ids";

/// A vision-language model.
#[derive(Debug)]
pub struct Vlm {
    preprocessor: Preprocessor,
    encoder: Plan,
    embed: Plan,
    decoder: Decoder,
}

/// The image tokens of one image, in the space of the text's embeddings.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageFeatures {
    /// Number of image tokens: a quarter of the patches.
    pub tokens: usize,
    /// Width of one token.
    pub hidden: usize,
    /// `[tokens, hidden]`.
    pub values: Vec<f32>,
}

impl Vlm {
    /// Loads `preprocessor_config.json` and the three graphs below `dir`, in `onnx/` or beside it.
    ///
    /// # Errors
    /// A file is missing, damaged, foreign, or a graph lacks an input.
    pub fn load(dir: &Path) -> Result<Self> {
        Self::load_on(dir, Options::default())
    }

    /// The same with `options`, or on so many threads.
    ///
    /// # Errors
    /// As [`Vlm::load`].
    pub fn load_on(dir: &Path, options: impl Into<Options>) -> Result<Self> {
        let runtime = &Runtime::of(options.into())?;
        let decoder = Decoder::load(&locate(dir, "decoder_model_merged.onnx"), "inputs_embeds", 3, runtime)?;
        decoder.sequence()?;
        Ok(Self {
            preprocessor: Preprocessor::from_config(&dir.join("preprocessor_config.json"))?,
            encoder: load_encoder(&locate(dir, "vision_encoder.onnx"), runtime)?,
            embed: load_embed(&locate(dir, "embed_tokens.onnx"), runtime)?,
            decoder,
        })
    }

    /// Whether the vision graph below `path` is one that [`Vlm`] runs: it takes patches of any image with their places, and has
    /// one plan for all of them.
    ///
    /// # Errors
    /// The graph is missing or damaged.
    pub fn has_layout(path: &Path) -> Result<bool> {
        VisionFiles::find(path).encoder_takes(POSITIONS)
    }

    /// The number of token ids, if the model's logits tell it.
    pub fn vocabulary(&self) -> Option<usize> {
        self.decoder.vocabulary()
    }

    /// What makes [`PixelValues`] for this model from encoded images.
    pub fn preprocessor(&self) -> &Preprocessor {
        &self.preprocessor
    }

    /// Runs the vision encoder alone.
    ///
    /// # Errors
    /// The pixels do not fit the model, or the model fails.
    pub fn encode(&self, pixels: &PixelValues) -> Result<ImageFeatures> {
        let patches = pixels.rows * pixels.cols;
        let blocks = pixels.rows.is_multiple_of(MERGE) && pixels.cols.is_multiple_of(MERGE);
        let flat = matches!(pixels.layout, Layout::Patches { side: PATCH, merge: MERGE, .. });
        if patches == 0 || !blocks || !flat || pixels.values.len() != patches * PATCH_VALUES {
            let cause = format!("{} values for {}×{} patches", pixels.values.len(), pixels.rows, pixels.cols);
            return Err(Error::new("image", cause, "make the pixel values with this model's preprocessor"));
        }
        let values = self.tensor(Tensor::from_shape(&[patches, PATCH_VALUES], &pixels.values))?;
        let positions = self.tensor(Tensor::from_shape(&[patches, 2], &positions(pixels.rows, pixels.cols)))?;
        let inputs = match self.encoder.inputs() {
            [first, ..] if first == POSITIONS => tvec![positions, values],
            _ => tvec![values, positions],
        };
        let features = Self::first(&self.encoder, inputs)?;
        let values = floats(&features).map_err(|cause| Self::unusable(&self.encoder, &format!("{cause:#}")))?;
        match *features.shape() {
            [tokens, hidden] => Ok(ImageFeatures { tokens, hidden, values }),
            ref shape => Err(Self::unusable(&self.encoder, &format!("the features have the shape {shape:?}"))),
        }
    }

    /// Reads the image in front of the text, and says what comes next.
    ///
    /// # Errors
    /// As [`Vlm::encode`]; or there is no text, or a token is not in the vocabulary.
    pub fn prompt(&self, pixels: &PixelValues, text_tokens: &[i64]) -> Result<Logits> {
        self.decoder.check_tokens(text_tokens)?;
        let image = self.encode(pixels)?;
        let ids = self.tensor(Tensor::from_shape(&[1, text_tokens.len()], text_tokens))?;
        let text = Self::first(&self.embed, tvec![ids])?;
        let count = image.tokens + text_tokens.len();
        let embeds = join(image, &text, count).map_err(|cause| Self::unusable(&self.embed, &format!("{cause:#}")))?;
        self.decoder.read(&mut self.decoder.sequence()?, embeds, count)
    }

    fn first(plan: &Plan, inputs: TVec<TValue>) -> Result<TValue> {
        let outputs = plan.run(&mut plan.spawn()?, inputs)?;
        outputs.into_iter().next().ok_or_else(|| Self::unusable(plan, "the model has no output"))
    }

    fn tensor(&self, tensor: TractResult<Tensor>) -> Result<TValue> {
        tensor.map(Tensor::into_tvalue).map_err(|cause| Self::unusable(&self.encoder, &format!("{cause:#}")))
    }

    fn unusable(plan: &Plan, cause: &str) -> Error {
        Error::new(plan.path().display(), cause, REMEDY)
    }
}

fn load_encoder(path: &Path, runtime: &Runtime) -> Result<Plan> {
    let mut file = OnnxFile::read(path)?;
    let known = |name: &str| matches!(name, PIXELS | POSITIONS).then_some(2);
    file.check_inputs(known, &[PIXELS, POSITIONS])?;
    // Without knowing that patches come in blocks, tract cannot type the merge of each block to one token.
    let patches = file.symbol("num_image_tokens") * (MERGE * MERGE);
    file.fix_dim(PIXELS, 0, &patches)?;
    let (path, typed) = file.into_translated()?;
    // Nothing that only counts is in its attention: it has no mask.
    let (typed, applied) = runtime.rewritten(&path, typed, Some(&Counts::fixed()))?;
    Ok(Plan::new(&path, typed, runtime)?.with_rewrites(applied))
}

pub(super) fn load_embed(path: &Path, runtime: &Runtime) -> Result<Plan> {
    let mut file = OnnxFile::read(path)?;
    file.check_inputs(|name| (name == "input_ids").then_some(2), &["input_ids"])?;
    file.fix_dim("input_ids", 0, &1.to_dim())?;
    let (path, typed) = file.into_typed()?;
    Plan::new(&path, typed, runtime)
}

/// Row and column of every patch, block by block.
fn positions(rows: usize, cols: usize) -> Vec<i64> {
    let mut positions = Vec::with_capacity(rows * cols * 2);
    for block in 0..(rows / MERGE) * (cols / MERGE) {
        let (row, col) = (block / (cols / MERGE) * MERGE, block % (cols / MERGE) * MERGE);
        for patch in 0..MERGE * MERGE {
            positions.extend([(row + patch / MERGE) as i64, (col + patch % MERGE) as i64]);
        }
    }
    positions
}

/// The image's tokens and the text's, `[1, text tokens, hidden]`, to `[1, count, hidden]`.
fn join(image: ImageFeatures, text: &Tensor, count: usize) -> TractResult<Tensor> {
    let mut embeds = image.values;
    embeds.extend(floats(text)?);
    // Fails when the two widths differ, as the length is then another one.
    Tensor::from_shape(&[1, count, image.hidden], &embeds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_go_block_by_block() {
        assert_eq!(positions(2, 4), [0, 0, 0, 1, 1, 0, 1, 1, 0, 2, 0, 3, 1, 2, 1, 3]);
        assert_eq!(positions(4, 2)[8..], [2, 0, 2, 1, 3, 0, 3, 1]);
    }
}
