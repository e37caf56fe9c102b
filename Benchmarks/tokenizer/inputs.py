"""Makes what is measured, with fixed seeds: a Qwen2-like tokenizer.json as large as the published one, and three texts.
Not kept in the repository: about a minute of training makes it once.
Read next: measure.py."""

from pathlib import Path

from texts import Writer, text
from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers, trainers
from tokenizers_of_families import QWEN_ADDED, qwen_tokenizer, save_tokenizer

VOCABULARY = 151_643
KINDS = ["english", "korean", "code"]
TEXT_BYTES = 1 << 20
TRAINING_BYTES = 24 << 20
MEASURED_SEED, TRAINING_SEED = 1, 2


def large_tokenizer(path: Path) -> None:
    """Trains on more text of the same kinds, of other words: about what a published tokenizer is to a user's text."""
    print("training a tokenizer of 151,643 tokens, once ...", flush=True)
    writer = Writer(TRAINING_SEED, words=400_000)
    tokenizer = qwen_tokenizer(merges=1)
    tokenizer.model = models.BPE(continuing_subword_prefix="", end_of_word_suffix="")
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    lines = (line for kind in KINDS for line in text(writer, kind, TRAINING_BYTES // 3).splitlines(keepends=True))
    tokenizer.train_from_iterator(lines, trainer)
    save_tokenizer(tokenizer, path, merges_as_strings=True)
