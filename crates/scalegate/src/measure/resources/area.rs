//! Areas under samples; pure.

/// One poll of a process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Seconds since the sampler was made.
    pub time_s: f64,
    /// CPU time that the process has used since it began, in seconds.
    pub cpu_s: f64,
    /// Resident memory.
    pub rss_bytes: f64,
}

/// Samples in the order of time, with one at each end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Trace(pub Vec<Point>);

impl Trace {
    /// Seconds from the first sample to the last.
    pub fn duration_s(&self) -> f64 {
        self.ends().map_or(0.0, |(first, last)| last.time_s - first.time_s)
    }

    /// CPU time between the ends, in seconds. The differences of a cumulative counter add up to this, so that
    /// neither the rate nor the times of the samples between the ends matter.
    pub fn cpu_s(&self) -> f64 {
        self.ends().map_or(0.0, |(first, last)| last.cpu_s - first.cpu_s)
    }

    /// Area under the CPU use above a level of `idle_cores`, in core·s.
    pub fn cpu_area(&self, idle_cores: f64) -> f64 {
        self.cpu_s() - idle_cores * self.duration_s()
    }

    /// Area under the resident memory above a level of so many bytes, in byte·s, by the trapezoidal rule.
    pub fn rss_area(&self, level_bytes: f64) -> f64 {
        let trapezoid =
            |pair: &[Point]| (pair[1].time_s - pair[0].time_s) * (pair[0].rss_bytes + pair[1].rss_bytes) / 2.0;
        self.0.windows(2).map(trapezoid).sum::<f64>() - level_bytes * self.duration_s()
    }

    /// Mean CPU use, in cores.
    pub fn mean_cores(&self) -> f64 {
        if self.duration_s() > 0.0 { self.cpu_s() / self.duration_s() } else { 0.0 }
    }

    /// The largest resident memory that a sample saw, in bytes.
    pub fn peak_bytes(&self) -> f64 {
        self.0.iter().map(|point| point.rss_bytes).fold(0.0, f64::max)
    }

    fn ends(&self) -> Option<(&Point, &Point)> {
        Some((self.0.first()?, self.0.last()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: f64 = 1e6;

    fn trace(times: impl Iterator<Item = f64>, cpu: impl Fn(f64) -> f64, rss: impl Fn(f64) -> f64) -> Trace {
        Trace(times.map(|t| Point { time_s: t, cpu_s: cpu(t), rss_bytes: rss(t) }).collect())
    }

    #[test]
    fn the_area_of_a_counter_does_not_depend_on_the_rate() {
        let bursts = |t: f64| 0.7 * t + 0.1 * (40.0 * t).sin();
        for rate in [5.0, 20.0, 100.0] {
            let samples = (1.5 * rate) as usize;
            let times = (0..samples).map(|i| i as f64 / rate).chain([1.5]);
            let area = trace(times, bursts, |_| 0.0).cpu_area(0.02);
            assert!((area - (bursts(1.5) - bursts(0.0) - 0.03)).abs() < 1e-12, "{rate} Hz: {area}");
        }
    }

    #[test]
    fn a_step_of_64_mb_and_300_ms_is_seen_at_20_hz_whenever_it_comes() {
        for phase in 0..50 {
            let start = 0.4 + f64::from(phase) * 1e-3 + 5e-4;
            let step = |t: f64| if t > start && t <= start + 0.3 { 164.0 * MB } else { 100.0 * MB };
            let seen = trace((0..=20).map(|i| f64::from(i) * 0.05), |_| 0.0, step);
            assert!((seen.rss_area(100.0 * MB) / (0.3 * 64.0 * MB) - 1.0).abs() < 1e-9, "starts at {start} s");
            assert_eq!(seen.peak_bytes(), 164.0 * MB);
        }
    }

    #[test]
    fn a_ramp_has_the_area_of_its_triangle_and_its_mean_use() {
        let ramp = trace([0.0, 0.1, 0.35, 1.0].into_iter(), |t| t, |t| 50.0 * MB + 10.0 * MB * t);
        assert!((ramp.rss_area(50.0 * MB) / (5.0 * MB) - 1.0).abs() < 1e-12);
        assert!((ramp.mean_cores() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_single_sample_has_no_area() {
        let one = trace([0.3].into_iter(), |_| 5.0, |_| MB);
        assert_eq!((one.cpu_area(1.0), one.rss_area(0.0), one.mean_cores(), one.peak_bytes()), (0.0, 0.0, 0.0, MB));
        assert_eq!(Trace::default().peak_bytes(), 0.0);
    }
}
