//! The directory of a model: its settings, its weights outside of the graph, and a copy that appears whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use prost::Message;
use serde_json::Value;
use tract_onnx::pb::tensor_proto::DataLocation;
use tract_onnx::pb::{GraphProto, ModelProto, StringStringEntryProto, TensorProto};

use scalegate::{Error, Result};
use scalegate_suite::inference::CONTEXT_KEYS;

/// Of a manifest of the original's hashes, which no copy may carry.
const MANIFEST: &str = "SHA256SUMS";

/// Tensors shorter than this stay in the graph, where ONNX Runtime wants the shapes of `Reshape` to be.
const EXTERNAL_FROM_BYTES: usize = 1024;

/// The longest context that `config.json` in `dir` states, in tokens.
///
/// # Errors
/// The file is missing, or states none.
pub fn context(dir: &Path) -> Result<usize> {
    let path = dir.join("config.json");
    let fail = |cause: String| {
        let remedy = format!("name the directory of an export with a config.json that states {}", CONTEXT_KEYS[0]);
        Error::new(path.display(), cause, remedy)
    };
    let text = fs::read_to_string(&path).map_err(|cause| fail(cause.to_string()))?;
    let config: Value = serde_json::from_str(&text).map_err(|cause| fail(format!("not valid JSON: {cause}")))?;
    let stated = CONTEXT_KEYS.iter().find_map(|key| config.get(key)?.as_u64()).filter(|&tokens| tokens > 1);
    stated.map(|tokens| tokens as usize).ok_or_else(|| fail("it states no context length of two tokens or more".into()))
}

/// Lets `write` fill a directory that then appears at `out`; nothing is left behind if it fails.
///
/// # Errors
/// `out` exists and is not an empty directory, cannot be written, or what `write` fails with.
pub(super) fn staged<T>(out: &Path, write: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
    let fail = |cause: io::Error| {
        Error::new(out.display(), cause, "check that the place is writable and has room; nothing was written")
    };
    check_free(out)?;
    let parent = out.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(fail)?;
    let temporary = tempfile::Builder::new().prefix(".compressed-").tempdir_in(parent).map_err(fail)?;
    share(temporary.path()).map_err(fail)?;
    let result = write(temporary.path())?;
    fs::rename(temporary.path(), out).map_err(fail)?;
    // It has moved away; there is nothing left to delete.
    let _ = temporary.keep();
    Ok(result)
}

/// `tempfile` makes directories that only their owner can read; a model is meant to be shared.
fn share(directory: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o755))?;
    }
    let _ = directory;
    Ok(())
}

/// Refuses a place where something is already.
pub(super) fn check_free(out: &Path) -> Result<()> {
    let occupied = match fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_some(),
        Err(cause) => cause.kind() != io::ErrorKind::NotFound,
    };
    if occupied {
        let remedy = "name a directory that doesn't exist yet, or empty it; nothing was changed";
        return Err(Error::new(out.display(), "it exists and is not an empty directory", remedy));
    }
    Ok(())
}

/// Reads the weights that a graph keeps in other files into the graph, and tells these files.
pub(super) fn inline(graph: &mut GraphProto, directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for tensor in &mut graph.initializer {
        if tensor.data_location != Some(DataLocation::External as i32) {
            continue;
        }
        let entry = |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| &*entry.value);
        let number = |key: &str| entry(key).and_then(|value| value.parse().ok());
        let path = directory.join(entry("location").unwrap_or_default());
        let bytes = read_part(&path, number("offset").unwrap_or(0), number("length"))
            .map_err(|cause| Error::new(path.display(), cause, "export the model again"))?;
        tensor.raw_data = bytes;
        tensor.external_data.clear();
        tensor.data_location = None;
        if !files.contains(&path) {
            files.push(path);
        }
    }
    Ok(files)
}

fn read_part(path: &Path, offset: u64, length: Option<u64>) -> io::Result<Vec<u8>> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = fs::File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length.unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes the model to `path`; with `external`, its larger weights to a file of data beside it.
pub(super) fn save(mut model: ModelProto, path: &Path, external: bool) -> Result<()> {
    let mut write = || {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        if external {
            let mut data = path.as_os_str().to_owned();
            data.push("_data");
            move_out(model.graph.iter_mut().flat_map(|graph| &mut graph.initializer), Path::new(&data))?;
        }
        fs::write(path, model.encode_to_vec())
    };
    unwritten(path, write())
}

/// Moves the data of large tensors to the file `path`.
fn move_out<'a>(tensors: impl Iterator<Item = &'a mut TensorProto>, path: &Path) -> io::Result<()> {
    use std::io::Write;
    let mut file = io::BufWriter::new(fs::File::create(path)?);
    let location = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut offset = 0;
    for tensor in tensors.filter(|tensor| tensor.raw_data.len() >= EXTERNAL_FROM_BYTES) {
        let bytes = std::mem::take(&mut tensor.raw_data);
        file.write_all(&bytes)?;
        let entry = |key: &str, value: String| StringStringEntryProto { key: key.to_owned(), value };
        tensor.external_data = vec![
            entry("location", location.clone()),
            entry("offset", offset.to_string()),
            entry("length", bytes.len().to_string()),
        ];
        tensor.data_location = Some(DataLocation::External as i32);
        offset += bytes.len();
    }
    file.flush()
}

/// Copies all files below `from` to `to`, but those that are `left_out`.
pub(super) fn copy_others(from: &Path, to: &Path, left_out: &[PathBuf]) -> Result<()> {
    let mut open = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = open.pop() {
        let copy = || -> io::Result<Vec<(PathBuf, PathBuf)>> {
            fs::create_dir_all(&to)?;
            let mut inner = Vec::new();
            for entry in fs::read_dir(&from)? {
                let entry = entry?;
                let (source, target) = (entry.path(), to.join(entry.file_name()));
                // A link to a directory may lead in a circle; one to a file is how caches of models keep their files.
                if entry.file_type()?.is_dir() {
                    inner.push((source, target));
                } else if source.is_file() && entry.file_name() != MANIFEST && !left_out.contains(&source) {
                    fs::copy(&source, &target)?;
                }
            }
            Ok(inner)
        };
        open.extend(unwritten(&from, copy())?);
    }
    Ok(())
}

fn unwritten<T>(path: &Path, result: io::Result<T>) -> Result<T> {
    result.map_err(|cause| {
        Error::new(
            path.display(),
            format!("cannot write the compressed model: {cause}"),
            "free space, or name another place; nothing was written",
        )
    })
}
