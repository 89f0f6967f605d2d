"""Writes the vision graphs of `cargo xtask evidence preprocessing`: a projection of patches of 14 × 14 pixels, as that of Fuyu, and no more.

    pip install onnx
    python3 xtask/replays/make.py

Without attention one inference costs the same for every patch, up to any number of them, so that what preprocessing does to the cost
is not hidden behind squares. The weights are one value and their files small; what a product costs does not depend on them.

`patches.onnx` reads flattened patches, as of Qwen2-VL; `images.onnx` reads images, as of Pixtral, and sees them twice, as
Qwen2-VL's patches hold them twice.
"""

import pathlib

import onnx
from onnx import TensorProto, helper, numpy_helper
import numpy

HERE = pathlib.Path(__file__).parent
PATCH, COPIES, WIDTH = 14, 2, 64
VALUES = COPIES * 3 * PATCH * PATCH


def weights(name, shape):
    node = helper.make_node("ConstantOfShape", [f"{name}_shape"], [name], value=helper.make_tensor("value", TensorProto.FLOAT, [1], [0.01]))
    return node, numpy_helper.from_array(numpy.array(shape, dtype=numpy.int64), f"{name}_shape")


def write(name, nodes, inputs, output, constants):
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(*it) for it in inputs],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, output)],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10, producer_name="")
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, HERE / f"{name}.onnx")


matrix, matrix_shape = weights("weights", [VALUES, WIDTH])
write(
    "patches",
    [matrix, helper.make_node("MatMul", ["pixel_values", "weights"], ["features"])],
    [("pixel_values", TensorProto.FLOAT, ["patches", VALUES]), ("image_grid_thw", TensorProto.INT64, ["images", 3])],
    ["patches", WIDTH],
    [matrix_shape],
)
kernel, kernel_shape = weights("weights", [WIDTH, COPIES * 3, PATCH, PATCH])
write(
    "images",
    [
        kernel,
        helper.make_node("Concat", ["pixel_values"] * COPIES, ["copies"], axis=1),
        helper.make_node("Conv", ["copies", "weights"], ["planes"], kernel_shape=[PATCH, PATCH], strides=[PATCH, PATCH]),
        helper.make_node("Reshape", ["planes", "flat"], ["columns"]),
        helper.make_node("Transpose", ["columns"], ["features"], perm=[1, 0]),
    ],
    [("pixel_values", TensorProto.FLOAT, [1, 3, "height", "width"])],
    ["patches", WIDTH],
    [kernel_shape, numpy_helper.from_array(numpy.array([WIDTH, -1], dtype=numpy.int64), "flat")],
)
