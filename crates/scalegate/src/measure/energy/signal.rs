//! Power over time, summed quickly over windows; pure.

use super::align::Load;

/// Power readings with the sums up to each.
pub(super) struct Signal {
    times: Vec<f64>,
    power: Vec<f64>,
    squares: Vec<f64>,
}

/// What a correlation takes of the readings within some windows: their number, and sums of the CPU use x and of the power p.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sums {
    n: f64,
    x: f64,
    xx: f64,
    p: f64,
    pp: f64,
    xp: f64,
}

impl Signal {
    pub(super) fn new(readings: &[(f64, f64)]) -> Self {
        // About the mean, so that the sums of squares keep their digits.
        let mean = readings.iter().map(|(_, watts)| watts).sum::<f64>() / readings.len().max(1) as f64;
        let sums = |of: fn(f64) -> f64| {
            let mut sum = 0.0;
            let sums = readings.iter().map(|(_, watts)| {
                sum += of(watts - mean);
                sum
            });
            std::iter::once(0.0).chain(sums).collect()
        };
        let times = readings.iter().map(|(time, _)| *time).collect();
        Self { times, power: sums(|watts| watts), squares: sums(|watts| watts * watts) }
    }

    /// First and last time, and the usual distance between two readings, in seconds.
    pub(super) fn extent(&self) -> Option<(f64, f64, f64)> {
        let mut distances: Vec<f64> = self.times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        distances.sort_unstable_by(f64::total_cmp);
        Some((*self.times.first()?, *self.times.last()?, *distances.get(distances.len() / 2)?))
    }

    /// Of the readings that are in the windows of a case, if the log's clock is `offset_s` behind.
    pub(super) fn sums(&self, load: &Load, offset_s: f64) -> Sums {
        load.spans.iter().fold(Sums::default(), |sum, (span, cores)| {
            let from = self.times.partition_point(|time| time + offset_s < span.from_s);
            let to = self.times.partition_point(|time| time + offset_s < span.to_s);
            let n = (to - from) as f64;
            let (p, pp) = (self.power[to] - self.power[from], self.squares[to] - self.squares[from]);
            sum.plus(Sums { n, x: n * cores, xx: n * cores * cores, p, pp, xp: cores * p })
        })
    }
}

impl Sums {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            n: self.n + other.n,
            x: self.x + other.x,
            xx: self.xx + other.xx,
            p: self.p + other.p,
            pp: self.pp + other.pp,
            xp: self.xp + other.xp,
        }
    }

    /// Pearson's; 0 where one of the two does not vary.
    pub(super) fn correlation(self) -> f64 {
        let of_power = self.n * self.pp - self.p * self.p;
        let of_cores = self.n * self.xx - self.x * self.x;
        let both = self.n * self.xp - self.x * self.p;
        if of_power > 0.0 && of_cores > 0.0 { both / (of_power * of_cores).sqrt() } else { 0.0 }
    }
}
