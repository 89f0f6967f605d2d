//! A sentence-embedding user model: a text to one vector that stands for its meaning.

use std::path::Path;

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::DimLike;

use super::Tokenizer;
use super::decoder::MASK;
use super::onnx::{OnnxFile, locate};
use super::plan::{Plan, REMEDY, Runtime, floats};
use super::pooling::{Pooling, longest_text, pooling};
use crate::{Error, Result};

const GRAPH: &str = "model.onnx";
const TOKENS: &str = "input_ids";
/// Of which of two sentences a token is; there is but the first.
const SENTENCES: &str = "token_type_ids";

/// One vector for a text, `[1, hidden]`: pooled in the graph.
const POOLED: &str = "sentence_embedding";
/// One vector for each token, `[1, sequence, hidden]`.
const HIDDEN: [&str; 2] = ["last_hidden_state", "token_embeddings"];
/// One vector for a text, `[1, hidden]`, which is a sentence's only if the model was trained so; taken where there is no other.
const POOLER: &str = "pooler_output";

const EXPORT: &str =
    "export the model with Optimum, with the task feature-extraction; docs/compression.md has its inputs and outputs";

/// A sentence-embedding model with its tokenizer.
#[derive(Debug, Clone)]
pub struct Embedder {
    plan: Plan,
    tokenizer: Tokenizer,
    output: &'static str,
    /// Absent if the graph pools.
    pooling: Option<Pooling>,
    /// The number of tokens that it has embeddings for, if the graph tells it.
    vocabulary: Option<usize>,
}

impl Embedder {
    /// Loads `onnx/model.onnx` or `model.onnx` below `dir` with `tokenizer.json`, and what the files of sentence-transformers
    /// there say: `1_Pooling/config.json`, `modules.json` and `sentence_bert_config.json`.
    ///
    /// Of the outputs `sentence_embedding` is taken as it is, `last_hidden_state` or `token_embeddings` pooled, and
    /// `pooler_output` only if there is none of them.
    ///
    /// # Errors
    /// A file is missing, damaged or foreign; the graph has other inputs or outputs; or it asks for a pooling or a layer after it
    /// that is not known here.
    pub fn load(dir: &Path) -> Result<Self> {
        let path = locate(dir, GRAPH);
        if !dir.is_dir() || !path.is_file() {
            let cause = format!("there is no sentence-embedding model here: neither onnx/{GRAPH} nor {GRAPH}");
            return Err(Error::new(dir.display(), cause, EXPORT));
        }
        let mut file = OnnxFile::read(&path)?;
        let known = |name: &str| matches!(name, TOKENS | MASK | SENTENCES).then_some(2);
        file.check_inputs(known, &[TOKENS]).map_err(|error| Error::new(error.place(), error.cause(), EXPORT))?;
        check_length(&file)?;
        let (output, place) = output(&file)?;
        let pooling = if HIDDEN.contains(&output) { Some(pooling(dir)?) } else { None };
        let vocabulary = file.rows_picked_by(TOKENS);
        file.fix_dim(TOKENS, 0, &1.to_dim())?;
        for name in file.inputs().to_vec().iter().filter(|name| *name != TOKENS) {
            file.fix_alike(name, TOKENS)?;
        }
        let (path, mut typed) = file.into_typed()?;
        typed.outputs = vec![typed.outputs[place]];
        check_shape(&path, &typed, output, if pooling.is_some() { 3 } else { 2 })?;
        let tokenizer = Tokenizer::from_file(&dir.join("tokenizer.json"))?;
        let tokenizer = match longest_text(dir)? {
            Some(tokens) => tokenizer.cut_to(tokens)?,
            None => tokenizer,
        };
        Ok(Self { plan: Plan::new(&path, typed, &Runtime::default())?, tokenizer, output, pooling, vocabulary })
    }

    /// What an embedding is, for instance `mean of last_hidden_state`.
    pub fn description(&self) -> String {
        match self.pooling {
            None => self.output.to_owned(),
            Some(Pooling::Mean) => format!("mean of {}", self.output),
            Some(Pooling::First) => format!("first of {}", self.output),
        }
    }

    /// The embedding of a text, `[hidden]`. A text longer than the model takes is cut at its end.
    ///
    /// # Errors
    /// The tokenizer is another model's, the model fails, or the embedding is zero or not finite.
    pub fn embed(&self, text: &str) -> Result<Vec<f32>> {
        let tokens = self.tokenizer.encode(text)?;
        self.check_tokens(&tokens)?;
        let inputs = self.inputs(&tokens).map_err(|cause| self.unusable(&cause))?;
        let outputs = self.plan.run(&mut self.plan.spawn()?, inputs)?;
        let values = floats(&outputs[0]).map_err(|cause| self.unusable(&cause))?;
        let width = outputs[0].shape().last().copied().unwrap_or(1).max(1);
        let embedding = match self.pooling {
            // No token is padding, so that the mean over the mask is that over all.
            Some(Pooling::Mean) => mean(&values, width),
            Some(Pooling::First) => values[..width].to_vec(),
            None => values,
        };
        if embedding.iter().all(|value| value.is_finite()) && embedding.iter().any(|value| *value != 0.0) {
            return Ok(embedding);
        }
        let cause = "the embedding of a text is zero or not finite, and has no direction";
        Err(Error::new(self.plan.path().display(), cause, "export the model with 32-bit floats"))
    }

    /// tract would read past the embedding.
    fn check_tokens(&self, tokens: &[i64]) -> Result<()> {
        let place = || self.plan.path().display();
        if tokens.is_empty() {
            let cause = "its tokenizer makes no tokens of a text, and puts none around it";
            return Err(Error::new(place(), cause, "restore tokenizer.json from the model's repository"));
        }
        let known = 0..self.vocabulary.map_or(i64::MAX, |size| size as i64);
        match tokens.iter().find(|token| !known.contains(*token)) {
            None => Ok(()),
            Some(token) => Err(Error::new(
                place(),
                format!("token {token} is none of the {} that it has embeddings for", known.end),
                "use the tokenizer that belongs to the model",
            )),
        }
    }

    fn inputs(&self, tokens: &[i64]) -> TractResult<TVec<TValue>> {
        let input = |(index, name): (usize, &String)| {
            let values = match name.as_str() {
                TOKENS => tokens.to_vec(),
                MASK => vec![1; tokens.len()],
                _ => vec![0; tokens.len()],
            };
            let kind = self.plan.input_fact(index)?.datum_type;
            Ok(Tensor::from_shape(&[1, values.len()], &values)?.cast_to_dt(kind)?.into_owned().into_tvalue())
        };
        self.plan.inputs().iter().enumerate().map(input).collect()
    }

    fn unusable(&self, cause: &TractError) -> Error {
        Error::new(self.plan.path().display(), format!("{cause:#}"), REMEDY)
    }
}

/// Refuses a graph for texts of one length: padding would have to be known too.
fn check_length(file: &OnnxFile) -> Result<()> {
    let dims = file.dims(TOKENS)?;
    let Ok(length) = dims[1].to_usize() else { return Ok(()) };
    let cause = format!("the model's input {TOKENS} is [{}, {length}], and takes texts of no other length", dims[0]);
    Err(Error::new(file.path().display(), cause, "export the model with a dynamic length, as Optimum does"))
}

/// The output that embeddings come from, and its position.
fn output(file: &OnnxFile) -> Result<(&'static str, usize)> {
    let names = [POOLED, HIDDEN[0], HIDDEN[1], POOLER];
    names.into_iter().find_map(|name| Some((name, file.output(name).ok()?))).ok_or_else(|| {
        let cause = format!(
            "the model has none of the outputs {}; its outputs are: {}",
            names.join(", "),
            file.outputs().join(", ")
        );
        Error::new(file.path().display(), cause, EXPORT)
    })
}

fn check_shape(path: &Path, typed: &TypedModel, output: &str, rank: usize) -> Result<()> {
    let fail = |cause: String| Error::new(path.display(), cause, EXPORT);
    let fact = typed.output_fact(0).map_err(|cause| fail(format!("{cause:#}")))?;
    let width = fact.shape.last().and_then(|dim| dim.to_usize().ok()).filter(|&width| width > 0);
    if fact.rank() == rank && width.is_some() && fact.datum_type.is_float() {
        return Ok(());
    }
    let wanted = if rank == 3 { "[1, sequence, hidden]" } else { "[1, hidden]" };
    Err(fail(format!("the output {output} is {fact:?} instead of floats of {wanted}")))
}

/// The mean over rows of `width` values.
fn mean(values: &[f32], width: usize) -> Vec<f32> {
    let rows = values.chunks_exact(width);
    let count = rows.len() as f64;
    let mut sums = vec![0.0; width];
    for row in rows {
        sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    sums.into_iter().map(|sum: f64| (sum / count) as f32).collect()
}
