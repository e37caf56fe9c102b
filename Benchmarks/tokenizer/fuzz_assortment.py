"""Tokenizers of stages drawn at random: what no published one combines must agree all the same.
Not those of every round (fuzz_tokenizers.py).
Read next: fuzz.py."""

import random

from tokenizers import Regex, Tokenizer, decoders, normalizers, pre_tokenizers

from fuzz_tokenizers import ADDED, ADDED_SPECIAL, LLAMA3_SPLIT, MERGES, with_options
from tokenizers_of_families import QWEN_SPLIT, byte_fallback_tokenizer, qwen_tokenizer


def unless_it_panics(body):
    """What `body` returns, or None where the peer's Rust panics."""
    try:
        return body()
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        return None


class Assortment:
    """Tokenizers of random stages in random order, each a fresh draw."""

    EXPRESSIONS = [LLAMA3_SPLIT, QWEN_SPLIT, r"\s", r"\w+", r"\p{L}+|\d", r"[^\s\p{L}]{2,3}?", r"a|ab|\u3000",
                   r"(?i:the)\s?", r"\p{M}", r"[\p{Lu}\p{Han}][^\n]", r"\S(?=\s)", r"\n$", r".(?!\n)", r"x*", "\u2581"]
    LITERALS = [" ", "a", "한", "ing", "\n"]
    REPLACEMENTS = ["", " ", "\u2581", "xyz", "é"]
    BEHAVIORS = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]

    def __init__(self) -> None:
        self.bases = {True: qwen_tokenizer(MERGES).to_str(), False: byte_fallback_tokenizer(MERGES).to_str()}

    def tokenizer(self, seed: int) -> Tokenizer:
        """The tokenizer that a seed draws."""
        self.random = random.Random(seed)
        is_byte_level = self.flag()
        options = {} if is_byte_level else {"byte_fallback": self.flag(), "fuse_unk": self.flag()}
        tokenizer = with_options(Tokenizer.from_str(self.bases[is_byte_level]), ignore_merges=self.flag(), **options)
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
        texts = unless_it_panics(lambda: {tokenizer.normalizer.normalize_str(token.content)
                                          for token in added if token.normalized})
        if texts and len(texts) == sum(token.normalized for token in added):
            tokenizer.add_tokens(added)
            tokenizer.add_special_tokens(ADDED_SPECIAL)
        return tokenizer

    def flag(self) -> bool:
        return self.random.random() < 0.5

    def several(self, make) -> list:
        return [make() for _ in range(self.random.randrange(3))]

    def pattern(self) -> str | Regex:
        return Regex(self.random.choice(self.EXPRESSIONS)) if self.flag() else self.random.choice(self.LITERALS)

    def replacement(self) -> str:
        return self.random.choice(self.REPLACEMENTS)

    def normalizer(self) -> normalizers.Normalizer:
        return self.random.choice([
            normalizers.NFC, normalizers.NFD, normalizers.NFKC, normalizers.NFKD, normalizers.Lowercase,
            lambda: normalizers.Strip(self.flag(), self.flag()),
            # Prepending nothing leaves the peer with offsets by which it later writes a character twice.
            lambda: normalizers.Prepend(self.replacement() or " "),
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
