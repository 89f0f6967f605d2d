//! Tests of the fits on certified, simulated and degenerate data.

mod classes;
mod degenerate;
mod intervals;
mod nist;
mod predict;
mod properties;
mod reference;
mod staircases;
