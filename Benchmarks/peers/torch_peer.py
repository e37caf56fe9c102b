"""Measures transformers on torch: a prompt, tokens one by one, an image through the encoder. Prints one JSON object.

    torch_peer.py CHECKPOINT THREADS PROMPT GENERATE f32|bf16 [PATCH_ROWSxPATCH_COLUMNS]

With an image grid, the encoder alone is measured."""

import json
import statistics
import sys
import time
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

ELEMENTS = {"f32": torch.float32, "bf16": torch.bfloat16}


def median_seconds(body, runs: int) -> float:
    body()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def encoder(model, rows: int, columns: int) -> dict:
    visual = model.model.visual
    patches = torch.randn(rows * columns, 1176, dtype=visual.dtype)
    grid = torch.tensor([[1, rows, columns]])
    return {"encode_milliseconds": median_seconds(lambda: visual(patches, grid_thw=grid), 1) * 1000}


def language_model(model, words: int, prompt: int, generate: int) -> dict:
    tokens = torch.randint(0, words, (1, prompt))
    prefill = median_seconds(lambda: model(input_ids=tokens, use_cache=True, logits_to_keep=1), 2)
    cache = model(input_ids=tokens, use_cache=True, logits_to_keep=1).past_key_values
    steps = []
    for step in range(generate):
        token = torch.randint(0, words, (1, 1))
        start = time.perf_counter()
        cache = model(input_ids=token, past_key_values=cache, use_cache=True).past_key_values
        steps.append(time.perf_counter() - start)
    return {"prefill": prompt / prefill, "decode": 1 / statistics.median(steps[2:])}


@torch.inference_mode()
def main(checkpoint: Path, threads: int, prompt: int, generate: int, element: str, grid: str | None = None) -> None:
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    config = AutoConfig.from_pretrained(checkpoint)
    kind = AutoModelForImageTextToText if hasattr(config, "vision_config") else AutoModelForCausalLM
    model = kind.from_pretrained(checkpoint, dtype=ELEMENTS[element], attn_implementation="sdpa").eval()
    if grid:
        print(json.dumps(encoder(model, *map(int, grid.split("x")))))
    else:
        words = model.get_input_embeddings().num_embeddings
        print(json.dumps(language_model(model, words, prompt, generate)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]), *sys.argv[5:])
