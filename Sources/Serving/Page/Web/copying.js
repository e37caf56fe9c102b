// Copies texts to the clipboard, and says so. Who offers it: markdown.js for code, the views of messages for messages.
import { element, icon } from "./elements.js";
import { say } from "./language.js";

const shownMilliseconds = 1800;

/** A button that copies what `content` answers when it is pressed. */
export function copyButton(label, content) {
    const button = say(element("button", { type: "button", class: "quiet small" }, icon("copy")), { label });
    let timer;
    button.addEventListener("click", async () => {
        const isCopied = await copy(content());
        say(button, { label: isCopied ? "copied" : "notCopied" });
        button.classList.toggle("done", isCopied);
        button.dataset.note = button.title;
        clearTimeout(timer);
        timer = setTimeout(() => {
            say(button, { label });
            button.classList.remove("done");
            delete button.dataset.note;
        }, shownMilliseconds);
    });
    return button;
}

/** Whether the text was copied. */
async function copy(text) {
    try {
        await navigator.clipboard.writeText(text);
        return true;
    } catch {
        return copyBySelection(text);
    }
}

/** The way of pages that are not served by HTTPS, for which browsers have no other. */
function copyBySelection(text) {
    const field = element("textarea", { class: "unseen", readonly: true });
    const focused = document.activeElement;
    field.value = text;
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    focused?.focus();
    return isCopied;
}
