//! What a change of a language model costs in accuracy.
//!
//! In: the directories of a reference and of a candidate with the same vocabulary, and a text that neither was trained on, or
//! prompts. Out: an [`Accuracy`], the perplexity of both and how far the candidate's predictions are from the reference's, each
//! with an interval over passages; and [`Continuations`], what both make of the prompts, with intervals over prompts.
//!
//! The text is cut to passages of the shorter context length, at most [`LONGEST_PASSAGE`] tokens; each is read from its
//! beginning, and each of its tokens but the first is predicted from those before it. [`perplexity`] is of one model by itself.
//! Prompts are continued by the most likely token, again and again; a sentence-embedding model tells how close in meaning that
//! is to the answers.

mod compare;
mod continuations;
mod perplexity;
mod prompts;
mod score;
mod similarity;
mod spread;
mod stops;

pub use compare::{Accuracy, LONGEST_PASSAGE, compare, text_passages};
pub use continuations::{Continuations, Continued, continuations};
pub use perplexity::{Perplexity, perplexity};
pub use prompts::{Prompt, read_prompts};
pub use similarity::Similarity;
