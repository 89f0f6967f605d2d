//! Two processes that take turns: only one of them runs at any time, and both on the same cores.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;
use serde::de::DeserializeOwned;

use super::layout::Parts as Linkable;
use super::plan::{Plan, SizePlan};
use crate::law::median;
use crate::law::random::uniform;
use crate::measure::placement::{Placement, allowed_cores};
use crate::measure::resources::{Dialogue, Heard};
use crate::record::{Block, PairRound, Slice};
use crate::session::job::{Described, Job, Places, SliceOrder, SliceTimes, SlicesReady, Work};
use crate::workload::Parts;
use crate::{Error, Result, measure};

/// How long a size is run to choose the length of its slices.
const CALIBRATION_S: f64 = 10e-3;

/// How often it is run at least for that, unless it takes long: the first time may have caches to fill, and another wait for a core.
const CALIBRATIONS: usize = 3;

/// What runs the workloads of a target.
#[derive(Debug, Clone)]
pub(super) struct Runner {
    pub(super) executable: PathBuf,
    /// What links it anew, so that every process has a layout of its own.
    pub(super) parts: Option<Linkable>,
    /// Where programs or a server run, if it is these.
    pub(super) places: Option<Places>,
    /// The name of the server, if it is one.
    pub(super) server: Option<String>,
}

/// Where processes are started, and what they are told by.
pub(super) struct Lockstep<'a> {
    /// The working directory of both sides, whose configuration and data both use.
    pub(super) directory: &'a Path,
    /// For the documents of jobs.
    pub(super) jobs: &'a Path,
    /// When the measurement began.
    pub(super) begin: Instant,
}

impl Lockstep<'_> {
    /// Chooses the length of slices by runs of the base, and the cores by the number of its threads.
    ///
    /// # Errors
    /// The process failed, or Ctrl-C came.
    pub(super) fn plan(&self, workload: &Described, base: &Runner) -> Result<Plan> {
        // The first start reads files that later ones find in memory.
        self.started_alone(workload, base)?.0.end()?;
        let (mut process, threads, start_s) = self.started_alone(workload, base)?;
        let mut sizes = BTreeMap::new();
        for &size in &workload.sizes {
            sizes.insert(size, calibrated(&mut process, size)?);
        }
        process.end()?;
        Ok(Plan { cores: cores(threads), start_s, sizes })
    }

    /// A process of the base, the number of its threads, and how long its start took.
    fn started_alone(&self, workload: &Described, base: &Runner) -> Result<(Dialogue, Option<usize>, f64)> {
        let start = Instant::now();
        let [executable, _] = self.linked([base; 2], [1, 2], ["base"; 2])?;
        let linked_s = start.elapsed().as_secs_f64();
        let mut process = self.start(&workload.name, base, &executable, &[])?;
        let SlicesReady { threads } = ready(&mut process)?;
        // Both were linked.
        Ok((process, threads, start.elapsed().as_secs_f64() - 0.5 * linked_s))
    }

    /// A round: a fresh process of each side, all blocks of the plan, in an order of its own.
    ///
    /// # Errors
    /// A process failed, or Ctrl-C came; the sides are named.
    pub(super) fn round(
        &self,
        workload: &str,
        plan: &Plan,
        runners: [&Runner; 2],
        names: [&str; 2],
        (round, random): (u32, &mut ChaCha8Rng),
    ) -> Result<PairRound> {
        let seeds = [(); 2].map(|()| (random.next_u32() >> 1).max(1));
        let executables = self.linked(runners, seeds, names)?;
        let start = |side: usize| -> Result<Dialogue> {
            let started =
                self.start(workload, runners[side], &executables[side], &plan.cores).and_then(|mut process| {
                    ready(&mut process)?;
                    Ok(process)
                });
            started.map_err(|error| error.context(names[side]))
        };
        // Whoever starts second finds more in the caches, and gets other pages.
        let mut sides: [Dialogue; 2] = if uniform(random) < 0.5 {
            let base = start(0)?;
            [base, start(1)?]
        } else {
            let head = start(1)?;
            [start(0)?, head]
        };
        let mut blocks = Vec::new();
        for (size, base_first) in plan.order(random) {
            let inferences = plan.sizes[&size].inferences;
            let mut slices = [Slice { start_s: 0.0, wall_s: 0.0, cpu_s: 0.0, wait_s: None }; 4];
            for (slice, is_first) in slices.iter_mut().zip([true, false, false, true]) {
                let side = usize::from(is_first != base_first);
                let start_s = self.begin.elapsed().as_secs_f64();
                let SliceTimes { wall_s, cpu_s, wait_s, .. } =
                    order(&mut sides[side], size, inferences).map_err(|error| error.context(names[side]))?;
                *slice = Slice { start_s, wall_s, cpu_s, wait_s };
            }
            blocks.push(Block { size, base_first, inferences, slices });
        }
        for side in sides {
            side.end()?;
        }
        Ok(PairRound { round, blocks })
    }

    /// The executables of both sides, each with a layout that hangs on its seed if it can be linked anew.
    fn linked(&self, runners: [&Runner; 2], seeds: [u32; 2], names: [&str; 2]) -> Result<[PathBuf; 2]> {
        // Names of one length, so that no stack begins at another place.
        let places = ["base", "head"].map(|side| self.jobs.join(side));
        let link = |side: usize| match &runners[side].parts {
            None => Ok(runners[side].executable.clone()),
            Some(parts) => match parts.link(seeds[side], &places[side]) {
                Ok(()) => Ok(places[side].clone()),
                Err(error) => Err(error.context(names[side])),
            },
        };
        let (base, head) = std::thread::scope(|scope| {
            let base = scope.spawn(|| link(0));
            let head = link(1);
            (base.join(), head)
        });
        match base {
            Ok(base) => Ok([base?, head?]),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    fn start(&self, workload: &str, runner: &Runner, executable: &Path, cores: &[usize]) -> Result<Dialogue> {
        let path = self.jobs.join("slices.json");
        let job = Job::new(Work::Slices { workload: workload.into(), cores: cores.to_vec() });
        job.at(runner.places.clone()).of_server(runner.server.clone()).write(&path)?;
        let mut command = Command::new(executable);
        let (variable, value) = Job::variable(&path);
        command.current_dir(self.directory).env(variable, value);
        if runner.places.is_some() {
            measure::end_with_this_process(&mut command);
        }
        Dialogue::start(workload, command)
    }
}

/// A process of each side, both of which have all sizes ready.
pub(super) struct Sides([Dialogue; 2]);

impl Lockstep<'_> {
    /// Starts a process of each side, as it was built, on the cores that the base's threads need.
    ///
    /// # Errors
    /// A process failed, or Ctrl-C came; the sides are named.
    pub(super) fn sides(&self, workload: &str, runners: [&Runner; 2]) -> Result<Sides> {
        let start = |side: usize, cores: &[usize]| -> Result<(Dialogue, Option<usize>)> {
            let mut process = self.start(workload, runners[side], &runners[side].executable, cores)?;
            let SlicesReady { threads } = ready(&mut process)?;
            Ok((process, threads))
        };
        let started =
            |side: usize, cores: &[usize]| start(side, cores).map_err(|error| error.context(["base", "head"][side]));
        // How many threads it has is known when it runs, and where it may run before it does.
        let (first, threads) = started(0, &[])?;
        first.end()?;
        let cores = cores(threads);
        let (base, _) = started(0, &cores)?;
        let (head, _) = started(1, &cores)?;
        Ok(Sides([base, head]))
    }
}

impl Sides {
    /// How many inferences of a size a slice has.
    pub(super) fn inferences(&mut self, size: u64) -> Result<u64> {
        let begin = Instant::now();
        let wall_s = self.plain(0, size, 1)?;
        Ok(SizePlan::of(wall_s, begin.elapsed().as_secs_f64()).inferences)
    }

    /// Seconds of an inference.
    pub(super) fn plain(&mut self, side: usize, size: u64, inferences: u64) -> Result<f64> {
        Ok(self.order(side, SliceOrder { size, inferences, in_parts: false })?.wall_s / inferences as f64)
    }

    /// Seconds of an inference with clocks between its parts, and these with the sums of their times over all inferences; `None` for
    /// what has none.
    pub(super) fn in_parts(&mut self, side: usize, size: u64, inferences: u64) -> Result<(f64, Option<Parts>)> {
        let times = self.order(side, SliceOrder { size, inferences, in_parts: true })?;
        Ok((times.wall_s / inferences as f64, times.parts))
    }

    fn order(&mut self, side: usize, slice: SliceOrder) -> Result<SliceTimes> {
        ordered(&mut self.0[side], slice).map_err(|error| error.context(["base", "head"][side]))
    }

    /// Ends both.
    pub(super) fn end(self) -> Result<()> {
        self.0.into_iter().try_for_each(Dialogue::end)
    }
}

/// One core for what has one thread: what moves between cores loses its caches. Other threads need more of them.
fn cores(threads: Option<usize>) -> Vec<usize> {
    let allowed = match Placement::here() {
        Some(Placement::Pinned(fast)) => Some(fast),
        Some(Placement::UserInteractive) => None,
        None => allowed_cores(),
    };
    match (allowed, threads) {
        // The last one: systems put their interrupts on the first.
        (Some(mut allowed), Some(1)) => allowed.pop().into_iter().collect(),
        (Some(allowed), _) => allowed,
        (None, _) => Vec::new(),
    }
}

/// The plan of a size, by what its inferences took in the middle one of several slices.
fn calibrated(process: &mut Dialogue, size: u64) -> Result<SizePlan> {
    let (mut inferences, mut total_s) = (1, 0.0);
    let (mut wall_s, mut elapsed_s) = (Vec::new(), Vec::new());
    while total_s < CALIBRATION_S || (wall_s.len() < CALIBRATIONS && total_s < 10.0 * CALIBRATION_S) {
        let begin = Instant::now();
        wall_s.push(order(process, size, inferences)?.wall_s / inferences as f64);
        let its_s = begin.elapsed().as_secs_f64();
        elapsed_s.push(its_s / inferences as f64);
        total_s += its_s;
        inferences *= 2;
    }
    let [wall_s, elapsed_s] = [wall_s, elapsed_s].map(|seconds| median(seconds).unwrap_or(f64::MIN_POSITIVE));
    Ok(SizePlan::of(wall_s, elapsed_s))
}

fn order(process: &mut Dialogue, size: u64, inferences: u64) -> Result<SliceTimes> {
    ordered(process, SliceOrder { size, inferences, in_parts: false })
}

fn ordered(process: &mut Dialogue, order: SliceOrder) -> Result<SliceTimes> {
    // Numbers have a form in JSON.
    process.say(&serde_json::to_string(&order).unwrap_or_default());
    hear(process)
}

/// The first answer of a process: one that doesn't know this job ends without it.
fn ready(process: &mut Dialogue) -> Result<SlicesReady> {
    let heard = process.lines().recv().ok();
    let has_answered = heard.is_some();
    understood(process, heard).map_err(|error| match has_answered || measure::interrupted() {
        true => error,
        false => Error::new(error.place(), error.cause(), "if this revision's scalegate has no `ab`, name a later one"),
    })
}

fn hear<T: DeserializeOwned>(process: &mut Dialogue) -> Result<T> {
    let heard = process.lines().recv().ok();
    understood(process, heard)
}

fn understood<T: DeserializeOwned>(process: &mut Dialogue, heard: Option<Heard>) -> Result<T> {
    match heard.as_deref().map(serde_json::from_str) {
        Some(Ok(answer)) => Ok(answer),
        _ => Err(process.unexpected(heard)),
    }
}
