//! CPU time and memory of a process, sampled from outside and integrated above what it uses idle, and holds unloaded.
//!
//! In: a child process that prepares a case and then waits for words. Out: three series of samples (idle, inferences,
//! idle) and the areas above idle, computed by pure functions. The sampler is the parent's own thread and keeps absolute
//! deadlines; CPU use is a difference of the kernel's cumulative counter, never an integral of percentages.

mod area;
mod costs;
mod dialogue;
mod idle;
mod probe;
mod sampler;
mod window;

pub use area::{Point, Trace};
pub use costs::Costs;
pub use dialogue::{Dialogue, Heard};
pub use idle::{MOST_APART, idle_cores};
pub use probe::{Probe, Reading};
pub use sampler::{Rate, Sampler};
pub use window::{ChildReport, Observer, Watched, Windows, below_cpu_s, own_cpu_s, reaped_cpu_s, take_windows, words};
