//! Running one case below callgrind, and the file that it leaves.
//!
//! The measured process tells callgrind by client requests when to instrument (after loading: Valgrind is three times as fast
//! before) and what to add up (one run, after one to warm up). `man valgrind`, chapter 6, has the options and the form of the
//! file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::CAN_START;
use crate::metric::Metric;
use crate::{Error, Result};

/// What callgrind counts.
pub const CALLGRIND_METRICS: [Metric; 4] = [Metric::Instructions, Metric::D1Misses, Metric::LlMisses, Metric::Branches];

/// What it simulates beside instructions, and the caches: those of no machine in particular, so that misses compare between machines.
pub(crate) const SIMULATION: [&str; 5] =
    ["--cache-sim=yes", "--branch-sim=yes", "--I1=32768,8,64", "--D1=32768,8,64", "--LL=8388608,16,64"];

/// A file without numbers in the place of names and without lines of the sources, as it is read here.
pub(crate) const PLAIN_FILE: [&str; 3] = ["--dump-line=no", "--compress-strings=no", "--compress-pos=no"];

/// A variable of counted processes. From some kilobytes on glibc copies and clears by one instruction (`rep movsb`, `rep stosb`), which
/// Valgrind counts once for every byte: a copy would have a step in it. With this it goes by vectors at any length (glibc manual, "Hardware
/// Capability Tunables"); other C libraries don't read it.
pub(crate) const BY_VECTORS: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.cpu.x86_rep_movsb_threshold=0x7fffffffffffffff:glibc.cpu.x86_rep_stosb_threshold=0x7fffffffffffffff",
);

/// The command that runs `program` below callgrind, which writes `out`.
pub fn callgrind(program: &Path, out: &Path) -> Command {
    let mut command = Command::new("valgrind");
    // Its statistics of all processes would hide what the one that failed has said.
    command.args(["--quiet", "--tool=callgrind"]).args(SIMULATION);
    command.args(PLAIN_FILE);
    command.arg("--collect-atstart=no");
    command.arg(if CAN_START { "--instr-atstart=no" } else { "--instr-atstart=yes" });
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(program);
    command
}

/// The sum of the counts in all files whose names begin with `out`.
///
/// # Errors
/// There is none, or one cannot be read.
pub(crate) fn read_callgrind_of_tree(out: &Path) -> Result<BTreeMap<Metric, u64>> {
    let mut sum = BTreeMap::new();
    for path in files_of_tree(out)? {
        for (metric, count) in read_callgrind(&path)? {
            *sum.entry(metric).or_default() += count;
        }
    }
    Ok(sum)
}

/// The files of all processes, whose names begin with `out`.
pub(super) fn files_of_tree(out: &Path) -> Result<Vec<PathBuf>> {
    let fail = |cause: String| Error::new(out.display(), cause, "rerun; if it stays, report it as a bug");
    let (directory, name) = out.parent().zip(out.file_name()).ok_or_else(|| fail("it is no file".to_owned()))?;
    let prefix = format!("{}.", name.to_string_lossy());
    let entries = std::fs::read_dir(directory).map_err(|error| fail(error.to_string()))?;
    let is_its = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with(&prefix);
    let mut paths: Vec<PathBuf> = entries.flatten().filter(is_its).map(|entry| entry.path()).collect();
    paths.sort();
    if paths.is_empty() { Err(fail("callgrind left no file".to_owned())) } else { Ok(paths) }
}

/// The counts in the file that callgrind left.
///
/// # Errors
/// It cannot be read, or lacks a count.
pub fn read_callgrind(path: &Path) -> Result<BTreeMap<Metric, u64>> {
    let fail = |cause: String| Error::new(path.display(), cause, "rerun; if it stays, report it as a bug");
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    parse(&text).map_err(fail)
}

fn parse(text: &str) -> std::result::Result<BTreeMap<Metric, u64>, String> {
    let line = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    let events: Vec<&str> = line("events:").ok_or("it names no events")?.split_whitespace().collect();
    let totals = line("totals:").or(line("summary:")).ok_or("it has no totals")?;
    let counts = totals
        .split_whitespace()
        .map(|count| count.parse().map_err(|_| format!("`{count}` is no count")))
        .collect::<std::result::Result<Vec<u64>, String>>()?;
    if counts.is_empty() || counts.len() > events.len() {
        return Err(format!("{} totals of {} events", counts.len(), events.len()));
    }
    // Trailing zeros are left out of the line.
    let count = |event: &&str| {
        let place =
            events.iter().position(|name| name == event).ok_or_else(|| format!("there is no count of {event}"))?;
        Ok(counts.get(place).copied().unwrap_or(0))
    };
    let sum = |list: &[&str]| list.iter().map(count).sum::<std::result::Result<u64, String>>();
    let instructions = sum(&["Ir"])?;
    if instructions == 0 {
        return Err("not one instruction was counted".to_owned());
    }
    Ok(BTreeMap::from([
        (Metric::Instructions, instructions),
        (Metric::D1Misses, sum(&["D1mr", "D1mw"])?),
        (Metric::LlMisses, sum(&["ILmr", "DLmr", "DLmw"])?),
        (Metric::Branches, sum(&["Bc", "Bi"])?),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The head and the end of a file that Valgrind 3.19.0 wrote.
    const RECORDED: &str = "# callgrind format\nversion: 1\ncreator: callgrind-3.19.0\npid: 4242\ndesc: I1 cache: 32768 B\n\
        positions: line\nevents: Ir Dr Dw I1mr D1mr D1mw ILmr DLmr DLmw Bc Bcm Bi Bim\n\
        summary: 573676 150000 60000 900 9000 2063 3 5 2 70000 1500 7235 300\n\nfn=x\n0 1 2\n\n\
        totals: 573676 150000 60000 900 9000 2063 3 5 2 70000 1500 7235 300\n";

    #[test]
    fn counts_are_read_to_the_last_instruction() {
        let counts: Vec<u64> = parse(RECORDED).unwrap().into_values().collect();
        assert_eq!(counts, [573_676, 11_063, 10, 77_235], "Ir, D1mr + D1mw, ILmr + DLmr + DLmw, Bc + Bi");
    }

    #[test]
    fn a_missing_or_broken_count_is_an_error_and_not_a_zero() {
        assert_eq!(parse("").unwrap_err(), "it names no events");
        assert_eq!(parse("events: Ir\n").unwrap_err(), "it has no totals");
        assert_eq!(parse("events: Ir\ntotals: 1 2\n").unwrap_err(), "2 totals of 1 events");
        assert_eq!(parse(&RECORDED.replace("573676", "5736x6")).unwrap_err(), "`5736x6` is no count");
        assert_eq!(parse(&RECORDED.replace("573676", "0")).unwrap_err(), "not one instruction was counted");
        assert_eq!(parse(&RECORDED.replace("events: Ir", "events: Ix")).unwrap_err(), "there is no count of Ir");
        assert_eq!(parse("events: Ir Dr\ntotals: 7\n").unwrap_err(), "there is no count of D1mr");
    }
}
