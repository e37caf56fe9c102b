"""A real Chromium, driven by the W3C WebDriver protocol over plain HTTP; no package beside the standard library.

Not what is tested: that is in the files named `test_….py`.
"""
import base64
import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
# How long something may take that is expected to happen. Nothing is measured by it: it only ends a test that failed.
PATIENCE_SECONDS = 30


class Keys:
    """Keys without a character, as the protocol encodes them."""

    ENTER, ESCAPE, TAB, SHIFT, SPACE = "\ue007", "\ue00c", "\ue004", "\ue008", " "


class Browser:
    """One browser with one page."""

    def __init__(self):
        port = free_port()
        self._driver = subprocess.Popen(
            ["chromedriver", f"--port={port}", "--log-level=SEVERE"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._root = f"http://127.0.0.1:{port}"
        self._session = ""
        self.wait(self._is_driver_ready)
        arguments = ["--headless=new", "--disable-gpu", "--window-size=1280,860", "--force-device-scale-factor=1"]
        if os.geteuid() == 0:
            arguments.append("--no-sandbox")  # Chromium refuses to run as root with it.
        capabilities = {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
            "unhandledPromptBehavior": "accept",
        }
        answer = self._post("/session", {"capabilities": {"alwaysMatch": capabilities}})
        self._session = f"/session/{answer['sessionId']}"

    def close(self):
        if self._session:
            self._request("DELETE", self._session)
        self._driver.terminate()
        self._driver.wait()

    def open(self, address):
        self._post(f"{self._session}/url", {"url": address})

    def run(self, script, *arguments):
        """What the body of a function answers in the page; a promise is waited for."""
        return self._post(f"{self._session}/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector):
        return self._post(f"{self._session}/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        """Clicks as a user does: the element must be visible and nothing may lie over it."""
        self._post(f"{self._session}/element/{self.find(selector)}/click", {})

    def type(self, selector, text):
        """Types into an element, or chooses files, one a line, for an input of files."""
        self._post(f"{self._session}/element/{self.find(selector)}/value", {"text": text})

    def press(self, *keys, with_shift=False):
        """Presses and releases keys, wherever the focus is."""
        actions = [{"type": "keyDown", "value": Keys.SHIFT}] if with_shift else []
        for key in keys:
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        if with_shift:
            actions.append({"type": "keyUp", "value": Keys.SHIFT})
        self._post(f"{self._session}/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def command(self, name, **parameters):
        """A command of the browser's own protocol, for what WebDriver has no word for."""
        return self._post(f"{self._session}/goog/cdp/execute", {"cmd": name, "params": parameters})

    def log(self, kind):
        """The entries of a log (`browser`, `performance`) since the last call."""
        return self._post(f"{self._session}/se/log", {"type": kind})

    def screenshot(self, path):
        image = self._request("GET", f"{self._session}/screenshot")
        path.write_bytes(base64.b64decode(image))

    def wait(self, condition, what="a condition"):
        """Waits until `condition` answers something true, and answers that."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (value := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}")
            time.sleep(0.02)
        return value

    def _is_driver_ready(self):
        try:
            return self._request("GET", "/status")["ready"]
        except (OSError, urllib.error.URLError):
            return False

    def _post(self, path, body):
        return self._request("POST", path, body)

    def _request(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._root + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise RuntimeError(f"{method} {path}: {value['error']}: {value['message'].splitlines()[0]}") from None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
