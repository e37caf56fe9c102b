// Shows one message of the user: its images and its text as it was written.
// Answers: answer-view.js.
import { copyButton } from "./copying.js";
import { element, icon } from "./elements.js";
import { thumbnail } from "./image-tray.js";
import { say } from "./language.js";

export class QuestionView {
    #edit;

    /** `edit` is called when the user wants to write the message anew. */
    constructor({ text, images }, { edit }) {
        this.#edit = say(element("button", { type: "button", class: "quiet small", onclick: edit }, icon("edit")),
            { label: "edit" });
        this.node = element("article", { class: "message question" },
            say(element("h2", { class: "who unseen" }), { text: "you" }),
            element("div", { class: "bubble" },
                images.length ? element("div", { class: "images" }, ...images.map(thumbnail)) : "",
                text === "" ? "" : element("p", { class: "written" }, text)),
            element("footer", { class: "after" },
                element("div", { class: "actions" }, copyButton("copy", () => text), this.#edit)));
    }

    /** Whether this is the last message of the user, which alone can be edited. */
    set isLast(isLast) { this.#edit.hidden = !isLast; }
}
