"""What a decode step gains when the scale of attention is on the queries alone, and not on all cached keys. Linux only.

    cargo build --release --example against_onnxruntime
    pip install onnx numpy
    python examples/against_onnxruntime/scale_on_queries.py DIR

Takes the model that measure.py makes in DIR, writes a copy of it with the scale moved to DIR/scale_on_queries, and prints the
rows of the table in docs/models.md: four processes for each size, in the order A B B A.
"""

import json
import pathlib
import statistics
import subprocess
import sys

import onnx
from onnx import numpy_helper

ROOT = pathlib.Path(__file__).parents[2]
REPETITIONS = 40


def move_scale(source, copy):
    model = onnx.load(source)
    graph = model.graph
    made_by = {output: node for node in graph.node for output in node.output}
    scores = [node for node in graph.node if node.name.endswith("/self_attn/MatMul")]
    for score in scores:
        queries, keys = (made_by[name] for name in score.input)
        assert queries.op_type == keys.op_type == "Mul", score.name
        tensors = [made_by[factor.input[1]].attribute[0].t for factor in (queries, keys)]
        product = numpy_helper.to_array(tensors[0]) * numpy_helper.to_array(tensors[1])
        tensors[0].CopyFrom(numpy_helper.from_array(product, tensors[0].name))
        score.input[1] = keys.input[0]
        graph.node.remove(keys)
    onnx.checker.check_model(model)
    copy.parent.mkdir(exist_ok=True)
    onnx.save(model, copy)
    print(len(scores), "layers")


def milliseconds(model, tokens):
    program = ROOT / "target/release/examples/against_onnxruntime"
    line = [program, model, "decode", str(tokens), "1", "0", str(REPETITIONS)]
    output = subprocess.run(line, check=True, capture_output=True, text=True).stdout
    return 1e3 * statistics.median(json.loads(output)["seconds"])


def main():
    directory = pathlib.Path(sys.argv[1])
    source, copy = directory / "model.onnx", directory / "scale_on_queries/model.onnx"
    move_scale(source, copy)
    for tokens in [16, 512, 2048]:
        times = [milliseconds(model, tokens) for model in (source, copy, copy, source)]
        ratio = (times[1] + times[2]) / (times[0] + times[3])
        exported, moved = (f"{a:.1f}, {b:.1f}" for a, b in ((times[0], times[3]), (times[1], times[2])))
        print(f"| {tokens} | {exported} | {moved} | {ratio:.2f} |")


main()
