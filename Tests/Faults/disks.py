"""Full disks: behind the cache folder, and behind the log. The server says what is wrong, or goes on without.

A limit on the size of files needs no rights; a file system of a few kilobytes does, and is used if it can be mounted.
"""
import contextlib
import os
import resource
import socket
import subprocess
import time

from fault_setting import NotChecked
from server_process import RunningServer

QUESTION = "Tell me about the sea."


def limited(kibibytes):
    """For a process whose files may not become longer: the system's signal for that would end it."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (kibibytes << 10, kibibytes << 10))

    return limit


def is_refused(setting, cache, words, **options):
    """Whether the server ends with 1, a message about the cache, and nothing half-written."""
    server = setting.server(cache=cache, until=None, **options)
    try:
        status = server.process.wait(60)
        server.wait_for("ready")  # Its last lines are read.
        assert status == 1, f"exit status {status}: {server.last_words()}"
        told = [entry for entry in server.log if entry.get("level") == "critical"]
        assert len(told) == 1 and any(word in told[0]["error"] for word in words), server.last_words()
        assert str(cache) in told[0]["error"], told
        halves = [file.name for file in cache.iterdir() if "partial" in file.name] if cache.is_dir() else []
        assert not halves, halves
        return told[0]["error"]
    finally:
        server.kill()


def cache_on_a_limit_of_file_sizes(setting):
    with setting.folder() as cache:
        told = is_refused(setting, cache, ["File too large"], preexec_fn=limited(64))
        # With room, the same folder does.
        with setting.server(cache=cache) as server:
            assert server.chat(QUESTION)
            assert server.end() == 0
        return told


def cache_on_a_full_disk(setting):
    with setting.folder() as folder, small_disk(folder, "128k") as cache:
        return is_refused(setting, cache, ["No space left on device"])


def cache_that_is_no_folder(setting):
    with setting.folder() as folder:
        cache = folder / "file"
        cache.write_text("not a folder")
        return is_refused(setting, cache, ["Not a directory"])


def disk_that_fills_up_at_work(setting):
    """Nothing is written while requests are answered, so that a disk that fills up changes nothing."""
    with setting.folder() as folder, small_disk(folder, "1m") as cache:
        with setting.server(cache=cache) as server:
            expected = server.chat(QUESTION)
            with contextlib.suppress(OSError), open(cache / "filler", "wb", buffering=0) as filler:
                while True:
                    filler.write(bytes(4096))
            assert server.chat(QUESTION) == expected and server.chat("Rain?")
            assert server.end() == 0
        with setting.server(cache=cache) as server:
            assert server.chat(QUESTION) == expected
            assert server.end() == 0


@contextlib.contextmanager
def small_disk(folder, size):
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", disk], capture_output=True, text=True)
    if mounted.returncode:
        raise NotChecked(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def asked_without_log(setting, stderr, **options):
    """Starts a server whose log nobody can read, asks it, and gives the answer and the exit status."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [setting.build / "serve", "--weights", setting.checkpoint, "--cache", setting.cache, "--port", str(port)]
    process = subprocess.Popen([str(part) for part in command], stderr=stderr, **options)
    try:
        server = RunningServer(process, port)
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, f"it ended with {process.returncode}"
            assert time.monotonic() < deadline, "it is not ready"
            with contextlib.suppress(OSError):
                if server.ask("GET", "/health")[0] == 200:
                    break
            time.sleep(0.05)
        for _ in range(60):  # A line of the log for each.
            answer = server.chat(QUESTION)
        return answer, server.end()
    finally:
        process.kill()
        process.wait()


def log_to_a_full_disk(setting):
    with setting.server() as server:
        expected = server.chat(QUESTION)
    with open("/dev/full", "w") as full:
        found = asked_without_log(setting, full)
        assert found == (expected, 0), found


def log_to_a_limit_of_file_sizes(setting):
    with setting.server() as server:
        expected = server.chat(QUESTION)
    with setting.folder() as folder:
        with open(folder / "log", "w") as log:
            found = asked_without_log(setting, log, preexec_fn=limited(4))
        assert found == (expected, 0), found
        assert (folder / "log").stat().st_size == 4096, "the limit was not met"


def log_to_a_closed_pipe(setting):
    with setting.server() as server:
        expected = server.chat(QUESTION)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        found = asked_without_log(setting, writing)
    finally:
        os.close(writing)
    assert found == (expected, 0), found


CHECKS = [
    cache_on_a_limit_of_file_sizes, cache_on_a_full_disk, cache_that_is_no_folder, disk_that_fills_up_at_work,
    log_to_a_full_disk, log_to_a_limit_of_file_sizes, log_to_a_closed_pipe,
]
