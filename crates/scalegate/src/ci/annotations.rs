//! A verdict as annotations of the lines of a configuration.

use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::CheckFile;
use super::check_file::CheckedFinding;
use crate::gate::Outcome;
use crate::metric::Metric;
use crate::{Error, Result, bounded};

/// As many as a digest shows; GitHub itself shows ten of each level and step.
const MAX_ANNOTATIONS: usize = 20;

/// The lines of a configuration on which workloads are named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigurationLines {
    file: String,
    costs: Vec<(String, usize)>,
    counts: Vec<(String, usize)>,
    resources: Vec<(String, usize)>,
    models: Vec<(String, usize)>,
}

/// The names in a configuration; all other keys are left to who reads it for what they say.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Names {
    workload: Vec<Named>,
    instructions: Section,
    resources: Section,
    model: Vec<Named>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Section {
    workload: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: Spanned<String>,
}

impl ConfigurationLines {
    /// Reads a configuration for its names.
    ///
    /// # Errors
    /// The file cannot be read, or is not TOML with names where names belong.
    pub fn read(path: &Path) -> Result<Self> {
        let fail = |cause: String| Error::new(path.display(), cause, "name a configuration with `--config`");
        let text = bounded::text(path, bounded::MAX_SETTINGS).map_err(|error| fail(error.to_string()))?;
        Self::parse(&path.display().to_string(), &text).map_err(fail)
    }

    pub(super) fn parse(file: &str, text: &str) -> Result<Self, String> {
        let names: Names = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let lines = |named: Vec<Named>| {
            let line = |at: usize| 1 + text.bytes().take(at).filter(|&byte| byte == b'\n').count();
            named.into_iter().map(|it| (it.name.get_ref().clone(), line(it.name.span().start))).collect()
        };
        Ok(Self {
            file: file.to_owned(),
            costs: lines(names.workload),
            counts: lines(names.instructions.workload),
            resources: lines(names.resources.workload),
            models: lines(names.model),
        })
    }

    /// The line that names a workload, in the table that its metric is measured by, or the model that it is of; the first line
    /// of the file where none does.
    fn line(&self, workload: &str, metric: Metric) -> usize {
        let table = match metric {
            counted if counted.is_counted() => &self.counts,
            Metric::CpuAuc | Metric::RssAuc | Metric::PeakRss | Metric::Energy => &self.resources,
            _ => &self.costs,
        };
        let owner = workload.split('/').next().unwrap_or_default();
        let named =
            |list: &[(String, usize)], name: &str| list.iter().find(|(it, _)| it == name).map(|(_, line)| *line);
        named(table, workload).or_else(|| named(&self.models, owner)).unwrap_or(1)
    }
}

/// GitHub's commands that annotate `lines` with what is no pass, one per line; the worst first.
pub fn annotations(check: &CheckFile, lines: Option<&ConfigurationLines>) -> String {
    check.open().take(MAX_ANNOTATIONS).map(|finding| annotation(finding, lines) + "\n").collect()
}

fn annotation(finding: &CheckedFinding, lines: Option<&ConfigurationLines>) -> String {
    let level = match finding.outcome {
        Outcome::Regressed => "error",
        Outcome::Inconclusive => "warning",
        Outcome::Improved | Outcome::Pass => "notice",
    };
    let place = lines.map_or_else(String::new, |lines| {
        let line = lines.line(&finding.workload, finding.metric);
        format!("file={},line={line},", property(&lines.file))
    });
    let title = format!("{} {} on {}", finding.workload, finding.metric, finding.host);
    format!("::{level} {place}title={}::{}", property(&title), message(&finding.words))
}

/// The command that says why there is no verdict.
pub fn fault_annotation(cause: &str) -> String {
    format!("::error title=scalegate::{}", message(cause))
}

/// A text after the second pair of colons of a command, as one line.
fn message(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('%', "%25")
}

/// The same as a property of a command, which a comma or a colon would end.
fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
