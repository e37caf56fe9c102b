"""Clients that do nothing, or stop in the middle: others are answered, memory is bounded, and what they held is let go."""
import contextlib
import json
import resource
import socket
import threading
import time

from byte_faults import post

QUESTION = "Tell me about the sea."
IDLE_CONNECTIONS = 1000
# Bytes that these may take: 100 KiB each.
GROWTH = 100 << 20


def is_prompt(server, expected):
    """Others are answered, soon: within seconds, where a stall would take the server's patience of a minute."""
    for _ in range(10):
        start = time.monotonic()
        assert server.chat(QUESTION, max_tokens=8) == expected
        assert time.monotonic() - start < 10, "others wait"


def idle_connections(setting):
    """A thousand that say nothing, or only the beginning of something."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, IDLE_CONNECTIONS + 512)), hard))
    with setting.server("--slow-client-timeout", "5") as server, contextlib.ExitStack() as open_ones:
        expected = server.chat(QUESTION, max_tokens=8)
        body = json.dumps({"messages": [{"role": "user", "content": QUESTION}]}).encode()
        whole = post("/v1/chat/completions", body)
        before = server.memory()
        clients = []
        for number in range(IDLE_CONNECTIONS):
            client = open_ones.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
            client.sendall([b"", whole[:30], whole[:-10], b"GET /health HTTP/1.1\r\n"][number % 4])
            clients.append(client)
        is_prompt(server, expected)
        grown = server.memory() - before
        assert grown < GROWTH, f"{IDLE_CONNECTIONS} connections take {grown >> 20} MiB"
        # Those who owe the rest of a body are left after the patience for slow clients; nobody else is.
        for client in clients[2::4]:
            client.settimeout(30)
            with contextlib.suppress(ConnectionResetError):
                assert client.recv(1) == b"", "a client that is too slow is told nothing"
        is_prompt(server, expected)
        clients[0].sendall(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        assert clients[0].recv(100).startswith(b"HTTP/1.1 200"), "a connection that was idle is used"
        assert server.end() == 0
        return f"memory {grown / 2**20:+.1f} MiB"


def clients_that_stop_reading(setting):
    """They ask for much, with all log probabilities, and take none of it."""
    with setting.server("--slow-client-timeout", "3", "--max-model-len", "2048") as server, contextlib.ExitStack() as open_ones:
        expected = server.chat(QUESTION, max_tokens=8)
        asked = {
            "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 1500, "ignore_eos": True, "stream": True,
            "logprobs": True, "top_logprobs": 64,
        }
        before = server.memory()
        clients = []
        for number in range(16):
            client = open_ones.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", server.port))
            client.sendall(post("/v1/chat/completions", json.dumps(asked | {"seed": number}).encode()))
            clients.append(client)
        most = 0
        watching = threading.Event()

        def watch():
            nonlocal most
            while not watching.wait(0.05):
                most = max(most, server.memory())

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            is_prompt(server, expected)
            server.wait_until_idle()
            time.sleep(6)  # Longer than the patience: what the system's buffers do not hold is given up.
        finally:
            watching.set()
            watcher.join()
        left = 0
        for client in clients:
            client.settimeout(30)
            received = b""
            with contextlib.suppress(ConnectionResetError):
                while data := client.recv(1 << 20):
                    received += data
                    if received.endswith(b"0\r\n\r\n"):
                        break
            left += b"[DONE]" not in received[-100:]
        assert left == len(clients), f"only {left} of {len(clients)} were left; the others' answers waited for them"
        assert most - before < GROWTH, f"the memory grew by {(most - before) >> 20} MiB"
        is_prompt(server, expected)
        assert server.end() == 0
        return f"memory at most {(most - before) / 2**20:+.1f} MiB"


CHECKS = [idle_connections, clients_that_stop_reading]
