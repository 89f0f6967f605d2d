//! How exact the resource sampler is, and what it costs.
//!
//! `cargo run --release -p scalegate --example resources_accuracy` prints four tables: the sampler's own CPU time, what being
//! sampled costs a process, a step in memory, and the area under the CPU use against the measured process's own
//! getrusage. It takes about five minutes on two cores that should have nothing else to do; the tables say what they had. With a
//! number N as its argument it makes one run of N.

mod measured;

use std::error::Error;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use measured::{ROLE, Role, Work};
use scalegate::measure::disturbance::Sensors;
use scalegate::measure::resources::{
    Dialogue, Observer, Probe, Rate, Sampler, Watched, Windows, own_cpu_s, take_windows, words,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

const RATES_HZ: [u32; 3] = [5, 20, 100];
const RUNS: usize = 20;
const PAIRS: usize = 100;
const IDLE: Duration = Duration::from_millis(300);
const SAMPLED: Duration = Duration::from_secs(10);

fn main() -> Outcome<()> {
    if let Some(role) = Role::of_this_process() {
        return role.play();
    }
    let busy_s = || Sensors::here().read().busy_s;
    let (before, own) = (busy_s(), own_cpu_s()?);
    std::thread::sleep(Duration::from_secs(3));
    if let (Some(before), Some(after)) = (before, busy_s()) {
        show(&format!(
            "load of other processes before the start: {:.2} cores\n",
            (after - before - own_cpu_s()? + own) / 3.0
        ));
    }
    let divisor: usize = std::env::args().nth(1).map_or(Ok(1), |text| text.parse())?;
    own_cost(SAMPLED / u32::try_from(divisor.max(1))?)?;
    slowdown(PAIRS.div_ceil(divisor.max(1)))?;
    steps(RUNS.div_ceil(divisor.max(1)))?;
    areas(RUNS.div_ceil(divisor.max(1)))
}

#[expect(clippy::print_stdout, reason = "the tables are the result")]
fn show(line: &str) {
    println!("{line}");
}

fn role(role: Role) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env(ROLE, role.name()).stdin(Stdio::null());
    Ok(command)
}

struct Nothing;

impl Observer for Nothing {
    fn sample(&mut self, _: u32, _: f64) {}
}

/// A process that keeps one core busy for as long as this lives.
struct Load(Child);

impl Load {
    fn start() -> Outcome<Self> {
        Ok(Self(role(Role::Spin)?.spawn()?))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // It has nothing to tidy up.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn areas(runs: usize) -> Outcome<()> {
    show(&format!("\ncpu_auc against getrusage, windows of 1.5 s, {runs} runs each: relative error"));
    show("other core  rate     median    largest");
    for busy in [false, true] {
        let load = if busy { Some(Load::start()?) } else { None };
        for rate_hz in RATES_HZ {
            let mut errors = Vec::new();
            for _ in 0..runs {
                let Windows { before, busy, after, report, .. } = take_windows(
                    "bursts",
                    role(Role::Bursts)?,
                    Watched::Process,
                    Rate::of(rate_hz),
                    IDLE,
                    &mut Nothing,
                )?;
                let idle_cores = f64::midpoint(before.mean_cores(), after.mean_cores());
                errors.push(busy.cpu_area(idle_cores) / report.cpu_s - 1.0);
            }
            let largest = errors.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
            let name = if busy { "busy" } else { "idle" };
            show(&format!("{name:10} {rate_hz:4} Hz  {:+.4} %  {:+.4} %", 100.0 * median(errors), 100.0 * largest));
        }
        drop(load);
    }
    Ok(())
}

fn own_cost(sampled: Duration) -> Outcome<()> {
    show(&format!("CPU time of the sampler itself over {:.1} s, in parts of one core", sampled.as_secs_f64()));
    for rate_hz in [5, 20, 100, 1000] {
        let mut child = Dialogue::start("work", role(Role::Work)?)?;
        child.expect(words::READY)?;
        let mut sampler = Sampler::new(Probe::new(child.pid())?, Rate::of(rate_hz));
        let before = own_cpu_s()?;
        let (trace, _) = sampler.until(child.lines(), Some(sampled), || (), |_| ())?;
        let share = (own_cpu_s()? - before) / trace.duration_s();
        show(&format!("{rate_hz:4} Hz  {:.3} %  ({} polls)", 100.0 * share, trace.0.len()));
        child.end()?;
    }
    Ok(())
}

/// Equal pieces of work, sampled at 20 Hz and not sampled, in the order A B B A.
fn slowdown(pairs: usize) -> Outcome<()> {
    let mut child = Dialogue::start("work", role(Role::Work)?)?;
    child.expect(words::READY)?;
    let mut sampler = Sampler::new(Probe::new(child.pid())?, Rate::of(20));
    let mut ratios = [Vec::new(), Vec::new()];
    for pair in 0..pairs {
        let order = if pair % 2 == 0 { [true, false] } else { [false, true] };
        let mut works = Vec::new();
        for sampled in order {
            works.push((sampled, piece(&mut child, &mut sampler, sampled)?));
        }
        works.sort_by_key(|(sampled, _)| !sampled);
        let (with, without) = (works[0].1, works[1].1);
        ratios[0].push(with.elapsed_s / without.elapsed_s - 1.0);
        ratios[1].push(with.cpu_s / without.cpu_s - 1.0);
    }
    child.end()?;
    show(&format!("\nslowdown of a process that is sampled at 20 Hz, {pairs} pairs: median [95 % interval]"));
    for (name, ratios) in ["elapsed time", "CPU time"].into_iter().zip(ratios) {
        let [low, middle, high] = median_interval(ratios);
        show(&format!("{name:14}  {:+.3} % [{:+.3} %, {:+.3} %]", 100.0 * middle, 100.0 * low, 100.0 * high));
    }
    Ok(())
}

fn piece(child: &mut Dialogue, sampler: &mut Sampler, sampled: bool) -> Outcome<Work> {
    let line = if sampled {
        sampler.until(child.lines(), None, || child.say(words::GO), |_| ())?.1
    } else {
        child.say(words::GO);
        child.lines().recv().ok()
    };
    match line.as_deref().map(Work::parse) {
        Some(Some(work)) => Ok(work),
        _ => Err(child.unexpected(line).into()),
    }
}

fn steps(runs: usize) -> Outcome<()> {
    show(&format!("\na step of 64 MB for 300 ms, {runs} runs each: relative error"));
    [20, 100].into_iter().try_for_each(|rate_hz| step(rate_hz, runs))
}

fn step(rate_hz: u32, runs: usize) -> Outcome<()> {
    let (mut areas, mut peaks, mut kernel_peaks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..runs {
        let mut child = Dialogue::start("step", role(Role::Step)?)?;
        child.expect(words::READY)?;
        let mut sampler = Sampler::new(Probe::new(child.pid())?, Rate::of(rate_hz));
        let (idle, _) = sampler.until(child.lines(), Some(IDLE), || (), |_| ())?;
        let idle = idle.rss_area(0.0) / idle.duration_s();
        let kernel_tells = sampler.probe().forget_peak();
        let (trace, line) = sampler.until(child.lines(), None, || child.say(words::GO), |_| ())?;
        let Some(Work { area, bytes, .. }) = line.as_deref().and_then(Work::parse) else {
            return Err(child.unexpected(line).into());
        };
        areas.push(trace.rss_area(idle) / area - 1.0);
        peaks.push((trace.peak_bytes() - idle) / bytes - 1.0);
        if let Some(peak) = sampler.probe().peak_bytes().filter(|_| kernel_tells) {
            kernel_peaks.push((peak - idle) / bytes - 1.0);
        }
        child.end()?;
    }
    for (name, errors) in [("area", areas), ("peak of samples", peaks), ("peak of the kernel", kernel_peaks)] {
        if errors.is_empty() {
            show(&format!("{rate_hz:4} Hz  {name:18}  unknown"));
            continue;
        }
        let largest = errors.iter().copied().map(f64::abs).fold(0.0, f64::max);
        show(&format!(
            "{rate_hz:4} Hz  {name:18}  median {:+.2} %, largest {:.2} %",
            100.0 * median(errors),
            100.0 * largest
        ));
    }
    Ok(())
}

fn median(values: Vec<f64>) -> f64 {
    median_interval(values)[1]
}

/// The median with the order statistics that enclose it at 95 %, by the sign test in its normal approximation.
fn median_interval(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    let reach = (0.98 * (n as f64).sqrt()).ceil() as usize;
    [values[(n / 2).saturating_sub(reach)], values[n / 2], values[(n / 2 + reach).min(n - 1)]]
}
