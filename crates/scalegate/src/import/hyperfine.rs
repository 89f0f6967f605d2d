//! The JSON of hyperfine's `--parameter-scan` and `--parameter-list`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::collect::{Collector, Imported, Measured, Order, place, read};
use super::name::{known_axis, position, size};
use crate::record::Provenance;
use crate::{Axis, Error, Result};

const REMEDY: &str = "write the file with hyperfine --parameter-scan tokens 16 1024 … --export-json FILE, and say with --axis what the \
                      size counts, or call the parameter tokens, pixels or bytes";

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

/// Reads wall times. The parameter that is called as the axis is, or `tokens`, `pixels` or `bytes`, is the size, or the only number.
/// hyperfine times all runs of a command before it comes to the next one, so that each file is a round. A workload is named by its
/// command with the size left open.
///
/// # Errors
/// No JSON of hyperfine; a result without times, with a command that failed, or without a parameter that is a size.
pub fn hyperfine(paths: &[PathBuf], axis: Option<&Axis>) -> Result<Imported> {
    let mut collector = Collector::default();
    for path in paths {
        let document: Document =
            serde_json::from_str(&read(path)?).map_err(|error| Error::new(place(path), error, REMEDY))?;
        collector.next_file();
        for (i, result) in document.results.iter().enumerate() {
            add(&mut collector, result, axis)
                .map_err(|cause| Error::new(format!("{}: results[{i}]", place(path)), cause, REMEDY))?;
        }
    }
    collector.imported(paths, Provenance::imported(), Order::Consecutive, REMEDY)
}

fn add(collector: &mut Collector, result: &Timed, axis: Option<&Axis>) -> Result<(), String> {
    let (name, value) = parameter(&result.parameters, axis)?;
    let axis = axis.cloned().or(known_axis(name)).ok_or(format!("what the parameter `{name}` counts is unknown"))?;
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
    let mut times = times.iter().map(|time| Measured::wall_time(&workload, &axis, size, *time));
    times.try_for_each(|time| collector.add(time, Order::Consecutive))
}

/// The parameter that is the size.
fn parameter<'a>(parameters: &'a BTreeMap<String, String>, axis: Option<&Axis>) -> Result<(&'a str, &'a str), String> {
    let all: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
    match all[..] {
        [] => Err("it has no parameter, and so no size".to_owned()),
        [one] => Ok(one),
        _ => position(&all, axis).map(|at| all[at]),
    }
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
