//! What `scalegate run` asks of the bench targets that it drives.

use std::ffi::OsString;
use std::path::PathBuf;

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::metric::Metric;
use crate::suite::{AccuracySettings, Suite};
use crate::workload::Registry;
use crate::{Error, Result, paths};

const WORKLOADS: &str = "SCALEGATE_WORKLOADS";
const METRICS: &str = "SCALEGATE_METRICS";
const ROUNDS: &str = "SCALEGATE_ROUNDS";
const OUT: &str = "SCALEGATE_OUT";
const STEP: &str = "SCALEGATE_STEP";
const PROGRAMS: &str = "SCALEGATE_PROGRAMS";

/// A choice of workloads and metrics. A bench target that `cargo bench` starts by itself gets the default one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Globs of names; empty for all workloads.
    pub workloads: Vec<String>,
    /// Empty for all metrics.
    pub metrics: Vec<Metric>,
    /// Rounds, instead of the suite's.
    pub rounds: Option<u32>,
    /// Where the record goes.
    pub out: PathBuf,
    /// Which part of a run is due; the whole if none is named.
    pub step: Option<Step>,
}

/// A part of a run that `scalegate run` drives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// All that has no rounds of wall time; a target of wall time only leaves its name.
    Prepare {
        /// Whether the record is gone on with: what it holds already is not measured again.
        resume: bool,
        /// The file for the names.
        programs: PathBuf,
    },
    /// One round of wall time, from 0.
    Round(u32),
}

/// Whether `scalegate run` drives this process.
pub(super) fn is_driven() -> bool {
    std::env::var_os(STEP).is_some()
}

impl Step {
    /// The step of this process, if `scalegate run` started it.
    fn of_this_process() -> Result<Option<Self>, String> {
        let Ok(step) = std::env::var(STEP) else { return Ok(None) };
        let programs = || std::env::var_os(PROGRAMS).map(PathBuf::from).ok_or(format!("{PROGRAMS} is not set"));
        match step.as_str() {
            "prepare" => Ok(Some(Self::Prepare { resume: false, programs: programs()? })),
            "resume" => Ok(Some(Self::Prepare { resume: true, programs: programs()? })),
            round => round.parse().map(|round| Some(Self::Round(round))).map_err(|_| format!("`{round}` is no step")),
        }
    }

    fn environment(&self) -> Vec<(&'static str, OsString)> {
        match self {
            Self::Prepare { resume, programs } => {
                let step = if *resume { "resume" } else { "prepare" };
                vec![(STEP, step.into()), (PROGRAMS, programs.into())]
            }
            Self::Round(round) => vec![(STEP, round.to_string().into())],
        }
    }
}

impl Request {
    /// The request that this process was started with.
    ///
    /// # Errors
    /// A variable that does not parse.
    pub fn of_this_process() -> Result<Self> {
        let list = |name: &str| -> Vec<String> {
            let value = std::env::var(name).unwrap_or_default();
            value.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
        };
        let fail = |name: &str, cause: String| Error::new(name, cause, "unset it, or use `scalegate run`");
        let metrics = list(METRICS).iter().map(|name| name.parse()).collect::<Result<Vec<_>, _>>();
        let rounds = std::env::var(ROUNDS).ok().map(|value| rounds(&value)).transpose();
        Ok(Self {
            workloads: list(WORKLOADS),
            metrics: metrics.map_err(|cause| fail(METRICS, cause))?,
            rounds: rounds.map_err(|cause| fail(ROUNDS, cause))?,
            out: std::env::var_os(OUT).map_or_else(paths::run, PathBuf::from),
            step: Step::of_this_process().map_err(|cause| fail(STEP, cause))?,
        })
    }

    /// The variables that hand this request to a bench target.
    ///
    /// # Errors
    /// An output path that has no absolute form.
    pub fn environment(&self) -> Result<Vec<(&'static str, OsString)>> {
        let metrics: Vec<&str> = self.metrics.iter().map(|metric| metric.name()).collect();
        let out = std::path::absolute(&self.out)
            .map_err(|error| Error::new(self.out.display(), error, "name another file with `--out`"))?;
        let mut variables = vec![
            (WORKLOADS, OsString::from(self.workloads.join(","))),
            (METRICS, OsString::from(metrics.join(","))),
            (OUT, out.into_os_string()),
        ];
        variables.extend(self.step.iter().flat_map(Step::environment));
        variables.extend(self.rounds.map(|rounds| (ROUNDS, OsString::from(rounds.to_string()))));
        Ok(variables)
    }

    /// Whether every glob names a workload of the suite.
    ///
    /// # Errors
    /// A glob that is malformed or that no workload matches.
    pub fn check(&self, suite: &Suite) -> Result<()> {
        let mut names = Registry::names(suite);
        names.extend(suite.accuracy.iter().flat_map(AccuracySettings::names));
        for pattern in &self.workloads {
            let glob = compile(pattern)?.compile_matcher();
            if !names.iter().any(|name| glob.is_match(name)) {
                return Err(Error::new(
                    format!("--workload {pattern}"),
                    format!("no workload of {} matches", suite.path.display()),
                    format!("choose among {}", names.join(", ")),
                ));
            }
        }
        Ok(())
    }

    /// The names that this request wants, as one matcher; without a glob it matches everything.
    ///
    /// # Errors
    /// A malformed glob.
    pub fn matcher(&self) -> Result<GlobSet> {
        let mut set = GlobSetBuilder::new();
        if self.workloads.is_empty() {
            set.add(compile("**")?);
        }
        for pattern in &self.workloads {
            set.add(compile(pattern)?);
        }
        set.build().map_err(|error| Error::new("--workload", error, "give names or globs such as `llm/*`"))
    }

    /// Whether this request and the first argument that is no option, as Criterion's filter, choose a name.
    ///
    /// # Errors
    /// A malformed glob.
    pub(super) fn chooser(&self, arguments: &[String]) -> Result<impl Fn(&str) -> bool + use<>> {
        let matcher = self.matcher()?;
        let filter = arguments.iter().find(|argument| !argument.starts_with('-')).cloned();
        Ok(move |name: &str| matcher.is_match(name) && filter.as_ref().is_none_or(|filter| name.contains(filter)))
    }

    /// Whether an earlier record is gone on with.
    pub fn resumes(&self) -> bool {
        matches!(self.step, Some(Step::Prepare { resume: true, .. }))
    }

    /// Whether a metric is wanted.
    pub fn wants(&self, metric: Metric) -> bool {
        self.metrics.is_empty() || self.metrics.contains(&metric)
    }
}

fn rounds(value: &str) -> Result<u32, String> {
    match value.parse() {
        Ok(rounds) if rounds >= 2 => Ok(rounds),
        Ok(_) => Err(format!("{value} rounds; a spread needs at least 2")),
        Err(error) => Err(format!("`{value}` is not a number of rounds: {error}")),
    }
}

fn compile(pattern: &str) -> Result<Glob> {
    Glob::new(pattern).map_err(|error| {
        Error::new(format!("--workload {pattern}"), error.kind(), "give a name or a glob such as `llm/*`")
    })
}
