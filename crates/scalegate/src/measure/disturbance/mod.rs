//! What else went on while something was measured: frequency, temperature, throttling, and other processes.
//!
//! In: the files of `/sys` and `/proc` and the Raspberry Pi's firmware, each of which may be absent. Out: the conditions
//! around a window, and the reason why it cannot be used, if there is one. What a host does not tell is `None`, and is
//! shown as unknown. Root directory and firmware tool are injectable; the parsers are pure.

mod conditions;
mod judge;
mod parse;

pub use conditions::{Conditions, Sensors};
pub use judge::{Limits, Surroundings, judge, summary, throttling};
pub use parse::{flags_now, flags_since_start};
