//! The tokens at which a model stops.

use std::path::Path;

use serde_json::Value;

use scalegate::{Error, Result, bounded};

const KEY: &str = "eos_token_id";

/// The tokens that end a text of the model in `dir`: those of `generation_config.json`, or else of `config.json`; none if neither
/// names any.
///
/// # Errors
/// One of the two is not valid JSON, or names something else than tokens.
pub(super) fn stop_tokens(dir: &Path) -> Result<Vec<i64>> {
    for name in ["generation_config.json", "config.json"] {
        let path = dir.join(name);
        let fail = |cause: String| Error::new(path.display(), cause, "restore the file from the model's repository");
        let text = match bounded::text(&path, bounded::MAX_SETTINGS) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => continue,
            read => read.map_err(|cause| fail(cause.to_string()))?,
        };
        let config: Value = serde_json::from_str(&text).map_err(|cause| fail(format!("not valid JSON: {cause}")))?;
        let listed = match config.get(KEY) {
            None | Some(Value::Null) => continue,
            Some(Value::Array(list)) => list.iter().map(Value::as_i64).collect(),
            Some(one) => one.as_i64().map(|token| vec![token]),
        };
        return listed.ok_or_else(|| fail(format!("{KEY} is neither a token nor a list of tokens")));
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_generation_come_first() {
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(place.path().join(name), text).unwrap();
        let stops = || stop_tokens(place.path());
        assert_eq!(stops().unwrap(), Vec::<i64>::new());
        write("config.json", "{\"eos_token_id\": 7}");
        assert_eq!(stops().unwrap(), [7]);
        write("generation_config.json", "{\"eos_token_id\": null}");
        assert_eq!(stops().unwrap(), [7]);
        write("generation_config.json", "{\"eos_token_id\": [1, 2]}");
        assert_eq!(stops().unwrap(), [1, 2]);
        write("generation_config.json", "{\"eos_token_id\": \"</s>\"}");
        assert!(stops().unwrap_err().cause().contains("neither a token"));
        write("generation_config.json", "{");
        assert!(stops().unwrap_err().place().ends_with("generation_config.json"));
    }
}
