# What the checks of clients share: one line for each check, the server's model, and a small image.
# Not the checks: those have a file for each client.
import base64
import json
import struct
import sys
import time
import urllib.request
import zlib


def base_url() -> str:
    """The address of the server, such as http://127.0.0.1:8000, from the command line."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} URL    (such as http://127.0.0.1:8000)")
    return sys.argv[1].rstrip("/")


# The key of a server that has been given one (Scripts/verify-clients); others take any.
KEY = "none"


def fetch(address: str, body=None) -> str:
    """What the server answers without a client in between; a body is sent as JSON."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(address, data, headers)) as answer:
        return answer.read().decode()


def model_name(url: str) -> str:
    """The name of the model that the server has."""
    return json.loads(fetch(f"{url}/v1/models"))["data"][0]["id"]


def metric(url: str, series: str) -> float:
    """The value of the metric whose name and labels begin and end like `name{...last="label"}`, such as
    `vllm:request_success_total{finished_reason="abort"}`."""
    name, _, label = series.partition("{")
    lines = [line for line in fetch(f"{url}/metrics").splitlines() if line.startswith(name + "{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if label.rstrip("}") in line)


def wait_until(condition, what: str) -> None:
    """Waits for something that is expected to happen; nothing is measured by it."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, f"not within 30 s: {what}"
        time.sleep(0.02)


def run(checks) -> None:
    """Runs functions named after what they check, and tells which of them fail."""
    failed = 0
    for check in checks:
        name = check.__name__.replace("_", " ")
        try:
            check()
            print(f"ok      {name}")
        except Exception as error:  # A check that fails must not hide the others.
            failed += 1
            print(f"FAILED  {name}: {type(error).__name__}: {error}")
    print(f"{len(checks) - failed} of {len(checks)} checks passed")
    sys.exit(1 if failed else 0)


def equal(found, expected) -> None:
    assert found == expected, f"{found!r} is not {expected!r}"


def png(width: int = 112, height: int = 84, left: bytes = b"\xd0\x20\x20") -> str:
    """A picture of two colours, as a PNG file in base64."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + left * (width // 2) + b"\x20\x20\xd0" * (width - width // 2)
    file = b"\x89PNG\r\n\x1a\n"
    file += chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    file += chunk(b"IDAT", zlib.compress(row * height)) + chunk(b"IEND", b"")
    return base64.b64encode(file).decode()
