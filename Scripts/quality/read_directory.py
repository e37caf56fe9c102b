"""Reads a directory that `quantize` wrote in two ways that know nothing of vlmc, and compares with what vlmc answers.
Its integers are unpacked here by the published layouts; and transformers reads it, where it can without a GPU.
Read next: ../verify-quantized-directories.

    read_directory.py DIRECTORY ANSWER      ANSWER: the JSON of `generate --raw --logprobs 5 --json`"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

PROMPT = "What is the total amount of this invoice?"
# Log probabilities of two programs in f32; and of one library in f32 with the same numbers.
LOG_PROBABILITY_TOLERANCE, SAME_NUMBERS_TOLERANCE = 1e-3, 1e-5
# casper-hansen/AutoAWQ@v0.2.9, awq/utils/packing_utils.py: the output in each place of a word.
AWQ_ORDER = [0, 2, 4, 6, 1, 3, 5, 7]


def unpacked(words: np.ndarray, bits: int) -> np.ndarray:
    """The values of words along the last axis, the lowest bits first."""
    shifts = np.arange(0, 32, bits, dtype=np.uint32)
    values = (words.view(np.uint32)[..., None] >> shifts) & np.uint32((1 << bits) - 1)
    return values.reshape(*words.shape[:-1], -1).astype(np.int32)


def awq_weight(tensors: dict[str, np.ndarray]) -> np.ndarray:
    """[outputs, inputs] from qweight [inputs, outputs / 8], qzeros [groups, outputs / 8], scales [groups, outputs]."""
    def outputs(words: np.ndarray) -> np.ndarray:
        values = unpacked(words, 4).reshape(words.shape[0], -1, 8)
        result = np.empty_like(values)
        result[..., AWQ_ORDER] = values
        return result.reshape(words.shape[0], -1)

    values, zeros, scales = outputs(tensors["qweight"]), outputs(tensors["qzeros"]), tensors["scales"]
    group = values.shape[0] // scales.shape[0]
    return ((values - np.repeat(zeros, group, 0)) * np.repeat(scales.astype(np.float32), group, 0)).T


def packed_weight(tensors: dict[str, np.ndarray], bits: int) -> np.ndarray:
    """[outputs, inputs] from weight_packed [outputs, inputs / (32 / bits)] and weight_scale [outputs, groups]."""
    values = unpacked(tensors["weight_packed"], bits) - (1 << (bits - 1))
    assert list(values.shape) == tensors["weight_shape"].tolist()
    scales = tensors["weight_scale"].astype(np.float32)
    return values * np.repeat(scales, values.shape[1] // scales.shape[1], 1)


def write_plain_copy(directory: Path, target: Path) -> int:
    """The same checkpoint with numbers in the place of integers; returns how many matrices were integers."""
    shutil.copytree(directory, target, ignore=shutil.ignore_patterns("*.safetensors*", ".vlmc"))
    config = json.loads((directory / "config.json").read_text())
    settings = config.pop("quantization_config")
    (target / "config.json").write_text(json.dumps(config))
    plain, parts = {}, {}
    for file in directory.glob("*.safetensors"):
        with safe_open(file, "pt") as tensors:
            for name in tensors.keys():
                stem, _, part = name.rpartition(".")
                if part in ("qweight", "qzeros", "scales", "weight_packed", "weight_scale", "weight_shape"):
                    parts.setdefault(stem, {})[part] = tensors.get_tensor(name).numpy()
                else:
                    plain[name] = tensors.get_tensor(name)
    for stem, found in parts.items():
        if settings["quant_method"] == "awq":
            weight = awq_weight(found)
        else:
            weight = packed_weight(found, settings["config_groups"]["group_0"]["weights"]["num_bits"])
        plain[stem + ".weight"] = torch.from_numpy(np.ascontiguousarray(weight, dtype=np.float32))
    save_file(plain, target / "model.safetensors", {"format": "pt"})
    return len(parts)


def load(directory: Path) -> torch.nn.Module:
    config = AutoConfig.from_pretrained(directory)
    kind = AutoModelForImageTextToText if hasattr(config, "vision_config") else AutoModelForCausalLM
    return kind.from_pretrained(directory, dtype=torch.float32).eval()


@torch.no_grad()
def log_probabilities(model: torch.nn.Module, tokens: list[int]) -> torch.Tensor:
    return torch.log_softmax(model(torch.tensor([tokens])).logits[0], -1)


def answer_error(answer: dict, prompt: list[int], expected: torch.Tensor) -> float:
    """The largest difference of a log probability that vlmc states from the expected one."""
    pairs = [(entry["logprob"], expected[len(prompt) - 1 + step, entry["id"]].item())
             for step, position in enumerate(answer["logprobs"]) for entry in [position, *position["top_logprobs"]]]
    return max(abs(ours - theirs) for ours, theirs in pairs)


def main(directory: Path, answer_path: Path) -> int:
    answer = json.loads(answer_path.read_text())
    prompt = Tokenizer.from_file(str(directory / "tokenizer.json")).encode(PROMPT, add_special_tokens=False).ids
    tokens = prompt + answer["tokens"]
    with tempfile.TemporaryDirectory() as folder:
        count = write_plain_copy(directory, Path(folder) / "plain")
        plain = log_probabilities(load(Path(folder) / "plain"), tokens)
    ours = answer_error(answer, prompt, plain)
    line = f"{directory.name}: {count} matrices; vlmc differs by {ours:.1e} from the layout as published"
    agrees = count > 0 and len(answer["tokens"]) == 16 and ours <= LOG_PROBABILITY_TOLERANCE
    # transformers reads AWQ with the kernels of other packages alone, which need a GPU.
    if json.loads((directory / "config.json").read_text())["quantization_config"]["quant_method"] != "awq":
        theirs = (log_probabilities(load(directory), tokens) - plain).abs().max().item()
        line += f", compressed-tensors by {theirs:.1e}"
        agrees = agrees and theirs <= SAME_NUMBERS_TOLERANCE
    print(line + ("" if agrees else ": DIFFERS"))
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
