//! A language model that reads whole passages, and shows what a session doesn't: the logits of every position, and values
//! inside of the graph.

use std::path::{Path, PathBuf};

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

use super::decoder::{GROUPED, MASK, PAST, POSITIONS};
use super::onnx::{OnnxFile, locate};
use super::plan::{Plan, REMEDY, Runtime, floats};
use crate::{Error, Result};

const LOGITS: &str = "logits";
const TOKENS: &str = "input_ids";

const GRAPH: &str = "model.onnx";

/// A language model without a memory: each passage is read from its beginning.
#[derive(Debug)]
pub struct Passages {
    plan: Plan,
    vocabulary: usize,
    ranks: Vec<usize>,
}

/// One value for every position of a passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Positions {
    /// Values of one position.
    pub width: usize,
    /// `[positions, width]`.
    pub values: Vec<f32>,
}

impl Positions {
    /// The values of each position in turn.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks_exact(self.width)
    }
}

impl Passages {
    /// Loads the graph at `path`, whose logits are shown.
    ///
    /// # Errors
    /// The file is missing, damaged, foreign, or lacks `input_ids` or `logits`.
    pub fn with_logits(path: &Path) -> Result<Self> {
        Self::load(path, None)
    }

    /// Loads the graph at `path`, of which the values with these `names` are shown in place of the logits.
    ///
    /// # Errors
    /// As [`Passages::with_logits`]; or a name is none of the graph's.
    pub fn with_values(path: &Path, names: &[String]) -> Result<Self> {
        Self::load(path, Some(names))
    }

    fn load(path: &Path, names: Option<&[String]>) -> Result<Self> {
        let mut file = OnnxFile::read_with(path, names.unwrap_or_default())?;
        let known = |name: &str| match name {
            TOKENS | MASK | POSITIONS => Some(2),
            _ if name.starts_with(PAST) => Some(4),
            _ => None,
        };
        file.check_inputs(known, &[TOKENS])?;
        let logits = file.output(LOGITS)?;
        let shown: Vec<usize> = match names {
            None => vec![logits],
            Some(names) => names.iter().map(|name| file.output(name)).collect::<Result<_>>()?,
        };
        for name in file.inputs().to_vec() {
            file.fix_dim(&name, 0, &1.to_dim())?;
            // Every passage is read from its beginning. But in the masks that transformers 4.57 builds tract loses the length
            // of the passage once that of the past is a number; only the one operator needs it.
            if name.starts_with(PAST) && file.has_operator(GROUPED) {
                file.fix_dim(&name, 2, &0.to_dim())?;
            }
        }
        let (path, mut typed) = file.into_typed()?;
        let unusable = |cause: String| Error::new(path.display(), cause, REMEDY);
        let fact = |typed: &TypedModel, output: usize| {
            typed.output_fact(output).cloned().map_err(|cause| unusable(format!("{cause:#}")))
        };
        let vocabulary = fact(&typed, logits)?.shape.last().and_then(|dim| dim.to_usize().ok());
        let vocabulary =
            vocabulary.ok_or_else(|| unusable("the logits don't tell the size of the vocabulary".into()))?;
        let ranks = shown.iter().map(|&output| Ok(fact(&typed, output)?.rank())).collect::<Result<_>>()?;
        typed.outputs = shown.iter().map(|&output| typed.outputs[output]).collect();
        Ok(Self { plan: Plan::new(&path, typed, &Runtime::default())?, vocabulary, ranks })
    }

    /// The number of token ids.
    pub fn vocabulary(&self) -> usize {
        self.vocabulary
    }

    /// The number of dimensions of each shown value.
    pub fn ranks(&self) -> &[usize] {
        &self.ranks
    }

    /// Reads one passage, and gives the shown values in the order of their names.
    ///
    /// # Errors
    /// There are no tokens, one is not in the vocabulary, or the model fails.
    pub fn read(&self, tokens: &[i64]) -> Result<Vec<Positions>> {
        // tract would read past the embedding.
        let known = 0..self.vocabulary as i64;
        if let Some(token) = tokens.iter().find(|token| !known.contains(*token)) {
            let cause = format!("token {token} is not in the vocabulary of {}", self.vocabulary);
            return Err(Error::new(self.plan.path().display(), cause, "use the tokenizer that belongs to the model"));
        }
        let inputs = self.inputs(tokens).map_err(|cause| self.unusable(&cause))?;
        let outputs = self.plan.run(&mut self.plan.spawn()?, inputs)?;
        outputs.iter().map(|value| positions(value, tokens.len()).map_err(|cause| self.unusable(&cause))).collect()
    }

    fn inputs(&self, tokens: &[i64]) -> TractResult<TVec<TValue>> {
        let row = |values: &[i64]| Tensor::from_shape(&[1, values.len()], values).map(Tensor::into_tvalue);
        let input = |(index, name): (usize, &String)| match name.as_str() {
            TOKENS => row(tokens),
            MASK => row(&vec![1; tokens.len()]),
            POSITIONS => row(&(0..tokens.len() as i64).collect::<Vec<_>>()),
            _ => {
                let fact = self.plan.input_fact(index)?;
                let shape = [1, fact.shape[1].to_usize()?, 0, fact.shape[3].to_usize()?];
                Tensor::zero_dt(fact.datum_type, &shape).map(Tensor::into_tvalue)
            }
        };
        self.plan.inputs().iter().enumerate().map(input).collect()
    }

    fn unusable(&self, cause: &TractError) -> Error {
        Error::new(self.plan.path().display(), format!("{cause:#}"), REMEDY)
    }
}

/// A value of any rank whose last dimension is its width.
fn positions(value: &Tensor, count: usize) -> TractResult<Positions> {
    let width = *value.shape().last().context("a value without dimensions")?;
    let values = floats(value)?;
    ensure!(width > 0 && values.len() == count * width, "{:?} values for {count} tokens", value.shape());
    Ok(Positions { width, values })
}

/// Passages of `length` tokens, one after the other; the last may be shorter, but has two tokens or more.
pub fn passages(tokens: &[i64], length: usize) -> impl Iterator<Item = &[i64]> {
    tokens.chunks(length.max(1)).filter(|passage| passage.len() > 1)
}

/// The graph of the language model in `dir`.
///
/// # Errors
/// There is none.
pub fn language_model_file(dir: &Path) -> Result<PathBuf> {
    let path = locate(dir, GRAPH);
    if dir.is_dir() && path.is_file() {
        return Ok(path);
    }
    Err(Error::new(
        dir.display(),
        format!("there is no language model here: neither onnx/{GRAPH} nor {GRAPH}"),
        "name the directory of an ONNX export, as Optimum makes one with the task text-generation-with-past",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::Llm;
    use crate::models::materialise_llm;
    use crate::suite::LlmSpec;

    #[test]
    fn every_position_has_the_logits_that_a_session_has_there() {
        let root = tempfile::tempdir().unwrap();
        let dir = materialise_llm(&LlmSpec::test(), 1, root.path()).unwrap().path;
        let passages = Passages::with_logits(&language_model_file(&dir).unwrap()).unwrap();
        let tokens = [5_i64, 80, 200, 3, 17];
        let logits = &passages.read(&tokens).unwrap()[0];
        assert_eq!((logits.width, logits.rows().count()), (passages.vocabulary(), tokens.len()));

        let mut session = Llm::load(&dir).unwrap().session(true);
        for (token, row) in tokens.iter().zip(logits.rows()) {
            let expected = session.decode(*token).unwrap();
            assert!(row.iter().zip(expected.values()).all(|(a, b)| (a - b).abs() <= 1e-4));
        }
        assert!(passages.read(&[256_000]).unwrap_err().cause().contains("not in the vocabulary"));
    }

    #[test]
    fn a_passage_has_a_token_to_predict() {
        let lengths = |count: i64| passages(&(0..count).collect::<Vec<_>>(), 4).map(<[i64]>::len).collect::<Vec<_>>();
        assert_eq!([lengths(1), lengths(4), lengths(9), lengths(10)], [vec![], vec![4], vec![4, 4], vec![4, 4, 2]]);
    }

    #[test]
    fn a_directory_without_a_model_is_named() {
        let root = tempfile::tempdir().unwrap();
        let error = language_model_file(root.path()).unwrap_err();
        assert_eq!(error.place(), root.path().display().to_string());
    }
}
