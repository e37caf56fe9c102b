"""Sends thousands of malformed requests at once: no crash, no hang, no status of 500 or more, bounded memory, and
correct answers all the while. Not what is malformed: byte_faults.py.
"""
import collections
import concurrent.futures
import threading

from byte_faults import Faults, head
from raw_connection import Hang, RawConnection
from valid_requests import chat_about, data_uri, picture

CONNECTIONS = 24
# Bytes by which the memory may exceed what it was after the first fifth.
GROWTH = 64 << 20


def malformed_requests(setting):
    faults = Faults(setting.seed)
    options = ["--max-model-len", "512", "--max-body-size", "1MiB", "--slow-client-timeout", "5", "--log-level", "notice"]
    with setting.server(*options) as server:
        text = {"text": server.chat("Tell me about the sea.")}
        about = chat_about(data_uri(picture()))["messages"]
        text["picture"] = server.chat("", messages=about)
        for path, body in faults.bodies:
            assert server.ask("POST", path, body)[0] == 200, server.ask("POST", path, body)
        counts = collections.Counter()
        failures = []
        honest = collections.Counter()
        ended = threading.Event()

        def ask_honestly():
            while not ended.is_set() and not failures:
                for name, others in (("text", {}), ("picture", {"messages": about})):
                    try:
                        content = server.chat("Tell me about the sea.", **others)
                        if content != text[name]:
                            failures.append(f"another answer than before: {content!r}, not {text[name]!r}")
                    except Exception as error:
                        failures.append(f"an honest client got {type(error).__name__}: {error}")
                    honest[name] += 1

        def send(number):
            if failures:
                return
            fault = faults.fault(number)
            try:
                statuses = one(server, fault)
            except Hang as hang:
                failures.append(f"request {number} ({fault.kind}) hangs {hang}: {fault.pieces[0][:300]!r}")
                return
            except Exception as error:
                failures.append(f"request {number} ({fault.kind}): {type(error).__name__} {error}: {fault.pieces[0][:300]!r}")
                return
            counts.update(statuses or ["closed"])
            wrong = [each for each in statuses if each >= 500 or fault.statuses and each not in fault.statuses]
            if wrong:
                failures.append(f"request {number} ({fault.kind}) is answered {wrong}: {fault.pieces[0][:300]!r}")

        asker = threading.Thread(target=ask_honestly)
        asker.start()
        try:
            with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
                first = setting.requests // 5
                list(pool.map(send, range(first)))
                memory = server.memory() if server.is_alive() else 0
                list(pool.map(send, range(first, setting.requests)))
        finally:
            ended.set()
            asker.join()
        if not server.is_alive():
            raise AssertionError(f"the server has crashed: {server.last_words()}; {failures[:3]}")
        assert not failures, f"{len(failures)} failures, the first: " + " | ".join(failures[:3])
        server.wait_until_idle()
        grown = server.memory() - memory
        assert grown <= GROWTH, f"the memory has grown by {grown >> 20} MiB from {memory >> 20} MiB"
        assert counts[400] > setting.requests / 10 and counts[200], f"these are hardly malformed requests: {counts}"
        assert honest["text"] > 5 and server.chat("Tell me about the sea.") == text["text"]
        assert server.end() == 0
        told = ", ".join(f"{count} x {status}" for status, count in counts.most_common())
        return f"{told}; {sum(honest.values())} honest answers between; memory {grown / 2**20:+.0f} MiB"


def one(server, fault) -> list:
    """The statuses of the responses to what is wrong."""
    connection = RawConnection(server.port)
    try:
        for piece in fault.pieces:
            connection.send(piece)
        if fault.afterwards == "leave":
            return []
        if fault.afterwards == "reset":
            connection.reset()
            return []
        if fault.afterwards == "finish":
            connection.send_end()
            return [response[0] for response in connection.read_to_end() if response]
        response = connection.response()
        if response is None:
            raise AssertionError("closed without a response")
        if fault.goes_on and not connection.is_closed:
            connection.send(head("GET", "/v1/models", []))
            next_response = connection.response()
            if next_response and next_response[0] != 200:
                raise AssertionError(f"a good request on the same connection is answered {next_response}")
        return [response[0]]
    finally:
        connection.close()


CHECKS = [malformed_requests]
