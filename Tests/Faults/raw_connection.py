"""One TCP connection on which anything can be sent, and the responses that come back, read without any HTTP library.

Not what is sent: byte_faults.py.
"""
import json
import socket
import struct
import time


class Hang(Exception):
    """The server has neither answered nor closed the connection in time."""


class RawConnection:
    """A connection with a deadline for all of it."""

    def __init__(self, port, seconds=30):
        self.deadline = time.monotonic() + seconds
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.received = b""
        self.is_closed = False

    def send(self, data: bytes):
        """Sends as much as the server takes; one that has closed the connection takes no more."""
        try:
            self.socket.settimeout(max(self.deadline - time.monotonic(), 0.01))
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        except TimeoutError:
            raise Hang("it reads no more")

    def send_end(self):
        """Tells the server that nothing more comes."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def reset(self):
        """Breaks the connection off, as a client that crashes does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def close(self):
        self.socket.close()

    def _receive(self) -> bool:
        """Whether more has come before the server closed the connection."""
        if self.is_closed:
            return False
        self.socket.settimeout(max(self.deadline - time.monotonic(), 0.01))
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        except TimeoutError:
            raise Hang(f"after {self.received[:200]!r}")
        self.received += data
        self.is_closed = not data
        return bool(data)

    def read_to_end(self) -> list:
        """The responses until the server closes the connection."""
        while self._receive():
            pass
        responses = []
        while self.received:
            responses.append(self.response())
        return responses

    def response(self) -> tuple:
        """The status and the body of the next response; None if the connection ends before one, or in one."""
        while True:
            found = self._parse()
            if found or not self._receive():
                break
        if found:
            return found
        # Ended in the middle, or without a word.
        self.received = b""
        return None

    def _parse(self):
        head, mark, rest = self.received.partition(b"\r\n\r\n")
        if not mark:
            return None
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        if status < 200:  # 100 Continue: the response itself follows.
            self.received = rest
            return self._parse()
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while True:
                size, mark, rest = rest.partition(b"\r\n")
                if not mark:
                    return None
                count = int(size, 16)
                if len(rest) < count + 2:
                    return None
                body, rest = body + rest[:count], rest[count + 2 :]
                if count == 0:
                    break
        elif "content-length" in headers:
            count = int(headers["content-length"])
            if len(rest) < count:
                return None
            body, rest = rest[:count], rest[count:]
        else:
            if not self.is_closed:
                return None
            body, rest = rest, b""
        self.received = rest
        if body and headers.get("content-type", "").startswith("application/json"):
            json.loads(body)  # What says that it is JSON, is.
        return status, body
