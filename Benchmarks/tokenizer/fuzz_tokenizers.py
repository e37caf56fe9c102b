"""The tokenizers that are fuzzed: the families' own, a large one, and one for every other stage that can be loaded.
Not the strings (fuzz_strings.py).
Read next: Scripts/fixtures/tokenizers_of_families.py."""

import json
import random
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tokenizers_of_families import QWEN_SPLIT, byte_fallback_tokenizer, qwen_tokenizer, save_tokenizer, smollm_tokenizer
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


def _with_options(tokenizer: Tokenizer, **options) -> Tokenizer:
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
    tokenizer = _with_options(qwen_tokenizer(MERGES), ignore_merges=True)
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
    tokenizer = _with_options(byte_fallback_tokenizer(MERGES), byte_fallback=False)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Replace(Regex(r"\s{2,}"), " "), normalizers.NFD()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="\u2581", prepend_scheme="first", split=True)
    tokenizer.decoder = decoders.Metaspace(replacement="\u2581", prepend_scheme="first", split=True)
    return tokenizer


def split_stages() -> Tokenizer:
    """Lower case without white space at the ends; splits at white space, punctuation and numbers."""
    tokenizer = _with_options(byte_fallback_tokenizer(MERGES), byte_fallback=False, fuse_unk=False)
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


class Assortment:
    """Tokenizers of random stages in random order, each a fresh draw."""

    PATTERNS = [LLAMA3_SPLIT, QWEN_SPLIT, r"\s", r"\w+", r"\p{L}+|\d", r"[^\s\p{L}]{2,3}?", r"a|ab|\u3000", r"(?i:the)\s?",
                r"\p{M}", r"[\p{Lu}\p{Han}][^\n]", r"\S(?=\s)", r"\n$", r".(?!\n)", r"x*", "\u2581"]
    BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]

    def __init__(self) -> None:
        self.bases = {True: qwen_tokenizer(MERGES).to_str(), False: byte_fallback_tokenizer(MERGES).to_str()}

    def tokenizer(self, seed: int) -> Tokenizer:
        self.random = random.Random(seed)
        is_byte_level = self.flag()
        tokenizer = _with_options(Tokenizer.from_str(self.bases[is_byte_level]), ignore_merges=self.flag(),
                                  **({} if is_byte_level else {"byte_fallback": self.flag(), "fuse_unk": self.flag()}))
        tokenizer.normalizer = normalizers.Sequence(self.several(self.normalizer))
        splitters = self.several(self.splitter)
        if is_byte_level:
            splitters.append(pre_tokenizers.ByteLevel(add_prefix_space=self.flag(), use_regex=self.flag()))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(splitters)
        tokenizer.decoder = decoders.Sequence(self.several(self.decoder) + [self.random.choice([
            decoders.ByteLevel(), decoders.Fuse(), decoders.ByteFallback(), decoders.Metaspace(),
        ])] + self.several(self.late_decoder))
        added = self.random.sample(ADDED, 5)
        # Two that the normalizer makes one are refused.
        texts = {tokenizer.normalizer.normalize_str(token.content) for token in added if token.normalized}
        if len(texts) == sum(token.normalized for token in added):
            tokenizer.add_tokens(added)
            tokenizer.add_special_tokens(ADDED_SPECIAL)
        return tokenizer

    def flag(self) -> bool:
        return self.random.random() < 0.5

    def several(self, make) -> list:
        return [make() for _ in range(self.random.randrange(3))]

    def pattern(self) -> str | Regex:
        return Regex(self.random.choice(self.PATTERNS)) if self.flag() else self.random.choice([" ", "a", "한", "ing", "\n"])

    def replacement(self) -> str:
        return self.random.choice(["", " ", "\u2581", "xyz", "é"])

    def normalizer(self) -> normalizers.Normalizer:
        return self.random.choice([
            normalizers.NFC, normalizers.NFD, normalizers.NFKC, normalizers.NFKD, normalizers.Lowercase,
            lambda: normalizers.Strip(self.flag(), self.flag()), lambda: normalizers.Prepend(self.replacement()),
            lambda: normalizers.Replace(self.pattern(), self.replacement()),
        ])()

    def splitter(self) -> pre_tokenizers.PreTokenizer:
        behavior, scheme = self.random.choice(self.BEHAVIORS), self.random.choice(["always", "first", "never"])
        return self.random.choice([
            lambda: pre_tokenizers.Split(self.pattern(), behavior, invert=self.flag()),
            lambda: pre_tokenizers.Digits(self.flag()), lambda: pre_tokenizers.Punctuation(behavior),
            pre_tokenizers.Whitespace, pre_tokenizers.WhitespaceSplit,
            lambda: pre_tokenizers.Metaspace("\u2581", scheme, self.flag()),
        ])()

    def decoder(self) -> decoders.Decoder:
        return self.random.choice([
            self.late_decoder, lambda: decoders.Metaspace("\u2581", self.random.choice(["always", "never"])),
            lambda: decoders.BPEDecoder("e"), decoders.ByteFallback,
        ])()

    def late_decoder(self) -> decoders.Decoder:
        return self.random.choice([
            lambda: decoders.Replace(self.pattern(), self.replacement()),
            # At the other end the peer panics where nothing is left.
            lambda: decoders.Strip(self.random.choice([" ", "a"]), self.random.randrange(3), 0),
        ])()


def make_tokenizers(folder: Path, large: Path) -> dict[str, Path]:
    """Writes a tokenizer.json for each kind; `large` stands beside them."""
    paths = {}
    for name, make in KINDS.items():
        paths[name] = folder / f"{name}.json"
        save_tokenizer(make(), paths[name], merges_as_strings=False)
    return paths | {"large": large}
