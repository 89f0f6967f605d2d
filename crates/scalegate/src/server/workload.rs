//! The workloads of a server: what each asks for at a size, and which part of the answer is its cost.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::engine::Engine;
use super::reply::{Answer, Request};
use super::{http, llama_cpp, openai};
use crate::config::{HttpSettings, Input, ServerKind, ServerSettings, Template};
use crate::session::Instrument;
use crate::{Axis, Error, Prepared, Resolution, Result, Workload, program};

/// A workload of a server.
#[derive(Debug, Clone)]
pub(crate) struct ServerWorkload {
    engine: Rc<Engine>,
    name: String,
    sizes: Vec<u64>,
    asks: Asks,
    /// Whether the server has had a request of this workload.
    is_warm: Rc<Cell<bool>>,
}

/// What is asked for.
#[derive(Debug, Clone)]
enum Asks {
    /// One token after a prompt of the size.
    Prefill,
    /// Some tokens after a prompt of the size.
    Decode {
        new_tokens: u64,
    },
    /// As many tokens as the size, after some.
    Generate {
        prompt_tokens: u64,
    },
    /// One token after an image of the size.
    Prompt {
        resolutions: Vec<Resolution>,
    },
    Http(Box<HttpSettings>),
}

/// All workloads of a server.
pub(crate) fn workloads(engine: &Rc<Engine>) -> Vec<ServerWorkload> {
    let settings = &engine.settings;
    let of = |phase: &str, sizes: &[u64], asks| {
        let name = format!("{}/{phase}", settings.name);
        ServerWorkload { engine: Rc::clone(engine), name, sizes: sizes.to_vec(), asks, is_warm: Rc::default() }
    };
    let prefill = settings.prefill.iter().map(|it| of("prefill", &it.tokens, Asks::Prefill));
    let decode = settings.decode.iter().map(|it| of("decode", &it.tokens, Asks::Decode { new_tokens: it.new_tokens }));
    let generate = settings.generate.iter();
    let generate = generate.map(|it| of("generate", &it.tokens, Asks::Generate { prompt_tokens: it.prompt_tokens }));
    let http = settings.request.iter().map(|it| of(&it.name, &it.inputs.sizes(), Asks::Http(Box::new(it.clone()))));
    let prompt = settings.prompt.iter().map(|it| {
        let sizes: Vec<u64> = it.resolutions.iter().map(|resolution| resolution.pixels()).collect();
        of("prompt", &sizes, Asks::Prompt { resolutions: it.resolutions.clone() })
    });
    prefill.chain(decode).chain(generate).chain(prompt).chain(http).collect()
}

impl Workload for ServerWorkload {
    fn name(&self) -> &str {
        &self.name
    }

    /// Tokens; words, where the server alone knows how many tokens they are.
    fn axis(&self) -> Axis {
        match &self.asks {
            Asks::Http(request) => request.inputs.axis.clone(),
            Asks::Prompt { .. } => Axis::PIXELS,
            Asks::Prefill | Asks::Decode { .. } if self.settings().chat => Axis::new("words"),
            _ => Axis::TOKENS,
        }
    }

    fn sizes(&self) -> Vec<u64> {
        self.sizes.clone()
    }

    fn protocol(&self) -> BTreeMap<String, String> {
        let mut protocol = BTreeMap::from([("clock".to_owned(), self.clock().to_owned())]);
        match &self.asks {
            Asks::Prefill | Asks::Prompt { .. } => {}
            Asks::Decode { new_tokens } => {
                protocol.insert("new_tokens".to_owned(), new_tokens.to_string());
            }
            Asks::Generate { prompt_tokens } => {
                protocol.insert("prompt_tokens".to_owned(), prompt_tokens.to_string());
            }
            Asks::Http(request) => {
                let body = request.body.as_ref().map_or("", Template::as_str);
                protocol.insert("request".to_owned(), format!("{} {} {body}", request.method, request.path.as_str()));
            }
        }
        if !self.settings().body.is_empty() {
            let body = serde_json::Value::Object(self.settings().body.clone());
            protocol.insert("body".to_owned(), body.to_string());
        }
        protocol
    }

    fn tokens(&self, size: u64) -> Option<u64> {
        match self.asks {
            Asks::Http(_) | Asks::Prompt { .. } => None,
            Asks::Decode { .. } => Some(1),
            Asks::Prefill | Asks::Generate { .. } if self.settings().chat => None,
            Asks::Prefill => Some(size),
            Asks::Generate { prompt_tokens } => Some(prompt_tokens + size),
        }
    }

    fn prepare(&self, size: u64) -> Result<Box<dyn Prepared>> {
        self.engine.start()?;
        // What a server does at its first request, as making room for an answer, is no part of any other.
        if !self.is_warm.replace(true) {
            let smallest = self.sizes.first().copied().unwrap_or(size);
            self.ask(smallest, &self.request(smallest)?)?;
        }
        Ok(Box::new(Asking { workload: self.clone(), size, request: None, cost_s: None }))
    }
}

impl ServerWorkload {
    /// By what it is measured. What a request of `decode` uses beside time is for its prompt, mostly, and cannot be divided.
    pub(super) fn instruments(&self) -> Vec<Instrument> {
        match self.asks {
            Asks::Decode { .. } => vec![Instrument::Clock],
            _ => vec![Instrument::Clock, Instrument::Sampler],
        }
    }

    fn settings(&self) -> &ServerSettings {
        &self.engine.settings
    }

    /// Whose times are costs.
    fn clock(&self) -> &'static str {
        match (self.settings().kind, &self.asks) {
            (ServerKind::LlamaCpp, Asks::Prefill | Asks::Decode { .. }) => "server",
            (_, Asks::Http(request)) if request.result.is_some() => "server",
            _ => "client",
        }
    }

    /// How many tokens, or words, the prompt has, and how many tokens the answer.
    fn lengths(&self, size: u64) -> (u64, u64) {
        match self.asks {
            Asks::Prefill | Asks::Prompt { .. } | Asks::Http(_) => (size, 1),
            Asks::Decode { new_tokens } => (size, new_tokens),
            Asks::Generate { prompt_tokens } => (prompt_tokens, size),
        }
    }

    /// Starts the server, unless it runs.
    ///
    /// # Errors
    /// Those of [`Engine::start`].
    pub(super) fn start(&self) -> Result<()> {
        self.engine.start()
    }

    /// A request at `size` with a new prompt.
    ///
    /// # Errors
    /// An image that no JPEG can be.
    pub(super) fn request(&self, size: u64) -> Result<Request> {
        let (prompt_length, new_tokens) = self.lengths(size);
        let Engine { settings, ids, .. } = &*self.engine;
        self.engine.with_random(|random| {
            if let Asks::Http(request) = &self.asks {
                let input = request.inputs.inputs.iter().find(|input| input.size == size).copied();
                return Ok(http::request(request, input.unwrap_or(Input { size, resolution: None }), ids, random));
            }
            if let Asks::Prompt { resolutions } = &self.asks {
                let jpeg = resolutions.iter().find(|it| it.pixels() == size).map(|it| program::image(*it, random));
                let fail = |cause| Error::new(&self.name, cause, "list smaller resolutions");
                let message = openai::with_image(&jpeg.transpose().map_err(fail)?.unwrap_or_default());
                return Ok(match settings.kind {
                    ServerKind::LlamaCpp => llama_cpp::chat(&message, new_tokens, &settings.body),
                    _ => openai::chat(&message, new_tokens, &settings.body),
                });
            }
            if settings.chat {
                let message = program::words(prompt_length, random).into();
                return Ok(openai::chat(&message, new_tokens, &settings.body));
            }
            let ids = ids.draw(prompt_length, random);
            Ok(match settings.kind {
                ServerKind::LlamaCpp => llama_cpp::request(&ids, new_tokens, &settings.body),
                _ => openai::completion(&ids, new_tokens, &settings.body),
            })
        })
    }

    /// The answer to a request at `size`, which has to have the length that was asked for.
    ///
    /// # Errors
    /// Those of the request; or it has not.
    pub(super) fn ask(&self, size: u64, request: &Request) -> Result<Answer> {
        let http = if let Asks::Http(settings) = &self.asks { Some(&**settings) } else { None };
        let answer = self.engine.ask(request, http)?;
        match self.complaint(size, &answer) {
            None => Ok(answer),
            Some((cause, remedy)) => Err(Error::new(self.engine.place(request), cause, remedy)),
        }
    }

    /// Cause and remedy, if an answer has read or made another number of tokens than it was asked to.
    fn complaint(&self, size: u64, answer: &Answer) -> Option<(String, &'static str)> {
        if matches!(self.asks, Asks::Http(_)) {
            return None;
        }
        let (prompt_tokens, new_tokens) = self.lengths(size);
        let has_ids = !self.settings().chat && !matches!(self.asks, Asks::Prompt { .. });
        if let Some(read) = answer.prompt_tokens.filter(|read| *read != prompt_tokens && has_ids) {
            let remedy =
                "name the model's `tokenizer`, or give `token_ids` a range of its vocabulary without special ones";
            return Some((format!("it read {read} tokens for a prompt of {prompt_tokens}"), remedy));
        }
        match answer.new_tokens {
            Some(made) if made != new_tokens => {
                let remedy =
                    "keep it from ending early: servers of llama.cpp and vLLM take `body = { ignore_eos = true }`";
                Some((format!("it made {made} of {new_tokens} tokens"), remedy))
            }
            None if new_tokens > 1 => {
                let remedy =
                    "ask a server whose last event has `usage` when `stream_options.include_usage` asks for it";
                Some(("it does not say how many tokens it made".to_owned(), remedy))
            }
            _ => None,
        }
    }

    /// The seconds of an answer that are the workload's cost.
    fn cost_s(&self, answer: &Answer) -> Option<f64> {
        match self.asks {
            Asks::Decode { .. } => answer.further_s,
            Asks::Generate { .. } => Some(answer.wall_s),
            // What a server does to an image before the first token need not be in its own times.
            Asks::Prompt { .. } if self.settings().kind == ServerKind::LlamaCpp => Some(answer.wall_s),
            Asks::Prefill | Asks::Prompt { .. } | Asks::Http(_) => Some(answer.first_s),
        }
    }
}

/// A server at one size, which has run since before.
struct Asking {
    workload: ServerWorkload,
    size: u64,
    request: Option<Request>,
    cost_s: Option<f64>,
}

impl Prepared for Asking {
    fn reset(&mut self) {
        // Its error is met again by the run.
        self.request = self.workload.request(self.size).ok();
    }

    fn run(&mut self) -> Result<()> {
        let request = self.request.take().map_or_else(|| self.workload.request(self.size), Ok)?;
        let answer = self.workload.ask(self.size, &request)?;
        self.cost_s = self.workload.cost_s(&answer);
        Ok(())
    }

    fn reported_s(&self) -> Option<f64> {
        self.cost_s
    }
}
