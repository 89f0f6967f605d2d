//! Reading `suite.toml`.

use std::path::{Path, PathBuf};

use scalegate::config::{Config, Document, Fault};
use serde::Deserialize;
use toml::Spanned;

use super::check;
use super::{
    AccuracySettings, Aspect, ImageSettings, InferenceSettings, InstructionSettings, ModelSettings, UserModel,
    WorkloadSettings,
};
use crate::{Error, Result, bounded, paths};
use scalegate::Resolution;

/// A checked suite.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// Where it was read from.
    pub path: PathBuf,
    /// How much is measured, and how much may change.
    pub config: Config,
    /// The embedded models; their workloads are not run without them.
    pub models: Option<ModelSettings>,
    /// How the models are run.
    pub inference: InferenceSettings,
    /// What is run, in the order of the file.
    pub workloads: Vec<WorkloadSettings>,
    /// Models of the user.
    pub user_models: Vec<UserModel>,
    /// What is in the images.
    pub images: ImageSettings,
    /// Which models read which text; none without it.
    pub accuracy: Option<AccuracySettings>,
    /// What is counted; nothing without it.
    pub instructions: Option<InstructionSettings>,
    /// What is sampled; the workloads of the suite without a list of its own.
    pub sampled: Vec<WorkloadSettings>,
}

/// The keys of the suite; spans lead an error back to its line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    models: Option<Spanned<ModelSettings>>,
    #[serde(default)]
    inference: Option<Spanned<InferenceSettings>>,
    #[serde(default)]
    workload: Vec<Spanned<Workload>>,
    #[serde(default)]
    model: Vec<Spanned<UserModel>>,
    #[serde(default)]
    images: ImageSettings,
    accuracy: Option<Spanned<AccuracySettings>>,
    instructions: Option<Instructions>,
    resources: Option<Resources>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Instructions {
    models: Option<Spanned<ModelSettings>>,
    workload: Vec<Spanned<Workload>>,
}

/// What of `[resources]` names workloads.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resources {
    workload: Vec<Spanned<Workload>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Workload {
    pub(super) name: Spanned<String>,
    pub(super) tokens: Option<Vec<Spanned<u64>>>,
    pub(super) resolutions: Option<Vec<Spanned<Resolution>>>,
    pub(super) aspects: Option<Spanned<Vec<Spanned<Aspect>>>>,
}

impl Suite {
    /// The file's name in the working directory.
    pub const FILE: &'static str = Config::SUITE;

    /// Reads and checks a suite file.
    ///
    /// # Errors
    /// It cannot be read, or a value in it makes no sense.
    pub fn load(path: &Path) -> Result<Self> {
        let text = bounded::text(path, bounded::MAX_SETTINGS).map_err(|error| {
            Error::new(path.display(), error, "run scalegate in the directory that holds `suite.toml`")
        })?;
        Self::parse(path, &text)
    }

    /// Reads the suite of the workspace, in a thread that ends with it: the standard library gives every map of a thread another
    /// seed than the one before, and what the file says must not decide how the maps of a model are searched.
    ///
    /// # Errors
    /// As [`Suite::load`].
    pub fn load_here() -> Result<Self> {
        let load = || Self::load(&paths::of_workspace(Self::FILE));
        std::thread::scope(|scope| scope.spawn(load).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Parses and checks the text of a suite file; `path` is for messages.
    ///
    /// ```
    /// use scalegate_suite::suite::Suite;
    ///
    /// let suite = Suite::parse("suite.toml".as_ref(), "[measure]\nrounds = 4\n").map_err(|error| error.to_string())?;
    /// assert_eq!(suite.config.measure.rounds, 4);
    /// assert!(suite.workloads.is_empty(), "nothing is run that is not listed");
    /// # Ok::<(), String>(())
    /// ```
    ///
    /// # Errors
    /// As [`Suite::load`].
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let mut document = Document::parse(path, text)?;
        let config = document.config()?;
        let keys: Keys = document.rest()?;
        keys.checked(path, config).map_err(|fault| document.error(&fault))
    }

    /// Seed of models, images, prompts and the order of sizes.
    pub fn seed(&self) -> u64 {
        self.config.seed
    }

    /// The suite that is sampled: this one with the workloads of `[resources]`. `None` without that section.
    pub fn sampled(&self) -> Option<Self> {
        self.config.resources.as_ref()?;
        Some(Self { workloads: self.sampled.clone(), ..self.clone() })
    }
}

impl Keys {
    fn checked(self, path: &Path, config: Config) -> Result<Suite, Fault> {
        if let Some(models) = &self.models {
            check::section(models, ModelSettings::check)?;
        }
        if let Some(inference) = &self.inference {
            check::section(inference, InferenceSettings::check)?;
        }
        if let Some(accuracy) = &self.accuracy {
            let known: Vec<&str> = self.model.iter().map(|model| model.get_ref().name.as_str()).collect();
            check::section(accuracy, |accuracy| accuracy.check(&known))?;
        }
        let accuracy = self.accuracy.map(Spanned::into_inner);
        let workloads = check::workloads(self.workload)?;
        let instructions = self.instructions.map(Instructions::checked).transpose()?;
        let sampled = self.resources.map(|section| check::workloads(section.workload)).transpose()?;
        Ok(Suite {
            path: path.to_path_buf(),
            config,
            models: self.models.map(Spanned::into_inner),
            inference: self.inference.map(Spanned::into_inner).unwrap_or_default(),
            user_models: check::user_models(self.model, &workloads, accuracy.as_ref(), instructions.as_ref())?,
            sampled: sampled.unwrap_or_else(|| workloads.clone()),
            workloads,
            images: self.images,
            accuracy,
            instructions,
        })
    }
}

impl Instructions {
    fn checked(self) -> Result<InstructionSettings, Fault> {
        if let Some(models) = &self.models {
            check::section(models, ModelSettings::check)?;
        }
        let workloads = check::workloads(self.workload)?;
        Ok(InstructionSettings { models: self.models.map(Spanned::into_inner), workloads })
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_on_compression_writes_into_the_suite_names_what_the_reference_model_can_read() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read_to_string(root.join("docs/compression.md")).unwrap();
        let edits: Vec<&str> = page.lines().map(str::trim).filter(|line| line.starts_with("sed -i ")).collect();
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(Suite::FILE);
        std::fs::copy(root.join(Suite::FILE), &path).unwrap();
        assert_eq!(edits.len(), 2);
        for (edit, graph) in edits.into_iter().zip(["models/reference", "small"]) {
            let edited = std::process::Command::new("sh").args(["-c", edit]).current_dir(place.path()).status();
            assert!(edited.unwrap().success(), "{edit}");
            let suite = Suite::load(&path).unwrap();
            let model = suite.user_models.iter().find(|model| model.name == "reference").unwrap();
            assert_eq!(model.workloads, ["llm/prefill", "llm/decode"]);
            assert_eq!(model.path(), Ok(PathBuf::from(graph)));
            for workload in suite.workloads.iter().filter(|its| model.workloads.iter().any(|name| name == its.name())) {
                let sizes = match workload {
                    WorkloadSettings::Tokens { sizes, .. } => sizes.clone(),
                    WorkloadSettings::Pixels { .. } => Vec::new(),
                };
                assert!(sizes.len() >= 5 && sizes.iter().all(|size| *size < 256), "it reads 256 tokens: {workload:?}");
            }
        }
    }
}
