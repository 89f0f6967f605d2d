//! Base and head in the same minutes.
//!
//! ```text
//! revisions ─▶ builds ─▶ lockstep: a process of each side, slices in the order base head head base ─▶ record of pairs
//! ```
//!
//! What a machine does to both sides cancels in their ratio, slice by slice (Bulej et al., *Duet benchmarking: improving measurement
//! accuracy in the cloud*, ICPE 2020). Both sides use the configuration and the data of the working directory: what differs
//! between them is the code.

mod builds;
mod cause;
mod layout;
mod lockstep;
mod operators;
mod plan;
mod sides;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use self::builds::{Built, FUNCTION_ALIGNMENT, Workshop};
use self::lockstep::{Lockstep, Runner};
use self::plan::{CONTROL_EVERY, MIN_ROUNDS, Plan, SLACK, ended_after, is_out_of_time, of_pairs, rounds_within};
use self::sides::difference;
use super::driver::Session;
use super::job::{Described, Description, Instrument, Places, Work};
use super::record::{Target, nothing_to_measure};
use super::request::Request;
use super::tree::{Tree, command_itself, has_commands, matching, unknown};
use super::worker::describe as describe_here;
use crate::analysis::{self, PairCheck};
use crate::config::Config;
use crate::metric::Metric;
use crate::progress::Progress;
use crate::record::{self, PairRecord, PairSeries, SeriesKey};
use crate::revisions::Repository;
use crate::why::Why;
use crate::{Error, Result, gate, measure, time};
use crate::{program, server};

pub(crate) use cause::why;

/// What is to be compared.
#[derive(Debug, Clone)]
pub(crate) struct AbRequest {
    /// The base; the merge base with the default branch without it.
    pub(crate) base: Option<String>,
    /// The head; the working tree without it.
    pub(crate) head: Option<String>,
    /// Whether the base is compared with itself.
    pub(crate) aa: bool,
    /// Globs of workloads; empty for all.
    pub(crate) workloads: Vec<String>,
    /// What is compared.
    pub(crate) metrics: Vec<Metric>,
    /// How long all of it may be measured.
    pub(crate) budget: Option<Duration>,
    /// Where the record goes.
    pub(crate) out: PathBuf,
    /// Whether what regressed is counted by function, to name its cause.
    pub(crate) names_cause: bool,
}

/// What came out.
pub(crate) struct AbOutcome {
    pub(crate) record: PairRecord,
    pub(crate) check: PairCheck,
    /// How long it was measured, builds not included.
    pub(crate) measured: Duration,
    /// Workloads that one side has alone.
    pub(crate) unpaired: Vec<String>,
    /// What made a regression, as far as it can be counted.
    pub(crate) why: Option<Why>,
}

/// A workload that both sides have.
struct Pair<'a> {
    workload: &'a Described,
    runners: [&'a Runner; 2],
}

/// Builds both sides, measures them in pairs until everything is decided or the budget is spent, and decides.
///
/// # Errors
/// An unknown revision, a side that does not build or has none of the workloads, a process that failed, or Ctrl-C. Rounds that were
/// finished before are in the record.
pub(crate) fn ab(request: &AbRequest) -> Result<AbOutcome> {
    measure::watch_for_ctrl_c();
    let config = sides::comparable(Config::load_here()?);
    record::check_place(&request.out)?;
    let _adopted = has_commands(&config).then(measure::Adopted::new);
    let workshop = Workshop::open()?;
    // What Ctrl-C ends has causes of all kinds.
    let interrupted = |error| if measure::interrupted() { measure::interruption() } else { error };
    let repository = Repository::here(workshop.place()).map_err(interrupted)?;
    let sides = build(request, &config, &workshop, &repository).map_err(interrupted)?;
    let jobs = workshop.scratch()?;
    let comparison = Comparison::new(request, &config, &repository, sides, jobs.path()).map_err(interrupted)?;
    let outcome = comparison.measure()?;
    let why = if request.names_cause { comparison.cause(&outcome.check) } else { None };
    if measure::interrupted() { Err(measure::interruption()) } else { Ok(AbOutcome { why, ..outcome }) }
}

/// Base and head.
fn build(request: &AbRequest, config: &Config, workshop: &Workshop, repository: &Repository) -> Result<[Built; 2]> {
    let base = match &request.base {
        Some(name) => repository.named(name)?,
        None if request.aa => repository.working_tree()?,
        None => repository.merge_base()?,
    };
    let head = match &request.head {
        _ if request.aa => base.clone(),
        Some(name) => repository.named(name)?,
        None => repository.working_tree()?,
    };
    // Whatever can be refused at once is not built first.
    for (side, revision) in [("base", &base), ("head", &head)] {
        repository.refuse_submodules(revision).map_err(|error| error.context(side))?;
    }
    let has_bench_targets = Tree::here(config)?.has_bench_targets(config);
    let mut sides = None;
    if has_commands(config) {
        sides = Some(workshop.commands_of_both(repository, [&base, &head], config)?);
    }
    if has_bench_targets {
        let built = workshop.build_both(repository, [&base, &head])?;
        sides = Some(match sides {
            None => built,
            Some([one, other]) => {
                let [base, head] = built;
                [base.with_commands_of(one), head.with_commands_of(other)]
            }
        });
    }
    let sides = sides.ok_or_else(nothing_to_measure)?;
    if let Some(reason) = &sides[0].fixed {
        let aligned = if sides[0].is_aligned() { "" } else { " and are not aligned" };
        eprintln!(
            "note: functions lie in the same order in every round{aligned}, so that where an edit moves them can change wall time by percents: {}",
            reason.trim_end()
        );
    }
    Ok(sides)
}

/// Both sides, ready to be measured.
struct Comparison<'a> {
    request: &'a AbRequest,
    config: &'a Config,
    repository: &'a Repository,
    sides: [Built; 2],
    descriptions: [Vec<(Runner, Description)>; 2],
    jobs: &'a Path,
    directory: PathBuf,
}

impl<'a> Comparison<'a> {
    fn new(
        request: &'a AbRequest,
        config: &'a Config,
        repository: &'a Repository,
        sides: [Built; 2],
        jobs: &'a Path,
    ) -> Result<Self> {
        let fail = |error: std::io::Error| Error::new("the working directory", error, "run it where it can be read");
        let directory = std::env::current_dir().map_err(fail)?;
        let describe = |side: &Built, name: &str| {
            let described = describe(config, side, &directory, &jobs.join(name));
            described.map_err(|error| error.context(format!("{name} ({})", side.arm.name)))
        };
        let descriptions = [describe(&sides[0], "base")?, describe(&sides[1], "head")?];
        Ok(Self { request, config, repository, sides, descriptions, jobs, directory })
    }

    /// The timed workloads of a side by name, with what runs them.
    fn timed(&self, side: usize) -> BTreeMap<&str, (&Runner, &Described)> {
        let targets = self.descriptions[side].iter();
        let all = targets.flat_map(|(runner, target)| target.workloads.iter().map(move |it| (runner, it)));
        all.filter(|(_, it)| it.instrument == Instrument::Clock).map(|its| (&*its.1.name, its)).collect()
    }

    /// The timed workloads that both sides have alike and `is_wanted` names.
    fn timed_on_both_sides(&self, is_wanted: &dyn Fn(&str) -> bool) -> Vec<Pair<'_>> {
        let (base, head) = (self.timed(0), self.timed(1));
        let mut pairs = Vec::new();
        for (name, (runner, workload)) in head.into_iter().filter(|(name, _)| is_wanted(name)) {
            let alike = base.get(name).filter(|(_, its)| difference(its, workload).is_none());
            pairs.extend(alike.map(|(its_runner, _)| Pair { workload, runners: [*its_runner, runner] }));
        }
        pairs
    }

    /// The workloads of both sides that are asked for, those of which the sides differ with the reason, and those of one side.
    fn pairs(&self) -> Result<(Vec<Pair<'_>>, Vec<PairSeries>, Vec<String>)> {
        let all: Vec<Description> = self.descriptions.iter().flatten().map(|(_, it)| it.clone()).collect();
        let chosen = matching(&self.request.workloads, &all)?;
        let is_chosen = |name: &str| chosen.is_empty() || chosen.iter().any(|its| its == name);
        let (base, head) = (self.timed(0), self.timed(1));
        let (mut pairs, mut withheld, mut unpaired) = (Vec::new(), Vec::new(), Vec::new());
        for (name, (runner, workload)) in head.iter().filter(|(name, _)| is_chosen(name)) {
            match base.get(name) {
                None => unpaired.push(format!("{name} is in the head alone")),
                Some((its_runner, its)) => match difference(its, workload) {
                    None => pairs.push(Pair { workload, runners: [its_runner, runner] }),
                    Some(reason) => withheld.push(PairSeries { withheld: Some(reason), ..empty(workload) }),
                },
            }
        }
        unpaired.extend(
            base.keys()
                .filter(|name| is_chosen(name) && !head.contains_key(*name))
                .map(|name| format!("{name} is in the base alone")),
        );
        if pairs.is_empty() && withheld.is_empty() {
            let cause = if unpaired.is_empty() { "no workload is timed".to_owned() } else { unpaired.join(", ") };
            return Err(Error::new(
                format!("base ({}) and head ({})", self.sides[0].arm.name, self.sides[1].arm.name),
                format!("they have no workload in common: {cause}"),
                "name a base that has the workloads of the head",
            ));
        }
        Ok((pairs, withheld, unpaired))
    }

    fn measure(&self) -> Result<AbOutcome> {
        let (pairs, withheld, unpaired) = self.pairs()?;
        let begin = Instant::now();
        let mut record = PairRecord {
            schema: <PairRecord as record::Document>::SCHEMA,
            host: measure::host()?,
            measured: time::now(),
            seed: self.config.seed,
            base: self.sides[0].arm.clone(),
            head: self.sides[1].arm.clone(),
            function_alignment: self.sides[0].is_aligned().then_some(FUNCTION_ALIGNMENT),
            random_layout: self.sides[0].is_shuffled(),
            series: withheld,
        };
        let lockstep = Lockstep { directory: &self.directory, jobs: self.jobs, begin };
        let check = self
            .plan(&pairs, &lockstep, &mut record)
            .and_then(|plans| self.take(&pairs, &plans, &lockstep, &mut record));
        let check = check.map_err(|error| self.kept(&record, error))?;
        Ok(AbOutcome { record, check, measured: begin.elapsed(), unpaired, why: None })
    }

    /// Plans the rounds of each pair, whose series it adds to the record, still empty.
    fn plan(&self, pairs: &[Pair<'_>], lockstep: &Lockstep<'_>, record: &mut PairRecord) -> Result<Vec<Plan>> {
        let each = self.seconds_of_each(pairs);
        let progress = Progress::new();
        let (mut plans, mut longest) = (Vec::new(), 0.0);
        for pair in pairs {
            progress.say(format!("choosing the length of slices: {}", pair.workload.name));
            let mut plan = lockstep.plan(pair.workload, pair.runners[0]).map_err(|error| error.context("base"))?;
            let rounds = rounds_within(each, self.config.ab.rounds, &mut plan);
            longest += of_pairs(rounds) * plan.round_s();
            record.series.push(PairSeries {
                cores: plan.cores.clone(),
                looks: gate::looks(rounds),
                ..empty(pair.workload)
            });
            plans.push(plan);
        }
        drop(progress);
        let budget = each * pairs.len() as f64;
        let short = if longest > budget * SLACK {
            format!(": the budget is {budget:.0} s, but fewer than {MIN_ROUNDS} rounds decide nothing")
        } else {
            String::new()
        };
        if !pairs.is_empty() {
            let noun = if pairs.len() == 1 { "workload" } else { "workloads" };
            eprintln!(
                "measuring {} {noun}: {longest:.0} s at most, unless the machine gets slower{short}",
                pairs.len()
            );
        }
        Ok(plans)
    }

    /// How long a workload is measured at most.
    fn seconds_of_each(&self, pairs: &[Pair<'_>]) -> f64 {
        match self.request.budget {
            Some(budget) => budget.as_secs_f64() / pairs.len().max(1) as f64,
            None => self.config.ab.seconds,
        }
    }

    /// Takes rounds until all is decided, or no round or no time is left.
    fn take(
        &self,
        pairs: &[Pair<'_>],
        plans: &[Plan],
        lockstep: &Lockstep<'_>,
        record: &mut PairRecord,
    ) -> Result<PairCheck> {
        let first = record.series.len() - pairs.len();
        let mut random = ChaCha8Rng::seed_from_u64(self.config.seed);
        let mut check = None;
        let (each, mut used_s) = (self.seconds_of_each(pairs), vec![0.0; pairs.len()]);
        let mut decided = vec![false; pairs.len()];
        let most = record.series.iter().filter_map(|series| series.looks.last()).max().copied().unwrap_or(0);
        let progress = Progress::new();
        for round in 0..most {
            for (index, pair) in pairs.iter().enumerate() {
                let series = &mut record.series[first + index];
                if decided[index] || series.looks.last().is_none_or(|last| round >= *last) {
                    continue;
                }
                progress.say(format!("round {} of at most {most}: {}", round + 1, pair.workload.name));
                let take = |runners, names, round, random: &mut ChaCha8Rng| {
                    lockstep.round(&pair.workload.name, &plans[index], runners, names, (round, random))
                };
                let start = Instant::now();
                let [base, head] = pair.runners;
                if round % CONTROL_EVERY == 0 {
                    let control = take([base, base], ["base", "base"], round / CONTROL_EVERY, &mut random)?;
                    series.controls.push(control);
                }
                series.pairs.push(take([base, head], ["base", "head"], round, &mut random)?);
                used_s[index] += start.elapsed().as_secs_f64();
                if is_out_of_time(used_s[index], round + 1, each) {
                    ended_after(round + 1, &mut series.looks);
                }
            }
            record::write_json(&self.request.out, record)?;
            let is_look = |series: &PairSeries| series.looks.contains(&(round + 1));
            if record.series.iter().any(is_look) {
                let now = self.check(record);
                for (index, pair) in pairs.iter().enumerate() {
                    let key = |metric: &Metric| SeriesKey::new(pair.workload.name.clone(), *metric);
                    let is_open = |metric: &Metric| !gate::is_decided(&now.findings, &key(metric));
                    decided[index] =
                        is_look(&record.series[first + index]) && !self.metrics().iter().any(is_open) || decided[index];
                }
                let all = decided.iter().all(|decided| *decided);
                check = Some(now);
                if all {
                    break;
                }
            }
        }
        Ok(check.unwrap_or_else(|| self.check(record)))
    }

    /// Writes the rounds that were complete before an error, and says so if it is that of Ctrl-C.
    fn kept(&self, record: &PairRecord, error: Error) -> Error {
        let out = &self.request.out;
        let rounds = record.series.iter().map(|series| series.pairs.len()).max().unwrap_or(0);
        let is_written = rounds > 0 && record::write_json(out, record).is_ok();
        match (measure::interrupted(), is_written) {
            (false, _) => error,
            (true, false) => measure::interruption(),
            (true, true) => Error::new(
                "interrupted",
                format!("{} has the {rounds} pairs of rounds that were complete", out.display()),
                "start it again: pairs are not resumed",
            ),
        }
    }

    fn metrics(&self) -> &[Metric] {
        &self.request.metrics
    }

    fn check(&self, record: &PairRecord) -> PairCheck {
        analysis::check_pairs(record, &self.config.ab, &self.config.gate, self.metrics())
    }
}

fn describe(config: &Config, side: &Built, directory: &Path, work: &Path) -> Result<Vec<(Runner, Description)>> {
    let request = Request::default();
    let session = Session::new(config, &request, &[])?;
    let mut described = Vec::new();
    for executable in &side.executables {
        let target = Target {
            executable: executable.path.clone(),
            directory: directory.to_path_buf(),
            arguments: Vec::new(),
            description: unknown(),
            programs: BTreeMap::new(),
        };
        let description = session.ask(&target, "a bench target", Work::Describe { with_subject: false })?;
        let runner =
            Runner { executable: executable.path.clone(), parts: executable.parts.clone(), places: None, server: None };
        described.push((runner, description));
    }
    let Some(checkout) = &side.commands else { return Ok(described) };
    let places = Places::new(checkout.clone(), work.to_path_buf());
    let mut add = |server: Option<&str>| -> Result<()> {
        let bench = match server {
            None => program::bench(places.clone()),
            Some(name) => server::bench(name, Some(places.clone())),
        };
        let description = describe_here(&bench, config, false)?;
        let (executable, places) = (command_itself()?, Some(places.clone()));
        let runner = Runner { executable, parts: None, places, server: server.map(str::to_owned) };
        described.push((runner, description));
        Ok(())
    };
    if !config.programs.is_empty() {
        add(None)?;
    }
    for settings in &config.servers {
        add(Some(&settings.name))?;
    }
    Ok(described)
}

fn empty(workload: &Described) -> PairSeries {
    PairSeries {
        workload: workload.name.clone(),
        axis: workload.axis.clone(),
        protocol: workload.protocol.clone(),
        cores: Vec::new(),
        looks: Vec::new(),
        pairs: Vec::new(),
        controls: Vec::new(),
        withheld: None,
    }
}
