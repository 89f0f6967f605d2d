//! Instructions counted by the processor, for hosts where Valgrind can't run.
//!
//! In: the counters of the system. Out: the instructions that this process executed in user space between two calls, or
//! why the host does not tell. One trait, one small source for each system; what they read is parsed by pure functions.
//! Not yet run on hardware: the machine that the first records come from shows no counters to its guests.

#[cfg(target_os = "linux")]
mod kernel_counter;
#[cfg(target_os = "linux")]
mod perf_event;
mod rusage;

/// Counts the instructions of this process.
pub trait InstructionCounter {
    /// Starts to count from zero.
    ///
    /// # Errors
    /// The counter could not be started, in words.
    fn start(&mut self) -> Result<(), String>;

    /// Stops and says how many instructions were executed since the start.
    ///
    /// # Errors
    /// The counter could not be read, or did not count all the time.
    fn stop(&mut self) -> Result<u64, String>;
}

/// The counter of this host.
///
/// # Errors
/// Why there is none, and what would help, in one line: this is what a record says of the metric.
pub fn instruction_counter() -> Result<Box<dyn InstructionCounter>, String> {
    #[cfg(target_os = "linux")]
    return perf_event::PerfEvent::open().map(|counter| Box::new(counter) as Box<dyn InstructionCounter>);
    #[cfg(target_os = "macos")]
    return rusage::ProcessUsage::open().map(|counter| Box::new(counter) as Box<dyn InstructionCounter>);
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    return Err("hardware counters are read on Linux and macOS".to_owned());
}
