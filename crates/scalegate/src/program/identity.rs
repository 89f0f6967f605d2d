//! Which program it is that a configuration names: by the content of the files that its commands name.
//!
//! What a program loads by itself, as a library or a module, is not seen.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::command::NOT_FOUND;
use crate::config::{ProgramSettings, Template};
use crate::token_ids::{joined, vocabulary};
use crate::{Error, Result, sha256};

/// Of a larger file, as a model, this much of either end and its length stand for it: to read it all would take as long as to run it.
const WHOLE_BYTES: u64 = 64 << 20;
const END_BYTES: u64 = 1 << 20;

/// SHA-256 over the files that the commands of each program name, by the name of the program; relative paths are of `directory`.
///
/// # Errors
/// A program is not there, or not one that this user may run.
pub(crate) fn identities(programs: &[ProgramSettings], directory: &Path) -> Result<BTreeMap<String, String>> {
    programs.iter().map(|program| Ok((program.name.clone(), identity(program, directory)?))).collect()
}

fn identity(program: &ProgramSettings, directory: &Path) -> Result<String> {
    let mut hash = sha256::Pieces::default();
    for (key, words) in
        [("command", Some(&program.command)), ("setup", program.setup.as_ref()), ("startup", program.startup.as_ref())]
    {
        let Some(words) = words else { continue };
        let is_found_later = words.first().is_some_and(|first| first.placeholders().next().is_some());
        let words: Vec<&str> = words.iter().map(Template::as_str).collect();
        let (place, looked_for) = (format!("{}, `{key}`", section(&program.name)), usize::from(!is_found_later));
        push_files(&mut hash, &place, &words, looked_for, directory)?;
    }
    if let Some(path) = &program.tokenizer {
        hash.push(joined(&vocabulary(&section(&program.name), path, directory)?).as_bytes());
    }
    Ok(hash.finish())
}

/// What a message about a program begins with.
pub(super) fn section(name: &str) -> String {
    format!("[[program]] {name}")
}

/// SHA-256 over the files that a command names, whose first word is a program.
///
/// # Errors
/// As [`identities`]; `place` is what a message names.
pub(crate) fn of_command(place: &str, words: &[String], directory: &Path) -> Result<String> {
    let mut hash = sha256::Pieces::default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    push_files(&mut hash, place, &words, 1, directory)?;
    Ok(hash.finish())
}

/// Adds the files that `words` name, of which the first `programs` are programs.
fn push_files(hash: &mut sha256::Pieces, place: &str, words: &[&str], programs: usize, directory: &Path) -> Result<()> {
    let mut files = Vec::new();
    for word in &words[..programs.min(words.len())] {
        files.push(find(word, directory).map_err(|cause| Error::new(place, cause, NOT_FOUND))?);
    }
    let named = |word: &&str| Some(directory.join(word)).filter(|path| path.is_file());
    files.extend(words.iter().skip(1).filter_map(named));
    for file in files {
        let unreadable = |error| Error::new(place, format!("{}: {error}", file.display()), "make the file readable");
        hash.push(&read(&file).map_err(unreadable)?);
    }
    Ok(())
}

/// The executable that the first word of a command names.
fn find(word: &str, directory: &Path) -> Result<PathBuf, String> {
    let is_executable = |path: &PathBuf| {
        std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    };
    if word.contains('/') {
        // Without `./` in the middle.
        let path: PathBuf = directory.join(word).components().collect();
        return match is_executable(&path) {
            true => Ok(path),
            false if path.is_file() => Err(format!("{} is no executable file", path.display())),
            false => Err(format!("there is no {}", path.display())),
        };
    }
    let list = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&list).map(|place| place.join(word)).find(is_executable);
    found.ok_or_else(|| format!("there is no `{word}` on PATH"))
}

/// The content of a file; of a large one its length and both ends.
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut content = format!("{length}\0").into_bytes();
    if length <= WHOLE_BYTES {
        file.read_to_end(&mut content)?;
    } else {
        (&file).take(END_BYTES).read_to_end(&mut content)?;
        file.seek(SeekFrom::End(-(END_BYTES as i64)))?;
        file.take(END_BYTES).read_to_end(&mut content)?;
    }
    Ok(content)
}
