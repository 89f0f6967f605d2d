//! Rendering: pure functions from results to text.
//!
//! Nothing is measured, fitted or decided here, so that no two outputs can disagree; and words are made here only, of the numbers
//! that the gate and the analysis yield. A bench target shows laws and whether they match their baselines; the rest is the command's.

#[cfg(feature = "cli")]
mod accepted;
#[cfg(feature = "cli")]
mod attached;
#[cfg(feature = "cli")]
mod comparison;
#[cfg(feature = "cli")]
mod doctor;
#[cfg(feature = "cli")]
mod escaping;
mod expected_units;
#[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only the command shows the rest"))]
mod findings;
#[cfg(feature = "cli")]
mod findings_json;
#[cfg(feature = "cli")]
mod html;
#[cfg_attr(not(feature = "cli"), expect(dead_code, reason = "only the command shows the rest"))]
mod laws;
#[cfg(feature = "cli")]
mod laws_json;
#[cfg(feature = "cli")]
mod markdown;
mod matches;
#[cfg(feature = "cli")]
mod pairs;
#[cfg(feature = "cli")]
mod paper;
#[cfg(feature = "cli")]
mod prediction;
mod summary;
#[cfg(feature = "cli")]
mod verdict;
#[cfg(feature = "cli")]
mod why;
#[cfg(feature = "cli")]
mod why_json;
#[cfg(feature = "cli")]
mod why_table;

#[cfg(feature = "cli")]
pub(crate) use accepted::{accepted_changes, against_itself};
#[cfg(feature = "cli")]
pub(crate) use attached::attached_text;
#[cfg(feature = "cli")]
pub use comparison::{compare_json, compare_markdown, compare_text, comparisons_json};
#[cfg(feature = "cli")]
pub use doctor::doctor_text;
#[cfg(feature = "cli")]
pub(crate) use findings::listed;
pub(crate) use findings::quantity;
#[cfg(feature = "cli")]
pub(crate) use html::is_page;
#[cfg(feature = "cli")]
pub use html::{ComparePage, Models, Page, compare_html, html, pairs_html, why_html};
pub use laws::fits_text;
#[cfg(feature = "cli")]
pub use laws_json::fits_json;
#[cfg(feature = "cli")]
pub use markdown::check_markdown;
pub use matches::matches_text;
#[cfg(feature = "cli")]
pub use pairs::{pairs_json, pairs_markdown, pairs_text};
#[cfg(feature = "cli")]
pub use paper::{PaperPage, paper_json, paper_markdown, paper_text};
#[cfg(feature = "cli")]
pub use prediction::{Asked, Predicted, predicted_json, predicted_text};
pub use summary::{Measured, summary_text};
#[cfg(feature = "cli")]
pub(crate) use verdict::tally;
#[cfg(feature = "cli")]
pub use verdict::{check_json, check_text};
#[cfg(feature = "cli")]
pub use why::{why_functions, why_lines, why_markdown, why_text};
#[cfg(feature = "cli")]
pub use why_json::why_json;
