//! The process of one side of a pair: runs slices of inferences when it is asked to.

use std::collections::BTreeMap;
use std::time::Instant;

use nix::time::{ClockId, clock_gettime};

use super::job::{SliceOrder, SliceTimes, SlicesReady, TargetKind};
use super::sampled_case::{hear, speak};
use super::worker::{at, guarded};
use crate::measure::resources::{below_cpu_s, reaped_cpu_s};
use crate::workload::Parts;
use crate::{Error, Prepared, Result, Workload};

/// Prepares all sizes of a workload, runs each once, and answers orders until the parent says anything else.
pub(super) fn serve(workload: &dyn Workload, kind: TargetKind) -> Result<()> {
    let mut prepared: BTreeMap<u64, Box<dyn Prepared>> = BTreeMap::new();
    for size in workload.sizes() {
        let ready = || {
            let mut prepared = workload.prepare(size)?;
            // A program has been run once when it was set up.
            if kind == TargetKind::Functions {
                prepared.reset();
                prepared.run()?;
            }
            Ok(prepared)
        };
        prepared.insert(size, guarded(ready).map_err(|error| at(error, workload.name(), size))?);
    }
    // What a program waits for, and how many threads it has, only its own processes could tell.
    let (clocks, threads) = match kind {
        TargetKind::Functions => (Clocks::of_this_process(), threads()),
        TargetKind::Programs => (Clocks { run_queue: RunQueue(None), cpu_s: reaped_cpu_s, resets: false }, None),
        TargetKind::Server => (Clocks { run_queue: RunQueue(None), cpu_s: below_cpu_s, resets: true }, None),
    };
    say(&SlicesReady { threads })?;
    while let Some(line) = hear()? {
        let Ok(order) = serde_json::from_str(&line) else { break };
        let SliceOrder { size, inferences, in_parts } = order;
        let Some(ready) = prepared.get_mut(&size) else { break };
        let times = guarded(|| match in_parts {
            true => slice_in_parts(ready.as_mut(), inferences),
            false => slice(ready.as_mut(), inferences, &clocks),
        });
        say(&times.map_err(|error| at(error, workload.name(), size))?)?;
    }
    Ok(())
}

fn say<T: serde::Serialize>(answer: &T) -> Result<()> {
    let text = serde_json::to_string(answer).map_err(|error| Error::new("a slice", error, "rerun"))?;
    speak(&text)
}

/// By what a slice is measured.
struct Clocks {
    run_queue: RunQueue,
    cpu_s: fn() -> Result<f64>,
    /// Not for programs, of which it would only start another one: both sides have their start-up.
    resets: bool,
}

impl Clocks {
    fn of_this_process() -> Self {
        Self { run_queue: RunQueue::of_this_thread(), cpu_s: cpu_clock_s, resets: true }
    }
}

/// What brings back the state between inferences is no part of a slice.
fn slice(prepared: &mut dyn Prepared, inferences: u64, clocks: &Clocks) -> Result<SliceTimes> {
    let Clocks { run_queue, cpu_s: used_s, resets } = clocks;
    let waited = run_queue.waited_s();
    let (mut wall_s, mut cpu_s, mut off_core_s) = (0.0, 0.0, 0.0);
    for _ in 0..inferences {
        if *resets {
            prepared.reset();
        }
        let (cpu, own) = (used_s()?, own_cpu_s()?);
        let start = Instant::now();
        prepared.run()?;
        let elapsed_s = start.elapsed().as_secs_f64();
        let elsewhere_s = (elapsed_s - (own_cpu_s()? - own)).max(0.0);
        cpu_s += used_s()? - cpu;
        // How much of a reported time was a wait, nobody knows here.
        match prepared.reported_s() {
            Some(reported_s) => wall_s += reported_s,
            None => (wall_s, off_core_s) = (wall_s + elapsed_s, off_core_s + elsewhere_s),
        }
    }
    // A thread loses its core most often on its way back from a call to the system, as those are that read clocks between inferences:
    // it has waited in an inference for no longer than it was off its core there.
    let wait_s = waited.zip(run_queue.waited_s()).map(|(before, after)| (after - before).clamp(0.0, off_core_s));
    Ok(SliceTimes { wall_s, cpu_s: cpu_s.max(0.0), wait_s, parts: None })
}

/// The same with a clock around each part. The time between parts and around them is in the whole alone.
fn slice_in_parts(prepared: &mut dyn Prepared, inferences: u64) -> Result<SliceTimes> {
    let (mut wall_s, mut sum): (f64, Option<Parts>) = (0.0, None);
    for _ in 0..inferences {
        prepared.reset();
        let start = Instant::now();
        let parts = prepared.run_in_parts()?;
        let elapsed_s = start.elapsed().as_secs_f64();
        wall_s += prepared.reported_s().unwrap_or(elapsed_s);
        let Some(parts) = parts else { break };
        match &mut sum {
            None => sum = Some(parts),
            Some(sum) => {
                // The same size runs the same parts in the same order.
                for (all, its) in sum.list.iter_mut().zip(&parts.list) {
                    all.seconds += its.seconds;
                }
            }
        }
    }
    Ok(SliceTimes { wall_s, cpu_s: 0.0, wait_s: None, parts: sum })
}

fn cpu_clock_s() -> Result<f64> {
    read_s(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// CPU time of this thread.
fn own_cpu_s() -> Result<f64> {
    read_s(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

fn read_s(clock: ClockId) -> Result<f64> {
    clock_gettime(clock)
        .map(|time| time.tv_sec() as f64 + 1e-9 * time.tv_nsec() as f64)
        .map_err(|error| Error::new("the clock of CPU time", error, "measure on a system that has it"))
}

/// How long this thread has been ready to run without a core, since it began.
struct RunQueue(Option<std::fs::File>);

impl RunQueue {
    /// Linux tells it in `/proc/thread-self/schedstat` (Documentation/scheduler/sched-stats.rst).
    fn of_this_thread() -> Self {
        Self(std::fs::File::open("/proc/thread-self/schedstat").ok())
    }

    /// In seconds; `None` where the system does not tell.
    fn waited_s(&self) -> Option<f64> {
        use std::os::unix::fs::FileExt;
        let mut text = [0; 96];
        let read = self.0.as_ref()?.read_at(&mut text, 0).ok()?;
        parse_waited_ns(std::str::from_utf8(&text[..read]).ok()?).map(|ns| 1e-9 * ns as f64)
    }
}

/// The second number: time spent waiting, in nanoseconds.
fn parse_waited_ns(text: &str) -> Option<u64> {
    text.split_whitespace().nth(1)?.parse().ok()
}

/// The number of threads of this process, where the system tells.
fn threads() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/task").ok()?.count())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::PartTime;

    #[test]
    fn the_time_in_the_run_queue_is_the_second_number() {
        assert_eq!(parse_waited_ns("113899 1737185 2\n"), Some(1_737_185));
        assert_eq!(parse_waited_ns("113899\n"), None);
        assert_eq!(parse_waited_ns(""), None);
    }

    struct Counted(u64);

    impl Prepared for Counted {
        fn run(&mut self) -> Result<()> {
            self.0 += 1;
            Ok(())
        }
    }

    /// Its wakes wait for a core, each a little.
    struct Reported;

    impl Prepared for Reported {
        fn run(&mut self) -> Result<()> {
            std::thread::sleep(std::time::Duration::from_millis(1));
            Ok(())
        }

        fn reported_s(&self) -> Option<f64> {
            Some(0.25)
        }
    }

    #[test]
    fn no_wait_is_taken_off_a_time_that_the_workload_reports() {
        let times = slice(&mut Reported, 20, &Clocks::of_this_process()).unwrap();
        assert_eq!((times.wall_s, times.wait_s.unwrap_or(0.0)), (5.0, 0.0));
    }

    /// A part that runs once in each inference.
    struct InParts;

    impl Prepared for InParts {
        fn run(&mut self) -> Result<()> {
            Ok(())
        }

        fn run_in_parts(&mut self) -> Result<Option<Parts>> {
            let part = PartTime {
                name: "a".to_owned(),
                operator: "pass".to_owned(),
                form: String::new(),
                runs: 1,
                seconds: 0.125,
            };
            Ok(Some(Parts { list: vec![part], ..Parts::default() }))
        }

        fn reported_s(&self) -> Option<f64> {
            Some(0.25)
        }
    }

    #[test]
    fn times_of_parts_are_sums_over_the_inferences_of_a_slice() {
        let times = slice_in_parts(&mut InParts, 4).unwrap();
        let parts = times.parts.unwrap();
        assert_eq!((times.wall_s, parts.list.len(), parts.list[0].seconds, parts.list[0].runs), (1.0, 1, 0.5, 1));
        assert_eq!(slice_in_parts(&mut Counted(0), 4).unwrap().parts, None);
    }

    #[test]
    fn a_slice_runs_what_was_ordered_and_waits_no_longer_than_it_lasts() {
        let mut counted = Counted(0);
        let clocks = Clocks::of_this_process();
        let times = slice(&mut counted, 1_000, &clocks).unwrap();
        assert_eq!(counted.0, 1_000);
        assert!(times.wall_s > 0.0 && times.wait_s.is_none_or(|wait| wait <= times.wall_s), "{times:?}");
    }
}
