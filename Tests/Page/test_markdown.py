"""What an answer's Markdown becomes: the dialect, its safety, and that streaming changes neither result nor cost."""
import random

from mock_server import text_pieces
from page_case import PageCase, needs_mock
from samples import BILL, KOREAN_BILL

# The markup that a text becomes, without the parts around code and tables that hold no text.
RENDER = """
    const [text] = arguments;
    return import(new URL("page/markdown.js", location)).then(({ MarkdownView }) => {
        const container = document.createElement("div");
        new MarkdownView(container).show(text, false);
        container.querySelectorAll("figcaption button").forEach((node) => node.remove());
        container.querySelectorAll("[data-label]").forEach((node) => node.removeAttribute("aria-label"));
        return container.innerHTML
            .replace(/ (tabindex|role|data-label|class|translate|target|rel|title|scope|aria-level)="[^"]*"/g, "")
            .replace(/ class(?=>)/g, "").replace(/<(\\/?)(div|figure|pre|span|figcaption)>/g, "");
    });
"""

CASES = {
    "paragraphs and line ends": ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
    "emphasis": ("*a* **b** ***c*** _d_ __e__ ~~f~~ snake_case_name 2 * 3 * 4",
                 "<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em> <em>d</em> <strong>e</strong> "
                 "<del>f</del> snake_case_name 2 * 3 * 4</p>"),
    "nested emphasis": ("**a *b* c** *d **e***",
                        "<p><strong>a <em>b</em> c</strong> <em>d <strong>e</strong></em></p>"),
    "unfinished emphasis": ("**a *b ~~c [d](e", "<p>**a *b ~~c [d](e</p>"),
    "Korean particles": ("**합계(원)**은 **'총액'**입니다", "<p><strong>합계(원)</strong>은 <strong>'총액'</strong>입니다</p>"),
    "code": ("`a` ``b`c`` `d", "<p><code>a</code> <code>b`c</code> `d</p>"),
    "no emphasis in code": ("`**a**`", "<p><code>**a**</code></p>"),
    "escapes": (r"\*a\* \_ \\ \d", r"<p>*a* _ \ \d</p>"),
    "headings": ("# A\n### B ###\n####### C\n#d", "AB<p>####### C<br>#d</p>"),
    "rules": ("a\n\n---\n\n* * *", "<p>a</p><hr><hr>"),
    "lists": ("- a\n- b\n\n1. c\n2. d", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"
              '<ol start="1"><li><p>c</p></li><li><p>d</p></li></ol>'),
    "nested lists": ("1. a\n  - b\n   - c\n2. d",
                     '<ol start="1"><li><p>a</p><ul><li><p>b</p></li><li><p>c</p></li></ul></li>'
                     "<li><p>d</p></li></ol>"),
    "items of several blocks": ("- a\n\n  b\n- c", "<ul><li><p>a</p><p>b</p></li><li><p>c</p></li></ul>"),
    "code in an item": ("- a\n  ```\n  b\n\n  c\n  ```\n- d",
                        "<ul><li><p>a</p><code>b\n\nc</code></li><li><p>d</p></li></ul>"),
    "years are no lists": ("It was in\n2024. That is", "<p>It was in<br>2024. That is</p>"),
    "quotes": ("> a\n> - b\n\nc", "<blockquote><p>a</p><ul><li><p>b</p></li></ul></blockquote><p>c</p>"),
    "fenced code": ("```py\na = *b*\n\n# c\n```\nd", "py<code>a = *b*\n\n# c</code><p>d</p>"),
    "unfinished code": ("~~~\na\n```", "<code>a\n```</code>"),
    "tables": ("| a | b |\n|:--|--:|\n| 1 \\| 2 | **3** |\n| 4 |\n\nd",
               "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1 | 2</td><td><strong>3</strong></td>"
               "</tr><tr><td>4</td><td></td></tr></tbody></table><p>d</p>"),
    "a table after text": ("t\na | b\n--|--\n1 | 2",
                           "<p>t</p><table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td>"
                           "<td>2</td></tr></tbody></table>"),
    "no table": ("| a | b |\nc", "<p>| a | b |<br>c</p>"),
    "line ends in cells": ("| a |\n|---|\n| b<br>c |",
                           "<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b<br>c</td></tr></tbody></table>"),
    "links": ("[a *b*](https://c.org/d_(e)) https://f.org/g. (https://h.org)",
              '<p><a href="https://c.org/d_(e)">a <em>b</em></a> <a href="https://f.org/g">https://f.org/g</a>. '
              '(<a href="https://h.org">https://h.org</a>)</p>'),
    "pictures are links": ("![scan](https://a.org/b.png)", '<p><a href="https://a.org/b.png">scan</a></p>'),
    "other addresses are text": ("[a](javascript:alert(1)) [b](data:text/html,c) [d](/e) [f](file:///g)",
                                 "<p>[a](javascript:alert(1)) [b](data:text/html,c) [d](/e) [f](file:///g)</p>"),
    "markup is text": ("<b>a</b> &amp; <img src=x onerror=alert(1)>",
                       "<p>&lt;b&gt;a&lt;/b&gt; &amp;amp; &lt;img src=x onerror=alert(1)&gt;</p>"),
}

# What a model must not be able to do, in every place that its text can stand.
ATTACKS = [
    "<script>window.attacked = 1</script>",
    "<img src=x onerror=\"window.attacked = 1\">",
    "<svg/onload=window.attacked=1><iframe srcdoc='<script>parent.attacked=1</script>'></iframe>",
    "[a](javascript:window.attacked=1) [b](JaVaScRiPt:window.attacked=1) [c](java\tscript:window.attacked=1)",
    "[d](data:text/html,<script>opener.attacked=1</script>) ![e](javascript:window.attacked=1)",
    "[f](https://a.org/\"onmouseover=\"window.attacked=1) <https://a.org/onclick=window.attacked=1>",
    "```\"><script>window.attacked = 1</script>\n</code></pre><script>window.attacked = 1</script>\n```",
    "| <script>window.attacked = 1</script> |\n|---|\n| <img src=x onerror=window.attacked=1> |",
    "# <style>body { display: none }</style>\n> <base href=https://elsewhere.invalid/>",
    "<form action=https://elsewhere.invalid><button id=send>x</button></form>{{constructor}}",
]


class Markdown(PageCase):
    def test_dialect(self):
        for name, (text, expected) in CASES.items():
            with self.subTest(name):
                self.assertEqual(self.browser.run(RENDER, text), expected)

    def test_streaming_changes_nothing(self):
        """However a text is cut, what is shown at the end, and at every cut, is what the whole text gives."""
        samples = [BILL, KOREAN_BILL, "Many **words** " * 1000, *(text for text, _ in CASES.values())]
        generator = random.Random(7)
        marks = ["*", "**", "`", "```\n", "- ", "1. ", "| ", "|--|\n", "> ", "# ", "\n", "\n\n", "  ", "a ", "b", "가",
                 "[", "](", ")", "~~", "_", "---\n", "|", "<br>", "https://a.b ", "\\"]
        samples += ["".join(generator.choices(marks, k=60)) for _ in range(400)]
        cuts = [sorted({generator.randrange(len(text) + 1) for _ in range(8)} | {len(text)}) for text in samples]
        failures = self.browser.run("""
            const [samples, cuts] = arguments;
            return import(new URL("page/markdown.js", location)).then(({ MarkdownView }) => {
                const whole = (text, isOpen) => {
                    const container = document.createElement("div");
                    new MarkdownView(container).show(text, isOpen);
                    return container;
                };
                return samples.filter((text, index) => {
                    const container = document.createElement("div");
                    const view = new MarkdownView(container);
                    const isWrong = (isOpen, part) => {
                        view.show(part, isOpen);
                        return !container.isEqualNode(whole(part, isOpen));
                    };
                    return cuts[index].some((end) => isWrong(true, text.slice(0, end))) || isWrong(false, text);
                });
            });
        """, samples, cuts)
        self.assertEqual(failures, [])

    def test_cost(self):
        """Nodes made while a long answer streams grow with its length, not with the number of pieces times it."""
        blocks = {
            "paragraphs": "Some **words** of a paragraph.\n\n",
            "one paragraph": "Some **words** of one paragraph without end. ",
            "list": "- an item with `code`\n",
            "table": "| a | **b** |\n",
            "code": "let total = 12;\n",
        }
        heads = {"table": "| x | y |\n|---|---|\n", "code": "```\n"}
        for name, block in blocks.items():
            with self.subTest(name):
                made = [self.elements_made(heads.get(name, "") + block * count) for count in (100, 400)]
                self.assertLess(made[1], 5 * made[0])

    def elements_made(self, text):
        """How many nodes are put into the page while a text comes in pieces of eight characters."""
        return self.browser.run("""
            const [text] = arguments;
            return import(new URL("page/markdown.js", location)).then(({ MarkdownView }) => {
                const container = document.createElement("div");
                const view = new MarkdownView(container);
                const observer = new MutationObserver(() => {});
                observer.observe(container, { childList: true, subtree: true, characterData: true });
                let made = 0;
                for (let end = 8; end < text.length + 8; end += 8) {
                    view.show(text.slice(0, end), end < text.length);
                    made += observer.takeRecords().reduce((sum, each) => sum + each.addedNodes.length, 0);
                }
                return made;
            });
        """, text)

    def test_deep_and_long(self):
        """Text made to nest deeply, or to be searched again and again, is shown in the end all the same."""
        count = 4000
        texts = ["> " * count, "- " * count, "*a " * count, "**a* " * count, "[" * count + "](https://a.b)" * count,
                 "`" * 3 + "``` ` `` " * count, "_" * count + "a" + "_" * count, "|" * count + "\n" + "-|" * count,
                 "~" * count + "`", "-" * count * 5 + "x", "  " * count + "- a", "![" * count, "<br" * count]
        depth = self.browser.run("""
            const depth = (node) => {
                let deepest = 0;
                const walker = document.createTreeWalker(node);
                while (walker.nextNode()) {
                    let height = 0;
                    for (let at = walker.currentNode; at !== node; at = at.parentNode) height += 1;
                    deepest = Math.max(deepest, height);
                }
                return deepest;
            };
            return import(new URL("page/markdown.js", location)).then(({ MarkdownView }) => arguments[0].map((text) => {
                const container = document.createElement("div");
                new MarkdownView(container).show(text, true);
                return depth(container);
            }));
        """, texts)
        for text, found in zip(texts, depth):
            self.assertLess(found, 90, text[:12])

    @needs_mock
    def test_attacks(self):
        """Markup and addresses of an answer do nothing, whole or in pieces, in text, reasoning and calls of tools."""
        for attack in ATTACKS:
            with self.subTest(attack):
                call = {"tool_calls": [{"index": 0, "function": {"name": attack, "arguments": attack}}]}
                self.behave(deltas=[{"reasoning_content": attack}, *text_pieces(attack, 7), call])
                self.ask(attack)
                self.assertEqual(self.browser.run("""
                    const forbidden = ["SCRIPT", "IFRAME", "IMG", "FORM", "STYLE", "BASE", "OBJECT"];
                    return [...document.querySelectorAll(".message *")].flatMap((node) => [
                        ...forbidden.filter((name) => name === node.tagName),
                        ...node.getAttributeNames().filter((name) => name.startsWith("on") || name === "style"),
                        ...(node.matches("a:not([href^='https://'])") ? [node.outerHTML] : []),
                        ...(node.matches("a:not([rel~='noopener'])") ? [node.outerHTML] : []),
                    ])
                """), [])
        self.assertIsNone(self.browser.run("return window.attacked"))
