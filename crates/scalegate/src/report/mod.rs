//! Rendering: pure functions from results to text.
//!
//! Nothing is measured, fitted or decided here, so that no two outputs can disagree; and words are made here only, of the numbers
//! that the gate and the analysis yield.

mod comparison;
mod doctor;
mod escaping;
mod findings;
mod html;
mod laws;
mod markdown;
mod pairs;
mod verdict;

pub use comparison::{compare_json, compare_markdown, compare_text, comparisons_json};
pub use doctor::doctor_text;
pub use html::{ComparePage, Models, Page, compare_html, html};
pub use laws::{fits_json, fits_text};
pub use markdown::check_markdown;
pub use pairs::{pairs_json, pairs_text};
pub(crate) use verdict::tally;
pub use verdict::{check_json, check_text, matches_text};
