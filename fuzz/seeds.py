"""Writes the first inputs of each fuzz target to fuzz/corpus, from files of this repository.

    python3 fuzz/seeds.py

Small ones, since a fuzzer changes a byte here and there: of records the first samples, of models one node of each kind.
"""

import json
from pathlib import Path

FUZZ = Path(__file__).resolve().parent
FIXTURES = FUZZ.parent / "tests" / "fixtures"
MAX_BYTES = 4096
# Of a constant beside a node.
MAX_DATA_BYTES = 64

# Numbers of fields in onnx.proto.
IR_VERSION, GRAPH, OPSET = 1, 7, 8
NODE, INITIALIZER, INPUT, OUTPUT = 1, 5, 11, 12


def main():
    for target, seeds in {
        "preprocessor_config": configurations(),
        "image_header": pictures(),
        "onnx_loader": models(),
        "run_record": records(),
    }.items():
        corpus = FUZZ / "corpus" / target
        corpus.mkdir(parents=True, exist_ok=True)
        for name, content in seeds.items():
            (corpus / name).write_bytes(content)
        print(f"{target}: {len(seeds)} seeds")


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def configurations():
    read = lambda name: json.loads((FIXTURES / "processors" / name).read_text())
    entries = [entry for name in ("sizes", "tiled_sizes", "drawn") for entry in read(f"{name}.json")["configs"]]
    entries += [entry for name in ("pixels", "tiled_pixels") for entry in read(f"{name}.json")]
    found = {compact(entry["config"]) for entry in entries}
    return {f"{index}.json": text for index, text in enumerate(sorted(found))}


def pictures():
    files = [*FIXTURES.glob("images/*.jpg"), *FIXTURES.glob("images/*.png"), *FIXTURES.glob("processors/*.png")]
    return {file.name: file.read_bytes() for file in files if file.stat().st_size <= MAX_BYTES}


def records():
    seeds = {}
    for file in sorted((FUZZ.parent / "baselines" / "portable").rglob("*.json")):
        baseline = json.loads(file.read_text())
        for series in baseline["run"]["series"]:
            series["samples"] = [{**sample, "values": sample["values"][:2]} for sample in series["samples"][:3]]
        seeds.setdefault(f"baseline.{file.name}", compact(baseline))
        seeds.setdefault(f"run.{file.name}", compact(baseline["run"]))
    return seeds


def models():
    """A model for each kind of node, of the smallest one, and one for the inputs of each file."""
    nodes, seeds = {}, {}
    for file in sorted(FIXTURES.glob("*/*/*.onnx")):
        model = fields(file.read_bytes())
        versions = [(number, value) for number, value in model if number in (IR_VERSION, OPSET)]
        graph = fields(only(model, GRAPH))
        inputs = [(number, value) for number, value in graph if number == INPUT]
        first = text(fields(inputs[0][1]), 1)
        seeds[f"inputs.{file.parent.name}"] = encoded([*versions, (GRAPH, encoded([*inputs[:4], (OUTPUT, info(first))]))])
        data = {text(fields(value), 8): value for number, value in graph if number == INITIALIZER}
        for number, node in graph:
            if number == NODE:
                seed = encoded([*versions, (GRAPH, single(fields(node), data))])
                kind = text(fields(node), 4)
                if len(seed) <= MAX_BYTES and len(seed) < len(nodes.get(kind, seed + b"+")):
                    nodes[kind] = seed
    seeds.update({f"node.{kind}": seed for kind, seed in nodes.items()})
    return {**seeds, **written_by_hand(versions)}


def single(node, data):
    """A graph of one node. Its constants stay if they are small; what else it takes are inputs of the graph."""
    names = {}
    parts = []
    for number, value in node:
        if number in (1, 2) and value and value not in names:
            names[value] = short = f"{'ab'[number - 1]}{len(names)}".encode()
            constant = data.get(value.decode(), b"")
            if number == 2:
                parts.append((OUTPUT, info(short.decode())))
            elif 0 < len(constant) <= MAX_DATA_BYTES:
                renamed = [(field, short if field == 8 else content) for field, content in fields(constant)]
                parts.append((INITIALIZER, encoded(renamed)))
            else:
                parts.append((INPUT, info(short.decode())))
    kept = [(number, names.get(value, value) if number in (1, 2) else value) for number, value in node if number != 3]
    return encoded([(NODE, encoded(kept)), *parts])


def written_by_hand(versions):
    """What no fixture has: data in a file of their own, a computed dimension, graphs within a node."""
    entry = lambda key, value: (13, encoded([(1, key), (2, value)]))
    stored = [(1, 4), (2, 1), (8, b"w"), entry(b"location", b"weights.bin"), entry(b"offset", b"16")]
    external = encoded([*stored, entry(b"length", b"16"), (14, 1)])
    relu = encoded([(1, b"w"), (2, b"y"), (4, b"Relu")])
    inner = encoded([(NODE, relu), (OUTPUT, info("y"))])
    branch = lambda name: (5, encoded([(1, name), (6, inner), (20, 5)]))
    conditional = encoded([(1, b"c"), (2, b"z"), (4, b"If"), branch(b"then_branch"), branch(b"else_branch")])
    body = encoded([(NODE, relu), (INPUT, info("w")), (OUTPUT, info("y"))])
    count = encoded([(1, b"num_scan_inputs"), (3, 1), (20, 2)])
    scan = encoded([(1, b"c"), (2, b"z"), (4, b"Scan"), (5, count), (5, encoded([(1, b"body"), (6, body), (20, 5)]))])
    size = "floor(min(n, 2*m + 1)/2 - 1/2)"
    graphs = {
        "external": [(NODE, relu), (INITIALIZER, external), (OUTPUT, info("y"))],
        "dimension": [(NODE, relu), (INPUT, info("w", size)), (OUTPUT, info("y"))],
        "nested": [(NODE, conditional), (INPUT, info("c")), (INPUT, info("w")), (OUTPUT, info("z"))],
        "scan": [(NODE, scan), (INPUT, info("c")), (OUTPUT, info("z"))],
    }
    return {name: encoded([*versions, (GRAPH, encoded(graph))]) for name, graph in graphs.items()}


def info(name, *symbols):
    """A value of float32: two dimensions, or those that are named."""
    dims = [encoded([(2, symbol)]) for symbol in symbols] or [encoded([(1, 2)]), encoded([(1, 3)])]
    return encoded([(1, name), (2, encoded([(1, encoded([(1, 1), (2, encoded([(1, dim) for dim in dims]))]))]))])


# The encoding of protobuf: a field is a number with an integer, or with bytes, of which texts and messages are made too.


def fields(message):
    """The fields of a message: `(number, value)`. Floats are kept as the bytes that they are."""
    found, at = [], 0
    while at < len(message):
        tag, at = varint(message, at)
        kind = tag & 7
        if kind == 0:
            value, at = varint(message, at)
        else:
            length, at = varint(message, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            value, at = message[at : at + length], at + length
            value = value if kind == 2 else Fixed(value)
        found.append((tag >> 3, value))
    return found


class Fixed(bytes):
    """A float or a double."""


def encoded(message):
    parts = []
    for number, value in message:
        if isinstance(value, int):
            parts += [digits(number << 3), digits(value)]
        elif isinstance(value, Fixed):
            parts += [digits(number << 3 | {8: 1, 4: 5}[len(value)]), value]
        else:
            content = value.encode() if isinstance(value, str) else value
            parts += [digits(number << 3 | 2), digits(len(content)), content]
    return b"".join(parts)


def varint(message, at):
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def digits(value):
    found = []
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def only(message, wanted):
    return next(value for number, value in message if number == wanted)


def text(message, wanted):
    return only(message, wanted).decode()


if __name__ == "__main__":
    main()
