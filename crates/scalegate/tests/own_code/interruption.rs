//! Whatever ends `scalegate ab`, and when: no process, lock or temporary file stays, and the checkout is as it was.

#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use scalegate::record::{self, PairRecord};

use crate::package::{Package, code, ok, text};

/// In the environment of a command and of all that it starts.
const MARK: &str = "SCALEGATE_TEST_MARK";

/// In the environment: what takes longer than any patience, the build of a side or an inference.
const SLOW: &str = "SCALEGATE_TEST_SLOW";

/// Long enough for a build, and for a process that was killed to be gone, on a machine with other things to do.
const PATIENCE: Duration = Duration::from_mins(1);

/// A build script that sleeps on the side that is slow; the working tree alone has the file.
const BUILD: &str = r#"
fn main() {
    println!("cargo::rerun-if-env-changed=SCALEGATE_TEST_SLOW");
    println!("cargo::rerun-if-changed=notes.txt");
    let side = if std::path::Path::new("notes.txt").exists() { "head" } else { "base" };
    if std::env::var("SCALEGATE_TEST_SLOW").is_ok_and(|slow| slow == side) {
        std::thread::sleep(std::time::Duration::from_secs(600));
    }
}
"#;

const RECORD: &str = "target/scalegate/ab.json";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Moment {
    /// As soon as signals are caught: before, nothing is there to be left.
    Start,
    BuildOfBase,
    BuildOfHead,
    Calibration,
    Rounds,
}

impl Moment {
    const ALL: [Self; 5] = [Self::Start, Self::BuildOfBase, Self::BuildOfHead, Self::Calibration, Self::Rounds];

    /// What has to be slow for it.
    fn slow(self) -> &'static str {
        match self {
            Self::BuildOfBase => "base",
            Self::BuildOfHead => "head",
            Self::Calibration => "inference",
            Self::Start | Self::Rounds => "nothing",
        }
    }

    fn has_come(self, package: &Package, mark: &str) -> bool {
        let is_building = || marked(mark).iter().any(|process| process.name.starts_with("build-script"));
        let sides = || marked(mark).iter().filter(|process| process.is_side).count();
        match self {
            Self::Start => marked(mark).iter().any(|process| process.catches_signals),
            Self::BuildOfBase | Self::BuildOfHead => is_building(),
            Self::Calibration => sides() == 1,
            Self::Rounds => package.path(RECORD).exists() && sides() == 2,
        }
    }
}

/// A process with the mark.
struct Marked {
    name: String,
    /// Whether it runs slices of base or head.
    is_side: bool,
    /// Whether it handles SIGINT.
    catches_signals: bool,
}

fn marked(mark: &str) -> Vec<Marked> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let processes = entries.filter_map(|entry| {
        let environment = String::from_utf8_lossy(&std::fs::read(entry.path().join("environ")).ok()?).into_owned();
        environment.contains(&format!("{MARK}={mark}\0")).then(|| Marked {
            name: std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default().trim().to_owned(),
            is_side: environment.contains("slices.json\0"),
            catches_signals: catches(&std::fs::read_to_string(entry.path().join("status")).unwrap_or_default()),
        })
    });
    processes.collect()
}

/// Whether the mask of signals that are caught has SIGINT (`proc_pid_status(5)`).
fn catches(status: &str) -> bool {
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (2 - 1)) != 0)
}

#[track_caller]
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Temporary files and directories of the command.
fn temporary(package: &Package) -> Vec<String> {
    let places = [package.path("target/scalegate"), package.path("target/scalegate/ab")];
    let entries = places.iter().flat_map(|place| std::fs::read_dir(place).unwrap().flatten());
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".scalegate-")).collect()
}

fn start(package: &Package, mark: &str, moment: Moment) -> Child {
    let mut command = package.command(env!("CARGO_BIN_EXE_scalegate"), "ab --workload text/* --budget 60s");
    command.env(MARK, mark).env(SLOW, moment.slow()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A repository whose builds and inferences take as long as a variable says.
fn slow_at_will() -> Package {
    let package = Package::committed();
    package.write("build.rs", BUILD);
    let is_slow = format!("let is_slow = std::env::var(\"{SLOW}\").is_ok_and(|slow| slow == \"inference\");");
    let sleep = "if is_slow { std::thread::sleep(std::time::Duration::from_secs(600)); }";
    let words = "move || count_words(&text).len()";
    let slow = format!("{is_slow}\n            move || {{ {sleep} count_words(&text).len() }}");
    package.edit("benches/scaling.rs", words, &slow);
    package.commit("slow");
    package
}

fn send(signal: &str, process: &Child) {
    ok(&std::process::Command::new("sh").args(["-c", &format!("kill -s {signal} {}", process.id())]).output().unwrap());
}

#[test]
fn a_signal_at_any_moment_leaves_nothing_behind_and_the_checkout_as_it_was() {
    let package = slow_at_will();
    // Compiles the dependencies, which takes longer than a moment may.
    let warm = package.scalegate("ab --workload text/* --budget 1s");
    assert!(is_verdict(warm.status), "{}", text(&warm.stderr));
    let sources = package.read("src/lib.rs");
    for signal in ["INT", "TERM", "KILL"] {
        for moment in Moment::ALL {
            let mark = format!("{signal}-{moment:?}-{}", std::process::id());
            // Staged, not staged and untracked.
            package.write("src/lib.rs", format!("{sources}// {mark}\n"));
            package.write("README.md", &mark);
            package.git("add README.md");
            package.write("notes.txt", &mark);
            let _ = std::fs::remove_file(package.path(RECORD));
            let before = (package.git("status --porcelain"), package.files(&["target"]));

            let mut process = start(&package, &mark, moment);
            wait_until(&format!("{mark} has not come"), || {
                assert_eq!(process.try_wait().unwrap(), None, "{mark} has passed");
                moment.has_come(&package, &mark)
            });
            send(signal, &process);
            wait_until(&format!("{mark}: it goes on"), || process.try_wait().unwrap().is_some());
            wait_until(&format!("{mark}: a process is left"), || marked(&mark).is_empty());
            let ended = process.wait_with_output().unwrap();

            assert!((package.git("status --porcelain"), package.files(&["target"])) == before, "{mark}");
            assert_eq!(package.git("worktree list").lines().count(), 1, "{mark}");
            let rounds = rounds(&package.path(RECORD));
            assert!(rounds > 0 || moment != Moment::Rounds, "{mark}");
            if signal == "KILL" {
                assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended.status), Some(9));
            } else {
                let said = text(&ended.stderr);
                assert_eq!(ended.status.code(), Some(130), "{mark}: {said}");
                let expected = if rounds > 0 {
                    format!("interrupted: {RECORD} has the {rounds} pairs of rounds that were complete")
                } else {
                    "interrupted: Ctrl-C ended the run".to_owned()
                };
                assert!(said.contains(&expected), "{mark}: {said}");
                assert_eq!(temporary(&package), [""; 0], "{mark}");
            }
        }
    }
    let again = package.scalegate("ab --workload text/* --budget 1s");
    assert!(is_verdict(again.status), "{}", text(&again.stderr));
    assert!(rounds(&package.path(RECORD)) >= 10);
    assert_eq!(temporary(&package), [""; 0], "what was killed is cleared by the next run");
}

/// Pairs of rounds in a record, which is whole.
fn rounds(path: &Path) -> usize {
    if !path.exists() {
        return 0;
    }
    let record: PairRecord = record::read_json(path).unwrap();
    record.series.iter().map(|series| series.pairs.len()).max().unwrap_or(0)
}

/// Sources that differ in a comment pass, or are inconclusive on a machine that is busy.
fn is_verdict(status: ExitStatus) -> bool {
    matches!(status.code(), Some(0 | 3))
}

#[test]
fn two_at_once_are_refused() {
    let package = slow_at_will();
    let mark = format!("two-{}", std::process::id());
    let mut first = start(&package, &mark, Moment::BuildOfBase);
    wait_until("a build", || {
        assert_eq!(first.try_wait().unwrap(), None);
        Moment::BuildOfBase.has_come(&package, &mark)
    });
    let said = code(&package.scalegate("ab"), 2);
    assert!(said.contains("another `scalegate ab` is at work here\n  help: wait for it to end"), "{said}");
    send("TERM", &first);
    assert_eq!(first.wait().unwrap().code(), Some(130));
}
