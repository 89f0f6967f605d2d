//! Whether tensors have the data that their dimensions promise, and whether external data lie where they may.

use std::collections::HashMap;
use std::fs;
use std::path::{Component, Path};

use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{GraphProto, TensorProto};

/// Checks the tensors of a graph and of the graphs within its nodes.
pub(super) fn check(graph: &GraphProto, directory: &Path) -> Result<(), String> {
    let mut lengths = HashMap::new();
    let mut open = vec![graph];
    while let Some(graph) = open.pop() {
        let mut tensors: Vec<&TensorProto> = graph.initializer.iter().collect();
        for attribute in graph.node.iter().flat_map(|node| &node.attribute) {
            tensors.extend(attribute.t.iter().chain(&attribute.tensors));
            open.extend(attribute.g.iter().chain(&attribute.graphs));
        }
        for tensor in tensors {
            checked(tensor, directory, &mut lengths).map_err(|cause| format!("the tensor {}: {cause}", tensor.name))?;
        }
    }
    Ok(())
}

fn checked(tensor: &TensorProto, directory: &Path, lengths: &mut HashMap<String, u64>) -> Result<(), String> {
    let elements = tensor.dims.iter().try_fold(1_u64, |product, &dim| product.checked_mul(u64::try_from(dim).ok()?));
    let elements = elements.ok_or_else(|| format!("the dimensions {:?}", tensor.dims))?;
    let held = if tensor.data_location == Some(DataLocation::External as i32) && tensor.raw_data.is_empty() {
        external(tensor, directory, lengths)?
    } else if tensor.raw_data.is_empty() {
        return typed(tensor, elements);
    } else {
        tensor.raw_data.len() as u64
    };
    let Some(bits) = bits(tensor.data_type) else { return Ok(()) };
    let wanted = elements.checked_mul(bits).map(|bits| bits.div_ceil(8));
    if wanted == Some(held) { Ok(()) } else { Err(format!("{held} bytes for the dimensions {:?}", tensor.dims)) }
}

/// Values in fields of their type, of which complex ones are two, and of which 4-bit ones share a field.
fn typed(tensor: &TensorProto, elements: u64) -> Result<(), String> {
    let fields = [
        tensor.float_data.len(),
        tensor.int32_data.len(),
        tensor.int64_data.len(),
        tensor.double_data.len(),
        tensor.uint64_data.len(),
        tensor.string_data.len(),
    ];
    let held = fields.into_iter().max().unwrap_or(0) as u64;
    if elements <= held.saturating_mul(2) {
        Ok(())
    } else {
        Err(format!("{held} values for the dimensions {:?}", tensor.dims))
    }
}

/// Bits of one element, where elements have a fixed size that is known here.
fn bits(data_type: i32) -> Option<u64> {
    Some(match DataType::try_from(data_type).ok()? {
        DataType::Bool | DataType::Int8 | DataType::Uint8 => 8,
        DataType::Int16 | DataType::Uint16 | DataType::Float16 | DataType::Bfloat16 => 16,
        DataType::Int32 | DataType::Uint32 | DataType::Float => 32,
        DataType::Int64 | DataType::Uint64 | DataType::Double | DataType::Complex64 => 64,
        DataType::Complex128 => 128,
        _ => return None,
    })
}

/// The number of bytes of external data, which are there.
fn external(tensor: &TensorProto, directory: &Path, lengths: &mut HashMap<String, u64>) -> Result<u64, String> {
    let entry = |key| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
    let location = entry("location").ok_or("external data without a location")?;
    let number = |key, missing: u64| match entry(key) {
        None => Ok(missing),
        Some(text) => text.parse().map_err(|_| format!("external data with the {key} {text:?}")),
    };
    let length = match lengths.get(location) {
        Some(&length) => length,
        None => {
            let length = file_length(location, directory)?;
            lengths.insert(location.to_owned(), length);
            length
        }
    };
    let offset = number("offset", 0)?;
    let held = number("length", length.saturating_sub(offset))?;
    match offset.checked_add(held) {
        Some(end) if end <= length => Ok(held),
        _ => Err(format!("bytes {offset} to {offset} + {held} of {location}, which has {length}")),
    }
}

/// The length of a file of external data, which must lie below the directory of the model.
fn file_length(location: &str, directory: &Path) -> Result<u64, String> {
    let relative = Path::new(location);
    let plain = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if location.is_empty() || !plain {
        return Err(format!("external data at {location:?}, which is no path within the directory of the model"));
    }
    let missing = |cause: std::io::Error| format!("external data at {location}: {cause}");
    let root = directory.canonicalize().map_err(missing)?;
    let file = root.join(relative).canonicalize().map_err(missing)?;
    if !file.starts_with(&root) {
        return Err(format!(
            "external data at {location}, a link that leads out of the directory of the model (copy the file in its place)"
        ));
    }
    let metadata = fs::metadata(&file).map_err(missing)?;
    if metadata.is_file() { Ok(metadata.len()) } else { Err(format!("external data at {location}, which is no file")) }
}
