//! Looking at a process at absolute times, until something is heard.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::{Point, Probe, Trace};
use crate::Result;

/// Samples one process at a fixed rate.
#[derive(Debug)]
pub struct Sampler {
    probe: Probe,
    start: Instant,
    period: Duration,
}

impl Sampler {
    /// A sampler of `rate_hz` looks a second; its times count from now.
    pub fn new(probe: Probe, rate_hz: u32) -> Self {
        Self { probe, start: Instant::now(), period: Duration::from_secs(1) / rate_hz.max(1) }
    }

    /// The process that is looked at.
    pub fn probe(&self) -> &Probe {
        &self.probe
    }

    /// When the times of the samples began.
    pub fn start(&self) -> Instant {
        self.start
    }

    /// Samples until a message comes, or until `most` has passed; `also` is called with the time of each sample. `begin` is
    /// called behind the first sample, so that what it sets off is within the window.
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
        let mut trace = Trace(vec![self.look(&mut also)?]);
        begin();
        loop {
            let tick = next_deadline(self.start, self.period, Instant::now());
            let deadline = end.map_or(tick, |end| end.min(tick));
            let heard = messages.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            if heard.as_ref().is_err_and(|error| *error == RecvTimeoutError::Disconnected) {
                return Ok((trace, None));
            }
            trace.0.push(self.look(&mut also)?);
            match heard {
                Ok(message) => return Ok((trace, Some(message))),
                Err(_) if end.is_some_and(|end| Instant::now() >= end) => return Ok((trace, None)),
                Err(_) => {}
            }
        }
    }

    fn look(&mut self, also: &mut impl FnMut(f64)) -> Result<Point> {
        let time_s = self.start.elapsed().as_secs_f64();
        let reading = self.probe.read()?;
        also(time_s);
        Ok(Point { time_s, cpu_s: reading.cpu_s, rss_bytes: reading.rss_bytes })
    }
}

/// The first multiple of `period` after `start` that lies after `now`. A late sample delays none of the others, and ticks
/// that have passed are not made up for.
pub fn next_deadline(start: Instant, period: Duration, now: Instant) -> Instant {
    let period_ns = period.as_nanos().max(1);
    let ticks = now.saturating_duration_since(start).as_nanos() / period_ns + 1;
    start + Duration::from_nanos(u64::try_from(ticks * period_ns).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const PERIOD: Duration = Duration::from_millis(50);

    #[test]
    fn deadlines_are_multiples_of_the_period_however_late_a_sample_is() {
        let start = Instant::now();
        let after = |ms: u64| next_deadline(start, PERIOD, start + Duration::from_millis(ms)) - start;
        assert_eq!(after(0), PERIOD);
        assert_eq!(after(49), PERIOD);
        assert_eq!(after(50), 2 * PERIOD, "a tick that is now has been taken");
        assert_eq!(after(173), 4 * PERIOD, "two ticks were missed and are not made up for");
    }

    #[test]
    fn a_message_ends_the_samples_with_one_more() {
        let (sender, receiver) = mpsc::channel();
        sender.send("done").unwrap();
        let mut sampler = Sampler::new(Probe::new(std::process::id()).unwrap(), 20);
        let mut times = 0;
        let (trace, heard) = sampler.until(&receiver, None, || (), |_| times += 1).unwrap();
        assert_eq!((trace.0.len(), heard, times), (2, Some("done"), 2));
        assert!(trace.0[1].time_s >= trace.0[0].time_s && trace.0[1].cpu_s >= trace.0[0].cpu_s);
    }

    #[test]
    fn a_window_of_a_given_length_ends_by_itself() {
        let (_sender, receiver) = mpsc::channel::<()>();
        let mut sampler = Sampler::new(Probe::new(std::process::id()).unwrap(), 1000);
        let (trace, heard) = sampler.until(&receiver, Some(Duration::from_millis(20)), || (), |_| ()).unwrap();
        assert!(heard.is_none() && trace.duration_s() >= 0.02 && trace.0.len() > 2, "{trace:?}");
    }
}
