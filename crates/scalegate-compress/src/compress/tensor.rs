//! Weights between the file and the linear algebra.

use crate::lowrank::{Mat, MatRef};
use tract_onnx::pb::TensorProto;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::prelude::f16;

/// How the entries of a weight are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stored {
    F32,
    F16,
}

impl Stored {
    /// The kind of a tensor, if it is one that can be compressed.
    pub(super) fn of(tensor: &TensorProto) -> Option<Self> {
        match DataType::try_from(tensor.data_type) {
            Ok(DataType::Float) => Some(Self::F32),
            Ok(DataType::Float16) => Some(Self::F16),
            _ => None,
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::F32 => DataType::Float,
            Self::F16 => DataType::Float16,
        }
    }
}

/// The entries of a tensor of two dimensions, `[m, n]`, or `[n, m]` if it is stored `transposed`.
pub(super) fn matrix(tensor: &TensorProto, transposed: bool) -> Result<Mat<f64>, String> {
    let (Some(stored), &[rows, columns]) = (Stored::of(tensor), &tensor.dims[..]) else {
        return Err("it is no matrix of floats".to_owned());
    };
    let (rows, columns) = (rows as usize, columns as usize);
    let values = values(tensor, stored);
    if values.len() != rows * columns {
        return Err(format!("{} values for {rows}×{columns}", values.len()));
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Err("not all of its entries are finite".to_owned());
    }
    Ok(if transposed {
        Mat::from_fn(columns, rows, |i, j| values[j * columns + i])
    } else {
        Mat::from_fn(rows, columns, |i, j| values[i * columns + j])
    })
}

fn values(tensor: &TensorProto, stored: Stored) -> Vec<f64> {
    let raw = &tensor.raw_data;
    match stored {
        Stored::F32 if raw.is_empty() => tensor.float_data.iter().map(|&value| f64::from(value)).collect(),
        Stored::F32 => raw.as_chunks().0.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes))).collect(),
        // The bits of each value are the low half of a field (`onnx.proto`, `int32_data`).
        Stored::F16 if raw.is_empty() => {
            tensor.int32_data.iter().map(|&bits| f16::from_bits(bits as u16).to_f64()).collect()
        }
        Stored::F16 => raw.as_chunks().0.iter().map(|&bytes| f16::from_le_bytes(bytes).to_f64()).collect(),
    }
}

/// A tensor of the entries, row by row.
pub(super) fn tensor(name: &str, stored: Stored, matrix: MatRef<'_, f64>) -> TensorProto {
    let entries = (0..matrix.nrows()).flat_map(|i| (0..matrix.ncols()).map(move |j| matrix[(i, j)]));
    let raw_data = match stored {
        Stored::F32 => entries.flat_map(|value| (value as f32).to_le_bytes()).collect(),
        Stored::F16 => entries.flat_map(|value| f16::from_f64(value).to_le_bytes()).collect(),
    };
    TensorProto {
        name: name.to_owned(),
        dims: vec![matrix.nrows() as i64, matrix.ncols() as i64],
        data_type: stored.data_type() as i32,
        raw_data,
        ..Default::default()
    }
}

/// A list of integers, as `Reshape` takes its shape.
pub(super) fn integers(name: &str, values: &[i64]) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: vec![values.len() as i64],
        data_type: DataType::Int64 as i32,
        raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_comes_back_as_it_was_stored() {
        let original = Mat::from_fn(3, 2, |i, j| i as f64 - 0.25 * j as f64);
        for stored in [Stored::F32, Stored::F16] {
            let proto = tensor("w", stored, original.as_ref());
            assert_eq!(matrix(&proto, false).unwrap(), original);
            assert_eq!(matrix(&proto, true).unwrap(), original.transpose().to_owned());
        }
    }

    #[test]
    fn values_in_typed_fields_are_read_too() {
        let dims = vec![1, 2];
        let floats =
            TensorProto { dims: dims.clone(), data_type: 1, float_data: vec![1.5, -2.0], ..Default::default() };
        let halves = TensorProto { dims, data_type: 10, int32_data: vec![0x3e00, 0xc000], ..Default::default() };
        for proto in [floats, halves] {
            assert_eq!(matrix(&proto, false).unwrap(), Mat::from_fn(1, 2, |_, j| [1.5, -2.0][j]));
        }
    }

    #[test]
    fn entries_that_are_not_finite_are_refused() {
        let proto = TensorProto { dims: vec![1, 1], data_type: 1, float_data: vec![f32::NAN], ..Default::default() };
        assert!(matrix(&proto, false).unwrap_err().contains("finite"));
    }
}
