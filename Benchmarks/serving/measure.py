"""Measures `serve`: throughput against the model's own rate and llama.cpp, first tokens, prefixes, constraints, the HTTP
layer, idle connections. Prints a table with each figure, its aim and what it is compared with. Called by
Benchmarks/serving/run."""

import argparse
import asyncio
import datetime
import json
import os
import random
import socket
import subprocess
import sys
from pathlib import Path

import load
import servers

REPOSITORY = Path(__file__).resolve().parent.parent.parent
DOCUMENT = REPOSITORY / "docs/performance.md"
PATH = "/v1/completions"


class Measurement:
    """What is measured, on what."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = arguments.build / arguments.model
        self.serve = self.folder / "serve"
        self.program = self.folder / arguments.model
        self.checkpoint = wide_checkpoint(
            arguments.work / "models" / arguments.model / "checkpoint", arguments.work / "wide" / arguments.model
        )
        self.cache = arguments.work / "packed"
        self.rows: list[str] = []

    def row(self, what: str, figure: str, aim: str, beside: str) -> None:
        line = f"| {what} | {figure} | {aim} | {beside} |"
        self.rows.append(line)
        print(line, flush=True)

    def options(self, sequences: int, context: int) -> list:
        return ["--dtype", self.arguments.dtype, "--threads", self.arguments.threads, "--max-num-seqs", sequences,
                "--max-model-len", context, "--kv-cache-memory", self.arguments.kv_cache_memory]

    def prompt(self, count: int, seed: int) -> list[int]:
        """Random tokens: their kind makes no difference to what they cost."""
        generator = random.Random(seed)
        return [generator.randrange(3, 280) for _ in range(count)]

    def body(self, prompt: int, answer: int, seed: int) -> dict:
        return {"prompt": self.prompt(prompt, seed), "max_tokens": answer, "ignore_eos": True, "temperature": 0}

    def bench(self, phases: str, prompt: int, generate: int, sequences: int) -> dict:
        """The rates of the model alone, by the program's own `bench`."""
        command = [
            self.program, "bench", "--weights", self.checkpoint, "--cache", self.cache, "--json",
            "--dtype", self.arguments.dtype, "--threads", self.arguments.threads, "--phases", phases, "--prompt", prompt,
            "--generate", generate, "--sequences", sequences, "--repetitions", 3, "--seconds", 15,
        ]
        result = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        if result.returncode != 0:
            raise SystemExit(result.stderr)
        return json.loads(result.stdout.strip().splitlines()[-1])["phases"]

    # MARK: Parts

    def throughput(self) -> None:
        """All clients ask at once; what counts is the rate while every one of them has an answer coming."""
        clients, prompt, answer = self.arguments.clients, 64, 192
        bodies = [self.body(prompt, answer, seed) for seed in range(clients)]
        offline = rate = 0
        for _ in range(3):
            offline = max(offline, self.bench("batch", prompt, answer, clients)["batch"]["per_second"])
            with servers.ours(self.serve, self.checkpoint, self.cache, *self.options(clients, 1024)) as server:
                asyncio.run(load.crowd(server.port, PATH, bodies[:2], 2))
                answers, seconds = asyncio.run(load.crowd(server.port, PATH, bodies, clients))
            check(answers, answer)
            rate = max(rate, load.steady_rate(answers))
        self.row(
            f"{clients} clients, {prompt} tokens in and {answer} out: of the rate without a server",
            f"{rate / offline:.2f}", "0.9",
            f"{rate:.0f} tokens/s, `bench` {offline:.0f}; with reading the prompts {clients * answer / seconds:.0f}",
        )

    def llama(self) -> None:
        """llama.cpp's server with the same weights in Q8_0, a slot for each client."""
        model = self.checkpoint / "gguf" / "Q8_0.gguf"
        maker = REPOSITORY / "Benchmarks/peers/gguf_model.py"
        subprocess.run([sys.executable, maker, "--vocabulary", self.checkpoint, model.parent], check=True)
        prompt, answer = 64, 96
        for clients in self.arguments.peer_clients:
            bodies = [self.body(prompt, answer, seed) for seed in range(clients)]
            rates, firsts = {}, {}
            for name in ("ours", "llama.cpp") * 2:
                if name == "ours":
                    server = servers.ours(self.serve, self.checkpoint, self.cache, *self.options(clients, 512))
                else:
                    server = servers.llama(self.arguments.llama_server, model, clients, 512, self.arguments.threads)
                with server:
                    # Weights are read once before.
                    asyncio.run(load.crowd(server.port, PATH, [self.body(8, 8, 999)], 1))
                    answers, seconds = asyncio.run(load.crowd(server.port, PATH, bodies, clients))
                check(answers, answer)
                rates[name] = max(rates.get(name, 0), clients * answer / seconds)
                firsts[name] = min(firsts.get(name, 1e9), load.median(answer.first for answer in answers))
            self.row(
                f"{clients} client{'s' if clients > 1 else ''}, {prompt} in and {answer} out: of llama.cpp's server (Q8_0)",
                f"{rates['ours'] / rates['llama.cpp']:.1f}x", "3x",
                f"{rates['ours']:.0f} and {rates['llama.cpp']:.0f} tokens/s; first token after "
                f"{firsts['ours']:.2f} and {firsts['llama.cpp']:.2f} s",
            )

    def first_token(self) -> None:
        """A single client at rest."""
        prompt = 512
        prefills, answers = [], []
        for turn in range(3):
            prefills.append(self.bench("prefill", prompt, 1, 1)["prefill"]["milliseconds"])
            with servers.ours(self.serve, self.checkpoint, self.cache, *self.options(8, 1024)) as server:
                bodies = [self.body(prompt, 2, 10 * turn + seed) for seed in range(7)]
                # Weights are read once before.
                answers += [asyncio.run(load.stream(server.port, PATH, body)) for body in bodies][2:]
        prefill = load.median(prefills)
        first = 1000 * load.median(answer.first for answer in answers)
        self.row(
            f"first token of a prompt of {prompt}, beyond reading it", f"{first - prefill:.1f} ms", "20 ms",
            f"{first:.0f} ms, `bench` reads it in {prefill:.0f} ms",
        )

    def prefix(self) -> None:
        """The same long beginning a second time, with another end."""
        shared = self.prompt(2000, 1)
        with servers.ours(self.serve, self.checkpoint, self.cache, *self.options(8, 4096)) as server:
            asyncio.run(load.stream(server.port, PATH, self.body(64, 2, 2)))

            def first(seed: int) -> float:
                body = self.body(1, 2, seed) | {"prompt": shared + self.prompt(10, seed)}
                return asyncio.run(load.stream(server.port, PATH, body)).first

            cold, warm = first(10), load.median(first(seed) for seed in range(11, 18))
        self.row(
            "first token behind a known beginning of 2,000 tokens, against the first time", f"{cold / warm:.0f}x", "20x",
            f"{1000 * cold:.0f} and {1000 * warm:.1f} ms",
        )

    def constraint(self) -> None:
        """Time between tokens with a schema and without, one client."""
        properties = {f"field_{index}": {"type": "string"} for index in range(400)}
        schema = {"type": "object", "properties": properties, "required": list(properties)}
        constraints = {
            "any JSON object": {"structured_outputs": {"json_object": True}},
            "a schema": {"structured_outputs": {"json": schema}},
        }
        with servers.ours(self.serve, self.checkpoint, self.cache, *self.options(2, 1024)) as server:

            def gap(extra: dict) -> float:
                """Seconds for a token; none comes without a step of its own, as probabilities are asked for."""
                body = self.body(32, 80, 1) | {"temperature": 1.0, "seed": 1, "logprobs": 0} | extra
                answer = asyncio.run(load.stream(server.port, PATH, body))
                return (answer.moments[-1] - answer.moments[0]) / (answer.tokens - 1)

            gap({})
            for name, extra in constraints.items():
                gap(extra)
                # The machine's speed changes for seconds: neighbours are compared.
                pairs = [(gap({}), gap(extra)) for _ in range(9)]
                free, bound = (load.median(pair[index] for pair in pairs) for index in (0, 1))
                ratio = load.median(bound / free for free, bound in pairs)
                self.row(
                    f"{name}: what it adds to a token, vocabulary {vocabulary(self.checkpoint)}",
                    f"{ratio - 1:+.1%}", "+5%", f"{1000 * bound:.2f} ms, free {1000 * free:.2f} ms",
                )

    def http(self) -> None:
        """The server on one core, with a model that costs next to nothing, streaming to many clients."""
        clients, answer = 32, 400
        cores = sorted(os.sched_getaffinity(0))
        with servers.ours(
            self.serve, self.checkpoint, self.cache, "--threads", 1, "--max-num-seqs", clients, "--max-model-len", 1024,
            prefix=["taskset", "-c", cores[0]],
        ) as server:
            os.sched_setaffinity(0, cores[1:] or cores)
            bodies = [
                {"messages": [{"role": "user", "content": f"Number {seed}"}], "max_tokens": answer, "ignore_eos": True,
                 "temperature": 0}
                for seed in range(4 * clients)
            ]
            path = "/v1/chat/completions"
            asyncio.run(load.crowd(server.port, path, bodies[:clients], clients))
            before = server.cpu_seconds()
            answers, seconds = asyncio.run(load.crowd(server.port, path, bodies, clients))
            used = server.cpu_seconds() - before
        chunks = sum(len(answer.moments) for answer in answers)
        os.sched_setaffinity(0, cores)
        self.row(
            f"pieces of streams to {clients} clients, server on one core, `{self.arguments.model}`",
            f"{chunks / seconds:.0f}/s", "5,000/s", f"{chunks / used:.0f} for each second of its processor time",
        )

    def idle(self) -> None:
        """Connections that have asked once and stay open."""
        with servers.ours(self.serve, self.checkpoint, self.cache, "--max-connections", 1200, "--max-model-len", 512) as server:
            request = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
            connections = []

            def connect() -> None:
                connection = socket.create_connection(("127.0.0.1", server.port))
                connection.sendall(request)
                assert connection.recv(4096).startswith(b"HTTP/1.1 200")
                connections.append(connection)

            connect()
            before = server.resident_bytes()
            for _ in range(1000):
                connect()
            after = server.resident_bytes()
        self.row("1,000 idle connections", f"{(after - before) / 1e6:.1f} MB", "100 MB", f"{after / 1e6:.0f} MB in all")


def check(answers: list[load.Answer], tokens: int) -> None:
    for answer in answers:
        if answer.status != 200 or answer.tokens != tokens:
            raise SystemExit(f"an answer of status {answer.status} with {answer.tokens} tokens instead of {tokens}")


def vocabulary(checkpoint: Path) -> int:
    return len(json.loads((checkpoint / "tokenizer.json").read_text())["model"]["vocab"])


def wide_checkpoint(source: Path, target: Path) -> Path:
    """The checkpoint with a tokenizer as large as the model's vocabulary, filled up with invented words. No text becomes
    these, but the model may choose them, so that they are sent, and masks have to know them."""
    configuration = json.loads((source / "config.json").read_text())
    size = configuration.get("vocab_size") or configuration["text_config"]["vocab_size"]
    target.mkdir(parents=True, exist_ok=True)
    for file in source.iterdir():
        link = target / file.name
        if not link.exists() and file.is_file() and file.name != "tokenizer.json":
            link.symlink_to(file.resolve())
    tokenizer = json.loads((source / "tokenizer.json").read_text())
    words, added = tokenizer["model"]["vocab"], tokenizer["added_tokens"]
    known = set(words) | {token["content"] for token in added}
    # Added tokens that are no words come last, without gaps.
    last = [token for token in added if token["content"] not in words]
    for number, token in enumerate(last):
        token["id"] = size - len(last) + number
    generator = random.Random(20261122)
    for number in range(len(words), size - len(last)):
        while True:
            word = "".join(generator.choice("etaoinshrdlucmfwypvbgkjqxz") for _ in range(generator.randint(2, 9)))
            word = generator.choice(["Ġ", "", "", '"', ","]) + word
            if word not in known:
                break
        known.add(word)
        words[word] = number
    (target / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False))
    return target


def write_document(rows: list[str], arguments) -> None:
    """Puts the table between the marks of docs/performance.md."""
    mark = f"<!-- serving {arguments.name} -->"
    text = DOCUMENT.read_text()
    if text.count(mark) != 2:
        raise SystemExit(f"{DOCUMENT} does not have {mark} twice")
    before, _, after = text.split(mark)
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    form = "" if arguments.dtype == "auto" else f" in {arguments.dtype}"
    head = f"{datetime.date.today()}, {cpu}, {arguments.threads} threads, {arguments.model}{form}:"
    table = ["", head, "", "| What | Figure | Aim | Beside |", "|---|---:|---:|---|", *rows, ""]
    DOCUMENT.write_text(before + mark + "\n".join(table) + mark + after)


parser = argparse.ArgumentParser()
parser.add_argument("--build", type=Path, required=True, help="a folder with MODEL/serve and MODEL/MODEL")
parser.add_argument("--work", type=Path, required=True, help="a folder with models/MODEL/checkpoint")
parser.add_argument("--model", default="smollm2-360m")
parser.add_argument("--dtype", default="w8g32")
parser.add_argument("--llama-server", type=Path)
parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
parser.add_argument("--clients", type=int, default=32)
parser.add_argument("--peer-clients", type=int, nargs="+", default=[1, 4, 8, 32])
parser.add_argument("--kv-cache-memory", default="2GiB")
parser.add_argument("--parts", required=True)
parser.add_argument("--name", help="the marks in docs/performance.md between which the table goes; nowhere without")
arguments = parser.parse_args()
measurement = Measurement(arguments)
print("| What | Figure | Aim | Beside |\n|---|---:|---:|---|")
for part in arguments.parts.split(","):
    getattr(measurement, part.replace("-", "_"))()
if arguments.name:
    write_document(measurement.rows, arguments)
