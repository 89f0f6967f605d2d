//! Text to token ids and back, by the `tokenizer.json` of a model.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crate::{Error, Result, bounded};

/// The longest file that is read, in bytes. Those with 256,000 tokens have some 35 million.
const MAX_BYTES: u64 = 256 << 20;

const REMEDY: &str = "restore tokenizer.json from the model's repository";

/// A tokenizer, as Hugging Face's `tokenizers` runs it.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    path: PathBuf,
    inner: tokenizers::Tokenizer,
}

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// A truncation or padding in the file is left out, as `transformers` does: it would change the number of tokens.
    ///
    /// # Errors
    /// The file is missing, longer than 256 MiB, or no tokenizer.
    pub fn from_file(path: &Path) -> Result<Self> {
        let fail = |cause: String| Error::new(path.display(), cause, REMEDY);
        let bytes =
            bounded::bytes(path, MAX_BYTES).map_err(|cause| fail(format!("cannot read the tokenizer: {cause}")))?;
        guarded(path, "read", || {
            let mut inner = tokenizers::Tokenizer::from_bytes(&bytes)?;
            inner.with_truncation(None)?.with_padding(None);
            Ok(Self { path: path.to_owned(), inner })
        })
    }

    /// The tokenizer that cuts texts at their end to so many tokens, those around them included.
    pub(super) fn cut_to(self, tokens: usize) -> Result<Self> {
        let Self { path, mut inner } = self;
        let cut = tokenizers::TruncationParams { max_length: tokens, ..Default::default() };
        guarded(&path, "cut texts with", || inner.with_truncation(Some(cut)).map(|_| ()))?;
        Ok(Self { path, inner })
    }

    /// The ids of a text, with those that the tokenizer puts around every text (as a start token).
    ///
    /// # Errors
    /// The tokenizer cannot express the text.
    pub fn encode(&self, text: &str) -> Result<Vec<i64>> {
        let encoding = guarded(&self.path, "apply", || self.inner.encode_fast(text, true))?;
        Ok(encoding.get_ids().iter().map(|&id| i64::from(id)).collect())
    }

    /// The text of ids, without special tokens.
    ///
    /// # Errors
    /// An id is not in the vocabulary.
    pub fn decode(&self, ids: &[i64]) -> Result<String> {
        let known = |&id: &i64| u32::try_from(id).ok().filter(|&id| self.inner.id_to_token(id).is_some()).ok_or(id);
        let ids: Vec<u32> = ids.iter().map(known).collect::<Result<_, _>>().map_err(|id| {
            let cause = format!("there is no token {id} among its {}", self.vocabulary());
            Error::new(self.path.display(), cause, "take the ids from this model's own tokenizer")
        })?;
        guarded(&self.path, "apply", || self.inner.decode(&ids, true))
    }

    /// The number of token ids, added tokens among them.
    pub fn vocabulary(&self) -> usize {
        self.inner.get_vocab_size(true)
    }
}

/// `tokenizers` indexes and unwraps on the promise that a file is sound; an untrusted one need not be.
fn guarded<T>(path: &Path, verb: &str, step: impl FnOnce() -> tokenizers::Result<T>) -> Result<T> {
    let fail = |cause: String| Error::new(path.display(), format!("cannot {verb} the tokenizer: {cause}"), REMEDY);
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(result) => result.map_err(|cause| fail(cause.to_string())),
        Err(_) => Err(fail("it is not sound".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::mutate::damaged;

    /// What the `tokenizers` of Python made of texts; see `tests/fixtures/tokenizers/make.py`.
    #[derive(serde::Deserialize)]
    struct Expected {
        vocabulary: usize,
        cases: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        text: String,
        ids: Vec<i64>,
        decoded: String,
    }

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokenizers").join(name)
    }

    #[test]
    fn ids_and_texts_are_those_of_python() {
        let expected = std::fs::read_to_string(fixture("expected.json")).unwrap();
        let expected: HashMap<String, Expected> = serde_json::from_str(&expected).unwrap();
        assert_eq!(expected.len(), 2);
        for (name, Expected { vocabulary, cases }) in expected {
            let tokenizer = Tokenizer::from_file(&fixture(&format!("{name}.json"))).unwrap();
            assert_eq!(tokenizer.vocabulary(), vocabulary, "{name}");
            assert!(cases.len() >= 10);
            for case in cases {
                assert_eq!(tokenizer.encode(&case.text).unwrap(), case.ids, "{name}: {:?}", case.text);
                assert_eq!(tokenizer.decode(&case.ids).unwrap(), case.decoded, "{name}: {:?}", case.text);
            }
        }
    }

    #[test]
    fn ids_outside_of_the_vocabulary_are_refused() {
        let tokenizer = Tokenizer::from_file(&fixture("byte_level.json")).unwrap();
        for id in [-1, 320, i64::MAX] {
            let error = tokenizer.decode(&[1, id]).unwrap_err();
            assert!(error.cause().contains(&format!("no token {id} among its 320")), "{error}");
        }
    }

    #[test]
    fn files_that_are_no_tokenizer_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokenizer.json");
        let missing = Tokenizer::from_file(&path).unwrap_err();
        assert!(missing.place().ends_with("tokenizer.json"), "{missing}");
        assert!(Tokenizer::from_file(directory.path()).is_err());
        for text in ["", "{}", "[]", r#"{"version": "1.0", "model": {"type": "BPE"}}"#] {
            std::fs::write(&path, text).unwrap();
            let error = Tokenizer::from_file(&path).unwrap_err();
            assert!(error.cause().starts_with("cannot read the tokenizer: "), "{error}");
        }
    }
    #[test]
    fn damaged_files_are_errors_or_sound_but_no_panic() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("tokenizer.json");
        for name in ["byte_level.json", "metaspace.json"] {
            let sound = std::fs::read(fixture(name)).unwrap();
            let mut refused = 0;
            for bytes in damaged(&sound, 2, 1000) {
                std::fs::write(&path, bytes).unwrap();
                match Tokenizer::from_file(&path) {
                    // Whether the text can be expressed is the tokenizer's matter; it must say so.
                    Ok(tokenizer) => drop(tokenizer.encode("a cost 🦀")),
                    Err(error) => refused += usize::from(error.place().ends_with("tokenizer.json")),
                }
            }
            assert!(refused > 500, "{refused} of {name} refused");
        }
    }
}
