"""Ours and the peers as commands that print figures, and what has to be made before they can run."""

import contextlib
import fcntl
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from pairs import Pair

FOLDER = Path(__file__).resolve().parent
REPOSITORY = FOLDER.parent.parent


@contextlib.contextmanager
def machine_to_ourselves():
    """Holds the lock that BENCHMARKS_LOCK names, if it names one."""
    if not (path := os.environ.get("BENCHMARKS_LOCK")):
        yield
        return
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def figures(command: list) -> dict:
    """The JSON object on the last line that a command prints."""
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} gave {result.returncode}:\n{result.stderr[-2000:]}")
    return json.loads(result.stdout.strip().splitlines()[-1])


class Programs:
    """All programs for one model."""

    def __init__(self, vlmc: Path, work: Path, converter: Path, model: str, threads: int, prompt: int, generate: int,
                 sequences: int):
        self.vlmc, self.work, self.converter, self.model = vlmc, work, converter, model
        self.sizes = [threads, prompt, generate]
        self.sequences = sequences
        self.models = work / "models" / model
        checkpoints = os.environ.get("BENCHMARKS_CHECKPOINTS")
        self.checkpoint = Path(checkpoints) / model if checkpoints else self.models / "checkpoint"
        self.program = work / "build" / model / model

    # Making

    def make(self, pairs: list[Pair]) -> None:
        """Compiles ours, and makes the checkpoint and every peer's own file of it."""
        description = REPOSITORY / f"models/{self.model}.toml"
        output = [*["-o", self.program.parent], *["--cache", self.work / "cache"]]
        self.quietly([self.vlmc, "compile", description, *output])
        if not list(self.checkpoint.glob("*.safetensors")):
            self.quietly([sys.executable, FOLDER.parent / "synthetic_checkpoint.py", self.model, self.checkpoint])
        peers = {pair.peer for pair in pairs}
        if "llama.cpp" in peers:
            self.quietly([sys.executable, FOLDER / "gguf_model.py", self.checkpoint, self.models / "gguf"])
        if "OpenVINO" in peers:
            self.quietly([self.converter, FOLDER / "openvino_model.py", self.checkpoint, self.models / "openvino"])

    @staticmethod
    def quietly(command: list) -> None:
        """Runs a command and shows what it says only if it fails."""
        result = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if result.returncode != 0:
            raise SystemExit(f"{' '.join(map(str, command))} gave {result.returncode}:\n{result.stdout[-3000:]}")

    # Measuring

    def formats(self) -> list[str]:
        """The weight formats that ours takes, from what it says about one that it does not."""
        command = [self.program, "bench", "--synthetic", "--dtype", "?"]
        message = subprocess.run(command, capture_output=True, text=True).stderr
        match = re.search(r"--dtype is auto, (.*), not", message)
        return match[1].split(", ") if match else ["bf16", "f32"]

    def ours(self, weight_format: str, phases: str = "prefill,decode,batch", image: str | None = None,
             threads: int | None = None) -> dict:
        all_threads, prompt, generate = self.sizes
        threads = threads or all_threads
        command = [
            self.program, "bench", "--weights", self.checkpoint, "--cache", self.work / "packed", "--json",
            "--dtype", weight_format, "--phases", phases, "--threads", threads, "--prompt", prompt,
            "--generate", generate, "--sequences", self.sequences, "--repetitions", 3, "--seconds", 8,
        ]
        result = figures(command + (["--image", image] if image else []))
        rates = {name: phase["per_second"] for name, phase in result["phases"].items()}
        if "decode" in result["phases"]:
            rates["decode_fraction"] = result["phases"]["decode"]["fraction_of_limit"]
        if "encode" in result["phases"]:
            rates["encode_milliseconds"] = result["phases"]["encode"]["milliseconds"]
            rates["patches"] = result["phases"]["encode"]["count"]
        return rates

    def peer(self, pair: Pair) -> dict:
        match pair.peer:
            case "llama.cpp":
                return figures(
                    [
                        sys.executable, FOLDER / "llama_peer.py", self.models / f"gguf/{pair.format}.gguf",
                        *self.sizes, self.sequences,
                    ]
                )
            case "OpenVINO":
                directory = self.models / "openvino" / pair.format
                return figures([sys.executable, FOLDER / "openvino_peer.py", directory, *self.sizes])
            case "transformers":
                return figures([sys.executable, FOLDER / "torch_peer.py", self.checkpoint, *self.sizes, pair.format])
            case _:
                raise ValueError(f"no peer is called {pair.peer}")

    def peer_encoder(self, grid: str) -> dict:
        """transformers' image encoder in bf16."""
        return figures([sys.executable, FOLDER / "torch_peer.py", self.checkpoint, *self.sizes, "bf16", grid])
