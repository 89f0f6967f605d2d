//! A configuration with a program.

use std::path::Path;

use toml::Value;

use crate::{Error, Result};

const TEMPLATE: &str = include_str!("templates/program.toml");

/// What is measured where no command is named: a program that every system has, and whose cost grows with its size.
const STAND_IN: (&str, &[&str]) = ("example/seq", &["seq", "{size}"]);

/// The configuration for `command`, or for a stand-in.
///
/// # Errors
/// The command has a quote without its end, no words, or no `{size}`.
pub(super) fn configuration(directory: &Path, command: Option<&str>) -> Result<String> {
    let (name, words) = match command {
        None => (STAND_IN.0.to_owned(), STAND_IN.1.iter().map(|word| (*word).to_owned()).collect()),
        Some(command) => {
            let fail = |cause: &str| {
                Error::new(
                    "--program",
                    cause,
                    "write it as `python3 count.py {size}`, where {size} stands for each size",
                )
            };
            let words = shlex::split(command).ok_or_else(|| fail("a quote has no end"))?;
            if words.first().is_none_or(String::is_empty) {
                return Err(fail("it names no program"));
            }
            if !words.iter().any(|word| word.contains("{size}")) {
                return Err(fail("it has no {size}, and so would cost the same at each"));
            }
            (format!("program/{}", stem(directory, &words)), words)
        }
    };
    let words = Value::Array(words.into_iter().map(Value::String).collect());
    Ok(TEMPLATE.replace("NAME", &Value::String(name).to_string()).replace("COMMAND", &words.to_string()))
}

/// What a program is called: the script that an interpreter is given, if it is here, or the program itself; without directory and
/// extension.
fn stem(directory: &Path, words: &[String]) -> String {
    let script = words.get(1).filter(|word| directory.join(word).is_file());
    let stem = script.or(words.first()).and_then(|word| Path::new(word).file_stem()?.to_str());
    let plain = |c: char| if c.is_alphanumeric() || "_-.".contains(c) { c } else { '-' };
    stem.map_or_else(|| "command".to_owned(), |stem| stem.chars().map(plain).collect())
}
