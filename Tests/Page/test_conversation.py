"""Sending, streaming, stopping, editing, errors, and the states of the server."""
import json
import pathlib
import tempfile
import threading

from mock_server import MODELS, error_body, text_pieces
from page_case import PageCase, needs_mock
from samples import BILL
from webdriver import Keys


class Conversation(PageCase):
    def test_answer(self):
        """A message is answered, counted, and the next one carries what was said."""
        self.ask("What is the total?")
        first = self.answer()
        self.assertNotEqual(self.see(".counters"), [""])
        self.assertEqual(self.browser.run("return document.getElementById('prompt').value"), "")
        self.ask("Are you sure?")
        roles = [message["role"] for message in self.sent()["messages"]]
        # An answer without text, which a model may give, is not sent back.
        expected = ["user", "assistant", "user"] if first else ["user", "user"]
        self.assertEqual(roles, expected)
        self.assertEqual(self.see(".question .written"), ["What is the total?", "Are you sure?"])

    @needs_mock
    def test_request(self):
        """A request has the fields of the protocol, and no others while nothing is set."""
        self.ask("What is the total?")
        self.assertEqual(self.sent(), {
            "model": "qwen2.5-vl-3b",
            "messages": [{"role": "user", "content": "What is the total?"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        })
        self.assertNotIn("Authorization", self.mock.request_headers[-1])

    @needs_mock
    def test_streaming(self):
        """Each piece is seen before the next one is sent."""
        gate = threading.Semaphore(0)
        self.behave(deltas=text_pieces("The total is one thousand.", 5), gate=gate)
        self.ask("Total?", is_finished=False)
        self.assertEqual(self.see(".waiting"), [""])
        for expected in ("The t", "The total", "The total is on"):
            gate.release()
            self.browser.wait(lambda: self.answer() == expected, f"'{expected}' to be seen")
        self.assertEqual(self.see(".waiting"), [])
        self.assertIn("about 3 tokens", self.see(".counters")[0])
        gate.release(100)
        self.wait_until_finished()
        self.assertEqual(self.answer(), "The total is one thousand.")

    @needs_mock
    def test_counters(self):
        self.behave(deltas=text_pieces("A somewhat longer answer."), pause_seconds=0.01)
        self.ask("Hello")
        counters = self.see(".counters")[0].replace("\n", " ")
        for part in ("Prompt 1,250 tokens", "Cached 1,024 tokens", "Generated 42 tokens", "Context 1,292 of 32,768"):
            self.assertIn(part, counters)
        self.assertRegex(counters, r"Speed [\d.,]+ tokens/s")
        self.assertRegex(counters, r"First token [\d.]+ s")

    @needs_mock
    def test_stop(self):
        """Stopping, by the button or by Escape, ends the request; what has come stays and is part of what follows."""
        for stop in (lambda: self.browser.click("#stop"), lambda: self.browser.press(Keys.ESCAPE)):
            self.mock.disconnected.clear()
            gate = threading.Semaphore(1)
            self.behave(deltas=text_pieces("Half of it.", 4), gate=gate)
            self.ask("Go on", is_finished=False)
            self.browser.wait(lambda: self.answer() == "Half", "the first piece")
            stop()
            self.wait_until_finished()
            self.browser.wait(self.mock.disconnected.is_set, "the server to see that nobody listens")
            self.assertEqual(self.answer(), "Half")
            self.assertEqual(self.see(".note")[-1], "You stopped the answer.")
        self.behave()
        self.ask("And now?")
        self.assertEqual(self.sent()["messages"][1], {"role": "assistant", "content": "Half"})

    def test_stop_by_any_server(self):
        """Whatever the server: after Escape the next message is answered."""
        self.ask("Describe everything at length.", is_finished=False)
        self.browser.press(Keys.ESCAPE)
        self.wait_until_finished()
        self.ask("Hello")
        self.assertEqual(self.see(".failure"), [])

    @needs_mock
    def test_regenerate(self):
        """Another answer takes the place of the last one, and is asked for without it."""
        self.ask("One")
        self.ask("Two")
        self.behave(deltas=text_pieces("Another answer."))
        self.browser.click(".answer:last-of-type button[title='Answer again']")
        self.browser.wait(lambda: self.answer() == "Another answer.", "another answer")
        self.assertEqual([message["role"] for message in self.sent()["messages"]], ["user", "assistant", "user"])
        self.assertEqual(len(self.see(".answer")), 2)
        self.assertEqual(len(self.see("button[title='Answer again']")), 1, "only the last answer is asked for again")

    @needs_mock
    def test_edit(self):
        """Editing brings the last message back; Escape leaves all as it was, sending replaces it and its answer."""
        self.ask("What is teh total?")
        self.browser.click("button[title='Edit']")
        prompt = "document.getElementById('prompt').value"
        self.assertEqual(self.browser.run(f"return {prompt}"), "What is teh total?")
        self.assertTrue(self.see("#editing"))
        self.browser.press(Keys.ESCAPE)
        self.assertEqual(self.browser.run(f"return {prompt}"), "")
        self.assertEqual(self.see(".question .written"), ["What is teh total?"])
        self.browser.click("button[title='Edit']")
        self.browser.run("document.getElementById('prompt').select()")
        self.ask_instead("What is the total?")
        self.assertEqual(self.see(".question .written"), ["What is the total?"])
        self.assertEqual(len(self.sent()["messages"]), 1)
        self.assertEqual(self.see("#editing"), [])

    def ask_instead(self, text):
        count = len(self.mock.requests)
        self.browser.run("document.getElementById('prompt').value = ''")
        self.browser.type("#prompt", text)
        self.browser.press(Keys.ENTER)
        self.browser.wait(lambda: len(self.mock.requests) == count + 1, "a request")
        self.wait_until_finished()

    @needs_mock
    def test_error_of_status(self):
        """An error is shown in the server's words at the message; trying again asks the same."""
        self.behave(error=(400, error_body("temperature must be at most 2", parameter="temperature")))
        self.ask("Hello")
        failure = self.see(".failure")[0]
        self.assertIn("temperature must be at most 2", failure)
        self.assertIn("field: temperature", failure)
        self.behave(deltas=text_pieces("Now it works."))
        self.browser.click(".failure button")
        self.browser.wait(lambda: self.see(".answer .markdown") == ["Now it works."], "the answer")
        self.assertEqual(self.see(".failure"), [])
        self.assertEqual(self.mock.requests[0], self.mock.requests[1])

    @needs_mock
    def test_other_errors(self):
        """What comes in the midst of a stream or without a form is told as well; what had come stays."""
        pieces = text_pieces("Half an", 7)
        cases = [
            ({"deltas": pieces, "error_event": error_body("out of cache", "server_error")}, "out of cache"),
            ({"deltas": pieces, "is_cut_off": True}, "The connection ended before the answer did."),
            ({"error": (500, "no form")}, "The server answered with status 500 and no explanation."),
            ({"error": (413, error_body("the body has 40 MB, of at most 32 MB"))}, "of at most 32 MB"),
            ({"error": (200, {"object": "chat.completion"})}, "something that is no answer"),
        ]
        for behaviour, expected in cases:
            with self.subTest(expected):
                self.behave(**behaviour)
                self.ask("Hello")
                self.assertIn(expected, self.see(".failure")[-1])
                if "deltas" in behaviour:
                    self.assertEqual(self.answer(), "Half an")

    @needs_mock
    def test_unreachable(self):
        """A server that goes away is told of, and found again when it comes back."""
        self.browser.command("Network.enable")
        offline = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        self.browser.command("Network.emulateNetworkConditions", offline=True, **offline)
        try:
            self.ask("Hello")
            self.assertIn("The connection to the server failed.", self.see(".failure")[0])
            self.browser.wait(lambda: self.see("#status"), "the state to be shown")
            self.assertIn("cannot be reached", self.see("#status")[0])
        finally:
            self.browser.command("Network.emulateNetworkConditions", offline=False, **offline)
        self.browser.wait(lambda: not self.see("#status"), "the server to be found again")
        self.browser.click(".failure button")
        self.browser.wait(lambda: self.see(".answer .markdown") == ["Hello."], "the answer")

    @needs_mock
    def test_loading(self):
        """While the server loads, the page says so, sends nothing, keeps what is written, and goes on by itself."""
        self.mock.is_loading = True
        self.open(is_ready=False)
        self.browser.wait(lambda: self.see("#status"), "the state")
        self.assertIn("loading", self.see("#status")[0])
        self.browser.type("#prompt", "Hello")
        self.browser.press(Keys.ENTER)
        self.assertEqual(self.mock.requests, [])
        self.assertTrue(self.browser.run("return document.getElementById('send').disabled"))
        self.mock.is_loading = False
        self.wait("!document.getElementById('send').disabled", "the server to be ready")
        self.assertEqual(self.see("#status"), [])
        self.browser.press(Keys.ENTER)
        self.wait_until_finished()
        self.assertEqual(self.answer(), "Hello.")

    @needs_mock
    def test_models(self):
        """Models and adapters are chosen from; the choice is what is sent."""
        options = self.browser.run("return [...document.querySelectorAll('#model option')].map((each) => each.label)")
        self.assertEqual(options, ["qwen2.5-vl-3b", "smollm2-360m", "claims-lora (adapter of qwen2.5-vl-3b)"])
        for model in MODELS:
            self.choose("model", model["id"])
            self.ask("Hello")
            self.assertEqual(self.sent()["model"], model["id"])

    @needs_mock
    def test_no_models(self):
        """Whatever comes instead of a list of models is told, and the page goes on when there is one."""
        cases = [
            ((500, error_body("the registry is broken")), "which models it has: the registry is broken"),
            ((200, {"object": "list"}), "something that is no answer"),
            ((200, {"object": "list", "data": []}), "The server names no model."),
        ]
        for answer, expected in cases:
            with self.subTest(expected):
                self.mock.models_answer = answer
                self.open(is_ready=False)
                self.browser.wait(lambda: expected in "".join(self.see("#status")), "the state")
        self.mock.models_answer = (503, error_body("loading"))
        self.open(is_ready=False)
        self.browser.wait(lambda: "loading" in "".join(self.see("#status")), "the state")
        self.mock.models_answer = None
        self.wait("!document.getElementById('model').disabled", "the models")
        self.assertEqual(self.see("#status"), [])

    @needs_mock
    def test_key(self):
        """A server that asks for a key gets it with every request; this tab alone keeps it."""
        self.mock.key = "secret-1"
        self.open(is_ready=False)
        self.browser.wait(lambda: self.see("#status"), "the state")
        self.assertIn("API key", self.see("#status")[0])
        self.assertEqual(self.browser.run("return document.activeElement.id"), "field-key")
        self.set_field("field-key", "secret-1")
        self.wait("!document.getElementById('model').disabled", "the models")
        self.ask("Hello")
        self.assertEqual(self.mock.request_headers[-1]["Authorization"], "Bearer secret-1")
        stored = self.browser.run("return [Object.values(localStorage), Object.values(sessionStorage)]")
        self.assertEqual(stored, [[], ["secret-1"]])

    @needs_mock
    def test_reasoning(self):
        """Reasoning is folded, by field or by mark, however it is cut; it is not sent back."""
        marked = "<think>\nIt says 5.\n</think>\n\nThe total is 5."
        cases = {
            "field": [{"reasoning_content": "It says"}, {"reasoning_content": " 5."}, {"content": "The total is 5."}],
            "marks": text_pieces(marked, 3),
            "marks in one piece": text_pieces(marked, 100),
            "closing mark only": text_pieces(marked.removeprefix("<think>\n"), 4),
        }
        for name, deltas in cases.items():
            with self.subTest(name):
                self.behave(deltas=deltas)
                self.ask("Total?")
                self.assertEqual(self.answer(), "The total is 5.")
                self.assertEqual(self.see(".reasoning summary")[-1], "Reasoning")
                text = self.browser.run("return [...document.querySelectorAll('.reasoning-text')].at(-1).textContent")
                self.assertEqual(text, "It says 5.")
                self.assertFalse(self.browser.run("return document.querySelector('.reasoning').open"))
        self.ask("And?")
        self.assertEqual(self.sent()["messages"][1]["content"], "The total is 5.")

    @needs_mock
    def test_no_reasoning(self):
        """An answer that speaks of the marks is not taken for reasoning, nor one that stops within a mark."""
        for text in ("Models end with `</think>` often.", "<thin", "Write <think> first."):
            with self.subTest(text):
                self.behave(deltas=text_pieces(text, 3))
                self.ask("Hello")
                self.assertEqual(self.answer(), text.replace("`", ""))
                self.assertEqual(self.see(".reasoning"), [])

    @needs_mock
    def test_tool_calls(self):
        pieces = ['{"invoice": ', '"A-12", "page"', ": 2}"]
        deltas = [{"tool_calls": [{"index": 0, "id": "call-1", "function": {"name": "look_up", "arguments": ""}}]}]
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in pieces]
        self.behave(deltas=deltas, finish_reason="tool_calls")
        self.ask("Look it up")
        self.assertEqual(self.see(".call-name"), ["Call of look_up"])
        self.assertEqual(json.loads(self.see(".calls pre")[0]), {"invoice": "A-12", "page": 2})

    @needs_mock
    def test_ends(self):
        for reason, expected in (("length", "limit of tokens"), ("content_filter", "withheld"), ("abort", "abort")):
            self.behave(finish_reason=reason)
            self.ask("Hello")
            self.assertIn(expected, self.see(".note")[-1])
        self.behave(deltas=[])
        self.ask("Hello")
        self.assertIn("answered nothing", self.see(".note")[-1])

    @needs_mock
    def test_follows_the_end(self):
        """The end stays in sight for a reader who is there, and nobody is moved who reads above."""
        gate = threading.Semaphore(100)
        self.behave(deltas=text_pieces(BILL * 20, 50), gate=gate)
        self.ask("Go", is_finished=False)
        distance = "const s = document.getElementById('scroller'); return s.scrollHeight - s.clientHeight - s.scrollTop"
        self.wait("document.getElementById('scroller').scrollHeight > 2000", "a long answer")
        self.browser.wait(lambda: self.browser.run(distance) <= 1, "the end to be in sight")
        self.browser.run("document.getElementById('scroller').scrollTop -= 30")
        self.wait("!document.getElementById('to-end').hidden", "the way to the end")
        top = self.browser.run("return document.getElementById('scroller').scrollTop")
        height = self.browser.run("return document.getElementById('scroller').scrollHeight")
        gate.release(50)
        self.wait(f"document.getElementById('scroller').scrollHeight > {height + 200}", "more of the answer")
        self.assertEqual(self.browser.run("return document.getElementById('scroller').scrollTop"), top)
        self.browser.click("#to-end")
        gate.release(1000)
        self.wait_until_finished()
        self.browser.wait(lambda: self.browser.run(distance) <= 1, "the end to be in sight again")

    @needs_mock
    def test_copy(self):
        """Messages are copied as they were written, code without its marks."""
        self.browser.command("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        self.behave(deltas=text_pieces(BILL))
        self.ask("Bill?")
        copied = "return navigator.clipboard.readText()"
        for button, expected in (
            (".answer .actions button[title='Copy']", BILL),
            (".question .actions button[title='Copy']", "Bill?"),
            (".code button", BILL.split("```json\n")[1].split("\n```")[0]),
        ):
            self.browser.click(button)
            self.browser.wait(lambda: self.browser.run(copied) == expected, f"{button} to copy")

    def test_clear(self):
        """Clearing asks first; afterwards nothing of the conversation is on the page or stored."""
        self.ask("My name is Eleanor.")
        self.browser.click("#clear")
        self.browser.press(Keys.ESCAPE)
        self.assertEqual(len(self.see(".question")), 1)
        self.browser.click("#clear")
        self.browser.click("#clear-confirm")
        self.assertEqual(self.see(".message"), [])
        self.assertTrue(self.see("#welcome"))
        stored = self.browser.run("return [document.body.innerText, ...Object.values(localStorage),"
                                  "...Object.values(sessionStorage)].join()")
        self.assertNotIn("Eleanor", stored)

    def test_download(self):
        """The whole conversation comes as a JSON file."""
        with tempfile.TemporaryDirectory() as folder:
            self.browser.command("Browser.setDownloadBehavior", behavior="allow", downloadPath=folder)
            self.ask("Hello")
            self.browser.click("#clear")
            self.browser.click("#clear-download")
            file = pathlib.Path(folder) / "conversation.json"
            self.browser.wait(file.exists, "the file")
            document = json.loads(file.read_text())
        self.assertEqual(document["turns"][0]["user"], {"role": "user", "content": "Hello"})
        self.assertEqual(document["turns"][0]["assistant"]["state"], "complete")

    def test_nothing_is_stored(self):
        self.ask("My name is Eleanor.")
        self.assertEqual(self.browser.run("return [localStorage.length, sessionStorage.length]"), [0, 0])
        self.assertEqual(self.browser.run("return indexedDB.databases().then((all) => all.length)"), 0)
        self.assertEqual(self.browser.run("return document.cookie"), "")
