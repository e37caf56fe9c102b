#!/usr/bin/env python3
"""Writes Sources/InputProcessing/Tokenizer/Unicode/Tables/*.swift from the reference library itself.

The `tokenizers` package mixes several Unicode versions: its regular expressions, its digits and its normal forms each
come from another library. To encode as it does, the tables are read off its behaviour, scalar by scalar, and not from a
Unicode release. Run it after changing REFERENCE; the output is deterministic.

    pip install tokenizers==0.23.3
    python3 Scripts/unicode/make_tables.py
"""

import pathlib
import random
import sys
import unicodedata

import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

REFERENCE = "0.23.3"
OUTPUT = pathlib.Path(__file__).resolve().parents[2] / "Sources/InputProcessing/Tokenizer/Unicode/Tables"
CATEGORIES = (
    "Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn"
).split()
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xD7A4)


def runs(values):
    """(first, last, value) of the runs of equal values over (scalar, value) pairs that cover SCALARS in order."""
    out = []
    for scalar, value in values:
        if out and out[-1][2] == value and (out[-1][1] + 1 == scalar or scalar == 0xE000):
            out[-1][1] = scalar
        else:
            out.append([scalar, scalar, value])
    return out


def ranges(scalars):
    """(first, last) of the stretches of consecutive scalars in a set."""
    out = []
    for scalar in sorted(scalars):
        if out and out[-1][1] + 1 == scalar:
            out[-1][1] = scalar
        else:
            out.append([scalar, scalar])
    return out


def removed_by(pattern):
    """The scalars that a regular expression of one class matches."""
    text = "".join(map(chr, SCALARS))
    left = normalizers.Replace(Regex(pattern), "").normalize_str(text)
    return set(SCALARS) - set(map(ord, left))


def split_off_by(pre_tokenizer):
    """The scalars that a pre-tokenizer splits off when they stand between two letters."""
    out = set()
    for start in range(0, len(SCALARS), 4096):
        chunk = SCALARS[start : start + 4096]
        text = "".join("a" + chr(c) for c in chunk) + "a"
        for _, (begin, end) in pre_tokenizer.pre_tokenize_str(text):
            if end - begin == 1 and begin % 2 == 1:
                out.add(chunk[begin // 2])
    return out


def write(name, title, note, tables):
    """Writes one Swift file: an enum of string literals, each a table as text."""
    lines = [
        f"// {title}, as text read once.",
        f"// Written by Scripts/unicode/make_tables.py from tokenizers {REFERENCE}; not to be edited. {note}",
        "",
        f"/// {title}.",
        f"enum {name} {{",
    ]
    for table, (comment, words) in tables.items():
        lines += [f"    /// {comment}", f"    static let {table}: StaticString = \"\"\""]
        row = ""
        for word in words:
            if row and len(row) + len(word) + 1 > 110:
                lines.append(f"        {row} \\")
                row = ""
            row = f"{row} {word}" if row else word
        lines += [f"        {row}", '        """']
    lines.append("}")
    (OUTPUT / f"{name}.swift").write_text("\n".join(lines) + "\n", encoding="utf-8")


def spans(scalars):
    return [f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in ranges(scalars)]


def make_categories():
    category_of = {}
    for category in CATEGORIES:
        for scalar in removed_by(r"\p{%s}" % category):
            category_of[scalar] = category
    assert len(category_of) == len(SCALARS)
    members = lambda *names: {c for c in SCALARS if category_of[c] in names}
    letters = members("Lu", "Ll", "Lt", "Lm", "Lo")
    marks = members("Mn", "Mc", "Me")
    numbers = members("Nd", "Nl", "No")
    word = removed_by(r"\w")
    assert letters | marks | members("Nd", "Nl", "Pc") <= word
    assert removed_by(r"\d") == members("Nd")
    assert removed_by(r"\p{L}") == letters and removed_by(r"\p{M}") == marks and removed_by(r"\p{N}") == numbers
    assert members("Zs", "Zl", "Zp") | {9, 10, 11, 12, 13, 0x85} == removed_by(r"\s")
    digits = split_off_by(pre_tokenizers.Digits(individual_digits=True))
    assert numbers <= digits
    punctuation = split_off_by(pre_tokenizers.Punctuation("isolated"))
    write(
        "CategoryTables",
        "General categories and the sets that the reference's splitters use",
        "Next: ../GeneralCategory.swift.",
        {
            "categories": (
                "Runs over all scalars in order (surrogates left out): category, then the run's length in hexadecimal.",
                [
                    f"{value}{last - first + 1 - (0x800 if first < 0xD800 <= last else 0):X}"
                    for first, last, value in runs((c, category_of[c]) for c in SCALARS)
                ],
            ),
            "wordBeyondCategories": (
                "What `\\w` matches beyond letters, marks, decimal digits, letter numbers and connectors.",
                spans(word - letters - marks - members("Nd", "Nl", "Pc")),
            ),
            "han": ("The scalars of the script Han.", spans(removed_by(r"\p{Han}"))),
            "numericBeyondCategories": (
                "What the `Digits` splitter takes for a digit beyond the number categories.",
                spans(digits - numbers),
            ),
            "punctuation": ("What the `Punctuation` splitter takes for punctuation.", spans(punctuation)),
        },
    )


def make_lowercase():
    lower = normalizers.Lowercase()
    mapping = {c: lower.normalize_str(chr(c)) for c in SCALARS}
    mapping = {c: s for c, s in mapping.items() if s != chr(c)}
    # Stretches of equal distance to the lower case and equal step from one upper case to the next (1 or 2).
    stretches = []
    specials = []
    for scalar, text in sorted(mapping.items()):
        if len(text) > 1:
            specials.append(f"{scalar:X}=" + "+".join(f"{ord(c):X}" for c in text))
            continue
        delta = ord(text) - scalar
        if stretches:
            first, last, step, known = stretches[-1]
            gap = scalar - last
            if known == delta and gap in (1, 2) and step in (0, gap):
                stretches[-1] = (first, scalar, gap, delta)
                continue
        stretches.append((scalar, scalar, 0, delta))
    words = [f"{a:X}-{b:X}/{max(step, 1)}:{'-' if d < 0 else ''}{abs(d):X}" for a, b, step, d in stretches]
    return words, specials


def combining_classes():
    """The combining class of every scalar that has one, by how canonical ordering moves it."""
    nfd = normalizers.NFD()
    order = lambda first, second: nfd.normalize_str("a" + chr(first) + chr(second))[1:]
    moves = lambda first, second: order(first, second) != chr(first) + chr(second)
    decomposes = lambda c: nfd.normalize_str(chr(c)) != chr(c)
    nonstarters = {
        c
        for c in SCALARS
        if c not in HANGUL and not decomposes(c) and ((c != 0x334 and moves(c, 0x334)) or moves(0x345, c))
    } | {0x334, 0x345}
    known = {unicodedata.combining(chr(c)): c for c in sorted(nonstarters, reverse=True)}
    classes = {}
    for scalar in sorted(nonstarters):
        fits = [k for k, mark in known.items() if k and not moves(scalar, mark) and not moves(mark, scalar)]
        assert len(fits) == 1, (hex(scalar), fits)
        classes[scalar] = fits[0]
    return classes


def make_normal_forms():
    nfc, nfd, nfkd = normalizers.NFC(), normalizers.NFD(), normalizers.NFKD()
    canonical = {}
    compatibility = {}
    for scalar in SCALARS:
        if scalar in HANGUL:
            continue
        full = nfd.normalize_str(chr(scalar))
        if full != chr(scalar):
            if nfc.normalize_str(full) == chr(scalar):
                first = nfc.normalize_str(full[:-1])
                assert len(first) == 1 and nfc.normalize_str(first + full[-1]) == chr(scalar)
                canonical[scalar] = (True, [ord(first), ord(full[-1])])
            else:
                canonical[scalar] = (False, [ord(c) for c in full])
        wide = nfkd.normalize_str(chr(scalar))
        if wide != full:
            compatibility[scalar] = [ord(c) for c in wide]
    classes = combining_classes()
    lower, specials = make_lowercase()
    join = lambda scalars: "+".join(f"{c:X}" for c in scalars)
    write(
        "CanonicalTables",
        "Canonical decompositions and combining classes of the reference library",
        "Next: ../NormalForm.swift.",
        {
            "decompositions": (
                "Canonical decompositions. `=`: a pair that composes again; `!`: in full, never composed.",
                [f"{c:X}{'=' if pair else '!'}{join(s)}" for c, (pair, s) in sorted(canonical.items())],
            ),
            "combiningClasses": (
                "Stretches of equal canonical combining class: `first-last:class`, all hexadecimal.",
                [
                    f"{a:X}-{b:X}:{k:X}" if a != b else f"{a:X}:{k:X}"
                    for k in sorted(set(classes.values()))
                    for a, b in ranges(c for c in classes if classes[c] == k)
                ],
            ),
        },
    )
    write(
        "CompatibilityTables",
        "Compatibility decompositions of the reference library",
        "Next: ../NormalForm.swift.",
        {
            "decompositions": (
                "Full compatibility decompositions where they differ from the canonical ones.",
                [f"{c:X}={join(s)}" for c, s in sorted(compatibility.items())],
            ),
        },
    )
    write(
        "LowercaseTables",
        "Lower case of the reference library",
        "Next: ../Lowercase.swift.",
        {
            "distances": (
                "Stretches of lower case: `first-last/step:distance`, all hexadecimal.",
                lower,
            ),
            "sequences": ("Lower case of more than one scalar.", specials),
        },
    )
    check_normal_forms(canonical, compatibility, classes)


def check_normal_forms(canonical, compatibility, classes):
    """Compares the textbook algorithm over the tables with the reference on random strings."""
    pairs = {tuple(s): c for c, (pair, s) in canonical.items() if pair}

    def decompose(scalar, wide):
        if scalar in HANGUL:
            index = scalar - 0xAC00
            out = [0x1100 + index // 588, 0x1161 + index % 588 // 28]
            return out + ([0x11A7 + index % 28] if index % 28 else [])
        if wide and scalar in compatibility:
            return compatibility[scalar]
        if scalar not in canonical:
            return [scalar]
        pair, parts = canonical[scalar]
        return decompose(parts[0], False) + parts[1:] if pair else parts

    def form(text, wide, compose):
        out = []
        for char in text:
            out += decompose(ord(char), wide)
        index = 0
        while index < len(out):
            end = index
            while end < len(out) and classes.get(out[end], 0):
                end += 1
            out[index:end] = sorted(out[index:end], key=lambda c: classes[c])
            index = end + 1
        if not compose:
            return "".join(map(chr, out))
        result = []
        starter = None
        previous = 0
        for scalar in out:
            kind = classes.get(scalar, 0)
            if starter is not None and (previous == 0 and starter == len(result) - 1 or 0 < previous < kind or
                                        previous == 0 and kind == 0 and starter == len(result) - 1):
                first = result[starter]
                made = pairs.get((first, scalar))
                if 0x1100 <= first < 0x1113 and 0x1161 <= scalar < 0x1176:
                    made = 0xAC00 + (first - 0x1100) * 588 + (scalar - 0x1161) * 28
                if first in HANGUL and (first - 0xAC00) % 28 == 0 and 0x11A8 <= scalar < 0x11C3:
                    made = first + scalar - 0x11A7
                if made is not None:
                    result[starter] = made
                    continue
            if kind == 0:
                starter = len(result)
            previous = kind
            result.append(scalar)
        return "".join(map(chr, result))

    generator = random.Random(1)
    pool = [*canonical, *compatibility, *classes, *range(0x1100, 0x1200), *range(0x41, 0x7B)] + list(HANGUL)[::37]
    pool += [s for _, parts in canonical.values() for s in parts] * 2 + list(classes) * 4
    reference = {
        (False, True): normalizers.NFC(),
        (False, False): normalizers.NFD(),
        (True, True): normalizers.NFKC(),
        (True, False): normalizers.NFKD(),
    }
    for _ in range(100_000):
        text = "".join(chr(generator.choice(pool)) for _ in range(generator.randint(1, 6)))
        for (wide, compose), normalizer in reference.items():
            got, want = form(text, wide, compose), normalizer.normalize_str(text)
            assert got == want, ([hex(ord(c)) for c in text], wide, compose, got, want)


if __name__ == "__main__":
    if tokenizers.__version__ != REFERENCE:
        sys.exit(f"expected tokenizers {REFERENCE}, found {tokenizers.__version__}")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    make_categories()
    make_normal_forms()
