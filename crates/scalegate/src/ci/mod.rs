//! What a verdict becomes on GitHub: a digest, annotations, a comment, and a history of noise.
//!
//! In: the records that the jobs of a run left, or the JSON of one check. Out: text for GitHub. A [`Digest`] carries a verdict from
//! the run of a pull request to the job that may comment, and anybody may have written it: reading one checks every field, and
//! its texts can only be shown as code.

mod annotations;
mod check_file;
mod comment;
mod digest;
mod noise;
mod records;
mod results;
#[cfg(test)]
mod tests;

pub use annotations::{ConfigurationLines, annotations, fault_annotation};
pub use check_file::{CheckFile, CheckedFinding, CheckedNote};
pub use comment::{comment, fault_summary};
pub use digest::{Commit, Digest, DigestFinding, Origin};
pub use noise::noise_rows;
pub use records::{Records, merge_baselines};
pub use results::Results;
