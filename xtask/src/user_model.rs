//! A vision model of a user, made of a graph of `xtask/replays/`, in which every patch costs the same, and a configuration of its preprocessor.

use std::path::Path;

use scalegate::{Error, Result};

use crate::process;
use crate::sources::Sources;

/// A small picture, which is scaled to every size in fewer instructions than the embedded one is drawn.
pub(crate) const PHOTO: &str = "tests/fixtures/processors/tiny.png";

/// Keys of a `preprocessor_config.json` with their values, as JSON has them.
pub(crate) type Settings = [(&'static str, &'static str)];

/// The settings as a file, in their order.
pub(crate) fn json<'a>(settings: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let lines: Vec<String> = settings.into_iter().map(|(key, value)| format!("  {key:?}: {value}")).collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// Writes a model with this configuration and a graph, `images.onnx` or `patches.onnx`.
pub(crate) fn write(sources: &Sources, directory: &Path, graph: &str, configuration: &str) -> Result<()> {
    process::write(&directory.join("preprocessor_config.json"), configuration)?;
    let graph = sources.root().join("xtask/replays").join(graph);
    std::fs::copy(&graph, directory.join("model.onnx"))
        .map(drop)
        .map_err(|error| Error::new(graph.display(), error, "restore it from version control"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_their_order_and_values_are_those_of_json() {
        let text = json([("size", r#"{"longest_edge": 7}"#), ("a", "[0.5, 1]")]);
        assert_eq!(text, "{\n  \"size\": {\"longest_edge\": 7},\n  \"a\": [0.5, 1]\n}\n");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap()["size"]["longest_edge"], 7);
    }
}
