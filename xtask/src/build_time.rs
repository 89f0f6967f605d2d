//! What a user waits for before the first bench target runs.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use scalegate::{Error, Result};
use toml::{Table, Value};

use crate::process::{self, command};
use crate::sources::{Sources, cargo};

/// The package that is built, from the root of the repository.
const PACKAGE: &str = "examples/own-code";
/// Its bench target.
const BENCH: &str = "benches/scaling.rs";
/// What a bench target of Criterion alone needs: Criterion with the default features, as its manual has it.
const CRITERION: &str = "0.8";
/// The bench target of Criterion alone.
const CRITERION_BENCH: &str = include_str!("../build-time/scaling.rs");

/// Compare how long `cargo bench --no-run` takes from nothing with scalegate and with Criterion alone
///
/// Builds copies of examples/own-code, with and without scalegate, in turns A B B A. Ends with 1 if the times with scalegate add up
/// to more than AT-MOST times those without. Let the machine do nothing else meanwhile. Needs the network where a dependency is not
/// downloaded yet, which is not part of the times.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How often to take the four turns
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// What is tolerated
    #[arg(long, default_value_t = 1.6)]
    at_most: f64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let sources = Sources::here()?;
    let place = process::temporary_directory()?;
    let ours = Package::with_scalegate(sources.root(), &place.path().join("scalegate"))?;
    let theirs = Package::with_criterion(sources.root(), &place.path().join("criterion"))?;
    let [mut with, mut without] = [Duration::ZERO; 2];
    for _ in 0..arguments.repeat {
        with += ours.build()?;
        without += theirs.build()? + theirs.build()?;
        with += ours.build()?;
    }
    let ratio = with.as_secs_f64() / without.as_secs_f64();
    let mean = |sum: Duration| sum.as_secs_f64() / f64::from(2 * arguments.repeat);
    println!("mean: {:.1} s with scalegate, {:.1} s with Criterion alone: {ratio:.2} times", mean(with), mean(without));
    Ok(if ratio <= arguments.at_most { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A copy of the package.
struct Package {
    name: &'static str,
    place: PathBuf,
}

impl Package {
    fn with_scalegate(root: &Path, place: &Path) -> Result<Self> {
        let mut dependencies = dependencies(&manifest(root)?)?;
        let path = root.join("crates/scalegate").to_string_lossy().into_owned();
        match dependencies.get_mut("scalegate").and_then(Value::as_table_mut) {
            Some(scalegate) => scalegate.insert("path".to_owned(), path.into()),
            None => return Err(fault("it does not take scalegate by a path")),
        };
        Self::copied(root, place, "scalegate", dependencies, &process::read(&root.join(PACKAGE).join(BENCH))?)
    }

    fn with_criterion(root: &Path, place: &Path) -> Result<Self> {
        let dependencies = Table::from_iter([("criterion".to_owned(), CRITERION.into())]);
        Self::copied(root, place, "Criterion", dependencies, CRITERION_BENCH)
    }

    /// With the versions of the package's lock file, and with all that they need from the network.
    fn copied(root: &Path, place: &Path, name: &'static str, dependencies: Table, bench: &str) -> Result<Self> {
        let mut manifest = manifest(root)?;
        manifest.insert("dev-dependencies".to_owned(), dependencies.into());
        process::write(&place.join("Cargo.toml"), manifest.to_string())?;
        for file in ["Cargo.lock", "src/lib.rs"] {
            process::write(&place.join(file), process::read(&root.join(PACKAGE).join(file))?)?;
        }
        process::write(&place.join(BENCH), bench)?;
        process::run_quietly(command(cargo(), ["fetch"]).current_dir(place))?;
        Ok(Self { name, place: place.to_path_buf() })
    }

    /// The time of a build from nothing.
    fn build(&self) -> Result<Duration> {
        let target = self.place.join("target");
        process::remove(&target)?;
        let mut build = command(cargo(), ["bench", "--no-run", "--offline"]);
        build.current_dir(&self.place).env("CARGO_TARGET_DIR", target);
        let start = Instant::now();
        process::run_quietly(&mut build)?;
        let taken = start.elapsed();
        println!("{:<9} {:5.1} s", self.name, taken.as_secs_f64());
        Ok(taken)
    }
}

fn manifest(root: &Path) -> Result<Table> {
    let text = process::read(&root.join(PACKAGE).join("Cargo.toml"))?;
    text.parse().map_err(|error: toml::de::Error| fault(error.message()))
}

fn dependencies(manifest: &Table) -> Result<Table> {
    let dependencies = manifest.get("dev-dependencies").and_then(Value::as_table);
    dependencies.cloned().ok_or_else(|| fault("it has no dev-dependencies"))
}

fn fault(cause: &str) -> Error {
    Error::new(format!("{PACKAGE}/Cargo.toml"), cause, "restore it as docs/tutorial.md shows it")
}
