"""Writes a checkpoint with the shapes of a published model and random weights, in the layout of Hugging Face.

    synthetic_checkpoint.py MODEL DIRECTORY       MODEL as in models/, such as smollm2-360m

Every engine that is compared reads the same files. The names and shapes are those of transformers' own model on its meta
device; values are bf16, scaled so that activations stay in range. The tokenizer is a small one of the same family unless
DIRECTORY/tokenizer.json exists already."""

import json
import math
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

REPOSITORY = Path(__file__).resolve().parent.parent
PUBLISHED = REPOSITORY / "Tests/ModelDescriptionsTests/PublishedModels"
CHECKPOINTS = REPOSITORY / "Tests/Fixtures/checkpoints"
SHARD_BYTES = 4 << 30
SEED = 20261121


def meta_model(config):
    """The model without memory: names and shapes alone."""
    kind = AutoModelForImageTextToText if hasattr(config, "vision_config") else AutoModelForCausalLM
    with torch.device("meta"):
        return kind.from_config(config)


def published_name(name: str) -> str:
    """The name in published files, which are older than the module tree of today."""
    if name.startswith("model.language_model."):
        return "model." + name.removeprefix("model.language_model.")
    return name.removeprefix("model.") if name.startswith("model.visual.") else name


def values(name: str, shape: list[int], block: np.ndarray) -> np.ndarray:
    """bf16 bits: ones for gains, zeros for biases, otherwise numbers of variance 1 / inputs, repeated from a block."""
    count = math.prod(shape)
    if len(shape) == 1:
        one = 0x3F80 if name.endswith("weight") else 0
        return np.full(count, one, dtype=np.uint16)
    scale = 0.02 if "embed_tokens" in name else 1 / math.sqrt(count / shape[0])
    scaled = (block * np.float32(scale)).view(np.uint32) >> 16
    return np.resize(scaled.astype(np.uint16), count)


def write_shard(path: Path, tensors: list[tuple[str, list[int]]], block: np.ndarray) -> None:
    header, offset = {}, 0
    for name, shape in tensors:
        size = 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for index, (name, shape) in enumerate(tensors):
            file.write(np.roll(values(name, shape, block), 977 * index).tobytes())


def shards(tensors: list[tuple[str, list[int]]]) -> list[list[tuple[str, list[int]]]]:
    parts, size = [[]], 0
    for name, shape in tensors:
        if size + 2 * math.prod(shape) > SHARD_BYTES and parts[-1]:
            parts.append([])
            size = 0
        parts[-1].append((name, shape))
        size += 2 * math.prod(shape)
    return parts


def main(model: str, directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    source = PUBLISHED / model
    for file in ["config.json", "generation_config.json", "preprocessor_config.json", "tokenizer_config.json"]:
        if (source / file).exists():
            shutil.copy(source / file, directory / file)
    family = "tiny-smollm2-a" if model.startswith("smollm2") else "tiny-qwen25vl-a"
    if not (directory / "tokenizer.json").exists():
        shutil.copy(CHECKPOINTS / family / "tokenizer.json", directory / "tokenizer.json")

    config = AutoConfig.from_pretrained(source)
    tied = getattr(config, "tie_word_embeddings", False)
    tensors = [
        (published_name(name), list(value.shape))
        for name, value in meta_model(config).state_dict().items()
        if not (tied and name == "lm_head.weight")
    ]
    block = np.random.default_rng(SEED).standard_normal(1 << 24, dtype=np.float32)
    parts = shards(tensors)
    places = {}
    for index, part in enumerate(parts, 1):
        name = "model.safetensors" if len(parts) == 1 else f"model-{index:05}-of-{len(parts):05}.safetensors"
        write_shard(directory / name, part, block)
        places |= {tensor: name for tensor, _ in part}
    if len(parts) > 1:
        total = sum(2 * math.prod(shape) for _, shape in tensors)
        index = {"metadata": {"total_size": total}, "weight_map": places}
        (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    print(f"{directory}: {sum(math.prod(shape) for _, shape in tensors):,} parameters in {len(parts)} files")


if __name__ == "__main__":
    if len(sys.argv) != 3 or not (PUBLISHED / sys.argv[1]).is_dir():
        names = ", ".join(sorted(path.name for path in PUBLISHED.iterdir() if path.is_dir()))
        sys.exit(f"usage: synthetic_checkpoint.py MODEL DIRECTORY; models are {names}")
    main(sys.argv[1], Path(sys.argv[2]))
