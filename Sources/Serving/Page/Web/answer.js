// One answer as it arrives: its text, reasoning, tool calls, how it ended and what it took. No element of the page.
// Where chunks come from: api.js. How it is shown: answer-view.js.
import { ReasoningSeparator } from "./reasoning.js";

/** How an answer stands. "waiting" until the first token. */
export const State = {
    waiting: "waiting", arriving: "arriving", complete: "complete", stopped: "stopped", failed: "failed",
};

/** An answer of the model. Times are milliseconds of the page's clock. */
export class Answer {
    state = State.waiting;
    model;
    toolCalls = [];
    finishReason = null;
    error = null;
    usage = null;
    #content = new ReasoningSeparator();
    #reasoningField = "";
    #pieces = 0;
    #asked;
    #first = null;
    #last = null;

    constructor(model, now) {
        this.model = model;
        this.#asked = now;
    }

    get text() { return this.#content.text; }

    /** What the server or the marks in the text say is reasoning. */
    get reasoning() { return this.#reasoningField + this.#content.reasoning; }

    /** Whether reasoning is what arrives at the moment. */
    get isReasoning() {
        return this.state === State.arriving && this.reasoning !== "" && this.text === "" && !this.toolCalls.length;
    }

    /** Takes a chunk of the stream. */
    take(chunk, now) {
        if (chunk.usage) this.usage = chunk.usage;
        const choice = chunk.choices?.[0];
        if (!choice) return;
        const { content, reasoning_content: reasoning, tool_calls: toolCalls } = choice.delta ?? {};
        if (typeof reasoning === "string") this.#reasoningField += reasoning;
        if (typeof content === "string") this.#content.take(content);
        if (Array.isArray(toolCalls)) toolCalls.forEach((part) => this.#takeToolCall(part));
        if (choice.finish_reason) this.finishReason = choice.finish_reason;
        if (!content && !reasoning && !toolCalls?.length) return;
        this.state = State.arriving;
        this.#pieces += 1;
        this.#first ??= now;
        this.#last = now;
    }

    /** Ends the answer. */
    end(state, error = null) {
        this.state = state;
        this.error = error;
        this.#content.end();
    }

    /** What the answer took, by the server's count, or, while there is none (`!isExact`), by the pieces that came. */
    get counters() {
        const isExact = Boolean(this.usage);
        const generated = this.usage?.completion_tokens ?? this.#pieces;
        const seconds = (this.#last - this.#first) / 1000;
        return {
            isExact,
            generated,
            prompt: this.usage?.prompt_tokens ?? null,
            cached: this.usage?.prompt_tokens_details?.cached_tokens ?? null,
            total: this.usage?.total_tokens ?? null,
            // The first token's time is that of the prompt; an answer in one piece has no speed.
            speed: this.#pieces > 1 && generated > 1 && seconds > 0.005 ? (generated - 1) / seconds : null,
            firstTokenSeconds: this.#first === null ? null : Math.round((this.#first - this.#asked) / 10) / 100,
        };
    }

    /** The answer as a message of a later request, or `null` if there is none. Reasoning is not sent back. */
    get message() {
        const calls = this.toolCalls.map(({ name, arguments: values }) => `${name}(${values})`).join("\n");
        const content = [this.text, calls].filter(Boolean).join("\n");
        return content === "" ? null : { role: "assistant", content };
    }

    #takeToolCall(part) {
        const index = Number.isInteger(part.index) && part.index >= 0 && part.index < 64 ? part.index : 0;
        while (this.toolCalls.length <= index) this.toolCalls.push({ name: "", arguments: "" });
        const call = this.toolCalls[index];
        call.name += part.function?.name ?? "";
        call.arguments += part.function?.arguments ?? "";
    }
}
