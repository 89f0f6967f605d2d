//! `[models]`, `[[model]]`, `[images]` and `[inference]`: what is under test.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Error;

/// Side of a square image patch, in pixels (Qwen2-VL's).
pub const PATCH: usize = 14;
/// Side of the block of patches that becomes one image token (Qwen2-VL's).
pub const MERGE: usize = 2;
/// Values of one flattened patch: channels × rows × columns.
pub const PATCH_VALUES: usize = 3 * PATCH * PATCH;

/// tract's kernels work on panels of 8 to 32 columns; other inner dimensions would measure the padding.
const PANEL: usize = 32;

/// The embedded models.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSettings {
    /// The language model of the `llm/…` workloads.
    pub llm: LlmSpec,
    /// The vision-language model of the `vlm/…` workloads.
    pub vlm: VlmSpec,
}

impl ModelSettings {
    pub(super) fn check(&self) -> Result<(), String> {
        self.llm.check().map_err(|cause| format!("models.llm: {cause}"))?;
        self.vlm.check().map_err(|cause| format!("models.vlm: {cause}"))
    }
}

/// A Llama-style decoder: RMSNorm, rotary positions, grouped-query attention, SwiGLU, a KV cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LlmSpec {
    /// Width of the residual stream.
    pub hidden: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Query heads; each is `hidden / heads` wide.
    pub heads: usize,
    /// Key and value heads; query heads share them in groups of `heads / kv_heads`.
    pub kv_heads: usize,
    /// Width of the SwiGLU layer.
    pub intermediate: usize,
    /// Number of token ids.
    pub vocabulary: usize,
}

impl Default for LlmSpec {
    /// Few, wide heads, as larger models have: a prefill of 1024 tokens multiplies 6 times as often with weights as it does
    /// between tokens.
    fn default() -> Self {
        Self { hidden: 512, layers: 2, heads: 4, kv_heads: 2, intermediate: 1408, vocabulary: 2048 }
    }
}

impl LlmSpec {
    /// The size for tests: a few hundred kilobytes.
    pub fn test() -> Self {
        Self { hidden: 64, layers: 2, heads: 4, kv_heads: 2, intermediate: 96, vocabulary: 256 }
    }

    /// Width of one head.
    pub fn head_width(&self) -> usize {
        self.hidden / self.heads
    }

    /// Says which size cannot be built, and what it must be.
    ///
    /// # Errors
    /// The first such size.
    pub fn check(&self) -> Result<(), String> {
        positive("layers", self.layers)?;
        positive("kv_heads", self.kv_heads)?;
        panels("hidden", self.hidden)?;
        panels("intermediate", self.intermediate)?;
        panels("vocabulary", self.vocabulary)?;
        heads(self.hidden, self.heads, 2)?;
        multiple("heads", self.heads, "kv_heads", self.kv_heads)
    }
}

/// A vision transformer over a symbolic number of patches, with two-dimensional rotary positions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisionSpec {
    /// Width of the residual stream.
    pub hidden: usize,
    /// Number of blocks.
    pub layers: usize,
    /// Attention heads; each is `hidden / heads` wide.
    pub heads: usize,
    /// Width of the GELU layer.
    pub intermediate: usize,
}

impl Default for VisionSpec {
    fn default() -> Self {
        Self { hidden: 128, layers: 3, heads: 4, intermediate: 512 }
    }
}

impl VisionSpec {
    /// The size for tests: a few hundred kilobytes.
    pub fn test() -> Self {
        Self { hidden: 32, layers: 2, heads: 2, intermediate: 64 }
    }

    /// Width of one head.
    pub fn head_width(&self) -> usize {
        self.hidden / self.heads
    }

    /// Says which size cannot be built, and what it must be.
    ///
    /// # Errors
    /// The first such size.
    pub fn check(&self) -> Result<(), String> {
        positive("layers", self.layers)?;
        panels("hidden", self.hidden)?;
        panels("intermediate", self.intermediate)?;
        // A quarter of the head turns with the row, a quarter with the column, each as a pair.
        heads(self.hidden, self.heads, 4)
    }
}

/// A vision-language model: image tokens in front of text tokens, and the clamp of its preprocessing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VlmSpec {
    /// The vision encoder.
    pub vision: VisionSpec,
    /// The decoder that reads image tokens and text.
    pub text: LlmSpec,
    /// Images with fewer pixels are enlarged to about this many.
    pub min_pixels: u64,
    /// Images with more pixels are reduced to at most this many: the clamp, where the cost's knee is.
    pub max_pixels: u64,
}

impl Default for VlmSpec {
    fn default() -> Self {
        Self {
            vision: VisionSpec::default(),
            text: LlmSpec { hidden: 256, layers: 2, heads: 4, kv_heads: 2, intermediate: 704, vocabulary: 2048 },
            min_pixels: 56 * 56,
            max_pixels: 256 * 28 * 28,
        }
    }
}

impl VlmSpec {
    /// The size for tests; the clamp stays the default one.
    pub fn test() -> Self {
        Self { vision: VisionSpec::test(), text: LlmSpec::test(), ..Self::default() }
    }

    /// Says which size cannot be built, and what it must be.
    ///
    /// # Errors
    /// The first such size.
    pub fn check(&self) -> Result<(), String> {
        self.vision.check().map_err(|cause| format!("vision: {cause}"))?;
        self.text.check().map_err(|cause| format!("text: {cause}"))?;
        let block = (MERGE * PATCH * MERGE * PATCH) as u64;
        if self.min_pixels < block {
            return Err(format!("min_pixels is {}, but one image token covers {block} pixels", self.min_pixels));
        }
        if self.max_pixels < self.min_pixels {
            return Err(format!("max_pixels is {}, below min_pixels, which is {}", self.max_pixels, self.min_pixels));
        }
        Ok(())
    }
}

/// How the models are run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InferenceSettings {
    /// Whether decoding keeps keys and values; without it every token recomputes its whole context.
    pub kv_cache: bool,
    /// Threads that share products and attention. One scales predictably, and is the default.
    #[serde(default = "one")]
    pub threads: NonZeroUsize,
    /// Whether graphs are rewritten when they are loaded, as `docs/models.md` describes; otherwise a file is run as it was
    /// exported.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub rewrites: bool,
    /// Tokens of a prompt that are read at once; absent for the whole prompt.
    pub prompt_chunk: Option<NonZeroUsize>,
    /// A text whose tokens are the prompts of language user models; absent for synthetic tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PathBuf>,
}

impl Default for InferenceSettings {
    fn default() -> Self {
        Self { kv_cache: true, threads: one(), rewrites: true, prompt_chunk: None, prompt: None }
    }
}

/// More would be a slip: nobody has so many cores, and every thread takes memory.
const MAX_THREADS: usize = 256;

impl InferenceSettings {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.threads.get() > MAX_THREADS {
            return Err(format!("threads is {}, but at most {MAX_THREADS} are started", self.threads));
        }
        if self.prompt_chunk.is_some() && !self.kv_cache {
            return Err("prompt_chunk needs kv_cache = true: a chunk is read after the cache of the one before".into());
        }
        Ok(())
    }
}

fn yes() -> bool {
    true
}

fn one() -> NonZeroUsize {
    NonZeroUsize::MIN
}

/// `[[model]]`: a user model, laid out as the Hugging Face ONNX exports are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserModel {
    /// Stands in front of its workloads' names, as `smollm2/llm/prefill`.
    pub name: String,
    /// The directory, or the ONNX file of a language model; or `$NAME` for the path that an environment variable holds.
    path: String,
    /// Names of listed workloads, whose sizes it takes; none for a model that only reads the text of `[accuracy]`.
    #[serde(default)]
    pub workloads: Vec<String>,
    /// Whether its workloads are counted too, at the sizes of `[instructions]`. In the simulator an inference takes fifty
    /// times as long, so that only small models are worth it.
    #[serde(default)]
    pub counted: bool,
}

impl UserModel {
    /// Where the model is. Only what runs the model asks: a record of it can be judged where it is not.
    ///
    /// # Errors
    /// The path is an environment variable that is not set.
    pub fn path(&self) -> Result<PathBuf, Error> {
        let Some(variable) = self.path.strip_prefix('$') else { return Ok(PathBuf::from(&self.path)) };
        let missing = || {
            let cause = format!("its path is {}, and there is no such variable", self.path);
            Error::new(format!("model {}", self.name), cause, format!("set {variable} to the model's directory"))
        };
        std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from).ok_or_else(missing)
    }

    /// Where the files beside the graph are, as its tokenizer: of a graph that is named by its file the directory around it, or
    /// around `onnx`.
    ///
    /// # Errors
    /// As [`UserModel::path`].
    pub fn directory(&self) -> Result<PathBuf, Error> {
        let path = self.path()?;
        if path.is_dir() {
            return Ok(path);
        }
        let parent = path.parent().unwrap_or(Path::new(""));
        let around = if parent.ends_with("onnx") { parent.parent() } else { None };
        Ok(around.unwrap_or(parent).to_path_buf())
    }
}

/// `[images]`: what is in the pictures.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageSettings {
    /// A photo of the user's own, scaled to every resolution; absent for the embedded picture.
    pub photo: Option<PathBuf>,
}

fn positive(name: &str, value: usize) -> Result<(), String> {
    if value == 0 { Err(format!("{name} is 0, but at least 1 is needed")) } else { Ok(()) }
}

fn multiple(name: &str, value: usize, of: &str, step: usize) -> Result<(), String> {
    positive(name, value)?;
    positive(of, step)?;
    if value.is_multiple_of(step) {
        Ok(())
    } else {
        Err(format!("{name} is {value}, but must be a multiple of {of}, which is {step}"))
    }
}

fn panels(name: &str, value: usize) -> Result<(), String> {
    positive(name, value)?;
    if value.is_multiple_of(PANEL) {
        Ok(())
    } else {
        Err(format!("{name} is {value}, but must be a multiple of {PANEL}"))
    }
}

/// Heads split the hidden width evenly, into parts that rotary positions can turn.
fn heads(hidden: usize, heads: usize, step: usize) -> Result<(), String> {
    multiple("hidden", hidden, "heads", heads)?;
    let width = hidden / heads;
    if width.is_multiple_of(step) {
        Ok(())
    } else {
        Err(format!("hidden / heads is {width}, but rotary positions need a multiple of {step}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_sizes_can_be_built() {
        assert_eq!(LlmSpec::default().check(), Ok(()));
        assert_eq!(LlmSpec::test().check(), Ok(()));
        assert_eq!(VlmSpec::default().check(), Ok(()));
        assert_eq!(VlmSpec::test().check(), Ok(()));
    }

    #[test]
    fn a_size_that_cannot_be_built_is_named() {
        let bad = |change: fn(&mut VlmSpec)| {
            let mut spec = VlmSpec::test();
            change(&mut spec);
            spec.check().expect_err("must be refused")
        };
        assert!(bad(|s| s.text.layers = 0).contains("text: layers is 0"));
        assert!(bad(|s| s.text.hidden = 65).contains("text: hidden is 65, but must be a multiple of 32"));
        assert!(bad(|s| s.text.kv_heads = 3).contains("heads is 4, but must be a multiple of kv_heads"));
        assert!(bad(|s| s.text.kv_heads = 0).contains("kv_heads is 0"));
        assert!(bad(|s| s.text.heads = 0).contains("heads is 0"));
        assert!(bad(|s| s.text.heads = 64).contains("rotary positions need a multiple of 2"));
        assert!(bad(|s| s.vision.heads = 16).contains("vision: hidden / heads is 2"));
        assert!(bad(|s| s.min_pixels = 0).contains("min_pixels is 0"));
        assert!(bad(|s| s.max_pixels = 1000).contains("below min_pixels"));
    }
}
