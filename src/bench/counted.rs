//! The measured process of an instruction count: one case, warmed up and run once.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::measure;
use crate::suite::Suite;
use crate::workload::{Prepared, Registry};
use crate::{Error, Result};

/// Names the directory of the cases to the harness and to the measured process, which sees no other variable.
pub(super) const CASES: &str = "SCALEGATE_CASES";

/// How many cases there are.
const COUNT_FILE: &str = "cases.json";

/// Where a measured process leaves its error, beside the cases.
const ERROR_FILE: &str = "error.json";

/// A workload at one size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// As `llm/prefill`.
    pub workload: String,
    /// One of the sizes that the suite lists for it.
    pub size: u64,
}

/// A case that has run once, so that caches are filled and functions bound, and is ready to be counted.
pub struct Ready {
    case: Case,
    prepared: Box<dyn Prepared>,
}

impl Ready {
    /// One inference; the count is of this call.
    #[must_use]
    pub fn run(mut self) -> Self {
        if let Err(error) = self.prepared.run() {
            end(&self.case.blame(&error));
        }
        self
    }
}

impl Case {
    pub(super) fn blame(&self, error: &Error) -> Error {
        let place = format!("{} at size {}: {}", self.workload, self.size, error.place());
        Error::new(place, error.cause(), error.remedy())
    }
}

/// The numbers of the cases of this run, which the target has written for its children.
///
/// Numbers and not cases: a measured process need not know which other cases are counted.
pub fn cases() -> Range<usize> {
    0..read::<usize>(COUNT_FILE).unwrap_or_else(|error| end(&error))
}

/// Loads all that a case needs and runs it once; not counted.
pub fn prepare(number: usize) -> Ready {
    let read = in_a_thread(|| {
        let case: Case = read(&case_file(number))?;
        let suite = Suite::load_here()?.counted().ok_or_else(|| no_such(&case))?;
        Ok((case, suite))
    });
    let (case, suite) = read.unwrap_or_else(|error| end(&error));
    match warmed_up(&case, &suite) {
        Ok(prepared) => Ready { case, prepared },
        Err(error) => end(&case.blame(&error)),
    }
}

/// Runs `read` in a thread that ends with it. The standard library gives every map of a thread another seed than the one
/// before: what is read first must not decide how the maps of a model are searched.
fn in_a_thread<T: Send>(read: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    std::thread::scope(|scope| scope.spawn(read).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn warmed_up(case: &Case, suite: &Suite) -> Result<Box<dyn Prepared>> {
    // In front of the family there may be the name of a model.
    let family = case.workload.rsplit('/').nth(1).unwrap_or_default();
    let workloads = Registry::family(suite, family)?;
    let workload = workloads.iter().find(|w| w.name() == case.workload).ok_or_else(|| no_such(case))?;
    if !workload.sizes().contains(&case.size) {
        return Err(no_such(case));
    }
    let mut prepared = workload.prepare(case.size)?;
    measure::start_instrumentation();
    prepared.run()?;
    prepared.reset();
    Ok(prepared)
}

fn no_such(case: &Case) -> Error {
    let cause = format!("[instructions] lists no {} of size {}", case.workload, case.size);
    Error::new(Suite::FILE, cause, "leave `suite.toml` as it is while it is measured")
}

fn directory() -> Result<PathBuf> {
    std::env::var_os(CASES)
        .map(PathBuf::from)
        .ok_or_else(|| Error::new(CASES, "it is not set", "start this program with `cargo bench`"))
}

fn case_file(number: usize) -> String {
    format!("case_{number}.json")
}

fn read<T: DeserializeOwned>(name: &str) -> Result<T> {
    let path = directory()?.join(name);
    let fail = |cause: String| Error::new(path.display(), cause, "start this program with `cargo bench`");
    let text = std::fs::read(&path).map_err(|error| fail(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| fail(error.to_string()))
}

/// Writes the cases into `directory`, whose path goes to the children.
pub(super) fn write_cases(directory: &Path, cases: &[Case]) -> Result<()> {
    let write = |name: &str, text: serde_json::Result<Vec<u8>>| {
        let path = directory.join(name);
        text.map_err(std::io::Error::from)
            .and_then(|text| std::fs::write(&path, text))
            .map_err(|error| Error::new(path.display(), error, "make the directory writable"))
    };
    write(COUNT_FILE, serde_json::to_vec(&cases.len()))?;
    cases.iter().enumerate().try_for_each(|(number, case)| write(&case_file(number), serde_json::to_vec(case)))
}

/// The error that a measured process left in `directory`.
pub(super) fn handed_over(directory: &Path) -> Option<Error> {
    serde_json::from_slice(&std::fs::read(directory.join(ERROR_FILE)).ok()?).ok()
}

/// Gungraun's functions return nothing, so that an error ends the process here, after it was left to the target.
fn end(error: &Error) -> ! {
    if let (Ok(directory), Ok(text)) = (directory(), serde_json::to_vec(error)) {
        // If this fails, the target shows what this process prints instead.
        let _ = std::fs::write(directory.join(ERROR_FILE), text);
    }
    eprintln!("error: {error}");
    std::process::exit(2)
}
