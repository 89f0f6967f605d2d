"""Trains the reference model: a small Llama on the Rust documentation that comes with the toolchain.

    pip install -r requirements.txt
    python train.py --documentation "$(rustc --print sysroot)/share/doc/rust/html" --work DIR

Seeded and on one thread. It goes on from the last checkpoint in DIR if it was interrupted, and writes the model, its two
texts and its card beside this file. `export.py` is the second half, and is run at the end.
"""

import argparse
import json
import math
import re
import time
from pathlib import Path

import numpy
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM

import corpus
import export

SEED = 1
VOCABULARY = 2048
CONTEXT = 256
BATCH = 8
STEPS = 750
WARM_UP = 100
# The rate falls along a cosine that would end here, and from the last steps on in a line to nothing.
HORIZON = 1200
COOL_DOWN = 150
PEAK_RATE = 3e-3
LAST_RATE = 1e-4
WEIGHT_DECAY = 0.1
CHECKPOINT_EVERY = 25
TEXT_BYTES = 60_000
# Between pages, and the only token that is no text.
END = "<|endoftext|>"


def train_tokenizer(pages, path):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(pages, trainer)
    tokenizer.save(str(path))
    return tokenizer


def tokens_of(tokenizer, pages):
    end = tokenizer.token_to_id(END)
    ids = []
    for encoding in tokenizer.encode_batch(pages):
        ids += [end, *encoding.ids]
    return numpy.array(ids, dtype=numpy.int64)


def prepare(documentation, work, here):
    """The tokenizer and the tokens to train on; the two texts are written."""
    stored = work / "tokens.npy"
    if stored.exists():
        return Tokenizer.from_file(str(work / "tokenizer.json")), numpy.load(stored)
    train, calibration, heldout = corpus.split(documentation, TEXT_BYTES)
    for name, pages in (("calibration", calibration), ("heldout", heldout)):
        (here / f"{name}.txt").write_text("\n\n".join(text for _, text in pages) + "\n", encoding="utf-8")
    texts = [text for _, text in train]
    tokenizer = train_tokenizer(texts, work / "tokenizer.json")
    tokens = tokens_of(tokenizer, texts)
    books = {}
    for name, text in train:
        books[name.split("/")[0]] = books.get(name.split("/")[0], 0) + len(text.encode())
    (work / "corpus.json").write_text(json.dumps({"bytes": books, "pages": len(train), "tokens": len(tokens)}))
    numpy.save(stored, tokens)
    return tokenizer, tokens


def new_model():
    torch.manual_seed(SEED)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=192,
            intermediate_size=512,
            num_hidden_layers=5,
            num_attention_heads=6,
            max_position_embeddings=CONTEXT,
            tie_word_embeddings=True,
            bos_token_id=0,
            eos_token_id=0,
            attn_implementation="sdpa",
        )
    )


def rate(step, steps):
    if step < WARM_UP:
        return PEAK_RATE * (step + 1) / WARM_UP
    share = (step - WARM_UP) / (HORIZON - WARM_UP)
    cosine = LAST_RATE + (PEAK_RATE - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
    return cosine * min(1.0, (steps - step) / COOL_DOWN)


def batch(tokens, step):
    starts = numpy.random.default_rng([SEED, step]).integers(0, len(tokens) - CONTEXT - 1, BATCH)
    return torch.from_numpy(numpy.stack([tokens[start : start + CONTEXT] for start in starts]))


def train(model, tokens, work, steps):
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.95))
    checkpoint, first, mean = work / "checkpoint.pt", 0, None
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first, mean = state["step"], state["mean"]
    model.train()
    started = time.time()
    for step in range(first, steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps)
        ids = batch(tokens, step)
        loss = model(input_ids=ids, labels=ids).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        if (step + 1) % 25 == 0:
            print(f"step {step + 1} loss {mean:.3f} after {time.time() - started:.0f} s", flush=True)
        if (step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == steps:
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1, "mean": mean}
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    return mean


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documentation", required=True, type=Path)
    parser.add_argument("--work", required=True, type=Path)
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    arguments.work.mkdir(parents=True, exist_ok=True)
    here = Path(__file__).parent
    tokenizer, tokens = prepare(arguments.documentation, arguments.work, here)
    model = new_model()
    loss = train(model, tokens, arguments.work, arguments.steps)
    toolchain = re.search(r"1\.\d+\.\d+", (arguments.documentation / "version_info.html").read_text(encoding="utf-8"))
    facts = {"toolchain": f"Rust {toolchain.group()}", "steps": arguments.steps, "batch": BATCH, "loss": loss, **json.loads((arguments.work / "corpus.json").read_text())}
    export.export(model, arguments.work, here, facts)


if __name__ == "__main__":
    main()
