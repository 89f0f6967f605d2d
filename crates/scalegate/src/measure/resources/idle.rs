//! The idle level of a process, from the windows before and after its inferences; pure.

use super::Trace;

/// Two idle windows agree if their CPU use differs by no more than this many cores…
pub const MOST_CORES_APART: f64 = 0.02;
/// …and their memory by no more than this share of it…
pub const MOST_SHARE_APART: f64 = 0.05;
/// …or by no more than this many bytes, which is what an allocator keeps for itself.
pub const MOST_BYTES_APART: f64 = 2e6;

/// What a process uses while it does nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Idle {
    /// CPU use in cores.
    pub cores: f64,
    /// Resident memory, or how the windows disagree about it.
    pub memory: Result<IdleMemory, String>,
}

/// What a process holds while it does nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IdleMemory {
    /// Resident bytes.
    pub bytes: f64,
    /// What `bytes` is certain to: half of what the windows differ by, and a page at the least.
    pub certain_to: f64,
}

/// The smallest page of memory of the processors that this runs on.
const PAGE_BYTES: f64 = 4096.0;

impl Idle {
    /// The level between two idle windows. Windows that disagree about memory only leave it without its level; the
    /// CPU time of the inferences between them is as good as any.
    ///
    /// # Errors
    /// The windows disagree about the use of the processor: something runs on that inferences did not wait for.
    pub fn between(before: &Trace, after: &Trace) -> Result<Self, String> {
        let cores = [before.mean_cores(), after.mean_cores()];
        if (cores[0] - cores[1]).abs() > MOST_CORES_APART {
            return Err(format!(
                "the process used {:.3} of a core while idle before, and {:.3} after; up to {MOST_CORES_APART} apart is tolerated",
                cores[0], cores[1]
            ));
        }
        let memory = memory(before.mean_bytes(), after.mean_bytes());
        Ok(Self { cores: f64::midpoint(cores[0], cores[1]), memory })
    }
}

fn memory(before: f64, after: f64) -> Result<IdleMemory, String> {
    let tolerated = MOST_BYTES_APART.max(MOST_SHARE_APART * before);
    let apart = (before - after).abs();
    if apart > tolerated {
        return Err(format!(
            "the process held {:.1} MB while idle before, and {:.1} MB after; up to {:.1} MB apart is tolerated",
            before / 1e6,
            after / 1e6,
            tolerated / 1e6
        ));
    }
    Ok(IdleMemory { bytes: f64::midpoint(before, after), certain_to: (apart / 2.0).max(PAGE_BYTES) })
}

#[cfg(test)]
mod tests {
    use super::super::Point;
    use super::*;

    fn steady(cores: f64, bytes: f64) -> Trace {
        Trace([0.0, 0.1, 0.2].map(|t| Point { time_s: t, cpu_s: 3.0 + cores * t, rss_bytes: bytes }).to_vec())
    }

    #[test]
    fn windows_that_agree_give_the_level_between_them() {
        let Idle { cores, memory } = Idle::between(&steady(0.0, 50e6), &steady(0.01, 52e6)).unwrap();
        let IdleMemory { bytes, certain_to } = memory.unwrap();
        assert!((cores - 0.005).abs() < 1e-12 && (bytes - 51e6).abs() < 1.0, "{cores} {bytes}");
        assert!((certain_to - 1e6).abs() < 1.0, "{certain_to}");
        let same = Idle::between(&steady(0.0, 50e6), &steady(0.0, 50e6)).unwrap();
        assert_eq!(same.memory.unwrap().certain_to, 4096.0, "a page");
    }

    #[test]
    fn a_process_that_is_busy_after_its_work_has_no_idle_level() {
        let words = Idle::between(&steady(0.0, 50e6), &steady(0.5, 50e6)).unwrap_err();
        insta::assert_snapshot!(words, @"the process used 0.000 of a core while idle before, and 0.500 after; up to 0.02 apart is tolerated");
    }

    #[test]
    fn memory_that_is_not_given_back_has_no_idle_level() {
        assert!(Idle::between(&steady(0.0, 200e6), &steady(0.0, 209e6)).unwrap().memory.is_ok(), "within 5 %");
        let idle = Idle::between(&steady(0.01, 200e6), &steady(0.01, 215e6)).unwrap();
        let words = idle.memory.unwrap_err();
        insta::assert_snapshot!(words, @"the process held 200.0 MB while idle before, and 215.0 MB after; up to 10.0 MB apart is tolerated");
        assert!((idle.cores - 0.01).abs() < 1e-12, "its use of the processor is steady");
    }
}
