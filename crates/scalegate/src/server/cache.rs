//! Whether a server answers a prompt that it has seen before out of a cache.
//!
//! No prompt that is measured is sent twice, so that costs are those without a hit. A server that has a cache is named nevertheless: its
//! users meet other costs where prompts begin alike.

use super::workload::ServerWorkload;
use crate::{Result, Workload};

/// A prompt that comes from a cache is read in a small part of the time. From this share of it on, noise explains it.
const CACHED_SHARE: f64 = 0.5;

/// How often a prompt is sent twice. The fastest of each are compared: others make a server slower, and never faster.
const PAIRS: usize = 3;

/// What a server did with a prompt that it had seen before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Repeated {
    /// It says that so many of the prompt's tokens came from its cache.
    Counted { cached: u64, of: u64 },
    /// It does not say so; the first token took so many seconds, and with a new prompt so many.
    Timed { again_s: f64, new_s: f64 },
}

impl Repeated {
    /// Whether the server caches prompts. What all prompts have in common, as the beginning of a chat, is no sign of it.
    pub(crate) fn is_cached(self) -> bool {
        match self {
            Self::Counted { cached, of } => 2 * cached > of,
            Self::Timed { again_s, new_s } => again_s < CACHED_SHARE * new_s,
        }
    }
}

/// Sends prompts of the largest size of a workload twice.
///
/// # Errors
/// Those of starting the server and of asking it.
pub(crate) fn check_cache(workload: &ServerWorkload) -> Result<Repeated> {
    workload.start()?;
    let size = workload.sizes().last().copied().unwrap_or_default();
    let asked = || {
        let _ready = workload.prepare(size)?;
        let (mut again_s, mut new_s) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..PAIRS {
            let request = workload.request(size)?;
            let new = workload.ask(size, &request)?;
            let again = workload.ask(size, &request)?;
            if let (Some(cached), Some(of)) = (again.cached_tokens, again.prompt_tokens) {
                return Ok(Repeated::Counted { cached, of });
            }
            (again_s, new_s) = (again.first_s.min(again_s), new.first_s.min(new_s));
        }
        Ok(Repeated::Timed { again_s, new_s })
    };
    asked().map_err(|error: crate::Error| error.context(format!("{} at size {size}", workload.name())))
}
