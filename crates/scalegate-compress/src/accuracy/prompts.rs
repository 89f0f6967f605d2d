//! Prompts to continue, and the answers that are expected of them.

use std::path::Path;

use serde::Deserialize;

use scalegate::{Error, Result};

/// Endings of files with a JSON object on each line.
const JSON_LINES: [&str; 2] = ["jsonl", "ndjson"];

const REMEDY: &str = "write one prompt on each line; in a file called `….jsonl`, `{\"prompt\": \"…\", \"answer\": \"…\"}`, whose \
     answer may be left out";

/// What models are to continue.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// The text that they continue.
    #[serde(rename = "prompt")]
    pub text: String,
    /// What a good continuation says.
    #[serde(default)]
    pub answer: Option<String>,
}

/// Reads prompts from `path`: JSON objects if its name ends in `.jsonl` or `.ndjson`, else plain lines. Empty lines count for
/// nothing.
///
/// # Errors
/// The file cannot be read, holds no prompt, or a line is no prompt.
pub fn read_prompts(path: &Path) -> Result<Vec<Prompt>> {
    let fail = |cause: String| Error::new(path.display(), cause, REMEDY);
    let text = std::fs::read_to_string(path).map_err(|cause| fail(format!("cannot read the prompts: {cause}")))?;
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let is_json = JSON_LINES.contains(&ending.as_str());
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let prompts: Vec<Prompt> = lines
        .map(|(index, line)| {
            let read = if is_json { json(line) } else { Ok(Prompt { text: line.to_owned(), answer: None }) };
            read.map_err(|cause| Error::new(format!("{}:{}", path.display(), index + 1), cause, REMEDY))
        })
        .collect::<Result<_>>()?;
    if prompts.is_empty() { Err(fail("there is no prompt in it".to_owned())) } else { Ok(prompts) }
}

fn json(line: &str) -> std::result::Result<Prompt, String> {
    let prompt: Prompt = serde_json::from_str(line).map_err(|cause| format!("no prompt: {cause}"))?;
    if prompt.text.trim().is_empty() {
        return Err("an empty prompt".to_owned());
    }
    if prompt.answer.as_ref().is_some_and(|answer| answer.trim().is_empty()) {
        return Err("an empty answer".to_owned());
    }
    Ok(prompt)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<Vec<Prompt>> {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(name);
        std::fs::write(&path, text).unwrap();
        read_prompts(&path)
    }

    #[test]
    fn lines_are_prompts_and_json_lines_may_have_answers() {
        let plain = read("prompts.txt", "{not json} a\n\n  b\r\n").unwrap();
        assert_eq!(plain.iter().map(|prompt| &*prompt.text).collect::<Vec<_>>(), ["{not json} a", "  b"]);
        let lines = "{\"prompt\": \"two\\nlines\", \"answer\": \"yes\"}\n\n{\"prompt\": \"b\", \"answer\": null}\n";
        let json = read("prompts.JSONL", lines).unwrap();
        assert_eq!((&*json[0].text, json[0].answer.as_deref()), ("two\nlines", Some("yes")));
        assert_eq!(json[1], Prompt { text: "b".to_owned(), answer: None });
    }

    #[test]
    fn what_is_no_prompt_is_named_by_its_line() {
        for (name, text, place, words) in [
            ("p.txt", " \n", "p.txt", "no prompt in it"),
            ("p.jsonl", "{\"prompt\": \"a\"}\n\nb\n", "p.jsonl:3", "no prompt: "),
            ("p.jsonl", "{\"prompt\": \"a\", \"answers\": \"b\"}", "p.jsonl:1", "unknown field `answers`"),
            ("p.jsonl", "{\"prompt\": \" \"}", "p.jsonl:1", "an empty prompt"),
            ("p.jsonl", "{\"prompt\": \"a\", \"answer\": \"\"}", "p.jsonl:1", "an empty answer"),
        ] {
            let error = read(name, text).unwrap_err();
            assert!(error.place().ends_with(place) && error.cause().contains(words), "{text}: {error}");
        }
        assert!(read_prompts(Path::new("no such file")).unwrap_err().cause().contains("cannot read the prompts"));
    }
}
