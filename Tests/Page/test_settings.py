"""Settings become fields of a request when they are set, and only then; mistakes are shown where they are."""
from mock_server import PAGE
from page_case import PageCase, needs_mock
from webdriver import Keys

# What is typed, and what is sent for it.
NUMBERS = {
    "temperature": ("0.7", 0.7), "top_p": ("0.95", 0.95), "top_k": ("40", 40), "min_p": ("0.05", 0.05),
    "repetition_penalty": ("1.1", 1.1), "max_tokens": ("64", 64), "seed": ("12345", 12345),
}


class Settings(PageCase):
    @needs_mock
    def test_each_alone(self):
        """A field that is set is sent as a number, and brings no other with it."""
        basis = {"model", "messages", "stream", "stream_options"}
        for name, (typed, value) in NUMBERS.items():
            with self.subTest(name):
                self.set_field(f"field-{name}", typed)
                self.ask("Hello")
                sent = self.sent()
                self.assertEqual(set(sent) - basis, {name})
                self.assertEqual(sent[name], value)
                self.browser.run("document.getElementById(arguments[0]).value = ''", f"field-{name}")

    def test_all(self):
        for name, (typed, _) in NUMBERS.items():
            self.set_field(f"field-{name}", typed)
        self.set_field("field-stopTexts", "END\n\\n\\n")
        self.set_field("field-systemPrompt", "You read bills.")
        self.ask("Hello")
        sent = self.sent()
        self.assertEqual({name: sent[name] for name in NUMBERS}, {name: value for name, (_, value) in NUMBERS.items()})
        self.assertEqual(sent["stop"], ["END", "\n\n"])
        self.assertEqual(sent["messages"][0], {"role": "system", "content": "You read bills."})

    @needs_mock
    def test_reset(self):
        for name, (typed, _) in NUMBERS.items():
            self.set_field(f"field-{name}", typed)
        self.browser.run("[...document.querySelectorAll('.settings button')]"
                         ".find((each) => each.innerText === 'All to model default').click()")
        self.ask("Hello")
        self.assertEqual(set(self.sent()), {"model", "messages", "stream", "stream_options"})

    @needs_mock
    def test_format(self):
        self.choose("field-format", "json_object")
        self.ask("Hello")
        self.assertEqual(self.sent()["response_format"], {"type": "json_object"})
        self.choose("field-format", "json_schema")
        self.set_field("field-schema", '{"type": "object", "properties": {"total": {"type": "number"}}}')
        self.ask("Hello")
        self.assertEqual(self.sent()["response_format"], {"type": "json_schema", "json_schema": {
            "name": "answer", "schema": {"type": "object", "properties": {"total": {"type": "number"}}}, "strict": True,
        }})

    @needs_mock
    def test_mistakes(self):
        """A wrong setting is explained and nothing is sent until it is right."""
        cases = [
            ("field-temperature", "3", "From 0 to 2."), ("field-top_p", "1.5", "From 0 to 1."),
            ("field-top_k", "1.5", "A whole number is expected."), ("field-max_tokens", "0", "At least 1."),
            ("field-seed", "-1", "At least 0."), ("field-temperature", "1e", "A number is expected."),
        ]
        for field, typed, expected in cases:
            with self.subTest(field, typed=typed):
                self.set_field(field, typed)
                self.assertEqual(self.see(".mistake"), [expected])
                described = self.browser.run(
                    "const field = document.getElementById(arguments[0]); return [field.getAttribute('aria-invalid'),"
                    "field.getAttribute('aria-describedby').split(' ')"
                    ".map((id) => document.getElementById(id).innerText)]", field)
                self.assertEqual(described, ["true", [expected]])
                self.browser.type("#prompt", "Hello")
                self.browser.press(Keys.ENTER)
                self.assertEqual(self.browser.run("return document.activeElement.id"), field)
                self.browser.run("document.getElementById('prompt').value = ''")
                self.browser.run("const field = document.getElementById(arguments[0]); field.value = '';"
                                 "field.dispatchEvent(new Event('change'))", field)
        self.choose("field-format", "json_schema")
        for schema in ("{", "[1]", ""):
            with self.subTest(schema):
                self.browser.run("document.getElementById('field-schema').value = arguments[0]", schema)
                self.browser.type("#prompt", "Hello")
                self.browser.press(Keys.ENTER)
                self.assertIn("This is not a JSON object", self.see(".mistake")[0])
                self.browser.run("document.getElementById('prompt').value = ''")
        self.assertEqual(self.mock.requests, [])

    def test_theme(self):
        """The system's theme applies until one is chosen; the choice is remembered."""
        colour = "return getComputedStyle(document.documentElement).backgroundColor"
        light = self.browser.run(colour)
        self.set_media("dark")
        dark = self.browser.run(colour)
        self.assertNotEqual(light, dark)
        self.choose("field-theme", "light")
        self.assertEqual(self.browser.run(colour), light)
        self.open()
        self.assertEqual(self.browser.run(colour), light)
        self.choose("field-theme", "dark")
        self.set_media("light")
        self.open()
        self.assertEqual(self.browser.run(colour), dark)
        self.choose("field-theme", "system")
        self.assertEqual(self.browser.run(colour), light)

    def test_language(self):
        """The browser's language applies if the page speaks it; another can be chosen, at once and for good."""
        title = lambda: self.see("#welcome h2")[0]
        self.assertEqual(title(), "Ask about a document")
        self.set_language("ko-KR,ko,en")
        self.open()
        self.assertEqual(title(), "문서에 대해 물어보세요")
        self.assertEqual(self.browser.run("return document.documentElement.lang"), "ko")
        self.choose("field-language", "en")
        self.assertEqual(title(), "Ask about a document")
        self.open()
        self.assertEqual(title(), "Ask about a document")
        self.set_language("fr-FR,ko")
        self.browser.run("localStorage.clear()")
        self.open()
        self.assertEqual(title(), "문서에 대해 물어보세요")
        self.set_language("fr-FR")
        self.open()
        self.assertEqual(title(), "Ask about a document")

    def test_strings(self):
        """Both languages have the same keys with the same values in them, and every key is used."""
        strings = self.browser.run("return import(new URL('page/strings.js', location)).then((all) => all.strings)")
        self.assertEqual(list(strings["en"]), list(strings["ko"]))
        for key, text in strings["en"].items():
            names = [set(part.split("}")[0] for part in each.split("{")[1:]) for each in (text, strings["ko"][key])]
            self.assertEqual(names[0], names[1], key)
        sources = "".join(path.read_text() for path in PAGE.iterdir() if path.name != "strings.js")
        self.assertEqual([key for key in strings["en"] if f'"{key}"' not in sources], [])

    def test_what_is_said_changes_its_language(self):
        """Counters, names and notes follow the language after they have been written."""
        self.ask("Hello")
        self.choose("field-language", "ko")
        left = self.browser.run(
            "return [...document.querySelectorAll('[data-text], [data-label]')].filter((node) =>"
            "!node.closest('#model') && /[A-Za-z]{4,}/.test((node.dataset.text ? node.textContent : '')"
            "+ (node.ariaLabel ?? '')))"
            ".map((node) => node.outerHTML.slice(0, 120))")
        allowed = ("Enter", "Shift", "vlmc", "JSON")
        self.assertEqual([each for each in left if not any(word in each for word in allowed)], [])
