//! Process trees: what all of them use, and that none is left.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use scalegate::metric::Metric;

use crate::place::Place;

/// A parent that waits for three children, of which one leaves its work to a child of its own and ends. Who computes says at its end
/// what the kernel accounts to it, and the parent what wait4(2) told of its children.
const TREE: &str = "
import os, resource, sys, time

def used(who):
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime

def compute(seconds):
    while time.process_time() < seconds:
        sum(range(1000))

def log(used):
    with open('log', 'a') as file:
        file.write(f'{sys.argv[1]} {used}\\n')

seconds = float(sys.argv[2])
children = []
for number in range(3):
    child = os.fork()
    if child == 0:
        if number == 2:
            if os.fork() == 0:
                compute(seconds)
                log(used(resource.RUSAGE_SELF))
            os._exit(0)
        compute(seconds)
        os._exit(0)
    children.append(child)
for child in children:
    os.waitpid(child, 0)
log(used(resource.RUSAGE_SELF) + used(resource.RUSAGE_CHILDREN))
os._exit(0)
";

/// Tolerated between the area and the kernel's accounting.
const TOLERANCE: f64 = 0.02;

/// What the runs of each size have used by the kernel's accounting, in their order.
fn accounted(log: &str) -> BTreeMap<u64, Vec<f64>> {
    let mut by_size: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for line in log.lines() {
        let (size, used) = line.split_once(' ').unwrap();
        by_size.entry(size.parse().unwrap()).or_default().push(used.parse().unwrap());
    }
    // The parent and the grandchild, whichever came first.
    by_size.into_iter().map(|(size, used)| (size, used.chunks(2).map(|pair| pair[0] + pair[1]).collect())).collect()
}

#[test]
fn the_cpu_area_of_a_process_tree_is_what_the_kernel_accounts_at_any_rate() {
    for rate_hz in [5, 20, 100] {
        let place = Place::with(&format!(
            "[resources]\nrounds = 2\ninferences = 1\nwindow_ms = 1\nidle_ms = 50\nrate_hz = {rate_hz}\nattempts = 1\nothers_cores = 64.0\n\
             [[program]]\nname = \"tree/compute\"\naxis = {{ name = \"steps\", sizes = [1, 2] }}\n\
             command = [\"python3\", \"tree.py\", \"{{size}}\", \"0.2\"]\n"
        ));
        place.write("tree.py", TREE);
        place.ok("run --metric cpu_auc --metric cpu_time --metric peak_rss");
        let record = place.record();
        let accounted = accounted(&place.read("log"));
        let (area, time) =
            (record.series("tree/compute", Metric::CpuAuc), record.series("tree/compute", Metric::CpuTime));
        for series in [area.unwrap(), time.unwrap()] {
            assert_eq!(series.samples.len(), 4, "{series:?}");
            for sample in &series.samples {
                // Before the first round there is a run to set it up.
                let run = accounted[&sample.size][sample.round as usize + 1];
                let error = sample.values[0] / run - 1.0;
                assert!(run > 0.6 && error.abs() < TOLERANCE, "{} at {rate_hz} Hz: {error}", series.metric);
            }
        }
    }
}

/// Numbers of processes whose command line has `mark`.
fn running(mark: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let lines = processes.filter_map(|path| std::fs::read_to_string(path.join("cmdline")).ok());
    lines.filter(|line| line.contains(mark)).collect()
}

/// Waits until there is no such process; a process is gone some time after it was killed.
#[track_caller]
fn wait_for_none(mark: &str) {
    let start = Instant::now();
    while !running(mark).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", running(mark));
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A time to sleep by which a process is known.
fn mark(number: u32) -> String {
    format!("{}.{number}", 70_000 + std::process::id() % 10_000)
}

#[test]
fn a_program_that_never_ends_is_ended_with_all_it_started() {
    let mark = mark(1);
    let place = Place::with(&format!(
        "[[program]]\nname = \"script/hang\"\naxis = {{ name = \"steps\", sizes = [1] }}\n\
         command = [\"sh\", \"-c\", \"setsid sleep {mark} & sleep {mark}\"]\ntimeout_s = 0.5\n"
    ));
    assert_snapshot!(place.refused().replace(&mark, "[mark]"), @"
    error: script/hang at size 1: sh -c 'setsid sleep [mark] & sleep [mark]': it did not end within 0.5 s, and was ended
      help: find out what it waits for, raise `timeout_s`, or leave out the largest sizes
    ");
    assert_eq!(running(&mark), [""; 0]);
}

#[test]
fn a_program_that_leaves_a_daemon_is_refused_and_the_daemon_is_ended() {
    let mark = mark(2);
    let place = Place::with(&format!(
        "[[program]]\nname = \"script/daemon\"\naxis = {{ name = \"steps\", sizes = [1] }}\n\
         command = [\"sh\", \"-c\", \"setsid sleep {mark} > /dev/null 2>&1 &\"]\ntimeout_s = 1\n"
    ));
    let said = place.refused().replace(&mark, "[mark]");
    let (before, after) = said.split_once("sleep (").unwrap();
    assert_snapshot!(format!("{before}sleep ([pid]{}", after.trim_start_matches(|c: char| c.is_ascii_digit())), @"
    error: script/daemon at size 1: sh -c 'setsid sleep [mark] > /dev/null 2>&1 &': it left processes behind that still ran 1 s after it, and were ended: sleep ([pid])
      help: name a command that stays until all it starts is done, as a server does without its option for a daemon
    ");
    assert_eq!(running(&mark), [""; 0]);
}

#[test]
fn a_program_that_fails_is_told_so_whatever_it_leaves() {
    let mark = mark(6);
    let place = Place::with(&format!(
        "[[program]]\nname = \"script/fails\"\naxis = {{ name = \"steps\", sizes = [1] }}\n\
         command = [\"sh\", \"-c\", \"sleep {mark} & echo no model >&2; exit 7\"]\n"
    ));
    assert_snapshot!(place.refused().replace(&mark, "[mark]"), @"
    error: script/fails at size 1: sh -c 'sleep [mark] & echo no model >&2; exit 7': the measured process ended with exit status: 7 and said:
    no model
      help: fix the cause and rerun; earlier records are as they were
    ");
    assert_eq!(running(&mark), [""; 0]);
}

#[test]
fn no_process_outlives_a_session_that_is_interrupted_or_killed() {
    for (number, signal) in [(3, "INT"), (4, "TERM"), (5, "KILL")] {
        let mark = mark(number);
        // Who left its group is known to the session, as long as it lives.
        let setsid = if signal == "KILL" { "" } else { "setsid" };
        let place = Place::with(&format!(
            "[[program]]\nname = \"script/hang\"\naxis = {{ name = \"steps\", sizes = [1] }}\n\
             command = [\"sh\", \"-c\", \"{setsid} sleep {mark} & sleep {mark}\"]\n"
        ));
        let mut session = place.start(Path::new(env!("CARGO_BIN_EXE_scalegate")), "run");
        let mut session = session.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while running(&mark).len() < 2 {
            assert!(session.try_wait().unwrap().is_none(), "it ended before it began");
            std::thread::sleep(Duration::from_millis(10));
        }
        let kill = Command::new("kill").args(["-s", signal, &session.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let status = session.wait().unwrap();
        assert_eq!(status.code(), if signal == "KILL" { None } else { Some(130) }, "{signal}");
        wait_for_none(&mark);
    }
}
