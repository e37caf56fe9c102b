// The page of `serve`: read this first. Joins the conversation with what shows it and with the server.
// Parts: composer.js (writing), settings.js, server.js (state, models), conversation.js, answer.js, answer-view.js.
import { Answer, State } from "./answer.js";
import { AnswerView } from "./answer-view.js";
import { RequestError, streamAnswer } from "./api.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { element, part } from "./elements.js";
import { prepareViewer } from "./image-tray.js";
import { sizeText } from "./images.js";
import { translate } from "./language.js";
import { QuestionView } from "./question-view.js";
import { Scrolling } from "./scrolling.js";
import { Server } from "./server.js";
import { Settings } from "./settings.js";

class Chat {
    #conversation = new Conversation();
    /** What shows each message and its answer, in their order. */
    #views = [];
    #scrolling = new Scrolling();
    /** Stops the answer that is arriving; `null` if none is. */
    #abort = null;
    #isEditing = false;
    #settings = new Settings({
        keyChanged: () => this.#server.connect(), download: () => this.#download(), clear: () => this.#askToClear(),
    });
    #server = new Server({
        key: () => this.#settings.key,
        changed: () => { this.#composer.isReady = this.#server.model !== null; },
        version: (version) => { this.#settings.version = version; },
        needsKey: () => this.#settings.openAtKey(),
    });
    #composer = new Composer({
        limits: () => this.#server.limits,
        submitted: () => this.#submit(),
        stopped: () => this.#stop(),
        cancelled: () => this.#cancelEdit(),
    });

    begin() {
        translate();
        prepareViewer();
        this.#prepareClear();
        document.addEventListener("keydown", (event) => this.#keyPressed(event));
        // The conversation is nowhere else: leaving by accident would lose it.
        addEventListener("beforeunload", (event) => {
            if (!this.#conversation.isEmpty) event.preventDefault();
        });
        this.#server.connect();
    }

    #submit() {
        if (!this.#settings.values) return;
        const { text, images } = this.#composer.message;
        if (this.#isEditing) this.#withdraw();
        this.#conversation.ask(text, images);
        this.#composer.message = { text: "", images: [] };
        const question = new QuestionView({ text, images }, { edit: () => this.#edit() });
        this.#views.push({ question, answer: null });
        part("welcome").hidden = true;
        part("messages").append(question.node);
        this.#answer();
    }

    /** Asks for an answer to the last message, in place of one that it has. */
    async #answer() {
        const settings = this.#settings.values;
        if (!settings || this.#abort || this.#server.model === null) return;
        const abort = this.#abort = new AbortController();
        const answer = new Answer(this.#server.model, performance.now());
        this.#conversation.answer = answer;
        const view = this.#showAnswer(answer);
        this.#composer.isAnswering = true;
        this.#scrolling.follow();
        try {
            const body = this.#conversation.request(answer.model, settings);
            checkSize(body, this.#server.limits);
            for await (const chunk of streamAnswer(body, { key: this.#settings.key, signal: abort.signal })) {
                answer.take(chunk, performance.now());
                view.drawSoon();
            }
            answer.end(State.complete);
        } catch (error) {
            if (abort.signal.aborted) {
                answer.end(State.stopped);
            } else {
                answer.end(State.failed, error instanceof RequestError ? error : unexpected(error));
                this.#server.checkAfter(answer.error);
            }
        }
        this.#abort = null;
        this.#composer.isAnswering = false;
        view.draw();
    }

    #showAnswer(answer) {
        const view = new AnswerView(answer, {
            contextLength: this.#server.contextLength, announce, again: () => this.#answer(),
        });
        const last = this.#views.at(-1);
        // The button that asked for it may have stood in the answer that goes.
        const hadFocus = last.answer?.node.contains(document.activeElement);
        if (last.answer) last.answer.node.replaceWith(view.node);
        else part("messages").append(view.node);
        last.answer = view;
        this.#markLast();
        if (hadFocus) this.#composer.focus();
        return view;
    }

    #stop() { this.#abort?.abort(); }

    #edit() {
        this.#stop();
        this.#isEditing = true;
        this.#composer.isEditing = true;
        const { text, images } = this.#conversation.last;
        this.#composer.message = { text, images };
        this.#composer.focus();
    }

    #cancelEdit() {
        this.#endEdit();
        this.#composer.message = { text: "", images: [] };
        this.#composer.focus();
    }

    #endEdit() {
        this.#isEditing = false;
        this.#composer.isEditing = false;
    }

    /** Takes the last message and its answer out of the conversation and off the page. */
    #withdraw() {
        this.#endEdit();
        this.#conversation.withdraw();
        const { question, answer } = this.#views.pop();
        question.node.remove();
        answer?.node.remove();
    }

    #markLast() {
        this.#views.forEach(({ question, answer }, index) => {
            const isLast = index === this.#views.length - 1;
            question.isLast = isLast;
            if (answer) answer.isLast = isLast;
        });
    }

    /** Escape ends what is nearest: a panel that covers the page, an answer, editing. Dialogs close by themselves. */
    #keyPressed(event) {
        if (event.key !== "Escape" || event.isComposing || document.querySelector("dialog[open]")) return;
        if (this.#settings.isOverlay) this.#settings.close();
        else if (this.#abort) this.#stop();
        else if (this.#isEditing) this.#cancelEdit();
    }

    #askToClear() {
        if (this.#conversation.isEmpty) this.#composer.focus();
        else part("clear-question").showModal();
    }

    #prepareClear() {
        const question = part("clear-question");
        part("clear").addEventListener("click", () => this.#askToClear());
        part("clear-cancel").addEventListener("click", () => question.close());
        part("clear-download").addEventListener("click", () => this.#download());
        part("clear-confirm").addEventListener("click", () => {
            question.close();
            this.#clear();
        });
    }

    #clear() {
        this.#stop();
        if (this.#isEditing) this.#cancelEdit();
        this.#conversation.clear();
        for (const { question, answer } of this.#views.splice(0)) {
            question.node.remove();
            answer?.node.remove();
        }
        part("announcer").replaceChildren();
        part("welcome").hidden = false;
        this.#composer.focus();
    }

    #download() {
        const settings = this.#settings.values;
        if (!settings) return;
        const file = new Blob([this.#conversation.document(settings)], { type: "application/json" });
        const address = URL.createObjectURL(file);
        element("a", { href: address, download: "conversation.json" }).click();
        setTimeout(() => URL.revokeObjectURL(address), 60_000);
    }
}

/** A request that the server is known to refuse is not sent. */
function checkSize(body, limits) {
    const { size } = new Blob([body]);
    if (size <= (limits.request_bytes ?? Infinity)) return;
    const values = { size: sizeText(size), limit: sizeText(limits.request_bytes) };
    throw new RequestError({ key: "requestTooLarge", values });
}

/** A mistake of this page: shown where the answer would be, and in the console for those who look after it. */
function unexpected(error) {
    console.error(error);
    return new RequestError({ message: String(error) });
}

/** Has a text read aloud by readers of the screen. */
function announce(text) {
    const announcer = part("announcer");
    announcer.append(element("p", {}, text));
    while (announcer.childElementCount > 8) announcer.firstChild.remove();
}

new Chat().begin();
