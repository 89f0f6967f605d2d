//! Programs linked anew with their functions and data in another order.
//!
//! Where an edit moves what it does not touch can change wall time by more than any tolerance, whichever way functions are aligned
//! (Mytkowicz et al., *Producing wrong data without doing anything obviously wrong!*, ASPLOS 2009). If every process of both sides
//! has an order of its own, drawn at random, layout is noise that rounds average, and the interval knows it (Curtsinger and Berger,
//! *Stabilizer: statistically sound performance evaluation*, ASPLOS 2013, where it is drawn anew while the program runs).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Error, Result, measure};

/// Stands in for the linker: links, and keeps what was linked, in a directory with the name of the executable.
///
/// What rustc compiled for it alone is removed afterwards; archives are replaced by the build of the other side. A link to a file
/// outlives both, as rustc writes new archives beside the old ones and renames them.
const LINKER: &str = r#"#!/bin/sh
cc "$@" || exit
previous= out=
for argument; do
    [ "$previous" = -o ] && out=${argument##*/}
    previous=$argument
done
kept=${0%/*}/$out.linked
rm -rf "$kept" && mkdir "$kept" || exit
number=0 previous=
for argument; do
    case $argument in
    *.o | *.rlib | *.a)
        if [ -f "$argument" ]; then
            number=$((number + 1))
            file=$number.${argument##*.}
            ln "$argument" "$kept/$file" 2>/dev/null || cp "$argument" "$kept/$file" || exit
            argument=$file
        fi
        ;;
    esac
    [ "$argument" = -o ] || [ "$previous" = -o ] || printf '%s\0' "$argument"
    previous=$argument
done >"$kept/arguments"
"#;

/// The linker that keeps what it links.
pub(super) struct Linker {
    directory: PathBuf,
}

/// What an executable is linked from.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    directory: PathBuf,
}

impl Linker {
    /// Writes it into a directory.
    ///
    /// # Errors
    /// It can't be written.
    pub(super) fn new(directory: PathBuf) -> Result<Self> {
        let linker = Self { directory };
        let path = linker.path();
        let write = || {
            std::fs::create_dir_all(&linker.directory)?;
            std::fs::write(&path, LINKER)?;
            make_executable(&path)
        };
        write().map_err(|error: std::io::Error| Error::new(path.display(), error, "make room there"))?;
        Ok(linker)
    }

    /// For `-C linker`; rustc tells by the name how to speak to it.
    pub(super) fn path(&self) -> PathBuf {
        self.directory.join("cc")
    }

    /// What an executable was linked from, kept in `place` too, where the build of another revision leaves it alone.
    ///
    /// # Errors
    /// It was not linked by this, or there is no room.
    pub(super) fn parts(&self, executable: &Path, place: &Path) -> std::io::Result<Parts> {
        let name = executable.file_name().unwrap_or_default().to_string_lossy();
        let kept = self.directory.join(format!("{name}.linked"));
        std::fs::create_dir(place)?;
        for entry in std::fs::read_dir(kept)? {
            let entry = entry?;
            let copy = place.join(entry.file_name());
            std::fs::hard_link(entry.path(), &copy).or_else(|_| std::fs::copy(entry.path(), &copy).map(drop))?;
        }
        Ok(Parts { directory: place.to_path_buf() })
    }
}

impl Parts {
    /// Links them with functions and data in an order that depends on `seed`, which is neither 0 nor all ones.
    ///
    /// # Errors
    /// The linker cannot, which only LLD does, or there is no room.
    pub(super) fn link(&self, seed: u32, to: &Path) -> Result<()> {
        let fail = |cause: String| {
            Error::new(format!("linking {}", to.display()), cause, "make room there, or let rustc use its own linker")
        };
        let arguments = std::fs::read_to_string(self.directory.join("arguments")).map_err(|e| fail(e.to_string()))?;
        let mut cc = Command::new("cc");
        cc.current_dir(&self.directory).args(arguments.split_terminator('\0'));
        // Not those whose order has a meaning, such as `.init_array`.
        cc.args(["text", "rodata", "data", "bss"].map(|section| format!("-Wl,--shuffle-sections=.{section}*={seed}")));
        cc.arg("-Wl,--strip-debug").arg("-o").arg(to).stdin(Stdio::null());
        measure::end_with_this_process(&mut cc);
        let output = cc.output().map_err(|error| fail(error.to_string()))?;
        if measure::interrupted() {
            return Err(measure::interruption());
        }
        if output.status.success() { Ok(()) } else { Err(fail(String::from_utf8_lossy(&output.stderr).into_owned())) }
    }
}

#[cfg(unix)]
fn make_executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}
