//! Pairs on a machine with other things to do, simulated slice by slice: whatever it does, an unchanged program raises no alarm.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{PairCheck, check_pairs};
use crate::Axis;
use crate::config::{AbSettings, GateSettings};
use crate::gate::{self, Verdict};
use crate::law::random::{standard_normal, uniform};
use crate::metric::Metric;
use crate::record::{Arm, Block, Document, PairRecord, PairRound, PairSeries, Provenance, Slice};

const SIZES: [u64; 6] = [16, 32, 64, 128, 256, 512];
const ROUNDS: u32 = 40;
const SEEDS: u64 = 100;
const SLICE_S: f64 = 2e-3;
/// Of a size, in a round.
const BLOCKS: u32 = 8;
/// The standard deviation of the logarithm of a slice.
const SLICE_NOISE: f64 = 0.01;
/// The same of a process, at one size: its pages and what lies beside them.
const PROCESS_NOISE: f64 = 0.003;
/// How long a scheduler lets a thread run while another one waits.
const TURN_S: f64 = 4e-3;
/// What it costs a thread to fill the caches again, each time that it gets its core back.
const REFILL_S: f64 = 60e-6;

/// What else the machine does. Episodes begin and end at any time, within slices and between them.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Overload {
    None,
    /// The clock changes between two frequencies, faster than a block and slower than a slice.
    FrequencySteps,
    /// For seconds another program takes memory bandwidth, which large sizes feel most.
    MemoryHog,
    /// For seconds another program has every second turn of the core, and the system says how long this one waited.
    CoreTaken,
    /// The same where the system does not say.
    CoreTakenUnseen,
    /// One slice in twenty meets an interrupt that takes up to its own length.
    Spikes,
    /// All that came before.
    Everything,
}

impl Overload {
    const ALL: [Self; 7] = [
        Self::None,
        Self::FrequencySteps,
        Self::MemoryHog,
        Self::CoreTaken,
        Self::CoreTakenUnseen,
        Self::Spikes,
        Self::Everything,
    ];

    fn has(self, other: Self) -> bool {
        self == other || self == Self::Everything && other != Self::CoreTaken
    }
}

/// Something that is on and off by turns, each for a time that is exponentially distributed.
struct Episodes {
    is_on: bool,
    until_s: f64,
    /// Mean durations off and on.
    means_s: [f64; 2],
}

impl Episodes {
    fn new(off_s: f64, on_s: f64) -> Self {
        Self { is_on: true, until_s: 0.0, means_s: [off_s, on_s] }
    }

    fn is_on(&mut self, now_s: f64, random: &mut ChaCha8Rng) -> bool {
        while self.until_s <= now_s {
            self.is_on = !self.is_on;
            self.until_s += exponential(self.means_s[usize::from(self.is_on)], random);
        }
        self.is_on
    }
}

fn exponential(mean: f64, random: &mut ChaCha8Rng) -> f64 {
    -mean * (1.0 - uniform(random)).ln()
}

/// One core and its clock.
struct Machine {
    overload: Overload,
    random: ChaCha8Rng,
    now_s: f64,
    slow: Episodes,
    hog: Episodes,
    taken: Episodes,
}

impl Machine {
    fn new(overload: Overload, seed: u64) -> Self {
        Self {
            overload,
            random: ChaCha8Rng::seed_from_u64(seed),
            now_s: 0.0,
            slow: Episodes::new(5e-3, 5e-3),
            hog: Episodes::new(3.0, 2.0),
            taken: Episodes::new(4.0, 2.0),
        }
    }

    /// Runs what takes `work_s` on a machine that does nothing else, in steps within which nothing changes.
    fn slice(&mut self, mut work_s: f64, size: u64) -> Slice {
        const STEP_S: f64 = 0.5e-3;
        let start_s = self.now_s;
        let (mut cpu_s, mut wait_s) = (0.0, 0.0);
        work_s *= (SLICE_NOISE * standard_normal(&mut self.random)).exp();
        while work_s > 0.0 {
            let done_s = work_s.min(STEP_S);
            let mut took_s = done_s * self.factor(size);
            if self.overload.has(Overload::Spikes) && uniform(&mut self.random) < 0.05 * STEP_S / SLICE_S {
                took_s += SLICE_S * uniform(&mut self.random);
            }
            let is_shared =
                matches!(self.overload, Overload::CoreTaken) || self.overload.has(Overload::CoreTakenUnseen);
            if is_shared
                && self.taken.is_on(self.now_s, &mut self.random)
                && uniform(&mut self.random) < STEP_S / TURN_S
            {
                took_s += REFILL_S;
                wait_s += TURN_S;
                self.now_s += TURN_S;
            }
            work_s -= done_s;
            cpu_s += took_s;
            self.now_s += took_s;
        }
        let is_told = !self.overload.has(Overload::CoreTakenUnseen);
        Slice { start_s, wall_s: self.now_s - start_s, cpu_s, wait_s: is_told.then_some(wait_s) }
    }

    /// How much slower than alone the core is now.
    fn factor(&mut self, size: u64) -> f64 {
        let is_slow = self.overload.has(Overload::FrequencySteps) && self.slow.is_on(self.now_s, &mut self.random);
        let is_hogged = self.overload.has(Overload::MemoryHog) && self.hog.is_on(self.now_s, &mut self.random);
        let position = (size as f64 / SIZES[0] as f64).log2() / (SIZES.len() - 1) as f64;
        (if is_slow { 1.5 } else { 1.0 }) * (if is_hogged { 1.0 + 0.6 * position } else { 1.0 })
    }

    /// A round of processes that cost `ratios` times what the base does.
    fn round(&mut self, round: u32, ratios: [f64; 2]) -> PairRound {
        self.now_s += 20e-3;
        let mut processes = [[0.0; SIZES.len()]; 2];
        for (process, ratio) in processes.iter_mut().zip(ratios) {
            process.fill_with(|| ratio * (PROCESS_NOISE * standard_normal(&mut self.random)).exp());
        }
        let mut order: Vec<(usize, bool)> = Vec::new();
        for size in 0..SIZES.len() {
            let first = uniform(&mut self.random) < 0.5;
            order.extend((0..BLOCKS).map(|block| (size, first ^ (block % 2 == 1))));
        }
        for last in (1..order.len()).rev() {
            let other = (self.random.next_u64() % (last as u64 + 1)) as usize;
            order.swap(last, other);
        }
        let block = |(index, base_first): (usize, bool)| {
            let size = SIZES[index];
            let inference_s = 20e-6 + 1e-6 * size as f64;
            let inferences = (SLICE_S / inference_s).ceil();
            let slices = [true, false, false, true].map(|is_first| {
                let side = usize::from(is_first != base_first);
                self.slice(processes[side][index] * inferences * inference_s, size)
            });
            Block { size, base_first, inferences: inferences as u64, slices }
        };
        PairRound { round, blocks: order.into_iter().map(block).collect() }
    }
}

/// What `scalegate ab` says of a head that costs `ratio` times its base: it ends at the first look at which all is decided.
fn compared(overload: Overload, ratio: f64, seed: u64) -> PairCheck {
    let mut machine = Machine::new(overload, seed);
    let arm = Arm { name: "simulated".to_owned(), tree: String::new(), executables: BTreeMap::new() };
    let mut record = PairRecord {
        schema: PairRecord::SCHEMA,
        host: Provenance::imported().host,
        measured: String::new(),
        seed,
        base: arm.clone(),
        head: arm,
        function_alignment: None,
        random_layout: false,
        series: vec![PairSeries {
            workload: "simulated".into(),
            axis: Axis::TOKENS,
            protocol: BTreeMap::new(),
            cores: vec![0],
            looks: gate::looks(ROUNDS),
            pairs: Vec::new(),
            controls: Vec::new(),
            withheld: None,
        }],
    };
    loop {
        let series = &mut record.series[0];
        let round = series.pairs.len() as u32;
        if round.is_multiple_of(4) {
            series.controls.push(machine.round(round / 4, [1.0, 1.0]));
        }
        series.pairs.push(machine.round(round, [1.0, ratio]));
        if series.looks.contains(&(round + 1)) {
            let check = check_pairs(&record, &AbSettings::default(), &GateSettings::default(), &[Metric::WallTime]);
            if round + 1 == ROUNDS || check.verdict != Verdict::Inconclusive {
                assert_eq!(record.check(), Ok(()));
                return check;
            }
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the verdicts go into docs/ab.md")]
fn an_unchanged_program_raises_no_alarm_whatever_else_the_machine_does() {
    for overload in Overload::ALL {
        let verdicts: Vec<Verdict> = (0..SEEDS).map(|seed| compared(overload, 1.0, seed).verdict).collect();
        let count = |verdict| verdicts.iter().filter(|its| **its == verdict).count();
        let [passed, inconclusive] = [Verdict::Pass, Verdict::Inconclusive].map(count);
        println!("| {overload:?} | {passed} | {inconclusive} | {} |", verdicts.len() - passed - inconclusive);
        assert_eq!(passed + inconclusive, verdicts.len(), "{overload:?}: {verdicts:?}");
        assert!(overload != Overload::None || 20 * passed >= 19 * verdicts.len(), "{verdicts:?}");
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the verdicts go into docs/ab.md")]
fn a_program_that_became_slower_passes_on_no_machine() {
    for overload in Overload::ALL {
        let verdicts: Vec<Verdict> = (0..SEEDS).map(|seed| compared(overload, 1.05, SEEDS + seed).verdict).collect();
        let found = verdicts.iter().filter(|verdict| **verdict == Verdict::Regressed).count();
        println!("| {overload:?} | {found} |");
        let is_wrong = |verdict: &Verdict| !matches!(verdict, Verdict::Regressed | Verdict::Inconclusive);
        assert!(!verdicts.iter().any(is_wrong), "{overload:?}: {verdicts:?}");
        assert!(overload != Overload::None || 20 * found >= 19 * verdicts.len(), "{verdicts:?}");
    }
}
