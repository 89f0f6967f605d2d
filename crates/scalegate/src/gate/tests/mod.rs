//! The gate on simulated suites.

mod between_runs;
mod interim;
mod missing;
mod pairs;
mod properties;
mod seeded;
mod staircases;
mod suite;
