//! `[accuracy]`: which models read which text.

use std::path::PathBuf;

use scalegate::analysis::text_workload;
use scalegate::workload::WorkloadName;
use serde::Deserialize;

/// What perplexity is taken of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccuracySettings {
    /// A text that the models were not trained on.
    pub text: PathBuf,
    /// Names of user models that read it.
    pub models: Vec<String>,
}

impl AccuracySettings {
    /// The names of all series.
    pub fn names(&self) -> Vec<WorkloadName> {
        self.models.iter().map(|model| text_workload(model)).collect()
    }

    pub(super) fn check(&self, known: &[&str]) -> Result<(), String> {
        if self.models.is_empty() {
            return Err("accuracy.models is empty, so that nobody reads the text".to_owned());
        }
        for (place, name) in self.models.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(format!("accuracy.models: there is no [[model]] `{name}`"));
            }
            if self.models[..place].contains(name) {
                return Err(format!("accuracy.models: `{name}` is listed twice"));
            }
        }
        Ok(())
    }
}
