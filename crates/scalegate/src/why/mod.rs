//! Why a cost changed: which function, and which term of its law.
//!
//! In: instructions by function of two runs, at the same sizes. Out: an [`Explanation`] of each workload: parts that add up to the whole
//! on both sides, each with the terms of the law that it has, the largest change first; and what else differs. Of a workload that knows its
//! parts, as the nodes of a graph, in go these as well: what became of the graph, and where wall time went. The module is pure, and yields
//! numbers; words and pictures are made by [`report`](crate::report).

mod attribution;
mod callers;
mod cause;
mod explain;
mod frames;
mod graph;
mod helpers;
mod operators;

pub use cause::{ChangedFile, Counted, Why, WorkloadWhy};
pub use explain::{Explanation, Part, Presence, Unexplained, explain};
pub use frames::Frame;
pub use graph::{Changed, GraphChange, NodeChange, compare};
pub use operators::{Operators, Timed};
