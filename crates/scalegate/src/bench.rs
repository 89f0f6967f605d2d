//! A bench target: workloads, and how they are measured.
//!
//! ```no_run
//! use scalegate::Axis;
//!
//! fn main() -> std::process::ExitCode {
//!     scalegate::bench!("sorting")
//!         .workload("sort/stable", Axis::new("items"), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000], |n| {
//!             let input: Vec<u64> = (0..n).rev().collect();
//!             move || {
//!                 let mut sorted = input.clone();
//!                 sorted.sort();
//!                 sorted
//!             }
//!         })
//!         .run()
//! }
//! ```
//!
//! with, in `Cargo.toml`,
//!
//! ```toml
//! [dev-dependencies]
//! scalegate = { version = "0.2", default-features = false }
//!
//! [[bench]]
//! name = "sorting"
//! harness = false
//! ```

mod measures;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::measure::Instrumented;
use crate::metric::Metric;
use crate::record::Series;
use crate::session::{self, Instrument, TargetKind};
use crate::workload::{Batched, Closure, Routine, WorkloadName};
use crate::{Axis, Prepared, Result, Workload};

pub(crate) use measures::Measures;

/// The package of a bench target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where its `Cargo.toml` was when it was built.
    pub directory: PathBuf,
}

/// Starts a bench target of that name, which is the `name` of its `[[bench]]` entry.
///
/// It also installs the global allocator of the program: the system's, or the one given as `allocator = …`, behind an
/// [`Allocator`](crate::Allocator) that counts when it is asked to.
///
/// ```no_run
/// # mod mimalloc { pub type MiMalloc = std::alloc::System; pub const fn new() -> MiMalloc { std::alloc::System } }
/// # fn main() {
/// scalegate::bench!("sorting", allocator = std::alloc::System).run();
/// # }
/// ```
#[macro_export]
macro_rules! bench {
    ($name:expr) => {
        $crate::bench!($name, allocator = ::std::alloc::System)
    };
    ($name:expr, allocator = $allocator:path) => {{
        #[global_allocator]
        static SCALEGATE_ALLOCATOR: $crate::Allocator<$allocator> = $crate::Allocator::new($allocator);
        $crate::bench_target!($name)
            .allocator($crate::allocator_name(stringify!($allocator)), Some(&SCALEGATE_ALLOCATOR))
    }};
}

/// Starts a bench target as [`bench!`] does, and leaves the global allocator to the program.
#[macro_export]
macro_rules! bench_target {
    ($name:expr) => {{
        // By this an executable is known for a bench target without being run.
        #[used]
        static SCALEGATE_TARGET: [u8; 26] = *$crate::TARGET_MARK;
        ::std::hint::black_box(&SCALEGATE_TARGET);
        $crate::Bench::new(
            $name,
            $crate::Package {
                name: ::std::string::String::from(env!("CARGO_PKG_NAME")),
                version: ::std::string::String::from(env!("CARGO_PKG_VERSION")),
                directory: ::std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")),
            },
        )
    }};
}

/// Stands in the executable of every bench target.
#[doc(hidden)]
pub const TARGET_MARK: &[u8; 26] = b"scalegate bench target v1\n";

/// The last part of a path, as `MiMalloc` of `mimalloc::MiMalloc`; that of the system is called so.
#[doc(hidden)]
pub fn allocator_name(path: &str) -> String {
    let name = path.rsplit("::").next().unwrap_or(path).trim();
    if name == "System" { "system".to_owned() } else { name.to_ascii_lowercase() }
}

type Subject = Box<dyn Fn(&Config) -> Result<BTreeMap<String, String>>>;
type Provider = Box<dyn Fn(&Config) -> Result<Vec<Measured>>>;
type Names = fn(&Config) -> Result<Vec<WorkloadName>>;
type Compute = Box<dyn Fn(&Config, &str) -> Result<Vec<Series>>>;

/// A workload and the ways in which it is measured.
pub struct Measured {
    /// What is run.
    pub workload: Box<dyn Workload>,
    /// By what.
    pub instruments: Vec<Instrument>,
}

/// A bench target under construction.
pub struct Bench {
    pub(crate) name: String,
    pub(crate) package: Package,
    pub(crate) instruments: Vec<Instrument>,
    pub(crate) allocator_name: String,
    pub(crate) allocator: Option<&'static dyn Instrumented>,
    pub(crate) release: fn(),
    pub(crate) kind: TargetKind,
    own: Vec<Measured>,
    provider: Option<Provider>,
    subject: Option<Subject>,
    pub(crate) environment: fn() -> BTreeMap<String, String>,
    pub(crate) values: Vec<(Metric, Names)>,
    pub(crate) compute: Option<Compute>,
}

impl Bench {
    /// A target without workloads. [`bench!`](crate::bench!) and [`bench_target!`](crate::bench_target!) know the package.
    pub fn new(name: impl Into<String>, package: Package) -> Self {
        Self {
            name: name.into(),
            package,
            instruments: Instrument::ALL.to_vec(),
            allocator_name: "of the program".to_owned(),
            allocator: None,
            release: || {},
            kind: TargetKind::Functions,
            own: Vec::new(),
            provider: None,
            subject: None,
            environment: BTreeMap::new,
            values: Vec::new(),
            compute: None,
        }
    }

    /// Adds a workload: for each size `setup` makes what is measured, a routine that can run any number of times.
    ///
    /// What the routine returns is dropped outside of the measured part. Sizes ascend, each once.
    #[must_use]
    pub fn workload<R, O>(
        self,
        name: impl Into<String>,
        axis: Axis,
        sizes: impl IntoIterator<Item = u64>,
        setup: impl Fn(u64) -> R + 'static,
    ) -> Self
    where
        R: FnMut() -> O + 'static,
        O: 'static,
    {
        let prepare = move |size| -> Box<dyn Prepared> { Box::new(Routine { routine: setup(size), output: None }) };
        self.add(name.into(), axis, sizes, prepare)
    }

    /// Adds a workload whose every run takes an input of its own, which `setup` makes and which is no part of what is measured:
    /// for routines that use their input up, as sorting in place.
    ///
    /// ```no_run
    /// # use scalegate::Axis;
    /// scalegate::bench!("sorting")
    ///     .workload_batched("sort/in_place", Axis::new("items"), [100, 200, 400, 800], |n| (0..n).rev().collect(), |mut v: Vec<u64>| {
    ///         v.sort_unstable();
    ///         v
    ///     })
    ///     .run();
    /// ```
    #[must_use]
    pub fn workload_batched<I, O>(
        self,
        name: impl Into<String>,
        axis: Axis,
        sizes: impl IntoIterator<Item = u64>,
        setup: impl Fn(u64) -> I + Clone + 'static,
        routine: impl Fn(I) -> O + Clone + 'static,
    ) -> Self
    where
        I: 'static,
        O: 'static,
    {
        let prepare = move |size| -> Box<dyn Prepared> {
            Box::new(Batched { size, setup: setup.clone(), routine: routine.clone(), input: None, output: None })
        };
        self.add(name.into(), axis, sizes, prepare)
    }

    /// Adds a workload that implements [`Workload`] itself, measured by everything that the target measures by.
    #[must_use]
    pub fn workload_of(mut self, workload: Box<dyn Workload>) -> Self {
        self.own.push(Measured { workload, instruments: self.instruments.clone() });
        self
    }

    /// Takes workloads from the configuration; they are made in each process anew.
    #[must_use]
    pub fn workloads(mut self, provider: impl Fn(&Config) -> Result<Vec<Measured>> + 'static) -> Self {
        self.provider = Some(Box::new(provider));
        self
    }

    /// Restricts what the workloads added from here on are measured by; without this by all of [`Instrument::ALL`].
    #[must_use]
    pub fn instruments(mut self, instruments: impl IntoIterator<Item = Instrument>) -> Self {
        self.instruments = instruments.into_iter().collect();
        self
    }

    /// Says what is under test beside the program itself: hashes of models, settings that may change a cost.
    #[must_use]
    pub fn subject(mut self, subject: impl Fn(&Config) -> Result<BTreeMap<String, String>> + 'static) -> Self {
        self.subject = Some(Box::new(subject));
        self
    }

    /// Says what counts depend on beside the code, as the kernels that a library chose for this processor.
    #[must_use]
    pub fn environment(mut self, environment: fn() -> BTreeMap<String, String>) -> Self {
        self.environment = environment;
        self
    }

    /// Names the program's allocator, and gives what counts with it, if it can.
    #[must_use]
    pub fn allocator(mut self, name: impl Into<String>, allocator: Option<&'static dyn Instrumented>) -> Self {
        self.allocator_name = name.into();
        self.allocator = allocator;
        self
    }

    /// A function that gives unused memory back to the system, so that what an inference needs is above the idle level and
    /// not kept by the allocator from the one before.
    #[must_use]
    pub fn release(mut self, release: fn()) -> Self {
        self.release = release;
        self
    }

    /// Adds a metric that the target computes itself: `names` gives its workloads, `compute` the series of one of them.
    #[must_use]
    pub fn computed(
        mut self,
        metric: Metric,
        names: Names,
        compute: impl Fn(&Config, &str) -> Result<Vec<Series>> + 'static,
    ) -> Self {
        self.values.push((metric, names));
        self.compute = Some(Box::new(compute));
        self
    }

    /// Says what the workloads are, which are functions without this.
    #[cfg(feature = "cli")]
    pub(crate) fn kind(mut self, kind: TargetKind) -> Self {
        self.kind = kind;
        self
    }

    /// Measures, records, fits, and says what came out, as this process's arguments ask for.
    ///
    /// With `--bench`, as `cargo bench` gives it, everything is measured and recorded; with an option that asks Criterion for
    /// something else (`--list`, `--test`, …) Criterion runs once, as in any bench target. Without `--bench` there is nothing to
    /// do. Exits with 0, with 2 for a fault, and with 130 after Ctrl-C.
    pub fn run(self) -> ExitCode {
        session::main(&self)
    }

    fn add(
        mut self,
        name: String,
        axis: Axis,
        sizes: impl IntoIterator<Item = u64>,
        prepare: impl Fn(u64) -> Box<dyn Prepared> + 'static,
    ) -> Self {
        let workload = Closure { name, axis, sizes: sizes.into_iter().collect(), prepare };
        self.own.push(Measured { workload: Box::new(workload), instruments: self.instruments.clone() });
        self
    }

    /// The workloads with their instruments, checked: those of the target itself, then those of the configuration.
    ///
    /// # Errors
    /// A workload without sizes or with sizes that don't ascend, an axis without a name, or two workloads of one name.
    pub(crate) fn measured(&self, config: &Config) -> Result<Measures<'_>> {
        let provided = self.provider.as_ref().map(|provider| provider(config)).transpose()?.unwrap_or_default();
        Measures { own: &self.own, provided }.checked(&self.name)
    }

    pub(crate) fn subject_of(&self, config: &Config) -> Result<BTreeMap<String, String>> {
        self.subject.as_ref().map_or_else(|| Ok(BTreeMap::new()), |subject| subject(config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batched_routine_has_a_new_input_for_every_run() {
        let package = Package { name: "own".to_owned(), version: "1.0.0".to_owned(), directory: "own".into() };
        let bench = Bench::new("sorting", package).workload_batched(
            "vec/drain",
            Axis::new("items"),
            [3, 5],
            |n| (0..n).collect::<Vec<u64>>(),
            |mut v: Vec<u64>| {
                assert_eq!(v.len(), 3);
                v.clear();
                v
            },
        );
        let measures = bench.measured(&Config::default()).unwrap();
        let mut prepared = measures.find(Instrument::Clock, "vec/drain").unwrap().prepare(3).unwrap();
        for _ in 0..3 {
            prepared.reset();
            prepared.run().unwrap();
        }
    }
}
