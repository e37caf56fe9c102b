"""Checks a running server with curl, whose HTTP is not that of any Python package: python3 curl_client.py URL

What is HTTP's: connections that are used again, bodies in chunks and after 100 Continue, methods, streams as they come.
"""
import json
import pathlib
import subprocess
import tempfile

from checking import KEY, base_url, equal, metric, model_name, png, run, wait_until

URL = base_url()
MODEL = model_name(URL)
CHAT = f"{URL}/v1/chat/completions"
BODY = {"messages": [{"role": "user", "content": "Tell me about the sea."}], "temperature": 0, "max_tokens": 24}


def curl(*arguments, status=0) -> str:
    """What curl writes; it must end with this exit status."""
    command = ["curl", "--silent", "--show-error", "--max-time", "30", "--header", f"Authorization: Bearer {KEY}"]
    ended = subprocess.run([*command, *arguments], capture_output=True, text=True)
    assert ended.returncode == status, f"exit status {ended.returncode}: {ended.stderr}"
    return ended.stdout


def post(body, *arguments, **options) -> str:
    """Posts a body to chat completions."""
    text = body if isinstance(body, str) else json.dumps(body)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "body.json"
        file.write_text(text)
        header = ("--header", "Content-Type: application/json")
        return curl(*header, "--data-binary", f"@{file}", *arguments, CHAT, **options)


def content(answer: str) -> str:
    return json.loads(answer)["choices"][0]["message"]["content"]


def answers():
    assert content(post(BODY))


def status_and_headers():
    shown = post(BODY, "--include")
    head, _, body = shown.partition("\n\n") if "\r" not in shown else shown.partition("\r\n\r\n")
    lines = head.lower().splitlines()
    assert lines[0].startswith("http/1.1 200"), lines
    headers = dict(line.split(": ", 1) for line in lines[1:])
    equal(headers["content-type"].split(";")[0], "application/json")
    equal(int(headers["content-length"]), len(body.encode()))
    assert json.loads(body)["id"].lower().endswith(headers["x-request-id"]), headers


def streams_as_they_come():
    text = post(BODY | {"stream": True}, "--no-buffer")
    events = [line.removeprefix("data: ") for line in text.splitlines() if line]
    equal(events[-1], "[DONE]")
    pieces = [json.loads(event)["choices"][0]["delta"].get("content") or "" for event in events[:-1]]
    equal("".join(pieces), content(post(BODY)))


def connections_that_are_used_again():
    written = "%{num_connects} %{http_code}\n"
    address = f"{URL}/health"
    answers = curl("--write-out", written, "--output", "/dev/null", address, "--output", "/dev/null", address,
                   "--output", "/dev/null", f"{URL}/nothing-of-this-name", "--output", "/dev/null", address)
    equal(answers.splitlines(), ["1 200", "0 200", "0 404", "0 200"])


def bodies_in_chunks():
    equal(content(post(BODY, "--header", "Transfer-Encoding: chunked")), content(post(BODY)))


def large_bodies_after_100_continue():
    padded = json.dumps(BODY) + " " * (2 << 20)
    equal(content(post(padded, "--header", "Expect: 100-continue")), content(post(BODY)))


def images():
    parts = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{png()}"}}]
    assert content(post(BODY | {"messages": [{"role": "user", "content": parts}]}))


def older_and_newer_http():
    equal(content(post(BODY, "--http1.0")), content(post(BODY)))
    # A client that would like HTTP/2 stays with HTTP/1.1.
    equal(content(post(BODY, "--http2")), content(post(BODY)))


def methods_and_paths_that_are_none():
    written = ("--write-out", "%{http_code}", "--output", "/dev/null")
    assert curl(*written, CHAT) in ("404", "405")
    assert curl(*written, "--request", "DELETE", CHAT) in ("404", "405")
    equal(curl(*written, f"{URL}/v1/../../etc/passwd", "--path-as-is"), "404")
    equal(post("{}", "--write-out", "%{http_code}", "--output", "/dev/null"), "400")
    equal(curl(*written, "--header", "Content-Type: text/plain", "--data", "{}", CHAT), "415")


def clients_that_give_up():
    aborted = 'vllm:request_success_total{finished_reason="abort"}'
    before = metric(URL, aborted)
    # 28: curl's own time limit.
    post(BODY | {"max_tokens": 1500, "ignore_eos": True, "n": 16}, "--max-time", "0.1", status=28)
    wait_until(lambda: metric(URL, aborted) == before + 1, "an answer that nobody waits for is ended")


run(
    [
        answers,
        status_and_headers,
        streams_as_they_come,
        connections_that_are_used_again,
        bodies_in_chunks,
        large_bodies_after_100_continue,
        images,
        older_and_newer_http,
        methods_and_paths_that_are_none,
        clients_that_give_up,
    ]
)
