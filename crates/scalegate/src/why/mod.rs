//! Why a cost changed: which function, and which term of its law.
//!
//! In: instructions by function of two runs, at the same sizes. Out: an [`Explanation`] of each workload: parts that add up to the whole
//! on both sides, each with the terms of the law that it has, the largest change first; and what else differs. The module is pure, and
//! yields numbers; words and pictures are made by [`report`](crate::report).

mod attribution;
mod callers;
mod cause;
mod explain;
mod frames;
mod helpers;

pub use cause::{ChangedFile, Counted, Why, WorkloadWhy};
pub use explain::{Explanation, Part, Presence, Unexplained, explain};
pub use frames::Frame;
