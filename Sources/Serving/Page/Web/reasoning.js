// Tells reasoning from the answer in text that arrives in pieces. Servers without a parser of reasoning leave it in
// the text before `</think>`; `<think>` itself may stand in the prompt and not come. Who uses it: answer.js.

const opening = "<think>", closing = "</think>";
const closingLine = /\n[ \t]*<\/think>[ \t]*(?=\n)/;
const closingLineAtEnd = /\n[ \t]*<\/think>\s*$/;

/** Where the text is: before any mark, in reasoning, in the answer, or in the answer with no more marks to find. */
const Place = { beginning: 0, reasoning: 1, answer: 2, settled: 3 };

export class ReasoningSeparator {
    reasoning = "";
    text = "";
    #place = Place.beginning;
    // The last characters, in which a mark may have begun. Only they are searched again.
    #tail = "";

    /** Takes the next piece. */
    take(piece) {
        switch (this.#place) {
        case Place.beginning:
            this.#tail += piece;
            this.#begin();
            break;
        case Place.reasoning:
            this.reasoning += piece;
            this.#searchReasoning(piece);
            break;
        case Place.answer:
            this.text += piece;
            this.#searchAnswer(piece, closingLine);
            break;
        case Place.settled:
            // Nothing but line ends has come since the mark: they are not the answer's.
            this.text += this.text === "" ? piece.trimStart() : piece;
            break;
        }
    }

    /** No piece will follow: what might have become a mark did not. */
    end() {
        if (this.#place === Place.beginning) {
            this.text = this.#tail;
            this.#place = Place.settled;
        } else if (this.#place === Place.answer) {
            this.#searchAnswer("", closingLineAtEnd);
        }
    }

    #begin() {
        const start = this.#tail.trimStart();
        if (start.startsWith(opening)) {
            this.reasoning = start.slice(opening.length).trimStart();
            this.#place = Place.reasoning;
            this.#tail = "";
            this.#searchReasoning(this.reasoning);
        } else if (!opening.startsWith(start)) {
            this.text = this.#tail;
            this.#place = Place.answer;
            this.#tail = "\n"; // The first line is a line as well.
            this.#searchAnswer(this.text, closingLine);
        }
    }

    #searchReasoning(piece) {
        const recent = this.#tail + piece;
        const found = recent.indexOf(closing);
        this.#tail = recent.slice(1 - closing.length);
        if (found < 0) return;
        const whole = this.reasoning;
        const end = whole.length - recent.length + found;
        this.#split(whole, end, end + closing.length);
    }

    /** Without an opening mark only a line of its own ends reasoning: an answer may speak of the mark. */
    #searchAnswer(piece, mark) {
        const recent = this.#tail + piece;
        const found = mark.exec(recent);
        this.#tail = recent.slice(-32);
        if (!found) return;
        const whole = this.text;
        const start = whole.length - recent.length + found.index;
        this.#split(whole, Math.max(0, start), start + found[0].length);
    }

    #split(whole, end, next) {
        this.reasoning = whole.slice(0, end).trim();
        this.text = whole.slice(next).trimStart();
        this.#place = Place.settled;
    }
}
