"""Vision towers of base size with random weights, exported as those of `tests/fixtures`.

    pip install torch==2.6.0 transformers==4.57.6 optimum-onnx==0.1.0 onnx onnxruntime==1.20.1 pillow
    python examples/against_onnxruntime/towers.py TOWER DIR

Writes DIR/model.onnx and DIR/preprocessor_config.json of a TOWER: `clip-base` and `siglip-base` (patches of 16 pixels, images of 224 × 224), or
`qwen2-vl-base`, Qwen2-VL's in the width and depth of these two.
"""

import importlib.util
import json
import pathlib
import sys

FIXTURES = pathlib.Path(__file__).parents[2] / "tests/fixtures"
BASE = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}


def fixtures(name):
    """The script that makes the fixtures of that name."""
    spec = importlib.util.spec_from_file_location(name, FIXTURES / name / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def square(name, directory):
    """A tower of images of one size."""
    towers = fixtures("towers")
    towers.SQUARE = BASE | {"image_size": 224, "patch_size": 16}
    getattr(towers, name)(directory)
    size = {"shortest_edge": 224} if name == "clip" else {"height": 224, "width": 224}
    return towers.PROCESSORS[name] | {"size": size} | ({"crop_size": 224} if name == "clip" else {})


def qwen2_vl(directory):
    """A tower of images of any whole number of patches."""
    import torch
    import transformers

    vlms = fixtures("vlms")
    vision = {"depth": 12, "embed_dim": 768, "hidden_size": 1536, "num_heads": 12, "mlp_ratio": 4}
    config = transformers.Qwen2VLConfig(vision_config=vision, text_config=vlms.TEXT, attn_implementation="eager").vision_config
    config._attn_implementation = "eager"
    visual = vlms.random(transformers.models.qwen2_vl.modeling_qwen2_vl.Qwen2VisionTransformerPretrainedModel(config))
    for block in visual.blocks:
        block.attn.forward = vlms.attention(block.attn)
    grid = torch.tensor(vlms.GRIDS[:1])
    inputs = {"pixel_values": vlms.made_up((grid.prod(), 1176)), "grid_thw": grid}
    axes = {"pixel_values": {0: "patches"}, "grid_thw": {0: "batch_size"}, "image_features": {0: "tokens"}}
    vlms.export(visual, lambda pixels, grid: visual(pixels, grid_thw=grid), inputs, ["image_features"], axes, directory / "model.onnx")
    return {"image_processor_type": "Qwen2VLImageProcessor", "min_pixels": 3136, "max_pixels": 12845056}


def write(name, directory):
    """Writes the files of a tower."""
    directory.mkdir(parents=True, exist_ok=True)
    processor = qwen2_vl(directory) if name == "qwen2-vl-base" else square(name.removesuffix("-base"), directory)
    (directory / "preprocessor_config.json").write_text(json.dumps(processor) + "\n")


if __name__ == "__main__":
    write(sys.argv[1], pathlib.Path(sys.argv[2]))
