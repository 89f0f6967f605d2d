//! `scalegate report`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{BaselinePath, RunPath, check};
use crate::baseline::Store;
use crate::record::{self, Run};
use crate::{Error, Result, analysis, report};

/// Write laws, verdict and fingerprints of a run as one HTML file
///
/// The file needs no network and no script. Exits with 0 whatever the verdict is; `scalegate check` gates.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    run: RunPath,
    #[command(flatten)]
    baseline: BaselinePath,
    /// Where to write the report
    #[arg(long, value_name = "FILE.html")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let run: Run = record::read_json(&arguments.run.run)?;
    let store = Store::new(&arguments.baseline.root);
    let (settings, expected) = check::settings()?;
    let check = analysis::check(std::slice::from_ref(&run), &store, &settings, &expected)?;
    let fits = analysis::fit_run(&run);
    let baselines = analysis::fit_baselines(&run, &store)?;
    let page = report::html(&report::Page { run: &run, check: &check, fits: &fits, baselines: &baselines });
    write(&arguments.out, &page)?;
    eprintln!("{}: {}", arguments.out.display(), check.verdict);
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, page: &str) -> Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory).and_then(|()| std::fs::write(path, page)).map_err(|error| {
        Error::new(path.display(), error, "name a file in a directory that is writable and has room with `--out`")
    })
}
