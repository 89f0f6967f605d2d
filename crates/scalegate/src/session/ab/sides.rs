//! What two sides have to have in common, and apart.

use crate::config::{Config, PORT, ServerSettings};
use crate::session::job::Described;

/// The configuration without servers of which there cannot be one on each side; a note says why.
pub(super) fn comparable(mut config: Config) -> Config {
    config.servers.retain(|server| match shared(server) {
        None => true,
        Some(reason) => {
            eprintln!("note: [[server]] {} is not compared: {reason}", server.name);
            false
        }
    });
    config
}

/// Why both sides would be the same server, which run at once.
fn shared(server: &ServerSettings) -> Option<String> {
    if server.command.is_empty() {
        return Some("without a `command`, base and head would be the same server".to_owned());
    }
    let url = &server.url;
    (!url.contains(PORT)).then(|| {
        format!("base and head would both listen at {url}; let `command` and `url` have `{PORT}`, for which a free port is put")
    })
}

/// In what a workload of the base is another one than that of the head.
pub(super) fn difference(base: &Described, head: &Described) -> Option<String> {
    let list = |sizes: &[u64]| sizes.iter().map(u64::to_string).collect::<Vec<_>>().join(" ");
    let differ = |what: &str, before: &str, after: &str| {
        Some(format!("{what} differ: {before} in the base, {after} in the head"))
    };
    if base.axis != head.axis {
        return differ("axes", base.axis.name(), head.axis.name());
    }
    if base.sizes != head.sizes {
        return differ("sizes", &list(&base.sizes), &list(&head.sizes));
    }
    let keys = base.protocol.keys().chain(head.protocol.keys());
    let of = |it: &Described, key: &String| it.protocol.get(key).cloned().unwrap_or_else(|| "absent".to_owned());
    let is_other = |key: &&String| base.protocol.get(*key) != head.protocol.get(*key);
    keys.into_iter()
        .find(is_other)
        .and_then(|key| differ(&format!("settings of `{key}`"), &of(base, key), &of(head, key)))
}
