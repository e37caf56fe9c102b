"""Malformed requests by a seed: what is wrong with each is one of the kinds below. Next: byte_fuzzer.py sends them.

A request is a list of pieces to send, and what the client does after them.
"""
import base64
import dataclasses
import json
import random
import struct
import zlib

from valid_requests import PLAIN_PATHS, bodies, chat_about, data_uri, picture

JSON_TYPE = ("Content-Type", "application/json")


@dataclasses.dataclass
class Fault:
    """What goes over one connection."""

    kind: str
    pieces: list
    # "finish" sends no more and reads to the end; "read" reads one response; "leave" closes at once, "reset" rudely.
    afterwards: str = "finish"
    # Statuses that are right; any below 500 without.
    statuses: tuple = ()
    # Whether the same connection must answer a good request next.
    goes_on: bool = False


def head(method, path, headers, version="HTTP/1.1") -> bytes:
    lines = [f"{method} {path} {version}", "Host: localhost", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n"


def post(path, body: bytes, *headers) -> bytes:
    return head("POST", path, [JSON_TYPE, ("Content-Length", len(body)), *headers]) + body


def encoded(body) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


class Faults:
    """Chooses faults; the same number is the same fault."""

    def __init__(self, seed):
        self.seed = seed
        self.bodies = bodies()

    def fault(self, number) -> Fault:
        generator = random.Random(f"{self.seed}/{number}")
        kinds = [
            self.request_lines, self.header_bombs, self.lengths, self.chunks, self.cut_off, self.garbage,
            self.changed_bytes, self.changed_bytes, self.changed_members, self.changed_members, self.changed_numbers,
            self.texts_of_json,
            self.broken_pictures, self.left_alone, self.pipelines,
        ]
        return generator.choice(kinds)(generator)

    def body(self, generator):
        path, body = generator.choice(self.bodies)
        return path, encoded(body)

    # ---- HTTP

    def request_lines(self, generator) -> Fault:
        path = generator.choice(PLAIN_PATHS)
        line = generator.choice([
            f"GET {path}", f"GET  {path} HTTP/1.1", f"get {path} HTTP/1.1", f"GET {path} HTTP/9.9", f"GET {path} HTTP/1",
            f"GET {path} HTTP/1.1 more", f" GET {path} HTTP/1.1", f"{path} GET HTTP/1.1", f"G\0T {path} HTTP/1.1",
            f"CONNECT {path} HTTP/1.1", "PRI * HTTP/2.0", "OPTIONS * HTTP/1.1", f"GET http://elsewhere{path} HTTP/1.1",
            f"GET /{'a' * generator.choice([100, 9_000, 200_000])} HTTP/1.1", "GET /%00%ff%zz HTTP/1.1",
            "GET /v1/models/%2e%2e%2f%2e%2e%2fetc HTTP/1.1", f"GET {path}?{'a=b&' * 3000} HTTP/1.1",
            f"TRACE {path} HTTP/1.1", f"POST {path} HTTP/1.1", "GET /v1/models/진단서 HTTP/1.1", "HTTP/1.1 200 OK",
        ])
        end = generator.choice(["\r\n", "\n", "\r"])
        return Fault("request line", [line.encode() + f"{end}Host: localhost{end}{end}".encode()])

    def header_bombs(self, generator) -> Fault:
        path, body = self.body(generator)
        headers = generator.choice([
            [(f"x-{number}", "a") for number in range(generator.choice([90, 101, 2000]))],
            [("x", "a" * generator.choice([30_000, 40_000, 1_000_000]))],
            [("x" * generator.choice([1000, 100_000]), "a")],
            [("x y", "a")], [("", "a")], [("x", "a\0b")], [("x", "a\rb")], [("x\x01", "a")], [("x", "\udcff\udcfe")],
            [("Content-Type", "application/json")] * 3, [("Content-Encoding", "gzip")],
            [("Content-Type", "application/json; charset=utf-16")], [("Content-Type", "multipart/form-data; boundary=x")],
            [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Key", "eA==")],
            [("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAAQAAP__"), ("Connection", "Upgrade, HTTP2-Settings")],
            [("Expect", "200-maybe")], [("Authorization", "Bearer " + "k" * 9000)], [("Authorization", "\0")],
            [("Connection", "close, keep-alive, \x7f")], [("Host", "a"), ("Host", "b")], [("Cookie", ";" * 20_000)],
        ])
        return Fault("headers", [post(path, body, *headers)])

    def lengths(self, generator) -> Fault:
        path, body = self.body(generator)
        length = generator.choice([
            "-1", "0x10", "1e3", "", " ", "99999999999999999999999", str(2**63), str(2**63 - 1), str(2**64 - 1), "10000000000",
            "+5", "5 5", "5, 6", "٣", str(len(body) + 1), str(len(body) - 1), str(len(body) * 1000), "0", "1",
        ])
        headers = [JSON_TYPE, ("Content-Length", length)]
        if generator.random() < 0.3:
            headers.append(generator.choice([
                ("Content-Length", len(body)), ("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "gzip, chunked"),
                ("Transfer-Encoding", "nonsense"), ("Transfer-Encoding", "chunked, chunked"),
            ]))
        return Fault("length", [head("POST", path, headers) + body])

    def chunks(self, generator) -> Fault:
        path, body = self.body(generator)
        size = f"{len(body):x}".encode()
        whole = size + b"\r\n" + body + b"\r\n0\r\n\r\n"
        chunked = generator.choice([
            whole.replace(b"\r\n0\r\n", b"\r\n-1\r\n"), b"zz\r\n" + body + b"\r\n0\r\n\r\n", b"fffffffffffffffffff\r\n" + body,
            b"7fffffffffffffff\r\n" + body, size + b";" + b"e" * 90_000 + b"\r\n" + body + b"\r\n0\r\n\r\n",
            size + b"\n" + body + b"\n0\n\n", size + b"\r\n" + body + b"0\r\n\r\n", whole[: generator.randrange(len(whole))],
            whole[:-2] + b"".join(b"t%d: x\r\n" % number for number in range(5000)) + b"\r\n", b"\r\n\r\n", b"0\r\n\r\n",
            b"".join(b"1\r\n%c\r\n" % byte for byte in body[:5000]) + b"0\r\n\r\n", whole + whole, b" " + whole,
        ])
        return Fault("chunks", [head("POST", path, [JSON_TYPE, ("Transfer-Encoding", "chunked")]), chunked])

    def cut_off(self, generator) -> Fault:
        path, body = self.body(generator)
        data = post(path, body)
        end = generator.randrange(1, len(data))
        return Fault("cut off", [data[:end]], generator.choice(["finish", "leave", "reset"]))

    def garbage(self, generator) -> Fault:
        hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + generator.randbytes(500)
        data = generator.choice([
            generator.randbytes(generator.choice([1, 30, 5000])), hello, b"\0" * 5000, b"\r\n" * 3000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\x05\x01\x00", b"*1\r\n$4\r\nPING\r\n", b"SSH-2.0-x\r\n", b"a" * 100_000, b"\xff" * 100_000,
        ])
        return Fault("garbage", [data])

    def pipelines(self, generator) -> Fault:
        """Several requests at once, one of them wrong."""
        requests = [post(*self.body(generator)) for _ in range(generator.randint(2, 8))]
        requests.insert(generator.randrange(len(requests)), generator.choice([
            b"GET / HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n", post("/tokenize", b"{"), post("/nothing", b"{}"), head("HEAD", "/", []),
        ]))
        return Fault("pipeline", [b"".join(requests)])

    def left_alone(self, generator) -> Fault:
        """A good request by pieces, or whose answer is not waited for."""
        path, body = self.body(generator)
        data = post(path, body)
        if generator.random() < 0.5:
            return Fault("left alone", [data], generator.choice(["leave", "reset"]))
        step = max(len(data) // generator.randint(2, 12), 1)
        pieces = [data[start : start + step] for start in range(0, len(data), step)]
        return Fault("by pieces", pieces, "read", (200,), goes_on=True)

    # ---- Bodies

    def changed_bytes(self, generator) -> Fault:
        path, body = self.body(generator)
        body = self.change_bytes(body, generator)
        return Fault("changed bytes", [post(path, body)], "read", goes_on=True)

    def change_bytes(self, data, generator) -> bytes:
        data = bytearray(data)
        for _ in range(generator.choice([1, 1, 2, 8])):
            start = generator.randrange(len(data) + 1)
            end = min(start + generator.choice([1, 1, 4, 60]), len(data))
            data[start:end] = generator.choice([
                b"", generator.randbytes(end - start), bytes(data[start:end]) * 3, b"\xc3", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80",
                b"\\", b'"', b"\0", b"\\ud800", b"[", b"}", b"1e999", b"-0", b"\xef\xbb\xbf", b"9" * 400, b",", b"/*", b"NaN",
            ])
            if not data:
                data = bytearray(b" ")
        return bytes(data)

    def changed_members(self, generator) -> Fault:
        """A value or a name in the middle of a body is exchanged or gone."""
        path, body = generator.choice(self.bodies)
        body = json.loads(json.dumps(body))
        for _ in range(generator.choice([1, 1, 2, 3])):
            places = []

            def collect(value):
                for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []:
                    places.append((value, key))
                    collect(value[key])

            collect(body)
            if not places:
                break
            owner, key = generator.choice(places)
            action = generator.random()
            if action < 0.15:
                del owner[key]
            elif action < 0.25 and isinstance(owner, dict):
                owner[generator.choice(["temprature", "", "__proto__", "a" * 5000, "\0", "stream"])] = owner.pop(key)
            elif action < 0.35 and isinstance(owner, list):
                owner[:] = owner * generator.choice([2, 50])
            else:
                owner[key] = self.strange_value(generator)
        return Fault("changed members", [post(path, encoded(body))], "read", goes_on=True)

    def changed_numbers(self, generator) -> Fault:
        """A number that the endpoint knows is as far out as numbers go."""
        path, body = generator.choice(self.bodies)
        names = [
            "max_tokens", "max_completion_tokens", "max_output_tokens", "min_tokens", "n", "seed", "top_k", "top_p", "min_p",
            "priority", "temperature", "repetition_penalty", "presence_penalty", "frequency_penalty", "top_logprobs", "logprobs",
            "best_of", "truncate_prompt_tokens",
        ]
        numbers = [2**63 - 1, -(2**63), 2**63, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53, 0, -1, 1, 1e308, -1e308, 5e-324, 1e-45]
        changed = body | {generator.choice(names): generator.choice(numbers) for _ in range(generator.choice([1, 1, 3]))}
        if generator.random() < 0.3:
            key = str(generator.choice([0, 5, 10**6, 2**31 - 1, 2**31, -1, 2**63]))
            changed |= {"logit_bias": {key: generator.choice(numbers)}, "stop_token_ids": [generator.choice(numbers)]}
        return Fault("changed numbers", [post(path, encoded(changed))], "read", goes_on=True)

    def strange_value(self, generator):
        nested = "x"
        for _ in range(generator.choice([3, 300])):
            nested = [nested] if generator.random() < 0.5 else {"type": nested}
        return generator.choice([
            None, True, False, 0, 1, -1, 0.5, 1e308, 5e-324, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63), 10**400, "", "\0",
            "a", "진" * 3000, "\U0010ffff", "a" * 100_000, [], {}, [[]], [None], {"type": "text"}, {"a": {}}, nested, "image_url",
            "<|im_end|>", "data:,", "data:image/png;base64,", "file:///etc/passwd", "http://127.0.0.1:1/", "object", "{{ 7 * 7 }}",
        ])

    def texts_of_json(self, generator) -> Fault:
        path, body = self.body(generator)
        depth = generator.choice([100, 5_000, 400_000])
        text = generator.choice([
            b"[" * depth, b"[" * depth + b"]" * depth, b'{"a":' * depth + b"1" + b"}" * depth, b"", b" ", b"null", b"[]", b"1", b'"a"',
            b"{}" * 2, b"\xef\xbb\xbf" + body, body.decode().encode("utf-16"), zlib.compress(body), body + b"\0", b"{" + body + b"}",
            b'{"messages":' * 2000, b'{"a":1' + b',"a":1' * 20_000 + b"}", b'{"prompt":"' + b"\\u0041" * 90_000 + b'"}',
            b'{"max_tokens":' + b"1" * 100_000 + b"}", b'{"temperature":1e' + b"9" * 1000 + b"}", body * 2, b"\\" * 5000,
            b'{"prompt":"' + b"a" * (1_200_000) + b'"}', b'{"tokens":[' + b"1," * 200_000 + b"1]}", b'{"prompt":"\xed\xa0\x80"}',
        ])
        return Fault("text of JSON", [post(path, text)], "read")

    # ---- Pictures

    def broken_pictures(self, generator) -> Fault:
        name, kind = generator.choice([("bill-300x220.png", "png"), ("grey-note-90x130.png", "png"), ("", "jpeg"), ("", "webp")])
        data = picture(name) if name else self.small_picture(kind)
        choice = generator.random()
        if choice < 0.2:
            uri = data_uri(data[: generator.randrange(len(data))], kind)
        elif choice < 0.6:
            data = bytearray(data)
            for _ in range(generator.choice([1, 3, 20])):
                # The beginning, where sizes and tables are, more often than the rest.
                place = generator.randrange(min(len(data), generator.choice([40, 200, len(data)])))
                data[place] = generator.randrange(256)
            uri = data_uri(bytes(data), kind)
        elif choice < 0.8:
            uri = data_uri(self.png_of_size(generator), generator.choice(["png", "jpeg", "webp", "svg+xml"]))
        else:
            base = base64.b64encode(data).decode()
            uri = generator.choice([
                "data:image/png;base64," + base[:-1], "data:image/png;base64," + base[:99] + "!" + base[99:], "data:image/png," + base,
                "data:text/plain;base64," + base, "data:", "data:;base64,", "data:image/png;base64;base64," + base, "image.png", "",
                "https://localhost/a.png", "file:///proc/self/environ", "data:image/svg+xml;base64,PHN2Zy8+", "data:image/gif;base64,R0lGODlh",
            ])
        body = chat_about(uri)
        return Fault("picture", [post("/v1/chat/completions", encoded(body))], "read", (200, 400, 413), goes_on=True)

    def small_picture(self, kind) -> bytes:
        """The beginnings of files; no library that writes whole ones is needed for wrong ones."""
        if kind == "jpeg":
            quantization = b"\xff\xdb\x00\x43\x00" + bytes(range(1, 65))
            frame = b"\xff\xc0\x00\x11\x08\x00\x40\x00\x40\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00"
            return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + quantization + frame + b"\xff\xda" + bytes(300)
        lossless = b"\x2f" + struct.pack("<I", 63 | 63 << 14) + bytes(range(200))
        chunk = b"VP8L" + struct.pack("<I", len(lossless)) + lossless
        return b"RIFF" + struct.pack("<I", len(chunk) + 4) + b"WEBP" + chunk

    def png_of_size(self, generator) -> bytes:
        """A file that claims to be of a size that it does not have, with right checksums."""

        def chunk(name, data):
            return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

        sides = [0, 1, 7, 100, 20_000, 2**31 - 1, 2**31, 2**32 - 1]
        size = struct.pack(">II", generator.choice(sides), generator.choice(sides))
        kind = bytes([generator.choice([1, 8, 16, 3]), generator.choice([0, 2, 3, 4, 6, 1]), 0, 0, generator.choice([0, 1, 2])])
        rows = zlib.compress(bytes(generator.choice([0, 300, 2_000_000])))
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + kind) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
