//! The language half of a vision-language user model: features and text to logits.

use std::path::Path;

use tract_onnx::prelude::*;

use super::decoder::Decoder;
use super::image_tokens::{ImageTokens, axes};
use super::plan::{Options, Plan, REMEDY, Runtime, floats};
use super::preprocess::{Geometry, PixelValues};
use super::tower::Tower;
use super::vision_files::VisionFiles;
use super::vlm::load_embed;
use super::{ImageFeatures, Logits};
use crate::{Error, Result};

/// `embed_tokens.onnx` and `decoder_model_merged.onnx`, beside the tower of a model in three files. Clones share them.
#[derive(Debug, Clone)]
pub struct Language {
    embed: Plan,
    decoder: Decoder,
    image: ImageTokens,
}

impl Language {
    /// Loads both graphs, and what the configuration in `directory` says of image tokens.
    ///
    /// # Errors
    /// A file is missing, damaged, foreign, lacks an input or has one that is not known.
    pub fn load(files: &VisionFiles, directory: &Path, options: impl Into<Options>) -> Result<Self> {
        if !files.decoder().is_file() {
            return Err(Error::new(
                files.decoder().display(),
                "a prompt needs a vision encoder, embed_tokens.onnx and decoder_model_merged.onnx, and this file is not there",
                "export all three, or leave vlm/prompt out of the model's `workloads`",
            ));
        }
        let runtime = &Runtime::of(options.into())?;
        let image = ImageTokens::of(directory)?;
        let decoder = Decoder::load(files.decoder(), "inputs_embeds", 3, runtime)?;
        decoder.sequence()?;
        Ok(Self { embed: load_embed(files.embed(), runtime)?, decoder, image })
    }

    /// The number of token ids, if the model's logits tell it.
    pub fn vocabulary(&self) -> Option<usize> {
        self.decoder.vocabulary()
    }

    /// The token that stands for a part of an image, and has no place in a text.
    pub fn image_token(&self) -> i64 {
        self.image.id
    }

    /// Reads the image in front of the text, and says what comes next: image tokens and text are embedded, the embeddings of the
    /// image tokens replaced by the features of the `tower`, and all of it is read by the decoder.
    ///
    /// # Errors
    /// There is no text, or it has an image token or one that is not in the vocabulary; there are more or fewer features than
    /// image tokens; as [`Tower::encode`]; or the model fails.
    pub fn prompt(&self, tower: &Tower, pixels: &PixelValues, text: &[i64]) -> Result<Logits> {
        let features = tower.encode(pixels)?;
        let geometry = pixels.geometry();
        let mut ids = vec![self.image.id; self.image_tokens(&features, geometry, tower)?];
        ids.extend(text);
        self.decoder.check_tokens(&ids)?;
        if text.is_empty() || text.contains(&self.image.id) {
            let cause = format!("the text is empty, or has the image token {}", self.image.id);
            return Err(Error::new(self.decoder.path().display(), cause, "give text tokens alone"));
        }
        let embeds = self.embedded(&features, &ids)?;
        let axes = if self.decoder.has_axes() { axes(geometry, text.len()) } else { None };
        self.decoder.read_at(&mut self.decoder.sequence()?, embeds, ids.len(), axes)
    }

    /// The number of image tokens, which has to be that of the features.
    fn image_tokens(&self, features: &ImageFeatures, geometry: Geometry, tower: &Tower) -> Result<usize> {
        match self.image.count(geometry) {
            Some((count, source)) if count != features.tokens => Err(Error::new(
                tower.path().display(),
                format!("{} features of an image that has {count} image tokens ({source})", features.tokens),
                "put the configuration and the graphs of one export together",
            )),
            _ => Ok(features.tokens),
        }
    }

    /// `[1, ids, hidden]`, with the features where the image tokens are.
    fn embedded(&self, features: &ImageFeatures, ids: &[i64]) -> Result<Tensor> {
        let unusable = |cause: TractError| Error::new(self.embed.path().display(), format!("{cause:#}"), REMEDY);
        let input = Tensor::from_shape(&[1, ids.len()], ids).map_err(unusable)?.into_tvalue();
        let outputs = self.embed.run(&mut self.embed.spawn()?, tvec![input])?;
        let mut values = floats(&outputs[0]).map_err(unusable)?;
        if values.len() != ids.len() * features.hidden {
            let cause = format!(
                "{} tokens become embeddings of the shape {:?}, but features are {} wide",
                ids.len(),
                outputs[0].shape(),
                features.hidden
            );
            let remedy = "export the vision encoder with its projection, as the three files of one model";
            return Err(Error::new(self.embed.path().display(), cause, remedy));
        }
        let rows = values.chunks_exact_mut(features.hidden).zip(ids);
        let places = rows.filter(|(_, id)| **id == self.image.id).map(|(row, _)| row);
        for (row, feature) in places.zip(features.values.chunks_exact(features.hidden)) {
            row.copy_from_slice(feature);
        }
        let embeds = Tensor::from_shape(&[1, ids.len(), features.hidden], &values).map_err(unusable)?;
        let kind = self.decoder.token_type()?;
        if kind == DatumType::F32 { Ok(embeds) } else { Ok(embeds.cast_to_dt(kind).map_err(unusable)?.into_owned()) }
    }
}
