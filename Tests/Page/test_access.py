"""Keyboard, input methods, names, contrast, small screens: that everybody can use the page."""
import threading

from mock_server import error_body, text_pieces
from page_case import FIXTURES, PageCase, needs_mock
from samples import BILL, KOREAN_BILL
from webdriver import Keys

# Every control that must be reached by the Tab key alone, from the beginning of the page.
CONTROLS = {
    "model", "clear", "settings-toggle", "scroller", "add-images", "prompt", "settings-close", "field-temperature",
    "field-max_tokens", "field-stopTexts", "field-format", "field-key", "field-theme", "field-language",
}

# The least contrast among all visible texts, with what has it. Grounds that are partly clear let what is under them
# through; large text may have 3 instead of 4.5, and counts as that much more.
CONTRAST = """
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const parse = (colour) => {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
        return { channels: [red, green, blue], alpha: alpha / 255 };
    };
    const over = (top, bottom) => top.channels.map((each, i) => each * top.alpha + bottom[i] * (1 - top.alpha));
    const ground = (node) => {
        if (!node) return parse(getComputedStyle(document.documentElement).backgroundColor).channels;
        const own = parse(getComputedStyle(node).backgroundColor);
        return own.alpha === 1 ? own.channels : over(own, ground(node.parentElement));
    };
    const luminance = (channels) => {
        const [red, green, blue] = channels.map((each) => {
            const part = each / 255;
            return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const found = [];
    const measure = (node, style) => {
        const behind = ground(node);
        const pair = [luminance(over(parse(style.color), behind)), luminance(behind)].sort((a, b) => b - a);
        const size = parseFloat(getComputedStyle(node).fontSize);
        const isLarge = size >= 24 || (size >= 18.66 && getComputedStyle(node).fontWeight >= 700);
        const contrast = (pair[0] + 0.05) / (pair[1] + 0.05) * (isLarge ? 1.5 : 1);
        found.push([contrast, node.outerHTML.slice(0, 90)]);
    };
    for (const node of document.querySelectorAll("body *")) {
        const isSeen = node.checkVisibility({ opacityProperty: true, visibilityProperty: true });
        if (!isSeen || node.closest(":disabled")) continue;
        const hasText = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim() !== "");
        if (hasText || node.matches("input, textarea, button svg")) measure(node, getComputedStyle(node));
        if (node.placeholder) measure(node, getComputedStyle(node, "::placeholder"));
    }
    return found.sort((a, b) => a[0] - b[0])[0];
"""


class Access(PageCase):
    # ---- Keyboard

    def test_keyboard(self):
        """Tab reaches every control, shows where it is, and goes round; nothing holds it."""
        first = "a[href], button, input, select, textarea, [tabindex]"
        self.assertTrue(self.browser.run(f"return document.querySelector('{first}').matches('.skip')"))
        self.browser.run("document.querySelector('.skip').focus()")
        seen = []
        for _ in range(60):
            self.browser.press(Keys.TAB)
            identifier, is_visible, markup = self.browser.run("""
                const node = document.activeElement;
                const style = getComputedStyle(node);
                const entry = node.closest(".entry");
                const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
                const frame = entry && getComputedStyle(entry).boxShadow !== "none";
                return [node.id, node === document.body || ring || Boolean(frame), node.outerHTML.slice(0, 100)];
            """)
            self.assertTrue(is_visible, markup)
            seen.append(identifier)
        self.assertEqual(CONTROLS - set(seen), set())
        self.assertGreater(seen.count("prompt"), 1)

    def test_skip(self):
        self.browser.run("document.querySelector('.skip').focus()")
        self.browser.press(Keys.ENTER)
        self.assertEqual(self.browser.run("return document.activeElement.id"), "prompt")

    @needs_mock
    def test_by_keyboard_alone(self):
        """An image is removed, a message written on two lines, stopped, asked for again, and another one sent."""
        self.browser.type("#image-input", str(FIXTURES / "bill-300x220.png"))
        self.browser.wait(lambda: self.see("#tray .remove"), "a thumbnail")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "prompt")
        self.tab_to("Remove bill-300x220.png", back=True)
        self.browser.press(Keys.SPACE)
        self.assertEqual(self.see("#tray .remove"), [])
        self.assertEqual(self.browser.run("return document.activeElement.id"), "prompt")
        gate = threading.Semaphore(1)
        self.behave(deltas=text_pieces("Never ends", 5), gate=gate)
        self.browser.press(*"one")
        self.browser.press(Keys.ENTER, with_shift=True)
        self.browser.press(*"two")
        self.browser.press(Keys.ENTER)
        self.browser.wait(lambda: self.see(".answer .markdown") == ["Never"], "the first piece")
        self.assertEqual(self.sent()["messages"], [{"role": "user", "content": "one\ntwo"}])
        self.browser.press(Keys.ESCAPE)
        self.wait_until_finished()
        self.behave()
        self.tab_to("Answer again", back=True)
        self.browser.press(Keys.ENTER)
        self.browser.wait(lambda: self.see(".answer .markdown") == ["Hello."], "another answer")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "prompt")

    def tab_to(self, label, back=False):
        for _ in range(40):
            self.browser.press(Keys.TAB, with_shift=back)
            if self.browser.run("return document.activeElement.ariaLabel") == label:
                return
        self.fail(f"Tab never reaches '{label}'")

    def test_buttons(self):
        """The buttons that open and close do so by keys, and the focus goes back to where it was."""
        self.browser.run("document.getElementById('settings-toggle').focus()")
        state = "return [document.getElementById('settings').hidden, document.activeElement.ariaExpanded]"
        self.browser.press(Keys.ENTER)
        self.assertEqual(self.browser.run(state), [True, "false"])
        self.browser.press(Keys.ENTER)
        self.assertEqual(self.browser.run("return document.activeElement.id"), "settings-close")
        self.browser.press(Keys.ENTER)
        self.assertEqual(self.browser.run(state), [True, "false"])

    # ---- Input methods

    @needs_mock
    def test_composition(self):
        """Enter that ends a syllable of Korean does not send; Enter after it does, once, with the whole text."""
        self.browser.run("document.getElementById('prompt').focus(); window.composed = [];"
                         "document.getElementById('prompt').addEventListener('keydown', (event) =>"
                         "window.composed.push([event.key, event.isComposing]))")
        for syllables in ("ㅎ", "하", "한"):
            self.browser.command("Input.imeSetComposition", text=syllables, selectionStart=1, selectionEnd=1)
        enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
        self.browser.command("Input.dispatchKeyEvent", type="rawKeyDown", **enter)
        self.browser.command("Input.dispatchKeyEvent", type="keyUp", **enter)
        self.assertEqual(self.browser.run("return window.composed"), [["Enter", True]], "the browser is composing")
        self.assertEqual(self.mock.requests, [])
        self.assertEqual(self.see(".message"), [])
        # Browsers that end the composition before the key tell of it by its code alone.
        self.browser.run("document.getElementById('prompt').dispatchEvent(new KeyboardEvent('keydown',"
                         "{ key: 'Enter', keyCode: 229, bubbles: true, cancelable: true }))")
        self.assertEqual(self.see(".message"), [])
        self.browser.command("Input.insertText", text="한")
        self.browser.command("Input.insertText", text="글")
        self.browser.press(Keys.ENTER)
        self.browser.wait(lambda: self.see(".answer"), "the answer")
        self.wait_until_finished()
        self.assertEqual([each["messages"][0]["content"] for each in self.mock.requests], ["한글"])

    # ---- Names, roles, live regions

    def test_names(self):
        """Everything that can be used has a name, as the browser itself computes it, in every state of the page."""
        self.browser.type("#image-input", str(FIXTURES / "bill-300x220.png"))
        self.browser.wait(lambda: self.see("#tray .thumbnail"), "a thumbnail")
        self.assert_names()
        self.ask("Hello")
        self.assert_names()
        self.browser.click("#clear")
        self.assert_names()

    def assert_names(self):
        used = {
            "button", "textbox", "combobox", "spinbutton", "link", "image", "img", "dialog", "log", "form", "region",
        }
        tree = self.browser.command("Accessibility.getFullAXTree")["nodes"]
        nodes = [node for node in tree if not node["ignored"] and node.get("role", {}).get("value") in used]
        self.assertGreater(len(nodes), 3)
        nameless = [node["role"]["value"] for node in nodes if not node.get("name", {}).get("value", "").strip()]
        self.assertEqual(nameless, [])
        identifiers = self.browser.run("return [...document.querySelectorAll('[id]')].map((node) => node.id)")
        self.assertEqual(len(identifiers), len(set(identifiers)), "identifiers are unique")
        broken = self.browser.run("""
            return [...document.querySelectorAll("[for], [aria-describedby], [aria-labelledby], [aria-controls]")]
                .flatMap((node) => ["for", "aria-describedby", "aria-labelledby", "aria-controls"]
                    .flatMap((name) => (node.getAttribute(name) ?? "").split(" ").filter(Boolean)))
                .filter((id) => !document.getElementById(id))
        """)
        self.assertEqual(broken, [])
        levels = self.browser.run(
            "return [...document.querySelectorAll('h1, h2, h3, [role=heading]')]"
            ".filter((node) => node.checkVisibility())"
            ".map((node) => Number(node.getAttribute('aria-level') ?? node.tagName[1]))")
        self.assertEqual(levels[0], 1)
        self.assertEqual(levels.count(1), 1)

    @needs_mock
    def test_announcements(self):
        """Readers of the screen hear each block of an answer once, when it is finished, and nothing twice."""
        self.behave(deltas=text_pieces("First.\n\nSecond.\n\n- third\n- fourth\n\nLast."))
        self.browser.run("""
            window.heard = [];
            const live = document.querySelector("[aria-live=polite]");
            new MutationObserver((records) => records.forEach((record) =>
                record.addedNodes.forEach((node) => window.heard.push(node.textContent))))
                .observe(live, { childList: true });
        """)
        self.ask("Hello")
        heard = [line for text in self.browser.run("return window.heard") for line in text.split("\n") if line.strip()]
        self.assertEqual(heard, ["First.", "Second.", "third", "fourth", "Last."])

    @needs_mock
    def test_failure_is_announced(self):
        self.behave(error=(429, error_body("too many requests")))
        self.ask("Hello")
        self.assertEqual(self.browser.run("return document.querySelector('.failure').getAttribute('role')"), "alert")

    # ---- Contrast

    @needs_mock
    def test_contrast(self):
        """All text stands out from its ground by at least 4.5 (3 if large), in light and dark and every state."""
        for scheme in ("light", "dark"):
            self.set_media(scheme)
            self.open()
            with self.subTest(scheme):
                self.assert_contrast()
                self.set_field("field-temperature", "9")
                self.assert_contrast()
                self.set_field("field-temperature", "1")
                self.behave(deltas=[{"reasoning_content": "Hm."}, *text_pieces(BILL + "\n> [q](https://a.org)")])
                self.browser.type("#image-input", str(FIXTURES / "bill-300x220.png"))
                self.browser.wait(lambda: self.see("#tray .thumbnail"), "a thumbnail")
                self.ask("Hello")
                self.assert_contrast()
                self.behave(error=(400, error_body("wrong", parameter="seed")))
                self.ask("Hello")
                self.browser.click(".message:nth-last-of-type(2) button[title='Edit']")
                self.assert_contrast()
                self.browser.click("#clear")
                self.assert_contrast()
                self.mock.is_loading = True
                self.open(is_ready=False)
                self.browser.wait(lambda: self.see("#status"), "the state")
                self.assert_contrast()
                self.mock.is_loading = False

    def assert_contrast(self):
        contrast, markup = self.browser.run(CONTRAST)
        self.assertGreaterEqual(contrast, 4.5, markup)

    # ---- Small screens

    @needs_mock
    def test_small_screens(self):
        """From 320 pixels on, in both languages: nothing is cut off, nothing scrolls sideways but tables and code."""
        for width, height in ((320, 568), (390, 844), (768, 1024), (1024, 600), (1920, 1080)):
            for tags, sample in (("en-US", BILL), ("ko-KR", KOREAN_BILL)):
                with self.subTest(width=width, language=tags):
                    self.set_screen(width, height, is_phone=width < 700)
                    self.set_language(tags)
                    self.open()
                    self.assert_fits(width)
                    self.behave(deltas=text_pieces(sample + "\n" + "W" * 300))
                    self.browser.type("#image-input", str(FIXTURES / "bill-300x220.png"))
                    self.browser.wait(lambda: self.see("#tray .thumbnail"), "a thumbnail")
                    self.ask("https://example.org/" + "long" * 60)
                    self.assert_fits(width)
                    if width < 960:
                        self.browser.click("#settings-toggle")
                    self.assert_fits(width)
                    if width < 960:
                        self.assertTrue(self.browser.run("return document.getElementById('main').inert"))
                        self.browser.press(Keys.ESCAPE)
                        self.assertFalse(self.browser.run("return document.getElementById('main').inert"))

    def assert_fits(self, width):
        wide, outside = self.browser.run("""
            const width = arguments[0];
            const scrolls = (node) => node.closest(".table, pre, .unseen, .skip");
            const outside = [...document.querySelectorAll("body *")].filter((node) => {
                if (!node.checkVisibility() || scrolls(node) || node.closest("svg")) return false;
                const box = node.getBoundingClientRect();
                return box.width > 0 && (box.left < -0.5 || box.right > width + 0.5);
            }).map((node) => node.outerHTML.slice(0, 90));
            const containers = [document.scrollingElement, document.getElementById("scroller"),
                document.getElementById("settings-body")];
            const { scrollHeight, clientHeight } = document.scrollingElement;
            const wide = containers.filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.className);
            return [scrollHeight > clientHeight ? [...wide, "page is too high"] : wide, outside];
        """, width)
        self.assertEqual((wide, outside), ([], []))

    def test_targets(self):
        """What is touched on a phone is at least 24 pixels wide and high."""
        self.set_screen(390, 844, is_phone=True)
        self.open()
        self.ask("Hello")
        small = self.browser.run("""
            return [...document.querySelectorAll("button, select, input, textarea")].filter((node) => {
                const box = node.getBoundingClientRect();
                return node.checkVisibility() && !node.matches(".unseen") && (box.width < 24 || box.height < 24);
            }).map((node) => node.outerHTML.slice(0, 90))
        """)
        self.assertEqual(small, [])
