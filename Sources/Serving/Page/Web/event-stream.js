// Reads server-sent events from the body of an answer, however the network cut it into pieces.
// Not what the events mean: api.js.

/** The data of each event, as text. Ends with the stream. */
export async function* eventData(body) {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const pending = new LineBuffer();
    let data = [];
    try {
        for (;;) {
            const { done, value } = await reader.read();
            for (const line of pending.take(done ? decoder.decode() : decoder.decode(value, { stream: true }))) {
                if (line === "") {
                    if (data.length) yield data.join("\n");
                    data = [];
                } else if (line.startsWith("data:")) {
                    data.push(line.slice(line[5] === " " ? 6 : 5));
                }
            }
            if (done) return;
        }
    } finally {
        // The reader of the events may leave early: the server must learn of it.
        reader.cancel().catch(() => {});
    }
}

/** Joins pieces of text into lines. A line that has not ended stays, in pieces, so that a long one costs no more. */
class LineBuffer {
    #pieces = [];
    #endedInReturn = false;

    take(text) {
        if (text === "") return [];
        // CR LF may have been cut in two: the LF then belongs to the line that CR ended.
        if (this.#endedInReturn && text[0] === "\n") text = text.slice(1);
        this.#endedInReturn = text.endsWith("\r");
        const lines = text.split(/\r\n|\n|\r/);
        const rest = lines.pop();
        if (lines.length === 0) {
            this.#pieces.push(rest);
            return [];
        }
        lines[0] = this.#pieces.join("") + lines[0];
        this.#pieces = [rest];
        return lines;
    }
}
