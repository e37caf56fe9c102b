"""Trains a small Llama for some minutes on one machine without an accelerator, and writes it as a checkpoint.
Not a good model: one whose weights, activations and predictions are those of training, unlike random ones.
Read next: corpus.py (the text), run (what is measured with it).

    trained_model.py DIRECTORY [STEPS]"""

import json
import math
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fixtures"))

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from checkpoints import Checkpoint, Text
from configs import generation_config, model_config
from corpus import split
from tokenizers_of_families import SMOLLM_SPECIAL, smollm_tokenizer

SEED = 20261121
SHAPE = Text(layers=4, hidden=384, intermediate=1024, heads=6, kv_heads=2, head_dim=64, tied=True, eps=1e-5, theta=1e5)
VOCABULARY = 2048
STEPS, ROWS, TOKENS = 800, 8, 256
PEAK_RATE, WARM_UP_STEPS, WEIGHT_DECAY = 2e-3, 40, 0.1


def rate(step: int, steps: int) -> float:
    """Up in a line, then down along a cosine to a tenth."""
    if step < WARM_UP_STEPS:
        return PEAK_RATE * (step + 1) / WARM_UP_STEPS
    return PEAK_RATE * (0.55 + 0.45 * math.cos(math.pi * (step - WARM_UP_STEPS) / (steps - WARM_UP_STEPS)))


def train(model: LlamaForCausalLM, stream: torch.Tensor, steps: int) -> None:
    decayed = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    plain = [parameter for parameter in model.parameters() if parameter.ndim == 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": WEIGHT_DECAY},
                                   {"params": plain, "weight_decay": 0.0}], betas=(0.9, 0.95))
    start = time.monotonic()
    for step in range(steps):
        first = step * ROWS * TOKENS % (len(stream) - ROWS * TOKENS)
        rows = stream[first:first + ROWS * TOKENS].view(ROWS, TOKENS)
        with torch.autocast("cpu", torch.bfloat16):
            loss = model(rows, labels=rows).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for group in optimizer.param_groups:
            group["lr"] = rate(step, steps)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step % 50 == 0 or step + 1 == steps:
            print(f"step {step + 1} of {steps}: {loss.item():.3f} nats a token, {time.monotonic() - start:.0f} s",
                  flush=True)


def main(folder: Path, steps: int) -> None:
    torch.manual_seed(SEED)
    texts, _, _ = split()
    tokenizer = smollm_tokenizer(VOCABULARY - 256 - len(SMOLLM_SPECIAL), texts)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    end = tokenizer.token_to_id("<|endoftext|>")
    encoded = tokenizer.encode_batch(texts[:12 * steps * ROWS])
    stream = torch.tensor([token for text in encoded for token in [end, *text.ids]][:steps * ROWS * TOKENS])
    print(f"{len(texts)} documents, {len(stream)} tokens", flush=True)

    shape = Checkpoint("trained", "llama", "", SHAPE)
    ids = {text: tokenizer.token_to_id(text) for text in SMOLLM_SPECIAL}
    settings = model_config(shape, VOCABULARY, ids)
    model = LlamaForCausalLM(LlamaConfig(**settings))
    train(model, stream, steps)
    model.to(torch.bfloat16).save_pretrained(folder)
    (folder / "config.json").write_text(json.dumps(settings, indent=2) + "\n")
    (folder / "generation_config.json").write_text(json.dumps(generation_config(shape, ids), indent=2) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else STEPS)
