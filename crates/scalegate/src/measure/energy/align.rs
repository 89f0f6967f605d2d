//! The offset between the clock of a log and this machine's, where nobody set them to the same time; pure.
//!
//! In: the windows of a run with their CPU use, and power readings at the times of the log. Out: the offset at which power follows the CPU use
//! best, by the normalised cross-correlation (Knapp and Carter, IEEE Trans. ASSP 24, 1976, 320-327), with its error. Only readings within
//! windows count: what the machine did between them is unknown. The error is that of a bootstrap over cases, as blocks of readings that
//! belong together (Künsch, Ann. Statist. 17, 1989, 1217-1241), and of the distance between readings. An offset that is not clear is none.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::Readings;
use super::signal::{Signal, Sums};
use crate::record::{Span, Window};

/// Cases, at the least: each half of a run has its own offset, and a bootstrap of fewer than four of them says nothing.
const MIN_CASES: usize = 8;

/// Below this the CPU use explains less than half of the variance of the power.
const MIN_CORRELATION: f64 = 0.7;

/// Resamples, and how many of them may prefer another offset: above one in a hundred it cannot be told from this one.
const RESAMPLES: usize = 200;
const MAX_PREFERRING: f64 = 0.01;

/// Steps of an offset for each distance between readings, and for each shortest window.
const STEPS_PER_READING: f64 = 20.0;
const STEPS_PER_WINDOW: f64 = 1000.0;

/// Offsets on the coarse grid, at the most: each takes all windows of the run.
const MAX_OFFSETS: u64 = 100_000;

/// Correlations of the same readings may differ by this.
const ROUNDING: f64 = 1e-9;

/// Standard errors of an interval of 95 %, and by how many of them the halves of a run may differ.
const HALF_WIDTH: f64 = 1.96;
const MAX_APART: f64 = 3.0;

/// A case's windows, each with its mean CPU use in cores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Before, while and after inferences ran.
    pub spans: [(Span, f64); 3],
}

impl Load {
    /// The windows of a case with the cores that it used in each.
    pub fn new(window: &Window, cores: [f64; 3]) -> Self {
        let [before, busy, after] = cores;
        Self { spans: [(window.before, before), (window.busy, busy), (window.after, after)] }
    }

    fn busy(&self) -> Span {
        self.spans[1].0
    }
}

/// Where the clock of a log stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alignment {
    /// Seconds to add to the log's times to get this machine's.
    pub offset_s: f64,
    /// Half the width of its 95 % interval, in seconds.
    pub error_s: f64,
    /// Of power and CPU use at that offset.
    pub correlation: f64,
}

/// Finds the offset of the log's clock.
///
/// # Errors
/// Why there is none, and what to do: too few cases, a log that does not reach beyond the run, power that does not follow the CPU use,
/// several offsets that fit, or a clock of another rate.
pub fn align(loads: &[Load], readings: &Readings) -> Result<Alignment, String> {
    let Readings::Power(power) = readings else { return Err("a counter has this machine's clock".to_owned()) };
    if loads.len() < MIN_CASES {
        let count = loads.len();
        return Err(format!(
            "{count} cases are too few to find the log's clock by, and {MIN_CASES} are needed; measure more sizes or rounds"
        ));
    }
    let signal = Signal::new(power);
    let search = Search::new(loads, &signal)?;
    let coarse = search.coarse(loads)?;
    let best = search.best(loads, &coarse)?;
    search.refuse_rivals(loads, &coarse, best)?;
    let mut in_order = loads.to_vec();
    in_order.sort_by(|a, b| a.busy().from_s.total_cmp(&b.busy().from_s));
    let [first, second] =
        [&in_order[..loads.len() / 2], &in_order[loads.len() / 2..]].map(|half| search.peak(half, best.offset_s));
    let apart = second.offset_s - first.offset_s;
    let (from_s, to_s) = search.run;
    if apart.abs() > MAX_APART * first.error_s.hypot(second.error_s) {
        return Err(format!(
            "the log's clock has another rate: it is {:.2} s further on in the second half of the run than in the first, which is {:.0} ppm; \
             set it by this machine's clock, or measure for a shorter time",
            apart.abs(),
            2e6 * apart.abs() / (to_s - from_s)
        ));
    }
    let whole = search.peak(loads, best.offset_s);
    // A drift too small to be shown moves the ends of the run by as much as the halves differ.
    let error_s = HALF_WIDTH * whole.error_s.hypot(apart);
    Ok(Alignment { offset_s: whole.offset_s, error_s, correlation: whole.correlation })
}

/// An offset at which the correlation has a maximum.
#[derive(Debug, Clone, Copy)]
struct Peak {
    offset_s: f64,
    correlation: f64,
    /// Standard error; 0 where none was asked for.
    error_s: f64,
}

/// The offsets that come into question.
struct Search<'a> {
    signal: &'a Signal,
    /// From the first window to the last, in this machine's time.
    run: (f64, f64),
    /// Those at which the log has the whole run.
    offsets: (f64, f64),
    /// The shortest busy window: what is further from the best offset than this is another one.
    radius_s: f64,
    coarse_s: f64,
    fine_s: f64,
}

impl<'a> Search<'a> {
    fn new(loads: &[Load], signal: &'a Signal) -> Result<Self, String> {
        let spans = || loads.iter().flat_map(|load| load.spans.map(|(span, _)| span));
        let from_s = spans().map(|span| span.from_s).fold(f64::INFINITY, f64::min);
        let to_s = spans().map(|span| span.to_s).fold(f64::NEG_INFINITY, f64::max);
        let shortest_s = spans().map(Span::duration_s).fold(f64::INFINITY, f64::min);
        let radius_s = loads.iter().map(|load| load.busy().duration_s()).fold(f64::INFINITY, f64::min);
        let (begin_s, end_s, interval_s) = signal.extent().ok_or("the log has no readings")?;
        let offsets = (to_s - end_s, from_s - begin_s);
        if offsets.1 - offsets.0 < 2.0 * radius_s {
            return Err(format!(
                "the log has {:.1} s and the run {:.1} s: start the meter at least {radius_s:.1} s before the run, and stop it as much after it",
                end_s - begin_s,
                to_s - from_s
            ));
        }
        let fine_s = (interval_s / STEPS_PER_READING).max(radius_s / STEPS_PER_WINDOW);
        let coarse_s = (shortest_s / 4.0).max(interval_s / 4.0);
        Ok(Self { signal, run: (from_s, to_s), offsets, radius_s, coarse_s, fine_s })
    }

    fn sums(&self, loads: &[Load], offset_s: f64) -> Sums {
        loads.iter().fold(Sums::default(), |sum, load| sum.plus(self.signal.sums(load, offset_s)))
    }

    /// Offsets all over the log, each with its correlation.
    fn coarse(&self, loads: &[Load]) -> Result<Vec<(f64, f64)>, String> {
        let (from, to) = self.offsets;
        let steps = ((to - from) / self.coarse_s).floor() as u64;
        if steps > MAX_OFFSETS {
            let (log_s, run_s) = (to - from + self.run.1 - self.run.0, self.run.1 - self.run.0);
            return Err(format!(
                "the log has {log_s:.0} s and the run {run_s:.0} s, which is too long to be searched: cut the log to about the run"
            ));
        }
        let offsets = (0..=steps).map(|step| from + step as f64 * self.coarse_s);
        Ok(offsets.map(|offset| (offset, self.sums(loads, offset).correlation())).collect())
    }

    /// The maximum near an offset, between its neighbours on the coarse grid.
    fn refined(&self, loads: &[Load], around_s: f64) -> (f64, f64) {
        let steps = (self.coarse_s / self.fine_s).ceil() as i64;
        let offsets: Vec<f64> = (-steps..=steps).map(|step| around_s + step as f64 * self.fine_s).collect();
        let all: Vec<f64> = offsets.iter().map(|offset| self.sums(loads, *offset).correlation()).collect();
        let (middle, _) = plateau(&all);
        (at(&offsets, middle), all[middle as usize])
    }

    fn best(&self, loads: &[Load], coarse: &[(f64, f64)]) -> Result<Peak, String> {
        let highest = coarse.iter().max_by(|a, b| a.1.total_cmp(&b.1)).ok_or("the log has no readings")?;
        let (offset_s, correlation) = self.refined(loads, highest.0);
        if correlation < MIN_CORRELATION {
            return Err(format!(
                "power follows the CPU use with a correlation of {correlation:.2} at most, and {MIN_CORRELATION} is needed to find the log's \
                 clock; see that the meter is this machine's, and take longer windows or a faster log"
            ));
        }
        let (from, to) = self.offsets;
        if offset_s - self.radius_s < from || offset_s + self.radius_s > to {
            return Err(format!(
                "the log fits best where it ends with the run: start the meter at least {:.1} s before the run and stop it as much after it, and \
                 read a log again that is complete by now",
                self.radius_s
            ));
        }
        Ok(Peak { offset_s, correlation, error_s: 0.0 })
    }

    /// Refuses an offset if another one fits as well in some of the resampled runs.
    fn refuse_rivals(&self, loads: &[Load], coarse: &[(f64, f64)], best: Peak) -> Result<(), String> {
        let others = coarse.iter().filter(|(offset, _)| (offset - best.offset_s).abs() > self.radius_s);
        let Some(rival) = others.max_by(|a, b| a.1.total_cmp(&b.1)) else { return Ok(()) };
        let (rival_s, rival_correlation) = self.refined(loads, rival.0);
        let of_each = |offset| loads.iter().map(|load| self.signal.sums(load, offset)).collect::<Vec<_>>();
        let (best_of_each, rival_of_each) = (of_each(best.offset_s), of_each(rival_s));
        let preferring = resamples(loads.len()).filter(|cases| {
            let correlation = |sums: &[Sums]| total(sums, cases).correlation();
            correlation(&rival_of_each) >= correlation(&best_of_each) - ROUNDING
        });
        if preferring.count() as f64 > MAX_PREFERRING * RESAMPLES as f64 {
            let apart_s = (rival_s - best.offset_s).abs();
            return Err(format!(
                "two offsets of the log's clock fit, {:.2} s (correlation {:.3}) and {rival_s:.2} s ({rival_correlation:.3}); cut the log so that \
                 it begins and ends more than {:.1} s and less than {apart_s:.1} s outside of the run, or measure with a small `window_ms` and many \
                 `inferences`, so that windows of large sizes are longer",
                best.offset_s, best.correlation, self.radius_s
            ));
        }
        Ok(())
    }

    /// The maximum within the radius of an offset, with its standard error.
    fn peak(&self, loads: &[Load], around_s: f64) -> Peak {
        let steps = (self.radius_s / self.fine_s).ceil() as i64;
        let offsets: Vec<f64> = (-steps..=steps).map(|step| around_s + step as f64 * self.fine_s).collect();
        let of_each: Vec<Vec<Sums>> =
            offsets.iter().map(|offset| loads.iter().map(|load| self.signal.sums(load, *offset)).collect()).collect();
        let peak_of = |cases: &[usize]| {
            let all: Vec<f64> = of_each.iter().map(|sums| total(sums, cases).correlation()).collect();
            let (middle, width) = plateau(&all);
            (at(&offsets, middle), all[middle as usize], width * self.fine_s)
        };
        let everyone: Vec<usize> = (0..loads.len()).collect();
        let (offset_s, correlation, width_s) = peak_of(&everyone);
        let squares = resamples(loads.len()).map(|cases| (peak_of(&cases).0 - offset_s).powi(2));
        let spread_s = (squares.sum::<f64>() / RESAMPLES as f64).sqrt();
        // Between two readings all offsets are alike: the error is that of a uniform distribution.
        Peak { offset_s, correlation, error_s: spread_s.hypot(width_s.max(self.fine_s) / 12f64.sqrt()) }
    }
}

/// Cases drawn with replacement, as many as there are; the same each time.
fn resamples(count: usize) -> impl Iterator<Item = Vec<usize>> {
    let mut random = ChaCha8Rng::seed_from_u64(count as u64);
    (0..RESAMPLES).map(move |_| (0..count).map(|_| (random.next_u64() % count as u64) as usize).collect())
}

fn total(of_each: &[Sums], cases: &[usize]) -> Sums {
    cases.iter().fold(Sums::default(), |sum, case| sum.plus(of_each[*case]))
}

/// Middle and width of the run of largest values, in steps: moving a log by less than takes a reading over an edge changes nothing.
fn plateau(values: &[f64]) -> (f64, f64) {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let is_as_large = |value: &&f64| **value >= largest - ROUNDING;
    let first = values.iter().take_while(|value| !is_as_large(value)).count();
    let width = values[first..].iter().take_while(is_as_large).count();
    (first as f64 + (width as f64 - 1.0) / 2.0, width as f64)
}

/// An offset of the grid, or between two of them.
fn at(offsets: &[f64], position: f64) -> f64 {
    let (low, high) = (offsets[position.floor() as usize], offsets[position.ceil() as usize]);
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests;
