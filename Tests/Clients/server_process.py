"""A compiled `serve` as a process on a free port, for scripts that look at it from outside.

Not what is checked: Scripts/verify-clients and Scripts/verify-faults, and the files beside this one.
"""
import collections
import http.client
import json
import os
import pathlib
import signal
import subprocess
import threading
import time

# How long something may take that is expected to happen. Nothing is measured by it: it only ends what has failed.
PATIENCE_SECONDS = 60


class RunningServer:
    """A server of which the process and the port are known."""

    def __init__(self, process, port):
        self.process = process
        self.port = port

    # ---- Asking

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def ask(self, method, path, body=None, headers=None, timeout=PATIENCE_SECONDS):
        """The status and the body of a response; a body that is no bytes is sent as JSON."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} | (headers or {}))
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def chat(self, text, **options):
        """The content of an answer that is the same every time."""
        body = {"messages": [{"role": "user", "content": text}], "temperature": 0, "max_tokens": 24} | options
        status, answer = self.ask("POST", "/v1/chat/completions", body)
        assert status == 200, answer
        return json.loads(answer)["choices"][0]["message"]["content"]

    def metrics(self):
        """The values of all series by their names with labels."""
        text = self.ask("GET", "/metrics")[1].decode()
        lines = [line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, value in lines}

    def total(self, name, *labels):
        """The sum of a metric over all series that have these labels, such as `status="200"`."""
        return sum(
            value for series, value in self.metrics().items()
            if series.split("{")[0] == name and all(label in series for label in labels)
        )

    def wait_until_idle(self):
        """Waits until nothing runs or waits any more, also what nobody waited for."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.total("vllm:num_requests_running") + self.total("vllm:num_requests_waiting") > 0:
            assert time.monotonic() < deadline, "requests do not end"
            time.sleep(0.05)

    # ---- The process

    def memory(self):
        """Its resident bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))

    def is_alive(self):
        return self.process.poll() is None

    def end(self):
        """Ends it in good order; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.is_alive():
            self.kill()


class ServerProcess(RunningServer):
    """A server whose log is read."""

    def __init__(self, build, checkpoint, cache, *options, until="ready", prefix=(), environment=None, **process_options):
        """Waits until the log says "listening" or "ready", or not at all for None.

        `prefix` is a command that runs the server; further arguments are those of `subprocess.Popen`.
        """
        command = [*prefix, pathlib.Path(build) / "serve", "--weights", checkpoint, "--port", "0", "--log-json", *options]
        if cache is not None:
            command += ["--cache", cache]
        process = subprocess.Popen(
            [str(part) for part in command], stderr=subprocess.PIPE, text=True,
            env=os.environ | (environment or {}), **process_options,
        )
        super().__init__(process, None)
        self.log = collections.deque(maxlen=1000)
        self._lines = threading.Condition()
        self._has_ended = False
        threading.Thread(target=self._read_log, daemon=True).start()
        if until and not (self.wait_for("listening") and self.wait_for(until)):
            raise AssertionError(f"the server is not {until}: {self.last_words()}")

    # ---- Its log

    def _read_log(self):
        for line in self.process.stderr:
            try:
                entry = json.loads(line)
            except ValueError:
                entry = {"message": line.rstrip()}  # Not of the server's own log: the system's, or a crash report.
            with self._lines:
                self.log.append(entry)
                if entry["message"] == "listening":
                    self.port = int(entry["url"].rsplit(":", 1)[1])
                self._lines.notify_all()
        self.process.wait()
        with self._lines:
            self._has_ended = True
            self._lines.notify_all()

    def wait_for(self, message):
        """Whether the log says this before the process ends."""

        def is_known():
            return any(entry["message"] == message for entry in self.log) or self._has_ended

        with self._lines:
            self._lines.wait_for(is_known, PATIENCE_SECONDS)
            return any(entry["message"] == message for entry in self.log)

    def last_words(self):
        """The end of the log, and how the process ended if it has."""
        with self._lines:
            return f"exit status {self.process.poll()}, {[*self.log][-5:]}"
