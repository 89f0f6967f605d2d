//! What is to be measured, and where it goes.

use std::path::PathBuf;

use glob::Pattern;

use super::{Described, Description, Instrument};
use crate::metric::Metric;
use crate::{Error, Result, paths};

/// A choice of workloads and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Globs of names; empty for all workloads.
    pub workloads: Vec<String>,
    /// A part of names, as Criterion's filter.
    pub filter: Option<String>,
    /// Empty for all metrics.
    pub metrics: Vec<Metric>,
    /// Rounds, instead of those of the configuration.
    pub rounds: Option<u32>,
    /// Where the record goes.
    pub out: PathBuf,
    /// Whether an earlier record is resumed: what it holds is not measured again.
    pub resume: bool,
    /// Whether a workload's rounds end when every gated quantity of it is decided.
    pub stops_early: bool,
    /// Whether resources are sampled at the rate of the reference method.
    pub paper: bool,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            workloads: Vec::new(),
            filter: None,
            metrics: Vec::new(),
            rounds: None,
            out: paths::run(),
            resume: false,
            stops_early: false,
            paper: false,
        }
    }
}

impl Request {
    /// Whether every glob names a workload of the targets.
    ///
    /// # Errors
    /// A glob that is malformed or that no workload matches.
    pub fn check(&self, targets: &[Description]) -> Result<()> {
        let mut names: Vec<&str> =
            targets.iter().flat_map(|target| &target.workloads).map(|workload| &*workload.name).collect();
        names.sort_unstable();
        names.dedup();
        for pattern in &self.workloads {
            let glob = compile(pattern)?;
            if !names.iter().any(|name| glob.matches(name)) {
                return Err(Error::new(
                    format!("--workload {pattern}"),
                    "no workload of this package matches",
                    format!("choose among {}", names.join(", ")),
                ));
            }
        }
        Ok(())
    }

    /// What chooses a name.
    ///
    /// # Errors
    /// A malformed glob.
    pub fn chooser(&self) -> Result<impl Fn(&str) -> bool + use<>> {
        let globs = self.workloads.iter().map(|pattern| compile(pattern)).collect::<Result<Vec<_>>>()?;
        let filter = self.filter.clone();
        Ok(move |name: &str| {
            (globs.is_empty() || globs.iter().any(|glob| glob.matches(name)))
                && filter.as_ref().is_none_or(|filter| name.contains(filter))
        })
    }

    /// What chooses a workload. One that is sampled may be chosen by one of its sizes, as `llm/decode/16`.
    ///
    /// # Errors
    /// A malformed glob.
    pub(super) fn choice(&self) -> Result<impl Fn(&Described) -> bool + use<>> {
        let is_chosen = self.chooser()?;
        Ok(move |it: &Described| {
            let mut sizes = it.sizes.iter().filter(|_| it.instrument == Instrument::Sampler);
            is_chosen(&it.name) || sizes.any(|size| is_chosen(&format!("{}/{size}", it.name)))
        })
    }

    /// Whether a metric is wanted.
    pub fn wants(&self, metric: Metric) -> bool {
        self.metrics.is_empty() || self.metrics.contains(&metric)
    }
}

fn compile(pattern: &str) -> Result<Pattern> {
    Pattern::new(pattern).map_err(|error| {
        Error::new(format!("--workload {pattern}"), error.msg, "give a name or a glob such as `llm/*`")
    })
}
