//! Reads an ONNX file and checks that it is a model of the kind that is wanted, before tract sees its graph.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tract_onnx::pb::{GraphProto, ValueInfoProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::*;

use super::plan::guarded;
use super::{cumulative, untrusted};
use crate::{Error, Result};

/// The graph `name` of the model at `path`: in `onnx/`, as the Hugging Face hub has it, or beside the configuration, as
/// Optimum writes it. A path to a file is that graph, for directories with several exports of one model.
pub(super) fn locate(path: &Path, name: &str) -> PathBuf {
    if path.is_file() {
        return path.into();
    }
    let [hub, optimum] = [path.join("onnx").join(name), path.join(name)];
    if optimum.is_file() && !hub.exists() { optimum } else { hub }
}

/// A parsed ONNX file: its shapes still hold symbols, and nothing is typed yet.
#[derive(Clone)]
pub(super) struct OnnxFile {
    path: PathBuf,
    model: InferenceModel,
    inputs: Vec<String>,
    outputs: Vec<String>,
    /// The kinds of its nodes.
    operators: BTreeSet<String>,
    /// The rows of the constant table that a value picks from, by the name of the value.
    tables: BTreeMap<String, usize>,
}

impl OnnxFile {
    /// Reads and parses `path`.
    pub(super) fn read(path: &Path) -> Result<Self> {
        Self::read_with(path, &[])
    }

    /// Reads and parses `path`, and makes outputs of the values inside of the graph that have these names.
    pub(super) fn read_with(path: &Path, values: &[String]) -> Result<Self> {
        Self::read_changed(path, |graph| {
            let value = |name: &String| ValueInfoProto { name: name.clone(), ..Default::default() };
            graph.output.extend(values.iter().map(value));
        })
    }

    /// Reads and parses `path` with a change of its graph.
    pub(super) fn read_changed(path: &Path, change: impl FnOnce(&mut GraphProto)) -> Result<Self> {
        let (mut proto, directory) = untrusted::outline(path)?;
        if let Some(graph) = &mut proto.graph {
            change(graph);
        }
        let names = |infos: &[ValueInfoProto]| infos.iter().map(|info| info.name.clone()).collect();
        let (inputs, outputs) =
            proto.graph.as_ref().map_or_else(Default::default, |graph| (names(&graph.input), names(&graph.output)));
        let nodes = proto.graph.iter().flat_map(|graph| &graph.node);
        let operators = nodes.map(|node| node.op_type.clone()).collect();
        let tables = proto.graph.as_ref().map(tables).unwrap_or_default();
        let model = guarded(path, "parse", || {
            // Shapes of inner values are written down by some exporters for another batch; tract finds its own.
            let onnx = tract_onnx::onnx().with_ignore_value_info(true);
            let parsed = onnx.parse(&proto, directory.to_str())?;
            ensure!(parsed.unresolved_inputs.is_empty(), "nothing makes {}", parsed.unresolved_inputs.join(", "));
            let mut model = parsed.model;
            name_dims(&mut model)?;
            Ok(model)
        })?;
        Ok(Self { path: path.into(), model, inputs, outputs, operators, tables })
    }

    /// Checks that every input is one of the `known`, with its rank, and that the `required` ones are there.
    pub(super) fn check_inputs(&self, known: impl Fn(&str) -> Option<usize>, required: &[&str]) -> Result<()> {
        let error = |cause: String| {
            let inputs = self.inputs.join(", ");
            Error::new(self.path.display(), format!("{cause}; its inputs are: {inputs}"), EXPORT)
        };
        if let Some(missing) = required.iter().find(|name| !self.inputs.iter().any(|input| input.starts_with(**name))) {
            return Err(error(format!("the model has no input {missing}")));
        }
        for name in &self.inputs {
            let rank = known(name).ok_or_else(|| error(format!("nothing is known about the model's input {name}")))?;
            let dims = self.dims(name)?.len();
            if dims != rank {
                return Err(error(format!("the model's input {name} has {dims} dimensions instead of {rank}")));
            }
        }
        Ok(())
    }

    /// The position of output `name`.
    pub(super) fn output(&self, name: &str) -> Result<usize> {
        self.outputs.iter().position(|output| output == name).ok_or_else(|| {
            let outputs = self.outputs.join(", ");
            let cause = format!("the model has no output {name}; its outputs are: {outputs}");
            Error::new(self.path.display(), cause, EXPORT)
        })
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a node of the graph is of kind `operator`.
    pub(super) fn has_operator(&self, operator: &str) -> bool {
        self.operators.contains(operator)
    }

    /// The names of the inputs.
    pub(super) fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// The names of the outputs.
    pub(super) fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// The rows of the table that the values of input `name` pick from, if they pick from a constant one.
    pub(super) fn rows_picked_by(&self, name: &str) -> Option<usize> {
        self.tables.get(name).copied()
    }

    /// Puts `value` in the place of the symbol that is dimension `axis` of input `name`, wherever that symbol stands in
    /// the inputs. Does nothing when the dimension is a number.
    ///
    /// Has to happen before typing: with the batch left open, graphs exported by Hugging Face do not type, and quantised
    /// ones give wrong logits without a word.
    pub(super) fn fix_dim(&mut self, name: &str, axis: usize, value: &TDim) -> Result<()> {
        let Some(TDim::Sym(symbol)) = self.dims(name)?.get(axis).cloned() else { return Ok(()) };
        guarded(&self.path, "type", || {
            for index in 0..self.model.inputs.len() {
                let fact = self.model.input_fact(index)?.clone();
                let (Some(kind), Some(dims)) = (fact.datum_type.concretize(), fact.shape.concretize()) else {
                    continue;
                };
                let dims: TVec<TDim> =
                    dims.iter().map(|dim| dim.substitute(&symbol, value)).collect::<TractResult<_>>()?;
                self.model.set_input_fact(index, InferenceFact::dt_shape(kind, dims))?;
            }
            Ok(())
        })
    }

    /// Gives input `name` the shape `wanted`, if those of its dimensions that are numbers allow it.
    pub(super) fn fix_shape(&mut self, name: &str, wanted: &[usize]) -> Result<()> {
        let dims = self.dims(name)?;
        if dims.iter().zip(wanted).any(|(dim, wanted)| dim.to_usize().is_ok_and(|dim| dim != *wanted)) {
            let dims: Vec<String> = dims.iter().map(ToString::to_string).collect();
            let cause = format!("the model's input {name} is [{}], and cannot be {wanted:?}", dims.join(", "));
            return Err(Error::new(self.path.display(), cause, "give it what it was exported for, or export it anew"));
        }
        self.set_fact(name, |fact| fact.with_shape(wanted))
    }

    /// Gives input `name` these dimensions, whatever it has.
    pub(super) fn set_dims(&mut self, name: &str, dims: TVec<TDim>) -> Result<()> {
        self.set_fact(name, |fact| fact.with_shape(dims))
    }

    /// Gives input `name` the shape of input `other`.
    pub(super) fn fix_alike(&mut self, name: &str, other: &str) -> Result<()> {
        let dims = self.dims(other)?;
        self.set_fact(name, |fact| fact.with_shape(dims))
    }

    /// Makes input `name` the constant `value`.
    pub(super) fn fix_value(&mut self, name: &str, value: Tensor) -> Result<()> {
        self.set_fact(name, |_| InferenceFact::from(value))
    }

    /// The type of input `name`, if the file says it.
    pub(super) fn datum_type(&self, name: &str) -> Option<DatumType> {
        let index = self.inputs.iter().position(|input| input == name)?;
        self.model.input_fact(index).ok()?.datum_type.concretize()
    }

    fn set_fact(&mut self, name: &str, change: impl FnOnce(InferenceFact) -> InferenceFact) -> Result<()> {
        guarded(&self.path, "type", || {
            let index = self.inputs.iter().position(|input| input == name).context("an input that is not there")?;
            let fact = self.model.input_fact(index)?.clone();
            self.model.set_input_fact(index, change(fact))
        })
    }

    /// A fresh symbol for a dimension.
    pub(super) fn symbol(&self, name: &str) -> TDim {
        self.model.symbols.sym(name).to_dim()
    }

    /// The model with all types and shapes found, and the first simplifications made.
    pub(super) fn into_typed(self) -> Result<(PathBuf, TypedModel)> {
        let (path, typed) = self.into_translated()?;
        let typed = guarded(&path, "type", || typed.into_decluttered())?;
        Ok((path, typed))
    }

    /// The model with all types and shapes found, node by node as the file has it: what is constant is computed, and nothing else
    /// changed.
    pub(super) fn into_translated(self) -> Result<(PathBuf, TypedModel)> {
        let Self { path, mut model, .. } = self;
        let typed = guarded(&path, "type", || {
            // The shapes that the file states for its outputs still name the symbols that were replaced.
            for output in model.outputs.clone() {
                model.set_outlet_fact(output, InferenceFact::default())?;
            }
            let mut typed = cumulative::of_numbers(model.into_typed()?)?;
            typed.prop_consts()?;
            Ok(typed)
        })?;
        Ok((path, typed))
    }

    /// The dimensions of input `name`.
    pub(super) fn dims(&self, name: &str) -> Result<TVec<TDim>> {
        let unknown = || Error::new(self.path.display(), format!("the input {name} has no shape"), EXPORT);
        let index = self.inputs.iter().position(|input| input == name).ok_or_else(unknown)?;
        let fact = self.model.input_fact(index).map_err(|_| unknown())?;
        fact.shape.concretize().ok_or_else(unknown)
    }
}

/// The least rows of a table that each value picks from.
fn tables(graph: &GraphProto) -> BTreeMap<String, usize> {
    let rows: BTreeMap<&str, i64> =
        graph.initializer.iter().filter_map(|table| Some((table.name.as_str(), *table.dims.first()?))).collect();
    let mut tables = BTreeMap::new();
    for node in graph.node.iter().filter(|node| node.op_type == "Gather") {
        let axis = node.attribute.iter().find(|attribute| attribute.name == "axis").map_or(0, |axis| axis.i);
        let [table, picks] = &node.input[..] else { continue };
        let rows = rows.get(table.as_str()).and_then(|&rows| usize::try_from(rows).ok());
        if let (Some(rows), 0) = (rows, axis) {
            tables.entry(picks.clone()).and_modify(|least: &mut usize| *least = rows.min(*least)).or_insert(rows);
        }
    }
    tables
}

/// Gives a symbol to each dimension of an input that has none which tract understands, as the `batch * rows * columns` of some
/// exporters.
fn name_dims(model: &mut InferenceModel) -> TractResult<()> {
    for index in 0..model.inputs.len() {
        let fact = model.input_fact(index)?.clone();
        if fact.shape.is_open() || fact.shape.concretize().is_some() {
            continue;
        }
        let symbols = &model.symbols;
        let named = |dim: &DimFact| dim.concretize().unwrap_or_else(|| symbols.new_with_prefix("dim").to_dim());
        let dims: TVec<TDim> = fact.shape.dims().map(named).collect();
        model.set_input_fact(index, fact.with_shape(dims))?;
    }
    Ok(())
}

/// What helps against a model of another kind than the one that is wanted.
pub(super) const EXPORT: &str = "export the model with Optimum, with the task text-generation-with-past (a language model), or \
     with the inputs that docs/models.md lists";
