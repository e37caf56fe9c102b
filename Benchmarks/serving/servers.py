"""Servers as processes: ours and llama.cpp's, started on a free port and ended again."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from pathlib import Path


class Server:
    """A process that answers on `port`."""

    def __init__(self, command: list, port: int, is_ready, environment: dict | None = None):
        self.port = port
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=os.environ | (environment or {}),
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        deadline = time.monotonic() + 300
        while not is_ready(self):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[0]} has not begun:\n" + "\n".join(self.lines[-20:]))
            time.sleep(0.05)

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            del self.lines[:-200]

    def resident_bytes(self) -> int:
        return self._status("VmRSS") * 1024

    def cpu_seconds(self) -> float:
        """Of all threads, in user and system."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1])
        raise KeyError(name)

    def __enter__(self):
        return self

    def __exit__(self, *_) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers_health(server: Server) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/health", timeout=2) as response:
            return response.status == 200 and json.load(response).get("status") == "ok"
    except OSError:
        return False


def ours(program: Path, checkpoint: Path, cache: Path, *options, prefix: list | None = None) -> Server:
    port = free_port()
    command = [
        *(prefix or []), program, "--weights", checkpoint, "--cache", cache, "--port", port, "--log-level", "error",
        *options,
    ]
    return Server(command, port, answers_health)


def llama(program: Path, model: Path, slots: int, context: int, threads: int) -> Server:
    """llama.cpp's own server, with a slot of `context` tokens for each client and continuous batching."""
    port = free_port()
    command = [
        program, "--model", model, "--port", port, "--parallel", slots, "--ctx-size", slots * context,
        "--threads", threads, "--threads-batch", threads, "--no-warmup", "--jinja",
    ]
    return Server(command, port, answers_health)
