"""Images by the button, by paste and by drop: the bytes that a request carries are those of the file."""
import base64
import hashlib
import pathlib
import tempfile

from page_case import FIXTURES, PageCase, needs_mock
from webdriver import Keys

BILL = FIXTURES / "bill-300x220.png"
FORM = FIXTURES / "form-420x315.jpg"
LABEL = FIXTURES / "label-140x71.png"

# Dispatches an event as the browser does when files are pasted or dropped.
TRANSFER = """
    const [type, files, text] = arguments;
    const transfer = new DataTransfer();
    for (const { name, mime, data } of files) {
        const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type: mime }));
    }
    if (text) transfer.setData("text/plain", text);
    const event = type === "paste"
        ? new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true })
        : new DragEvent(type, { dataTransfer: transfer, bubbles: true, cancelable: true });
    return !document.getElementById("prompt").dispatchEvent(event);
"""


def file_of(path, mime="image/png"):
    return {"name": path.name, "mime": mime, "data": base64.b64encode(path.read_bytes()).decode()}


class Images(PageCase):
    def choose_files(self, *paths):
        self.browser.type("#image-input", "\n".join(map(str, paths)))

    def transfer(self, kind, files, text=""):
        """Whether the page took the event."""
        return self.browser.run(TRANSFER, kind, files, text)

    def wait_for_thumbnails(self, count):
        self.browser.wait(lambda: len(self.see("#tray .thumbnail")) == count, f"{count} thumbnails")

    def assert_sent(self, paths, text):
        """The last message has these files, byte for byte, in this order, and then the text."""
        content = self.sent()["messages"][-1]["content"]
        self.assertEqual([part["type"] for part in content], ["image_url"] * len(paths) + ["text"])
        self.assertEqual(content[-1]["text"], text)
        for part, path in zip(content, paths):
            head, data = part["image_url"]["url"].split(",", 1)
            self.assertEqual(head, f"data:image/{'jpeg' if path.suffix == '.jpg' else 'png'};base64")
            sent = base64.b64decode(data, validate=True)
            self.assertEqual(hashlib.sha256(sent).digest(), hashlib.sha256(path.read_bytes()).digest(), path.name)

    def test_choosing(self):
        self.choose_files(BILL, FORM)
        self.wait_for_thumbnails(2)
        self.assertEqual(self.see("#tray .image-name"), [BILL.name, FORM.name])
        size = f"{BILL.stat().st_size / 1000:.3g} KB" if BILL.stat().st_size >= 1000 else ""
        self.assertEqual(self.see("#tray .image-size")[0], size)
        self.ask("What is it?")
        self.assert_sent([BILL, FORM], "What is it?")
        self.assertEqual(self.see("#tray .thumbnail"), [])
        self.assertEqual(self.see(".question .image-name"), [BILL.name, FORM.name])

    def test_paste(self):
        self.assertTrue(self.transfer("paste", [file_of(BILL)]))
        self.wait_for_thumbnails(1)
        self.ask("What is it?")
        self.assert_sent([BILL], "What is it?")

    def test_pasted_text(self):
        """Text beside its own picture, as spreadsheets give it, is pasted as text."""
        self.assertFalse(self.transfer("paste", [file_of(BILL)], "Total 12"))
        self.assertEqual(self.see("#tray .thumbnail"), [])

    def test_drop(self):
        self.assertTrue(self.transfer("dragover", [file_of(BILL)]))
        self.assertEqual(self.see("#drop"), ["Drop images here"])
        self.assertTrue(self.transfer("drop", [file_of(BILL), file_of(FORM, "image/jpeg")]))
        self.assertEqual(self.see("#drop"), [])
        self.wait_for_thumbnails(2)
        self.ask("What is it?")
        self.assert_sent([BILL, FORM], "What is it?")

    def test_order_and_removal(self):
        """Images come in the order in which they were added; one that is removed is not sent."""
        self.choose_files(BILL)
        self.transfer("drop", [file_of(FORM, "image/jpeg")])
        self.transfer("paste", [file_of(LABEL)])
        self.wait_for_thumbnails(3)
        self.browser.click(f"button[title='Remove {FORM.name}']")
        self.wait_for_thumbnails(2)
        self.ask("What is it?")
        self.assert_sent([BILL, LABEL], "What is it?")

    def test_type_by_content(self):
        """What a file is, is told by its bytes: its name and the system's word may be wrong."""
        self.transfer("drop", [{**file_of(FORM), "name": "scan.png", "mime": "image/png"}])
        self.wait_for_thumbnails(1)
        self.ask("What is it?")
        self.assert_sent([FORM], "What is it?")

    @needs_mock
    def test_image_alone(self):
        self.choose_files(BILL)
        self.wait_for_thumbnails(1)
        self.browser.click("#send")
        self.wait("document.querySelector('.answer')", "an answer")
        self.wait_until_finished()
        self.assertEqual([part["type"] for part in self.sent()["messages"][0]["content"]], ["image_url"])

    @needs_mock
    def test_history(self):
        """Images stay part of the conversation, and come back when a message is edited."""
        self.choose_files(BILL)
        self.wait_for_thumbnails(1)
        self.ask("What is it?")
        self.ask("And the total?")
        self.assertEqual(self.sent()["messages"][0]["content"][0]["type"], "image_url")
        self.browser.click("#clear")
        self.browser.click("#clear-confirm")
        self.choose_files(FORM)
        self.wait_for_thumbnails(1)
        self.ask("What?")
        self.browser.click("button[title='Edit']")
        self.wait_for_thumbnails(1)
        self.browser.press(Keys.ENTER)
        self.browser.wait(lambda: len(self.mock.requests) == 4, "the edited message")
        self.assert_sent([FORM], "What?")

    def test_refused_files(self):
        """Files that are no images are named with what would be right; the others are taken."""
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "letter.pdf").write_bytes(b"%PDF-1.7\n")
            (folder / "notes.png").write_text("not an image")
            (folder / "empty.jpg").write_bytes(b"")
            self.choose_files(folder / "letter.pdf", BILL, folder / "notes.png", folder / "empty.jpg")
            self.wait_for_thumbnails(1)
        problem = self.see("#image-problem")[0].split("\n")
        self.assertEqual(problem, [
            "letter.pdf is a PDF file. Save its pages as PNG or JPEG images and add those.",
            "notes.png is not a PNG, JPEG or WebP image.",
            "empty.jpg is not a PNG, JPEG or WebP image.",
        ])
        self.assertEqual(self.see("#tray .image-name"), [BILL.name])

    @needs_mock
    def test_limits(self):
        """What the server says that it takes at most is checked before anything is sent."""
        self.mock.limits = {"image_bytes": LABEL.stat().st_size, "images": 1, "request_bytes": 600}
        self.open()
        self.wait("document.querySelector('.settings-body').innerText.includes('0.1.0-mock')", "the version")
        self.choose_files(BILL)
        self.browser.wait(lambda: self.see("#image-problem"), "a message")
        problem = self.see("#image-problem")[0]
        self.assertRegex(problem, r"^bill-300x220.png has .* KB; the server takes images of at most")
        self.choose_files(LABEL, LABEL)
        self.browser.wait(lambda: "at most 1 images" in self.see("#image-problem")[0], "a message of their number")
        self.ask("What is it?")
        self.assertIn("the server takes at most 600 bytes", self.see(".failure")[0])
        self.assertEqual(self.mock.requests, [])

    def test_enlarging(self):
        self.choose_files(BILL)
        self.wait_for_thumbnails(1)
        self.browser.click("#tray .thumbnail")
        size = "const image = document.getElementById('viewer-image'); return [image.naturalWidth, image.naturalHeight]"
        self.browser.wait(lambda: self.browser.run(size) == [300, 220], "the image")
        self.assertTrue(self.browser.run("return document.getElementById('viewer').open"))
        self.browser.press(Keys.ESCAPE)
        self.assertFalse(self.browser.run("return document.getElementById('viewer').open"))
