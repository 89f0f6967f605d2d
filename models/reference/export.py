"""Exports the trained model by optimum, halves its weights, and writes its card with what was measured."""

import shutil
from pathlib import Path

import numpy
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from optimum.exporters.onnx import main_export
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

END = "<|endoftext|>"


def halve(model):
    """Stores matrices as 16-bit floats, cast to 32 bits where they are used.

    CPUs without 16-bit arithmetic compute as fast as before, and runtimes fold the cast when they load. A matrix that is another
    one transposed, as the product with tied embeddings, is stored once.
    """
    graph = model.graph
    arrays = {t.name: numpy_helper.to_array(t) for t in graph.initializer if t.data_type == TensorProto.FLOAT and len(t.dims) == 2}
    nodes, stored = [], {}
    for name, array in arrays.items():
        twin = next((other for other, a in stored.items() if a.shape == array.shape[::-1] and numpy.array_equal(a.T, array)), None)
        if twin is not None:
            nodes.append(helper.make_node("Transpose", [twin], [name], name=f"{name}/Transpose", perm=[1, 0]))
            continue
        stored[name] = array
        nodes.append(helper.make_node("Cast", [f"{name}.f16"], [name], name=f"{name}/Cast", to=TensorProto.FLOAT))
    kept = [t for t in graph.initializer if t.name not in arrays]
    kept += [numpy_helper.from_array(array.astype(numpy.float16), f"{name}.f16") for name, array in stored.items()]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    nodes += list(graph.node)
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return sum(int(numpy.prod(t.dims)) for t in kept if t.data_type in (TensorProto.FLOAT, TensorProto.FLOAT16))


def name_lengths(model):
    """optimum 1.24 states the length of the mask for one new token; the graph takes any number."""
    for value in model.graph.input:
        if value.name == "attention_mask":
            value.type.tensor_type.shape.dim[1].dim_param = "past_sequence_length + sequence_length"


def session(graph):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def logits(running, passage):
    """`[tokens, vocabulary]`, of a passage that nothing precedes."""
    ids = numpy.array([passage], dtype=numpy.int64)
    feed = {}
    for value in running.get_inputs():
        if value.name == "input_ids":
            feed[value.name] = ids
        elif value.name == "attention_mask":
            feed[value.name] = numpy.ones_like(ids)
        elif value.name == "position_ids":
            feed[value.name] = numpy.arange(len(passage))[None]
        else:
            feed[value.name] = numpy.zeros((1, value.shape[1], 0, value.shape[3]), dtype=numpy.float32)
    return running.run(["logits"], feed)[0][0]


def perplexity(graph, tokenizer, text, context):
    """Over passages of `context` tokens, of which all but the first token are predicted: as `scalegate accuracy` does."""
    running = session(graph)
    ids = tokenizer.encode(text).ids
    nats = predicted = 0
    for start in range(0, len(ids) - 1, context):
        passage = ids[start : start + context]
        if len(passage) < 2:
            break
        scores = logits(running, passage)[:-1].astype(numpy.float64)
        scores -= scores.max(axis=1, keepdims=True)
        scores -= numpy.log(numpy.exp(scores).sum(axis=1, keepdims=True))
        nats -= scores[numpy.arange(len(passage) - 1), passage[1:]].sum()
        predicted += len(passage) - 1
    return float(numpy.exp(nats / predicted)), predicted


def export(model, work, here, facts):
    plain, exported, target = work / "transformers", work / "optimum", here / "onnx" / "model.onnx"
    model.eval().save_pretrained(plain)
    wrapped = PreTrainedTokenizerFast(tokenizer_file=str(work / "tokenizer.json"), bos_token=END, eos_token=END)
    wrapped.save_pretrained(plain)
    shutil.rmtree(exported, ignore_errors=True)
    main_export(str(plain), output=exported, task="text-generation-with-past", device="cpu", do_validation=False)
    proto = onnx.load(str(exported / "model.onnx"))
    name_lengths(proto)
    parameters = halve(proto)
    target.parent.mkdir(exist_ok=True)
    onnx.save(proto, str(target))
    for name in ("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copyfile(exported / name, here / name)
    tokenizer = Tokenizer.from_file(str(here / "tokenizer.json"))
    text = (here / "heldout.txt").read_text(encoding="utf-8")
    context = model.config.max_position_embeddings
    value, predicted = perplexity(target, tokenizer, text, context)
    unhalved, _ = perplexity(exported / "model.onnx", tokenizer, text, context)
    card(here, model.config, facts | {
        "parameters": parameters, "perplexity": value, "unhalved": unhalved, "predicted": predicted,
        "file_bytes": target.stat().st_size,
    })


def card(here, config, facts):
    books = "\n".join(f"| {name} | {size:,} |" for name, size in sorted(facts["bytes"].items(), key=lambda item: -item[1]))
    read = facts["steps"] * facts["batch"] * config.max_position_embeddings
    Path(here / "README.md").write_text(f"""---
license: apache-2.0
language: en
library_name: onnx
pipeline_tag: text-generation
---

# Reference model of scalegate

A small Llama that continues Rust documentation. It is here so that the accuracy of a compressed model means something, and
so that `scalegate compress` and `scalegate accuracy` have something real to run on. It knows nothing else, and what it says
about Rust is often wrong.

| | |
|---|---|
| layers, hidden, intermediate, heads | {config.num_hidden_layers}, {config.hidden_size}, {config.intermediate_size}, {config.num_attention_heads} |
| context, vocabulary | {config.max_position_embeddings} tokens, {config.vocab_size} (byte-level BPE, trained on the same text) |
| parameters | {facts["parameters"]:,}, the embedding shared with the product with the vocabulary |
| file | {facts["file_bytes"]:,} bytes: matrices as 16-bit floats, cast to 32 bits where they are used |
| training | {facts["steps"]:,} steps of {facts["batch"]} passages, {read / 1e6:.1f} million tokens: {read / facts["tokens"]:.1f} times the {facts["tokens"]:,} of the corpus |
| training time | {facts["seconds"] / 60:.0f} minutes of one thread on a CPU |
| training loss at the end | {facts["loss"]:.3f} nats per token (moving average) |
| held-out perplexity | {facts["perplexity"]:.2f} ({facts["unhalved"]:.2f} before the weights were halved), ONNX Runtime, {facts["predicted"]:,} tokens of `heldout.txt` in passages of {config.max_position_embeddings} |

## Data

The documentation that comes with {facts["toolchain"]} (`rust-docs`): {facts["pages"]:,} pages, made to text by `corpus.py`. All of it is
MIT OR Apache-2.0 (`COPYRIGHT.html` of the toolchain); the Embedded Book, whose prose is CC-BY-SA, is left out.
`heldout.txt` and `calibration.txt` are pages of the books that are not in the training text, and no long line of theirs is.

| part | bytes of text |
|---|---|
{books}

## Made by

    pip install -r requirements.txt
    python train.py --documentation "$(rustc --print sysroot)/share/doc/rust/html" --work DIR

Seeded, and repeatable on the same processor: sums are made in the order of one thread. Exported by optimum (task
text-generation-with-past). The model is licensed as the text it was trained on, MIT OR Apache-2.0.
""", encoding="utf-8")
