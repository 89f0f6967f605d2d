//! `[instructions]`: what is counted.

use super::{ModelSettings, Suite, WorkloadSettings};

/// The models and sizes of instruction counts, which are smaller than those of times: a simulator takes fifty times as long,
/// and needs no large sizes, since its counts have no noise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstructionSettings {
    /// The embedded models; they are not counted without them.
    pub models: Option<ModelSettings>,
    /// What is run, in the order of the file.
    pub workloads: Vec<WorkloadSettings>,
}

impl Suite {
    /// The suite that is counted: this one with the models and workloads of `[instructions]`, and of the models of the user's
    /// own those that are to be counted. `None` without that section.
    pub fn counted(&self) -> Option<Self> {
        let InstructionSettings { models, workloads } = self.instructions.clone()?;
        let is_listed = |name: &String| workloads.iter().any(|workload| workload.name() == name);
        let mut user_models = self.user_models.clone();
        user_models.retain(|model| model.counted);
        for model in &mut user_models {
            model.workloads.retain(is_listed);
        }
        Some(Self { models, workloads, user_models, ..self.clone() })
    }
}
