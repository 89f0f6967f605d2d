//! Reading `suite.toml`.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::check;
use super::{
    AccuracySettings, ForeignModel, GateSettings, ImageSettings, InferenceSettings, InstructionSettings,
    MeasureSettings, ModelSettings, Resolution, ResourceSettings, WorkloadSettings, resources,
};
use crate::{Error, Result};

/// A checked suite.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// Where it was read from.
    pub path: PathBuf,
    /// Seed of models, images, prompts and the order of sizes.
    pub seed: u64,
    /// What is under test.
    pub models: ModelSettings,
    /// How the models are run.
    pub inference: InferenceSettings,
    /// How often and how long.
    pub measure: MeasureSettings,
    /// What is run, in the order of the file.
    pub workloads: Vec<WorkloadSettings>,
    /// Models of the user's own.
    pub foreign_models: Vec<ForeignModel>,
    /// What is in the pictures.
    pub images: ImageSettings,
    /// Which models read which text; none without it.
    pub accuracy: Option<AccuracySettings>,
    /// What is counted; nothing without it.
    pub instructions: Option<InstructionSettings>,
    /// How resources are sampled; not at all without it.
    pub resources: Option<ResourceSettings>,
    /// How much may change.
    pub gate: GateSettings,
}

/// The file as it is written; spans lead an error back to its line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: Spanned<u32>,
    seed: u64,
    models: Spanned<ModelSettings>,
    inference: Spanned<InferenceSettings>,
    measure: Spanned<MeasureSettings>,
    workload: Vec<Spanned<Workload>>,
    #[serde(default)]
    model: Vec<Spanned<ForeignModel>>,
    #[serde(default)]
    images: ImageSettings,
    accuracy: Option<Spanned<AccuracySettings>>,
    instructions: Option<Instructions>,
    resources: Option<Spanned<resources::Section>>,
    gate: Option<Spanned<GateSettings>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Instructions {
    models: Spanned<ModelSettings>,
    workload: Vec<Spanned<Workload>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Workload {
    pub(super) name: Spanned<String>,
    pub(super) tokens: Option<Vec<Spanned<u64>>>,
    pub(super) resolutions: Option<Vec<Spanned<Resolution>>>,
}

/// A fault in the file: where, what, and what to do.
pub(super) struct Fault {
    pub(super) span: Range<usize>,
    pub(super) cause: String,
    pub(super) remedy: String,
}

impl Suite {
    /// The schema version that this build reads.
    pub const SCHEMA: u32 = 1;

    /// The file's name in the working directory.
    pub const FILE: &'static str = "suite.toml";

    /// Reads and checks a suite file.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::new(path.display(), error, "run scalegate in the directory that holds `suite.toml`")
        })?;
        Self::parse(path, &text)
    }

    /// Reads the suite of the working directory.
    pub fn load_here() -> Result<Self> {
        Self::load(Path::new(Self::FILE))
    }

    /// Parses and checks the text of a suite file; `path` is for messages.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let place = |span: &Range<usize>| format!("{}:{}", path.display(), line(text, span.start));
        let file: File = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            Error::new(place(&span), error.message(), "see docs/suite.md for the keys of a suite file")
        })?;
        file.checked(path).map_err(|fault| Error::new(place(&fault.span), fault.cause, fault.remedy))
    }
}

impl File {
    fn checked(self, path: &Path) -> Result<Suite, Fault> {
        if *self.schema.get_ref() != Suite::SCHEMA {
            return Err(Fault {
                span: self.schema.span(),
                cause: format!("schema {} is not known", self.schema.get_ref()),
                remedy: format!("this scalegate reads schema {}; use the version that wrote the file", Suite::SCHEMA),
            });
        }
        check::section(&self.models, ModelSettings::check)?;
        check::section(&self.inference, InferenceSettings::check)?;
        check::section(&self.measure, MeasureSettings::check)?;
        if let Some(gate) = &self.gate {
            check::section(gate, GateSettings::check)?;
        }
        if let Some(accuracy) = &self.accuracy {
            let known: Vec<&str> = self.model.iter().map(|model| model.get_ref().name.as_str()).collect();
            check::section(accuracy, |accuracy| accuracy.check(&known))?;
        }
        let accuracy = self.accuracy.map(Spanned::into_inner);
        let workloads = check::workloads(self.workload)?;
        let instructions = self.instructions.map(Instructions::checked).transpose()?;
        let resources = self.resources.map(|section| resources::Section::checked(section, &workloads)).transpose()?;
        Ok(Suite {
            path: path.to_path_buf(),
            seed: self.seed,
            models: self.models.into_inner(),
            inference: self.inference.into_inner(),
            measure: self.measure.into_inner(),
            foreign_models: check::foreign_models(self.model, &workloads, accuracy.as_ref(), instructions.as_ref())?,
            workloads,
            images: self.images,
            accuracy,
            instructions,
            resources,
            gate: self.gate.map(Spanned::into_inner).unwrap_or_default(),
        })
    }
}

impl Instructions {
    fn checked(self) -> Result<InstructionSettings, Fault> {
        check::section(&self.models, ModelSettings::check)?;
        let workloads = check::workloads(self.workload)?;
        Ok(InstructionSettings { models: self.models.into_inner(), workloads })
    }
}

/// The line, from 1, of a byte offset.
fn line(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}
