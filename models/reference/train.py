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
STEPS = 4000
PEAK_RATE = 0.004
WARM_UP = 200
LAST_SHARE = 0.1
WEIGHT_DECAY = 0.1
CHECKPOINT_EVERY = 100
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


def rate(step, steps, peak):
    """Up in a line, then down along half a cosine."""
    warm_up = min(WARM_UP, steps // 10)
    if step < warm_up:
        return peak * (step + 1) / warm_up
    share = (step - warm_up) / (steps - warm_up)
    return peak * (LAST_SHARE + (1 - LAST_SHARE) * 0.5 * (1 + math.cos(math.pi * share)))


def batch(tokens, step):
    """Passages that no other step of the same epoch has; every epoch cuts the tokens elsewhere."""
    per_epoch = (len(tokens) // CONTEXT - 1) // BATCH
    epoch, place = divmod(step, per_epoch)
    draws = numpy.random.default_rng([SEED, epoch])
    cut = draws.integers(CONTEXT)
    passages = draws.permutation(per_epoch * BATCH)[place * BATCH : (place + 1) * BATCH]
    return torch.from_numpy(numpy.stack([tokens[start : start + CONTEXT] for start in cut + passages * CONTEXT]))


def fit(model, loss_of, tokens, steps, peak, checkpoint=None):
    """AdamW on the parameters that take gradients. Goes on from `checkpoint`, if that exists.

    Returns the moving average of the loss, in nats per token, and the processor time in seconds.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.dim() > 1], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in trained if p.dim() <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.95))
    first, mean, spent = 0, None, 0.0
    if checkpoint is not None and checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first, mean, spent = state["step"], state["mean"], state["spent"]
    model.train()
    # Of this process, so that what else runs on the machine doesn't count.
    started = time.process_time() - spent
    for step in range(first, steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps, peak)
        loss = loss_of(batch(tokens, step))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        mean = loss.item() if mean is None else 0.98 * mean + 0.02 * loss.item()
        spent = time.process_time() - started
        if (step + 1) % 25 == 0:
            print(f"step {step + 1} loss {mean:.3f} after {spent:.0f} s", flush=True)
        if checkpoint is not None and ((step + 1) % CHECKPOINT_EVERY == 0 or step + 1 == steps):
            state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1, "mean": mean, "spent": spent}
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    return mean, spent


def repeatable():
    """The order of sums depends on the number of threads."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documentation", required=True, type=Path)
    parser.add_argument("--work", required=True, type=Path)
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    repeatable()
    arguments.work.mkdir(parents=True, exist_ok=True)
    here = Path(__file__).parent
    tokenizer, tokens = prepare(arguments.documentation, arguments.work, here)
    model = new_model()
    loss, seconds = fit(
        model, lambda ids: model(input_ids=ids, labels=ids).loss, tokens, arguments.steps, PEAK_RATE, arguments.work / "checkpoint.pt"
    )
    toolchain = re.search(r"1\.\d+\.\d+", (arguments.documentation / "version_info.html").read_text(encoding="utf-8"))
    facts = {
        "toolchain": f"Rust {toolchain.group()}", "steps": arguments.steps, "batch": BATCH, "loss": loss, "seconds": seconds,
        **json.loads((arguments.work / "corpus.json").read_text()),
    }
    export.export(model, arguments.work, here, facts)


if __name__ == "__main__":
    main()
