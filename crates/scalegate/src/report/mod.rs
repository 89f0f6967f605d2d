//! Rendering: pure functions from results to text.
//!
//! Nothing is measured, fitted or decided here, so that no two outputs can disagree.

mod check;
mod command;
mod compare;
mod doctor;
mod escape;
mod fits;
mod html;
mod inert;
mod markdown;

pub use crate::units::{cost, size};
pub(crate) use check::tally;
pub use check::{check_json, check_text, matches_text};
pub use compare::{compare_json, compare_markdown, compare_text, comparisons_json};
pub use doctor::doctor_text;
pub use fits::{fits_json, fits_text};
pub use html::{ComparePage, Models, Page, compare_html, html};
pub use markdown::check_markdown;
