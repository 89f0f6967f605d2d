//! The JSON of hyperfine's `--parameter-scan` and `--parameter-list`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::collect::{Collector, Imported, Measured, Order, read, size};
use crate::Axis;
use crate::metric::Metric;
use crate::record::Provenance;
use crate::{Error, Result};

const REMEDY: &str = "write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and call the \
                      parameter tokens or pixels, or say which with --axis";

#[derive(Deserialize)]
struct Document {
    results: Vec<Timed>,
}

#[derive(Deserialize)]
struct Timed {
    command: String,
    times: Option<Vec<f64>>,
    #[serde(default)]
    exit_codes: Vec<Option<i32>>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

/// Reads wall times. The parameter called `tokens` or `pixels` is the size, or the only one there is. hyperfine times all runs of a
/// command before it comes to the next one, so that each file is a round. A workload is named by its command with the size left open.
///
/// # Errors
/// No JSON of hyperfine; a result without times, with a command that failed, or without a parameter that is a size.
pub fn hyperfine(paths: &[PathBuf], axis: Option<Axis>) -> Result<Imported> {
    let mut collector = Collector::default();
    for path in paths {
        let text = read(path, REMEDY)?;
        let document: Document =
            serde_json::from_str(&text).map_err(|error| Error::new(path.display(), error, REMEDY))?;
        collector.next_file();
        for (i, result) in document.results.iter().enumerate() {
            add(&mut collector, result, axis.clone())
                .map_err(|cause| Error::new(format!("{}: results[{i}]", path.display()), cause, REMEDY))?;
        }
    }
    collector.imported(paths, Provenance::imported(), Order::Consecutive, REMEDY)
}

fn add(collector: &mut Collector, result: &Timed, axis: Option<Axis>) -> Result<(), String> {
    let (name, value) = parameter(&result.parameters)?;
    let axis = axis.or(axis_named(name)).ok_or(format!("what the parameter `{name}` counts is unknown"))?;
    let size = size(value).ok_or(format!("the parameter {name} is `{value}`, and not a whole number above zero"))?;
    if let Some(code) = result.exit_codes.iter().find(|code| **code != Some(0)) {
        let code = code.map_or("a signal".to_owned(), |code| format!("exit code {code}"));
        return Err(format!("`{}` ended with {code}", result.command));
    }
    let times = result.times.as_deref().unwrap_or_default();
    if times.is_empty() {
        return Err("it has no `times`".to_owned());
    }
    let workload = left_open(&result.command, name, value);
    for &value in times {
        let metric = Metric::WallTime;
        let measured = Measured {
            workload: &workload,
            axis: axis.clone(),
            metric,
            size,
            value,
            tokens: None,
            protocol: BTreeMap::new(),
        };
        collector.add(measured, Order::Consecutive)?;
    }
    Ok(())
}

/// The parameter that is the size.
fn parameter(parameters: &BTreeMap<String, String>) -> Result<(&str, &str), String> {
    let named = parameters.iter().find(|(name, _)| axis_named(name).is_some());
    match (named, parameters.iter().next()) {
        (Some((name, value)), _) => Ok((name, value)),
        (None, Some((name, value))) if parameters.len() == 1 => Ok((name, value)),
        (None, None) => Err("it has no parameter, and so no size".to_owned()),
        (None, Some(_)) => {
            let names: Vec<&str> = parameters.keys().map(String::as_str).collect();
            Err(format!("it is unknown which of its parameters is the size: {}", names.join(", ")))
        }
    }
}

/// The axis that a tool's own name for a size tells.
pub(super) fn axis_named(name: &str) -> Option<Axis> {
    [Axis::TOKENS, Axis::PIXELS].into_iter().find(|axis| axis.name() == name)
}

/// A command with the value of a parameter replaced by its name, wherever it stands as a number of its own.
fn left_open(command: &str, name: &str, value: &str) -> String {
    let mut open = String::with_capacity(command.len());
    let mut rest = command;
    while let Some(at) = rest.find(value) {
        let (before, after) = (&rest[..at], &rest[at + value.len()..]);
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        open.push_str(before);
        let is_part = is_digit(before.chars().next_back()) || is_digit(after.chars().next());
        if is_part {
            open.push_str(value);
        } else {
            open.push_str(&format!("{{{name}}}"));
        }
        rest = after;
    }
    open + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_left_open_where_it_is_a_number_of_its_own() {
        assert_eq!(left_open("./run -n 16 --seed 160", "tokens", "16"), "./run -n {tokens} --seed 160");
    }
}
