//! Rendering: pure functions from results to text.
//!
//! Nothing is measured, fitted or decided here, so that no two outputs can disagree.

mod check;
mod conditions;
mod doctor;
mod escape;
mod fits;
mod html;
mod plot;
mod scale;
#[cfg(test)]
mod tests;
mod units;

pub use check::{check_json, check_markdown, check_text, matches_text};
pub use doctor::doctor_text;
pub use fits::{fits_json, fits_text};
pub use html::{Page, html};
pub use units::{cost, size};
