"""Runs ours and each peer in turn (A B A B) on the same weights, and prints a table. Called by Benchmarks/peers/run.

Every figure is the better of a program's two turns, each of which is a median: a busy machine only makes things slower."""

import argparse
import datetime
import importlib.metadata
import os
import re
import sys
from pathlib import Path

from busy_core import busy_core
from pairs import PAIRS, Pair, format_of_ours
from programs import REPOSITORY, Programs, machine_to_ourselves

DOCUMENT = REPOSITORY / "docs/performance.md"
COLUMNS = ["decode", "prefill", "batch"]


def best(turns: list[dict], name: str) -> float | None:
    values = [turn[name] for turn in turns if name in turn]
    return max(values) if values else None


def measured(programs: Programs, pair: Pair, ours: str) -> tuple[list[dict], list[dict]]:
    """Two turns of each; files are read once before, so that both find them in memory."""
    our_turns, peer_turns = [], []
    with machine_to_ourselves():
        for _ in range(2):
            our_turns.append(programs.ours(ours))
            peer_turns.append(programs.peer(pair))
    return our_turns, peer_turns


def cells(ours: float | None, theirs: float | None) -> list[str]:
    def text(value: float | None) -> str:
        return "" if value is None else f"{value:.1f}"

    ratio = f"{ours / theirs:.2f}" if ours and theirs else ""
    return [text(ours), text(theirs), ratio]


def row(pair: Pair, ours: str, our_turns: list[dict], peer_turns: list[dict]) -> str:
    columns = [cell for name in COLUMNS for cell in cells(best(our_turns, name), best(peer_turns, name))]
    columns.insert(3, f"{best(our_turns, 'decode_fraction'):.2f}")
    return f"| {ours} | {pair.name} | " + " | ".join(columns) + " |"


def table(programs: Programs, pairs: list[Pair]) -> list[str]:
    lines = [
        "| Ours | Peer | decode ours | theirs | ratio | ours of the limit | prefill ours | theirs | ratio "
        + f"| {programs.sequences} sequences ours | theirs | ratio |",
        "|---|---|" + "---:|" * 10,
    ]
    print("\n".join(lines), flush=True)
    known = programs.formats()
    for pair in pairs:
        ours = format_of_ours(pair.bits, known)
        try:
            programs.ours(ours, phases="decode")
            lines.append(row(pair, ours, *measured(programs, pair, ours)))
        except RuntimeError as error:
            print(error, file=sys.stderr)
            lines.append(f"| {ours} | {pair.name} | could not be run |" + " |" * 9)
        print(lines[-1], flush=True)
    return lines


def encoder_line(programs: Programs, sides: int) -> str:
    """The image encoder of ours and of transformers over the same patches."""
    pixels, patches = sides * 14, sides * sides
    with machine_to_ourselves():
        ours = min(programs.ours("bf16", "encode", f"{pixels}x{pixels}")["encode_milliseconds"] for _ in range(2))
        theirs = programs.peer_encoder(f"{sides}x{sides}")["encode_milliseconds"]
    line = f"Image encoder, bf16, {patches} patches: ours {ours:.0f} ms, transformers {theirs:.0f} ms, ratio {theirs / ours:.2f}."
    print(line, flush=True)
    return line


def heading(programs: Programs) -> list[str]:
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ["llama-cpp-python", "openvino", "torch", "transformers"]]
    threads, prompt, generate = programs.sizes
    return [
        f"`Benchmarks/peers/run --model {programs.model}`, {datetime.date.today()}, {cpu[1] if cpu else 'unknown CPU'}, "
        f"{threads} threads; {', '.join(versions)}. A prompt of {prompt} tokens, {generate} generated; tokens a second; "
        "ratio ours / theirs; of the limit: of the bandwidth measured beside it, over all bytes that a token must read.",
        "",
    ]


def write_section(model: str, lines: list[str]) -> None:
    """Replaces what stands between the markers of a model, or says that there are none."""
    begin, end = f"<!-- peers of {model} -->", f"<!-- end of peers of {model} -->"
    text = DOCUMENT.read_text()
    if begin not in text or end not in text:
        print(f"{DOCUMENT} has no markers `{begin}`; nothing was written", file=sys.stderr)
        return
    before, rest = text.split(begin, 1)
    after = rest.split(end, 1)[1]
    DOCUMENT.write_text(before + begin + "\n" + "\n".join(lines) + "\n" + end + after)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vlmc", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--converter", type=Path, required=True, help="the Python that converts to OpenVINO")
    parser.add_argument("--model", default="smollm2-360m", choices=["smollm2-360m", "qwen2.5-vl-3b"])
    parser.add_argument("--quick", action="store_true", help="32 generated tokens instead of 128")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--sequences", type=int, default=8)
    parser.add_argument("--only", help="peers or formats, such as `Q4_0,transformers`")
    parser.add_argument("--busy-core", action="store_true")
    parser.add_argument("--no-document", action="store_true", help="leave docs/performance.md as it is")
    arguments = parser.parse_args()

    wanted = arguments.only.split(",") if arguments.only else None
    pairs = [pair for pair in PAIRS if not wanted or pair.peer in wanted or pair.format in wanted]
    if arguments.model.startswith("qwen"):
        # optimum-intel cuts a vision-language model into several, of which none takes tokens.
        pairs = [pair for pair in pairs if pair.peer != "OpenVINO"]
    generate = 32 if arguments.quick else 128
    programs = Programs(
        arguments.vlmc, arguments.work.resolve(), arguments.converter, arguments.model, arguments.threads, 512,
        generate, arguments.sequences,
    )
    if arguments.busy_core:
        programs.make([PAIRS[0]])
        busy_core(programs, PAIRS[0])
        return
    programs.make(pairs)
    lines = heading(programs) + table(programs, pairs)
    if arguments.model.startswith("qwen") and not wanted:
        lines += ["", encoder_line(programs, 32), "", encoder_line(programs, 74)]
    if not arguments.no_document:
        write_section(arguments.model, lines)


if __name__ == "__main__":
    main()
