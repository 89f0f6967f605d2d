//! Runs as one HTML file that needs no network.
//!
//! Everything that comes from records is text and never markup: `maud` escapes what it is given. The page's security policy lets
//! nothing be loaded, and nothing run but the script that sorts tables, named by its hash.

mod comparison;
mod frame;
mod front;
mod heat_map;
mod laws;
mod markup;
mod overlay;
mod page;
mod pairs;
mod plot;
mod provenance;
mod scale;
#[cfg(test)]
mod tests;
mod tiles;
mod why;

pub use comparison::{ComparePage, compare_html};
pub(crate) use markup::is_page;
pub use page::{Models, Page, html};
pub use pairs::pairs_html;
pub use why::why_html;
