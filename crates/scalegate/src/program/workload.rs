//! A program at all its sizes.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::case::{Case, Inputs};
use super::command::{Line, Output};
use super::identity::section;
use super::inputs::{prompt, tokens, write_image};
use super::result::Reader;
use crate::config::{Input, Placeholder, ProgramSettings, ResultSource, Template};
use crate::session::Places;
use crate::token_ids::vocabulary;
use crate::{Axis, Error, Prepared, Result, Workload};

/// A command for each size.
pub(super) struct Program {
    settings: ProgramSettings,
    result: Option<Reader>,
    directory: PathBuf,
    /// For the files of its cases.
    cases: PathBuf,
    /// How the names of callgrind's files begin, if it counts.
    callgrind: Option<PathBuf>,
}

impl Program {
    /// The program with that number in the configuration.
    ///
    /// # Errors
    /// A regular expression that is none.
    pub(super) fn new(index: usize, settings: &ProgramSettings, places: &Places) -> Result<Self, String> {
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        let name: String = settings.name.chars().map(plain).collect();
        Ok(Self {
            result: settings.result.as_ref().map(Reader::new).transpose()?,
            settings: settings.clone(),
            directory: places.directory.clone(),
            callgrind: places.callgrind.clone(),
            cases: places.work.join(format!("{index}-{name}")),
        })
    }

    fn uses(&self, place: Placeholder) -> bool {
        self.settings.placeholders().any(|other| other == place)
    }

    /// The ids of a case, which are drawn once: a vocabulary takes long to read.
    fn tokens(&self, files: &Files, is_ready: bool) -> Result<String> {
        let is_used = self.settings.placeholders().any(Placeholder::needs_tokens);
        let Some(tokenizer) = self.settings.tokenizer.as_ref().filter(|_| is_used) else { return Ok(String::new()) };
        if is_ready {
            let path = files.tokens();
            let fail = |error| Error::new(path.display(), error, "leave the files of a run alone, and rerun");
            return std::fs::read_to_string(&path).map_err(fail);
        }
        let ids = vocabulary(&section(self.name()), tokenizer, &self.directory)?;
        Ok(tokens(files.input.size, ids))
    }

    /// Makes the files of a case, and runs its command once: whatever fails does so before anything is measured, and what is read from a disk
    /// is in memory from then on.
    fn set_up(
        &self,
        files: &Files,
        tokens: &str,
        case: &mut Case,
        value: impl Fn(Placeholder) -> String,
    ) -> Result<()> {
        let Files { root, input, .. } = files;
        let fail = |error: std::io::Error| Error::new(root.display(), error, "make room for the files of a run");
        if root.exists() {
            std::fs::remove_dir_all(root).map_err(fail)?;
        }
        std::fs::create_dir_all(files.work()).map_err(fail)?;
        if self.uses(Placeholder::PromptFile) {
            std::fs::write(files.prompt(), prompt(input.size)).map_err(fail)?;
        }
        if !tokens.is_empty() {
            std::fs::write(files.tokens(), tokens).map_err(fail)?;
        }
        if let Some(resolution) = input.resolution.filter(|_| self.uses(Placeholder::Image)) {
            write_image(&files.image(), resolution)?;
        }
        if let Some(words) = &self.settings.setup {
            let setup = Line::new(words, &self.directory, value);
            let output = Output { out: None, ..case.output.clone() };
            setup.run(&output, self.settings.timeout).map_err(|error| error.context("`setup`"))?;
        }
        case.inputs = Inputs::within(&files.work());
        case.reset();
        case.run()?;
        let ready = serde_json::to_vec(&case.inputs).map_err(|error| fail(error.into()))?;
        std::fs::write(files.ready(), ready).map_err(fail)
    }
}

impl Workload for Program {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn axis(&self) -> Axis {
        self.settings.inputs.axis.clone()
    }

    fn sizes(&self) -> Vec<u64> {
        self.settings.inputs.sizes()
    }

    fn protocol(&self) -> BTreeMap<String, String> {
        let line = |words: &Vec<Template>| words.iter().map(Template::as_str).collect::<Vec<_>>().join(" ");
        let ProgramSettings { command, setup, startup, result, .. } = &self.settings;
        let mut protocol = BTreeMap::from([("command".to_owned(), line(command))]);
        protocol.extend(setup.as_ref().map(|words| ("setup".to_owned(), line(words))));
        protocol.extend(startup.as_ref().map(|words| ("startup".to_owned(), line(words))));
        protocol.extend(result.as_ref().map(|result| {
            let place = match &result.source {
                ResultSource::Json(pointer) => format!("json {pointer}"),
                ResultSource::Regex(regex) => format!("regex {regex}"),
            };
            ("result".to_owned(), format!("{place} in {}", result.unit))
        }));
        protocol
    }

    fn prepare(&self, size: u64) -> Result<Box<dyn Prepared>> {
        let input = self.settings.inputs.inputs.iter().find(|input| input.size == size).copied().ok_or_else(|| {
            Error::new(self.name(), format!("{size} is none of its sizes"), "use a size that the configuration lists")
        })?;
        let files = Files { root: self.cases.join(size.to_string()), input };
        let text = if self.uses(Placeholder::Prompt) { prompt(size) } else { String::new() };
        let ready = std::fs::read(files.ready()).ok().and_then(|text| serde_json::from_slice(&text).ok());
        let tokens = self.tokens(&files, ready.is_some())?;
        let value = |place| files.value(place, &text, &tokens);
        let line = |words: &Vec<Template>| Line::new(words, &self.directory, value);
        let out = self.result.is_some().then(|| files.root.join("stdout"));
        let mut case = Case {
            command: line(&self.settings.command),
            startup: self.settings.startup.as_ref().map(line),
            output: Output { out, errors: files.root.join("stderr") },
            result: self.result.clone(),
            timeout: self.settings.timeout,
            inputs: Inputs::within(&files.work()),
            started: None,
            last: None,
        };
        match ready {
            Some(inputs) => case.inputs = inputs,
            None => self.set_up(&files, &tokens, &mut case, value)?,
        }
        if let Some(out) = &self.callgrind {
            case.command = case.command.below_callgrind(out);
        }
        Ok(Box::new(case))
    }
}

/// The files of a case.
struct Files {
    root: PathBuf,
    input: Input,
}

impl Files {
    fn work(&self) -> PathBuf {
        self.root.join("work")
    }

    fn image(&self) -> PathBuf {
        self.root.join("image.jpg")
    }

    fn prompt(&self) -> PathBuf {
        self.root.join("prompt.txt")
    }

    fn tokens(&self) -> PathBuf {
        self.root.join("tokens.txt")
    }

    /// Is there when all others are.
    fn ready(&self) -> PathBuf {
        self.root.join("ready.json")
    }

    fn value(&self, place: Placeholder, prompt: &str, tokens: &str) -> String {
        let of_resolution = |side: fn(crate::Resolution) -> u32| {
            self.input.resolution.map(|resolution| side(resolution).to_string()).unwrap_or_default()
        };
        let path = |path: PathBuf| path.to_string_lossy().into_owned();
        match place {
            Placeholder::Size => self.input.size.to_string(),
            Placeholder::Work => path(self.work()),
            Placeholder::Width => of_resolution(|resolution| resolution.width),
            Placeholder::Height => of_resolution(|resolution| resolution.height),
            Placeholder::Image => path(self.image()),
            Placeholder::Prompt => prompt.to_owned(),
            Placeholder::PromptFile => path(self.prompt()),
            Placeholder::Tokens => tokens.to_owned(),
            Placeholder::TokensFile => path(self.tokens()),
        }
    }
}
