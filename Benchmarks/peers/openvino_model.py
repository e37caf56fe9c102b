"""Converts the language model of a Hugging Face checkpoint to OpenVINO, once for each weight format.

    openvino_model.py CHECKPOINT DIRECTORY       writes DIRECTORY/fp16, DIRECTORY/int8, DIRECTORY/int4

Runs in the environment of openvino-requirements.txt. int4 is symmetric in groups of 64, all of it, as Q4_0 is."""

import shutil
import subprocess
import sys
from pathlib import Path

FORMATS = {
    "fp16": ["--weight-format", "fp16"],
    "int8": ["--weight-format", "int8"],
    "int4": ["--weight-format", "int4", "--sym", "--group-size", "64", "--ratio", "1.0"],
}


def main(checkpoint: Path, directory: Path) -> None:
    program = Path(sys.executable).parent / "optimum-cli"
    for name, options in FORMATS.items():
        target = directory / name
        if (target / "openvino_model.bin").exists():
            continue
        partial = directory / f"{name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        task = ["--task", "text-generation-with-past"]
        command = [program, "export", "openvino", "--model", checkpoint, *task, *options, partial]
        subprocess.run(list(map(str, command)), check=True, stdout=sys.stderr)
        partial.rename(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
