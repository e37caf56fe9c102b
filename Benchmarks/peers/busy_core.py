"""Decoding with two threads while another process keeps one core busy: who waits for whom."""

import os
import subprocess
import sys

from pairs import Pair
from programs import Programs, machine_to_ourselves


def busy_core(programs: Programs, pair: Pair) -> None:
    """Ours and a peer, alone and beside a process that spins on one core."""
    core = min(os.sched_getaffinity(0))
    with machine_to_ourselves():
        alone = programs.ours("bf16", "decode"), programs.peer(pair)
        single = programs.ours("bf16", "decode", threads=1)
        spin = subprocess.Popen(["taskset", "-c", str(core), sys.executable, "-c", "while True: pass"])
        try:
            beside = programs.ours("bf16", "decode"), programs.peer(pair)
        finally:
            spin.kill()
            spin.wait()
    print(f"decode, tokens a second, {programs.sizes[0]} threads | core free | core {core} busy | part that is left")
    for name, free, busy in zip(["ours bf16", pair.name], alone, beside):
        print(f"{name} | {free['decode']:.1f} | {busy['decode']:.1f} | {busy['decode'] / free['decode']:.2f}")
    ratio = beside[0]["decode"] / single["decode"]
    print(f"ours with one thread, cores free: {single['decode']:.1f}; with a core busy and all threads {ratio:.2f} of that")
