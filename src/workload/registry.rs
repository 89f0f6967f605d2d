//! The workloads that a suite lists, by name.

use std::cell::OnceCell;
use std::path::PathBuf;
use std::rc::Rc;

use super::image_sizes::ImageSizes;
use super::llm::{self, LlmWorkload, SharedLlm};
use super::subject;
use super::user_vlm::UserVlm;
use super::vlm::{self, SharedPictures, SharedVlm, VlmWorkload};
use crate::inference::preprocess::Preprocessor;
use crate::inference::{self, Options};
use crate::models::{self, ModelDir};
use crate::suite::{Aspect, Images, ModelSettings, Suite, UserModel, WorkloadSettings};
use crate::{Error, Result, paths};
use scalegate::workload::WorkloadName;
use scalegate::{Bench, Instrument, Measured, Workload};

/// Makes the workloads that a suite lists.
pub struct Registry;

impl Registry {
    /// The workloads of all families: those of the embedded model in the order of the file, if there is one, then those of each
    /// user model. A model is loaded when the first size is prepared.
    ///
    /// # Errors
    /// A workload that does not exist, or one with sizes of another axis.
    /// A model whose image processor is unknown, where sizes are chosen by it.
    pub fn all(suite: &Suite) -> Result<Vec<Box<dyn Workload>>> {
        Self::of_families(suite, |_| true)
    }

    /// The same of the families that `is_wanted` names. What others need is not read.
    fn of_families(suite: &Suite, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Box<dyn Workload>>> {
        let suite = Rc::new(suite.clone());
        let mut list = Vec::new();
        let embedded = suite.models.is_some().then_some(None);
        let owners = embedded.into_iter().chain(suite.user_models.iter().map(Some));
        for settings in &suite.workloads {
            if !is_known(settings) {
                return Err(misfit(&suite, settings));
            }
        }
        for owner in owners {
            let maker = Maker::new(&suite, owner);
            for settings in &suite.workloads {
                let is_of_owner = owner.is_none_or(|model| model.workloads.iter().any(|name| name == settings.name()));
                if is_of_owner && WorkloadName::from(settings.name()).family().is_some_and(&is_wanted) {
                    list.extend(maker.workloads(settings)?);
                }
            }
        }
        Ok(list)
    }
}

/// A bench target of the suite in the workspace, which measures the workloads whose family `is_wanted` names by `instrument`.
pub fn target(bench: Bench, instruments: &'static [Instrument], is_wanted: fn(&str) -> bool) -> Bench {
    bench
        .subject(|_| subject::of(&Suite::load_here()?))
        .environment(|| [("kernels".to_owned(), inference::kernel_family())].into())
        .workloads(move |_| {
            let suite = Suite::load_here()?;
            let mut measured = Vec::new();
            for instrument in instruments {
                let suite = match instrument {
                    Instrument::Callgrind | Instrument::Heap | Instrument::Processor => suite.counted(),
                    Instrument::Sampler => suite.sampled(),
                    _ => Some(suite.clone()),
                };
                let Some(suite) = suite else { continue };
                for workload in Registry::of_families(&suite, is_wanted)? {
                    measured.push(Measured { workload, instruments: vec![*instrument] });
                }
            }
            Ok(measured)
        })
}

/// How the suite runs its models.
pub(super) fn options(suite: &Suite) -> Options {
    Options { threads: suite.inference.threads, rewrites: suite.inference.rewrites }
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// Generated on first use.
    Embedded,
    /// The user's.
    User(UserModel),
}

impl Source {
    /// The directory, or the file, of the language model.
    pub(super) fn llm(&self, suite: &Suite) -> Result<PathBuf> {
        match self {
            Self::Embedded => Ok(models::materialise_llm(&embedded(suite)?.llm, suite.seed(), &paths::models())?.path),
            Self::User(model) => model.path(),
        }
    }

    /// The directory of the vision-language model.
    pub(super) fn vlm(&self, suite: &Suite) -> Result<PathBuf> {
        match self {
            Self::Embedded => Ok(models::materialise_vlm(&embedded(suite)?.vlm, suite.seed(), &paths::models())?.path),
            Self::User(model) => model.path(),
        }
    }
}

fn embedded(suite: &Suite) -> Result<&ModelSettings> {
    suite.models.as_ref().ok_or_else(|| {
        Error::new(suite.path.display(), "there is no [models], so that no model is embedded", "add the section")
    })
}

/// What the configuration of a model says of images; of the embedded one without a user model.
pub(super) fn preprocessor(suite: &Suite, user_model: Option<&UserVlm>) -> Result<Rc<Preprocessor>> {
    match user_model {
        Some(model) => model.preprocessor(),
        None => Ok(Rc::new(ModelDir::preprocessor(&embedded(suite)?.vlm)?)),
    }
}

/// Makes the workloads of one model.
struct Maker<'a> {
    suite: &'a Rc<Suite>,
    owner: Option<String>,
    source: Source,
    llm: SharedLlm,
    vlm: SharedVlm,
    user_model: Option<Rc<UserVlm>>,
    pictures: SharedPictures,
}

impl<'a> Maker<'a> {
    fn new(suite: &'a Rc<Suite>, owner: Option<&UserModel>) -> Self {
        Self {
            suite,
            owner: owner.map(|model| model.name.clone()),
            source: owner.cloned().map_or(Source::Embedded, Source::User),
            llm: SharedLlm::default(),
            vlm: SharedVlm::default(),
            user_model: owner.map(|model| Rc::new(UserVlm::new(suite, model))),
            pictures: SharedPictures::default(),
        }
    }

    /// The workloads of one entry: one for each aspect ratio that it names, else one.
    fn workloads(&self, settings: &WorkloadSettings) -> Result<Vec<Box<dyn Workload>>> {
        let llm_phase = find(&llm::Phase::ALL, settings.name());
        let vlm_phase = find(&vlm::Phase::ALL, settings.name());
        let mut name = WorkloadName::from(settings.name());
        if let Some(owner) = &self.owner {
            name = name.of_model(owner);
        }
        match (llm_phase, vlm_phase, settings) {
            (Some(phase), _, WorkloadSettings::Tokens { sizes, .. }) => Ok(vec![Box::new(LlmWorkload {
                name,
                phase,
                sizes: sizes.clone(),
                suite: Rc::clone(self.suite),
                source: self.source.clone(),
                model: Rc::clone(&self.llm),
                text: OnceCell::new(),
            })]),
            (_, Some(phase), WorkloadSettings::Pixels { images: Images::Listed(list), .. }) => {
                Ok(vec![self.of_images(name, phase, ImageSizes::listed(list.clone()))])
            }
            (_, Some(phase), WorkloadSettings::Pixels { images, .. }) => {
                let each = images.chosen().into_iter();
                each.map(|(end, aspect)| {
                    let name = WorkloadName::from(format!("{name}{end}"));
                    let images = self.chosen(&name, aspect)?;
                    Ok(self.of_images(name, phase, images))
                })
                .collect()
            }
            _ => Err(misfit(self.suite, settings)),
        }
    }

    fn of_images(&self, name: WorkloadName, phase: vlm::Phase, images: ImageSizes) -> Box<dyn Workload> {
        Box::new(VlmWorkload {
            name,
            phase,
            images,
            suite: Rc::clone(self.suite),
            source: self.source.clone(),
            model: Rc::clone(&self.vlm),
            user_model: self.user_model.clone(),
            pictures: Rc::clone(&self.pictures),
        })
    }

    /// The images that the model's image processor suggests.
    fn chosen(&self, name: &WorkloadName, aspect: Aspect) -> Result<ImageSizes> {
        let preprocessor = preprocessor(self.suite, self.user_model.as_deref())?;
        ImageSizes::chosen(&preprocessor, aspect).ok_or_else(|| {
            let cause = format!("the model's image processor takes too few images of {aspect} for a law");
            Error::new(name, cause, format!("list `resolutions` for this workload in {}", self.suite.path.display()))
        })
    }
}

fn is_known(settings: &WorkloadSettings) -> bool {
    match settings {
        WorkloadSettings::Tokens { name, .. } => find(&llm::Phase::ALL, name).is_some(),
        WorkloadSettings::Pixels { name, .. } => find(&vlm::Phase::ALL, name).is_some(),
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
        format!(
            "the workloads are {}; those of llm take `tokens`, those of vlm `resolutions` or none",
            known.join(", ")
        ),
    )
}
