"""Heals a compressed model: trains its factors, so that they recover what truncation lost.

    python heal.py COMPRESSED --documentation "$(rustc --print sysroot)/share/doc/rust/html" --out DIR

In: a directory that `scalegate compress --method svd` has written, of the reference model or another Llama with its tokenizer.
Out: the same directory and graph with other entries in the factors, stored in the type that they had. Seeded, on one thread,
on the text that the reference was trained on.
"""

import argparse
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

import numpy
import onnx
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

import corpus
import export
import train

STEPS = 300
PEAK_RATE = 1e-3
# Both sides compute in 32 bits from the same entries, so that they differ by rounding alone.
TOLERANCE = 1e-3
GRAPH = Path("onnx", "model.onnx")


class Refused(Exception):
    """Path, cause and remedy."""


class Graph:
    """An ONNX graph by the names of its values."""

    def __init__(self, path):
        self.path = path
        try:
            self.proto = onnx.load(path)
        except Exception as cause:  # of protobuf, and of the file system
            raise Refused(f"{path}: not an ONNX model, or cut short ({cause}); compress the model again") from cause
        self.initializers = {tensor.name: tensor for tensor in self.proto.graph.initializer}
        self.makers = {output: node for node in self.proto.graph.node for output in node.output}
        self.nodes = {node.name: node for node in self.proto.graph.node}

    def stored(self, value):
        """The initializer behind a value, and whether it is transposed on its way; nothing if the value is computed."""
        transposed = False
        while value not in self.initializers:
            node = self.makers.get(value)
            if node is None or node.op_type not in ("Cast", "Transpose", "Identity"):
                return None
            transposed ^= node.op_type == "Transpose"
            value = node.input[0]
        return self.initializers[value], transposed

    def product(self, module):
        """What a linear module multiplies by, in the order of the graph: its one weight, or the factors in its place."""
        # Optimum names a node by its module: model.layers.0.mlp.up_proj is /model/layers.0/mlp/up_proj/MatMul.
        node = self.nodes.get("/" + re.sub(r"\.(?!\d)", "/", module) + "/MatMul")
        matrices = []
        while node is not None and node.op_type == "MatMul" and (stored := self.stored(node.input[1])):
            matrices.insert(0, stored)
            node = self.makers.get(node.input[0])
        if not matrices:
            raise Refused(f"{self.path}: no product of {module} with a weight; heal a Llama that optimum has exported")
        return matrices


def array(tensor, transposed):
    values = numpy_helper.to_array(tensor).astype(numpy.float32)
    return torch.from_numpy(numpy.ascontiguousarray(values.T if transposed else values))


def check(directory):
    """What can be refused before anything is computed."""
    for name in (GRAPH, "config.json", "tokenizer.json"):
        if not (directory / name).is_file():
            raise Refused(f"{directory / name}: missing; name a directory that scalegate compress has written")
    architectures = json.loads((directory / "config.json").read_text(encoding="utf-8")).get("architectures")
    if architectures != ["LlamaForCausalLM"]:
        raise Refused(f"{directory / 'config.json'}: its architecture is {architectures}; only LlamaForCausalLM can be healed")


def load(directory):
    """The graph, the model that computes the same, and `(parameter, initializer, transposed)` of every factor."""
    graph = Graph(directory / GRAPH)
    # Only the cores of a matrix product operator have a bond between them that is reshaped.
    operators = [node.name for node in graph.proto.graph.node if re.search(r"/bonds_*$", node.name)]
    if operators:
        raise Refused(
            f"{graph.path}: {len(operators)} of its weights are matrix product operators ({operators[0]} is of one); "
            "only plain factors can be healed: compress with --method svd"
        )
    model = LlamaForCausalLM(LlamaConfig.from_pretrained(directory, attn_implementation="sdpa"))
    factors = []
    for name, module in list(model.named_modules()):
        if not isinstance(module, nn.Linear):
            continue
        product = graph.product(name)
        layers = []
        for tensor, transposed in product:
            matrix = array(tensor, transposed)
            layer = nn.Linear(*matrix.shape, bias=False)
            layer.weight = nn.Parameter(matrix.T.contiguous(), requires_grad=len(product) > 1)
            layers.append(layer)
            if len(product) > 1:
                factors.append((layer.weight, tensor, transposed))
        # Also where there is one: the product with the vocabulary no longer shares its weight, which is not trained.
        model.set_submodule(name, nn.Sequential(*layers))
    for name, parameter in model.named_parameters():
        if "_proj." in name or name.startswith("lm_head."):
            continue
        stored = graph.stored(name)
        if stored is None or tuple(stored[0].dims) != tuple(parameter.shape):
            raise Refused(f"{graph.path}: no weight {name} of shape {tuple(parameter.shape)}; heal a Llama that optimum has exported")
        parameter.data = array(*stored)
        parameter.requires_grad = False
    return graph, model, factors


def check_agreement(directory, model, passage):
    """That the model which is trained computes what the graph does."""
    with torch.no_grad():
        ours = model(input_ids=torch.tensor([passage])).logits[0].numpy()
    theirs = export.logits(export.session(directory / GRAPH), passage)
    difference = float(abs(ours - theirs).max() / abs(theirs).max())
    # Also refuses what is no number.
    if not difference <= TOLERANCE:
        raise Refused(
            f"{directory / GRAPH}: its logits differ by {difference:.1e} of the largest from those of the model that config.json "
            f"describes ({TOLERANCE:.0e} are tolerated); heal a Llama that optimum has exported"
        )
    return difference


def distillation(model, original):
    """The mean divergence of the predictions from the original's."""

    def loss_of(ids):
        with torch.no_grad():
            wanted = original(input_ids=ids).logits.log_softmax(-1)
        found = model(input_ids=ids).logits.log_softmax(-1)
        return functional.kl_div(found.flatten(0, 1), wanted.flatten(0, 1), reduction="batchmean", log_target=True)

    return loss_of


def cross_entropy(model):
    return lambda ids: model(input_ids=ids, labels=ids).loss


def write(compressed, graph, factors, out):
    """A copy of the directory with the trained factors, that appears whole or not at all."""
    for parameter, tensor, transposed in factors:
        matrix = parameter.detach().numpy().T
        values = (matrix.T if transposed else matrix).astype(numpy_helper.to_array(tensor).dtype)
        if not numpy.isfinite(values).all():
            raise Refused(f"{tensor.name}: entries out of the range of {values.dtype}; heal in fewer steps")
        tensor.CopyFrom(numpy_helper.from_array(numpy.ascontiguousarray(values), tensor.name))
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".healed-", dir=out.parent) as temporary:
        whole = Path(temporary, "model")
        shutil.copytree(compressed, whole)
        onnx.save(graph.proto, str(whole / GRAPH))
        whole.rename(out)


def heal(arguments):
    if arguments.out.exists() and (not arguments.out.is_dir() or any(arguments.out.iterdir())):
        raise Refused(f"{arguments.out}: it exists and is not an empty directory; name one that doesn't exist yet")
    if arguments.compressed.resolve() in arguments.out.resolve().parents:
        raise Refused(f"{arguments.out}: it is inside of {arguments.compressed}, which is copied; name another place")
    if not (arguments.documentation / "std").is_dir():
        raise Refused(f"{arguments.documentation}: no documentation of Rust here; `rustup component add rust-docs` brings it")
    check(arguments.compressed)
    check(arguments.reference)
    graph, model, factors = load(arguments.compressed)
    if not factors:
        raise Refused(f"{graph.path}: it is not compressed, as no weight of its has factors; run scalegate compress first")
    _, original, _ = load(arguments.reference)

    train.repeatable()
    tokenizer = Tokenizer.from_file(str(arguments.compressed / "tokenizer.json"))
    if tokenizer.get_vocab() != Tokenizer.from_file(str(arguments.reference / "tokenizer.json")).get_vocab():
        raise Refused(f"{arguments.compressed}: its tokenizer is not that of {arguments.reference}; name the model it was made of")
    heldout = (arguments.reference / "heldout.txt").read_text(encoding="utf-8")
    difference = check_agreement(arguments.compressed, model, tokenizer.encode(heldout).ids[: train.CONTEXT])
    print(f"{len(factors)} factors; logits within {difference:.1e} of ONNX Runtime's", flush=True)

    pages, _, _ = corpus.split(arguments.documentation, train.TEXT_BYTES)
    tokens = train.tokens_of(tokenizer, [text for _, text in pages])
    loss_of = distillation(model, original.eval()) if arguments.loss == "distillation" else cross_entropy(model)
    _, seconds = train.fit(model, loss_of, tokens, arguments.steps, arguments.rate)
    write(arguments.compressed, graph, factors, arguments.out)
    values = [
        export.perplexity(directory / GRAPH, tokenizer, heldout, train.CONTEXT)[0]
        for directory in (arguments.reference, arguments.compressed, arguments.out)
    ]
    print("held-out perplexity: original {:.2f}, compressed {:.2f}, healed {:.2f}".format(*values))
    print(f"{arguments.steps} steps in {seconds:.0f} s of processor time; written to {arguments.out}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("compressed", type=Path)
    parser.add_argument("--reference", type=Path, default=Path(__file__).parent, help="what it was compressed from (default: the directory of this file)")
    parser.add_argument("--documentation", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--rate", type=float, default=PEAK_RATE)
    parser.add_argument("--loss", choices=("cross-entropy", "distillation"), default="distillation")
    try:
        heal(parser.parse_args())
    except Refused as refusal:
        sys.exit(f"heal: {refusal}")


if __name__ == "__main__":
    main()
