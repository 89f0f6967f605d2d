//! A/A runs for the choice of the statistic that stands for a size.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use scalegate::{Error, Result};

use crate::process::{self, command};
use crate::sources::{Sources, cargo};
use crate::suite;

/// Record unchanged code again and again, and print the spread between runs by statistic
///
/// Two workloads at four sizes each in five rounds, on a quiet machine or with a busy process on every other core.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Directory for records; the table is of all that it holds
    directory: PathBuf,
    /// How many to take
    runs: u32,
    /// Keep every other core busy
    #[arg(long)]
    loaded: bool,
}

const WORKLOADS: &str = r#"
[measure]
rounds = 5
samples = 10
warm_up_ms = 20
measurement_ms = 100

[[workload]]
name = "llm/prefill"
tokens = [16, 64, 128, 256]

[[workload]]
name = "vlm/encode"
resolutions = ["112x84", "224x168", "308x224", "364x280"]
"#;

/// Processes that keep cores busy until they are dropped.
struct Load(Vec<Child>);

impl Load {
    fn on_all_cores_but_one() -> Result<Self> {
        let mut load = Self(Vec::new());
        for _ in 1..std::thread::available_parallelism().map_or(1, usize::from) {
            let busy = Command::new("sha256sum").arg("/dev/zero").stdout(Stdio::null()).spawn();
            load.0.push(busy.map_err(|error| Error::new("sha256sum", error, "install it"))?);
        }
        Ok(load)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        for child in &mut self.0 {
            // One that has ended by itself is no longer busy either.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(super) fn run(arguments: &Arguments, sources: &Sources) -> Result<()> {
    let version = sources.working_tree()?;
    let text = suite::with_workloads(&sources.file(&version, suite::FILE)?, WORKLOADS)?;
    let checkout = sources.check_out(&sources.with_file(&version, suite::FILE, &text)?)?;
    checkout.build()?;
    let machine = if arguments.loaded { "loaded" } else { "quiet" };
    let load = arguments.loaded.then(Load::on_all_cores_but_one).transpose()?;
    for run in 1..=arguments.runs {
        let record = arguments.directory.join(format!("{machine}-{run:02}.json"));
        checkout.bench(&["llm", "vlm"], None, &record)?;
        eprintln!("{machine} {run} of {}", arguments.runs);
    }
    drop(load);
    let mut table = command(cargo(), ["run", "--release", "--locked", "--example", "estimator", "--"]);
    table.args(records(&arguments.directory)?).current_dir(sources.root());
    process::run(&mut table)
}

/// The records of a directory, by name.
fn records(directory: &std::path::Path) -> Result<Vec<PathBuf>> {
    let fail = |error: std::io::Error| Error::new(directory.display(), error, "name a directory with records");
    let mut records = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(fail)? {
        let path = std::path::absolute(entry.map_err(fail)?.path()).map_err(fail)?;
        if path.extension().is_some_and(|extension| extension == "json") {
            records.push(path);
        }
    }
    records.sort();
    Ok(records)
}
