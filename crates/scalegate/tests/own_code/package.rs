//! A copy of the example, and what is done with it.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use scalegate::record::{self, Run};
use scalegate::workload::WorkloadName;
use scalegate_testing::Place;

/// Rounds that take a second.
const SHORT: &str = "[measure]\nrounds = 3\nsamples = 10\nwarm_up_ms = 1\nmeasurement_ms = 2\n\
                     [gate]\nrequired = [\"instructions\", \"heap_bytes\"]\n";

/// The time of [`Package::played`].
const PLAYED_S: &str = "    1e-8 * n";

/// `text/count_words`, which runs the function and says another time, with a little noise of its own in each process.
const PLAYED: &str = "
struct Played;

impl scalegate::Workload for Played {
    fn name(&self) -> &str {
        \"text/count_words\"
    }

    fn axis(&self) -> Axis {
        Axis::BYTES
    }

    fn sizes(&self) -> Vec<u64> {
        vec![4_000, 8_000, 16_000, 32_000, 64_000, 128_000]
    }

    fn prepare(&self, size: u64) -> scalegate::Result<Box<dyn scalegate::Prepared>> {
        Ok(Box::new(PlayedSize { text: text(size), state: size ^ (u64::from(std::process::id()) << 20) }))
    }
}

struct PlayedSize {
    text: String,
    state: u64,
}

impl scalegate::Prepared for PlayedSize {
    fn run(&mut self) -> scalegate::Result<()> {
        std::hint::black_box(count_words(&self.text));
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        Ok(())
    }

    fn run_in_parts(&mut self) -> scalegate::Result<Option<scalegate::workload::Parts>> {
        self.run()?;
        let n = self.text.len() as f64;
        let part = |name: &str, seconds: f64| scalegate::workload::PartTime {
            name: name.to_owned(),
            operator: name.to_owned(),
            form: format!(\"{n} bytes\"),
            runs: 1,
            seconds,
        };
        let list = vec![part(\"split\", 4e-9 * n), part(\"count\", own_code::time_s(n) - 4e-9 * n)];
        Ok(Some(scalegate::workload::Parts { list, ..Default::default() }))
    }

    fn reported_s(&self) -> Option<f64> {
        let noise = (self.state >> 40) as f64 / (1_u64 << 24) as f64 - 0.5;
        Some(own_code::time_s(self.text.len() as f64) * (1.0 + 0.01 * noise))
    }
}
";

/// A copy of the package. Its dependencies are built once for all tests; and since Cargo gives copies in several places one name for
/// their executables, there is one copy at a time.
pub(crate) struct Package {
    place: Place,
    _alone: MutexGuard<'static, ()>,
}

impl Deref for Package {
    type Target = Place;

    fn deref(&self) -> &Place {
        &self.place
    }
}

impl Package {
    pub(crate) fn new() -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let package = Self { place: Place::new(env!("CARGO_BIN_EXE_scalegate")), _alone: alone };
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/own-code");
        for name in ["Cargo.toml", "Cargo.lock", "src/lib.rs", "benches/scaling.rs"] {
            package.write(name, std::fs::read_to_string(own.join(name)).unwrap());
        }
        package.edit("Cargo.toml", "../../crates/scalegate", env!("CARGO_MANIFEST_DIR"));
        package.write("scalegate.toml", SHORT);
        package
    }

    /// The same as a repository with one commit, with what `scalegate ab` builds there compiled once for all tests.
    pub(crate) fn committed() -> Self {
        Self::new().in_a_repository()
    }

    /// The same with times that hang on the sizes alone, so that no other load on the machine decides what is found.
    pub(crate) fn played() -> Self {
        let package = Self::new();
        let lib = package.read("src/lib.rs");
        package.write(
            "src/lib.rs",
            format!(
                "{lib}\n/// What `count_words` is said to take.\npub fn time_s(n: f64) -> f64 {{\n{PLAYED_S}\n}}\n"
            ),
        );
        let main = "fn main() -> ExitCode {\n";
        package.edit("benches/scaling.rs", main, &format!("{PLAYED}\n{main}"));
        let closure = "        .workload(\"text/count_words\", Axis::BYTES, [4_000, 8_000, 16_000, 32_000, 64_000, 128_000], |n| {\n            \
                       let text = text(n);\n            move || count_words(&text).len()\n        })\n";
        package.edit("benches/scaling.rs", closure, "        .workload_of(Box::new(Played))\n");
        package.in_a_repository()
    }

    fn in_a_repository(self) -> Self {
        self.write(".gitignore", "target\n");
        self.git("init --quiet --initial-branch main");
        self.commit("base");
        let (shared, place) = (target().with_file_name("own-code-ab"), self.path("target/scalegate/ab"));
        std::fs::create_dir_all(&shared).unwrap();
        std::fs::create_dir_all(&place).unwrap();
        std::os::unix::fs::symlink(shared, place.join("target")).unwrap();
        self
    }

    /// Git in the package, with a name of its own for what it commits.
    pub(crate) fn git(&self, line: &str) -> String {
        let options = "--no-optional-locks -c user.name=test -c user.email=test@localhost";
        ok(&self.command("git", options).args(line.split_whitespace()).output().unwrap())
    }

    /// Commits all that is there.
    pub(crate) fn commit(&self, message: &str) {
        self.git("add --all");
        self.git(&format!("commit --quiet --message {message}"));
    }

    /// A program with the words of `line`, ready to start in the package.
    pub(crate) fn command(&self, program: &str, line: &str) -> Command {
        let mut command = self.start(Path::new(program), line);
        command.env("CARGO_TARGET_DIR", target());
        command
    }

    pub(crate) fn cargo(&self, line: &str) -> Output {
        self.command(env!("CARGO"), line).output().unwrap()
    }

    pub(crate) fn scalegate(&self, line: &str) -> Output {
        self.command(env!("CARGO_BIN_EXE_scalegate"), line).output().unwrap()
    }

    /// Counts instructions and heap, which takes a second and does not depend on what else the machine does.
    pub(crate) fn count(&self) {
        ok(&self.scalegate("run --metric instructions --metric heap_bytes"));
    }

    pub(crate) fn record(&self) -> Run {
        record::read_json(&self.path("target/scalegate/run.json")).unwrap()
    }

    pub(crate) fn workloads(&self) -> BTreeSet<WorkloadName> {
        self.record().series.into_iter().map(|series| series.workload).collect()
    }

    /// The executable of the bench target, as Cargo has just built it.
    pub(crate) fn executable(&self, target: &str) -> PathBuf {
        let output = self.cargo(&format!("bench --no-run --bench {target} --message-format=json"));
        let text = ok(&output);
        let artifact = text.lines().rev().find_map(|line| {
            let message: serde_json::Value = serde_json::from_str(line).ok()?;
            (message["target"]["name"] == target).then(|| message["executable"].as_str().map(PathBuf::from)).flatten()
        });
        artifact.unwrap()
    }
}

/// Where the package is built: its dependencies once for all tests.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("own-code")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
pub(crate) fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
pub(crate) fn code(output: &Output, expected: i32) -> String {
    let all = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(expected), "{all}");
    all
}

/// An accidental quadratic: for each word a sixty-fourth of those before it is looked at again.
pub(crate) fn plant_quadratic(package: &Package) {
    let count = "        *counts.entry(word).or_default() += 1;\n";
    let again = "        seen += 1;\n        (0..seen / 64).for_each(|before| drop(std::hint::black_box(before)));\n";
    package.edit("src/lib.rs", count, &format!("{again}{count}"));
    let counts = "    let mut counts = HashMap::new();\n";
    package.edit("src/lib.rs", counts, &format!("{counts}    let mut seen = 0_usize;\n"));
    if package.read("src/lib.rs").contains(PLAYED_S) {
        package.edit("src/lib.rs", PLAYED_S, &format!("{PLAYED_S} + 2e-13 * n * n"));
    }
}
