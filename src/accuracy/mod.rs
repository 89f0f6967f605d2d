//! What a change of a language model costs in accuracy.
//!
//! In: the directories of a reference and of a candidate with the same vocabulary, and a text that neither was trained on. Out:
//! an [`Accuracy`]: the perplexity of both, and how far the candidate's predictions are from the reference's, each with an
//! interval over passages.
//!
//! The text is cut to passages of the shorter context length, at most [`LONGEST_PASSAGE`] tokens; each is read from its
//! beginning, and each of its tokens but the first is predicted from those before it. [`perplexity`] is of one model by itself.

mod compare;
mod perplexity;
mod score;
mod spread;

pub use compare::{Accuracy, LONGEST_PASSAGE, compare, text_passages};
pub use perplexity::{Perplexity, perplexity};
