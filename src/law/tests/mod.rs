//! Tests of the fits on certified, simulated and degenerate data.

mod classes;
mod degenerate;
mod measure;
mod nist;
mod properties;
