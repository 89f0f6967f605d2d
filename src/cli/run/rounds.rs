//! The rounds of wall time: one after the other over all programs, until every gated quantity is decided.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::process::{Told, run_to_end};
use super::progress::Progress;
use crate::analysis::{self, Expected};
use crate::baseline::Store;
use crate::bench::{Program, Request, Step};
use crate::gate;
use crate::measure;
use crate::metric::Metric;
use crate::record::{self, Run, Series};
use crate::suite::Suite;
use crate::{Error, Result, paths};

/// What a run has still to take.
pub(super) struct Rounds<'a> {
    suite: &'a Suite,
    request: &'a Request,
    programs: &'a [Program],
    /// Workloads whose series in the record belong to this run; that of an earlier run is taken anew.
    begun: BTreeSet<String>,
    /// Workloads of which every gated quantity is decided.
    decided: BTreeSet<String>,
}

impl<'a> Rounds<'a> {
    pub(super) fn new(suite: &'a Suite, request: &'a Request, programs: &'a [Program]) -> Self {
        Self { suite, request, programs, begun: BTreeSet::new(), decided: BTreeSet::new() }
    }

    /// Goes on with the series of the record. Whoever was interrupted may have checked it, so that this counts as a look.
    pub(super) fn resume(&mut self) -> Result<()> {
        let Some(mut run) = self.record()? else { return Ok(()) };
        for series in run.series.iter_mut().filter(|series| series.metric == Metric::WallTime) {
            self.begun.insert(series.workload.clone());
            let rounds = series.n_rounds();
            if let Err(place) = series.looks.binary_search(&rounds)
                && place > 0
            {
                series.looks.insert(place, rounds);
            }
        }
        record::write_json(&self.request.out, &run)?;
        self.look(&run)
    }

    /// Takes rounds until there is nothing to decide any more, or none are left.
    ///
    /// # Errors
    /// A round that failed or was interrupted; the rounds before it are in the record.
    pub(super) fn take(&mut self) -> Result<()> {
        let rounds = self.request.rounds.unwrap_or(self.suite.measure.rounds);
        let mut progress = Progress::new();
        let mut last: Option<Duration> = None;
        loop {
            let taken = self.rounds_taken()?;
            let open: BTreeMap<&str, u32> =
                taken.into_iter().filter(|(name, n)| *n < rounds && !self.decided.contains(*name)).collect();
            let Some(&round) = open.values().min() else { break };
            // After an interruption, or after being decided for a time, a workload may be behind: it catches up first.
            let due: Vec<&str> = open.iter().filter(|(_, n)| **n == round).map(|(name, _)| *name).collect();
            progress.begin(round, rounds, &open.into_keys().collect::<Vec<_>>(), last);
            self.take_round(round, &due)?;
            last = Some(progress.taken());
            let run =
                self.record()?.ok_or_else(|| Error::new(self.request.out.display(), "it is gone", "run again"))?;
            self.begun.extend(due.iter().map(|name| (*name).to_owned()));
            self.check_kept(round, &due)?;
            if due.iter().any(|name| is_at_look(run.series(name, Metric::WallTime))) {
                self.look(&run)?;
            }
        }
        Ok(())
    }

    /// Fails if a round that was taken is not in the record, which would be taken for ever.
    fn check_kept(&self, round: u32, due: &[&str]) -> Result<()> {
        let taken = self.rounds_taken()?;
        match due.iter().find(|name| taken.get(*name).is_none_or(|rounds| *rounds <= round)) {
            None => Ok(()),
            Some(name) => Err(Error::new(
                self.request.out.display(),
                format!("round {} of {name} is not in it, although its bench target ended well", round + 1),
                "see that one bench target alone measures this workload, and that nothing else writes the record",
            )),
        }
    }

    /// The rounds of every workload in this run; of one that a round spoilt no more are taken.
    fn rounds_taken(&self) -> Result<BTreeMap<&'a str, u32>> {
        // Before its first round there is only that of an earlier run, damaged or not.
        let run = if self.begun.is_empty() { None } else { self.record()? };
        let of = |name: &str| -> u32 {
            let series = run.as_ref().and_then(|run| run.series(name, Metric::WallTime));
            let rounds = |series: &Series| if series.unavailable.is_some() { u32::MAX } else { series.n_rounds() };
            series.filter(|_| self.begun.contains(name)).map_or(0, rounds)
        };
        let names = self.programs.iter().flat_map(|program| &program.workloads);
        Ok(names.map(|name| (name.as_str(), of(name))).collect())
    }

    fn take_round(&self, round: u32, due: &[&str]) -> Result<()> {
        for program in self.programs {
            let workloads: Vec<String> = program
                .workloads
                .iter()
                .filter(|name| due.contains(&name.as_str()))
                .map(|name| globset::escape(name))
                .collect();
            if workloads.is_empty() {
                continue;
            }
            let request = Request { workloads, step: Some(Step::Round(round)), ..self.request.clone() };
            let mut command = Command::new(&program.path);
            command.arg("--bench").current_dir(&program.directory).envs(request.environment()?);
            let place = format!("round {}", round + 1);
            let status = run_to_end(&place, command, Told::Alone)?;
            if measure::interrupted() || !status.success() {
                return Err(Error::new(
                    place,
                    format!("{} ended with {status}", program.path.display()),
                    "mend what it said, then go on with `scalegate run --resume`; the rounds before are kept",
                ));
            }
        }
        Ok(())
    }

    /// Compares the record with the baselines as `scalegate check` does. What was decided may not be any more, since the
    /// number of quantities is known only now.
    fn look(&mut self, run: &Run) -> Result<()> {
        let store = Store::new(paths::baselines());
        let check = analysis::check(std::slice::from_ref(run), &store, &self.suite.gate, &Expected::of(self.suite))?;
        let is_decided = |series: &&Series| {
            is_at_look(Some(*series)) && gate::is_decided(&check.findings, &series.workload, series.metric.name())
        };
        let series = run.series.iter().filter(|series| series.metric == Metric::WallTime);
        self.decided = series.filter(is_decided).map(|series| series.workload.clone()).collect();
        Ok(())
    }

    /// The record, which is not there before the first round.
    pub(super) fn record(&self) -> Result<Option<Run>> {
        read(&self.request.out)
    }
}

pub(super) fn read(path: &Path) -> Result<Option<Run>> {
    if path.exists() { record::read_json(path).map(Some) } else { Ok(None) }
}

fn is_at_look(series: Option<&Series>) -> bool {
    series.is_some_and(|series| series.looks.contains(&series.n_rounds()))
}
