//! The measured process of a resource sample: one case, warmed up, that runs inferences when it is told to.

use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::measure::resources::{Ground, own_cpu_s, words};
use crate::suite::Suite;
use crate::workload::{Prepared, Workload};
use crate::{Error, Result};

/// Tells a process that it is a measured one, and which.
pub(super) const VARIABLE: &str = "SCALEGATE_SAMPLED";

/// What a measured process is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Task {
    /// As `llm/prefill`.
    pub(super) workload: String,
    /// One of the sizes that the suite lists for it.
    pub(super) size: u64,
    /// Milliseconds of inferences, at the least.
    pub(super) window_ms: u64,
    /// Inferences, at the least.
    pub(super) inferences: u64,
}

impl Task {
    /// The task of this process, if it is a measured one.
    pub(super) fn of_this_process() -> Option<Result<Self>> {
        let text = std::env::var(VARIABLE).ok()?;
        Some(serde_json::from_str(&text).map_err(|error| Error::new(VARIABLE, error, "unset it, or use `cargo bench`")))
    }

    /// Speaks with the parent and runs inferences in between. `release` gives unused memory back to the system, so that
    /// what an inference needs is above the idle level and not kept by the allocator from the one before.
    ///
    /// # Errors
    /// A case that is not in the suite or that fails; the parent has been told.
    pub(super) fn run(&self, suite: &Suite, workloads: &[Box<dyn Workload>], release: fn()) -> Result<()> {
        self.dialogue(suite, workloads, release).map_err(|error| self.blame(&error)).inspect_err(|error| {
            // If this fails, the parent shows what this process prints instead.
            if let Ok(text) = serde_json::to_string(error) {
                let _ = speak(&text);
            }
        })
    }

    fn dialogue(&self, suite: &Suite, workloads: &[Box<dyn Workload>], release: fn()) -> Result<()> {
        let workload = workloads
            .iter()
            .find(|workload| workload.name() == self.workload && workload.sizes().contains(&self.size))
            .ok_or_else(|| Error::new(suite.path.display(), "it lists no such case", "leave it as it is meanwhile"))?;
        let mut prepared = workload.prepare(self.size)?;
        prepared.reset();
        prepared.run()?;
        prepared.reset();
        release();
        speak(words::READY)?;
        while let Some(word) = hear()? {
            match word.as_str() {
                words::GO => speak(&self.window(prepared.as_mut())?)?,
                words::REST => {
                    prepared.reset();
                    release();
                    speak(words::REST)?;
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// Runs inferences until the window is over, and gives what there is to say of it.
    fn window(&self, prepared: &mut dyn Prepared) -> Result<String> {
        let (start, begin) = (Instant::now(), own_cpu_s()?);
        let mut ground = Ground { inferences: 0, cpu_s: 0.0, reset_cpu_s: 0.0 };
        let mut cpu_s = begin;
        while ground.inferences < self.inferences || start.elapsed() < Duration::from_millis(self.window_ms) {
            prepared.reset();
            ground.reset_cpu_s += own_cpu_s()? - cpu_s;
            prepared.run()?;
            ground.inferences += 1;
            cpu_s = own_cpu_s()?;
        }
        ground.cpu_s = cpu_s - begin;
        serde_json::to_string(&ground).map_err(|error| Error::new("the window", error, "measure again"))
    }

    fn blame(&self, error: &Error) -> Error {
        let place = format!("{} at size {}: {}", self.workload, self.size, error.place());
        Error::new(place, error.cause(), error.remedy())
    }
}

fn speak(line: &str) -> Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).map_err(|error| lost(&error))
}

/// The parent's next line; `None` if the parent is gone.
fn hear() -> Result<Option<String>> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).map_err(|error| lost(&error))?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}

fn lost(error: &std::io::Error) -> Error {
    Error::new("the parent process", error, "start this program with `cargo bench`")
}
