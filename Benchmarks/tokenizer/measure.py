"""Measures our tokenizer and the `tokenizers` package over the same files in the same run and prints a table.
Not the making of the files (inputs.py).
Read next: Sources/tokenizer-benchmark/Measurement.swift."""

import argparse
import os
import subprocess
import time
from pathlib import Path

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import Tokenizer  # noqa: E402

from inputs import make_inputs  # noqa: E402

LOADS = PASSES = 7


def times(rounds: int, body) -> tuple[float, float]:
    """Seconds of the first and of the best round."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        body()
        seconds.append(time.perf_counter() - start)
    return seconds[0], min(seconds)


def checksum(ids: list[int]) -> int:
    """The FNV-1a hash of the ids, each taken as one digit."""
    digest = 0xCBF29CE484222325
    for value in ids:
        digest = (digest ^ value) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return digest


def peer(tokenizer: Path, texts: list[Path]) -> list[list[float]]:
    """The lines of `ours`, of the package: `encode_batch_fast` is its quickest way to ids alone."""
    lines = [[*times(LOADS, lambda: Tokenizer.from_file(str(tokenizer)))]]
    for path in texts:
        text = path.read_bytes().decode()
        loaded = Tokenizer.from_file(str(tokenizer))
        seconds = times(PASSES, lambda: loaded.encode_batch_fast([text], add_special_tokens=False))
        ids = loaded.encode(text, add_special_tokens=False).ids
        lines.append([*seconds, len(ids), checksum(ids)])
    return lines


def ours(program: Path, tokenizer: Path, texts: list[Path]) -> list[list[float]]:
    """First and best seconds of loading, then of each text, with the count and the checksum of its ids."""
    output = subprocess.run([program, "measure", tokenizer, *texts], check=True, capture_output=True, text=True).stdout
    return [[float(seconds) for seconds in line.split()[:2]] + [int(number) for number in line.split()[2:]]
            for line in output.splitlines()]


def main() -> None:
    parser = argparse.ArgumentParser(prog="run", description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--inputs", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("tokenizer", type=Path, nargs="?", help="a tokenizer.json; default: one trained here")
    parser.add_argument("texts", type=Path, nargs="*", help="files to encode; default: 1 MiB of each kind")
    arguments = parser.parse_args()
    made = make_inputs(arguments.inputs)
    tokenizer, texts = arguments.tokenizer or made.tokenizer, arguments.texts or made.texts
    theirs, mine = peer(tokenizer, texts), ours(arguments.program, tokenizer, texts)
    print(f"{'':24}{'vlmc':>10}{'tokenizers':>12}{'ratio':>8}")
    for name, place in (("load, first, ms", 0), ("load, best, ms", 1)):
        print(f"{name:24}{mine[0][place] * 1e3:10.1f}{theirs[0][place] * 1e3:12.1f}"
              f"{theirs[0][place] / mine[0][place]:8.1f}")
    for path, my_line, their_line in zip(texts, mine[1:], theirs[1:]):
        if my_line[2:] != their_line[2:]:
            raise SystemExit(f"{path}: the ids differ")
        for name, place in (("first", 0), ("best", 1)):
            label = f"{path.stem}, {name}, MB/s"
            size = path.stat().st_size / 1e6
            print(f"{label:24}{size / my_line[place]:10.1f}{size / their_line[place]:12.1f}"
                  f"{their_line[place] / my_line[place]:8.1f}")


if __name__ == "__main__":
    main()
