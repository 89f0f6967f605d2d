//! `[[server]]`: an inference server that is asked over HTTP, and what it is asked.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::inputs::AxisSection;
use super::program::ResultSection;
use super::{Inputs, Placeholder, ResultSettings, ResultSource, Template};
use crate::workload::{check_name, check_sizes};
use crate::{Axis, Resolution};

/// Stands for a free port in `command` and `url`.
pub const PORT: &str = "{port}";

/// Every vocabulary of a language model in use has these, and special tokens lie at its ends.
pub const DEFAULT_TOKEN_IDS: [u32; 2] = [1_000, 8_000];

/// A server and its workloads.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// The family of its workloads: `llama` has `llama/prefill`.
    pub name: String,
    /// Which requests it understands.
    pub kind: ServerKind,
    /// Starts it, as program and arguments, once per round. Without one, a server has to be there already.
    #[serde(default)]
    pub command: Vec<String>,
    /// What builds the server, run before anything is measured.
    #[serde(default)]
    pub build: Option<Vec<String>>,
    /// Where it listens: `http://HOST:PORT`, with a path in front of all others if it has one.
    #[serde(default = "default_url")]
    pub url: String,
    /// Whether `url` may name another machine.
    #[serde(default)]
    pub allow_remote: bool,
    /// How it shows that it can be asked; without this by [`ServerKind::ready`].
    #[serde(default)]
    ready: Option<Ready>,
    /// Seconds from its start until it has to be ready.
    #[serde(default = "default_ready_s")]
    pub ready_s: f64,
    /// Seconds that an answer may take.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: f64,
    /// Further fields of the body of each request, as `model` or `ignore_eos`.
    #[serde(default)]
    pub body: serde_json::Map<String, serde_json::Value>,
    /// Of `openai`: ask for an answer to a message, whose length is in words, instead of a completion of tokens.
    #[serde(default)]
    pub chat: bool,
    /// The first and the last id that prompts of tokens are drawn from; [`DEFAULT_TOKEN_IDS`] without it and a tokenizer.
    #[serde(default)]
    pub token_ids: Option<[u32; 2]>,
    /// A `tokenizer.json`, whose vocabulary they are drawn from instead.
    #[serde(default)]
    pub tokenizer: Option<PathBuf>,
    /// Time until the first token of the answer, over the length of the prompt.
    #[serde(default)]
    pub prefill: Option<Prefill>,
    /// Time for each further token, over the length of the prompt before it.
    #[serde(default)]
    pub decode: Option<Decode>,
    /// Time for a whole answer, over its length.
    #[serde(default)]
    pub generate: Option<Generate>,
    /// Time until the first token of the answer to an image, over its pixels.
    #[serde(default)]
    pub prompt: Option<ImagePrompt>,
    /// Of `http`: requests by their text.
    #[serde(default)]
    pub request: Vec<HttpSettings>,
}

/// Which requests a server understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerKind {
    /// `OpenAI`'s completions and chat, as streams.
    #[serde(rename = "openai")]
    OpenAi,
    /// The completions of llama.cpp's own, which tell its timings.
    LlamaCpp,
    /// Any requests.
    Http,
}

/// How a server shows that it can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ready {
    /// It answers `GET` of this path with 200.
    Path(String),
    /// It has written a line that contains this text.
    Line(String),
}

/// `[server.prefill]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prefill {
    /// Lengths of prompts.
    pub tokens: Vec<u64>,
}

/// `[server.decode]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decode {
    /// Lengths of prompts.
    pub tokens: Vec<u64>,
    /// Tokens of the answer, whose first is no part of what is measured.
    #[serde(default = "default_new_tokens")]
    pub new_tokens: u64,
}

/// `[server.generate]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// Lengths of answers.
    pub tokens: Vec<u64>,
    /// The length of the prompt.
    #[serde(default = "default_prompt_tokens")]
    pub prompt_tokens: u64,
}

/// `[server.prompt]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagePrompt {
    /// Widths and heights of images.
    pub resolutions: Vec<Resolution>,
}

/// `[[server.request]]`: a request whose text has placeholders for its size.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "HttpSection")]
pub struct HttpSettings {
    /// The workload within the server's family: `embed` of the server `api` is `api/embed`.
    pub name: String,
    /// Its sizes.
    pub inputs: Inputs,
    /// As `POST`.
    pub method: String,
    /// What follows the server's `url`.
    pub path: Template,
    /// Headers by name.
    pub headers: BTreeMap<String, String>,
    /// What is sent.
    pub body: Option<Template>,
    /// Where the answer, in JSON, has its cost; without this the time until its last byte is measured.
    pub result: Option<JsonResult>,
}

/// A time within an answer in JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonResult {
    /// A JSON pointer (RFC 6901), as `/timings/prompt_ms`.
    pub pointer: String,
    /// Seconds of one of its units.
    pub unit_s: f64,
}

/// The section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HttpSection {
    name: String,
    axis: Option<AxisSection>,
    tokens: Option<Vec<f64>>,
    resolutions: Option<Vec<Resolution>>,
    method: Option<String>,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
    result: Option<ResultSection>,
}

impl TryFrom<HttpSection> for HttpSettings {
    type Error = String;

    fn try_from(section: HttpSection) -> Result<Self, String> {
        check_name(&section.name)?;
        let inputs = Inputs::of(section.axis, section.tokens, section.resolutions)?;
        let template = |text: &str| {
            let template = Template::parse(text)?;
            let has_resolutions = inputs.inputs.iter().all(|input| input.resolution.is_some());
            let is_known = |place: Placeholder| match place {
                Placeholder::Size | Placeholder::Prompt => true,
                Placeholder::Width | Placeholder::Height => has_resolutions,
                Placeholder::Tokens => inputs.axis.name() == Axis::TOKENS.name(),
                Placeholder::Work | Placeholder::Image | Placeholder::PromptFile | Placeholder::TokensFile => false,
            };
            let unknown = template.placeholders().find(|place| !is_known(*place));
            match unknown {
                Some(place) => Err(format!("`{{{}}}` has no meaning in this request", place.name())),
                None => Ok(template),
            }
        };
        let result = section.result.map(|result| match result.checked()? {
            ResultSettings { source: ResultSource::Json(pointer), unit_s, .. } => Ok(JsonResult { pointer, unit_s }),
            _ => Err("the result of a request is found by `json`".to_owned()),
        });
        let default = if section.body.is_some() { "POST" } else { "GET" };
        Ok(Self {
            path: template(&section.path)?,
            body: section.body.as_deref().map(template).transpose()?,
            result: result.transpose()?,
            method: section.method.unwrap_or_else(|| default.to_owned()),
            name: section.name,
            headers: section.headers,
            inputs,
        })
    }
}

fn default_url() -> String {
    format!("http://127.0.0.1:{PORT}")
}

fn default_ready_s() -> f64 {
    60.0
}

fn default_timeout_s() -> f64 {
    300.0
}

fn default_new_tokens() -> u64 {
    16
}

fn default_prompt_tokens() -> u64 {
    32
}

impl ServerKind {
    /// How a server of this kind shows that it can be asked.
    fn ready(self) -> Ready {
        let path = match self {
            Self::OpenAi => "/v1/models",
            Self::LlamaCpp => "/health",
            Self::Http => "/",
        };
        Ready::Path(path.to_owned())
    }
}

impl ServerSettings {
    /// How it shows that it can be asked.
    pub fn ready(&self) -> Ready {
        self.ready.clone().unwrap_or_else(|| self.kind.ready())
    }

    pub(super) fn check(&self) -> Result<(), String> {
        check_name(&self.name)?;
        let lists = self.sizes();
        if let Some(prompt) = &self.prompt {
            let sizes: Vec<u64> = prompt.resolutions.iter().map(|resolution| resolution.pixels()).collect();
            check_sizes(&sizes).map_err(|cause| format!("{}/prompt: {cause}", self.name))?;
        }
        if lists.is_empty() && self.prompt.is_none() && self.request.is_empty() {
            return Err(format!("the server {} has no workload", self.name));
        }
        if self.build.as_ref().is_some_and(Vec::is_empty) {
            return Err("`build` has no words".to_owned());
        }
        for (workload, sizes) in lists {
            check_sizes(sizes).map_err(|cause| format!("{}/{workload}: {cause}", self.name))?;
        }
        self.check_kind()?;
        if self.decode.as_ref().is_some_and(|decode| decode.new_tokens < 2) {
            return Err("decode.new_tokens is below 2: the time of further tokens needs a second one".to_owned());
        }
        if self.generate.as_ref().is_some_and(|generate| generate.prompt_tokens == 0) {
            return Err("generate.prompt_tokens is 0: an answer needs a prompt".to_owned());
        }
        if let Some(ids) = self.token_ids.filter(|[first, last]| first > last) {
            return Err(format!("token_ids = {ids:?} is no range"));
        }
        if self.token_ids.is_some() && self.tokenizer.is_some() {
            return Err("prompts are drawn from `token_ids` or from the vocabulary of `tokenizer`, and both are given"
                .to_owned());
        }
        for (name, seconds) in [("ready_s", self.ready_s), ("timeout_s", self.timeout_s)] {
            if !(seconds > 0.0 && seconds <= MAX_SECONDS) {
                return Err(format!("{name} = {seconds} is no time between 0 and {MAX_SECONDS} s"));
            }
        }
        if self.command.is_empty() && self.url.contains(PORT) {
            return Err("without a `command` that is given a port, `url` has to name the server's".to_owned());
        }
        Ok(())
    }

    /// The sizes of each workload with tokens, by its name within the family.
    fn sizes(&self) -> Vec<(&str, &[u64])> {
        let prefill = self.prefill.iter().map(|it| ("prefill", &*it.tokens));
        let decode = self.decode.iter().map(|it| ("decode", &*it.tokens));
        let generate = self.generate.iter().map(|it| ("generate", &*it.tokens));
        prefill.chain(decode).chain(generate).collect()
    }

    fn check_kind(&self) -> Result<(), String> {
        let is_http = self.kind == ServerKind::Http;
        if is_http && (!self.sizes().is_empty() || self.prompt.is_some()) {
            return Err("the kind `http` knows no tokens; give `[[server.request]]`, or another kind".to_owned());
        }
        if is_http && !self.body.is_empty() {
            return Err("the kind `http` takes `body` from its `[[server.request]]`".to_owned());
        }
        if !is_http && !self.request.is_empty() {
            return Err("`[[server.request]]` is of the kind `http`".to_owned());
        }
        if self.chat && self.kind != ServerKind::OpenAi {
            return Err("`chat` is of the kind `openai`".to_owned());
        }
        Ok(())
    }
}

/// A day: what takes longer is a mistake.
const MAX_SECONDS: f64 = 86_400.0;
