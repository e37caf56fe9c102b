// Shows one answer of the model: reasoning, text, calls of tools, how it ended, what it took.
// What an answer is: answer.js. Its text: markdown.js.
import { State } from "./answer.js";
import { copyButton } from "./copying.js";
import { element, icon } from "./elements.js";
import { say } from "./language.js";
import { CodeView, MarkdownView } from "./markdown.js";

/** An answer on the page. `announce` tells readers of the screen what is finished; `again` asks for another answer. */
export class AnswerView {
    #answer;
    #contextLength;
    #announce;
    #announced = 0;
    #isDrawing = false;
    #drawMilliseconds = 0;
    #reasoningText = document.createTextNode("");
    #reasoningTitle = element("summary");
    #reasoning = element("details", { class: "reasoning", hidden: true }, this.#reasoningTitle,
        element("div", { class: "reasoning-text" }, this.#reasoningText));
    #body = element("div", { class: "markdown" });
    #markdown = new MarkdownView(this.#body);
    #isReasoningShown = false;
    #calls = element("div", { class: "calls" });
    #callViews = [];
    #waiting = say(element("div", { class: "waiting", role: "img" }, element("i"), element("i"), element("i")),
        { label: "answering" });
    #outcome = element("div", { class: "outcome" });
    #counters = element("dl", { class: "counters" });
    #again;

    constructor(answer, { contextLength, announce, again }) {
        this.#answer = answer;
        this.#contextLength = contextLength;
        this.#announce = announce;
        this.#again = say(element("button", { type: "button", class: "quiet small", onclick: again }, icon("again")),
            { label: "regenerate" });
        this.retry = say(element("button", { type: "button", class: "plain", onclick: again }), { text: "retry" });
        const copy = copyButton("copy", () => answer.message?.content ?? "");
        this.node = element("article", { class: "message answer", "aria-busy": "true" },
            element("h2", { class: "who", translate: "no" }, answer.model),
            this.#reasoning, this.#body, this.#calls, this.#waiting, this.#outcome,
            element("footer", { class: "after" }, this.#counters,
                element("div", { class: "actions" }, copy, this.#again)));
        this.draw();
    }

    /** Whether this is the last message, which alone can be asked for again. */
    set isLast(isLast) {
        this.#again.hidden = !isLast;
        this.retry.hidden = !isLast;
    }

    /** Draws what has arrived: with the next frame, or later if drawing takes long, so that the page stays at hand. */
    drawSoon() {
        if (this.#isDrawing) return;
        this.#isDrawing = true;
        const draw = () => requestAnimationFrame(() => {
            if (this.#isDrawing) this.draw();
        });
        if (this.#drawMilliseconds < 4) draw();
        else setTimeout(draw, Math.min(4 * this.#drawMilliseconds, 1000));
    }

    /** Draws what has arrived. */
    draw() {
        this.#isDrawing = false;
        const begin = performance.now();
        const { state } = this.#answer;
        const isOpen = state === State.waiting || state === State.arriving;
        this.node.setAttribute("aria-busy", String(isOpen));
        this.node.dataset.state = state;
        this.#waiting.hidden = state !== State.waiting;
        this.#drawReasoning();
        const settled = this.#markdown.show(this.#answer.text, isOpen);
        this.#announceUpTo(settled);
        this.#drawCalls();
        this.#drawCounters();
        if (!isOpen) this.#drawOutcome();
        this.#drawMilliseconds = performance.now() - begin;
    }

    #drawReasoning() {
        const { reasoning, isReasoning } = this.#answer;
        const shown = this.#reasoningText.data;
        if (reasoning.startsWith(shown)) this.#reasoningText.appendData(reasoning.slice(shown.length));
        else this.#reasoningText.data = reasoning;
        this.#reasoning.hidden = reasoning === "";
        say(this.#reasoningTitle, { text: isReasoning ? "reasoningNow" : "reasoning" });
        // Text that turned out to be reasoning is in the answer no more.
        if (!this.#isReasoningShown && reasoning !== "") {
            this.#isReasoningShown = true;
            this.#body.replaceChildren();
            this.#markdown = new MarkdownView(this.#body);
            this.#announced = 0;
        }
    }

    #announceUpTo(settled) {
        const finished = [...this.#body.children].slice(this.#announced, settled);
        this.#announced = Math.max(this.#announced, settled);
        if (finished.length) this.#announce(finished.map((node) => node.innerText).join("\n"));
    }

    #drawCalls() {
        this.#answer.toolCalls.forEach((call, index) => {
            if (!this.#callViews[index]) {
                const view = { title: element("p", { class: "call-name" }), code: new CodeView() };
                this.#callViews[index] = view;
                this.#calls.append(view.title, view.code.node);
            }
            const { title, code } = this.#callViews[index];
            say(title, { text: "toolCall" }, { name: call.name });
            code.show({ language: "json", text: indented(call.arguments) });
        });
    }

    #drawOutcome() {
        const { state, finishReason, error, text, reasoning, toolCalls } = this.#answer;
        const isEmpty = text === "" && reasoning === "" && toolCalls.length === 0;
        this.#outcome.replaceChildren();
        if (state === State.failed) this.#outcome.append(failure(error, this.retry));
        else if (state === State.stopped) this.#outcome.append(note("stopped"));
        else if (finishReason in noteworthyEnds) this.#outcome.append(note(noteworthyEnds[finishReason]));
        else if (!ordinaryEnds.includes(finishReason)) {
            this.#outcome.append(note("endedOtherwise", { reason: finishReason }));
        } else if (isEmpty) this.#outcome.append(note("noAnswer"));
    }

    #drawCounters() {
        const counters = this.#answer.counters;
        const { isExact } = counters;
        const rows = [];
        const add = (name, value, key, values = { value }) => {
            if (value === null) return;
            const term = say(element("dt"), { text: name });
            rows.push(element("div", {}, term, say(element("dd"), { text: key }, values)));
        };
        const limit = this.#contextLength;
        if (counters.prompt !== null) add("counterPrompt", counters.prompt, "tokens");
        add("counterCached", counters.cached, "tokens");
        if (counters.generated > 0) add("counterGenerated", counters.generated, isExact ? "tokens" : "aboutTokens");
        add("counterSpeed", counters.speed, isExact ? "tokensPerSecond" : "aboutTokensPerSecond");
        add("counterFirst", counters.firstTokenSeconds, "seconds");
        if (limit) add("counterContext", counters.total, "contextUse", { value: counters.total, limit });
        this.#counters.replaceChildren(...rows);
    }
}

/** Reasons for which a server ends an answer: those that say nothing new, and those that are worth a note. */
const ordinaryEnds = ["stop", "tool_calls", null];
const noteworthyEnds = { length: "endedByLength", content_filter: "endedByFilter" };

const note = (key, values = {}) => say(element("p", { class: "note" }), { text: key }, values);

/** What went wrong, in the server's words where it said it. */
function failure(error, retry) {
    const reason = element("p");
    if (error.key) say(reason, { text: error.key }, error.values);
    else reason.textContent = error.explanation;
    const details = element("p", { class: "fine" });
    if (error.parameter) say(details, { text: "errorPlace" }, { name: error.parameter });
    return element("div", { class: "failure", role: "alert" },
        say(element("h3"), { text: "failed" }), reason, details, retry);
}

/** JSON on several lines, once it is whole. */
function indented(json) {
    try {
        return JSON.stringify(JSON.parse(json), null, 2);
    } catch {
        return json;
    }
}
