//! Programs as workloads: a command for each size, as the configuration's `[[program]]` sections describe it.
//!
//! In: checked settings, the directory that commands run in, and one for their files. Out: a target like those of `cargo bench`, whose
//! process is the `scalegate` command itself: it runs what [`Workload`](crate::Workload) asks for to the end of the whole process tree. No shell is
//! in between: words are given to programs as they are.

mod case;
mod command;
mod identity;
mod inputs;
mod result;
mod workload;

use std::path::Path;

use crate::bench::{Bench, Measured, Package};
use crate::config::{Config, ProgramSettings};
use crate::session::{Instrument, Places, TargetKind};
use crate::{Error, Result, measure};

pub(crate) use identity::{identities, of_command};
pub(crate) use inputs::{image, words};
use workload::Program;

/// The name of the target that all programs of a configuration are.
pub(crate) const TARGET: &str = "programs";

/// The target of all programs of a configuration.
pub(crate) fn bench(places: Places) -> Bench {
    let directory = places.directory.clone();
    let name = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let package = Package { name, version: String::new(), directory };
    Bench::new(TARGET, package).kind(TargetKind::Programs).workloads(move |config| workloads(config, &places))
}

fn workloads(config: &Config, places: &Places) -> Result<Vec<Measured>> {
    let mut all = Vec::new();
    for (index, settings) in config.programs.iter().enumerate() {
        let place = |cause: String| {
            let remedy = "correct `result`; docs/programs.md has examples";
            Error::new(identity::section(&settings.name), cause, remedy)
        };
        let mut add = |settings: &ProgramSettings, instrument| -> Result<()> {
            let workload = Program::new(index, settings, places).map_err(place)?;
            all.push(Measured { workload: Box::new(workload), instruments: vec![instrument] });
            Ok(())
        };
        add(settings, Instrument::Clock)?;
        // What start-up costs is subtracted from the clock's time alone, and only a time is printed.
        let whole = ProgramSettings { startup: None, result: None, ..settings.clone() };
        add(&whole, Instrument::Sampler)?;
        if settings.counted {
            add(&whole, Instrument::Callgrind)?;
        }
    }
    Ok(all)
}

/// Runs `build` of each program and server that has it, in `directory`.
///
/// # Errors
/// One failed; it has said why.
pub(crate) fn build(config: &Config, directory: &Path) -> Result<()> {
    let of_programs = config.programs.iter().map(|program| ("program", program.build.as_ref()));
    let of_servers = config.servers.iter().map(|server| ("server", server.build.as_ref()));
    let mut done: Vec<&Vec<String>> = Vec::new();
    for (section, words) in of_programs.chain(of_servers) {
        let Some(words) = words else { continue };
        if done.contains(&words) {
            continue;
        }
        let mut build = command::Line::plain(words, directory).command();
        measure::end_with_this_process(&mut build);
        let place = format!("`build` of [[{section}]]: {}", words.join(" "));
        let status = build.stdin(std::process::Stdio::null()).stdout(std::io::stderr()).status();
        let status = status.map_err(|error| Error::new(&place, error, "correct `build`; there is no shell"))?;
        if measure::interrupted() {
            return Err(measure::interruption());
        }
        if !status.success() {
            return Err(Error::new(place, format!("it ended with {status}"), "fix what it said above, and rerun"));
        }
        done.push(words);
    }
    Ok(())
}
