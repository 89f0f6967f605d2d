//! The `scalegate` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    scalegate::cli::main()
}
