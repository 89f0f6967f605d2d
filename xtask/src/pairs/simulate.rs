//! Suites that are drawn from recorded slices, with their drift, their serial correlation and their spikes.

use std::path::{Path, PathBuf};

use clap::Args;
use scalegate::analysis::check_pairs;
use scalegate::config::{AbSettings, GateSettings};
use scalegate::gate::{self, Outcome, Verdict};
use scalegate::metric::Metric;
use scalegate::record::{self, Block, PairRecord, PairRound, PairSeries, SeriesKey};
use scalegate::{Error, Result};

use super::load::SplitMix;
use super::package::WORKLOADS;
use crate::sources::Sources;

/// As many rounds stay together: what they share with those before them is drawn too.
const TOGETHER: usize = 5;
/// The rounds of a series, as `scalegate ab` takes at most.
const ROUNDS: usize = 40;

/// Draw suites without a change from the records that `silence` keeps, and see that there is no alarm
///
/// A suite has all three functions, each of one recorded comparison of two equal sides. Its rounds are drawn five in a row, and which
/// side is called the head is drawn for each five. It is looked at and ended as `scalegate ab` does.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How many
    #[arg(long, default_value_t = 3_000)]
    suites: u32,
    /// Directory of the records [default: where `silence` keeps them]
    #[arg(long)]
    records: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let directory = match &arguments.records {
        Some(directory) => directory.clone(),
        None => Sources::here()?.target().join("pairs/target/silence"),
    };
    let (frame, recorded) = recorded(&directory)?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u32;
    let counts: Vec<(u32, u32)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let (frame, recorded, suites) =
                    (&frame, &recorded, (thread..arguments.suites).step_by(threads as usize));
                scope.spawn(move || {
                    let (mut alarms, mut passes) = (0, 0);
                    for suite in suites {
                        let verdict = play(frame, draw(recorded, suite));
                        alarms += u32::from(matches!(verdict, Verdict::Regressed | Verdict::Improved | Verdict::Mixed));
                        passes += u32::from(verdict == Verdict::Pass);
                    }
                    (alarms, passes)
                })
            })
            .collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
    });
    if counts.len() < threads as usize {
        return Err(Error::new("a simulation", "it panicked", "report this as a fault of scalegate"));
    }
    let (alarms, passes) = counts.iter().fold((0, 0), |(a, p), (alarms, passes)| (a + alarms, p + passes));
    let slices: usize = recorded.iter().flatten().map(n_slices).sum();
    println!("{} recorded comparisons with {slices} slices", recorded.iter().map(Vec::len).sum::<usize>());
    println!("{alarms} alarms and {passes} passes in {} suites", arguments.suites);
    Ok(())
}

fn n_slices(series: &PairSeries) -> usize {
    series.pairs.iter().map(|round| 4 * round.blocks.len()).sum()
}

/// A record without series, and comparisons of equal sides by workload.
fn recorded(directory: &Path) -> Result<(PairRecord, Vec<Vec<PairSeries>>)> {
    let remedy = "run `cargo xtask pairs silence` first";
    let entries = std::fs::read_dir(directory).map_err(|error| Error::new(directory.display(), error, remedy))?;
    let (mut frame, mut by_workload) = (None, vec![Vec::new(); WORKLOADS.len()]);
    for entry in entries {
        let path = entry.map_err(|error| Error::new(directory.display(), error, remedy))?.path();
        let mut record: PairRecord = record::read_json(&path)?;
        if record.base != record.head {
            continue;
        }
        for series in std::mem::take(&mut record.series) {
            if let Some(index) = WORKLOADS.iter().position(|name| *name == &*series.workload) {
                by_workload[index].push(series);
            }
        }
        frame = Some(record);
    }
    match (frame, by_workload.iter().all(|series| !series.is_empty())) {
        (Some(frame), true) => Ok((frame, by_workload)),
        _ => Err(Error::new(directory.display(), "a function has no record of two equal sides", remedy)),
    }
}

/// A series of each workload.
fn draw(recorded: &[Vec<PairSeries>], suite: u32) -> Vec<PairSeries> {
    let mut random = SplitMix::new(u64::from(suite));
    let mut of_one = |all: &Vec<PairSeries>| {
        let series = &all[random.below(all.len())];
        let mut pairs: Vec<PairRound> = Vec::new();
        while pairs.len() < ROUNDS {
            let (start, is_turned) = (random.below(series.pairs.len()), random.below(2) == 1);
            for offset in 0..TOGETHER {
                let PairRound { blocks, .. } = &series.pairs[(start + offset) % series.pairs.len()];
                let turned = |block: &Block| Block { base_first: block.base_first != is_turned, ..*block };
                pairs.push(PairRound { round: pairs.len() as u32, blocks: blocks.iter().map(turned).collect() });
            }
        }
        PairSeries { pairs, controls: Vec::new(), looks: gate::looks(ROUNDS as u32), ..series.clone() }
    };
    recorded.iter().map(&mut of_one).collect()
}

/// The verdict when every workload is decided, or has all its rounds.
fn play(frame: &PairRecord, suite: Vec<PairSeries>) -> Verdict {
    let (settings, policy) = (AbSettings::default(), GateSettings::default());
    let mut rounds: Vec<u32> = suite.iter().map(|series| series.looks[0]).collect();
    loop {
        let taken = suite
            .iter()
            .zip(&rounds)
            .map(|(series, rounds)| PairSeries { pairs: series.pairs[..*rounds as usize].to_vec(), ..series.clone() });
        let check = check_pairs(
            &PairRecord { series: taken.collect(), ..frame.clone() },
            &settings,
            &policy,
            &[Metric::WallTime],
        );
        let mut goes_on = false;
        for (series, rounds) in suite.iter().zip(&mut rounds) {
            let key = SeriesKey::new(series.workload.clone(), Metric::WallTime);
            let next = series.looks.iter().find(|look| **look > *rounds);
            if let (false, Some(next)) = (gate::is_decided(&check.findings, &key), next) {
                (*rounds, goes_on) = (*next, true);
            }
        }
        let is_alarm = |outcome| matches!(outcome, Outcome::Regressed | Outcome::Improved);
        if !goes_on || check.findings.iter().any(|finding| is_alarm(finding.outcome)) {
            return check.verdict;
        }
    }
}
