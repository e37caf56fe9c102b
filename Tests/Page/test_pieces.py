"""However the network and the server cut a stream, what is read is the same: events, and where reasoning ends."""
import random

from page_case import PageCase

EVENTS = [
    # The stream, and the data of its events.
    ("data: a\n\ndata: b\n\n", ["a", "b"]),
    ("data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
    ("data: a\r\rdata: b\r\r", ["a", "b"]),
    ("data:a\n\n: a comment\n\nevent: x\nid: 1\ndata: b\n\n", ["a", "b"]),
    ("data: two\ndata: lines\n\n", ["two\nlines"]),
    ("data: two\r\ndata: lines\r\n\r\n", ["two\nlines"]),
    ("data: 합계 55,810원\n\ndata: 🙂\n\n", ["합계 55,810원", "🙂"]),
    ("data:  a space\n\ndata:\n\n", [" a space", ""]),
    ("data: whole\n\ndata: not ended", ["whole"]),
]

REASONING = [
    # The text of an answer, its reasoning, and what remains.
    ("<think>a</think>b", "a", "b"),
    ("\n<think>\na\n</think>\n\nb\n", "a", "b\n"),
    ("a\n</think>\n\nb", "a", "b"),
    ("</think>\n\nb", "", "b"),
    ("a\n</think>", "a", ""),
    ("<think>a", "a", ""),
    ("<think>a </thin k> b</think>c</think>", "a </thin k> b", "c</think>"),
    ("a `</think>` b", "", "a `</think>` b"),
    ("x </think>\ny", "", "x </think>\ny"),
    ("<thin", "", "<thin"),
    ("<", "", "<"),
    ("  a", "", "  a"),
    ("", "", ""),
]


class Pieces(PageCase):
    def cuts(self, length, seed):
        """Ways to cut: into single units, not at all, and some others."""
        generator = random.Random(seed)
        some = [sorted({generator.randrange(length + 1) for _ in range(4)}) for _ in range(20)]
        return [list(range(length)), [], *some]

    def test_events(self):
        for stream, expected in EVENTS:
            data = list(stream.encode())
            for cut in self.cuts(len(data), len(data)):
                with self.subTest(stream, cut=cut):
                    edges = [0, *cut, len(data)]
                    pieces = [data[start:end] for start, end in zip(edges, edges[1:])]
                    read = self.browser.run("""
                        const pieces = arguments[0];
                        const body = new ReadableStream({
                            start(controller) {
                                pieces.forEach((piece) => controller.enqueue(Uint8Array.from(piece)));
                                controller.close();
                            },
                        });
                        return import(new URL("page/event-stream.js", location)).then(async ({ eventData }) => {
                            const read = [];
                            for await (const data of eventData(body)) read.push(data);
                            return read;
                        });
                    """, pieces)
                    self.assertEqual(read, expected)

    def test_reasoning(self):
        for text, reasoning, rest in REASONING:
            for cut in self.cuts(len(text), len(text)):
                with self.subTest(text, cut=cut):
                    edges = [0, *cut, len(text)]
                    pieces = [text[start:end] for start, end in zip(edges, edges[1:])]
                    read = self.browser.run("""
                        const pieces = arguments[0];
                        return import(new URL("page/reasoning.js", location)).then(({ ReasoningSeparator }) => {
                            const separator = new ReasoningSeparator();
                            pieces.forEach((piece) => separator.take(piece));
                            separator.end();
                            return [separator.reasoning.trim(), separator.text];
                        });
                    """, pieces)
                    self.assertEqual(read, [reasoning, rest])
