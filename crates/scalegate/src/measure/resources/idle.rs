//! The idle level of a process, from the windows before and after its inferences; pure.

use super::Trace;

/// Two idle windows agree if their CPU use differs by no more than this share of what the inferences use, or of a core if they use
/// less. The level between them is then certain to half of it, and so is the area.
pub const MOST_APART: f64 = 0.02;

/// The CPU use of a process that does nothing, in cores: the level between two idle windows.
///
/// # Errors
/// The windows disagree: something runs on that inferences did not wait for.
pub fn idle_cores(before: &Trace, busy: &Trace, after: &Trace) -> Result<f64, String> {
    let cores = [before.mean_cores(), after.mean_cores()];
    let tolerated = MOST_APART * busy.mean_cores().max(1.0);
    if (cores[0] - cores[1]).abs() > tolerated {
        return Err(format!(
            "the process used {:.3} of a core while idle before, and {:.3} after; up to {tolerated:.3} apart is tolerated",
            cores[0], cores[1]
        ));
    }
    Ok(f64::midpoint(cores[0], cores[1]))
}

#[cfg(test)]
mod tests {
    use super::super::Point;
    use super::*;

    fn using(cores: f64) -> Trace {
        Trace([0.0, 0.1, 0.2].map(|t| Point { time_s: t, cpu_s: 3.0 + cores * t, rss_bytes: 5e6 }).to_vec())
    }

    #[test]
    fn windows_that_agree_give_the_level_between_them() {
        let cores = idle_cores(&using(0.0), &using(1.0), &using(0.01)).unwrap();
        assert!((cores - 0.005).abs() < 1e-12, "{cores}");
    }

    #[test]
    fn a_process_that_is_busy_after_its_work_has_no_idle_level() {
        let words = idle_cores(&using(0.0), &using(0.5), &using(0.5)).unwrap_err();
        insta::assert_snapshot!(words, @"the process used 0.000 of a core while idle before, and 0.500 after; up to 0.020 apart is tolerated");
    }

    #[test]
    fn what_is_tolerated_is_a_share_of_the_use() {
        assert!(idle_cores(&using(0.01), &using(2.0), &using(0.045)).is_ok());
        assert!(idle_cores(&using(0.01), &using(2.0), &using(0.055)).is_err());
        assert!(idle_cores(&using(0.01), &using(1.0), &using(0.045)).is_err());
    }
}
