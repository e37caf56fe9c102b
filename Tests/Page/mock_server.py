#!/usr/bin/env python3
"""A server that answers as `serve` does, but as a test wants it: piece by piece, with errors, or not yet ready.

Not a model: it says what it is told. By itself it shows the page with a sample answer: `mock_server.py [PORT]`.
"""
import dataclasses
import http.server
import json
import pathlib
import select
import socket
import sys
import threading
import time

PAGE = pathlib.Path(__file__).resolve().parents[2] / "Sources/Serving/Page/Web"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = [line.split(": ", 1) for line in (PAGE / "headers.txt").read_text().splitlines()]

MODELS = [
    {"id": "qwen2.5-vl-3b", "object": "model", "root": "qwen2.5-vl-3b", "parent": None, "max_model_len": 32768},
    {"id": "smollm2-360m", "object": "model", "root": "smollm2-360m", "parent": None, "max_model_len": 4096},
    {"id": "claims-lora", "object": "model", "root": "qwen2.5-vl-3b", "parent": "qwen2.5-vl-3b",
     "max_model_len": 32768},
]


def text_pieces(text, length=5):
    """The deltas of a text that comes some characters at a time."""
    return [{"content": text[at : at + length]} for at in range(0, len(text), length)]


@dataclasses.dataclass
class Behaviour:
    """How the next requests are answered."""

    deltas: list = dataclasses.field(default_factory=lambda: text_pieces("Hello."))
    finish_reason: str = "stop"
    usage: dict | None = dataclasses.field(default_factory=lambda: {
        "prompt_tokens": 1250, "completion_tokens": 42, "total_tokens": 1292,
        "prompt_tokens_details": {"cached_tokens": 1024},
    })
    # Each piece waits for the gate if there is one, otherwise so many seconds.
    gate: threading.Semaphore | None = None
    pause_seconds: float = 0
    # Instead of an answer: a status with a body.
    error: tuple | None = None
    # After the pieces, instead of their end: an event with an error, or nothing, the connection being closed.
    error_event: dict | None = None
    is_cut_off: bool = False


class MockServer(http.server.ThreadingHTTPServer):
    """The server's state, which tests change and look at."""

    daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.address = f"http://127.0.0.1:{self.server_port}/"
        self.reset()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def reset(self):
        self.behaviour = Behaviour()
        self.is_loading = False
        # A status and a body that the list of models is answered with, if it is not to be the usual one.
        self.models_answer = None
        self.key = None
        self.limits = {}
        # The bodies of requests for answers, and the headers that came with them.
        self.requests = []
        self.request_headers = []
        self.paths = []
        self.disconnected = threading.Event()

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Disconnected(ConnectionError):
    """The other side went away."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.paths.append(self.path)
        if self.path == "/health":
            self.answer_json(503 if self.server.is_loading else 200, {})
        elif self.path == "/v1/models":
            if self.is_authorized():
                self.answer_json(*self.server.models_answer or (200, {"object": "list", "data": MODELS}))
        elif self.path == "/version":
            self.answer_json(200, {"version": "0.1.0-mock", "limits": self.server.limits})
        else:
            self.answer_file()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/v1/chat/completions":
            self.answer_json(404, error_body("There is no such path.", "not_found_error"))
        elif self.is_authorized():
            self.server.requests.append(json.loads(body))
            self.server.request_headers.append(dict(self.headers))
            self.answer_chat(self.server.behaviour)

    def answer_chat(self, behaviour):
        if behaviour.error:
            return self.answer_json(*behaviour.error)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            self.send_event(chunk({"role": "assistant", "content": ""}))
            for delta in behaviour.deltas:
                self.wait(behaviour)
                self.send_event(chunk(delta))
            if behaviour.error_event:
                self.send_event(behaviour.error_event)
            elif not behaviour.is_cut_off:
                self.wait(behaviour)
                self.send_event(chunk({}, behaviour.finish_reason))
                if behaviour.usage:
                    self.send_event({**chunk({}), "choices": [], "usage": behaviour.usage})
                self.wfile.write(b"data: [DONE]\n\n")
        except ConnectionError:
            self.server.disconnected.set()

    def wait(self, behaviour):
        if behaviour.gate is None:
            time.sleep(behaviour.pause_seconds)
            return
        while not behaviour.gate.acquire(timeout=0.02):
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and self.connection.recv(1, socket.MSG_PEEK) == b"":
                raise Disconnected

    def send_event(self, value):
        self.wfile.write(f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode())
        self.wfile.flush()

    def is_authorized(self):
        if self.server.key in (None, self.headers.get("Authorization", "").removeprefix("Bearer ")):
            return True
        self.answer_json(401, error_body("The API key is missing or wrong.", "authentication_error"))
        return False

    def answer_file(self):
        name = "index.html" if self.path == "/" else self.path.removeprefix("/page/")
        path = PAGE / name
        if "/" in name or path.suffix not in TYPES or not path.is_file():
            return self.answer_json(404, error_body("There is no such path.", "not_found_error"))
        self.answer(200, path.read_bytes(), TYPES[path.suffix], HEADERS)

    def answer_json(self, status, value):
        self.answer(status, json.dumps(value).encode(), "application/json")

    def answer(self, status, body, content_type, headers=()):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def chunk(delta, finish_reason=None):
    return {
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 0, "model": "qwen2.5-vl-3b",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}],
    }


def error_body(message, kind="invalid_request_error", parameter=None):
    return {"error": {"message": message, "type": kind, "param": parameter, "code": None}}


if __name__ == "__main__":
    from samples import BILL

    server = MockServer(int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
    server.behaviour = Behaviour(deltas=text_pieces(BILL), pause_seconds=0.03)
    print(server.address)
    threading.Event().wait()
