"""Random strings without end: what the committed fixtures are drawn from, and more that is rare in them.
Not the committed strings (Scripts/fixtures/fuzz_text.py).
Read next: fuzz.py."""

import unicodedata

from fuzz_text import CONTROLS, EMOJI, HANGUL, MARKS, OLD_JAMO, OTHER_SCRIPTS, PUNCTUATION, WHITE_SPACE, Fuzzer
from fuzz_tokenizers import ADDED, ADDED_SPECIAL
from texts import Writer

SURROGATES = range(0xD800, 0xE000)
LAST = 0x10FFFF
# Stretches of code points that are drawn from whether assigned or not.
STRETCHES = [(0x0, LAST), (0x0, 0xFF), (0x300, 0x36F), (0x590, 0x8FF), (0x900, 0xDFF), (0x1100, 0x11FF),
             (0x1AB0, 0x1AFF), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x3000, 0x30FF), (0xA960, 0xA97F), (0xAC00, 0xD7FF),
             (0xE000, 0xF8FF), (0xF900, 0xFAFF), (0xFE00, 0xFFFF), (0x10000, 0x11FFF), (0x1D100, 0x1D24F),
             (0x1F000, 0x1FAFF), (0x20000, 0x3FFFF), (0xE0000, 0xE01EF), (0xF0000, LAST)]
COMPOSED = [chr(code) for code in range(LAST + 1) if code not in SURROGATES and unicodedata.decomposition(chr(code))]


class WideFuzzer(Fuzzer):
    """The kinds of `Fuzzer`, whole sentences, any code points, and strings that are long or repeat themselves."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.writer = Writer(seed, words=3_000)
        self.kinds = [
            self.prose, self.korean, self.emoji, self.code, self.marks, self.scripts, self.digits, self.spaces,
            self.contractions, self.special, self.controls, self.code_points, self.punctuation, self.mixture,
            self.any_code_points, self.stretch, self.decomposed, self.jamo, self.run, self.added, self.line,
            self.long,
        ]

    def any_code_point(self, first: int = 0, last: int = LAST) -> str:
        while (code := self.random.randint(first, last)) in SURROGATES:
            pass
        return chr(code)

    def any_code_points(self) -> str:
        return "".join(self.any_code_point(*self.random.choice(STRETCHES))
                       for _ in range(self.random.randrange(1, 12)))

    def stretch(self) -> str:
        first, last = self.random.choice(STRETCHES)
        between = self.random.choice(["", "", " ", "a", "\u0301", "1"])
        return between.join(self.any_code_point(first, last) for _ in range(self.random.randrange(1, 16)))

    def decomposed(self) -> str:
        parts = [self.random.choice([self.random.choice(COMPOSED), self.pick(MARKS), self.any_code_point(0x300, 0x36F)])
                 for _ in range(self.random.randrange(1, 6))]
        return unicodedata.normalize(self.pick(["NFC", "NFD", "NFKC", "NFKD"]), "".join(parts)) + self.pick(MARKS)

    def jamo(self) -> str:
        """Leads, vowels, trails and open syllables in any order, and the neighbours of each that do not compose."""
        parts = [(0x1100, 0x1113), (0x1160, 0x1176), (0x11A7, 0x11C3)]
        return "".join(chr(0xAC00 + 28 * self.random.randrange(399) if self.random.random() < 0.25
                           else self.random.randint(*self.random.choice(parts)))
                       for _ in range(self.random.randrange(1, 9)))

    def run(self) -> str:
        pieces = WHITE_SPACE + PUNCTUATION + HANGUL + OLD_JAMO + EMOJI + MARKS + OTHER_SCRIPTS + CONTROLS + list("a1A")
        piece = "".join(self.pick(pieces) for _ in range(self.random.randrange(1, 3)))
        return self.pick(["", "a", " ", "1."]) + piece * self.random.randrange(2, 80) + self.pick(["", "a", "\n", "é"])

    def added(self) -> str:
        tokens = [token.content for token in ADDED + ADDED_SPECIAL]
        return self.several(tokens + ["x", "e", "1", "\n"], 6, ["", "", " ", "\n", "\t", "a", "\u3000"])

    def line(self) -> str:
        return self.random.choice([self.writer.sentence, self.writer.hangul_sentence, self.writer.statement])()

    def long(self) -> str:
        kinds = [kind for kind in self.kinds if kind != self.long]
        return self.pick(["", " ", "\n"]).join(self.random.choice(kinds)() for _ in range(self.random.randrange(4, 20)))

    def any(self) -> str:
        return self.random.choice(self.kinds)()


def texts(seed: int, count: int) -> list[str]:
    """`count` random strings."""
    fuzzer = WideFuzzer(seed)
    return [fuzzer.any() for _ in range(count)]


def code_points(part: int, parts: int) -> list[str]:
    """One of `parts` parts of all code points, each between others in a few ways, sixteen a string."""
    codes = [code for code in range(part, LAST + 1, parts) if code not in SURROGATES]
    return ["".join(f"{chr(code)}a{chr(code)}1 {chr(code)}e{chr(code)}\u0301\n" for code in codes[start:start + 16])
            for start in range(0, len(codes), 16)]
