"""Requests that the served OpenAPI description allows and forbids, made by Schemathesis: what the server answers is what
the description says. Not malformed bytes: byte_fuzzer.py.
"""
import os
import re
import subprocess

from fault_setting import NotChecked

CHECKS_MADE = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def described_requests(setting):
    python = os.environ.get("VLMC_SCHEMATHESIS_PYTHON")
    if not python:
        made = subprocess.run(
            [setting.root / "Scripts/python-environment", "schemathesis", setting.root / "Tests/Faults/requirements.txt"],
            stdout=subprocess.PIPE, text=True,
        )
        if made.returncode:
            raise NotChecked("Schemathesis cannot be installed")
        python = made.stdout.strip()
    # Answers are short because the context is: the description allows any number of tokens.
    with setting.server("--max-model-len", "256", "--log-level", "notice") as server, setting.folder() as folder:
        expected = server.chat("Rain?")
        command = [
            python, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json", "--checks", CHECKS_MADE, "--phases",
            "examples,coverage,fuzzing", "--max-examples", setting.examples, "--seed", setting.seed, "--request-timeout", "60",
            "--generation-database", "none", "--no-color", "--workers", "1", "--continue-on-failure",
        ]
        ended = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=folder)
        assert server.is_alive(), f"the server has crashed: {server.last_words()}"
        assert ended.returncode == 0, "\n" + (ended.stdout + ended.stderr)
        assert server.chat("Rain?") == expected and server.end() == 0
        # "4475 generated, 4475 passed"
        return next((line.strip() for line in ended.stdout.splitlines() if re.search(r"\d+ generated", line)), "")


CHECKS = [described_requests]
