//! What the windows of a case come to per inference; pure.

use super::{Idle, IdleMemory, Windows};

/// Costs of one inference.
#[derive(Debug, Clone, PartialEq)]
pub struct Costs {
    /// Area under the CPU use above idle, seen from outside, in core·s.
    pub cpu_auc: f64,
    /// CPU time as the process itself has it, in seconds.
    pub cpu_time: f64,
    /// Area under the resident memory above idle, in byte·s; a reason where memory has no idle level, or none that is
    /// certain to less than the area.
    pub rss_auc: Result<f64, String>,
    /// Largest resident memory that a sample saw, in bytes.
    pub sampled_peak: f64,
    /// Mean CPU use above idle while inferences ran, in cores.
    pub utilisation: f64,
}

impl Costs {
    /// The costs above an idle level. Bringing back the state between inferences is no part of one, and only the process
    /// itself can tell how much of its CPU time that was: this is taken off both figures of CPU time.
    pub fn new(windows: &Windows, idle: &Idle) -> Self {
        let Windows { busy, report, .. } = windows;
        let area = busy.cpu_area(idle.cores);
        Self {
            cpu_auc: per_inference(windows, area - report.reset_cpu_s),
            cpu_time: per_inference(windows, report.cpu_s - report.reset_cpu_s),
            rss_auc: idle.memory.clone().and_then(|level| rss_auc(windows, level)),
            sampled_peak: busy.peak_bytes(),
            utilisation: area.max(0.0) / busy.duration_s(),
        }
    }
}

/// An area below the idle level is noise around nothing, and a cost is not negative.
fn per_inference(windows: &Windows, total: f64) -> f64 {
    total.max(0.0) / windows.report.inferences as f64
}

fn rss_auc(windows: &Windows, level: IdleMemory) -> Result<f64, String> {
    let area = per_inference(windows, windows.busy.rss_area(level.bytes));
    let certain_to = per_inference(windows, level.certain_to * windows.busy.duration_s());
    if area < certain_to {
        return Err(format!(
            "an inference needs less memory above idle ({area:.0} byte·s) than the idle level is certain to ({certain_to:.0} byte·s), \
             which is too little to sample; `heap_bytes` counts it"
        ));
    }
    Ok(area)
}

#[cfg(test)]
mod tests {
    use super::super::{ChildReport, Point, Trace};
    use super::*;

    fn windows() -> Windows {
        let point = |time_s, cpu_s, rss_bytes| Point { time_s, cpu_s, rss_bytes };
        Windows {
            before: Trace::default(),
            busy: Trace(vec![point(1.0, 5.0, 40e6), point(2.0, 6.1, 60e6), point(3.0, 7.2, 40e6)]),
            after: Trace::default(),
            peak_bytes: None,
            report: ChildReport { inferences: 4, cpu_s: 2.0, reset_cpu_s: 0.4, ..ChildReport::default() },
            start_unix_s: 0.0,
        }
    }

    fn idle(cores: f64, bytes: f64, certain_to: f64) -> Idle {
        Idle { cores, memory: Ok(IdleMemory { bytes, certain_to }) }
    }

    #[test]
    fn costs_are_above_idle_and_per_inference() {
        let costs = Costs::new(&windows(), &idle(0.1, 40e6, 1e6));
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
        close(costs.cpu_auc, (2.2 - 0.2 - 0.4) / 4.0);
        close(costs.cpu_time, 0.4);
        close(costs.rss_auc.unwrap(), 5e6);
        close(costs.sampled_peak, 60e6);
        close(costs.utilisation, 1.0);
        assert_eq!(Costs::new(&windows(), &idle(2.0, 40e6, 1e6)).cpu_auc, 0.0, "noise below idle is no cost");
    }

    #[test]
    fn an_area_that_the_idle_level_is_not_certain_to_is_a_reason() {
        assert!(Costs::new(&windows(), &idle(0.0, 40e6, 9.9e6)).rss_auc.is_ok());
        let words = Costs::new(&windows(), &idle(0.0, 40e6, 10.1e6)).rss_auc.unwrap_err();
        insta::assert_snapshot!(words, @"an inference needs less memory above idle (5000000 byte·s) than the idle level is certain to (5050000 byte·s), which is too little to sample; `heap_bytes` counts it");
    }

    #[test]
    fn unsteady_memory_withholds_its_area_and_nothing_else() {
        let costs = Costs::new(&windows(), &Idle { cores: 0.1, memory: Err("memory is unsteady".to_owned()) });
        let steady = Costs::new(&windows(), &idle(0.1, 40e6, 1e6));
        assert_eq!(costs, Costs { rss_auc: Err("memory is unsteady".to_owned()), ..steady });
    }
}
