//! What the windows of a case come to per inference; pure.

use super::{Idle, Windows};

/// Costs of one inference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Costs {
    /// Area under the processor use above idle, seen from outside, in core·s.
    pub cpu_auc: f64,
    /// Processor time as the process itself has it, in seconds.
    pub cpu_time: f64,
    /// Area under the resident memory above idle, in byte·s.
    pub rss_auc: f64,
    /// What `rss_auc` is certain to, since the idle level is no more certain, in byte·s.
    pub rss_auc_certain_to: f64,
    /// Largest resident memory that a sample saw, in bytes.
    pub sampled_peak: f64,
    /// Mean processor use above idle while inferences ran, in cores.
    pub utilisation: f64,
}

impl Costs {
    /// The costs above an idle level. Bringing back the state between inferences is no part of one, and only the process
    /// itself can tell how much of its processor time that was: this is taken off both figures of processor time.
    pub fn new(windows: &Windows, idle: Idle) -> Self {
        let Windows { busy, ground, .. } = windows;
        let inferences = ground.inferences as f64;
        let area = busy.cpu_area(idle.cores);
        // An area below the idle level is noise around nothing, and a cost is not negative.
        let per_inference = |total: f64| total.max(0.0) / inferences;
        Self {
            cpu_auc: per_inference(area - ground.reset_cpu_s),
            cpu_time: per_inference(ground.cpu_s - ground.reset_cpu_s),
            rss_auc: per_inference(busy.rss_area(idle.bytes)),
            rss_auc_certain_to: per_inference(idle.bytes_certain_to * busy.duration_s()),
            sampled_peak: busy.peak_bytes(),
            utilisation: area.max(0.0) / busy.duration_s(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ground, Point, Trace};
    use super::*;

    #[test]
    fn costs_are_above_idle_and_per_inference() {
        let point = |time_s, cpu_s, rss_bytes| Point { time_s, cpu_s, rss_bytes };
        let windows = Windows {
            before: Trace::default(),
            busy: Trace(vec![point(1.0, 5.0, 40e6), point(2.0, 6.1, 60e6), point(3.0, 7.2, 40e6)]),
            after: Trace::default(),
            peak_bytes: None,
            ground: Ground { inferences: 4, cpu_s: 2.0, reset_cpu_s: 0.4 },
            start_unix_s: 0.0,
        };
        let costs = Costs::new(&windows, Idle { cores: 0.1, bytes: 40e6, bytes_certain_to: 1e6 });
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
        close(costs.cpu_auc, (2.2 - 0.2 - 0.4) / 4.0);
        close(costs.cpu_time, 0.4);
        close(costs.rss_auc, 5e6);
        close(costs.rss_auc_certain_to, 0.5e6);
        close(costs.sampled_peak, 60e6);
        close(costs.utilisation, 1.0);
        let above = Idle { cores: 2.0, bytes: 90e6, bytes_certain_to: 1e6 };
        assert_eq!(Costs::new(&windows, above).rss_auc, 0.0, "noise below idle is no cost");
    }
}
