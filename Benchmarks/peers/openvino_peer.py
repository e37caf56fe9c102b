"""Measures OpenVINO's CPU plugin: a prompt, then tokens one by one. Prints one JSON object.

    openvino_peer.py DIRECTORY THREADS PROMPT GENERATE

The stateful model that optimum-intel exports, called as optimum-intel calls it; one stream, the plugin's own precision."""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import openvino as ov


def main(directory: Path, threads: int, prompt: int, generate: int) -> None:
    settings = {
        "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "bf16",
    }
    model = ov.Core().compile_model(directory / "openvino_model.xml", "CPU", settings)
    names = {name for port in model.inputs for name in port.get_names()}
    request = model.create_infer_request()
    words = json.loads((directory / "config.json").read_text())["vocab_size"]
    generator = np.random.default_rng(0)

    def seconds(tokens: int, before: int) -> float:
        inputs = {
            "input_ids": generator.integers(0, words, (1, tokens)),
            "attention_mask": np.ones((1, before + tokens), dtype=np.int64),
            "position_ids": np.arange(before, before + tokens, dtype=np.int64)[None],
            "beam_idx": np.zeros(1, dtype=np.int32),
        }
        start = time.perf_counter()
        request.infer({name: value for name, value in inputs.items() if name in names}, share_inputs=True)
        return time.perf_counter() - start

    prefills = []
    for _ in range(4):
        request.reset_state()
        prefills.append(seconds(prompt, 0))
    steps = [seconds(1, prompt + step) for step in range(generate)]
    print(json.dumps({"prefill": prompt / statistics.median(prefills[1:]), "decode": 1 / statistics.median(steps[2:])}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:5]))
