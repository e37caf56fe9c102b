"""Makes what is measured, with fixed seeds: a Qwen2-like tokenizer.json as large as the published one, and three texts.
Not kept in the repository: about a minute of training makes it once.
Read next: texts.py."""

import os
from pathlib import Path
from typing import NamedTuple

from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers

from texts import KINDS, Writer, text
from tokenizers_of_families import QWEN_ADDED, qwen_tokenizer, save_tokenizer

VOCABULARY = 151_643
TEXT_BYTES = 1 << 20
TEXT_SEED, TEXT_WORDS = 1, 30_000
TRAINING_BYTES = 24 << 20
TRAINING_SEED, TRAINING_WORDS = 2, 400_000


class Inputs(NamedTuple):
    """Files that are there."""

    tokenizer: Path
    texts: list[Path]


def make_inputs(folder: Path) -> Inputs:
    """Makes what is missing in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    inputs = Inputs(folder / "tokenizer.json", [folder / f"{kind}.txt" for kind in KINDS])
    if not inputs.tokenizer.exists():
        print(f"training a tokenizer of {VOCABULARY:,} tokens, once ...", flush=True)
        part = inputs.tokenizer.with_suffix(".part")
        save_tokenizer(_large_tokenizer(), part, merges_as_strings=True)
        os.replace(part, inputs.tokenizer)
    writer = Writer(TEXT_SEED, TEXT_WORDS)
    for kind, path in zip(KINDS, inputs.texts):
        path.write_bytes(text(writer, kind, TEXT_BYTES).encode())
    return inputs


def _large_tokenizer() -> Tokenizer:
    """Trained on more text of the same kinds and of other words, as a published tokenizer is to a user's text."""
    small = qwen_tokenizer(merges=0)
    tokenizer = Tokenizer(models.BPE(continuing_subword_prefix="", end_of_word_suffix=""))
    tokenizer.normalizer, tokenizer.pre_tokenizer = small.normalizer, small.pre_tokenizer
    tokenizer.post_processor, tokenizer.decoder = small.post_processor, small.decoder
    writer = Writer(TRAINING_SEED, TRAINING_WORDS)
    lines = (line for kind in KINDS for line in text(writer, kind, TRAINING_BYTES // 3).splitlines(keepends=True))
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(
        vocab_size=VOCABULARY, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=special) for text, special in QWEN_ADDED])
    return tokenizer
