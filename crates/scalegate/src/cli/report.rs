//! `scalegate report`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::join::by_host;
use super::{BaselinePath, check};
use crate::analysis::{self, Expected, RunLaws};
use crate::config::Config;
use crate::metric::Metric;
use crate::record::{PairRecord, read_json};
use crate::{Error, Result, paths, report};

/// Write laws, verdict and fingerprints of one or more runs as one HTML file
///
/// Runs of several hosts stand side by side. The file needs no network. Exits with 0 whatever the verdict is; `scalegate
/// check` gates.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Records of runs [default: target/scalegate/run.json]
    #[arg(value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// A record of `scalegate ab`, such as target/scalegate/ab.json, instead of runs
    #[arg(long, value_name = "FILE", conflicts_with = "runs")]
    pairs: Option<PathBuf>,
    #[command(flatten)]
    baseline: BaselinePath,
    /// Where to write the report
    #[arg(long, value_name = "FILE.html")]
    out: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if let Some(pairs) = &arguments.pairs {
        return compared(pairs, &arguments.out);
    }
    let default = [paths::run()];
    let names = if arguments.runs.is_empty() { &default[..] } else { &arguments.runs[..] };
    let runs = by_host(names)?;
    let store = arguments.baseline.store()?;
    let settings = check::settings()?;
    let expected = Expected::default();
    let check = analysis::check(&runs, &store, &settings, &expected)?;
    let laws = runs.iter().map(|run| analysis::laws(run, &store, |_| true)).collect::<Result<Vec<_>>>()?;
    let models = |laws: &RunLaws| report::Models {
        tradeoffs: analysis::tradeoffs(&[("", laws.run)]),
        overlays: analysis::overlays(laws.laws.iter().map(|law| ("", &law.series))),
    };
    let models: Vec<report::Models> = laws.iter().map(models).collect();
    let page = report::html(&report::Page { check: &check, runs: &laws, models: &models, here: &expected.names() });
    write(&arguments.out, &page)?;
    eprintln!("{}: {}", arguments.out.display(), check.verdict);
    Ok(ExitCode::SUCCESS)
}

/// The page of two revisions.
fn compared(pairs: &Path, out: &Path) -> Result<ExitCode> {
    let record: PairRecord = read_json(pairs)?;
    let config = Config::load_here()?;
    let check = analysis::check_pairs(&record, &config.ab, &config.gate, &[Metric::WallTime]);
    write(out, &report::pairs_html(&record, &check))?;
    eprintln!("{}: {}", out.display(), check.verdict);
    Ok(ExitCode::SUCCESS)
}

/// Writes a page, and the directory that it is to be in.
pub(super) fn write(path: &Path, page: &str) -> Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory).and_then(|()| std::fs::write(path, page)).map_err(|error| {
        Error::new(path.display(), error, "name a file in a directory that is writable and has room with `--out`")
    })
}
