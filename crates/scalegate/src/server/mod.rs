//! Inference servers as workloads: from `[[server]]` to the seconds that answers took.
//!
//! In: checked settings. Out: a target like those of `cargo bench`, whose process is the `scalegate` command itself, and whose inferences are
//! requests. What a request says and what an answer means are pure functions by kind ([`openai`], [`llama_cpp`], [`http`]);
//! [`client`] sends them, [`process`] starts the server and ends it, and [`engine`] has one server for all its workloads.

mod cache;
mod client;
mod engine;
mod http;
mod llama_cpp;
mod openai;
mod process;
mod reply;
mod workload;

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use crate::bench::{Bench, Measured, Package};
use crate::config::{Config, DEFAULT_TOKEN_IDS, ServerSettings};
use crate::session::{Places, TargetKind};
use crate::token_ids::{TokenIds, joined, vocabulary};
use crate::{Error, Result, paths, program, sha256};

use cache::check_cache;
use engine::Engine;
use workload::{ServerWorkload, workloads};

/// Of what is under test: whether a prompt that the server has seen before comes from a cache.
const REPEATED: &str = "repeated_prompts";
const CACHED: &str = "cached";

/// The target of the server with that name in the configuration of the working directory, which is started there or at places of its own.
pub(crate) fn bench(name: &str, places: Option<Places>) -> Bench {
    let directory = std::env::current_dir().unwrap_or_default();
    let package = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let package = Package { name: package, version: String::new(), directory };
    let (of_workloads, of_subject) = (name.to_owned(), name.to_owned());
    let subjects_places = places.clone();
    Bench::new(name, package)
        .kind(TargetKind::Server)
        .workloads(move |config| {
            let measured = |workload: ServerWorkload| Measured {
                instruments: workload.instruments(),
                workload: Box::new(workload),
            };
            Ok(all(config, &of_workloads, places.as_ref())?.into_iter().map(measured).collect())
        })
        .subject(move |config| subject(config, &of_subject, subjects_places.as_ref()))
}

/// SHA-256 over the files that the commands of servers name, by their names; of one that is not started, over its address.
///
/// # Errors
/// A program is not there, or not one that this user may run.
pub(crate) fn identities<'a>(
    servers: impl IntoIterator<Item = &'a ServerSettings>,
    directory: &Path,
) -> Result<BTreeMap<String, String>> {
    let identity = |server: &ServerSettings| {
        let section = process::place(server);
        let mut hash = match server.command.is_empty() {
            true => sha256::of(server.url.as_bytes()),
            false => program::of_command(&format!("{section}, `command`"), &server.command, directory)?,
        };
        if let Some(path) = &server.tokenizer {
            hash = sha256::of(format!("{hash} {}", joined(&vocabulary(&section, path, directory)?)).as_bytes());
        }
        Ok((server.name.clone(), hash))
    };
    servers.into_iter().map(identity).collect()
}

/// Whether a target's subject says that its server caches prompts.
pub(crate) fn caches_prompts(subject: &BTreeMap<String, String>) -> bool {
    subject.iter().any(|(key, value)| key.ends_with(REPEATED) && value == CACHED)
}

/// All workloads of the server with that name, which has not been started.
fn all(config: &Config, name: &str, places: Option<&Places>) -> Result<Vec<ServerWorkload>> {
    let settings = config.servers.iter().find(|server| server.name == name).cloned().ok_or_else(|| {
        Error::new(
            format!("[[server]] {name}"),
            "it is no longer in the configuration",
            "leave the file as it is during a run",
        )
    })?;
    // A name may have characters that lead elsewhere.
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let log = places.map_or_else(paths::target, |places| places.work.clone());
    let log = log.join(format!("{}.log", name.chars().map(plain).collect::<String>()));
    let directory = places.map(|places| places.directory.clone());
    let ids = match &settings.tokenizer {
        Some(path) => TokenIds::Listed(vocabulary(
            &process::place(&settings),
            path,
            directory.as_deref().unwrap_or(Path::new("")),
        )?),
        None => TokenIds::Range(settings.token_ids.unwrap_or(DEFAULT_TOKEN_IDS)),
    };
    Ok(workloads(&Rc::new(Engine::new(settings, ids, directory, log))))
}

/// What is under test beside the files of the command.
///
/// # Errors
/// The server cannot be started or asked.
fn subject(config: &Config, name: &str, places: Option<&Places>) -> Result<BTreeMap<String, String>> {
    let all = all(config, name, places)?;
    let Some(first) = all.first() else { return Ok(BTreeMap::new()) };
    let repeated = if check_cache(first)?.is_cached() { CACHED } else { "read anew" };
    Ok(BTreeMap::from([(format!("server.{name}.{REPEATED}"), repeated.to_owned())]))
}
