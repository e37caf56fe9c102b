"""Clients of a server that speaks OpenAI's API: asks as many at once as it is told, and notes when each token came.

Sockets and events are read here, not by a package for it: at thousands of events a second that would be the limit."""

import asyncio
import json
import statistics
import time
from dataclasses import dataclass, field


@dataclass
class Answer:
    """One streamed answer; moments are seconds since the request was sent."""

    status: int = 0
    start: float = 0
    moments: list[float] = field(default_factory=list)
    text: str = ""
    usage: dict = field(default_factory=dict)

    @property
    def first(self) -> float:
        return self.moments[0]

    @property
    def tokens(self) -> int:
        return self.usage.get("completion_tokens", len(self.moments))


async def stream(port: int, path: str, body: dict, keeps_text: bool = False) -> Answer:
    """Asks on a connection of its own and reads the answer to its end."""
    data = json.dumps(body | {"stream": True, "stream_options": {"include_usage": True}}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    answer = Answer(start=time.perf_counter())
    writer.write(
        b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (path.encode(), len(data), data)
    )
    head = await reader.readuntil(b"\r\n\r\n")
    answer.status = int(head.split()[1])
    rest, last = b"", b""
    while piece := await reader.read(1 << 16):
        now = time.perf_counter() - answer.start
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if not line.startswith(b"data: {"):
                continue
            last = line
            # What is told at the beginning of an answer, its role, is no token; nor is its usage at the end.
            if b'"choices":[{' in line and b'"role":"assistant"' not in line:
                answer.moments.append(now)
                if keeps_text:
                    choice = json.loads(line[6:])["choices"][0]
                    answer.text += choice.get("text") or choice.get("delta", {}).get("content") or ""
    writer.close()
    if answer.status != 200:
        raise RuntimeError(f"status {answer.status}: {rest.decode()[:500]}")
    if last:
        answer.usage = json.loads(last[6:]).get("usage") or {}
    return answer


async def crowd(port: int, path: str, bodies: list[dict], clients: int) -> tuple[list[Answer], float]:
    """Asks for all of it, `clients` at a time; the answers, and the seconds from the first request to the last byte."""
    waiting = iter(bodies)
    answers: list[Answer] = []

    async def client() -> None:
        for body in waiting:
            answers.append(await stream(port, path, body))

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return answers, time.perf_counter() - start


def steady_rate(answers: list[Answer]) -> float:
    """Tokens a second while all clients had an answer coming: from the last first token to the first end."""
    begin = max(answer.start + answer.first for answer in answers)
    end = min(answer.start + answer.moments[-1] for answer in answers)
    events = sum(1 for a in answers for moment in a.moments if begin <= a.start + moment <= end)
    # Pieces of text may hold several tokens, or half of one.
    tokens_per_event = sum(a.tokens for a in answers) / sum(len(a.moments) for a in answers)
    return events * tokens_per_event / (end - begin) if end > begin else 0


def median(values) -> float:
    return statistics.median(list(values))
