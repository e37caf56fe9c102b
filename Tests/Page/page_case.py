"""What the tests of the page share: a browser with the page of a server, and words for what a user does and sees.

The server is the mock unless an address is given (page_tests.py); tests that need the mock then say that they skip.
"""
import functools
import json
import pathlib
import unittest

from mock_server import Behaviour, MockServer
from webdriver import Browser, Keys

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "Fixtures/images"

# Notes every breach of the content security policy and every error, before any script of the page runs.
WATCH = """
    window.breaches = [];
    document.addEventListener("securitypolicyviolation", (event) =>
        window.breaches.push(`${event.violatedDirective}: ${event.blockedURI}`));
    addEventListener("error", (event) => window.breaches.push(`error: ${event.message}`));
    addEventListener("unhandledrejection", (event) => window.breaches.push(`rejection: ${event.reason}`));
"""


class Setting:
    """Set once by page_tests.py."""

    server_address = None
    screenshots = None


def needs_mock(test):
    """For tests in which the server must misbehave, be slow, or tell what it received."""

    @functools.wraps(test)
    def run(self):
        if self.mock is None:
            self.skipTest("needs the mock server")
        test(self)

    return run


class PageCase(unittest.TestCase):
    """A test that begins with the page freshly opened, in English, light, and with nothing remembered."""

    @classmethod
    def setUpClass(cls):
        cls.mock = None if Setting.server_address else MockServer()
        cls.address = Setting.server_address or cls.mock.address
        cls.browser = Browser()
        cls.browser.command("Page.addScriptToEvaluateOnNewDocument", source=WATCH)

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        if cls.mock:
            cls.mock.shutdown()

    def setUp(self):
        if self.mock:
            self.mock.reset()
        self.browser.command("Storage.clearDataForOrigin", origin=self.address.rstrip("/"), storageTypes="all")
        self.set_language("en-US")
        self.set_screen(1280, 860)
        self.set_media()
        self.browser.log("performance")
        self.browser.log("browser")
        self.open()

    def tearDown(self):
        """Whatever a test was about: nothing broke the policy, nothing was thrown, nobody else was asked."""
        if self.browser.run("return location.href") != "about:blank":
            self.assertEqual(self.browser.run("return window.breaches"), [])
        self.assertEqual(self.strangers(), [])
        self.browser.run("sessionStorage.clear()")
        self.browser.open("about:blank")

    # ---- Opening

    def open(self, is_ready=True):
        self.browser.open(self.address)
        if is_ready:
            self.wait("!document.getElementById('model').disabled", "the list of models")

    def set_language(self, tags):
        agent = self.browser.run("return navigator.userAgent")
        self.browser.command("Network.setUserAgentOverride", userAgent=agent, acceptLanguage=tags)

    def set_screen(self, width, height, is_phone=False):
        self.browser.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if is_phone else 1,
            mobile=is_phone)

    def set_media(self, scheme="light"):
        self.browser.command(
            "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    # ---- Doing and seeing

    def wait(self, expression, what=None):
        return self.browser.wait(lambda: self.browser.run(f"return {expression}"), what or expression)

    def see(self, selector):
        """The texts of all visible elements that match."""
        return self.browser.run(
            "return [...document.querySelectorAll(arguments[0])].filter((node) => node.checkVisibility())"
            ".map((node) => node.innerText.trim())", selector)

    def ask(self, text, is_finished=True):
        """Writes a message, sends it, and waits until the answer is there."""
        if self.mock is None:
            self.bound_answers()
        count = len(self.see(".answer"))
        if "\n" in text or "\t" in text:  # Typed, these would be keys.
            self.browser.run("const prompt = document.getElementById('prompt'); prompt.value = arguments[0];"
                             "prompt.dispatchEvent(new Event('input')); prompt.focus()", text)
        else:
            self.browser.type("#prompt", text)
        self.browser.press(Keys.ENTER)
        self.browser.wait(lambda: len(self.see(".answer")) == count + 1, "an answer to begin")
        if is_finished:
            self.wait_until_finished()

    def bound_answers(self):
        """A real model may write until its context is full, and have no room for the next question."""
        self.browser.run("const field = document.getElementById('field-max_tokens');"
                         "if (field.value === '') { field.value = '48';"
                         "for (const name of ['input', 'change']) field.dispatchEvent(new Event(name, { bubbles: true })) }")

    def wait_until_finished(self):
        self.wait("document.querySelector('.answer:last-of-type')?.getAttribute('aria-busy') === 'false'"
                  " && document.getElementById('stop').hidden", "the answer to end")

    def answer(self):
        """The text of the last answer, as it is seen."""
        return self.see(".answer .markdown")[-1]

    def behave(self, **behaviour):
        self.mock.behaviour = Behaviour(**behaviour)

    def set_field(self, name, value):
        """Enters a setting as a user does: the field is emptied, typed into, and left."""
        self.browser.run("const field = document.getElementById(arguments[0]); field.focus(); field.select?.()", name)
        self.browser.type(f"#{name}", value)
        self.browser.run("document.getElementById(arguments[0]).blur()", name)

    def choose(self, identifier, value):
        self.browser.run(
            "const select = document.getElementById(arguments[0]); select.value = arguments[1];"
            "select.dispatchEvent(new Event('change', { bubbles: true }))", identifier, value)

    # ---- What went over the network

    def sent(self):
        """The body of the last request for an answer: as the mock received it, or as the browser sent it."""
        if self.mock:
            return self.mock.requests[-1]
        posts = [event for event in self.network() if event["request"]["method"] == "POST"]
        body = self.browser.command("Network.getRequestPostData", requestId=posts[-1]["requestId"])
        return json.loads(body["postData"])

    def network(self):
        """Every request of the page since it was last asked for, as the browser's log has them."""
        messages = [json.loads(entry["message"])["message"] for entry in self.browser.log("performance")]
        return [each["params"] for each in messages if each["method"] == "Network.requestWillBeSent"]

    def strangers(self):
        """Addresses of requests that went to any other place than the server."""
        addresses = {event["request"]["url"] for event in self.network()}
        own = (self.address, "data:", "blob:" + self.address, "about:blank")
        return sorted(each for each in addresses if not each.startswith(own))
