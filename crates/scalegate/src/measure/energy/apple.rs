//! Apple silicon's energy counter of a process, from `proc_pid_rusage`; needs no root. Not yet run on hardware.

use super::readings::Collected;
use super::{EnergySource, Readings};

/// Words of 64 bits in `rusage_info_v6` of `sys/resource.h`, after the two of its UUID.
const WORDS: usize = 58;

/// `ri_energy_nj` among them.
const ENERGY_NJ: usize = 2 + 40;

/// Joules in the words of a `rusage_info_v6`. A machine that does not count energy leaves 0 there, which is no reading.
pub fn energy_j(words: &[u64]) -> Option<f64> {
    words.get(ENERGY_NJ).filter(|energy_nj| **energy_nj > 0).map(|energy_nj| *energy_nj as f64 / 1e9)
}

/// The counters of the processes that were measured, one after the other.
#[derive(Debug)]
pub struct Apple {
    process: Option<(u32, f64)>,
    total_j: f64,
    readings: Collected,
}

impl Apple {
    /// The counter, if this machine has one.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find() -> Result<Self, String> {
        let own = read(std::process::id())?;
        energy_j(&own).ok_or_else(|| "proc_pid_rusage counts no energy on this machine".to_owned())?;
        Ok(Self { process: None, total_j: 0.0, readings: Collected::new() })
    }

    /// Adds what a process has used since its last reading; the first one of a process is where it starts.
    fn advance(&mut self, pid: u32, joules: f64) -> f64 {
        if let Some((_, before)) = self.process.filter(|(last, _)| *last == pid) {
            self.total_j += joules - before;
        }
        self.process = Some((pid, joules));
        self.total_j
    }
}

impl EnergySource for Apple {
    fn describe(&self) -> String {
        "counter of the process (ri_energy_nj)".to_owned()
    }

    fn sample(&mut self, pid: u32, unix_s: f64) {
        // The machine counts energy, as was seen at the beginning; a process that has just begun may have used none.
        let reading = read(pid).map(|words| energy_j(&words).unwrap_or(0.0)).map(|joules| self.advance(pid, joules));
        self.readings.push(unix_s, reading);
    }

    fn readings(&self) -> Result<Readings, String> {
        self.readings.all().map(Readings::Counter)
    }
}

#[cfg(target_os = "macos")]
#[expect(unsafe_code, reason = "there is no safe wrapper of proc_pid_rusage")]
fn read(pid: u32) -> Result<[u64; WORDS], String> {
    /// `RUSAGE_INFO_V6`, which the libc crate does not have.
    const FLAVOUR: libc::c_int = 6;
    let mut words = [0; WORDS];
    let pid = libc::c_int::try_from(pid).map_err(|error| error.to_string())?;
    // SAFETY: the buffer is as long as `rusage_info_v6` and aligned as its widest field.
    let status = unsafe { libc::proc_pid_rusage(pid, FLAVOUR, words.as_mut_ptr().cast()) };
    if status == 0 { Ok(words) } else { Err(format!("proc_pid_rusage: {}", std::io::Error::last_os_error())) }
}

#[cfg(not(target_os = "macos"))]
fn read(_: u32) -> Result<[u64; WORDS], String> {
    Err("this is no Mac with a counter per process".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_energy_is_behind_the_uuid_and_forty_words() {
        let mut words = [7; WORDS];
        words[42] = 2_500_000_000;
        assert_eq!(energy_j(&words), Some(2.5));
    }

    #[test]
    fn a_machine_that_counts_no_energy_is_not_one_that_uses_none() {
        assert_eq!(energy_j(&[0; WORDS]), None);
        assert_eq!(energy_j(&[1; 40]), None, "a shorter structure of an older system");
    }

    #[test]
    fn each_process_counts_from_its_own_beginning() {
        let mut apple = Apple { process: None, total_j: 0.0, readings: Collected::new() };
        let totals = [(1, 5.0), (1, 8.0), (2, 0.5), (2, 1.5)].map(|(pid, joules)| apple.advance(pid, joules));
        assert_eq!(totals, [0.0, 3.0, 3.0, 4.0]);
    }
}
