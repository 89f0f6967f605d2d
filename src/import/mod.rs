//! Measurements of other tools as run records.

mod csv;

pub use csv::csv;
