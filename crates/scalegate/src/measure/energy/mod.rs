//! Energy from real meters. Nothing here estimates: without a meter there is a reason and no number.
//!
//! In: counters of the processor (RAPL, Apple silicon), power readings of a Raspberry Pi 5, or the log of an external
//! meter. Out: joules between two times, or why they are unknown. Sources are taken in that order of trust, except that
//! a log the user names is what the user wants. Root directory and tools are injectable; the parsers are pure. Only the
//! log has been run with real windows so far; RAPL, Apple silicon and Raspberry Pi are not yet run on hardware. The offset of a log's clock has
//! been found of simulated logs only.

mod align;
mod apple;
mod choose;
mod cost;
mod log;
mod pi;
mod rapl;
mod readings;
mod signal;

pub use align::{Alignment, Load, align};
pub use apple::{Apple, energy_j as apple_energy_j};
pub use choose::{EnergySource, choose, choose_from};
pub use cost::{Energies, Energy, Metered};
pub use log::{Log, parse as parse_log};
pub use pi::{Pi, parse as parse_pmic};
pub use rapl::{Rapl, Zone};
pub use readings::{EnergyError, LEAST_READINGS, Readings};
