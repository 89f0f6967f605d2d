"""Writes a Llama of random weights as GGUF: what it answers means nothing, and what it costs is that of its shape.

    python3 make_model.py DIRECTORY         # random-f32.gguf, random-q8_0.gguf and random-q4_0.gguf
    python3 make_model.py DIRECTORY f32     # one of them
"""

import pathlib
import sys

import gguf
import numpy

SEED = 2512
WIDTH, LAYERS, HEADS, FEED_FORWARD, VOCABULARY, CONTEXT = 512, 6, 8, 1408, 8192, 4096
TYPES = {
    "f32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
    "q4_0": (gguf.GGMLQuantizationType.Q4_0, gguf.LlamaFileType.MOSTLY_Q4_0),
}


def tokens():
    """Text, score and type of each token: bytes, letters, words of two letters, and words that no text has."""
    control, normal, byte = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL, gguf.TokenType.BYTE
    all_ = [("<unk>", 0.0, gguf.TokenType.UNKNOWN), ("<s>", 0.0, control), ("</s>", 0.0, control)]
    all_ += [(f"<0x{value:02X}>", 0.0, byte) for value in range(256)]
    letters = [chr(ord("a") + n) for n in range(26)]
    pieces = letters + ["\u2581"] + ["\u2581" + a for a in letters] + ["\u2581" + a + b for a in letters for b in letters]
    all_ += [(piece, float(len(piece)), normal) for piece in pieces]
    all_ += [(f"\u2581word{number}", -1e6, normal) for number in range(len(all_), VOCABULARY)]
    return all_


def tensors():
    """Names and weights, always the same: numpy's PCG64 gives one stream for a seed on every machine."""
    random = numpy.random.Generator(numpy.random.PCG64(SEED))

    def matrix(rows, columns):
        return random.standard_normal((rows, columns), dtype=numpy.float32) / numpy.sqrt(numpy.float32(columns))

    ones = numpy.ones(WIDTH, dtype=numpy.float32)
    yield "token_embd.weight", matrix(VOCABULARY, WIDTH)
    yield "output_norm.weight", ones
    yield "output.weight", matrix(VOCABULARY, WIDTH)
    for layer in range(LAYERS):
        yield f"blk.{layer}.attn_norm.weight", ones
        for name in ["attn_q", "attn_k", "attn_v", "attn_output"]:
            yield f"blk.{layer}.{name}.weight", matrix(WIDTH, WIDTH)
        yield f"blk.{layer}.ffn_norm.weight", ones
        yield f"blk.{layer}.ffn_gate.weight", matrix(FEED_FORWARD, WIDTH)
        yield f"blk.{layer}.ffn_up.weight", matrix(FEED_FORWARD, WIDTH)
        yield f"blk.{layer}.ffn_down.weight", matrix(WIDTH, FEED_FORWARD)


def write(path, quantization, file_type):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("random weights")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(VOCABULARY)
    writer.add_file_type(file_type)
    texts, scores, types = zip(*tokens())
    writer.add_tokenizer_model("llama")
    writer.add_token_list(texts)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    for name, weights in tensors():
        if weights.ndim == 1:
            writer.add_tensor(name, weights)
        else:
            writer.add_tensor(name, gguf.quantize(weights, quantization), raw_dtype=quantization)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    directory = pathlib.Path(sys.argv[1])
    directory.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or TYPES:
        quantization, file_type = TYPES[name]
        path = directory / f"random-{name}.gguf"
        write(path, quantization, file_type)
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
