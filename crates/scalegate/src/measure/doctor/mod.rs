//! What this host can measure, and what would disturb it.
//!
//! In: the files of `/sys`, the Raspberry Pi's firmware, the Mac's `pmset`, and the probes of the metrics. Out: the
//! [`Facts`], and by a pure function what they come to: an [`Item`] for each, with what to do about it. What a host does not
//! tell is a note and never well.

mod examine;
mod facts;
mod parse;

pub use examine::{Item, Level, examine};
pub use facts::{Facts, Memory, Power};
