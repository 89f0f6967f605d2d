//! `scalegate completions`.

use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

use super::help;
use crate::Result;
use crate::output::print;

/// Print the completions of a shell, for instance `source <(scalegate completions bash)`
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut help::command(), "scalegate", &mut script);
    print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
