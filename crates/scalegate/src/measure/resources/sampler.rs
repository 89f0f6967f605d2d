//! Polls a process at absolute times, until something is heard.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::{Point, Probe, Trace};
use crate::Result;

/// How often a process is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    hz: u32,
    polls: u32,
}

/// Polls a second at which a step of 300 ms has its area to 5 %.
const POLLS_HZ: u32 = 100;
/// Polls for each sample, at the most: they are what sampling costs.
const MAX_POLLS: u32 = 5;

impl Rate {
    /// `hz` samples a second, and up to five polls for each: memory rises and falls within a period, and no counter
    /// remembers it, as one does for CPU time. Above 100 polls a second there are no more than samples.
    pub fn of(hz: u32) -> Self {
        let hz = hz.max(1);
        Self { hz, polls: (POLLS_HZ / hz).clamp(1, MAX_POLLS) }
    }

    /// `hz` samples a second and no other poll.
    pub fn exactly(hz: u32) -> Self {
        Self { hz: hz.max(1), polls: 1 }
    }

    /// Polls a second.
    pub fn polls_hz(self) -> u32 {
        self.hz * self.polls
    }
}

/// Samples one process at a fixed rate.
#[derive(Debug)]
pub struct Sampler {
    probe: Probe,
    start: Instant,
    rate: Rate,
}

impl Sampler {
    /// A sampler of that rate; its times count from now.
    pub fn new(probe: Probe, rate: Rate) -> Self {
        Self { probe, start: Instant::now(), rate }
    }

    /// The process that is polled.
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// When the times of the samples began.
    pub fn start(&self) -> Instant {
        self.start
    }

    /// Polls until a message comes, or until `most` has passed; `also` is called with the time of each sample, and not of the
    /// polls between. `begin` is called after the first sample, so that what it sets off is within the window.
    ///
    /// There is a sample at once and one at the very end beside those of the rate, so that a window ends where it ends
    /// and not at the last tick before. When the sender is gone, this ends at once.
    ///
    /// # Errors
    /// The process is gone.
    pub fn until<T>(
        &mut self,
        messages: &Receiver<T>,
        most: Option<Duration>,
        begin: impl FnOnce(),
        mut also: impl FnMut(f64),
    ) -> Result<(Trace, Option<T>)> {
        let end = most.map(|most| Instant::now() + most);
        let mut trace = Trace(vec![self.poll()?]);
        also(trace.0[0].time_s);
        begin();
        loop {
            let tick = next_tick(self.start, self.rate.polls_hz(), Instant::now());
            let at = moment(self.start, self.rate.polls_hz(), tick);
            let deadline = end.map_or(at, |end| end.min(at));
            let heard = messages.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            if heard.as_ref().is_err_and(|error| *error == RecvTimeoutError::Disconnected) {
                return Ok((trace, None));
            }
            let point = self.poll()?;
            trace.0.push(point);
            let is_over = heard.is_ok() || end.is_some_and(|end| Instant::now() >= end);
            if is_over || tick.is_multiple_of(u64::from(self.rate.polls)) {
                also(point.time_s);
            }
            if is_over {
                return Ok((trace, heard.ok()));
            }
        }
    }

    fn poll(&mut self) -> Result<Point> {
        let time_s = self.start.elapsed().as_secs_f64();
        let reading = self.probe.read()?;
        Ok(Point { time_s, cpu_s: reading.cpu_s, rss_bytes: reading.rss_bytes })
    }
}

const NANOS: u128 = 1_000_000_000;

/// The number of the first tick after `now`, of those that come `hz` times a second from `start` on. A late poll delays none of
/// the others, and ticks that have passed are not made up for.
fn next_tick(start: Instant, hz: u32, now: Instant) -> u64 {
    let passed = now.saturating_duration_since(start).as_nanos() * u128::from(hz) / NANOS;
    u64::try_from(passed + 1).unwrap_or(u64::MAX)
}

/// When a tick comes, to the nanosecond after it.
fn moment(start: Instant, hz: u32, tick: u64) -> Instant {
    let nanos = (u128::from(tick) * NANOS).div_ceil(u128::from(hz));
    start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn deadlines_are_multiples_of_the_period_however_late_a_sample_is() {
        let start = Instant::now();
        let after = |ms: u64| next_tick(start, 20, start + Duration::from_millis(ms));
        assert_eq!((after(0), after(49)), (1, 1));
        assert_eq!(after(50), 2, "a tick that is now has been taken");
        assert_eq!(after(173), 4, "two ticks were missed and are not made up for");
        assert_eq!(moment(start, 20, 4) - start, Duration::from_millis(200));
        assert!((0..1000).all(|tick| next_tick(start, 7, moment(start, 7, tick)) == tick + 1), "none comes twice");
    }

    #[test]
    fn there_are_five_polls_for_a_sample_and_no_more_than_100_a_second_for_their_sake() {
        let polls = |hz| Rate::of(hz).polls_hz();
        assert_eq!([1, 5, 20, 50, 100, 1000].map(polls), [5, 25, 100, 100, 100, 1000]);
        assert_eq!(Rate::exactly(5).polls_hz(), 5, "the reference method");
    }

    #[test]
    fn a_meter_is_read_with_the_samples_and_not_with_the_looks_between() {
        let (_sender, receiver) = mpsc::channel::<()>();
        let rate = Rate { hz: 1, polls: 100 };
        let mut sampler = Sampler::new(Probe::new(std::process::id()).unwrap(), rate);
        let mut times = Vec::new();
        let (trace, _) =
            sampler.until(&receiver, Some(Duration::from_millis(200)), || (), |time_s| times.push(time_s)).unwrap();
        assert!(times.len() == 2 && trace.0.len() > 2, "{times:?} {trace:?}");
        assert_eq!((times[0], times.last().copied()), (trace.0[0].time_s, trace.0.last().map(|point| point.time_s)));
    }

    #[test]
    fn a_message_ends_the_samples_with_one_more() {
        let (sender, receiver) = mpsc::channel();
        sender.send("done").unwrap();
        let mut sampler = Sampler::new(Probe::new(std::process::id()).unwrap(), Rate::of(20));
        let mut times = 0;
        let (trace, heard) = sampler.until(&receiver, None, || (), |_| times += 1).unwrap();
        assert_eq!((trace.0.len(), heard, times), (2, Some("done"), 2));
        assert!(trace.0[1].time_s >= trace.0[0].time_s && trace.0[1].cpu_s >= trace.0[0].cpu_s);
    }

    #[test]
    fn a_window_of_a_given_length_ends_by_itself() {
        let (_sender, receiver) = mpsc::channel::<()>();
        let mut sampler = Sampler::new(Probe::new(std::process::id()).unwrap(), Rate::of(1000));
        let (trace, heard) = sampler.until(&receiver, Some(Duration::from_millis(20)), || (), |_| ()).unwrap();
        assert!(heard.is_none() && trace.duration_s() >= 0.02 && trace.0.len() > 2, "{trace:?}");
    }
}
