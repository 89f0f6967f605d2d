"""Time and memory of scalegate's inference as a ratio to ONNX Runtime's, on the same file. Linux only.

    cargo build --release --example against_onnxruntime
    pip install onnx onnxruntime
    python examples/against_onnxruntime/measure.py MODEL DIR

Makes a Llama of a shape of larger.py (`llama-28m`, `smollm2-135m`) or a tower of towers.py (`clip-base`, `siglip-base`, `qwen2-vl-base`; asks for torch) in DIR, with random weights,
if it is not there, in the form in which optimum exports it. Every case is a process of its own; of each, four run in the order A B B A, so that a slow minute hits both sides. A time is the median of a process's
repetitions, and a ratio is that of the sides' means. Prints the rows of the tables in docs/evidence/rewrites.md.
"""

import json
import pathlib
import statistics
import subprocess
import sys
import time

import larger

ROOT = pathlib.Path(__file__).parents[2]
# Tokens of a Llama, and the sides of images in pixels.
SIZES = {
    "llama-28m": [16, 128, 512, 2048],
    "smollm2-135m": [16, 128, 512],
    "clip-base": [224],
    "siglip-base": [224],
    "qwen2-vl-base": [224, 448, 896],
}


def onnxruntime_side(path, phase, size, threads, _chunk, repetitions):
    """What the Rust program does, in ONNX Runtime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(threads)
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    run = encoding(session, int(size)) if phase == "encode" else reading(session, phase, int(size))
    seconds = []
    for repetition in range(int(repetitions) + 1):
        begin = time.perf_counter()
        run()
        if repetition:
            seconds.append(time.perf_counter() - begin)
    status = pathlib.Path("/proc/self/status").read_text()
    peak = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    print(json.dumps({"seconds": seconds, "peak_rss_bytes": int(peak.split()[1]) * 1024}))


def encoding(session, side):
    """An image of that side."""
    import numpy

    pixels, *grid = session.get_inputs()
    if grid:
        rows = side // 14
        feed = {grid[0].name: numpy.array([[1, rows, rows]])}
        shape = [rows * rows, 1176]
    else:
        feed, shape = {}, [1, 3, side, side]
    feed[pixels.name] = numpy.random.default_rng(6).standard_normal(shape, numpy.float32)
    return lambda: session.run([session.get_outputs()[0].name], feed)


def reading(session, phase, tokens):
    """A prompt of so many tokens, or one token behind them."""
    import numpy

    pasts = [put for put in session.get_inputs() if put.name.startswith("past_key_values.")]
    outputs = ["logits", *(put.name.replace("past_key_values", "present") for put in pasts)]

    def run(ids, past):
        start = past[0].shape[2]
        end = start + len(ids)
        feed = {
            "input_ids": numpy.array([ids]),
            "attention_mask": numpy.ones([1, end], numpy.int64),
            "position_ids": numpy.arange(start, end)[None],
        }
        return session.run(outputs, feed | {put.name: value for put, value in zip(pasts, past)})

    prompt = [(token * 37 + 11) % 128 for token in range(tokens)]
    past = [numpy.zeros([1, put.shape[1], 0, put.shape[3]], numpy.float32) for put in pasts]
    if phase == "decode":
        past = run(prompt, past)[1:]
    return lambda: run([5] if phase == "decode" else prompt, past)


def taken(command):
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(run.stdout.splitlines()[-1])
    return statistics.median(found["seconds"]), found["peak_rss_bytes"]


def compared(file, phase, tokens, threads, chunk):
    repetitions = {"decode": 20, "prefill": max(2, min(10, 1024 // tokens)), "encode": 5}[phase]
    case = [str(file), phase, str(tokens), str(threads), str(chunk), str(repetitions)]
    ours = [str(ROOT / "target/release/examples/against_onnxruntime"), *case]
    theirs = [sys.executable, __file__, "onnxruntime", *case]
    a1, b1, b2, a2 = (taken(command) for command in (ours, theirs, theirs, ours))
    mean = lambda one, two: (one + two) / 2
    return [(mean(a1[index], a2[index]), mean(b1[index], b2[index])) for index in (0, 1)]


def main():
    if sys.argv[1:2] == ["onnxruntime"]:
        return onnxruntime_side(*sys.argv[2:])
    if len(sys.argv) != 3 or sys.argv[1] not in SIZES:
        sys.exit(f"usage: measure.py MODEL DIR, with a MODEL of {', '.join(SIZES)}")
    model, file = sys.argv[1], pathlib.Path(sys.argv[2]) / "model.onnx"
    is_tower = model not in larger.SHAPES
    if not file.exists() and is_tower:
        import towers

        towers.write(model, file.parent)
    elif not file.exists():
        larger.write(larger.SHAPES[model], file.parent)
    print("| phase | size | threads | chunk | ms | ms of ONNX Runtime | ratio | peak MiB | of ONNX Runtime | ratio |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    phases = ["encode"] if is_tower else ["prefill", "decode"]
    cases = [(phase, size, threads, 0) for phase in phases for threads in (1, 2) for size in SIZES[model]]
    if 2048 in SIZES[model]:
        # Read in pieces.
        cases += [("prefill", 2048, threads, 128) for threads in (1, 2)]
    for phase, size, threads, chunk in cases:
        (ours, theirs), (rss, their_rss) = compared(file, phase, size, threads, chunk)
        times = f"{ours * 1e3:.1f} | {theirs * 1e3:.1f} | {ours / theirs:.2f}"
        peaks = f"{rss / 2**20:.0f} | {their_rss / 2**20:.0f} | {rss / their_rss:.2f}"
        print(f"| {phase} | {size} | {threads} | {chunk or '–'} | {times} | {peaks} |", flush=True)


if __name__ == "__main__":
    main()
