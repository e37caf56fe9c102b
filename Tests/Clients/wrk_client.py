"""Checks a running server under the load of wrk: python3 wrk_client.py URL

Every answer of hundreds at once has the status 200, and the server has counted what wrk has received. Not a benchmark:
how fast it is, is neither required nor told.
"""
import json
import pathlib
import re
import subprocess
import tempfile

from checking import KEY, base_url, equal, fetch, metric, model_name, run

URL = base_url()
MODEL = model_name(URL)
BODY = {"messages": [{"role": "user", "content": "Tell me about the sea."}], "temperature": 0, "max_tokens": 4}
# Bodies that are not JSON of the right form are noticed, too.
SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer %s"
wrk.body = [==[%s]==]
local threads = {}
function setup(thread) table.insert(threads, thread) end
function init() strange = 0 end
function response(status, headers, body)
  if status ~= 200 or not body:find([==[%s]==], 1, true) then strange = strange + 1 end
end
function done()
  local sum = 0
  for _, thread in ipairs(threads) do sum = sum + thread:get("strange") end
  io.write("strange answers: " .. sum .. "\\n")
end
"""


def load(path, body, expected, connections) -> None:
    """Asks for two seconds and looks at every answer."""
    status = f'path="{path}",method="POST",status="200"'
    before = metric(URL, "vlmc:http_requests_total{" + status)
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "post.lua"
        script.write_text(SCRIPT % (KEY, json.dumps(body), expected))
        command = ["wrk", "--threads", "2", "--connections", str(connections), "--duration", "2s", "--timeout", "30s"]
        told = subprocess.run([*command, "--script", script, URL + path], capture_output=True, text=True, check=True).stdout
    answered = int(re.search(r"(\d+) requests in", told)[1])
    assert answered >= connections, told
    assert "Socket errors" not in told and "Non-2xx" not in told, told
    equal(re.search(r"strange answers: (\d+)", told)[1], "0")
    counted = metric(URL, "vlmc:http_requests_total{" + status) - before
    # Answers that were under way at the end were counted by the server only.
    assert answered <= counted <= answered + connections, (answered, counted)


def answers_of_128_connections():
    content = json.loads(fetch(f"{URL}/v1/chat/completions", BODY))["choices"][0]["message"]
    load("/v1/chat/completions", BODY, json.dumps(content, ensure_ascii=False, separators=(",", ":")), 128)


def streams_of_32_connections():
    load("/v1/chat/completions", BODY | {"stream": True}, "data: [DONE]", 32)


def tokens_for_256_connections():
    load("/tokenize", {"prompt": "Tell me about the sea."}, '"count":', 256)


run([answers_of_128_connections, streams_of_32_connections, tokens_for_256_connections])
