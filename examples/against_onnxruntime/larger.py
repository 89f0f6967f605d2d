"""Larger Llamas in the form in which optimum exports them, without torch.

    pip install onnx numpy
    python examples/against_onnxruntime/larger.py SHAPE DIR

Writes DIR/model.onnx and DIR/config.json of a SHAPE below, with random weights: the graph of the fixture
`tests/fixtures/families/llama`, which optimum exported, with the second of its two layers as often as there are layers, and the
sizes in its constants and weights changed. Every node is one that optimum wrote.
"""

import dataclasses
import json
import pathlib
import sys

import numpy
import onnx
from onnx import numpy_helper

FIXTURE = pathlib.Path(__file__).parents[2] / "tests/fixtures/families/llama/model.onnx"
# Of the fixture.
HIDDEN, INNER, HEADS, KV_HEADS, VOCABULARY = 32, 64, 4, 2, 128


@dataclasses.dataclass
class Shape:
    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    vocabulary: int

    @property
    def width(self):
        return self.hidden // self.heads


SHAPES = {
    # 28 million weights.
    "llama-28m": Shape(8, 512, 1408, 8, 4, 4096),
    # Of SmolLM2-135M, but for its logits, which have weights of their own.
    "smollm2-135m": Shape(30, 576, 1536, 9, 3, 49152),
}


def resized(dims, shape):
    """Dimensions of a weight of the fixture, in the new sizes."""
    kv = KV_HEADS * (HIDDEN // HEADS)
    new = {HIDDEN: shape.hidden, INNER: shape.inner, VOCABULARY: shape.vocabulary, kv: shape.kv_heads * shape.width}
    return [new[size] for size in dims]


def constant(node, shape):
    """A constant of a layer in the new sizes."""
    value = numpy_helper.to_array(node.attribute[0].t)
    width = HIDDEN // HEADS
    if value.shape == (1,) and value[0] == width and value.dtype == numpy.int64:
        return numpy.array([shape.width])
    if value.shape == () and value.dtype == numpy.float32 and abs(value - width**-0.25) < 1e-6:
        return numpy.array(shape.width**-0.25, numpy.float32)
    if value.shape == (1, width // 2, 1):
        return (10000.0 ** (-numpy.arange(0, shape.width, 2) / shape.width)).astype(numpy.float32)[None, :, None]
    return value


def groups(graph, shape):
    """Constants that say how often keys and values are repeated, and are 2 like many others."""
    makers = {output: node for node in graph.node for output in node.output}
    found = set()
    for node in graph.node:
        makes = [makers.get(name) for name in node.input]
        if node.op_type == "Concat" and len(node.input) == 5 and "self_attn" in node.name:
            found.add(node.input[2])
        if node.op_type == "Mul" and makes[0] is not None and makes[0].op_type == "Gather" and "self_attn" in node.name:
            found.add(node.input[1])
    for name in found:
        tensor = makers[name].attribute[0].t
        value = numpy_helper.to_array(tensor)
        assert value.size == 1 and value.flat[0] == HEADS // KV_HEADS, name
        tensor.CopyFrom(numpy_helper.from_array(numpy.full_like(value, shape.heads // shape.kv_heads), tensor.name))
    assert len(found) == 8, found


def copies(graph, layer, count, last):
    """The nodes of `layer`, and what they are named after, for the layers from it to the last."""
    own = [node for node in graph.node if f"layers.{layer}/" in node.output[0] or f"present.{layer}." in node.output[0]]
    outputs = {output for node in own for output in node.output}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    used = {name for node in own for name in node.input if name in weights}
    before = f"/model/layers.{layer - 1}/{last}"
    for new in range(layer, count):
        def renamed(name):
            if name in outputs or name.startswith(f"past_key_values.{layer}."):
                return name.replace(f".{layer}", f".{new}", 1)
            if name in used:
                return f"{name}.layer.{new}"
            return f"/model/layers.{new - 1}/{last}" if name == before else name

        nodes = []
        for node in own:
            copy = onnx.NodeProto()
            copy.CopyFrom(node)
            copy.name = node.name.replace(f".{layer}", f".{new}", 1)
            copy.input[:] = [renamed(name) for name in node.input]
            copy.output[:] = [renamed(name) for name in node.output]
            nodes.append(copy)
        yield new, nodes, {name: renamed(name) for name in used}


def made(shape):
    """The model."""
    model = onnx.load(FIXTURE)
    graph = model.graph
    groups(graph, shape)
    for node in graph.node:
        if node.op_type == "Constant":
            tensor = node.attribute[0].t
            tensor.CopyFrom(numpy_helper.from_array(constant(node, shape), tensor.name))
    random = numpy.random.default_rng(6)
    weights = {tensor.name: list(tensor.dims) for tensor in graph.initializer}

    def weight(name, dims):
        dims = resized(dims, shape)
        values = numpy.ones(dims, numpy.float32) if len(dims) == 1 else random.standard_normal(dims, numpy.float32) * 0.02
        return numpy_helper.from_array(values.astype(numpy.float32), name)

    last = "Add_1_output_0"
    layers = list(copies(graph, 1, shape.layers, last))
    owned = {name for _, _, names in layers for name in names}
    ends = {f"/model/layers.1/{last}": f"/model/layers.{shape.layers - 1}/{last}"}
    first = [node for node in graph.node if "layers.1/" not in node.output[0] and "present.1." not in node.output[0]]
    cut = next(index for index, node in enumerate(first) if "/model/norm" in node.output[0])
    for node in first[cut:]:
        node.input[:] = [ends.get(name, name) for name in node.input]
    nodes = first[:cut] + [node for _, nodes, _ in layers for node in nodes] + first[cut:]
    tensors = [weight(name, dims) for name, dims in weights.items() if name not in owned]
    for _, _, names in layers:
        tensors += [weight(names[name], weights[name]) for name in names]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend(tensors)
    for values in (graph.input, graph.output):
        for index in range(2, shape.layers):
            for half in ("key", "value"):
                old = next(value for value in values if value.name.endswith(f".1.{half}"))
                new = values.add()
                new.CopyFrom(old)
                new.name = old.name.replace(".1.", f".{index}.")
        for value in values:
            dims = value.type.tensor_type.shape.dim
            if len(dims) == 4:
                dims[1].dim_value, dims[3].dim_value = shape.kv_heads, shape.width
            if value.name == "logits":
                dims[2].dim_value = shape.vocabulary
    return model


def write(shape, directory):
    """Writes the files of a model."""
    directory.mkdir(parents=True, exist_ok=True)
    model = made(shape)
    onnx.checker.check_model(model)
    onnx.save(model, directory / "model.onnx")
    (directory / "config.json").write_text(json.dumps({"model_type": "llama"}) + "\n")


def main():
    write(SHAPES[sys.argv[1]], pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    main()
