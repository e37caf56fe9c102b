"""The tokenizers of every round: the families' own, a large one, and some with other stages that are in use.
Not the random ones (fuzz_assortment.py).
Read next: Scripts/fixtures/tokenizers_of_families.py."""

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tokenizers_of_families import byte_fallback_tokenizer, qwen_tokenizer, save_tokenizer, smollm_tokenizer
from training_text import training_lines

MERGES = 1500
LLAMA3_SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
                r"|\s*[\r\n]+|\s+(?!\S)|\s+")
O200K_SPLIT = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


ADDED = [
    AddedToken("the", single_word=True, normalized=False), AddedToken("<|im_end", lstrip=True, normalized=False),
    AddedToken("한글", rstrip=True, normalized=True), AddedToken("ﬁ", normalized=True),
    AddedToken("e\u0301", normalized=True, lstrip=True, rstrip=True), AddedToken("  ", normalized=False),
    AddedToken("12", normalized=True, single_word=True), AddedToken("\n\n", normalized=False, lstrip=True),
]
ADDED_SPECIAL = [AddedToken("<mask>", lstrip=True), AddedToken("<s>", rstrip=True)]


def with_options(tokenizer: Tokenizer, **options) -> Tokenizer:
    """The same tokenizer with other members of its model."""
    content = json.loads(tokenizer.to_str())
    content["model"].update(options)
    return Tokenizer.from_str(json.dumps(content))


def _split(pattern: str) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=False),
    ])


def llama3() -> Tokenizer:
    """Three digits a word, whole words before merges, a token in front of every text."""
    tokenizer = with_options(qwen_tokenizer(MERGES), ignore_merges=True)
    tokenizer.normalizer = None
    tokenizer.pre_tokenizer = _split(LLAMA3_SPLIT)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|im_start|> $A", special_tokens=[("<|im_start|>", tokenizer.token_to_id("<|im_start|>"))])
    return tokenizer


def o200k() -> Tokenizer:
    """The longest split pattern in use."""
    tokenizer = qwen_tokenizer(MERGES)
    tokenizer.pre_tokenizer = _split(O200K_SPLIT)
    return tokenizer


def added_tokens() -> Tokenizer:
    """A space before every text, and added tokens with every flag."""
    tokenizer = smollm_tokenizer(MERGES)
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.add_tokens(ADDED)
    tokenizer.add_special_tokens(ADDED_SPECIAL)
    return tokenizer


def metaspace() -> Tokenizer:
    """Words that start with U+2581, of characters; what is unknown becomes one token a stretch."""
    tokenizer = with_options(byte_fallback_tokenizer(MERGES), byte_fallback=False)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Replace(Regex(r"\s{2,}"), " "), normalizers.NFD()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="first", split=True)
    tokenizer.decoder = decoders.Metaspace(replacement="\u2581", prepend_scheme="first", split=True)
    return tokenizer


def split_stages() -> Tokenizer:
    """Lower case without white space at the ends; splits at white space, punctuation and numbers."""
    tokenizer = with_options(byte_fallback_tokenizer(MERGES), byte_fallback=False, fuse_unk=False)
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Strip(), normalizers.Lowercase(), normalizers.NFKD(), normalizers.Replace("a", "\u2581a")])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("merged_with_previous"),
        pre_tokenizers.Digits(individual_digits=False)])
    tokenizer.decoder = decoders.Fuse()
    return tokenizer


def word_suffixes() -> Tokenizer:
    """The last character of a word is marked, as in the first of these encodings."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.decoder = decoders.BPEDecoder("</w>")
    tokenizer.train_from_iterator(training_lines(), trainers.BpeTrainer(
        vocab_size=MERGES, show_progress=False, special_tokens=["<unk>"], end_of_word_suffix="</w>"))
    return tokenizer


KINDS = {
    "qwen2": lambda: qwen_tokenizer(MERGES), "smollm2": lambda: smollm_tokenizer(MERGES),
    "byte-fallback": lambda: byte_fallback_tokenizer(MERGES), "llama3": llama3, "o200k": o200k,
    "added-tokens": added_tokens, "metaspace": metaspace, "split-stages": split_stages, "word-suffixes": word_suffixes,
}


def make_tokenizers(folder: Path, large: Path) -> dict[str, Path]:
    """Writes a tokenizer.json for each kind; `large` stands beside them."""
    paths = {}
    for name, make in KINDS.items():
        paths[name] = folder / f"{name}.json"
        save_tokenizer(make(), paths[name], merges_as_strings=False)
    return paths | {"large": large}
