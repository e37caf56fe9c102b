"""What the server sends with the page, and that the page stays within it."""
import urllib.error
import urllib.request

from mock_server import PAGE
from page_case import PageCase

HEADERS = [line.split(": ", 1) for line in (PAGE / "headers.txt").read_text().splitlines()]
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Security(PageCase):
    def test_files(self):
        """Every file of the page comes as it is in the repository, with its type and the headers of headers.txt."""
        for path in PAGE.iterdir():
            if path.suffix not in TYPES:
                continue
            address = self.address + ("" if path.name == "index.html" else f"page/{path.name}")
            with self.subTest(path.name), urllib.request.urlopen(address) as response:
                self.assertEqual(response.read(), path.read_bytes())
                self.assertEqual(response.headers.get_content_type(), TYPES[path.suffix])
                for name, value in HEADERS:
                    self.assertEqual(response.headers[name], value, name)

    def test_no_other_files(self):
        for path in ("page/headers.txt", "page/", "page/../page/chat.js/", "page/%2e%2e/index.html", "page/none.js"):
            with self.subTest(path), self.assertRaises(urllib.error.HTTPError) as raised:
                urllib.request.urlopen(self.address + path)
            self.assertEqual(raised.exception.code, 404)

    def test_policy(self):
        """The policy stops what the page itself never does: the browser enforces it, and says so."""
        attempts = {
            "script-src-elem": "return import('https://elsewhere.invalid/a.js').catch(() => null)",
            "connect-src": "return fetch('https://elsewhere.invalid/').catch(() => null)",
            "img-src": "new Image().src = 'https://elsewhere.invalid/a.png'",
            "style-src-attr": "document.body.setAttribute('style', 'color: red')",
            "require-trusted-types-for": "try { document.body.innerHTML = '<b>a</b>' } catch {}",
            "frame-src": "document.body.append(document.createElement('iframe'));"
                         "frames[0].location = 'https://elsewhere.invalid/'",
        }
        for directive, attempt in attempts.items():
            with self.subTest(directive):
                self.open()
                self.browser.run(attempt)
                self.wait(f"window.breaches.some((each) => each.startsWith('{directive}'))", f"a breach of {directive}")
        # What was attempted on purpose is not to be held against the page.
        self.browser.run("window.breaches = []")
        self.browser.log("performance")

    def test_own_conduct(self):
        """A whole visit makes no breach, logs no error, and asks no other host (tearDown looks at these as well)."""
        self.ask("Hello")
        self.choose("field-theme", "dark")
        self.choose("field-language", "ko")
        self.browser.click("#clear")
        self.browser.click("#clear-confirm")
        errors = [entry for entry in self.browser.log("browser") if entry["level"] in ("SEVERE", "WARNING")]
        self.assertEqual(errors, [])
        self.assertEqual(self.strangers(), [])

    def test_policy_has_no_gaps(self):
        policy = dict(HEADERS)["Content-Security-Policy"]
        directives = {each.split()[0]: set(each.split()[1:]) for each in policy.split("; ")}
        self.assertEqual(directives["default-src"], {"'none'"})
        allowed = set().union(*directives.values())
        self.assertEqual(allowed, {"'none'", "'self'", "data:", "blob:", "'script'"})
