"""Invented English, Korean and code with the frequencies of real text: Zipf's law over tens of thousands of words.
Not the strings on which correctness is fuzzed (fuzz_strings.py).
Read next: inputs.py."""

import bisect
import itertools
import random
from collections import Counter

from training_text import CODE, ITEMS, SENTENCES

PARTICLES = ["은", "는", "이", "가", "을", "를", "의", "에", "에서", "으로", "와", "과", "도", "만", "까지", "부터", "에게", "처럼"]
ENDINGS = ["합니다", "했다", "하는", "하고", "하여", "되었다", "되는", "할", "하지만", "해야", "했습니다", "된다", "하기", "입니다"]
ONSETS = ["", *"bcdfghlmnprstvw", "st", "tr", "pr", "ch", "sh", "th", "cl", "gr", "qu", "sp"]
NUCLEI = ["a", "e", "e", "i", "o", "u", "ea", "ou", "io", "ai"]
CODAS = ["", "", "n", "r", "s", "t", "l", "d", "m", "nd", "nt", "st", "ck", "ng"]
SUFFIXES = ["", "", "", "", "s", "ed", "ing", "er", "ly", "tion", "ment", "al"]
# Places of the frequent letters among the leads, vowels and trails of Hangul syllables, the most frequent repeated.
LEADS, VOWELS, TRAILS = [11, 0, 2, 3, 5, 6, 7, 9, 12, 18], [0, 4, 8, 13, 18, 20, 1, 5, 6], [0, 0, 0, 0, 4, 8, 21, 1, 16]
KINDS = ["english", "korean", "code"]
STATEMENTS = [
    "let {a} = {b}({c}: {d}, {e}: {n})", "if {a}.{b} != nil && {c} > {n} {{", "for {a} in {b}.{c}({d}) {{", "}}",
    "return {a}.{b}[{c}] ?? {n}", "self.{a} = {a}", "def {a}(self, {b}: int = {n}) -> {C}:", "\"{a}\": \"{b} {c}\",",
    "// {s}", "# {s}", "{a}_{b} += {c}[{d} - 1] * {n}.5f;", "guard let {a} = try? {b}.{c}() else {{ return }}",
    "public struct {A}{B}: {C}, Sendable {{", "static const uint64_t {a}_{b} = 0x{n}FF;", "",
    "assert {a}({b}) == [{n}, {n}], f\"{c} {{{d}}}\"",
]


class Lexicon:
    """Words from frequent to rare, drawn by Zipf's law."""

    def __init__(self, words: list[str], generator: random.Random) -> None:
        self.words = words
        self.random = generator
        self.bounds = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(words))))

    def draw(self) -> str:
        return self.words[bisect.bisect_left(self.bounds, self.random.random() * self.bounds[-1])]


def letter_words(sentences: list[str], count: int, generator: random.Random) -> list[str]:
    """The words of sentences by frequency, then invented ones of one to four syllables and an ending, short ones first.
    """
    words = dict.fromkeys(word for word, _ in Counter(word for line in sentences for word in line.lower().split()
                                                      if word.isalpha()).most_common())
    while len(words) < count:
        syllables = 1 + bisect.bisect([1_500, 30_000, 200_000], len(words))
        parts = [generator.choice(ONSETS) + generator.choice(NUCLEI) for _ in range(syllables)]
        words["".join(parts) + generator.choice(CODAS) + generator.choice(SUFFIXES)] = None
    return list(words)


def hangul_words(count: int, generator: random.Random) -> list[str]:
    """Invented words of two to four syllables of the frequent letters."""
    def syllable() -> str:
        lead, vowel, trail = generator.choice(LEADS), generator.choice(VOWELS), generator.choice(TRAILS)
        return chr(0xAC00 + (lead * 21 + vowel) * 28 + trail)
    words = {}
    while len(words) < count:
        words["".join(syllable() for _ in range(generator.choice([2, 2, 2, 3, 3, 4])))] = None
    return list(words)


class Writer:
    """Writes text of each kind; the same seed gives the same text."""

    def __init__(self, seed: int, words: int) -> None:
        self.random = random.Random(seed)
        latin = [line for line in SENTENCES if line.isascii()]
        self.latin = Lexicon(letter_words(latin, words, self.random), self.random)
        self.hangul = Lexicon(hangul_words(words, self.random), self.random)

    def number(self) -> str:
        return self.random.choice(["{}", "{}", "{:,}", "{}.5", "20{:02}", "${:,}.00"]).format(
            self.random.randrange(self.random.choice([10, 100, 1000, 100000])))

    def sentence(self) -> str:
        words = [self.latin.draw() for _ in range(self.random.randrange(4, 24))]
        for index in range(len(words)):
            chance = self.random.random()
            if chance < 0.03:
                words[index] = self.number()
            elif chance < 0.07:
                words[index] = words[index].capitalize()
            elif chance < 0.09:
                words[index] += self.random.choice(["'s", "n't", "'re", "-" + self.latin.draw()])
            elif chance < 0.16:
                words[index] += ","
            elif chance < 0.17:
                words[index] = f"({words[index]})"
        text = " ".join(words)
        return text[0].upper() + text[1:] + self.random.choice([".", ".", ".", "?", "!", ":"])

    def hangul_sentence(self) -> str:
        words = []
        for _ in range(self.random.randrange(3, 14)):
            chance = self.random.random()
            words.append(self.number() + self.random.choice(["원", "일", "개"]) if chance < 0.04
                         else self.latin.draw() if chance < 0.06
                         else self.hangul.draw() + self.random.choice(PARTICLES) + ("," if chance > 0.95 else ""))
        return " ".join(words) + " " + self.hangul.draw() + self.random.choice(ENDINGS) + "."

    def identifier(self) -> str:
        words = [self.latin.draw() for _ in range(self.random.choice([1, 1, 2, 2, 3]))]
        return "_".join(words) if self.random.random() < 0.4 else words[0] + "".join(map(str.capitalize, words[1:]))

    def statement(self) -> str:
        if self.random.random() < 0.02:
            return self.random.choice(CODE)
        names = {letter: self.identifier() for letter in "abcde"}
        capitals = {letter: self.latin.draw().capitalize() for letter in "ABC"}
        text = self.random.choice(STATEMENTS).format(**names, **capitals, s=self.sentence(),
                                                     n=self.random.randrange(self.random.choice([10, 1000])))
        return " " * self.random.choice([0, 4, 4, 8, 8, 12]) + text

    def table_row(self) -> str:
        return f"| {self.random.choice(ITEMS)} | {self.number()} | {self.number()} |"


def text(writer: Writer, kind: str, size: int) -> str:
    """`size` bytes of UTF-8, less what the last character would have needed."""
    make, between = {
        "english": (writer.sentence, [" ", " ", " ", "\n", "\n\n"]),
        "korean": (writer.hangul_sentence, [" ", " ", " ", "\n", "\n\n"]),
        "code": (writer.statement, ["\n"]),
    }[kind]
    parts, length = [], 0
    while length < size:
        parts.append((make() if writer.random.random() < 0.99 else writer.table_row())
                     + writer.random.choice(between))
        length += len(parts[-1].encode())
    return "".join(parts).encode()[:size].decode(errors="ignore")
