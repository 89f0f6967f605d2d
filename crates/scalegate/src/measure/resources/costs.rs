//! What the windows of a case come to per inference; pure.

use super::Windows;

/// Costs of one inference.
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    /// Area under the CPU use above idle, seen from outside, in core·s.
    pub cpu_auc: f64,
    /// CPU time as the process itself has it, in seconds.
    pub cpu_time: f64,
    /// Area under the resident memory above that of the unloaded process, in byte·s.
    pub rss_auc: f64,
    /// Largest resident memory that a sample saw, in bytes.
    pub sampled_peak: f64,
    /// Mean CPU use above idle while inferences ran, in cores.
    pub utilisation: f64,
}

impl Costs {
    /// The costs above a CPU use of `idle_cores`. Bringing back the state between inferences is no part of one, and only the process
    /// itself can tell how much of its CPU time that was: this is taken off both figures of CPU time.
    pub fn new(windows: &Windows, idle_cores: f64) -> Self {
        let Windows { busy, report, .. } = windows;
        let area = busy.cpu_area(idle_cores);
        Self {
            cpu_auc: per_inference(windows, area - report.reset_cpu_s),
            cpu_time: per_inference(windows, report.cpu_s - report.reset_cpu_s),
            rss_auc: per_inference(windows, busy.rss_area(windows.unloaded_bytes)),
            sampled_peak: busy.peak_bytes(),
            utilisation: area.max(0.0) / busy.duration_s(),
        }
    }
}

/// An area below the idle level is noise around nothing, and a cost is not negative.
fn per_inference(windows: &Windows, total: f64) -> f64 {
    total.max(0.0) / windows.report.inferences as f64
}

#[cfg(test)]
mod tests {
    use super::super::{ChildReport, Point, Trace};
    use super::*;

    #[test]
    fn costs_are_above_their_levels_and_per_inference() {
        let point = |time_s, cpu_s, rss_bytes| Point { time_s, cpu_s, rss_bytes };
        let windows = Windows {
            unloaded_bytes: 10e6,
            before: Trace::default(),
            busy: Trace(vec![point(1.0, 5.0, 40e6), point(2.0, 6.1, 60e6), point(3.0, 7.2, 40e6)]),
            after: Trace::default(),
            peak_bytes: None,
            report: ChildReport { inferences: 4, cpu_s: 2.0, reset_cpu_s: 0.4, ..ChildReport::default() },
            start_unix_s: 0.0,
        };
        let costs = Costs::new(&windows, 0.1);
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
        close(costs.cpu_auc, (2.2 - 0.2 - 0.4) / 4.0);
        close(costs.cpu_time, 0.4);
        close(costs.rss_auc, (2.0 * 50e6 - 2.0 * 10e6) / 4.0);
        close(costs.sampled_peak, 60e6);
        close(costs.utilisation, 1.0);
        assert_eq!(Costs::new(&windows, 2.0).cpu_auc, 0.0, "noise below idle is no cost");
    }
}
