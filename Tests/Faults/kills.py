"""The end by force, at work and while weights are packed for the first time: the next start finds everything in order."""
import hashlib
import os
import threading
import time

QUESTION = "Tell me about the sea."


def killed_at_work(setting):
    """Killed with streams under way and with a full queue, three times, on the same cache folder."""
    with setting.folder() as cache:
        with setting.server(cache=cache) as server:
            expected = server.chat(QUESTION)
            assert server.end() == 0
        for _ in range(3):
            with setting.server(cache=cache) as server:
                endings = []

                def stream():
                    try:
                        server.chat(QUESTION, max_tokens=1500, ignore_eos=True, temperature=1)
                        endings.append("answered")
                    except (OSError, ValueError):
                        endings.append("broken off")
                    except Exception as error:
                        endings.append(repr(error))

                clients = [threading.Thread(target=stream) for _ in range(12)]
                for client in clients:
                    client.start()
                while server.total("vllm:num_requests_running") < 12:
                    assert not endings, f"too fast to be killed at work: {endings}"
                    time.sleep(0.01)
                server.kill()
                for client in clients:
                    client.join()
                # http.client says of a connection that ends without a word that it is a broken one, which is an OSError.
                assert endings == ["broken off"] * 12, endings
        with setting.server(cache=cache) as server:
            found = server.chat(QUESTION)
            assert found == expected, (found, expected)
            assert server.end() == 0


def killed_while_weights_are_packed(setting):
    """Killed at many moments of the first start: what is left is either whole or written anew."""

    def packed(cache):
        return {
            file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in cache.iterdir() if file.suffix == ".packed"
        }

    with setting.folder() as cache:
        start = time.monotonic()
        with setting.server(cache=cache) as server:
            duration = time.monotonic() - start
            expected, whole = server.chat(QUESTION), packed(cache)
            assert len(whole) == 1 and server.end() == 0
    # As soon as a file of such a name is there, or after a part of the time that a first start takes.
    moments = ["", "partial", "partial", "packed", "stamp"] * 2 + [0.1, 0.3, 0.5, 0.7]
    unfinished = 0
    for moment in moments:
        with setting.folder() as cache:
            server = setting.server(cache=cache, until=None)
            if isinstance(moment, str):
                while server.is_alive() and not any(moment in name or "stamp" in name for name in os.listdir(cache)):
                    pass
            else:
                time.sleep(duration * moment)
            server.kill()
            unfinished += packed(cache) != whole
            with setting.server(cache=cache) as server:
                assert server.chat(QUESTION) == expected, f"killed at {moment!r}"
                assert packed(cache) == whole, f"what a kill at {moment!r} has left behind was used"
                # The stamp that spares later starts the checks has a few hundred bytes; half of one is left alone.
                remains = [name for name in os.listdir(cache) if "partial" in name and "stamp" not in name]
                assert not remains, f"left behind by a kill at {moment!r}: {remains}"
                assert server.end() == 0
    # A file that takes its name when it is whole can hardly be met half-written under it; one of another name can.
    assert unfinished, "no kill came before the end of the packing"
    return f"{len(moments)} kills, {unfinished} before the file was whole"


CHECKS = [killed_at_work, killed_while_weights_are_packed]
