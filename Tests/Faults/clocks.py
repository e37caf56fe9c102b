"""A wall clock that steps by an hour, forwards and backwards, while answers are under way: none is lost or late.

The clock is that of stepping_clock.c; the one that never steps, by which durations are measured, is left as it is.
"""
import json
import shutil
import struct
import subprocess
import threading
import time

from fault_setting import NotChecked

QUESTION = "Tell me about the sea."
HOUR = 3600


def steps_of_the_wall_clock(setting):
    compiler = shutil.which("cc") or shutil.which("clang")
    if not compiler:
        raise NotChecked("there is no C compiler for stepping_clock.c")
    with setting.folder() as folder:
        library, file = folder / "stepping_clock.so", folder / "offset"
        source = setting.root / "Tests/Faults/stepping_clock.c"
        subprocess.run([compiler, "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-o", library, source], check=True)

        def step(seconds):
            with open(file, "r+b" if file.exists() else "wb") as offset:
                offset.write(struct.pack("=q", seconds))

        step(0)
        environment = {"LD_PRELOAD": str(library), "STEPPING_CLOCK": str(file)}
        # Patience shorter than a step: measured by the wall clock, every connection would have been left.
        options = ["--slow-client-timeout", "20", "--drain-timeout", "20", "--max-model-len", "2048"]
        with setting.server(*options, environment=environment) as server:
            expected = server.chat(QUESTION)
            long = {"max_tokens": 1200, "ignore_eos": True}
            expected_long = server.chat(QUESTION, **long)
            problems, answers = [], [0]
            ended = threading.Event()

            def ask_on():
                while not ended.is_set():
                    try:
                        found = server.chat(QUESTION, **long)
                    except Exception as error:
                        problems.append(f"{type(error).__name__}: {error}")
                        return
                    if found != expected_long:
                        problems.append(f"another answer: {found!r}")
                    answers[0] += 1

            clients = [threading.Thread(target=ask_on) for _ in range(4)]
            for client in clients:
                client.start()
            try:
                for offset in (HOUR, 0, -HOUR, HOUR, -24 * HOUR, 365 * 24 * HOUR, 0):
                    before = answers[0]
                    step(offset)
                    told = created(server)
                    assert abs(told - time.time() - offset) < 60, f"the clock has not stepped by {offset}: {told}"
                    deadline = time.monotonic() + 60
                    while answers[0] < before + len(clients) + 1:
                        assert not problems and time.monotonic() < deadline, problems or "answers do not come any more"
                        time.sleep(0.02)
                    negative = {name: value for name, value in server.metrics().items() if value < 0}
                    assert not negative, negative
            finally:
                ended.set()
                for client in clients:
                    client.join()
            assert not problems, problems
            late = {
                name: value for name, value in server.metrics().items() if name.split("{")[0].endswith("seconds_sum") and value > 1800
            }
            assert not late, f"durations by the wall clock: {late}"
            assert server.chat(QUESTION) == expected
            # A step while the last answers are waited for.
            last = threading.Thread(target=ask_on)
            ended.clear()
            last.start()
            while server.total("vllm:num_requests_running") == 0:
                time.sleep(0.01)
            ended.set()
            server.process.terminate()
            step(HOUR)
            last.join()
            assert not problems, f"an answer that was under way at the end: {problems}"
            assert server.process.wait(60) == 0
            return f"{answers[0]} answers over 7 steps"


def created(server):
    """The wall clock as the server tells it."""
    body = {"messages": [{"role": "user", "content": QUESTION}], "max_tokens": 1}
    return json.loads(server.ask("POST", "/v1/chat/completions", body)[1])["created"]


CHECKS = [steps_of_the_wall_clock]
