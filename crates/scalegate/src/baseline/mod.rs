//! Accepted runs on disk.
//!
//! In: a run that somebody accepted, with a reason. Out: one document per workload and metric that keeps the raw samples,
//! so that a later version can fit them again, below `portable/` (its shapes are valid everywhere), below
//! `portable/<key>/` (its counts are valid wherever they are made with the same tools) and below `hosts/<host class>/`
//! (its costs are valid on that class of machine).

mod document;
mod key;
mod store;

pub use document::Baseline;
pub use key::count_key;
pub use store::{Accepted, Store};
