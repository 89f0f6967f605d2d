//! The summary files that Gungraun leaves.

#[derive(Debug, Clone, PartialEq)]
pub struct CaseCounts;
pub fn read_summaries() {}
