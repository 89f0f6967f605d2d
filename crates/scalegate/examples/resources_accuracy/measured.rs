//! The processes that are measured. Each says `ready`, and answers `go` with what it did.

use std::hint::black_box;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use scalegate::measure::resources::{ChildReport, own_cpu_s, words};

use super::Outcome;

/// Tells a process its role.
pub(crate) const ROLE: &str = "ACCURACY_ROLE";

const STEP_BYTES: usize = 64_000_000;
const PAGE: usize = 4096;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Work and pauses of uneven lengths for 1.5 s.
    Bursts,
    /// A fixed piece of work, about 0.1 s.
    Work,
    /// Memory that is there for 300 ms.
    Step,
    /// A core kept busy.
    Spin,
}

/// What a piece of work or a step came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    pub elapsed_s: f64,
    pub cpu_s: f64,
    /// Byte·s of memory.
    pub area: f64,
    pub bytes: f64,
}

impl Work {
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let numbers: Vec<f64> = line.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
        let [elapsed_s, cpu_s, area, bytes] = *numbers.first_chunk()?;
        Some(Self { elapsed_s, cpu_s, area, bytes })
    }

    fn line(self) -> String {
        format!("{} {} {} {}", self.elapsed_s, self.cpu_s, self.area, self.bytes)
    }
}

impl Role {
    const ALL: [Self; 4] = [Self::Bursts, Self::Work, Self::Step, Self::Spin];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bursts => "bursts",
            Self::Work => "work",
            Self::Step => "step",
            Self::Spin => "spin",
        }
    }

    pub(crate) fn of_this_process() -> Option<Self> {
        let name = std::env::var(ROLE).ok()?;
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    pub(crate) fn play(self) -> Outcome<()> {
        if self == Self::Spin {
            loop {
                black_box(spin(1_000_000));
            }
        }
        say(words::READY)?;
        for word in std::io::stdin().lock().lines() {
            match word?.as_str() {
                words::GO => say(&self.answer()?)?,
                words::REST => say(words::REST)?,
                _ => break,
            }
        }
        Ok(())
    }

    fn answer(self) -> Outcome<String> {
        match self {
            Self::Bursts => bursts(),
            Self::Step => Ok(step().line()),
            _ => Ok(work()?.line()),
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is how a measured process speaks")]
fn say(line: &str) -> Outcome<()> {
    println!("{line}");
    Ok(std::io::stdout().flush()?)
}

fn spin(iterations: u64) -> u64 {
    (0..iterations).fold(1, |sum, i| black_box(sum ^ i).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn bursts() -> Outcome<String> {
    let (start, before) = (Instant::now(), own_cpu_s()?);
    let mut inferences = 0;
    while start.elapsed() < Duration::from_millis(1500) {
        let (burst, length) = (Instant::now(), Duration::from_millis(10 + inferences % 7 * 9));
        while burst.elapsed() < length {
            black_box(spin(10_000));
        }
        std::thread::sleep(Duration::from_millis(3 + inferences % 5 * 4));
        inferences += 1;
    }
    let report = ChildReport { inferences, cpu_s: own_cpu_s()? - before, ..ChildReport::default() };
    Ok(serde_json::to_string(&report)?)
}

fn work() -> Outcome<Work> {
    let (start, before) = (Instant::now(), own_cpu_s()?);
    black_box(spin(50_000_000));
    Ok(Work { elapsed_s: start.elapsed().as_secs_f64(), cpu_s: own_cpu_s()? - before, area: 0.0, bytes: 0.0 })
}

/// Memory is resident from the moment its pages are written, one after the other, to the moment it is freed.
fn step() -> Work {
    // A phase of its own in every process, against the sampler's.
    std::thread::sleep(
        Duration::from_millis(100) + Duration::from_micros(u64::from(std::process::id()) * 1237 % 50_000),
    );
    let start = Instant::now();
    let mut memory = vec![0_u8; STEP_BYTES];
    memory.chunks_mut(PAGE).for_each(|page| page[0] = 1);
    let written = start.elapsed();
    // From the middle of the rise to the fall it is there for 300 ms.
    std::thread::sleep(Duration::from_millis(300).saturating_sub(written / 2));
    black_box(&mut memory);
    let held = start.elapsed();
    drop(memory);
    let freed = start.elapsed();
    std::thread::sleep(Duration::from_millis(200));
    let bytes = STEP_BYTES as f64;
    // The level rises and falls along lines.
    let area = bytes
        * (held.saturating_sub(written).as_secs_f64() + (written + freed.saturating_sub(held)).as_secs_f64() / 2.0);
    Work { elapsed_s: freed.as_secs_f64(), cpu_s: 0.0, area, bytes }
}
