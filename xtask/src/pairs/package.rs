//! The package that is measured, with its revisions.

use std::path::{Path, PathBuf};

use scalegate::analysis::{self, PairCheck};
use scalegate::config::{AbSettings, GateSettings};
use scalegate::gate::{Finding, Quantity};
use scalegate::law::Interval;
use scalegate::metric::Metric;
use scalegate::record::{self, PairRecord, PairSeries};
use scalegate::{Error, Result, paths};

use crate::process::{self, command};
use crate::sources::{Sources, cargo};

const KERNELS: &str = include_str!("../../pairs/kernels.rs");
const SCALING: &str = include_str!("../../pairs/scaling.rs");
const ZENBENCH: &str = include_str!("../../pairs/zenbench.rs");
/// The functions of the package, as workloads.
pub(super) const WORKLOADS: [&str; 3] = ["pairs/chain", "pairs/words", "pairs/numbers"];
/// The version of zenbench that the evidence is of.
const ZENBENCH_VERSION: &str = "=0.1.11";

/// A git repository with the functions as they are.
pub(super) struct Package {
    place: PathBuf,
    scalegate: PathBuf,
}

/// What a comparison comes to.
pub(super) struct Answer {
    pub(super) check: PairCheck,
    series: PairSeries,
}

impl Package {
    /// Makes the repository anew; what was built for it stays.
    pub(super) fn new() -> Result<Self> {
        let sources = Sources::here()?;
        sources.build_scalegate()?;
        let place = sources.target().join("pairs");
        let scalegate = sources.target().join("release").join("scalegate");
        let library = sources.root().join("crates/scalegate");
        let manifest = format!(
            "[package]\nname = \"pairs\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n[dev-dependencies]\n\
             scalegate = {{ path = \"{}\", default-features = false }}\n[lib]\nbench = false\n[[bench]]\nname = \"scaling\"\n\
             harness = false\n",
            library.display()
        );
        process::remove(&place.join(".git"))?;
        process::remove(&place.join("build.rs"))?;
        process::write(&place.join("Cargo.toml"), manifest)?;
        process::write(
            &place.join("Cargo.lock"),
            process::read(&sources.root().join("examples/own-code/Cargo.lock"))?,
        )?;
        process::write(&place.join("src/lib.rs"), KERNELS)?;
        process::write(&place.join("benches/scaling.rs"), SCALING)?;
        process::write(&place.join(".gitignore"), "target\nzenbench\n")?;
        let package = Self { place, scalegate };
        package.git(&["init", "--quiet", "--initial-branch", "main"])?;
        // The lock file names another package; Cargo puts this one in its place.
        process::run_quietly(command(cargo(), ["update", "--workspace", "--quiet"]).current_dir(&package.place))?;
        package.commit("base")?;
        Ok(package)
    }

    /// A branch with another text in a file.
    pub(super) fn branch(&self, name: &str, file: &str, content: &str) -> Result<()> {
        self.git(&["checkout", "--quiet", "-b", name, "main"])?;
        process::write(&self.place.join(file), content)?;
        self.commit(name)?;
        self.git(&["checkout", "--quiet", "main"])
    }

    fn commit(&self, message: &str) -> Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", message])
    }

    fn git(&self, words: &[&str]) -> Result<()> {
        let mut git = command("git", ["-c", "user.name=xtask", "-c", "user.email=xtask@localhost"]);
        process::run_quietly(git.args(words).current_dir(&self.place))
    }

    fn command(&self, base: &str, head: &str, workload: &str, seconds: f64) -> std::process::Command {
        let budget = format!("{}ms", (1e3 * seconds) as u64);
        let mut ab = command(&self.scalegate, ["ab", base, head, "--workload", workload, "--budget", &budget]);
        ab.current_dir(&self.place);
        ab
    }

    /// `scalegate ab` as a user sees it, and its exit code.
    pub(super) fn show_ab(&self, base: &str, head: &str, workload: &str, seconds: f64) -> Result<Option<i32>> {
        Ok(process::status(&mut self.command(base, head, workload, seconds))?.code())
    }

    /// `scalegate ab` on one workload, for so many seconds at most.
    pub(super) fn ab(&self, base: &str, head: &str, workload: &str, seconds: f64) -> Result<Answer> {
        let output = process::output(&mut self.command(base, head, workload, seconds))?;
        if !matches!(output.status.code(), Some(0 | 1 | 3)) {
            let cause = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(Error::new(format!("scalegate ab {base} {head}"), cause, "fix the cause and rerun"));
        }
        let mut record: PairRecord = record::read_json(&self.place.join(paths::pairs()))?;
        // The package has no configuration, so that these are the settings of the command.
        let (settings, gate) = (AbSettings::default(), GateSettings::default());
        let check = analysis::check_pairs(&record, &settings, &gate, &[Metric::WallTime]);
        Ok(Answer { check, series: record.series.remove(0) })
    }

    /// Keeps the record of the last comparison, with all its slices, below a directory of the package.
    pub(super) fn keep(&self, directory: &str, run: u32) -> Result<()> {
        let record = process::read(&self.place.join(paths::pairs()))?;
        process::write(&self.place.join("target").join(directory).join(format!("{run}.json")), record)
    }

    /// The same change by zenbench: relative, with its interval.
    pub(super) fn zenbench(&self) -> Result<Zenbench> {
        Zenbench::new(&self.place.join("zenbench"))
    }
}

/// The kernels with `more` hundredths of work on top.
pub(super) fn with_more(more: u32) -> String {
    KERNELS.replace("MORE: usize = 0", &format!("MORE: usize = {more}"))
}

/// The kernels after another function, which nothing calls and the linker keeps: all that comes after it moves.
pub(super) fn moved(by: u32) -> String {
    let body: String = (0..by).map(|i| format!("    x = x.rotate_left({}) ^ {};\n", 1 + i % 60, 7 * i + 1)).collect();
    format!(
        "{KERNELS}\n/// Moves what comes after it.\n#[inline(never)]\nfn unused(mut x: u64) -> u64 {{\n{body}    x\n}}\n\
         #[used]\nstatic UNUSED: fn(u64) -> u64 = unused;\n"
    )
}

/// A program with both versions in it.
pub(super) struct Zenbench {
    executable: PathBuf,
}

impl Zenbench {
    fn new(place: &Path) -> Result<Self> {
        let manifest = format!(
            "[package]\nname = \"arms\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
             zenbench = \"{ZENBENCH_VERSION}\"\n[[bin]]\nname = \"arms-zenbench\"\npath = \"main.rs\"\n[lib]\npath = \"lib.rs\"\n"
        );
        let arm = |name: &str, more: u32| {
            let kernel = with_more(more);
            let begin = kernel.find("/// A chain").unwrap_or_default();
            let end = kernel.find("/// How many different").unwrap_or(kernel.len());
            let body = kernel[begin..end].replace("pub fn chain", &format!("#[inline(never)]\npub fn {name}"));
            body.replace("MORE", &more.to_string())
        };
        process::write(&place.join("Cargo.toml"), manifest)?;
        process::write(&place.join("lib.rs"), arm("base", 0) + &arm("head", 2))?;
        process::write(&place.join("main.rs"), ZENBENCH)?;
        process::run_quietly(command(cargo(), ["build", "--release", "--quiet"]).current_dir(place))?;
        Ok(Self { executable: place.join("target/release/arms-zenbench") })
    }

    /// The change, relative, with its interval of 95 %.
    pub(super) fn run(&self) -> Result<Interval> {
        let text = process::text(&mut command(&self.executable, [""; 0]))?;
        let last = text.lines().last().unwrap_or_default();
        let numbers: Vec<f64> = last.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        match numbers[..] {
            [estimate, lower, upper] => {
                Ok(Interval { estimate: estimate / 100.0, lower: lower / 100.0, upper: upper / 100.0 })
            }
            _ => Err(Error::new("zenbench", format!("it printed {last:?}"), "look at what the program prints")),
        }
    }
}

impl Answer {
    /// What was found of the slope.
    pub(super) fn slope(&self) -> Option<&Finding> {
        self.check.findings.iter().find(|finding| finding.quantity == Quantity::Slope)
    }

    /// The pairs of rounds that were taken.
    pub(super) fn pairs(&self) -> usize {
        self.series.pairs.len()
    }

    /// The change at each size.
    pub(super) fn ratios(&self) -> Vec<(u64, Interval)> {
        analysis::ratios(&self.series, Metric::WallTime)
    }
}

/// A relative change with its interval; nothing for none.
pub(super) fn percents(change: Option<Interval>) -> String {
    let Some(Interval { estimate, lower, upper }) = change else { return String::new() };
    let [estimate, lower, upper] = [estimate, lower, upper].map(|value| 100.0 * value);
    format!("{estimate:+.2} % [{lower:+.2}, {upper:+.2}]")
}
