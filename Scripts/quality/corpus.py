"""English to train, calibrate and compare on: the docstrings of pinned packages, which any installation has alike.
Not the tokenizers' text: ../fixtures/training_text.py.
Read next: trained_model.py.

    corpus.py DIRECTORY      writes calibration.txt and comparison.txt"""

import ast
import random
import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("numpy", "torch", "transformers")
SHORTEST_CHARACTERS = 300
HELD_OUT_CHARACTERS = 32_000


def _docstrings(file: Path) -> list[str]:
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return []
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [text for node in ast.walk(tree) if isinstance(node, owners) and (text := ast.get_docstring(node))]


def documents() -> list[str]:
    """Every docstring of the packages once, in an order that is always the same."""
    found: dict[str, None] = {}
    for package in PACKAGES:
        folder = Path(find_spec(package).origin).parent
        for file in sorted(folder.rglob("*.py"), key=lambda path: path.relative_to(folder).as_posix()):
            found.update(dict.fromkeys(text for text in _docstrings(file) if len(text) >= SHORTEST_CHARACTERS))
    texts = list(found)
    random.Random(1).shuffle(texts)
    return texts


def split() -> tuple[list[str], str, str]:
    """Documents to train on, and two texts that are not among them: one to calibrate, one to compare on."""
    texts = documents()
    held_out: list[str] = []
    for _ in range(2):
        text = ""
        while len(text) < HELD_OUT_CHARACTERS:
            text += texts.pop() + "\n\n"
        held_out.append(text)
    return texts, *held_out


if __name__ == "__main__":
    _, calibration, comparison = split()
    (Path(sys.argv[1]) / "calibration.txt").write_text(calibration, encoding="utf-8")
    (Path(sys.argv[1]) / "comparison.txt").write_text(comparison, encoding="utf-8")
