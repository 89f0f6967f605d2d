//! ONNX files are untrusted input: what is read of them is checked before memory is asked for, and before tract sees it.
//!
//! In: a path. Out: a decoded model of which is known that
//! - it has at most [`MAX_PARTS`] parts, counted on the encoded bytes (an empty part is 2 bytes in a file and hundreds
//!   in memory),
//! - the data of every tensor are as many as its dimensions say,
//! - external data lie in regular files below the directory of the model, without `..`, absolute paths or links that lead out
//!   of it, and within the length of these files,
//! - its nodes can be put in an order, and its outputs are made by something,
//! - the dimensions of its inputs are computed by few operators, and its loops have the inputs that they scan, since tract's
//!   parser takes both on trust.
//!
//! Not promised: that a sound graph is cheap to run. A few nodes can ask for any amount of memory (`ConstantOfShape`);
//! the process's own limits (`ulimit -v`, a container) are for that.

mod data;
mod dims;
mod order;
mod outline;
mod parts;
mod scan;

use std::ffi::OsStr;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use prost::Message;
use tract_onnx::pb::{ModelProto, TensorProto};

use super::plan::REMEDY;
use crate::{Error, Result, bounded};

/// The longest message that ONNX's encoding allows; larger models keep their weights in external data.
const MAX_BYTES: u64 = 2 << 30;
/// Nodes, tensors, attributes, inputs and so on, in one file. A decoder of 80 layers has some 20,000 nodes and nine times as many
/// parts.
pub(super) const MAX_PARTS: usize = 1_000_000;
/// Nodes alone, for each of which tract keeps a thousand bytes and more.
pub(super) const MAX_NODES: usize = 200_000;

/// Reads and checks the model at `path`.
///
/// # Errors
/// The file is missing, longer than 2 GiB, no whole ONNX model, or breaks one of the promises above.
pub fn model(path: &Path) -> Result<ModelProto> {
    decode(&bytes(path)?, directory(path)).map_err(|cause| Error::new(path.display(), cause, REMEDY))
}

/// The same model without the data of its large tensors, which are external data in the file itself, below the directory that is
/// given too; so that they need not be in memory more than once.
///
/// # Errors
/// Those of [`model`].
pub(super) fn outline(path: &Path) -> Result<(ModelProto, PathBuf)> {
    // External data have to lie below the directory, so that it has to be that of the file and not of a link to it.
    let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if let (Some(directory), Some(file)) = (real.parent(), real.file_name().and_then(OsStr::to_str)) {
        let file_length = length(path)?;
        let open = bounded::open(path).map_err(|cause| unreadable(path, &cause))?;
        let short = outline::of(&mut BufReader::new(open), file_length, file);
        let is_elsewhere =
            |tensor: &TensorProto| tensor.external_data.iter().any(|it| it.key == "location" && it.value != file);
        if let Some((short, true)) = short
            && let Ok(model) = decode(&short, directory)
            && !model.graph.iter().flat_map(|graph| &graph.initializer).any(is_elsewhere)
        {
            return Ok((model, directory.to_path_buf()));
        }
    }
    // What is wrong with it is said of the whole.
    Ok((model(path)?, directory(path).to_path_buf()))
}

/// Where the external data of the model at `path` lie.
fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    length(path)?;
    bounded::bytes(path, MAX_BYTES).map_err(|cause| unreadable(path, &cause))
}

/// The length of the file, which may not be larger than an ONNX file can be.
fn length(path: &Path) -> Result<u64> {
    let length = std::fs::metadata(path).map_err(|cause| unreadable(path, &cause))?.len();
    if length <= MAX_BYTES {
        return Ok(length);
    }
    let cause = format!("{length} bytes; an ONNX file has 2 GiB at most, and keeps the rest in external data");
    Err(Error::new(path.display(), cause, REMEDY))
}

fn unreadable(path: &Path, cause: &std::io::Error) -> Error {
    Error::new(path.display(), format!("cannot read the model: {cause}"), REMEDY)
}

/// Decodes and checks the bytes of a model whose external data lie below `directory`.
pub(super) fn decode(bytes: &[u8], directory: &Path) -> std::result::Result<ModelProto, String> {
    if bytes.is_empty() {
        return Err("the file is empty".into());
    }
    parts::check(bytes)?;
    let proto = ModelProto::decode(bytes).map_err(|cause| format!("not an ONNX model, or cut short: {cause}"))?;
    let graph = proto.graph.as_ref().ok_or("not an ONNX model: it holds no graph")?;
    order::check(graph)?;
    dims::check(graph)?;
    scan::check(graph)?;
    data::check(graph, directory)?;
    Ok(proto)
}

#[cfg(test)]
mod tests;
