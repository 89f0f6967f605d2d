//! Writes one ONNX graph: a thin layer over the protocol buffers that says nothing about models.

use prost::Message;
use tract_onnx::pb::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto, attribute_proto::AttributeType, tensor_proto::DataType, tensor_shape_proto::Dimension,
    tensor_shape_proto::dimension, type_proto,
};

use super::{GENERATOR_VERSION, weights};

/// `RMSNormalization`, `RotaryEmbedding` and `Attention` came with operator set 23.
const OPERATOR_SET: i64 = 23;
/// The file format that came with operator set 23.
const IR_VERSION: i64 = 11;

/// One dimension of an input or output.
#[derive(Clone, Copy)]
pub(super) enum Dim {
    /// Known when the model is written.
    Known(usize),
    /// Known at run time only.
    Symbol(&'static str),
}

/// An attribute's value.
pub(super) enum Value<'a> {
    Int(i64),
    Float(f32),
    Text(&'a str),
}

/// A graph under construction. Values are referred to by name.
pub(super) struct GraphBuilder {
    graph: GraphProto,
    seed: u64,
}

impl GraphBuilder {
    pub(super) fn new(name: &str, seed: u64) -> Self {
        Self { graph: GraphProto { name: name.into(), ..Default::default() }, seed }
    }

    /// Declares an input and returns its name.
    pub(super) fn input(&mut self, name: &str, kind: DataType, dims: &[Dim]) -> String {
        self.graph.input.push(value_info(name, kind, dims));
        name.into()
    }

    /// Declares the value called `name` an output.
    pub(super) fn output(&mut self, name: &str, kind: DataType, dims: &[Dim]) {
        self.graph.output.push(value_info(name, kind, dims));
    }

    /// Adds a node called `name` with one output of the same name, and returns it.
    pub(super) fn node(&mut self, op: &str, name: &str, inputs: &[&str], attributes: &[(&str, Value<'_>)]) -> String {
        self.node_with_outputs(op, inputs, &[name], attributes)
    }

    /// Adds a node that is named after its first output, and returns that.
    pub(super) fn node_with_outputs(
        &mut self,
        op: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[(&str, Value<'_>)],
    ) -> String {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        self.graph.node.push(NodeProto {
            input: names(inputs),
            output: names(outputs),
            name: outputs[0].into(),
            op_type: op.into(),
            attribute: attributes.iter().map(|(name, value)| attribute(name, value)).collect(),
            ..Default::default()
        });
        outputs[0].into()
    }

    /// Adds a node with a list of integers (axes, a shape) as its second input, which ONNX wants as a tensor.
    pub(super) fn node_with_ints(&mut self, op: &str, name: &str, input: &str, ints: &[i64]) -> String {
        let list = self.ints(&format!("{name}.list"), &[ints.len()], ints);
        self.node(op, name, &[input, &list], &[])
    }

    /// Adds an integer constant of the given shape; an empty shape makes a scalar.
    pub(super) fn ints(&mut self, name: &str, dims: &[usize], values: &[i64]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name, DataType::Int64, dims, bytes)
    }

    /// Adds a float constant of the given shape; an empty shape makes a scalar.
    pub(super) fn floats(&mut self, name: &str, dims: &[usize], values: &[f32]) -> String {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name, DataType::Float, dims, bytes)
    }

    /// Adds a seeded weight of the given shape and standard deviation.
    pub(super) fn weight(&mut self, name: &str, dims: &[usize], deviation: f32) -> String {
        let values = weights::uniform(self.seed, name, dims.iter().product(), deviation);
        self.floats(name, dims, &values)
    }

    /// A matrix product with a seeded weight that keeps the size of the activations: `[.., from]` to `[.., to]`.
    pub(super) fn linear(&mut self, name: &str, input: &str, from: usize, to: usize) -> String {
        let weight = self.weight(&format!("{name}.weight"), &[from, to], (from as f32).sqrt().recip());
        self.node("MatMul", &format!("{name}/MatMul"), &[input, &weight], &[])
    }

    /// A matrix product and a seeded bias.
    pub(super) fn affine(&mut self, name: &str, input: &str, from: usize, to: usize) -> String {
        let product = self.linear(name, input, from, to);
        let bias = self.weight(&format!("{name}.bias"), &[to], 0.02);
        self.node("Add", &format!("{name}/Add"), &[&product, &bias], &[])
    }

    fn initializer(&mut self, name: &str, kind: DataType, dims: &[usize], raw_data: Vec<u8>) -> String {
        self.graph.initializer.push(TensorProto {
            dims: dims.iter().map(|&dim| dim as i64).collect(),
            data_type: kind as i32,
            name: name.into(),
            raw_data,
            ..Default::default()
        });
        name.into()
    }

    /// The finished file.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        ModelProto {
            ir_version: IR_VERSION,
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: OPERATOR_SET }],
            // Part of the file, and so of its hash, whatever the package is called.
            producer_name: "scalegate".into(),
            producer_version: GENERATOR_VERSION.to_string(),
            graph: Some(self.graph),
            ..Default::default()
        }
        .encode_to_vec()
    }
}

fn attribute(name: &str, value: &Value<'_>) -> AttributeProto {
    let mut proto = AttributeProto { name: name.into(), ..Default::default() };
    match value {
        Value::Int(int) => {
            proto.i = *int;
            proto.r#type = AttributeType::Int as i32;
        }
        Value::Text(text) => {
            proto.s = text.as_bytes().to_vec();
            proto.r#type = AttributeType::String as i32;
        }
        Value::Float(float) => {
            proto.f = *float;
            proto.r#type = AttributeType::Float as i32;
        }
    }
    proto
}

fn value_info(name: &str, kind: DataType, dims: &[Dim]) -> ValueInfoProto {
    let dim = dims
        .iter()
        .map(|dim| Dimension {
            value: Some(match dim {
                Dim::Known(size) => dimension::Value::DimValue(*size as i64),
                Dim::Symbol(name) => dimension::Value::DimParam((*name).into()),
            }),
            ..Default::default()
        })
        .collect();
    let tensor = type_proto::Tensor { elem_type: kind as i32, shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto {
        name: name.into(),
        r#type: Some(TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() }),
        ..Default::default()
    }
}
