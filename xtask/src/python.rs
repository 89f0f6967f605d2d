//! Python programs, in an environment of their own.

use std::path::{Path, PathBuf};

use scalegate::Result;

use crate::process::{self, command};

/// The interpreter of an environment at `place` that has these requirements (in pip's form); what is not there is installed from PyPI.
///
/// # Errors
/// There is no Python, or a package can't be had.
pub(crate) fn environment(root: &Path, place: &Path, requirements: &str) -> Result<PathBuf> {
    let python = place.join("bin/python3");
    let installed = place.join("installed.txt");
    let is_usable = process::output(&mut command(&python, ["-c", ""])).is_ok_and(|output| output.status.success());
    if !is_usable {
        process::remove(&installed)?;
        let make = || process::run_quietly(command("python3", ["-m", "venv", "--clear"]).arg(place));
        let install = || process::run(command(root.join("ci/install.sh"), ["python3-venv"]).current_dir(root));
        make().or_else(|_| install().and_then(|()| make()))?;
    }
    if std::fs::read_to_string(&installed).ok().as_deref() != Some(requirements) {
        let list = place.join("requirements.txt");
        process::write(&list, requirements)?;
        // By `python -m`, and so for every tool: a program of an environment has the path of the environment in its first line.
        let pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-r"];
        process::run(command(&python, pip).arg(&list))?;
        process::write(&installed, requirements)?;
    }
    Ok(python)
}
