//! Which ids of tokens a prompt is drawn from: those of a tokenizer's vocabulary, or of a range.
//!
//! In: a `tokenizer.json` of the Hugging Face hub, of which `model.vocab` and `added_tokens` are read. Out: ids that are no special token's. No
//! text is made tokens of.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::{Error, bounded};

/// Of a `tokenizer.json`: vocabularies of 260,000 entries with their merges have half of this.
const MAX_TOKENIZER: u64 = 64 << 20;

/// The ids that prompts are drawn from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenIds {
    /// The first and the last.
    Range([u32; 2]),
    /// These, at least one.
    Listed(Vec<u32>),
}

impl TokenIds {
    /// So many of them, uniformly.
    pub(crate) fn draw(&self, count: u64, random: &mut ChaCha8Rng) -> Vec<u32> {
        // The modulo's bias is below 1e-9 for any vocabulary.
        let mut below = |n: u64| random.next_u64() % n;
        let mut one = || match self {
            Self::Range([first, last]) => first + below(u64::from(last - first) + 1) as u32,
            Self::Listed(ids) => ids[below(ids.len() as u64) as usize],
        };
        (0..count).map(|_| one()).collect()
    }
}

/// The ids of the `tokenizer.json` at a path that are not special, ascending; relative paths are of `directory`.
///
/// # Errors
/// There is no such file, it is no tokenizer's, or has special tokens only; `section` is what a message begins with.
pub(crate) fn vocabulary(section: &str, path: &Path, directory: &Path) -> crate::Result<Vec<u32>> {
    let fail = |cause: &dyn fmt::Display| {
        let remedy = "name a `tokenizer.json` as models on the Hugging Face hub have it; relative paths are of the working directory";
        Error::new(format!("{section}, `tokenizer`"), format!("{}: {cause}", path.display()), remedy)
    };
    let bytes = bounded::bytes(&directory.join(path), MAX_TOKENIZER).map_err(|error| fail(&error))?;
    parse(&bytes).map_err(|cause| fail(&cause))
}

/// Ids as they stand in a list of JSON, without its brackets.
pub(crate) fn joined(ids: &[u32]) -> String {
    ids.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// The same of its text.
fn parse(bytes: &[u8]) -> Result<Vec<u32>, String> {
    let file: File = serde_json::from_slice(bytes).map_err(|error| format!("it is no tokenizer's: {error}"))?;
    let mut ids = file.model.vocab.0;
    for token in file.added_tokens.iter().filter(|token| token.special) {
        ids.remove(&token.id);
    }
    if ids.is_empty() {
        return Err("its vocabulary has no token that is not special".to_owned());
    }
    Ok(ids.into_iter().collect())
}

/// Of a `tokenizer.json`, what is read.
#[derive(Deserialize)]
struct File {
    model: Model,
    #[serde(default)]
    added_tokens: Vec<AddedToken>,
}

#[derive(Deserialize)]
struct Model {
    vocab: Vocabulary,
}

#[derive(Deserialize)]
struct AddedToken {
    id: u32,
    #[serde(default)]
    special: bool,
}

/// Ids of a vocabulary, which is an object of them by piece (BPE, `WordPiece`, `WordLevel`), or a list of pieces with their scores, whose
/// positions they are (Unigram).
struct Vocabulary(BTreeSet<u32>);

impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Ids;

        impl<'de> Visitor<'de> for Ids {
            type Value = BTreeSet<u32>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vocabulary: ids by piece, or a list of pieces with scores")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut pieces: A) -> Result<Self::Value, A::Error> {
                let mut ids = BTreeSet::new();
                while let Some((_, id)) = pieces.next_entry::<IgnoredAny, u32>()? {
                    ids.insert(id);
                }
                Ok(ids)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut pieces: A) -> Result<Self::Value, A::Error> {
                let mut count = 0;
                while pieces.next_element::<(IgnoredAny, f64)>()?.is_some() {
                    count += 1;
                }
                Ok((0..count).collect())
            }
        }

        deserializer.deserialize_any(Ids).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    fn read(text: &str) -> Result<Vec<u32>, String> {
        parse(text.as_bytes())
    }

    #[test]
    fn prompts_have_their_length_differ_and_repeat_with_the_seed() {
        let random = || ChaCha8Rng::seed_from_u64(1);
        for ids in [TokenIds::Range([1_000, 1_003]), TokenIds::Listed(vec![1_000, 1_001, 1_002, 1_003])] {
            let mut one = random();
            let (first, second) = (ids.draw(100, &mut one), ids.draw(100, &mut one));
            assert_eq!((first.len(), first.iter().min(), first.iter().max()), (100, Some(&1_000), Some(&1_003)));
            assert_ne!(first, second);
            assert_eq!(ids.draw(100, &mut random()), first);
        }
        assert_eq!(joined(&TokenIds::Range([7, 7]).draw(2, &mut random())), "7,7");
        assert_eq!(joined(&[]), "");
    }

    #[test]
    fn a_vocabulary_is_an_object_of_ids_or_a_list_with_scores_and_special_tokens_are_left_out() {
        let bpe = r#"{"model":{"type":"BPE","vocab":{"b":5,"a":2,"</s>":1,"<think>":9},"merges":["a b"]},
            "added_tokens":[{"id":1,"content":"</s>","special":true},{"id":9,"content":"<think>","special":false},{"id":11,"content":"<pad>","special":true}]}"#;
        assert_eq!(read(bpe), Ok(vec![2, 5, 9]));
        let unigram = r#"{"added_tokens":[{"id":0,"special":true}],"model":{"type":"Unigram","vocab":[["<unk>",0.0],["a",-1.5],["b",-2]]}}"#;
        assert_eq!(read(unigram), Ok(vec![1, 2]));
        assert_eq!(read(r#"{"model":{"vocab":{"[UNK]":0}}}"#), Ok(vec![0]), "WordLevel, nothing added");
    }

    #[test]
    fn what_has_no_vocabulary_is_refused() {
        let wrong = [
            "",
            "{}",
            r#"{"model":{"type":"BPE"}}"#,
            r#"{"model":{"vocab":12}}"#,
            r#"{"model":{"vocab":{"a":-1}}}"#,
            r#"{"model":{"vocab":["a","b"]}}"#,
            r#"{"model":{"vocab":{}}}"#,
            r#"{"model":{"vocab":{"</s>":1}},"added_tokens":[{"id":1,"special":true}]}"#,
        ];
        let all: Vec<String> = wrong.iter().map(|text| read(text).unwrap_err()).collect();
        insta::assert_snapshot!(all.join("\n"), @r#"
        it is no tokenizer's: EOF while parsing a value at line 1 column 0
        it is no tokenizer's: missing field `model` at line 1 column 2
        it is no tokenizer's: missing field `vocab` at line 1 column 23
        it is no tokenizer's: invalid type: integer `12`, expected a vocabulary: ids by piece, or a list of pieces with scores at line 1 column 20
        it is no tokenizer's: invalid value: integer `-1`, expected u32 at line 1 column 25
        it is no tokenizer's: invalid type: string "a", expected a tuple of size 2 at line 1 column 22
        its vocabulary has no token that is not special
        its vocabulary has no token that is not special
        "#);
    }
}
