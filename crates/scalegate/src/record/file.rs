//! Reading and writing the versioned JSON documents.

use std::io::Write;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::temporary::Unnamed;
use crate::{Error, Result, bounded};

/// A versioned JSON document.
pub trait Document: Serialize + DeserializeOwned {
    /// The version that this build writes.
    const SCHEMA: u32;
    /// The oldest version that it reads.
    const OLDEST: u32;
    /// What it is called in messages.
    const NOUN: &'static str;

    /// What the types cannot say about the content.
    ///
    /// # Errors
    /// The first thing that is wrong, as a sentence.
    fn check(&self) -> std::result::Result<(), String>;
}

#[derive(Deserialize)]
struct Version {
    schema: u32,
}

/// Reads and checks a document.
///
/// # Errors
/// A file that cannot be read, or is no sound document of a version that is known.
pub fn read_json<D: Document>(path: &Path) -> Result<D> {
    let again = format!("measure again with `cargo bench`, or name another {}", D::NOUN);
    let fail = |cause: String| Error::new(path.display(), cause, &again);
    let text = if path == Path::new("-") {
        bounded::text_of_reader(std::io::stdin().lock(), bounded::MAX_RECORD)
    } else {
        bounded::text_of_pipe(path, bounded::MAX_RECORD)
    };
    let text = text.map_err(|error| fail(error.to_string()))?;
    if let Some((cause, remedy)) = of_another_kind(&text) {
        return Err(Error::new(path.display(), format!("not a {}: {cause}", D::NOUN), remedy));
    }
    // The version comes first: a document of another version fails on its fields, and that message would mislead.
    let version: Version =
        serde_json::from_str(&text).map_err(|error| fail(format!("not a whole {}: {error}", D::NOUN)))?;
    if !(D::OLDEST..=D::SCHEMA).contains(&version.schema) {
        return Err(Error::new(
            path.display(),
            format!(
                "{} of schema {}, but this scalegate reads schema {} to {}",
                D::NOUN,
                version.schema,
                D::OLDEST,
                D::SCHEMA
            ),
            "use the scalegate that wrote it, or measure again",
        ));
    }
    let document: D = serde_json::from_str(&text).map_err(|error| fail(format!("not a valid {}: {error}", D::NOUN)))?;
    document.check().map_err(fail)?;
    Ok(document)
}

/// What a file is that begins as no JSON does, and what to do with it.
fn of_another_kind(text: &str) -> Option<(&'static str, &'static str)> {
    let first = text.trim_start_matches('\u{feff}').trim_start().lines().next()?;
    let separated = |separator: char| first.split(separator).count() > 2 && !first.starts_with(['{', '[']);
    if first.starts_with('<') {
        Some(("it is a page of HTML or XML", "name the JSON that was measured, as target/scalegate/run.json"))
    } else if separated(',') {
        Some(("it is CSV", "make a record of it with `scalegate import csv FILE --out RUN`"))
    } else if separated(';') {
        Some((
            "it is CSV with `;`",
            "write it with `,`, and make a record of it with `scalegate import csv FILE --out RUN`",
        ))
    } else {
        None
    }
}

/// Writes a document through a temporary file and a rename, so that an earlier one is replaced whole or not at all.
///
/// # Errors
/// A document that is not sound, or a place that cannot be written to.
pub fn write_json<D: Document>(path: &Path, document: &D) -> Result<()> {
    let fail = |cause: String| unwritable(path, &cause);
    document.check().map_err(fail)?;
    let mut text = serde_json::to_vec(document).map_err(|error| fail(error.to_string()))?;
    text.push(b'\n');
    let mut written = temporary(path)?;
    written.file.write_all(&text).and_then(|()| written.rename(path)).map_err(|error| fail(error.to_string()))
}

/// Fails where [`write_json`] would for want of a place, so that nobody measures for minutes only to hear of it then.
///
/// # Errors
/// A place that cannot be written to.
pub fn check_place(path: &Path) -> Result<()> {
    temporary(path).map(drop)
}

/// A file beside `path`, which goes away unless it is given that name.
fn temporary(path: &Path) -> Result<Unnamed> {
    // A rename would put the document in the place of a directory, or of `/dev/null`.
    if path.exists() && !path.is_file() {
        return Err(Error::new(path.display(), "it is no regular file", "name a file; nothing was changed"));
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)
        .and_then(|()| Unnamed::within(directory))
        .map_err(|error| unwritable(path, &error.to_string()))
}

fn unwritable(path: &Path, cause: &str) -> Error {
    Error::new(path.display(), cause, "check that the directory exists, is writable and has room; nothing was changed")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Axis;
    use crate::metric::Metric;
    use crate::mutate::damaged;
    use crate::record::{Provenance, Run, Sample, Series};

    #[test]
    fn damaged_records_are_errors_or_sound_but_no_panic() {
        let mut run = Run::new(Provenance::imported());
        let samples = [16, 64, 256].map(|size| Sample { size, round: 0, values: vec![0.25 * size as f64, 1e-9] });
        run.series.push(Series {
            measured: Some("2026-01-01T00:00:00Z".to_owned()),
            protocol: BTreeMap::from([("prompt_seed".to_owned(), "1".to_owned())]),
            looks: vec![1, 2],
            samples: samples.into(),
            ..Series::new("llm/prefill", Axis::TOKENS, Metric::WallTime)
        });
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("run.json");
        write_json(&path, &run).unwrap();
        let sound = std::fs::read(&path).unwrap();
        assert_eq!(read_json::<Run>(&path).unwrap(), run);
        let mut refused = 0;
        for bytes in damaged(&sound, 4, 5000) {
            std::fs::write(&path, bytes).unwrap();
            if let Err(error) = read_json::<Run>(&path) {
                assert!(error.place().ends_with("run.json") && !error.remedy().is_empty(), "{error}");
                refused += 1;
            }
        }
        assert!(refused > 2500, "{refused} refused");
    }
}
