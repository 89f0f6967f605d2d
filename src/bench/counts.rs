//! The bench target of instruction counts: Gungraun runs every case once below callgrind and once below DHAT.
//!
//! One executable plays four parts: the target that `cargo bench` starts, Gungraun's harness, Gungraun's runner (so that
//! none has to be installed), and the measured process.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use super::counted::{self, Case};
pub use super::counted::{Ready, cases, prepare};
use super::record::{exit_code, keep};
use super::request::Request;
use crate::measure::{self, Ended};
use crate::metric::Metric;
use crate::record::{self, Sample, Series};
use crate::suite::Suite;
use crate::workload::{Registry, Workload};
use crate::{Error, Result, inference, paths, time};

/// The parts of a bench target that Gungraun's macros make.
#[derive(Debug, Clone, Copy)]
pub struct Harness {
    /// Gungraun's `main`: describes the cases to the runner, or measures one of them.
    pub start: fn(),
    /// Gungraun's runner.
    pub run: fn() -> std::result::Result<(), String>,
}

/// Marks the process that is Gungraun's harness.
const HARNESS: &str = "SCALEGATE_HARNESS";

/// The name under which Gungraun's harness looks for its runner on `PATH`.
const RUNNER: &str = "gungraun-runner";

/// The first argument of a measured process.
const MEASURED: &str = "--gungraun-run";

/// Asks this program for the kernels that tract chose.
const KERNELS: &str = "--kernels";

pub fn main(harness: Option<Harness>) -> ExitCode {
    let program = std::env::args_os().next().map(PathBuf::from).unwrap_or_default();
    let first = std::env::args().nth(1).unwrap_or_default();
    match harness {
        Some(harness) if program.file_name().is_some_and(|name| name == RUNNER) => match (harness.run)() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        },
        Some(harness) if first == MEASURED || std::env::var_os(HARNESS).is_some() => {
            (harness.start)();
            ExitCode::SUCCESS
        }
        Some(_) if first == KERNELS => {
            println!("{}", inference::kernel_family());
            ExitCode::SUCCESS
        }
        _ => exit_code(run(harness.is_some())),
    }
}

fn run(_: bool) -> Result<()> {
    let suite = Suite::load_here()?;
    let counted_suite = suite.counted().unwrap();
    let mut cases = Vec::new();
    for family in ["llm", "vlm"] {
        for workload in Registry::family(&counted_suite, family)? {
            for size in workload.sizes() {
                cases.push(Case { workload: workload.name().to_owned(), size });
            }
        }
    }
    let directory = PathBuf::from("target/scalegate/counts");
    std::fs::create_dir_all(&directory).unwrap();
    let file = counted::write_cases(&directory, &cases)?;
    let exe = std::env::current_exe().unwrap();
    let link = directory.join(RUNNER);
    let _ = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(&exe, &link).unwrap();
    let mut path = vec![std::path::absolute(&directory).unwrap()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut command = Command::new(&exe);
    command
        .env(HARNESS, "1")
        .env("PATH", std::env::join_paths(path).unwrap())
        .env(counted::CASES, &file)
        .arg("--save-summary=pretty-json")
        .arg(format!("--home={}", directory.join("gungraun").display()))
        .arg(format!("--envs={}={}", counted::CASES, file.display()))
        .args(["--parallel=auto", "--bench"]);
    let Ended { status, errors } = measure::run_child("instructions", command, |line| println!("{line}"))?;
    eprintln!("{status} {errors}");
    Ok(())
}
