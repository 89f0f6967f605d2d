//! A case that is sampled from outside: what its process says to the driver, and what it does when it is told to.

use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use super::job::{Instrument, TargetKind};
use crate::bench::Measures;
use crate::measure::resources::{ChildReport, below_cpu_s, own_cpu_s, reaped_cpu_s, words};
use crate::{Error, Prepared, Result};

/// A case that is sampled from outside, and runs inferences when it is told to.
pub(super) struct Sampled {
    /// How long the inferences last, at the least.
    pub(super) window: Duration,
    /// How many there are, at the least.
    pub(super) inferences: u64,
    pub(super) release: fn(),
    pub(super) kind: TargetKind,
}

impl Sampled {
    /// Speaks with the driver and runs inferences in between.
    pub(super) fn dialogue(&self, measures: &Measures<'_>, name: &str, size: u64) -> Result<()> {
        let mut prepared = measures.find(Instrument::Sampler, name)?.prepare(size)?;
        // A program has been run once when it was set up.
        if self.kind == TargetKind::Functions {
            prepared.reset();
            prepared.run()?;
        }
        prepared.reset();
        (self.release)();
        speak(words::READY)?;
        while let Some(word) = hear()? {
            match word.as_str() {
                words::GO => speak(&self.window(prepared.as_mut())?)?,
                words::REST => {
                    prepared.reset();
                    (self.release)();
                    speak(words::REST)?;
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// Runs inferences until the window is over, and gives what there is to say of it.
    fn window(&self, prepared: &mut dyn Prepared) -> Result<String> {
        let used_s = match self.kind {
            TargetKind::Functions => own_cpu_s,
            TargetKind::Programs => reaped_cpu_s,
            TargetKind::Server => below_cpu_s,
        };
        let (start, begin) = (Instant::now(), used_s()?);
        let mut report = ChildReport::default();
        let mut cpu_s = begin;
        while report.inferences < self.inferences || start.elapsed() < self.window {
            prepared.reset();
            report.reset_cpu_s += used_s()? - cpu_s;
            prepared.run()?;
            report.inferences += 1;
            cpu_s = used_s()?;
            report.peak_bytes = [report.peak_bytes, prepared.peak_bytes()].into_iter().flatten().reduce(f64::max);
        }
        report.cpu_s = cpu_s - begin;
        report.reaped_cpu_s = (self.kind == TargetKind::Programs).then_some(report.cpu_s);
        serde_json::to_string(&report).map_err(|error| Error::new("the window", error, "rerun"))
    }
}

/// Says a line to the driver.
pub(super) fn speak(line: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(|error| lost(&error))
}

/// The driver's next line; `None` if it is gone.
pub(super) fn hear() -> Result<Option<String>> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).map_err(|error| lost(&error))?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}

/// The driver cannot be spoken with.
pub(super) fn lost(error: &std::io::Error) -> Error {
    Error::new("the parent process", error, "start this program with `cargo bench`")
}
