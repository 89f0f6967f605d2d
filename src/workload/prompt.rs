//! Prompts: synthetic ones, and those of a text.

use std::path::Path;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::inference::Tokenizer;
use crate::{Error, Result};

/// What helps against a prompt file that cannot be used.
pub(super) const TEXT: &str = "name a readable text under `prompt` in `suite.toml`, or leave it out";

/// Used where a model does not tell its vocabulary; every model has these ids.
const LEAST_VOCABULARY: usize = 256;

/// `length` token ids below `vocabulary`, the same for the same seed.
///
/// A longer prompt starts with the shorter ones, so that sizes differ in length and in nothing else.
pub(super) fn prompt(length: u64, vocabulary: Option<usize>, seed: u64) -> Vec<i64> {
    let vocabulary = vocabulary.unwrap_or(LEAST_VOCABULARY).max(1) as u64;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..length).map(|_| (random.next_u64() % vocabulary) as i64).collect()
}

/// The tokens of the text at `path`, as many as they are.
///
/// # Errors
/// The text or the tokenizer cannot be read, or the text has no tokens.
pub(super) fn tokens_of(path: &Path, tokenizer: &Path) -> Result<Vec<i64>> {
    let text = std::fs::read_to_string(path).map_err(|cause| Error::new(path.display(), cause, TEXT))?;
    let tokens = Tokenizer::from_file(tokenizer)?.encode(&text)?;
    if tokens.is_empty() {
        return Err(Error::new(path.display(), "the text has no tokens", TEXT));
    }
    Ok(tokens)
}

/// The first `length` of `tokens`, which begin again where they end.
pub(super) fn repeated(tokens: &[i64], length: u64) -> Vec<i64> {
    tokens.iter().copied().cycle().take(length as usize).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_or_begins_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("prompt.txt");
        std::fs::write(&path, "The cost of a prompt").unwrap();
        let tokenizer = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokenizers/byte_level.json");
        let tokens = tokens_of(&path, &tokenizer).unwrap();
        // As in tests/fixtures/tokenizers/expected.json.
        assert_eq!(tokens, [311, 69, 262, 282, 265, 273, 82, 79, 279, 84]);
        assert_eq!(repeated(&tokens, 3), [311, 69, 262]);
        assert_eq!(repeated(&tokens, 12)[9..], [84, 311, 69]);
        std::fs::write(&path, "").unwrap();
        assert!(tokens_of(&path, &tokenizer).unwrap_err().cause().contains("no tokens"));
        let missing = tokens_of(&directory.path().join("other.txt"), &tokenizer).unwrap_err();
        assert!(missing.place().ends_with("other.txt") && missing.remedy().contains("`prompt`"), "{missing}");
    }
}
