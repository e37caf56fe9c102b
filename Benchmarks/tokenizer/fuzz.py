"""Encodes and decodes random strings with our tokenizer and with the `tokenizers` package; any difference is an error.
Not a measurement (measure.py).
Read next: fuzz_strings.py, fuzz_tokenizers.py, fuzz_assortment.py."""

import argparse
import os
import random
import struct
import subprocess
import tempfile
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RUST_BACKTRACE"] = "0"

from tokenizers import Tokenizer  # noqa: E402

from fuzz_assortment import Assortment, unless_it_panics  # noqa: E402
from fuzz_strings import code_points, texts  # noqa: E402
from fuzz_tokenizers import make_tokenizers  # noqa: E402
from inputs import make_inputs  # noqa: E402
from tokenizers_of_families import save_tokenizer  # noqa: E402

TEXTS = SEQUENCES = 1000
# So many rounds go through all code points.
PARTS = 64
SHOWN = 5


def questions(tokenizer: Tokenizer, seed: int) -> list[str | list[int]]:
    """Texts to encode, and ids to decode: half of them early ones, often single bytes, so that UTF-8 breaks."""
    generator = random.Random(seed)
    bound = tokenizer.get_vocab_size() + 2
    ids = [[generator.randrange(generator.choice([300, bound])) for _ in range(generator.randrange(1, 16))]
           for _ in range(SEQUENCES)]
    return texts(seed, TEXTS) + code_points(seed % PARTS, PARTS) + ids


def their_answer(tokenizer: Tokenizer, question: str | list[int]) -> list | None:
    """The peer's ids, ids with special tokens, text, and text without special tokens; nothing where it panics."""
    def answer() -> list:
        encoded, ids = [], question
        if isinstance(question, str):
            ids = tokenizer.encode(question, add_special_tokens=False).ids
            encoded = [ids, tokenizer.encode(question, add_special_tokens=True).ids]
        return encoded + [tokenizer.decode(ids, skip_special_tokens=skips) for skips in (False, True)]
    return unless_it_panics(answer)


def our_answers(program: Path, path: Path, asked: list[str | list[int]]) -> list[list]:
    """Ours, of all questions, in the same form."""
    matters = [b"T" + one.encode() if isinstance(one, str) else b"I" + struct.pack(f"<{len(one)}I", *one)
               for one in asked]
    output = subprocess.run([program, "answer", path], check=True, stdout=subprocess.PIPE,
                            input=b"".join(struct.pack("<I", len(matter)) + matter for matter in matters)).stdout
    place = 0

    def record() -> bytes:
        nonlocal place
        length, = struct.unpack_from("<I", output, place)
        place += 4 + length
        return output[place - length:place]

    def ids() -> list[int]:
        return [value for value, in struct.iter_unpack("<i", record())]

    return [([ids(), ids()] if isinstance(one, str) else []) + [record().decode(), record().decode()] for one in asked]


def smaller(asked: str | list[int]) -> list[str | list[int]]:
    """The question without each of its stretches, longest first."""
    length = len(asked)
    widths = [width for power in range(12, -1, -1) if (width := 1 << power) < length]
    return [asked[:start] + asked[start + width:] for width in widths for start in range(0, length, width)]


def shrunk(program: Path, path: Path, tokenizer: Tokenizer, asked: str | list[int]) -> str | list[int]:
    """The shortest question that still differs, as far as leaving out stretches leads."""
    while True:
        candidates = smaller(asked)
        answers = our_answers(program, path, candidates)
        for candidate, answer in zip(candidates, answers):
            if their_answer(tokenizer, candidate) not in (answer, None):
                asked = candidate
                break
        else:
            return asked


class Comparison:
    """Asks both, counts, and prints the first differences."""

    def __init__(self, program: Path) -> None:
        self.program = program
        self.texts = self.sequences = self.panics = self.differences = 0

    def ask(self, name: str, path: Path, seed: int) -> None:
        tokenizer = Tokenizer.from_file(str(path))
        asked = questions(tokenizer, seed)
        for one, our_answer in zip(asked, our_answers(self.program, path, asked)):
            their = their_answer(tokenizer, one)
            if their is None:
                self.panics += 1
                continue
            self.texts += isinstance(one, str)
            self.sequences += not isinstance(one, str)
            if our_answer != their:
                self.differences += 1
                if self.differences <= SHOWN:
                    self.show(f"{name}, seed {seed}", path, tokenizer, one)

    def show(self, place: str, path: Path, tokenizer: Tokenizer, asked: str | list[int]) -> None:
        least = shrunk(self.program, path, tokenizer, asked)
        print(f"{place}: {least!a}\n  ours       {our_answers(self.program, path, [least])[0]!a}\n"
              f"  tokenizers {their_answer(tokenizer, least)!a}", flush=True)

    def __str__(self) -> str:
        return (f"{self.texts:,} texts and {self.sequences:,} sequences of ids, {self.differences} differences; "
                f"at {self.panics} more the peer panicked")


def main() -> None:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--inputs", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("rounds", type=int, nargs="?", default=4, help="how many rounds, default 4")
    parser.add_argument("seed", type=int, nargs="?", default=1, help="the seed of the first round, default 1")
    arguments = parser.parse_args()
    large = make_inputs(arguments.inputs).tokenizer
    comparison, assortment = Comparison(arguments.program), Assortment()
    with tempfile.TemporaryDirectory() as folder:
        paths = make_tokenizers(Path(folder), large)
        for seed in range(arguments.seed, arguments.seed + arguments.rounds):
            drawn = Path(folder) / "drawn.json"
            save_tokenizer(assortment.tokenizer(seed), drawn, merges_as_strings=True)
            for name, path in (paths | {"drawn": drawn}).items():
                comparison.ask(name, path, seed)
            print(f"up to seed {seed}: {comparison}", flush=True)
    raise SystemExit(comparison.differences > 0)


if __name__ == "__main__":
    main()
