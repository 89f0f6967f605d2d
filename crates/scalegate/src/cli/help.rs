//! What the command says of itself.

use std::path::Path;
use std::process::ExitCode;

use clap::{Command, CommandFactory};

use super::Cli;
use crate::config::Config;
use crate::output::print;
use crate::{Result, paths};

/// The commands by what they are for, in the order in which somebody meets them.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Measure", &["init", "run", "ab", "import", "attach-energy", "doctor"]),
    ("Judge", &["check", "compare", "accept", "why", "predict"]),
    ("Look", &["fit", "report"]),
    ("Share", &["ci", "join", "export", "completions"]),
    ("Make a model smaller", &["compress", "accuracy"]),
];

/// Columns of the narrowest terminal that help is laid out for.
const COLUMNS: usize = 80;
/// Where the words begin that say what a command does.
const INDENT: usize = 17;

/// The whole command line, with its commands in groups.
pub(super) fn command() -> Command {
    let command = Cli::command();
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{}\nOptions:\n{{options}}\n\nExit codes: 0 pass or improved, 1 regressed or \
         mixed, 2 wrong usage or\nunreadable input, 3 inconclusive or not comparable, 130 after Ctrl-C.\n",
        groups(&command)
    );
    command.help_template(template)
}

fn groups(command: &Command) -> String {
    let mut text = String::new();
    for (title, names) in GROUPS {
        text.push_str(&format!("\n{title}:\n"));
        for its in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = its.get_about().map(ToString::to_string).unwrap_or_default();
            let about = wrapped(&about, COLUMNS - INDENT).join(&format!("\n{:INDENT$}", ""));
            text.push_str(&format!("  {:width$}{about}\n", its.get_name(), width = INDENT - 2));
        }
    }
    text
}

/// Lines of whole words.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// What matters first, for who types the name of the command alone.
pub(super) fn first_words() -> Result<ExitCode> {
    let has = |name: &str| paths::of_workspace(name).exists();
    let is_set_up = has(Config::FILE) || has(Config::SUITE) || has("baselines");
    let measure = if Path::new("Cargo.toml").is_file() { "cargo bench    " } else { "scalegate run  " };
    let first = if is_set_up {
        ""
    } else {
        "Nothing is set up in this directory yet: `scalegate init` writes what a first\nverdict needs. Then:\n\n"
    };
    print(&format!(
        "scalegate measures cost as a function of input size, and fails the change that\nbends it.\n\n{first}  {measure}   measure, fit the laws, \
         and say what still matches\n  scalegate check   the verdict, by exit code: 0 pass, 1 regressed, 3 inconclusive\n  scalegate ab      \
         this change against the main branch, measured in turns\n\n`scalegate --help` lists all commands.\n"
    ))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_in_a_group() {
        let listed: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let command = Cli::command();
        let lost: Vec<&str> =
            command.get_subcommands().map(Command::get_name).filter(|name| !listed.contains(name)).collect();
        assert!(lost.is_empty(), "{lost:?}");
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }
}
