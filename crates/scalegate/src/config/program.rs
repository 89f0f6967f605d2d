//! `[[program]]`: a command for each size.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::inputs::AxisSection;
use super::{Inputs, Placeholder, Template};
use crate::workload::check_name;
use crate::{Axis, Resolution};

/// How long a run of a command may take, unless the configuration says otherwise: a hang ends a job of CI within its limit.
const DEFAULT_TIMEOUT_S: f64 = 600.0;

/// A program as a workload.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgramSettings {
    /// The name of the workload, as `parser/json`.
    pub name: String,
    /// Its sizes.
    pub inputs: Inputs,
    /// What is measured. Words are given to the program as they are: there is no shell.
    pub command: Vec<Template>,
    /// What makes the input of a size: run once for each, and not measured.
    pub setup: Option<Vec<Template>>,
    /// What costs as much as starting the program: run before each measured run, and subtracted from its wall time.
    pub startup: Option<Vec<Template>>,
    /// A `tokenizer.json`, whose vocabulary `{tokens}` is drawn from.
    pub tokenizer: Option<PathBuf>,
    /// What builds the program, run before anything is measured.
    pub build: Option<Vec<String>>,
    /// Whether instructions are counted by callgrind.
    pub counted: bool,
    /// A time that the program prints, in the place of that by the clock.
    pub result: Option<ResultSettings>,
    /// How long a run may take.
    pub timeout: Duration,
}

/// A time that a program prints.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultSettings {
    /// Where it stands in the standard output.
    pub source: ResultSource,
    /// As it was written.
    pub unit: String,
    /// Seconds of one of its units.
    pub unit_s: f64,
}

/// Where a number stands in what a program prints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResultSource {
    /// A JSON pointer (RFC 6901) into the output, or into its last line.
    Json(String),
    /// A regular expression; its first group, or all of it, is the number. The last match counts.
    Regex(String),
}

/// The section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    name: String,
    axis: Option<AxisSection>,
    tokens: Option<Vec<f64>>,
    resolutions: Option<Vec<Resolution>>,
    command: Vec<String>,
    setup: Option<Vec<String>>,
    startup: Option<Vec<String>>,
    tokenizer: Option<PathBuf>,
    build: Option<Vec<String>>,
    #[serde(default)]
    counted: bool,
    result: Option<ResultSection>,
    timeout_s: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResultSection {
    json: Option<String>,
    regex: Option<String>,
    unit: String,
}

/// Units of time with the seconds that each has.
const UNITS: [(&str, f64); 5] = [("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9)];

impl Section {
    pub(super) fn checked(self) -> Result<ProgramSettings, String> {
        check_name(&self.name)?;
        let settings = ProgramSettings {
            inputs: Inputs::of(self.axis, self.tokens, self.resolutions)?,
            command: templates("command", &self.command)?,
            setup: self.setup.map(|words| templates("setup", &words)).transpose()?,
            startup: self.startup.map(|words| templates("startup", &words)).transpose()?,
            tokenizer: self.tokenizer,
            build: self.build,
            counted: self.counted,
            result: self.result.map(ResultSection::checked).transpose()?,
            timeout: timeout(self.timeout_s.unwrap_or(DEFAULT_TIMEOUT_S))?,
            name: self.name,
        };
        if settings.build.as_ref().is_some_and(Vec::is_empty) {
            return Err("`build` has no words".to_owned());
        }
        if settings.result.is_some() && settings.startup.is_some() {
            return Err("`startup` is subtracted from the clock's time, and `result` takes its place".to_owned());
        }
        settings.check_placeholders()?;
        Ok(settings)
    }
}

impl ProgramSettings {
    fn check_placeholders(&self) -> Result<(), String> {
        let is_of_tokens = self.inputs.axis.name() == Axis::TOKENS.name();
        let has_resolutions = self.inputs.inputs.iter().all(|input| input.resolution.is_some());
        for place in self.placeholders() {
            let name = place.name();
            if place.needs_resolution() && !has_resolutions {
                return Err(format!("`{{{name}}}` has a meaning only with `resolutions`"));
            }
            if place.needs_tokens() && !is_of_tokens {
                return Err(format!("`{{{name}}}` has a meaning only where sizes are `tokens`"));
            }
            if place.needs_tokens() && self.tokenizer.is_none() {
                return Err(format!(
                    "`{{{name}}}` are ids of a tokenizer, and none is named: `tokenizer = \"tokenizer.json\"`"
                ));
            }
        }
        Ok(())
    }

    /// The placeholders of all commands.
    pub fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        let lists = [Some(&self.command), self.setup.as_ref(), self.startup.as_ref()];
        lists.into_iter().flatten().flatten().flat_map(Template::placeholders)
    }
}

impl ResultSection {
    pub(super) fn checked(self) -> Result<ResultSettings, String> {
        let source = match (self.json, self.regex) {
            (Some(pointer), None) if pointer.is_empty() || pointer.starts_with('/') => ResultSource::Json(pointer),
            (Some(pointer), None) => return Err(format!("`{pointer}` is no JSON pointer, which begins with `/`")),
            (None, Some(regex)) => ResultSource::Regex(regex),
            _ => return Err("a result is found by `json` or by `regex`".to_owned()),
        };
        let Some((_, unit_s)) = UNITS.into_iter().find(|(name, _)| *name == self.unit) else {
            let known = UNITS.map(|(name, _)| name).join(", ");
            return Err(format!("`{}` is no unit of a result, which is a time in {known}", self.unit));
        };
        Ok(ResultSettings { source, unit: self.unit, unit_s })
    }
}

fn templates(key: &str, words: &[String]) -> Result<Vec<Template>, String> {
    if words.first().is_none_or(String::is_empty) {
        return Err(format!("`{key}` names no program"));
    }
    words.iter().map(|word| Template::parse(word).map_err(|cause| format!("`{key}`: {cause}"))).collect()
}

fn timeout(seconds: f64) -> Result<Duration, String> {
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|timeout| !timeout.is_zero())
        .ok_or_else(|| format!("timeout_s = {seconds} is no time"))
}
