//! The workloads that a suite lists, by name.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::rc::Rc;

use super::Workload;
use super::foreign_vlm::ForeignVlm;
use super::llm::{self, LlmWorkload, SharedLlm};
use super::vlm::{self, SharedPictures, SharedVlm, VlmWorkload};
use crate::models;
use crate::suite::{ForeignModel, Suite, WorkloadSettings};
use crate::{Error, Result, paths};

/// Makes the workloads that a suite lists.
pub struct Registry;

impl Registry {
    /// The workloads of `family`, which is what a name starts with: those of the embedded model in the order of the file,
    /// then those of each model of the user's own. A model is loaded when the first size is prepared.
    ///
    /// # Errors
    /// A workload that does not exist, or one with sizes of another axis.
    pub fn family(suite: &Suite, family: &str) -> Result<Vec<Box<dyn Workload>>> {
        Self::listed(suite, Some(family))
    }

    /// The workloads of all families, in the same order.
    ///
    /// # Errors
    /// As [`Registry::family`].
    pub fn all(suite: &Suite) -> Result<Vec<Box<dyn Workload>>> {
        Self::listed(suite, None)
    }

    fn listed(suite: &Suite, family: Option<&str>) -> Result<Vec<Box<dyn Workload>>> {
        let suite = Rc::new(suite.clone());
        let mut list = Vec::new();
        let owners = std::iter::once(None).chain(suite.foreign_models.iter().map(Some));
        for owner in owners {
            let maker = Maker::new(&suite, owner);
            for settings in &suite.workloads {
                let is_wanted = owner.is_none_or(|model| model.workloads.iter().any(|name| name == settings.name()));
                let workload = maker.workload(settings)?;
                if is_wanted && family.is_none_or(|family| settings.name().split('/').next() == Some(family)) {
                    list.push(workload);
                }
            }
        }
        Ok(list)
    }

    /// Whether every listed workload exists, with sizes of its axis.
    ///
    /// # Errors
    /// The first one that does not.
    pub fn check(suite: &Suite) -> Result<()> {
        Self::all(suite).map(drop)
    }

    /// The full names of all workloads of a suite.
    pub fn names(suite: &Suite) -> Vec<String> {
        let embedded = suite.workloads.iter().map(|workload| workload.name().to_owned());
        let foreign = suite
            .foreign_models
            .iter()
            .flat_map(|model| model.workloads.iter().map(|name| format!("{}/{name}", model.name)));
        embedded.chain(foreign).collect()
    }
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// Generated on first use.
    Embedded,
    /// The user's.
    Foreign(ForeignModel),
}

impl Source {
    /// The directory, or the file, of the language model.
    pub(super) fn llm(&self, suite: &Suite) -> Result<PathBuf> {
        match self {
            Self::Embedded => Ok(models::materialise_llm(&suite.models.llm, suite.seed, &paths::models())?.path),
            Self::Foreign(model) => model.path(),
        }
    }

    /// The directory of the vision-language model.
    pub(super) fn vlm(&self, suite: &Suite) -> Result<PathBuf> {
        match self {
            Self::Embedded => Ok(models::materialise_vlm(&suite.models.vlm, suite.seed, &paths::models())?.path),
            Self::Foreign(model) => model.path(),
        }
    }
}

/// Makes the workloads of one model.
struct Maker<'a> {
    suite: &'a Rc<Suite>,
    prefix: String,
    source: Source,
    llm: SharedLlm,
    vlm: SharedVlm,
    foreign: Option<Rc<ForeignVlm>>,
    pictures: SharedPictures,
}

impl<'a> Maker<'a> {
    fn new(suite: &'a Rc<Suite>, owner: Option<&ForeignModel>) -> Self {
        Self {
            suite,
            prefix: owner.map(|model| format!("{}/", model.name)).unwrap_or_default(),
            source: owner.cloned().map_or(Source::Embedded, Source::Foreign),
            llm: SharedLlm::default(),
            vlm: SharedVlm::default(),
            foreign: owner.map(|model| Rc::new(ForeignVlm::new(suite, model))),
            pictures: SharedPictures::default(),
        }
    }

    fn workload(&self, settings: &WorkloadSettings) -> Result<Box<dyn Workload>> {
        let llm_phase = find(&llm::Phase::ALL, settings.name());
        let vlm_phase = find(&vlm::Phase::ALL, settings.name());
        let name = format!("{}{}", self.prefix, settings.name());
        match (llm_phase, vlm_phase, settings) {
            (Some(phase), _, WorkloadSettings::Tokens { sizes, .. }) => Ok(Box::new(LlmWorkload {
                name,
                phase,
                sizes: sizes.clone(),
                suite: Rc::clone(self.suite),
                source: self.source.clone(),
                model: Rc::clone(&self.llm),
                text: OnceCell::new(),
            })),
            (_, Some(phase), WorkloadSettings::Pixels { resolutions, .. }) => Ok(Box::new(VlmWorkload {
                name,
                phase,
                resolutions: resolutions.clone(),
                suite: Rc::clone(self.suite),
                source: self.source.clone(),
                model: Rc::clone(&self.vlm),
                foreign: self.foreign.clone(),
                pictures: Rc::clone(&self.pictures),
            })),
            _ => Err(misfit(self.suite, settings)),
        }
    }
}

fn find<P: Copy>(phases: &[(&str, P)], name: &str) -> Option<P> {
    phases.iter().find(|(known, _)| *known == name).map(|(_, phase)| *phase)
}

fn misfit(suite: &Suite, settings: &WorkloadSettings) -> Error {
    let known: Vec<&str> =
        llm::Phase::ALL.iter().map(|(name, _)| *name).chain(vlm::Phase::ALL.iter().map(|(name, _)| *name)).collect();
    Error::new(
        suite.path.display(),
        format!("there is no workload `{}` along {}", settings.name(), settings.axis().name()),
        format!("the workloads are {}; those of llm take `tokens`, those of vlm `resolutions`", known.join(", ")),
    )
}
