"""Pictures of the page for people to look at, in the folder that `--screenshots` names."""
import threading

from mock_server import error_body, text_pieces
from page_case import FIXTURES, PageCase, Setting, needs_mock
from samples import BILL, KOREAN_BILL

BILL_IMAGE, FORM_IMAGE = FIXTURES / "bill-300x220.png", FIXTURES / "form-420x315.jpg"


class Screenshots(PageCase):
    def setUp(self):
        if not Setting.screenshots:
            self.skipTest("no folder is given")
        super().setUp()

    def take(self, name):
        # The last frame must have been drawn, with its images.
        self.browser.run("return Promise.all([...document.images].map((image) => image.decode().catch(() => null)))"
                         ".then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))")
        self.browser.screenshot(Setting.screenshots / f"{name}.png")

    def add_images(self, *paths):
        self.browser.type("#image-input", "\n".join(map(str, paths)))
        self.browser.wait(lambda: len(self.see("#tray .thumbnail")) == len(paths), "thumbnails")

    @needs_mock
    def test_wide(self):
        for scheme in ("light", "dark"):
            for tags, sample, question in (
                ("en-US", BILL, "Does this bill add up?"), ("ko-KR", KOREAN_BILL, "이 계산서의 합계가 맞나요?"),
            ):
                self.set_media(scheme)
                self.set_language(tags)
                self.open()
                name = f"{tags[:2]}-{scheme}"
                self.take(f"{name}-welcome")
                self.add_images(BILL_IMAGE, FORM_IMAGE)
                self.browser.type("#prompt", question)
                self.take(f"{name}-images")
                reasoning = {"reasoning_content": "Adding the rows: 960.00 + 138.50 + 212.00 + 18.90."}
                self.behave(deltas=[reasoning, *text_pieces(sample)], pause_seconds=0.005)
                self.ask("")
                self.take(f"{name}-answer-end")
                self.browser.run("document.getElementById('scroller').scrollTop = 0")
                self.take(f"{name}-answer")
                self.behave(error=(400, error_body("temperature is 3, of 0 to 2", parameter="temperature")))
                self.ask("1")
                self.take(f"{name}-error")
                self.browser.click("#clear")
                self.take(f"{name}-question")

    @needs_mock
    def test_phone(self):
        for width, height, scheme, tags, sample in (
            (320, 640, "light", "en-US", BILL), (390, 844, "dark", "ko-KR", KOREAN_BILL),
        ):
            self.set_screen(width, height, is_phone=True)
            self.set_media(scheme)
            self.set_language(tags)
            self.open()
            self.take(f"phone-{width}-welcome")
            self.add_images(BILL_IMAGE)
            self.behave(deltas=text_pieces(sample), pause_seconds=0.005)
            self.ask("Total?")
            self.browser.run("document.getElementById('scroller').scrollTop = 0")
            self.take(f"phone-{width}-answer")
            self.browser.click("#settings-toggle")
            self.take(f"phone-{width}-settings")

    @needs_mock
    def test_states(self):
        gate = threading.Semaphore(60)
        self.behave(deltas=text_pieces(BILL), gate=gate)
        self.ask("Does this bill add up?", is_finished=False)
        self.browser.wait(lambda: "Blood panel" in self.answer(), "half an answer")
        self.take("streaming")
        gate.release(1000)
        self.wait_until_finished()
        self.browser.run("document.querySelector('[data-label=edit]').click()")
        self.take("editing")
        self.mock.is_loading = True
        self.open(is_ready=False)
        self.browser.wait(lambda: self.see("#status"), "the state")
        self.take("loading")
