//! Other programs that come and go.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Two threads, each busy for 0.2 to 3 s and then asleep for up to 1.5 s, drawn anew each time.
const THREADS: u64 = 2;
const BUSY_S: (f64, f64) = (0.2, 3.0);
const ASLEEP_S: (f64, f64) = (0.0, 1.5);

/// Does `work`, beside the load if there is to be one.
pub(super) fn beside<T>(loaded: bool, work: impl FnOnce() -> T) -> T {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let seed = SystemTime::UNIX_EPOCH.elapsed().map_or(1, |since| since.as_nanos() as u64);
        for thread in (0..THREADS).filter(|_| loaded) {
            let is_over = &is_over;
            scope.spawn(move || come_and_go(seed.wrapping_add(thread), is_over));
        }
        let done = work();
        is_over.store(true, Ordering::Relaxed);
        done
    })
}

/// Numbers that look random (splitmix64: Steele et al., OOPSLA 2014).
pub(super) struct SplitMix {
    state: u64,
}

impl SplitMix {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

fn come_and_go(seed: u64, is_over: &AtomicBool) {
    let mut random = SplitMix::new(seed);
    let mut draw = |(from, to): (f64, f64)| Duration::from_secs_f64(from + random.share() * (to - from));
    while !is_over.load(Ordering::Relaxed) {
        let (busy, start) = (draw(BUSY_S), Instant::now());
        while start.elapsed() < busy && !is_over.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
        std::thread::sleep(draw(ASLEEP_S));
    }
}
