//! What the files of sentence-transformers say about a model: how the vectors of tokens become one, and how long a text may be.

use std::path::Path;

use serde_json::Value;

use crate::{Error, Result, bounded};

/// How the vectors of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    /// Their mean, those of the tokens around the text included.
    Mean,
    /// The first, which is that of the classification token.
    First,
}

/// Modules of sentence-transformers that leave the direction of a pooled vector as it is.
const KNOWN_MODULES: [&str; 3] = ["Transformer", "Pooling", "Normalize"];

const WITH_POOLING: &str = "use a model with mean or cls pooling, or an export whose output is sentence_embedding";

/// The pooling of the model in `dir`: that of `1_Pooling/config.json`, or the mean where there is no such file.
///
/// # Errors
/// The file asks for another pooling than the mean or the first token, or `modules.json` for a layer after it.
pub(super) fn pooling(dir: &Path) -> Result<Pooling> {
    check_modules(&dir.join("modules.json"))?;
    let path = dir.join("1_Pooling/config.json");
    let Some(config) = settings(&path)? else { return Ok(Pooling::Mean) };
    let entries = config.as_object().into_iter().flatten();
    let modes = entries.filter_map(|(key, value)| key.strip_prefix("pooling_mode_").filter(|_| *value == true));
    match modes.collect::<Vec<_>>()[..] {
        ["mean_tokens"] => Ok(Pooling::Mean),
        ["cls_token"] => Ok(Pooling::First),
        [] => Err(Error::new(path.display(), "it names no pooling", WITH_POOLING)),
        ref others => {
            let cause = format!("the pooling {} is not known here", others.join(" with "));
            Err(Error::new(path.display(), cause, WITH_POOLING))
        }
    }
}

/// Refuses a model of which a part is not in the graph.
fn check_modules(path: &Path) -> Result<()> {
    let modules = settings(path)?.unwrap_or_default();
    let kinds = modules.as_array().into_iter().flatten().filter_map(|module| module.get("type")?.as_str());
    let kinds = kinds.map(|kind| kind.rsplit('.').next().unwrap_or(kind));
    match kinds.into_iter().find(|kind| !KNOWN_MODULES.contains(kind)) {
        None => Ok(()),
        Some(kind) => {
            let cause = format!("the module {kind} stands after the graph and is not known here");
            Err(Error::new(path.display(), cause, "use an export whose output is sentence_embedding"))
        }
    }
}

/// Families whose positions begin after the number of the padding token.
const POSITIONS_BEHIND_PADDING: [&str; 4] = ["camembert", "mpnet", "roberta", "xlm-roberta"];

/// The most tokens of a text that the model in `dir` takes, by `sentence_bert_config.json` and `config.json`; absent if neither
/// tells.
///
/// # Errors
/// One of them is not valid JSON.
pub(super) fn longest_text(dir: &Path) -> Result<Option<usize>> {
    let number = |config: &Value, key: &str| config.get(key).and_then(Value::as_u64).map(|number| number as usize);
    let chosen = settings(&dir.join("sentence_bert_config.json"))?.and_then(|it| number(&it, "max_seq_length"));
    let possible = settings(&dir.join("config.json"))?.and_then(|it| {
        let family = it.get("model_type").and_then(Value::as_str).unwrap_or_default();
        let before = if POSITIONS_BEHIND_PADDING.contains(&family) { number(&it, "pad_token_id")? + 1 } else { 0 };
        number(&it, "max_position_embeddings")?.checked_sub(before)
    });
    Ok(chosen.into_iter().chain(possible).min().filter(|&tokens| tokens > 0))
}

/// The names that configurations have for the longest context (Llama and its kin; GPT-2; older ones).
pub const CONTEXT_KEYS: [&str; 3] = ["max_position_embeddings", "n_positions", "n_ctx"];

/// The longest context that the `config.json` of the graph at `path` states, in tokens, with the key that it has there; absent if
/// nothing readable does.
pub(super) fn longest_context(path: &Path) -> Option<(usize, &'static str)> {
    let mut configs = path.ancestors().skip(1).take(2).map(|directory| settings(&directory.join("config.json")));
    let config = configs.find_map(|config| config.ok().flatten())?;
    CONTEXT_KEYS.iter().find_map(|key| Some((config.get(key)?.as_u64()? as usize, *key)))
}

/// A file of JSON, if it is there.
fn settings(path: &Path) -> Result<Option<Value>> {
    let fail = |cause: String| Error::new(path.display(), cause, "restore the file from the model's repository");
    match bounded::text(path, bounded::MAX_SETTINGS) {
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(fail(cause.to_string())),
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|cause| fail(format!("not valid JSON: {cause}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn with(self, name: &str, text: &str) -> Self {
            let path = self.0.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
            self
        }

        fn pooling(&self) -> Result<Pooling> {
            pooling(self.0.path())
        }

        fn longest_text(&self) -> Option<usize> {
            longest_text(self.0.path()).unwrap()
        }
    }

    #[test]
    fn the_mean_is_taken_unless_the_first_is_asked_for() {
        assert_eq!(Place::new().pooling().unwrap(), Pooling::Mean);
        let config = |text: &str| Place::new().with("1_Pooling/config.json", text).pooling();
        let mean =
            r#"{"word_embedding_dimension": 8, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}"#;
        assert_eq!(config(mean).unwrap(), Pooling::Mean);
        assert_eq!(config(r#"{"pooling_mode_cls_token": true}"#).unwrap(), Pooling::First);
        for (text, words) in [
            (r#"{"pooling_mode_lasttoken": true}"#, "the pooling lasttoken is not known"),
            (
                r#"{"pooling_mode_cls_token": true, "pooling_mode_max_tokens": true}"#,
                "the pooling cls_token with max_tokens is not known",
            ),
            ("{}", "names no pooling"),
            ("[", "not valid JSON"),
        ] {
            let error = config(text).unwrap_err();
            assert!(error.place().ends_with("1_Pooling/config.json") && error.cause().contains(words), "{error}");
        }
    }

    #[test]
    fn a_layer_behind_the_graph_is_refused() {
        let modules = |kind: &str| {
            let text = format!(
                r#"[{{"type": "sentence_transformers.models.Transformer"}}, {{"type": "sentence_transformers.models.{kind}"}}]"#
            );
            Place::new().with("modules.json", &text).pooling()
        };
        assert_eq!(modules("Normalize").unwrap(), Pooling::Mean);
        assert!(modules("Dense").unwrap_err().cause().contains("the module Dense stands after the graph"));
    }

    #[test]
    fn a_text_is_as_long_as_the_positions_and_the_settings_allow() {
        assert_eq!(Place::new().longest_text(), None);
        let bert = Place::new().with("config.json", r#"{"model_type": "bert", "max_position_embeddings": 512}"#);
        assert_eq!(bert.longest_text(), Some(512));
        let short = bert.with("sentence_bert_config.json", r#"{"max_seq_length": 128, "do_lower_case": false}"#);
        assert_eq!(short.longest_text(), Some(128));
        let roberta = r#"{"model_type": "roberta", "max_position_embeddings": 514, "pad_token_id": 1}"#;
        assert_eq!(Place::new().with("config.json", roberta).longest_text(), Some(512));
    }
}
