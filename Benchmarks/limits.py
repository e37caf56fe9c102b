"""Measures what issue texts call limits to hold, and prints figure, limit and ratio. Called by Benchmarks/limits.

    limits.py VLMC WORK        the compiler, and a directory for checkpoints, binaries and packed weights"""

import json
import os
import re
import resource
import select
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

import synthetic_checkpoint

REPOSITORY = Path(__file__).resolve().parent.parent
TEXT_MODEL, VISION_MODEL, LARGE_MODEL = "smollm2-360m", "tiny-qwen25vl-a", "qwen2.5-vl-3b"
rows: list[tuple[str, float, float, str]] = []


def report(what: str, figure: float, limit: float, unit: str) -> None:
    rows.append((what, figure, limit, unit))
    verdict = "holds" if figure <= limit else "EXCEEDED"
    print(f"{what:66} {figure:10.3f} {unit:4} limit {limit:10.3f}  ratio {figure / limit:5.2f}  {verdict}", flush=True)


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def generate(program: Path, *arguments: str) -> dict:
    """The answer as JSON; its peak is that of this very process."""
    command = [str(program), "generate", "--quiet", "--json", *arguments]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def first_token_seconds(program: Path, *arguments: str) -> float:
    """From the start of the process to its first output."""
    start = time.perf_counter()
    with subprocess.Popen([str(program), "generate", "--quiet", *arguments], stdout=subprocess.PIPE) as process:
        select.select([process.stdout], [], [])
        elapsed = time.perf_counter() - start
        process.stdout.read()
    return elapsed


def compile_times(vlmc: str, work: Path) -> None:
    """After the first build: a changed line of a 36-layer model to a new binary, and to source alone."""
    description = (REPOSITORY / f"models/{LARGE_MODEL}.toml").read_text()
    changed = work / f"{LARGE_MODEL}.toml"
    arguments = [vlmc, "compile", str(changed), "-o", str(work / "edited"), "--cache", str(work / "cache")]
    changed.write_text(description)
    seconds(arguments)
    edits, sources = [], []
    for epsilon in ["2e-6", "3e-6", "4e-6"]:
        changed.write_text(re.sub(r"epsilon = 1e-6", f"epsilon = {epsilon}", description, count=1))
        edits.append(seconds(arguments))
        sources.append(seconds([*arguments, "--source-only"]))
    report("a changed line of a 36-layer model to its binary", sorted(edits)[1], 10, "s")
    report("the same to source alone", sorted(sources)[1], 1, "s")


def start_and_memory(vlmc: str, work: Path, model: str, context: int) -> None:
    program = built(vlmc, work, model)
    checkpoint = work / "checkpoints" / model
    if not list(checkpoint.glob("*.safetensors")):
        synthetic_checkpoint.main(model, checkpoint)
    common = ["--weights", str(checkpoint), "--context", str(context)]
    # 16 tokens: special tokens and single bytes, which every tokenizer here has.
    prompt = ["--raw", "--prompt", "0123456789012345"]
    generate(program, *common, *prompt, "--max-tokens", "1")  # packs the weights
    answers = [generate(program, *common, *prompt, "--max-tokens", "8", "--ignore-eos") for _ in range(3)]
    assert all(answer["usage"]["prompt_tokens"] == 16 for answer in answers)
    peak, planned = max(a["peak_bytes"] for a in answers), answers[0]["planned_bytes"]
    report(f"{model}: peak memory of generate, 16 tokens of a context of {context}", peak / 2**20, 1.1 * planned / 2**20, "MiB")
    long = ["--raw", "--prompt", "0123456789" * (context // 10 - 1), "--max-tokens", "8", "--ignore-eos"]
    peak = generate(program, *common, *long)["peak_bytes"]
    report(f"{model}: the same with a context that is filled", peak / 2**20, 1.1 * planned / 2**20, "MiB")
    compute = min(a["prefill_seconds"] for a in answers)
    starts = [first_token_seconds(program, *common, *prompt, "--max-tokens", "1", "--ignore-eos") for _ in range(5)]
    report(f"{model}: start to first token, without {compute:.3f} s of compute", sorted(starts)[2] - compute, 0.5, "s")


def large_image(vlmc: str, work: Path) -> None:
    """4096 x 4096 pixels: as patches at the most pixels that Qwen2.5-VL takes, and its memory while encoded."""
    program = built(vlmc, work, VISION_MODEL)
    checkpoint = REPOSITORY / "Tests/Fixtures/checkpoints" / VISION_MODEL
    image = work / "large.jpg"
    page = Image.open(REPOSITORY / "Tests/Fixtures/images/form-420x315.jpg")
    page.resize((4096, 4096), Image.Resampling.BICUBIC).save(image, quality=90)
    for pixels in [1_003_520, 12_845_056]:
        answer = generate(
            program, "--weights", str(checkpoint), "--cache", str(work / "packed"), "--image", str(image),
            "--max-pixels", str(pixels), "--prompt", "Read this.", "--max-tokens", "1",
        )
        patches = answer["usage"]["image_tokens"] * 4
        report(f"a JPEG of 4096x4096 decoded, resized, cut into {patches} patches", answer["image_seconds"], 1, "s")
        # Decoded and resized pixels come and go before the encoder runs; scores of one head would be patches^2 floats.
        pixel_bytes = 4096 * 4096 * 3 * 2
        limit = 1.1 * answer["planned_bytes"] + pixel_bytes
        report("  its peak memory, encoder included", answer["peak_bytes"] / 2**20, limit / 2**20, "MiB")
        print(f"  (scores of one head alone would be {patches * patches * 4 / 2**20:.0f} MiB)")


def built(vlmc: str, work: Path, model: str) -> Path:
    description = REPOSITORY / f"models/{model}.toml"
    output = work / "build" / model
    seconds([vlmc, "compile", str(description), "-o", str(output), "--cache", str(work / "cache")])
    return output / model


def main(vlmc: str, work: Path) -> None:
    work.mkdir(parents=True, exist_ok=True)
    cores = len(os.sched_getaffinity(0))
    name = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    print(f"{name.group(1) if name else 'unknown CPU'}, {cores} cores", flush=True)
    compile_times(vlmc, work)
    start_and_memory(vlmc, work, TEXT_MODEL, 2048)
    if "--large" in sys.argv:
        start_and_memory(vlmc, work, LARGE_MODEL, 2048)
    large_image(vlmc, work)
    exceeded = sum(figure > limit for _, figure, limit, _ in rows)
    print(f"{len(rows)} limits, {exceeded} exceeded")
    sys.exit(1 if exceeded else 0)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main(sys.argv[1], Path(sys.argv[2]))
